import Cluster
import JSON
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("Ladders of reminders, with PostgreSQL")
struct LadderTests {
    /// A county in which `YJGL` visited `E1` on 10 March 2026 and its result cannot be published: the entity is in no
    /// register, so there is no name to publish under. It is due on the 24th.
    static func stuck(_ test: (InspectedCounty) async throws -> Void) async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"], department: "YJGL")
            try await test(county)
        }
    }

    static let own: SQL = "kind = 'publication' AND department = 'YJGL'"

    static let wholeLadder = [
        "2026-03-17 publication R-1-E1/YJGL ahead-5 YJGL/inspectors/I9",
        "2026-03-20 publication R-1-E1/YJGL ahead-2 YJGL/inspectors/I9",
        "2026-03-24 publication R-1-E1/YJGL due YJGL",
        "2026-03-25 publication R-1-E1/YJGL late-1 YJGL/head",
        "2026-03-27 publication R-1-E1/YJGL late-3 SCJG/office",
        "2026-04-07 publication R-1-E1/YJGL late-10 YJGL/circular",
    ]

    @Test("fire each rung on its day, once, and never early, and end with the matter")
    func everyDay() async throws {
        try await Self.stuck { county in
            let clock = try HandClock("2026-03-10")
            let notifier = try county.notifier(clock)
            for number in 0..<40 {
                clock.move(to: try #require(Day("2026-03-10")).adding(days: number))
                for _ in 0..<2 { try await notifier.sweep() }
            }
            #expect(try await county.ledger(Self.own) == Self.wholeLadder)
            let circular = try await county.texts(
                "SELECT department FROM notices.circular_entries WHERE kind = 'publication'")
            #expect(circular == ["YJGL"])
        }
    }

    @Test("end with the matter: what was not fired is needed no more")
    func ending() async throws {
        try await Self.stuck { county in
            let clock = try HandClock("2026-03-20")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            try await county.register(entities: ["E1"])
            for day in ["2026-03-23", "2026-03-24", "2026-04-30"] {
                try clock.move(to: day)
                try await notifier.sweep()
            }
            #expect(try await county.ledger(Self.own).allSatisfy { $0.contains("ahead") })
            #expect(try await county.count("SELECT count(*) FROM open.publications") == 1)
        }
    }

    @Test("catch up in order after the notifier was stopped, with one digest for each recipient")
    func stopped() async throws {
        try await Self.stuck { county in
            try await county.drawRound("R-2", entities: ["E2", "E3"])
            try await county.record(entities: ["E2", "E3"], department: "YJGL", round: "R-2")
            let clock = try HandClock("2026-03-13")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            try clock.move(to: "2026-03-28")
            try await notifier.sweep()
            try await notifier.sweep()
            let fired = try await county.ledger(Self.own)
            #expect(fired.count == 15 && fired.allSatisfy { $0.hasPrefix("2026-03-28") })
            let messages = try await county.messages("t.notices")
            let recipients = messages.map(\.key)
            #expect(Set(recipients).count == recipients.count)
            let inspector = try #require(messages.first { $0.key == "YJGL/inspectors/I9" }?.data)
            #expect(inspector["catching_up"] == true)
            let days = inspector["entries"]?.elements?.compactMap { $0["fire_on"]?.text } ?? []
            #expect(days.count >= 6 && days == days.sorted())
        }
    }

    @Test("survive a clock that jumps: ahead nothing is lost, back nothing is sent again")
    func jumps() async throws {
        try await Self.stuck { county in
            let clock = try HandClock("2026-03-10")
            let notifier = try county.notifier(clock)
            var seen: [String] = []
            for day in [
                "2026-03-17", "2026-03-12", "2026-03-20", "2026-03-01", "2026-03-24", "2026-03-19", "2026-04-08",
            ] {
                try clock.move(to: day)
                try await notifier.sweep()
                let ledger = try await county.ledger(Self.own)
                #expect(Set(seen).isSubset(of: ledger))
                seen = ledger
            }
            #expect(seen.count == 6)
            let early: SQL = """
                SELECT count(*) FROM notices.reminders WHERE (sent_at AT TIME ZONE 'Asia/Shanghai')::date < fire_on
                """
            #expect(try await county.count(early) == 0)
        }
    }

    @Test("by several notifiers at a time fire once")
    func several() async throws {
        try await Self.stuck { county in
            let clock = try HandClock("2026-03-24")
            for _ in 0..<5 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await county.notifier(clock).sweep() } }
                    try await group.waitForAll()
                }
            }
            #expect(
                try await county.ledger(Self.own) == [
                    "2026-03-24 publication R-1-E1/YJGL ahead-2 YJGL/inspectors/I9",
                    "2026-03-24 publication R-1-E1/YJGL ahead-5 YJGL/inspectors/I9",
                    "2026-03-24 publication R-1-E1/YJGL due YJGL",
                ])
            let keys = try await county.messages("t.notices").map(\.key)
            #expect(Set(keys).count == keys.count)
        }
    }

    @Test("follow a changed calendar: days move, rungs that fired stay fired")
    func calendar() async throws {
        try await Self.stuck { county in
            let clock = try HandClock("2026-03-20")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            try await county.owner.execute(
                """
                INSERT INTO registers.calendar (day, kind, holiday)
                VALUES ('2026-03-23', 'rest', '临时'), ('2026-03-24', 'rest', '临时')
                """)
            for day in ["2026-03-24", "2026-03-25", "2026-03-26", "2026-03-27"] {
                try clock.move(to: day)
                try await notifier.sweep()
            }
            #expect(
                try await county.ledger(Self.own) == [
                    "2026-03-20 publication R-1-E1/YJGL ahead-2 YJGL/inspectors/I9",
                    "2026-03-20 publication R-1-E1/YJGL ahead-5 YJGL/inspectors/I9",
                    "2026-03-26 publication R-1-E1/YJGL due YJGL",
                    "2026-03-27 publication R-1-E1/YJGL late-1 YJGL/head",
                ])
        }
    }

    @Test("follow the county's own rules, and keep still in quiet hours and on days off")
    func rules() async throws {
        try await Self.stuck { county in
            try await county.set(
                "escalation_ladders",
                [
                    "default": [["rung": "one", "offset": 0, "to": ["contact"]]],
                    "publication": [["rung": "only", "offset": 2, "to": ["head"]]],
                ])
            try await county.set("quiet_hours", ["from": "18:00", "to": "08:30", "days_off": true])
            let clock = try HandClock("2026-03-26", minute: 8 * 60)
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(try await county.ledger().isEmpty)
            // A Saturday.
            try clock.move(to: "2026-03-28", minute: 10 * 60)
            try await notifier.sweep()
            #expect(try await county.ledger().isEmpty)
            try clock.move(to: "2026-03-30", minute: 8 * 60 + 30)
            try await notifier.sweep()
            #expect(try await county.ledger(Self.own) == ["2026-03-30 publication R-1-E1/YJGL only YJGL/head"])
        }
    }

    @Test("without a lead department keep the office's rung waiting for one")
    func noLead() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"], department: "YJGL")
            let clock = try HandClock("2026-04-30")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(try await !county.ledger(Self.own).contains { $0.contains("late-3") })
            try await county.registerDepartments()
            try await notifier.sweep()
            #expect(try await county.ledger(Self.own).contains { $0.contains("late-3 SCJG/office") })
        }
    }

    @Test("are whole although the notifier dies in the middle of a sweep, again and again")
    func killed() async throws {
        try await Self.stuck { county in
            try await county.drawRound("R-2", entities: (0..<60).map { "F\($0)" })
            try await county.record(
                entities: (0..<60).map { "F\($0)" }, department: "YJGL", round: "R-2", isApproved: true)
            let clock = try HandClock("2026-03-25")
            let notifier = try county.notifier(clock)
            let killer = Task {
                while !Task.isCancelled {
                    _ = try? await county.owner.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                            AND state = 'active' AND random() < 0.5
                        """)
                    try? await Task.sleep(for: .milliseconds(7))
                }
            }
            var interrupted = 0
            for _ in 0..<15 {
                do { try await notifier.sweep() } catch { interrupted += 1 }
            }
            killer.cancel()
            _ = await killer.value
            try await notifier.sweep()
            #expect(interrupted > 0)
            // 61 deadlines with the rungs ahead-5, ahead-2, due and late-1: each once in the ledger and in one message.
            #expect(try await county.ledger(Self.own).count == 61 * 4)
            let entries = try await county.messages("t.notices").flatMap { message in
                (message.data["entries"]?.elements ?? []).map {
                    "\(message.key) \($0["kind"]?.text ?? "") \($0["subject"]?.text ?? "") \($0["rung"]?.text ?? "")"
                }
            }
            #expect(Set(entries).count == entries.count)
            let sent: SQL = "SELECT count(*) FROM notices.reminders WHERE audience <> 'circular'"
            #expect(try await county.count(sent) == entries.count)
        }
    }
}
