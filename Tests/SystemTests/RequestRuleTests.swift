import Cluster
import Foundation
import JSON
import Postgres
import Registers
import Testing

@testable import Rounds

@Suite("Rules of draw requests on PostgreSQL")
struct RequestRuleTests {
    /// The small county with a plan Q of lines for the same objects, where repeating an item is an error.
    private struct Bench {
        let stack: TestStack
        let county: RoundTests.County
        let office: PlanOffice

        init(
            _ stack: TestStack, lines: [JSONValue], merging: [String] = [], severities: [String: JSONValue] = [:]
        ) async throws {
            self.stack = stack
            county = try await RoundTests.County(stack)
            office = try await PlanOffice(stack, departments: ["SCJG"], areRulesWarnings: false)
            let plan = try PlanOffice.document("Q", department: "SCJG", requests: lines)
            let named: JSONValue = ["plan": "Q", "version": 1]
            try await office.accept("plan-drafted", of: "Q", ["plan": plan], by: office.drafters["SCJG"])
            try await office.accept("plan-checked", of: "Q", named, by: office.heads["SCJG"])
            if !merging.isEmpty {
                try await office.accept(
                    "merge-decided", of: "Q",
                    ["plan": "Q", "version": 1, "lines": .strings(merging), "decision": "confirmed"],
                    by: office.drafters["SCJG"])
            }
            for type in ["plan-approved", "plan-reported"] {
                try await office.accept(type, of: "Q", named, by: office.heads["SCJG"])
            }
            try await office.accept(
                "plan-received", of: "Q", ["plan": "Q", "version": 1, "outcome": "received"], by: office.office)
            try await office.accept("plan-published", of: "Q", named, by: office.heads["SCJG"])
            try await office.approveSchemes(plan)
            try await set(severities.merging(["same_item": "error"]) { given, _ in given })
        }

        /// Changes severities of the county's rules.
        func set(_ severities: [String: JSONValue]) async throws {
            let rules = try await CountyRules.load(from: stack.pool)
            guard case .object(let all)? = rules.rules.first(where: { $0.key == "plan_rule_severities" })?.value
            else { return }
            let body: JSONValue = [
                "key": "plan_rule_severities", "value": .object(all.merging(severities) { _, new in new }),
                "basis": "据",
            ]
            try await stack.pool.execute(
                """
                INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                VALUES ('rule', 'plan_rule_severities', clock_timestamp(), \(JSONText(body)), 'dept:LXHY',
                    \(UUID().uuidString), 'LXHY')
                """)
        }

        func open(_ round: String, replaces: String? = nil, event: String = "public:p") async throws -> Receipt {
            var data: [String: JSONValue] = [
                "round": .string(round), "county": "150222", "witnesses": .strings(county.witnesses),
                "public": [["source": .string(event), "description": "彩票", "pattern": "dddddddd"]],
            ]
            data["replaces"] = replaces.map { .string($0) }
            return try await county.submit(RoundMessage.Kind.opened, .object(data))
        }

        func ask(_ round: String, _ line: String, _ request: JSONValue) async throws -> Receipt {
            try await county.submit(
                RoundMessage.Kind.requested,
                ["round": .string(round), "request": request, "plan_lines": [.string("Q/" + line)]])
        }

        func withdraw(_ round: String, _ request: String) async throws -> Receipt {
            try await county.submit(
                RoundMessage.Kind.withdrawn,
                ["round": .string(round), "request": .string(request), "reason": "改期"])
        }

        func close(_ round: String) async throws -> Receipt {
            for witness in county.witnesses {
                _ = try await county.submit(
                    RoundMessage.Kind.witnessCommitted,
                    [
                        "round": .string(round), "source": .string(witness),
                        "commitment": .string(String(repeating: "0", count: 64)),
                    ], source: witness)
            }
            return try await county.submit(
                RoundMessage.Kind.closed, ["round": .string(round), "reveal_within_seconds": 3_600])
        }
    }

    private func request(_ id: String, item: String = "I-1", _ changes: [String: JSONValue] = [:]) -> JSONValue {
        let good: [String: JSONValue] = [
            "id": .string(id), "department": "SCJG", "items": [.string(item)], "pool": ["regulators": ["SCJG"]],
            "sample": ["rates_ppm": ["A": 20_000]], "method": "onsite", "joint": true, "coordination": "joint",
            "window": ["2026-03-01", "2026-06-30"], "specialties": ["food"], "team": 2,
        ]
        return .object(good.merging(changes) { _, new in new })
    }

    @Test("Of rounds that are open at once one may draw an object for an item; a request taken back frees it")
    func openAtOnce() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let names = (1...5).map { "L\($0)" }
            let bench = try await Bench(stack, lines: names.map { request($0) })
            for name in names { #expect(try await bench.open("R-" + name).status == .accepted) }
            let receipts = try await withThrowingTaskGroup(of: (String, Receipt).self) { group in
                for name in names {
                    group.addTask { (name, try await bench.ask("R-" + name, name, request(name))) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            let taken = receipts.filter { $0.value.status == .accepted }.keys.sorted()
            #expect(taken.count == 1)
            let refused = receipts.values.filter { $0.status == .rejected }
            #expect(refused.flatMap { $0.reasons.map(\.code) } == Array(repeating: "item.undrawn", count: 4))

            let first = try #require(taken.first)
            let other = try #require(names.first { $0 != first })
            #expect(try await bench.withdraw("R-" + first, "Z").reasons.map(\.code) == ["request.unknown"])
            #expect(try await bench.withdraw("R-" + first, first).status == .accepted)
            #expect(try await bench.ask("R-" + other, other, request(other)).status == .accepted)
            // The line's only draw is free again, and what was asked is kept.
            #expect(
                try await bench.ask("R-" + first, first, request(first)).reasons.map(\.code) == ["item.undrawn"])
            #expect(
                try await stack.count(
                    "SELECT count(*) FROM rounds.withdrawn_requests WHERE id = \(first) AND plan_lines = \(["Q/" + first])"
                )
                    == 1)
            let report = try #require(try await RoundReport.show("R-" + first, stack.pool))
            #expect(report["withdrawn"]?.elements?.map { $0["reason"] } == ["改期"] && report["requests"] == 0)
            #expect(RoundReport.text(report).contains { $0.hasPrefix("撤回") && $0.hasSuffix("改期") })
            // What the county only points out is taken, with the warning in the receipt.
            try await bench.set(["same_item": "warning"])
            let warned = try await bench.ask("R-" + first, first, request(first))
            #expect(warned.status == .accepted)
            #expect(warned.details["warnings"]?.elements?.first?["code"] == "item.undrawn")
        }
    }

    @Test("Requests of one round for one item are served by one visit or draw from objects apart")
    func oneRound() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let bench = try await Bench(
                stack,
                lines: [request("1"), request("2"), request("3", ["pool": ["regulators": ["SCJG"], "credit": ["D"]]])])
            #expect(try await bench.open("R").status == .accepted)
            #expect(try await bench.ask("R", "1", request("1")).status == .accepted)
            let later = request("2", ["window": ["2026-04-01", "2026-06-30"]])
            let refused = try await bench.ask("R", "2", later)
            #expect(refused.reasons.map(\.code) == ["item.overlaps"])
            #expect(refused.reasons.first?.message.contains("9000") == true)
            #expect(try await bench.ask("R", "2", request("2")).status == .accepted)
            let third = request("3", ["pool": ["regulators": ["SCJG"], "credit": ["D"]], "method": "onsite"])
            #expect(try await bench.ask("R", "3", third).status == .accepted)
            #expect(try await bench.close("R").status == .accepted)
            // Once it is closed nothing is taken back.
            #expect(try await bench.withdraw("R", "1").reasons.map(\.code) == ["round.state"])
            await #expect(throws: PostgresError.self) {
                try await stack.pool.execute("DELETE FROM rounds.requests WHERE id = '1'")
            }
        }
    }

    @Test("A number above a general item's cap of the pool as it has become is refused, at the latest by a void round")
    func counts() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let count = request("C", item: "I-2", ["sample": ["count": 400]])
            let bench = try await Bench(
                stack, lines: [count, request("1")], severities: ["general_cap": "error"])
            #expect(try await bench.open("R").status == .accepted)
            try await stack.pool.execute("UPDATE registers.items SET cap_ppm = 40000 WHERE id = 'I-2'")
            #expect(try await bench.ask("R", "C", count).reasons.map(\.code) == ["count.above-cap"])
            // 5 % of 9,000 are 450.
            try await stack.pool.execute("UPDATE registers.items SET cap_ppm = 50000 WHERE id = 'I-2'")
            #expect(try await bench.ask("R", "C", count).status == .accepted)
            #expect(try await bench.ask("R", "1", request("1")).status == .accepted)
            try await stack.pool.execute("UPDATE registers.entities SET regulators = '{SFJ}' WHERE id > 'E007000'")
            let refused = try await bench.close("R")
            #expect(refused.reasons.map(\.code) == ["count.above-cap"])
            #expect(refused.reasons.first?.field == "requests[C].sample.count")
            #expect(refused.reasons.first?.message.contains("7000 户") == true)
            // Either the register is put right, or the request is taken back.
            try await stack.pool.execute("UPDATE registers.entities SET regulators = '{SCJG}'")
            #expect(try await bench.close("R").status == .accepted)
            try await stack.pool.execute("UPDATE registers.entities SET regulators = '{SFJ}' WHERE id > 'E007000'")
            try await bench.county.work()
            #expect(try await bench.county.state("R") == "void")
            #expect(
                try await stack.count("SELECT count(*) FROM rounds.rounds WHERE void_reason LIKE '%7000 户%'") == 1)
            #expect(try await stack.count("SELECT count(*) FROM rounds.round_pages") == 0)
            // Nothing is used up.
            #expect(try await bench.open("S").status == .accepted)
            #expect(try await bench.ask("S", "1", request("1")).status == .accepted)
            #expect(try await bench.close("S").status == .accepted)
            try await bench.county.work()
            #expect(try await bench.county.state("S") == "committed")
        }
    }

    @Test("Lines whose merging was confirmed are drawn in one round, or the round does not close")
    func merged() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let second = request("2", item: "I-2")
            let bench = try await Bench(stack, lines: [request("1"), second], merging: ["1", "2"])
            for round in ["R", "S"] { #expect(try await bench.open(round).status == .accepted) }
            #expect(try await bench.ask("R", "1", request("1")).status == .accepted)
            #expect(try await bench.ask("S", "2", second).reasons.map(\.code) == ["together.elsewhere"])
            let open = try await bench.close("R")
            #expect(open.reasons.map(\.code) == ["together.missing"])
            #expect(open.reasons.first?.message.contains("Q/2 第 1 次") == true)
            let apart = request("2", item: "I-2", ["window": ["2026-06-01", "2026-06-30"]])
            #expect(try await bench.withdraw("R", "1").status == .accepted)
            #expect(
                try await bench.ask("R", "1", request("1", ["window": ["2026-03-01", "2026-05-31"]])).status
                    == .accepted)
            #expect(try await bench.ask("R", "2", apart).reasons.map(\.code) == ["together.apart"])
            #expect(try await bench.ask("R", "2", second).status == .accepted)
            #expect(try await bench.close("R").status == .accepted)
        }
    }

    @Test("A successor draws nothing that was asked for elsewhere since its round was void")
    func successor() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let bench = try await Bench(stack, lines: [request("1"), request("2")])
            #expect(try await bench.open("R").status == .accepted)
            #expect(try await bench.ask("R", "1", request("1")).status == .accepted)
            #expect(try await bench.close("R").status == .accepted)
            try await bench.county.work()
            try await stack.pool.execute("UPDATE rounds.rounds SET state = 'void', void_reason = 't' WHERE id = 'R'")
            #expect(try await bench.open("S").status == .accepted)
            #expect(try await bench.ask("S", "1", request("1")).status == .accepted)
            #expect(
                try await bench.open("T", replaces: "R", event: "public:q").reasons.map(\.code) == ["plan-line.used"])
            #expect(try await bench.withdraw("S", "1").status == .accepted)
            #expect(try await bench.ask("S", "2", request("2")).status == .accepted)
            #expect(
                try await bench.open("T", replaces: "R", event: "public:q").reasons.map(\.code) == ["item.repeated"])
            #expect(try await bench.withdraw("S", "2").status == .accepted)
            #expect(try await bench.open("T", replaces: "R", event: "public:q").status == .accepted)
            #expect(try await bench.withdraw("T", "1").reasons.map(\.code) == ["round.successor"])
        }
    }
}
