import Draw
import JSON
import Registers
import Testing

@testable import Plans

@Suite("Rules of plans")
struct PlanRuleTests {
    /// 1,000 shops of class B and 200 mills of class C.
    static let roster = PlanFixture.roster([("shop", .b, 1_000), ("mill", .c, 200)])
    /// A line with nothing against it: its rates reach the least share, and its days are over by the county's.
    static let good: JSONValue = ["rate_ppm": 100_000]

    static func rules(
        _ lines: [JSONValue], participants: [String] = [], roster: [UInt8] = roster,
        rules: [String: JSONValue] = [:], change: (inout PlanFacts) -> Void = { _ in }
    ) throws -> [String] {
        try PlanFixture.findings(
            PlanFixture.document(lines, participants: participants), roster: roster, change: change,
            rules: ["even_spread_month_max_ppm": 1_000_000].merging(rules) { _, given in given }
        ).map { "\($0.rule.rawValue) \($0.line ?? "-")" }
    }

    @Test("have nothing against a plan that keeps them")
    func good() throws {
        #expect(
            try Self.rules(
                [
                    PlanFixture.line(
                        "1", sample: Self.good, draws: 2,
                        windows: [["2026-02-01", "2026-06-30"], ["2026-07-01", "2026-11-10"]]
                    )
                ], rules: ["same_item_per_year": 2]) == [])
    }

    @Test("cap the share of a general item over the year's draws")
    func cap() throws {
        func codes(_ sample: JSONValue, _ draws: Int, cap: Int?) throws -> [String] {
            try Self.rules(
                [PlanFixture.line("1", sample: sample, draws: draws)], rules: ["same_item_per_year": 366]
            ) { $0.items["I-1"]?.capPPM = cap }
        }
        #expect(try codes(["rate_ppm": 100_000], 1, cap: 100_000) == [])
        #expect(try codes(["rate_ppm": 100_000], 1, cap: 99_999) == ["general_cap 1"])
        #expect(try codes(["rate_ppm": 100_000], 2, cap: 199_999) == ["general_cap 1"])
        #expect(try codes(["rate_ppm": 100_000], 12, cap: nil) == [])
        // A range is held to its upper end, a number to its share of the pool.
        #expect(try codes(["rate_ppm": ["min": 100_000, "max": 150_000]], 1, cap: 120_000) == ["general_cap 1"])
        #expect(try codes(["count": 100], 1, cap: 100_000) == [])
        #expect(try codes(["count": 101], 1, cap: 100_000) == ["general_cap 1"])
    }

    @Test("ask for an item that is in force, of the department, with a method and a checklist of its own")
    func items() throws {
        func codes(_ change: @escaping (inout PlanFacts.Item) -> Void) throws -> [String] {
            try Self.rules([PlanFixture.line("1", sample: Self.good)]) { facts in
                facts.items["I-1"].map { item in
                    var item = item
                    change(&item)
                    facts.items["I-1"] = item
                }
            }
        }
        #expect(try codes { $0.department = "SFJ" } == ["item_in_force 1"])
        #expect(try codes { $0.methods = ["written"] } == ["item_in_force 1"])
        #expect(try codes { $0.inForceFrom = "2026-03-02" } == ["item_in_force 1"])
        #expect(try codes { $0.inForceFrom = "2026-03-01" } == [])
        #expect(try codes { $0.inForceUntil = "2026-06-29" } == ["item_in_force 1"])
        #expect(try codes { $0.checklists = [] } == ["checklist_in_force 1"])
        #expect(try codes { $0.checklists[0].first = "2026-04-01" } == ["checklist_in_force 1"])
        #expect(
            try Self.rules([PlanFixture.line("1", sample: Self.good)]) { $0.items = [:] } == ["item_in_force 1"])
    }

    @Test("ask for a rate of every class that the pool holds, within the county's band")
    func classes() throws {
        let roster = PlanFixture.roster([("shop", .a, 500), ("shop", .none, 500)])
        func codes(_ sample: JSONValue, bands: JSONValue = [:]) throws -> [String] {
            try Self.rules(
                [PlanFixture.line("1", sample: sample)], roster: roster, rules: ["rate_bands": bands])
        }
        #expect(try codes(["rates_ppm": ["A": 200_000]]) == ["class_without_rate 1"])
        #expect(try codes(["rates_ppm": ["A": 200_000, "-": 0]]) == [])
        #expect(try codes(["rate_ppm": 100_000]) == [])
        #expect(try codes(["count": 100]) == [])
        let message = try #require(
            try PlanFixture.findings(
                PlanFixture.document([PlanFixture.line("1", sample: ["rates_ppm": ["A": 200_000]])]), roster: roster
            ).first)
        #expect(message.severity == .error && message.message.contains("500 户未分类"))
        let bands: JSONValue = ["A": ["max_ppm": 50_000], "-": ["min_ppm": 100_000]]
        #expect(try codes(["rate_ppm": 100_000], bands: bands) == ["rate_band 1"])
        #expect(try codes(["rates_ppm": ["A": 50_000, "-": 200_000]], bands: bands) == [])
        #expect(
            try codes(["rates_ppm": ["A": 50_000, "-": ["min": 99_999, "max": 900_000]]], bands: bands) == [
                "rate_band 1", "yearly_floor 1",
            ])
    }

    @Test("name an object that one item may meet twice, unless one visit serves both lines")
    func sameItem() throws {
        let apart: JSONValue = [["2026-09-01", "2026-10-31"]]
        func codes(_ one: JSONValue, _ other: JSONValue) throws -> [String] { try Self.rules([one, other]) }
        let one = PlanFixture.line("1", sample: Self.good)
        #expect(try codes(one, PlanFixture.line("2", sample: Self.good)) == [])
        #expect(try codes(one, PlanFixture.line("2", sample: Self.good, windows: apart)) == ["same_item 1"])
        #expect(try codes(one, PlanFixture.line("2", sample: Self.good, joint: false)) == ["same_item 1"])
        #expect(try codes(one, PlanFixture.line("2", items: ["I-2"], sample: Self.good, windows: apart)) == [])
        #expect(
            try codes(one, PlanFixture.line("2", pool: ["kinds": ["mill"]], sample: Self.good, windows: apart)) == [])
        // Twice a year at 10 %: ten of a thousand.
        let twice = PlanFixture.line("1", sample: Self.good, draws: 2)
        #expect(try Self.rules([twice]) == ["same_item 1"])
        #expect(try Self.rules([twice], rules: ["same_item_per_year": 2]) == [])
        let other = PlanFixture.line(
            "1", pool: ["kinds": ["shop"], "max_visits": 0], sample: Self.good, draws: 2)
        #expect(try Self.rules([other]) == [])
    }

    @Test("cap the visits that an enterprise can expect in a year, those of one visit counted once")
    func visits() throws {
        let apart: JSONValue = [["2026-09-01", "2026-10-31"]]
        let all: JSONValue = ["rate_ppm": 1_000_000]
        let same = [
            PlanFixture.line("1", sample: all), PlanFixture.line("2", items: ["I-2"], sample: all),
        ]
        let twice = [
            PlanFixture.line("1", sample: all), PlanFixture.line("2", items: ["I-2"], sample: all, windows: apart),
        ]
        let cap: [String: JSONValue] = ["visits_per_entity_per_year": 1, "even_spread_month_max_ppm": 1_000_000]
        #expect(try Self.rules(same, rules: cap) == [])
        #expect(try Self.rules(twice, rules: cap) == ["entity_cap -"])
        #expect(
            try Self.rules(twice, rules: ["visits_per_entity_per_year": 2, "even_spread_month_max_ppm": 1_000_000])
                == [])
    }

    @Test("ask for a least share, more of it where the draw is directed")
    func floor() throws {
        #expect(try Self.rules([PlanFixture.line("1", sample: ["rate_ppm": 99_000])]) == ["yearly_floor 1"])
        #expect(try Self.rules([PlanFixture.line("1", pool: [:], sample: ["rate_ppm": 30_000])]) == [])
        #expect(try Self.rules([PlanFixture.line("1", pool: [:], sample: ["rate_ppm": 29_000])]) == ["yearly_floor 1"])
        #expect(
            try Self.rules([PlanFixture.line("1", pool: ["kinds": ["farm"]], sample: Self.good)]) == ["yearly_floor 1"])
    }

    @Test("spread the visits over the months, and end them by the county's day")
    func months() throws {
        let march = PlanFixture.line("1", sample: ["rate_ppm": 500_000], windows: [["2026-03-01", "2026-03-31"]])
        #expect(try Self.rules([march], rules: ["even_spread_month_max_ppm": 250_000]) == ["even_spread -"])
        let late = PlanFixture.line("1", sample: Self.good, windows: [["2026-03-01", "2026-11-11"]])
        #expect(try Self.rules([late]) == ["done_by 1"])
        #expect(try Self.rules([late], rules: ["tasks_done_by": "12-31"]) == [])
    }

    @Test("ask for enough departments, joint inspections of one's own, and inspectors")
    func departments() throws {
        let pair = PlanFixture.line("1", sample: Self.good, others: ["GAJ"])
        let three = PlanFixture.line("1", sample: Self.good, others: ["GAJ", "YJGL"])
        let change: (inout PlanFacts) -> Void = { facts in
            for part in ["SCJG", "GAJ", "YJGL"] { facts.joint[part] = PlanFacts.Joint(led: 1, joined: 0) }
        }
        // The item belongs to one of the departments only, which is not what this is about.
        func codes(_ line: JSONValue, _ participants: [String], _ rules: [String: JSONValue] = [:]) throws -> Set<
            String
        > {
            Set(try Self.rules([line], participants: participants, rules: rules, change: change))
                .subtracting(["item_in_force 1"])
        }
        #expect(try codes(pair, ["GAJ"]) == ["joint_least_departments 1"])
        #expect(try codes(pair, ["GAJ"], ["joint_least_departments": 2]) == [])
        #expect(try codes(three, ["GAJ", "YJGL"]) == [])

        func organised(_ joint: PlanFacts.Joint, counts: Bool = false) throws -> [String] {
            try Self.rules(
                [PlanFixture.line("1", sample: Self.good)], rules: ["joint_participation_counts": .bool(counts)]
            ) { $0.joint = ["SCJG": joint] }
        }
        #expect(try organised(PlanFacts.Joint(led: 0, joined: 3)) == ["joint_organised -"])
        #expect(try organised(PlanFacts.Joint(led: 0, joined: 3), counts: true) == [])
        #expect(try organised(PlanFacts.Joint(led: 0, joined: 0, isBound: false)) == [])
        #expect(try organised(PlanFacts.Joint(led: 1, joined: 0)) == [])
    }

    @Test("mean what the county says, and carry their basis")
    func severity() throws {
        let severities = try CountyRules.embedded().rules.first { $0.key == "plan_rule_severities" }?.value
        guard case .object(var members) = severities else {
            Issue.record("no severities")
            return
        }
        members["general_cap"] = "warning"
        for (value, severity) in [(nil, CountyRules.Severity.error), (members, .warning)] {
            let finding = try #require(
                try PlanFixture.findings(
                    PlanFixture.document([PlanFixture.line("1", sample: Self.good)]), roster: Self.roster,
                    change: { $0.items["I-1"]?.capPPM = 1 },
                    rules: value.map { ["plan_rule_severities": .object($0)] } ?? [:]
                ).first)
            #expect(finding.severity == severity && finding.basis.contains("〔2021〕32号"))
        }
    }

    @Test("know from a dry draw which specialties are short, and how many slots that leaves empty")
    func dryMatching() async throws {
        let plan = try Plan(
            json: PlanFixture.document([
                [
                    "id": "1", "title": "检查", "pool": ["kinds": ["shop"]], "sample": ["count": 5],
                    "methods": ["onsite"],
                    "windows": [["2026-03-01", "2026-06-30"]],
                    "parts": [["department": "SCJG", "items": ["I-1"], "specialties": ["食品"], "team": 2]],
                ]
            ]))
        func inspector(_ id: String, _ specialties: [String], until: String = "2027-01-01") -> InspectorLine {
            InspectorLine(
                id: id, department: "SCJG", regions: [], specialties: specialties, certificateUntil: until, load: 0,
                recused: [])
        }
        func shortages(_ inspectors: [InspectorLine]) async throws -> [PlanFacts.Shortage] {
            let rules = try CountyRules.embedded()
            let year = try PlannedYear(lines: PlannedYear.lines(of: [plan], rules: rules), roster: Self.roster)
            return try await DryMatching.shortages(
                year, lines: [0], roster: Self.roster,
                inspectors: Array(inspectors.map { $0.text + "\n" }.joined().utf8))
        }
        #expect(try await shortages([inspector("A", ["食品"]), inspector("B", [])]) == [])
        #expect(
            try await shortages([inspector("A", []), inspector("B", [])]) == [
                PlanFacts.Shortage(line: "1", department: "SCJG", specialty: "食品", slots: 5)
            ])
        #expect(
            try await shortages([inspector("A", ["食品"]), inspector("B", [], until: "2026-06-29")]) == [
                PlanFacts.Shortage(line: "1", department: "SCJG", specialty: "", slots: 5)
            ])
        #expect(try await shortages([]).map(\.slots) == [5, 5])
    }
}
