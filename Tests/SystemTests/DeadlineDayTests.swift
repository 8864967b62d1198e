import Postgres
import Registers
import Testing

@testable import Notices

@Suite("Working days in the database")
struct DeadlineDayTests {
    @Test("are those of the calendar, from every day of 2025 and 2026, and unknown where it ends")
    func everyDay() async throws {
        try await InspectedCounty.run { county in
            let calendar = try await county.registerEmbeddedCalendar()
            try await county.owner.execute("SELECT notices.refresh_days()")
            for count in [1, 2, 5, 10, 20] {
                let rows = try await county.owner.query(
                    """
                    SELECT d::date::text AS day, notices.working_day_after(d::date, \(count)::int4)::text AS due
                    FROM generate_series('2024-12-31'::timestamp, '2026-12-31', interval '1 day') AS d
                    """)
                #expect(rows.count == 731)
                for row in rows {
                    let day = try row.day("day")
                    let expected = try? calendar.adding(workingDays: count, to: day)
                    #expect(try row.decode("due", as: String?.self) == expected?.description, "\(day) + \(count)")
                }
            }
        }
    }

    @Test("before a due day are counted from the day before it, and lie never before the start")
    func rungs() async throws {
        try await InspectedCounty.run { county in
            _ = try await county.registerEmbeddedCalendar()
            try await county.owner.execute("SELECT notices.refresh_days()")
            // 2026-02-15 to 02-23 are days off, Saturdays 02-14 and 02-28 are worked.
            for (start, due, step, allDays, expected) in [
                ("2026-02-01", "2026-02-24", -1, false, "2026-02-14"),
                ("2026-02-01", "2026-02-20", -1, false, "2026-02-14"),
                ("2026-02-01", "2026-02-20", 1, false, "2026-02-24"),
                ("2026-02-01", "2026-02-27", 1, false, "2026-02-28"),
                ("2026-02-01", "2026-02-20", 0, false, "2026-02-20"),
                ("2026-02-13", "2026-02-24", -5, false, "2026-02-13"),
                ("2026-02-01", "2026-02-24", -10, true, "2026-02-14"),
            ] {
                let day = try await county.texts(
                    """
                    SELECT notices.rung_day(\(start)::text::date, \(due)::text::date, \(step)::int4, \(allDays))::text
                    """)
                #expect(day == [expected], "\(due) \(step)")
            }
        }
    }

    @Test("are made again when the calendar changes, and only then")
    func refreshed() async throws {
        try await InspectedCounty.run { county in
            let changed: SQL = "SELECT notices.refresh_days()::int::bigint"
            #expect(try await county.count(changed) == 1)
            #expect(try await county.count(changed) == 0)
            try await county.registerCalendar(year: 2026)
            #expect(try await county.count(changed) == 1)
            #expect(try await county.count("SELECT count(*) FROM notices.days") == 366)
            try await county.registerCalendar(year: 2028)
            #expect(try await county.count(changed) == 1)
            // Two runs that do not meet: nothing is counted across 2027.
            #expect(try await county.count("SELECT count(DISTINCT run) FROM notices.days") == 2)
            let across: SQL = "SELECT count(notices.working_day_after('2026-12-30', 5)) FROM (SELECT) AS one"
            #expect(try await county.count(across) == 0)
        }
    }
}
