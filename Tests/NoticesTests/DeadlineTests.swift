import Registers
import Testing

@testable import Notices

@Suite("The deadline of a publication")
struct DeadlineTests {
    static let rule = DeadlineRule(
        kind: "publication", workingDays: 10, basis: "",
        rungs: [
            RungRule(name: "approaching", offset: -3, audience: .department, basis: ""),
            RungRule(name: "due", offset: 0, audience: .department, basis: ""),
            RungRule(name: "missed", offset: 5, audience: .lead, basis: ""),
        ])

    static func day(_ text: String) throws -> Day { try #require(Day(text)) }

    @Test("counts working days of the calendar that comes with the program, the Spring Festival included")
    func springFestival() throws {
        // 2026-02-15 to 02-23 are days off, Saturdays 02-14 and 02-28 are worked.
        let plan = Self.rule.planned(from: try Self.day("2026-02-10"), calendar: try .embedded())
        #expect(plan.problem == nil)
        // 02-11, 12, 13, 14, 24, 25, 26 | 27, 28, 03-02 | 03-03, 04, 05, 06, 09
        #expect(plan.dueOn == (try Self.day("2026-03-02")))
        #expect(plan.rungs == (try ["2026-02-26", "2026-03-02", "2026-03-09"].map(Self.day)))
    }

    @Test("starts the day after the inspection ended, also from a day off")
    func weekend() throws {
        let calendar = try WorkingCalendar.embedded()
        let friday = Self.rule.planned(from: try Self.day("2026-03-13"), calendar: calendar)
        let sunday = Self.rule.planned(from: try Self.day("2026-03-15"), calendar: calendar)
        #expect(friday == sunday)
        #expect(friday.dueOn == (try Self.day("2026-03-27")))
    }

    @Test("is unknown, with the reason, where the calendar ends too early; never guessed")
    func noCalendar() throws {
        let plan = Self.rule.planned(from: try Self.day("2026-12-28"), calendar: try .embedded())
        #expect(plan.dueOn == nil)
        #expect(plan.rungs == [nil, nil, nil])
        #expect(plan.problem?.contains("2027") == true)
    }

    @Test("keeps the days that the calendar does reach")
    func halfCalendar() throws {
        let plan = Self.rule.planned(from: try Self.day("2026-12-16"), calendar: try .embedded())
        #expect(plan.dueOn == (try Self.day("2026-12-30")))
        #expect(plan.rungs == [try Self.day("2026-12-25"), try Self.day("2026-12-30"), nil])
        #expect(plan.problem?.contains("2027") == true)
    }
}
