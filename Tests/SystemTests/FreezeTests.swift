import Cluster
import JSON
import Postgres
import Registers
import Testing

@testable import Rounds

@Suite("What a freeze takes from the registers", .serialized)
struct FreezeTests {
    private func snapshot(_ county: RoundTests.County, _ round: String = "R") async throws -> Snapshot {
        let worker = PostgresPool(
            conninfo: county.stack.conninfo, setup: "SET ROLE yaohao_worker", logger: county.stack.logger)
        let result = await Result {
            try await worker.transaction(isolation: .repeatableRead) { try await Snapshot(of: round, reading: $0) }
        }
        await worker.close()
        return try result.get()
    }

    private func state(
        _ county: RoundTests.County, _ kind: String, _ id: String, _ body: JSONValue
    ) async throws {
        try await county.stack.pool.execute(
            """
            INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
            VALUES (\(kind), \(id), clock_timestamp(), \(JSONText(body)), 'dept:SCJG', \(id), 'SCJG')
            """)
    }

    private func absence(_ inspector: String, _ from: String, _ to: String) -> JSONValue {
        ["inspector": .string(inspector), "from": .string(from), "to": .string(to), "reason": "假"]
    }

    @Test("leaves out who has no certificate or is away in every window, and nobody else")
    func inspectors() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await county.collect("R", within: 3_600)
            try await stack.pool.withConnection { connection in
                try await connection.script(
                    """
                    INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions, specialties,
                        certificate, certificate_until, recused)
                    VALUES ('P900', 's', 1, now(), '无证', 'SCJG', '{}', '{food}', '', NULL, '{}'),
                        ('P901', 's', 1, now(), '他局', 'YJGL', '{}', '{food}', 'C', '2099-12-31', '{}');
                    """)
            }
            // The windows of both requests are 2026-03-01 to 2026-06-30.
            try await state(county, "absence", "a1", absence("P001", "2026-02-01", "2026-06-30"))
            try await state(county, "absence", "a2", absence("P002", "2026-03-01", "2026-06-29"))
            try await state(county, "absence", "a3", absence("P003", "2026-03-01", "2026-04-30"))
            try await state(county, "absence", "a4", absence("P003", "2026-05-01", "2026-07-31"))
            try await state(county, "absence", "a5", absence("P901", "2026-01-01", "2026-12-31"))
            let ids = try await snapshot(county).inspectors.map { $0.split(separator: "\t")[0] }
            let all = (1...24).map { "P" + (1_000 + $0).description.dropFirst() } + ["P901"]
            #expect(
                ids.map(String.init) == all.filter { !["P001", "P003"].contains($0) },
                "P002 is there on the last day; the department of P901 asked for nothing")
        }
    }

    @Test("an inspector's recusals are the feed's and those stated for the days until the last window ends")
    func recusals() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await county.collect("R", within: 3_600)
            try await stack.pool.execute("UPDATE registers.inspectors SET recused = '{E000009}' WHERE id = 'P001'")
            for (id, entity, until) in [
                ("r1", "E000010", nil), ("r2", "E000001", "2099-01-01"), ("r3", "E000003", "2020-01-01"),
            ]
                as [(String, String, JSONValue?)]
            {
                try await state(
                    county, "recusal", id,
                    [
                        "inspector": "P001", "entity": .string(entity), "reason": "亲属", "requested_by": "inspector",
                        "until": until ?? .null,
                    ])
            }
            let line = try #require(try await snapshot(county).inspectors.first)
            #expect(line.split(separator: "\t").first == "P001")
            #expect(line.hasSuffix("\tE000001,E000009,E000010"))
        }
    }

    @Test("a feed that is being applied is waited for, and what it says is of an instant before")
    func feedUnderWay() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await county.collect("R", within: 3_600)
            let before = try await snapshot(county).roster.count
            let freezing = try await stack.pool.transaction { transaction in
                try await transaction.script(
                    """
                    LOCK TABLE registers.entities IN ROW EXCLUSIVE MODE;
                    INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                        permits, regulators)
                    VALUES ('X1', 's', 1, clock_timestamp(), '新', 'A', '150222100', 'F5211', 'enterprise', '{}', '{SCJG}')
                    """)
                let freezing = Task { try await snapshot(county) }
                try await eventually("the freeze waits") {
                    try await stack.count(
                        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'registers.entities'::regclass")
                        == 1
                }
                // The instant of a freeze is kept to the second.
                try await Task.sleep(for: .seconds(1.1))
                return freezing
            }
            let frozen = try await freezing.value
            #expect(frozen.roster.count == before + 1)
            let isBefore = try await stack.pool.query(
                "SELECT valid_from <= \(frozen.asOf)::text::timestamptz AS is_so FROM registers.entities WHERE id = 'X1'"
            ).first?.decode("is_so", as: Bool.self)
            #expect(isBefore == true)
        }
    }

    @Test("what changed since the freeze before is counted, and public once there is a commitment")
    func changes() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await county.collect("R", within: 3_600)
            try await county.work()
            func figures() async throws -> [String] {
                try await stack.pool.query(
                    """
                    SELECT concat_ws(' ', round, register, added, removed, changed, reclassified) AS line
                    FROM open.register_changes ORDER BY 1
                    """
                ).map { try $0.decode("line", as: String.self) }
            }
            #expect(try await figures() == [], "there was no freeze before")
            // The instant of a freeze is kept to the second.
            try await stack.pool.execute("UPDATE rounds.rounds SET as_of = clock_timestamp()")
            try await stack.pool.withConnection { connection in
                try await connection.script(
                    """
                    UPDATE registers.entities SET valid_to = clock_timestamp() WHERE id IN ('E000001', 'E000002', 'E000003');
                    INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                        permits, regulators)
                    SELECT id, 's', 2, clock_timestamp(), name, credit, '150222100', 'F5211', 'enterprise', '{}', '{SCJG}'
                    FROM (VALUES ('E000002', '对象', 'D'), ('E000003', '改名', 'D'), ('X1', '新', 'A'), ('X2', '新', 'A'))
                        AS v (id, name, credit);
                    UPDATE registers.inspectors SET valid_to = clock_timestamp() WHERE id = 'P001';
                    """)
            }
            try await county.collect("R2", event: "public:q", within: 3_600)
            try await county.work()
            #expect(
                try await figures() == ["R2 entities 2 1 2 1", "R2 inspectors 0 1 0 0", "R2 items 0 0 0 0"],
                "E000003 was D before")
            let events = try await stack.pool.query(
                "SELECT body FROM cluster.outbox WHERE topic = \(stack.topics.events) ORDER BY id"
            ).map { try JSONValue(parsing: $0.decode("body", as: [UInt8].self)) }.filter { $0["commitment"] != nil }
            #expect(events.map { $0["round"] } == ["R", "R2"])
            #expect(events.first?["register_changes"] == [:])
            #expect(events.last?["register_changes"]?["entities"]?["added"] == 2)
            #expect(events.last?["register_changes"]?["entities"]?["reclassified"] == 1)
            #expect(events.last?["register_changes"]?["inspectors"]?["removed"] == 1)
            let visits = try await stack.pool.query("SELECT FROM rounds.entity_years")
            #expect(visits.isEmpty, "nothing is drawn yet")
        }
    }

    @Test("the roster has the class in force, not the entity's own")
    func classes() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = try await RoundTests.County(stack)
            try await county.collect("R", within: 3_600)
            let before = try await snapshot(county).roster
            try await state(
                county, "class-override", "E000001",
                ["entity": "E000001", "class": "D", "reason": "事故", "until": "2099-12-31"])
            try await stack.pool.execute(
                """
                INSERT INTO registers.classes (id, source, version, valid_from, month, class)
                VALUES ('E000002', 't', 1, now(), '2026-03', 'A')
                """)
            let after = try await snapshot(county).roster
            func credit(_ lines: [String], _ index: Int) -> Substring { lines[index].split(separator: "\t")[1] }
            #expect(credit(before, 0) == "B" && credit(after, 0) == "D")
            #expect(credit(before, 1) == "C" && credit(after, 1) == "A")
            #expect(before.dropFirst(2) == after.dropFirst(2))
        }
    }
}

extension Result where Failure == any Error {
    /// The outcome of work that may throw.
    fileprivate init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
