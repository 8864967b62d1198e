import Cluster
import Foundation
import JSON
import Logging
import Postgres
import Registers
import ServiceLifecycle
import Testing

@testable import Notices

@Suite("Publication of results, with PostgreSQL")
struct PublicationSystemTests {
    static let topics = Topics(prefix: "t.")

    static func notifier(_ county: InspectedCounty) -> Notifier {
        Notifier(pool: county.notifier, topics: topics, logger: Logger(label: "test"))
    }

    /// Accepted results of one department at the visits of entities, one item each.
    static func record(
        _ county: InspectedCounty, entities: [String], department: String = "SCJG", round: String = "R-1",
        endedOn: String = "2026-03-10"
    ) async throws {
        try await county.owner.execute(
            """
            WITH made AS (
                INSERT INTO inspections.results
                    (visit, department, entity, round, ended_on, inspectors, source, submission)
                SELECT \(round) || '-' || entity, \(department), entity, \(round), \(endedOn)::text::date, '{I1,I2}',
                    'dept:' || \(department)::text, gen_random_uuid()::text
                FROM unnest(\(entities)::text[]) AS entity
                RETURNING visit, department),
            unseen AS (
                INSERT INTO inspections.unseen_results (visit, department) SELECT visit, department FROM made)
            INSERT INTO inspections.result_items (visit, department, item, categories, findings)
            SELECT visit, department, department || '-1', '{发现问题已责令改正}', '灭火器过期' FROM made
            """)
    }

    /// The messages of a topic, in the order of each key.
    static func messages(_ county: InspectedCounty, _ topic: String) async throws -> [(key: String, data: JSONValue)] {
        try await county.owner.query(
            "SELECT key, body FROM cluster.outbox WHERE topic = \(topic) ORDER BY key, sequence"
        ).map { row in
            (
                try row.decode("key", as: String.self),
                try JSONValue(parsing: try row.decode("body", as: [UInt8].self))
            )
        }
    }

    @Test("reaches the open schema and the topic once, and meets the deadline")
    func publishes() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            try await Self.record(county, entities: ["E1"])
            let notifier = Self.notifier(county)
            for _ in 0..<3 { try await notifier.sweep() }

            let bodies = try await county.texts("SELECT body FROM open.publications")
            let expected: JSONValue = [
                "entity": "E1", "entity_name": "企业E1", "visit": "R-1-E1", "department": "SCJG",
                "ended_on": "2026-03-10", "due_on": "2026-03-24",
                "items": [["item": "SCJG-1", "categories": ["发现问题已责令改正"], "findings": "灭火器过期"]],
            ]
            #expect(bodies == [expected.canonicalText])
            let messages = try await Self.messages(county, "t.publications")
            #expect(messages.map(\.key) == ["E1"])
            #expect(messages.first?.data["items"] == expected["items"])
            #expect(messages.first?.data["due_on"] == "2026-03-24")
            let open = try await county.count("SELECT count(*) FROM notices.deadlines WHERE met_at IS NULL")
            #expect(open == 0)
            #expect(try await county.count("SELECT count(*) FROM notices.rungs") == 0)
            #expect(
                try await NoticesCounts.read(from: county.notifier)
                    == NoticesCounts(publications: 1, open: 0, late: 0, withoutCalendar: 0))
        }
    }

    @Test("by several notifiers at a time happens once, and each entity's last message holds all its results")
    func severalNotifiers() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            let entities = (0..<350).map { "E\($0)" }
            try await county.register(entities: entities)
            try await Self.record(county, entities: entities)
            try await Self.record(county, entities: entities, department: "YJGL")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await Self.notifier(county).sweep() } }
                try await group.waitForAll()
            }
            // What one notifier had claimed and another skipped is done by the next sweep at the latest.
            try await Self.notifier(county).sweep()

            #expect(try await county.count("SELECT count(*) FROM open.publications") == 700)
            let messages = try await Self.messages(county, "t.publications")
            #expect(messages.count == 700)
            let last = Dictionary(messages.map { ($0.key, $0.data) }, uniquingKeysWith: { _, last in last })
            #expect(last.count == 350)
            for data in last.values {
                let departments = ([data] + (data["earlier"]?.elements ?? [])).compactMap { $0["department"]?.text }
                #expect(departments.sorted() == ["SCJG", "YJGL"])
            }
        }
    }

    @Test("goes on without a calendar; the day is unknown until the calendar is there")
    func withoutCalendar() async throws {
        try await InspectedCounty.run { county in
            try await county.register(entities: ["E1"])
            try await Self.record(county, entities: ["E1"])
            let notifier = Self.notifier(county)
            try await notifier.sweep()
            #expect(try await county.count("SELECT count(*) FROM open.publications WHERE due_on IS NULL") == 1)
            #expect(try await NoticesCounts.read(from: county.notifier).withoutCalendar == 1)
            let problems = try await county.texts("SELECT problem FROM notices.deadlines")
            #expect(problems.first?.contains("2026") == true)

            try await county.registerCalendar(year: 2026)
            try await notifier.sweep()
            #expect(try await county.texts("SELECT due_on::text FROM notices.deadlines") == ["2026-03-24"])
            #expect(try await NoticesCounts.read(from: county.notifier).withoutCalendar == 0)
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 1)
        }
    }

    @Test("that cannot happen is reminded of on each rung's day, once and never early, and then by the lead department")
    func ladder() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            // The entity is in no register, so there is no name to publish under.
            try await Self.record(county, entities: ["E1"], department: "YJGL")
            let notifier = Self.notifier(county)
            func notices(on day: String) async throws -> [String] {
                let today: Day = try #require(Day(day))
                for _ in 0..<2 { try await notifier.sweep(today: today) }
                return try await Self.messages(county, "t.notices").map { key, data in
                    "\(key) \(data["rung"]?.text ?? "")"
                }.sorted()
            }
            #expect(try await notices(on: "2026-03-18") == [])
            #expect(try await notices(on: "2026-03-19") == ["YJGL approaching"])
            #expect(try await notices(on: "2026-03-23") == ["YJGL approaching"])
            #expect(try await notices(on: "2026-03-24") == ["YJGL approaching", "YJGL due"])
            #expect(try await notices(on: "2026-03-30") == ["YJGL approaching", "YJGL due"])
            let all = ["SCJG missed", "YJGL approaching", "YJGL due"]
            #expect(try await notices(on: "2026-03-31") == all)

            try await county.register(entities: ["E1"])
            #expect(try await notices(on: "2026-04-30") == all)
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 1)
        }
    }

    @Test("without a lead department keeps the missed rung waiting for one")
    func noLead() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await Self.record(county, entities: ["E1"])
            let notifier = Self.notifier(county)
            let today: Day = try #require(Day("2026-04-30"))
            try await notifier.sweep(today: today)
            #expect(try await Self.messages(county, "t.notices").map(\.key) == ["SCJG", "SCJG"])
            try await county.registerDepartments()
            try await notifier.sweep(today: today)
            #expect(
                try await Self.messages(county, "t.notices").compactMap { $0.data["rung"]?.text }.last == "missed")
        }
    }

    @Test("cannot leak who inspected: the notifier may not read it")
    func leastPrivilege() async throws {
        try await InspectedCounty.run { county in
            try await Self.record(county, entities: ["E1"])
            for statement in [
                "SELECT inspectors FROM inspections.results", "SELECT * FROM rounds.teams",
                "SELECT * FROM registers.inspectors", "DELETE FROM open.publications",
                "UPDATE inspections.results SET ended_on = ended_on",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(statement)") {
                    try await county.notifier.query(SQL(raw: statement))
                }
                #expect(error?.sqlState == "42501", "\(statement)")
            }
        }
    }

    @Test("runs as a service that is woken and stops when told to")
    func service() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            let notifier = Self.notifier(county)
            let group = ServiceGroup(services: [notifier], logger: Logger(label: "test"))
            let running = Task { try await group.run() }
            try await Self.record(county, entities: ["E1"])
            notifier.wake()
            try await eventually("a publication") {
                try await county.count("SELECT count(*) FROM open.publications") == 1
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }
}
