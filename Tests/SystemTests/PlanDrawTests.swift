import Cluster
import JSON
import Postgres
import Testing

@testable import Rounds

@Suite("Draws against plans on PostgreSQL")
struct PlanDrawTests {
    private func open(_ county: RoundTests.County, _ round: String) async throws {
        try await county.accept(
            RoundMessage.Kind.opened,
            [
                "round": .string(round), "county": "150222", "witnesses": .strings(county.witnesses),
                "public": [["source": "public:p", "description": "彩票", "pattern": "dddddddd"]],
            ])
    }

    private func reasons(
        _ county: RoundTests.County, _ round: String = "R-1", line: String, _ request: JSONValue
    ) async throws -> [Reason] {
        try await county.submit(
            RoundMessage.Kind.requested,
            ["round": .string(round), "request": request, "plan_lines": [.string(line)]]
        ).reasons
    }

    @Test("A request has to agree with the line that it names, and each disagreement is named")
    func disagreements() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await open(county, "R-1")
            let good = county.request("REQ-1")
            func fields(_ changes: [String: JSONValue]) async throws -> [String] {
                guard case .object(var members) = good else { return [] }
                members.merge(changes) { _, new in new }
                return try await reasons(county, line: "P/REQ-1", .object(members)).map(\.field)
            }
            #expect(try await fields(["pool": ["regulators": ["SFJ"]]]) == ["request.pool"])
            #expect(
                try await fields(["sample": ["rates_ppm": ["A": 20_001, "D": 40_000]]]) == [
                    "request.sample.rates_ppm.A"
                ])
            #expect(try await fields(["sample": ["count": 3]]) == ["request.sample"])
            #expect(try await fields(["method": "written"]) == ["request.method"])
            #expect(
                try await fields(["joint": false, "coordination": "independent"]) == [
                    "request.joint", "request.coordination",
                ])
            #expect(try await fields(["window": ["2026-02-28", "2026-06-30"]]) == ["request.window"])
            #expect(try await fields(["window": ["2026-04-01", "2026-04-30"]]) == [])
            #expect(try await reasons(county, line: "P/REQ-9", good).map(\.code) == ["plan-line.unknown"])
            let nameless = try await county.submit(
                RoundMessage.Kind.requested, ["round": "R-1", "request": good])
            #expect(nameless.reasons.map(\.field) == ["plan_lines"])
        }
    }

    @Test("A line is drawn only while published, with an approved scheme, and as often as the plan says")
    func published() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let first = try PlanOffice.document(
                "Q", department: "SCJG", requests: [county.request("L")])
            let line = "Q/L"
            try await open(county, "R-1")
            func codes(_ round: String, _ id: String) async throws -> [String] {
                try await reasons(county, round, line: line, county.request(id)).map(\.code)
            }
            try await office.accept("plan-drafted", of: "Q", ["plan": first], by: office.drafters["SCJG"])
            #expect(try await codes("R-1", "A") == ["plan-line.unpublished"])
            let second = try PlanOffice.document("Q", version: 2, department: "SCJG", requests: [county.request("L")])
            try await office.accept("plan-drafted", of: "Q", ["plan": second], by: office.drafters["SCJG"])
            #expect(
                try await office.step("plan-checked", "Q", 1, by: office.heads["SCJG"]).reasons.map(\.code) == [
                    "plan.state"
                ])
            for type in ["plan-checked", "plan-approved", "plan-reported"] {
                #expect(try await office.step(type, "Q", 2, by: office.heads["SCJG"]).status == .accepted)
            }
            try await office.accept(
                "plan-received", of: "Q", ["plan": "Q", "version": 2, "outcome": "received"], by: office.office)
            #expect(try await codes("R-1", "A") == ["plan-line.unpublished"])
            #expect(try await office.step("plan-published", "Q", 2, by: office.heads["SCJG"]).status == .accepted)
            #expect(try await codes("R-1", "A") == ["scheme.missing"])
            try await office.approveSchemes(second)
            #expect(try await codes("R-1", "A") == [])
            #expect(try await codes("R-1", "B") == ["plan-line.used"])

            // A change that allows a second draw has to go the whole way, and its schemes are approved again.
            let third = try PlanOffice.document(
                "Q", version: 3, department: "SCJG", requests: [county.request("L")], draws: 2)
            try await office.accept(
                "plan-changed", of: "Q", ["plan": third, "what": "增加一次", "why": "投诉较多"], by: office.drafters["SCJG"])
            #expect(try await codes("R-1", "B") == ["plan-line.used"])
            for type in ["plan-checked", "plan-approved", "plan-reported"] {
                #expect(try await office.step(type, "Q", 3, by: office.heads["SCJG"]).status == .accepted)
            }
            try await office.accept(
                "plan-received", of: "Q", ["plan": "Q", "version": 3, "outcome": "received"], by: office.office)
            #expect(try await office.step("plan-published", "Q", 3, by: office.heads["SCJG"]).status == .accepted)
            #expect(try await codes("R-1", "B") == ["scheme.missing"])
            try await office.approveSchemes(third)
            #expect(try await codes("R-1", "B") == [])
            // A void round has used up nothing.
            try await stack.pool.execute("UPDATE rounds.rounds SET state = 'void', void_reason = 't' WHERE id = 'R-1'")
            try await open(county, "R-2")
            #expect(try await codes("R-2", "A") == [])
            // Old versions stay readable by anyone.
            let versions = try await stack.pool.query(
                "SELECT version, in_force FROM open.plans WHERE id = 'Q' ORDER BY 1"
            )
            .map { "\(try $0.decode("version", as: Int.self)) \(try $0.decode("in_force", as: Bool.self))" }
            #expect(versions == ["2 false", "3 true"])
        }
    }

    @Test("Of two requests at the same time for a line's last draw, one is taken")
    func concurrent() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let plan = try PlanOffice.document("Q", department: "SCJG", requests: [county.request("L")])
            try await office.publish(plan)
            try await office.approveSchemes(plan)
            let rounds = (1...6).map { "R-\($0)" }
            for round in rounds { try await open(county, round) }
            let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                for round in rounds {
                    group.addTask { try await reasons(county, round, line: "Q/L", county.request("A")).isEmpty }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(taken == 1)
        }
    }
}
