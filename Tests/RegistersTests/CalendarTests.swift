import Testing

@testable import Registers

@Suite("Days and working days")
struct CalendarTests {
    @Test("every day of 800 years is written and read back, and follows the one before it")
    func days() {
        var expected = (year: 1600, month: 1, day: 1)
        var day = Day(year: 1600, month: 1, day: 1)
        var weekday = 6  // 1600-01-01 was a Saturday.
        while let current = day, current.year < 2400 {
            #expect(current.parts == expected && current.weekday == weekday && Day(current.description) == current)
            let next = current.adding(days: 1)
            // The month is over when the calendar has no such day.
            if Day(year: expected.year, month: expected.month, day: expected.day + 1) != nil {
                expected.day += 1
            } else if expected.month < 12 {
                expected = (expected.year, expected.month + 1, 1)
            } else {
                expected = (expected.year + 1, 1, 1)
            }
            weekday = weekday % 7 + 1
            day = next
        }
    }

    @Test(
        "what is no day of the calendar is refused",
        arguments: [
            "", "2026-2-03", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026/04/30",
            "2026-04-30 ", "+026-04-30", "２026-04-30",
        ])
    func noDay(text: String) {
        #expect(Day(text) == nil)
    }

    @Test(
        "days known from elsewhere",
        arguments: [("1970-01-01", 0, 4), ("2000-02-29", 11_016, 2), ("0000-03-01", -719_468, 3)])
    func known(text: String, number: Int, weekday: Int) {
        #expect(Day(text)?.number == number)
        #expect(Day(text)?.weekday == weekday)
    }

    @Test(
        "holidays are left out and working weekend days are counted",
        arguments: [
            // Over the National Day holiday of 2026: 1 to 7 October off, Saturday the 10th worked.
            ("2026-09-30", 1, "2026-10-08"), ("2026-09-30", 3, "2026-10-10"), ("2026-09-30", 4, "2026-10-12"),
            ("2026-09-18", 1, "2026-09-20"), ("2026-03-02", 10, "2026-03-16"), ("2026-03-07", 0, "2026-03-07"),
        ])
    func adding(from: String, count: Int, to: String) throws {
        let calendar = try WorkingCalendar.embedded()
        let day = try #require(Day(from))
        #expect(try calendar.adding(workingDays: count, to: day).description == to)
    }

    @Test("a year whose days off are not known is an error that names it, never a guess")
    func unknownYear() throws {
        let calendar = try WorkingCalendar.embedded()
        let day = try #require(Day("2026-12-30"))
        #expect(try calendar.adding(workingDays: 1, to: day).description == "2026-12-31")
        let error = try #require(throws: WorkingCalendar.UnknownYear.self) {
            try calendar.adding(workingDays: 2, to: day)
        }
        #expect(error.year == 2027)
        #expect(error.description.contains("registers.calendar"))
    }

    @Test(
        "a broken calendar is refused with its line",
        arguments: ["2026-01-01,off,x", "2026-01-32,rest,x", "2026-01-01"])
    func malformed(line: String) throws {
        let error = try #require(throws: WorkingCalendar.Malformed.self) {
            try WorkingCalendar(csv: "date,kind,holiday\n2025-01-01,rest,x\n\(line)\n")
        }
        #expect(error.line == 3)
    }
}
