import JSON
import Testing

@testable import Registers

@Suite("The county's rules")
struct CountyRulesTests {
    @Test("those that come with the program have the numbers of the regulations, each with a Chinese basis")
    func embedded() throws {
        let rules = try CountyRules.embedded()
        #expect(rules.publicationWorkingDays == 10)
        #expect(rules.jointInspectionsPerYear == 1 && !rules.jointParticipationCounts)
        #expect(rules.jointLeastDepartments == 3)
        #expect(rules.leastInspectors == 2)
        #expect(rules.certificateWarningDays == [60, 15])
        #expect(rules.tasksDoneBy(year: 2026) == Day("2026-11-10"))
        #expect(rules.visitsPerEntityPerYear == nil)
        #expect(rules.creditClassConfidential)
        #expect(rules.severities.count == CountyRules.PlanRule.allCases.count)
        #expect(Set(rules.freshness.keys) == Set(Register.allCases.map(\.rawValue)))
        #expect(Set(rules.rules.map(\.key)).count == rules.rules.count)
        for rule in rules.rules {
            #expect(rule.basis.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }, "\(rule.key)")
            for (name, value) in rule.examples {
                #expect(throws: Never.self, "\(name)") { try rules.setting(rule.key, to: value, basis: name) }
            }
        }
    }

    @Test(
        "a score has the class between whose bounds it lies",
        arguments: [
            (0, "A"), (250, "A"), (251, "B"), (500, "B"), (501, "C"), (750, "C"), (751, "D"), (1_000, "D"),
            (1_001, nil),
        ] as [(Int, String?)])
    func scores(score: Int, name: String?) throws {
        #expect(try CountyRules.embedded().creditClass(ofScore: score) == name)
    }

    static let bad: [(String, JSONValue, String)] = [
        ("publication_working_days", 0, "publication_working_days"),
        ("publication_working_days", "10", "publication_working_days"),
        ("joint_participation_counts", 1, "joint_participation_counts"),
        ("rate_bands", ["E": ["max_ppm": 1]], "rate_bands.E"),
        ("rate_bands", ["A": ["most": 1]], "rate_bands.A.most"),
        ("rate_bands", ["A": ["min_ppm": 2, "max_ppm": 1]], "rate_bands.A"),
        ("tasks_done_by", "02-29", "tasks_done_by"),
        ("tasks_done_by", "2026-11-10", "tasks_done_by"),
        ("certificate_warning_days", [15, 60], "certificate_warning_days"),
        ("certificate_warning_days", [], "certificate_warning_days"),
        (
            "score_classes",
            [["class": "A", "from": 0, "to": 250], ["class": "B", "from": 252, "to": 500]], "score_classes"
        ),
        ("freshness_hours", ["entities": ["warn": 1, "error": 2]], "freshness_hours"),
        ("plan_rule_severities", ["general_cap": "fatal"], "plan_rule_severities.general_cap"),
        ("no_such_rule", 1, "no_such_rule"),
    ]

    @Test("of a rule of plans that the county says nothing of, the default holds")
    func severities() throws {
        let rules = try CountyRules.embedded()
        let changed = try rules.setting("plan_rule_severities", to: ["general_cap": "warning"], basis: "据")
        for rule in CountyRules.PlanRule.allCases {
            #expect(changed.severities[rule] == (rule == .generalCap ? .warning : rules.severities[rule]))
        }
    }

    @Test("a value of another shape is refused with the place of what is wrong", arguments: bad)
    func refuses(key: String, value: JSONValue, path: String) throws {
        let rules = try CountyRules.embedded()
        let error = try #require(throws: JSONError.self) { try rules.setting(key, to: value, basis: "据") }
        #expect(error.path == path, "\(error)")
    }

    @Test("a value that fits takes the place of the program's, with its own basis")
    func sets() throws {
        let rules = try CountyRules.embedded().setting(
            "rate_bands", to: ["A": ["max_ppm": 50_000]], basis: "固双随机办〔2026〕1号")
        #expect(rules.rateBands["A"] == CountyRules.Band(least: 0, most: 50_000))
        #expect(rules.rules.first { $0.key == "rate_bands" }?.basis == "固双随机办〔2026〕1号")
        #expect(try rules.rules.count == CountyRules.embedded().rules.count)
    }
}
