import Cluster
import Draw
import JSON
import Testing

@testable import Plans

@Suite("A plan document")
struct PlanDocumentTests {
    @Test("is the same after writing and reading it again")
    func again() throws {
        let samples: [JSONValue] = [
            ["rate_ppm": 30_000], ["rate_ppm": ["min": 100_000, "max": 200_000]], ["rate_ppm": ["min": 5_000]],
            ["rates_ppm": ["A": 10_000, "D": ["min": 300_000], "-": 30_000]], ["count": 20],
            ["count": ["min": 60, "max": 70]], ["county_rates": true],
        ]
        let plan = try Plan(
            json: PlanFixture.document(samples.enumerated().map { PlanFixture.line("L\($0)", sample: $1) }))
        #expect(try Plan(json: plan.json) == plan)
        #expect(plan.problems() == [])
    }

    static let wrong: [(change: JSONValue, path: String)] = [
        (["sample": ["rate_ppm": 1_000_001]], "lines[0].sample.rate_ppm"),
        (["sample": ["rate_ppm": 1, "count": 1]], "lines[0].sample"),
        (["sample": ["rate_ppm": ["min": 2, "max": 1]]], "lines[0].sample.rate_ppm"),
        (["sample": ["rates_ppm": ["E": 1]]], "lines[0].sample.rates_ppm.E"),
        (["sample": ["county_rates": false]], "lines[0].sample.county_rates"),
        (["windows": [["2026-02-30", "2026-03-01"]]], "lines[0].windows[0][0]"),
        (["methods": ["phone"]], "lines[0].methods[0]"),
        (["draws": 0], "lines[0].draws"),
        (["title": " "], "lines[0].title"),
        (["rate": 3], "lines[0].rate"),
        (["id": "第一行"], "lines[0].id"),
    ]

    @Test("is refused where it is wrong, at the field that is", arguments: wrong)
    func malformed(change: JSONValue, path: String) throws {
        guard case .object(var members) = PlanFixture.line("1"), case .object(let changes) = change else { return }
        members.merge(changes) { _, new in new }
        let error = #expect(throws: JSONError.self) {
            try Plan(json: PlanFixture.document([.object(members)]))
        }
        #expect(error?.path == path)
    }

    @Test("must fit together, and every problem is named at once")
    func problems() throws {
        func codes(_ document: JSONValue) throws -> Set<String> { Set(try Plan(json: document).problems().map(\.code)) }
        #expect(try codes(PlanFixture.document([])) == ["plan.empty"])
        #expect(
            try codes(
                PlanFixture.document([
                    PlanFixture.line("1", items: ["I", "I"], windows: [["2026-01-01", "2027-01-01"]]),
                    PlanFixture.line("1", department: "SFJ", methods: []),
                    PlanFixture.line("2", windows: [["2026-01-01", "2026-02-01"], ["2026-03-01", "2026-04-01"]]),
                ])) == ["line.items", "line.year", "line.repeated", "line.department", "line.methods", "line.windows"])
        let joint = PlanFixture.document(
            [PlanFixture.line("1", others: ["GAJ"]), PlanFixture.line("2")], participants: ["GAJ", "SFJ", "SCJG"])
        #expect(try codes(joint) == ["plan.participants", "line.parts"])
    }

    @Test("says what it promises and what it allows at most")
    func bounds() throws {
        let plan = try Plan(
            json: PlanFixture.document([
                PlanFixture.line("1", sample: ["rate_ppm": ["min": 100_000, "max": 200_000]]),
                PlanFixture.line("2", sample: ["count": ["min": 60, "max": 70]]),
                PlanFixture.line("3", sample: ["rates_ppm": ["A": ["max": 50_000]]]),
            ]))
        #expect(
            plan.lines[0].sample.sample()
                == .rates(Dictionary(uniqueKeysWithValues: CreditClass.allCases.map { ($0, 100_000) })))
        #expect(plan.lines[1].sample.sample(largest: true) == .count(70))
        #expect(plan.lines[2].sample.sample() == .rates([.a: 50_000]))
    }
}
