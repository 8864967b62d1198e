import Draw
import JSON
import Registers
import Testing

@testable import Plans

@Suite("The forecast of a year")
struct ForecastTests {
    @Test("counts draws, enterprises by expected visits, and slots by department")
    func figures() throws {
        let apart: JSONValue = [["2026-09-01", "2026-10-31"]]
        let all: JSONValue = ["rate_ppm": 1_000_000]
        let plan = try Plan(
            json: PlanFixture.document([
                PlanFixture.line("1", sample: all), PlanFixture.line("2", items: ["I-2"], sample: all),
                PlanFixture.line("3", sample: ["count": ["min": 10, "max": 20]], draws: 2, windows: apart),
            ]))
        let year = try PlannedYear(
            lines: PlannedYear.lines(of: [plan], rules: CountyRules.embedded()),
            roster: PlanFixture.roster([("shop", .b, 100), ("mill", .c, 50)]))
        let forecast = PlanForecast.json(year, year: 2026, cap: 1, loads: ["SCJG": [1, 2, 3]])
        let third = forecast["lines"]?.elements?.last
        #expect(third?["drawn_each_time"] == 10 && third?["drawn_each_time_at_most"] == 20)
        #expect(third?["drawn_a_year"] == 20)
        // One visit serves lines 1 and 2; two draws of line 3 take a fifth each at most.
        let enterprises = forecast["enterprises"]
        #expect(enterprises?["most_millionths"] == 1_400_000 && enterprises?["over_cap"] == 100)
        #expect(enterprises?["visits_millionths"] == 120_000_000)
        #expect(
            enterprises?["by_visits"] == [["visits": 0, "entities": 50], ["visits": 1, "entities": 100]])
        #expect(enterprises?["over_cap_first"]?.elements?.count == 20)
        // 100 + 100 + 2 × 10 visits by teams of two, of which the trial draw has 210.
        let staff = forecast["inspectors"]?.elements?.first
        #expect(staff?["slots"] == 440 && staff?["most"] == .integer(3 * 440 / 420))
        #expect(PlanForecast.text(forecast).contains { $0.contains("超过年度上限 1 次的 100 户") })
    }

    @Test("gives every visit a month of its window")
    func months() throws {
        let plan = try Plan(
            json: PlanFixture.document([
                PlanFixture.line(
                    "1", sample: ["count": 62], draws: 2,
                    windows: [["2026-01-01", "2026-01-31"], ["2026-02-01", "2026-03-31"]])
            ]))
        let year = try PlannedYear(
            lines: PlannedYear.lines(of: [plan], rules: CountyRules.embedded()),
            roster: PlanFixture.roster([("shop", .b, 620)]))
        let months = year.visitsByMonth(of: [0])
        #expect(months[0] > 61_900_000 && months[0] <= 62_000_000)
        #expect(abs(months[1] * 31 - months[2] * 28) < 1_000 && months[3...].allSatisfy { $0 == 0 })
    }
}
