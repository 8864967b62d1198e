import Cluster
import Crypto
import Draw
import Foundation
import JSON
import Postgres
import Registers
import Testing

@testable import Rounds

@Suite("A round on PostgreSQL")
struct RoundTests {
    /// A small county with its witnesses: 9,000 objects (three pages) and 24 inspectors of two departments.
    struct County {
        let stack: TestStack
        let inbox: Inbox
        let rounds: Rounds
        let key: SigningKey
        let nonce = String(repeating: "5a", count: 32)
        let witnesses = ["witness:A", "witness:B"]
        let window: [String]

        init(_ stack: TestStack, window: [String] = ["2026-03-01", "2026-06-30"]) async throws {
            self.stack = stack
            self.window = window
            rounds = Rounds(pool: stack.pool, topics: stack.topics, salt: { [UInt8](repeating: 7, count: 32) })
            inbox = Inbox(
                pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
                handlers: rounds.handlers)
            key = try await stack.key("SCJG", Set(Role.allCases), sources: ["dept:SCJG"] + witnesses)
            try await stack.pool.withConnection { connection in
                try await connection.script(
                    """
                    INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department,
                        object_kind, methods, category, cap_ppm)
                    VALUES ('I-1', 's', 1, now(), '甲', '乙', 'SCJG', '企业', '{onsite}', 'key', NULL),
                        ('I-2', 's', 1, now(), '丙', '丁', 'SCJG', '企业', '{onsite}', 'general', 500000);
                    INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                        permits, regulators)
                    SELECT 'E' || lpad(n::text, 6, '0'), 's', 1, now(), '对象', (ARRAY['A','B','C','D'])[n % 4 + 1],
                        '150222100', 'F5211', 'enterprise', '{}', '{SCJG}' FROM generate_series(1, 9000) n;
                    INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                        specialties, certificate, certificate_until, recused)
                    SELECT 'P' || lpad(n::text, 3, '0'), 's', 1, now(), '某人', 'SCJG', '{}', '{food}', 'C', '2099-12-31',
                        '{}' FROM generate_series(1, 24) n;
                    """)
            }
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let plan = try PlanOffice.document(
                "P", department: "SCJG",
                requests: [request("REQ-1"), request("REQ-2"), request("CAP", item: "I-2", rate: 40_000)], draws: 3)
            try await office.publish(plan)
            try await office.approveSchemes(plan)
            // The cap is lowered after the plan was published.
            try await stack.pool.execute("UPDATE registers.items SET cap_ppm = 50000 WHERE id = 'I-2'")
        }

        func submit(_ type: String, _ data: JSONValue, source: String = "dept:SCJG") async throws -> Receipt {
            let event = try Signature.sign(
                CloudEvent(
                    id: UUID().uuidString, source: source, type: type, subject: "R", time: Date().instantText,
                    data: data.canonical), with: key)
            return try await inbox.take(
                headers: event.headers.map { ($0.name, Array($0.value.utf8)) }, value: event.data)
        }

        func accept(_ type: String, _ data: JSONValue, source: String = "dept:SCJG") async throws {
            let receipt = try await submit(type, data, source: source)
            #expect(receipt.status == .accepted, "\(receipt.reasons)")
        }

        func request(_ id: String, item: String = "I-1", rate: Int = 20_000) -> JSONValue {
            [
                "id": .string(id), "department": "SCJG", "items": [.string(item)], "pool": ["regulators": ["SCJG"]],
                "sample": ["rates_ppm": ["A": .integer(rate), "D": .integer(rate * 2)]], "method": "onsite",
                "joint": true, "coordination": "joint", "window": .strings(window),
                "specialties": ["food"], "team": 2,
            ]
        }

        /// Opens a round, has it asked for, committed to by the witnesses, and closed.
        func collect(_ round: String, replaces: String? = nil, event: String = "public:p", within: Int) async throws {
            var opened: [String: JSONValue] = [
                "round": .string(round), "county": "150222", "witnesses": .strings(witnesses),
                "public": [["source": .string(event), "description": "彩票", "pattern": "dddddddd"]],
            ]
            opened["replaces"] = replaces.map { .string($0) }
            try await accept(RoundMessage.Kind.opened, .object(opened))
            if replaces == nil {
                for id in ["REQ-1", "REQ-2"] {
                    try await accept(
                        RoundMessage.Kind.requested,
                        ["round": .string(round), "request": request(id), "plan_lines": [.string("P/" + id)]])
                }
            }
            for witness in witnesses {
                try await accept(
                    RoundMessage.Kind.witnessCommitted,
                    [
                        "round": .string(round), "source": .string(witness),
                        "commitment": .string(
                            SeedPolicy.witnessCommitment(round: round, source: witness, nonce: nonce)),
                    ], source: witness)
            }
            try await accept(
                RoundMessage.Kind.closed, ["round": .string(round), "reveal_within_seconds": .integer(within)])
        }

        func reveal(_ round: String, _ witness: String, commitment: String? = nil) async throws -> Receipt {
            let committed =
                try await stack.pool.query("SELECT commitment FROM rounds.rounds WHERE id = \(round)")
                .first?.decode("commitment", as: String?.self) ?? nil
            return try await submit(
                RoundMessage.Kind.revealed,
                [
                    "round": .string(round), "source": .string(witness), "nonce": .string(nonce),
                    "commitment": .string(commitment ?? committed ?? ""),
                ], source: witness)
        }

        /// Moves the end of the time to reveal to this moment, as if it had passed.
        func endReveals(_ round: String) async throws {
            try await stack.pool.execute("UPDATE rounds.rounds SET reveal_by = clock_timestamp() WHERE id = \(round)")
        }

        func state(_ round: String) async throws -> String {
            try await stack.pool.query("SELECT state FROM rounds.rounds WHERE id = \(round)").first?
                .decode("state", as: String.self) ?? "-"
        }

        /// Runs due tasks with some workers at a time until none is left. A worker that dies keeps its lease.
        func work(workers: Int = 3, dyingAt: Set<String> = []) async throws {
            let store = TaskStore(pool: stack.pool, topics: stack.topics, leaseMilliseconds: 400)
            let handlers = Dictionary(uniqueKeysWithValues: rounds.tasks.map { ($0.kind, $0) })
            let kinds = handlers.keys.sorted()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<workers {
                    group.addTask {
                        while try await stack.count(
                            """
                            SELECT count(*) FROM cluster.tasks
                            WHERE state IN ('ready', 'leased') AND run_at <= clock_timestamp()
                                AND kind = ANY(\(kinds))
                            """) > 0
                        {
                            guard let task = try await store.take(owner: "w\(number)", kinds: kinds)
                            else {
                                try await Task.sleep(for: .milliseconds(20))
                                continue
                            }
                            // Dies at its first try, after all its work and before anything is written.
                            let completion = try await handlers[task.kind]?.run(task)
                            if dyingAt.contains(task.kind), task.attempt == 1 { continue }
                            do {
                                if let completion { try await store.finish(task, completion) }
                            } catch is Fenced {
                                continue
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        func draw(_ round: String, workers: Int, dyingAt: Set<String>, event: String = "public:p") async throws {
            try await work(workers: workers, dyingAt: dyingAt)
            for witness in witnesses {
                let receipt = try await reveal(round, witness)
                #expect(receipt.status == .accepted)
            }
            let early = try await submit(
                RoundMessage.Kind.publicValueStated,
                ["round": .string(round), "source": .string(event), "value": "12345678"], source: witnesses[0])
            #expect(early.reasons.map(\.code) == ["public.early"])
            try await endReveals(round)
            for witness in witnesses {
                try await accept(
                    RoundMessage.Kind.publicValueStated,
                    ["round": .string(round), "source": .string(event), "value": "12345678"], source: witness)
            }
            try await work(workers: workers, dyingAt: dyingAt)
        }
    }

    @Test("Whoever died at whichever stage, the draw finishes, and its result is that of the files drawn in one go")
    func sameResult() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await County(stack)
            try await county.collect("R-1", within: 3_600)
            let stages: Set<String> = [
                RoundTask.freeze, RoundTask.count, RoundTask.commit, RoundTask.select, RoundTask.merge, RoundTask.match,
                RoundTask.seal,
            ]
            try await county.draw("R-1", workers: 3, dyingAt: stages)
            #expect(try await county.state("R-1") == "drawn")
            var files: [String: [UInt8]] = [:]
            for file in try await RoundBundle.files("R-1", isPublic: false, stack.pool) {
                files[file.name] = file.bytes
            }
            let definition = try RoundDefinition(json: JSONValue(parsing: try #require(files["round.json"])))
            let frozen = try await FrozenRound(
                definition: definition, roster: try #require(files["roster.tsv"]),
                inspectors: try #require(files["inspectors.tsv"]), salt: [UInt8](repeating: 7, count: 32), threads: 2)
            #expect(frozen.commitment.json.canonical + [0x0A] == files["commitment.json"])
            let contributions = [("public:p", "12345678")] + county.witnesses.map { ($0, county.nonce) }
            let seed = Seed(
                commitment: frozen.commitment.hash,
                contributions: contributions.map { Contribution(source: $0.0, value: $0.1) })
            #expect(seed.json.canonical + [0x0A] == files["seed.json"])
            let result = try await frozen.draw(seed: seed)
            #expect(result.visits.count > 100)
            #expect(result.canonical + [0x0A] == files["result.json"])
            // Nothing of it can be changed any more.
            for statement in ["UPDATE rounds.pages SET lines = 0", "UPDATE rounds.results SET digest = ''"] {
                await #expect(throws: PostgresError.self) { try await stack.pool.execute(SQL(raw: statement)) }
            }
            let published = try await RoundBundle.files("R-1", isPublic: true, stack.pool)
            #expect(
                published.map(\.name).sorted() == [
                    "commitment.json", "digests.json", "result.json", "round.json", "seed.json",
                ])
            let shown = published.flatMap(\.bytes)
            #expect(!String(decoding: shown, as: UTF8.self).contains("P001"))
        }
    }

    @Test("A witness that does not reveal makes the round void; the successor draws from the same files, chained")
    func successor() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await County(stack)
            try await county.collect("R-1", within: 3_600)
            try await county.work()
            #expect(try await county.reveal("R-1", "witness:A").status == .accepted)
            try await county.endReveals("R-1")
            try await stack.pool.execute("UPDATE cluster.tasks SET run_at = clock_timestamp() WHERE state = 'ready'")
            try await county.work()
            #expect(try await county.state("R-1") == "void")
            #expect(try await county.reveal("R-1", "witness:B").reasons.map(\.code) == ["round.state"])

            try await county.collect("R-2", replaces: "R-1", event: "public:q", within: 3_600)
            try await stack.pool.execute("UPDATE registers.entities SET credit = 'D'")
            try await county.draw("R-2", workers: 2, dyingAt: [], event: "public:q")
            #expect(try await county.state("R-2") == "drawn")
            let chained = try await stack.count(
                """
                SELECT count(*) FROM rounds.rounds a JOIN rounds.rounds b ON b.id = 'R-2'
                WHERE a.id = 'R-1' AND a.sequence = 1 AND b.sequence = 2
                    AND b.commitment_json::jsonb ->> 'previous' = a.commitment
                    AND b.commitment_json::jsonb ->> 'replaces' = a.commitment
                    AND b.commitment_json::jsonb -> 'roster' = a.commitment_json::jsonb -> 'roster'
                    AND b.commitment_json::jsonb -> 'inspectors' = a.commitment_json::jsonb -> 'inspectors'
                """)
            #expect(chained == 1)
        }
    }

    @Test("Two commitments shown make the round void; the load of a drawn round counts in the next one")
    func twoRounds() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await County(stack)
            try await county.collect("R-1", within: 3_600)
            try await county.work()
            _ = try await county.reveal("R-1", "witness:A", commitment: String(repeating: "0", count: 64))
            #expect(try await county.state("R-1") == "void")

            try await county.collect("R-2", within: 3_600)
            try await county.draw("R-2", workers: 2, dyingAt: [])
            // Where the county holds it to be an error, what was drawn for an item this year is not drawn for it again.
            func severity(_ word: String) async throws {
                let rules = try await CountyRules.load(from: stack.pool)
                guard case .object(var all)? = rules.rules.first(where: { $0.key == "plan_rule_severities" })?.value
                else { return }
                all["same_item"] = .string(word)
                let body: JSONValue = ["key": "plan_rule_severities", "value": .object(all), "basis": "据"]
                try await stack.pool.execute(
                    """
                    INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                    VALUES ('rule', 'plan_rule_severities', clock_timestamp(), \(JSONText(body)), 'dept:LXHY', 's2', 'LXHY')
                    """)
            }
            try await severity("error")
            try await county.accept(
                RoundMessage.Kind.opened,
                [
                    "round": "R-X", "county": "150222", "witnesses": .strings(county.witnesses),
                    "public": [["source": "public:x", "description": "彩票", "pattern": "dddddddd"]],
                ])
            let again = try await county.submit(
                RoundMessage.Kind.requested,
                ["round": "R-X", "request": county.request("REQ-1"), "plan_lines": ["P/REQ-1"]])
            #expect(again.reasons.map(\.code) == ["item.repeated"])
            try await severity("warning")
            try await county.collect("R-3", within: 3_600)
            try await county.work()
            let slots = try await stack.count(
                "SELECT sum(cardinality(inspectors)) FROM rounds.teams WHERE round = 'R-2'")
            let inspectors = try InspectorLine.lines(of: await RoundStore.file("R-3", "inspectors", stack.pool))
            #expect(inspectors.map(\.load).reduce(0, +) == slots)
            let visits = try await stack.count("SELECT count(*) FROM rounds.visits WHERE round = 'R-2'")
            let roster = try RosterLine.lines(of: await RoundStore.file("R-3", "roster", stack.pool))
            #expect(roster.map(\.visits).reduce(0, +) == visits)
        }
    }

    @Test(
        "A request for unknown items, above a general item's cap, or for another department is refused with each reason"
    )
    func requests() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await County(stack)
            let opened: JSONValue = [
                "round": "R-1", "county": "150222", "witnesses": .strings(county.witnesses),
                "public": [["source": "public:p", "description": "彩票", "pattern": "dddddddd"]],
            ]
            try await county.accept(RoundMessage.Kind.opened, opened)
            #expect(try await county.submit(RoundMessage.Kind.opened, opened).reasons.map(\.code) == ["round.exists"])
            func codes(_ request: JSONValue, line: String = "P/REQ-1") async throws -> [String] {
                try await county.submit(
                    RoundMessage.Kind.requested,
                    ["round": "R-1", "request": request, "plan_lines": [.string(line)]]
                )
                .reasons.map(\.code)
            }
            #expect(
                try await codes(county.request("REQ-1", item: "I-9")) == [
                    "item.unknown", "plan-line.idle", "item.unplanned",
                ])
            #expect(
                try await codes(county.request("CAP", item: "I-2", rate: 40_000), line: "P/CAP") == ["rate.above-cap"])
            guard case .object(var foreign) = county.request("REQ-1") else { return }
            foreign["department"] = "SFJ"
            #expect(try await codes(.object(foreign)) == ["department.other", "item.other", "plan-line.department"])
            foreign["team"] = nil
            let missing = try await county.submit(
                RoundMessage.Kind.requested,
                ["round": "R-1", "request": .object(foreign), "plan_lines": ["P/REQ-1"]])
            #expect(missing.reasons.map(\.field) == ["request.team"])
            #expect(try await codes(county.request("REQ-1")) == [])
            #expect(try await codes(county.request("REQ-1")) == ["request.exists"])
        }
    }
}
