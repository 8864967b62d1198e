import Cluster
import JSON
import Logging
import Postgres
import Registers
import ServiceLifecycle
import Testing

@testable import Notices

@Suite("Publication of results, with PostgreSQL")
struct PublicationSystemTests {
    @Test("reaches the open schema and the topic once, and meets the deadline")
    func publishes() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"])
            let notifier = try county.notifier(HandClock("2026-03-11"))
            for _ in 0..<3 { try await notifier.sweep() }

            let bodies = try await county.texts("SELECT body FROM open.publications")
            let expected: JSONValue = [
                "id": "R-1-E1/SCJG", "version": 1, "replaces": nil, "reason": nil, "entity": "E1",
                "entity_name": "企业E1", "visit": "R-1-E1", "department": "SCJG", "ended_on": "2026-03-10",
                "due_on": "2026-03-24",
                "items": [["item": "SCJG-1", "categories": ["发现问题已责令改正"], "findings": "灭火器过期"]],
            ]
            #expect(bodies == [expected.canonicalText])
            let messages = try await county.messages("t.publications")
            #expect(messages.map(\.key) == ["E1"])
            #expect(messages.first?.data["items"] == expected["items"])
            let deadline = try await county.texts(
                """
                SELECT due_on || ' ' || (met_at IS NOT NULL) || ' ' || basis FROM notices.deadlines
                WHERE kind = 'publication'
                """)
            #expect(deadline.count == 1 && deadline[0].hasPrefix("2026-03-24 true 固政办发〔2021〕32号"))
            #expect(try await county.count("SELECT count(*) FROM notices.rungs WHERE kind = 'publication'") == 0)
            #expect(try await NoticesCounts.read(from: county.notifier).publications == 1)
        }
    }

    @Test("waits for the department's review, unless the county lets the department publish without")
    func review() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"], isApproved: false)
            try await county.record(entities: ["E1"], department: "YJGL", isApproved: false)
            let notifier = try county.notifier(HandClock("2026-03-11"))
            try await notifier.sweep()
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 0)
            try await county.approve(visits: ["R-1-E1"], department: "SCJG")
            try await notifier.sweep()
            #expect(try await county.texts("SELECT department FROM open.publications") == ["SCJG"])
        }
    }

    @Test("of a corrected result is a new version; the old one stays and is linked, and has a time of its own")
    func correction() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"])
            let clock = try HandClock("2026-03-11")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            try await county.record(entities: ["E1"], version: 2, findings: "灭火器缺失", isApproved: false)
            try clock.move(to: "2026-03-12")
            try await notifier.sweep()
            #expect(try await county.texts("SELECT id FROM open.current_publications") == ["R-1-E1/SCJG"])
            #expect(
                try await county.texts(
                    "SELECT subject FROM notices.deadlines WHERE kind = 'publication' AND met_at IS NULL")
                    == ["R-1-E1/SCJG/2"])
            try await county.approve(visits: ["R-1-E1"], department: "SCJG", version: 2)
            try await notifier.sweep()
            #expect(
                try await county.texts("SELECT id || ' ' || coalesce(replaces, '-') FROM open.publications ORDER BY id")
                    == ["R-1-E1/SCJG -", "R-1-E1/SCJG/2 R-1-E1/SCJG"])
            #expect(try await county.texts("SELECT id FROM open.current_publications") == ["R-1-E1/SCJG/2"])
            let last = try #require(try await county.messages("t.publications").last?.data)
            #expect(last["version"] == 2 && last["reason"] == "更正" && last["replaces"] == "R-1-E1/SCJG")
            #expect(last["earlier"]?.elements?.compactMap { $0["id"]?.text } == ["R-1-E1/SCJG"])
            let open: SQL = "SELECT count(*) FROM notices.deadlines WHERE kind = 'publication' AND met_at IS NULL"
            #expect(try await county.count(open) == 0)
        }
    }

    @Test("by several notifiers at a time happens once, and each entity's last message holds all its results")
    func severalNotifiers() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            let entities = (0..<350).map { "E\($0)" }
            try await county.register(entities: entities)
            try await county.drawRound(entities: entities)
            try await county.record(entities: entities)
            try await county.record(entities: entities, department: "YJGL")
            let clock = try HandClock("2026-03-11")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await county.notifier(clock).sweep() } }
                try await group.waitForAll()
            }
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 700)
            let messages = try await county.messages("t.publications")
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
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"])
            let notifier = try county.notifier(HandClock("2026-03-11"))
            try await notifier.sweep()
            #expect(try await county.count("SELECT count(*) FROM open.publications WHERE due_on IS NULL") == 1)
            #expect(try await NoticesCounts.read(from: county.notifier).withoutCalendar > 0)
            let problem: SQL = "SELECT problem FROM notices.deadlines WHERE kind = 'publication'"
            #expect(try await county.texts(problem).first?.contains("2026 年的节假日安排尚未载入") == true)

            try await county.registerCalendar(year: 2026)
            try await notifier.sweep()
            #expect(
                try await county.texts("SELECT due_on::text FROM notices.deadlines WHERE kind = 'publication'")
                    == ["2026-03-24"])
            #expect(try await NoticesCounts.read(from: county.notifier).withoutCalendar == 0)
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 1)
        }
    }

    @Test("can be due so long after the whole inspection, and count only when the mandated platform has it")
    func settings() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.register(entities: ["E1"])
            try await county.drawRound(entities: ["E1"])
            try await county.set("publication_counts_from", "round")
            try await county.set("publication_acknowledged_by", "platform")
            try await county.record(entities: ["E1"])
            let notifier = try county.notifier(HandClock("2026-03-11"))
            try await notifier.sweep()
            let state: SQL = """
                SELECT due_on || ' ' || (met_at IS NOT NULL) FROM notices.deadlines
                WHERE kind = 'publication' AND recipient = 'SCJG'
                """
            // The other department has not inspected: the inspection ends at the latest with its window, on 31 March.
            #expect(try await county.texts(state) == ["2026-04-14 false"])
            try await county.record(entities: ["E1"], department: "YJGL", endedOn: "2026-03-11")
            try await notifier.sweep()
            #expect(try await county.texts(state) == ["2026-03-25 false"])
            try await county.owner.execute(
                """
                INSERT INTO notices.platform_records
                    (kind, subject, department, task_number, entered_on, source, submission)
                VALUES ('result', 'R-1-E1/SCJG', 'SCJG', '150222-0001', '2026-03-12', 'dept:SCJG', 'x')
                """)
            try await notifier.sweep()
            #expect(try await county.texts(state) == ["2026-03-25 true"])
        }
    }

    @Test("cannot leak who inspected: the notifier may not read it")
    func leastPrivilege() async throws {
        try await InspectedCounty.run { county in
            try await county.record(entities: ["E1"])
            for statement in [
                "SELECT inspectors FROM inspections.results", "SELECT * FROM rounds.teams",
                "SELECT * FROM registers.inspectors", "DELETE FROM open.publications",
                "UPDATE inspections.results SET ended_on = ended_on", "UPDATE notices.reminders SET rung = rung",
                "SELECT * FROM inspections.leads", "SELECT * FROM registers.classes",
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
            let notifier = try county.notifier()
            let group = ServiceGroup(services: [notifier], logger: Logger(label: "test"))
            let running = Task { try await group.run() }
            try await county.record(entities: ["E1"])
            notifier.wake()
            try await eventually("a publication") {
                try await county.count("SELECT count(*) FROM open.publications") == 1
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }
}
