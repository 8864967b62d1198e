import Draw
import JSON
import Registers
import Testing

@testable import Plans

/// Plans and registers that tests are made of.
enum PlanFixture {
    static func line(
        _ id: String, department: String = "SCJG", items: [String] = ["I-1"], pool: JSONValue = ["kinds": ["shop"]],
        sample: JSONValue = ["rate_ppm": 50_000], draws: Int = 1, methods: JSONValue = ["onsite"],
        windows: JSONValue = [["2026-03-01", "2026-06-30"]], joint: Bool = true, others: [String] = []
    ) -> JSONValue {
        [
            "id": .string(id), "title": .string("检查" + id), "pool": pool, "sample": sample, "draws": .integer(draws),
            "methods": methods, "windows": windows, "joint": .bool(joint),
            "coordination": .string(joint ? "joint" : "independent"),
            "parts": .array(
                ([department] + others).map { ["department": .string($0), "items": .strings(items)] }),
        ]
    }

    static func document(
        _ lines: [JSONValue], id: String = "P", department: String = "SCJG", version: Int = 1,
        participants: [String] = []
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id), "department": .string(department), "year": 2026, "version": .integer(version),
            "kind": participants.isEmpty ? "annual" : "joint", "title": "计划", "lines": .array(lines),
        ]
        if !participants.isEmpty {
            members["scope"] = "special"
            members["participants"] = .strings(participants)
        }
        return .object(members)
    }

    /// A roster of so many entities of each kind and class, in that order.
    static func roster(_ kinds: [(kind: String, credit: CreditClass, count: Int)], permits: [String] = []) -> [UInt8] {
        var number = 0
        var lines: [String] = []
        for (kind, credit, count) in kinds {
            for _ in 0..<count {
                number += 1
                lines.append(
                    RosterLine(
                        id: "E" + String(1_000_000 + number), credit: credit, region: "150222100", industry: "F52",
                        kind: kind, permits: permits, regulators: ["SCJG"], visits: 0
                    ).text)
            }
        }
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }

    /// Everything in order for the items of the plan's lines; departments have what is asked of them.
    static func findings(
        _ document: JSONValue, roster: [UInt8], change: (inout PlanFacts) -> Void = { _ in },
        rules: [String: JSONValue] = [:]
    ) throws -> [PlanFinding] {
        let plan = try Plan(json: document)
        let rules = try county(rules)
        let year = try PlannedYear(lines: PlannedYear.lines(of: [plan], rules: rules), roster: roster)
        var items: [String: PlanFacts.Item] = [:]
        for part in plan.lines.flatMap(\.parts) {
            for id in part.items {
                items[id] = PlanFacts.Item(
                    id: id, department: part.department, methods: ["online", "onsite", "written"],
                    checklists: [PlanFacts.Checklist(title: "检查表")])
            }
        }
        var facts = PlanFacts(
            year: year, items: items,
            joint: Dictionary(
                uniqueKeysWithValues: plan.departments.map { ($0, PlanFacts.Joint(led: 1, joined: 0)) }),
            shortages: [])
        change(&facts)
        return PlanRules.findings(plan, facts: facts, rules: rules)
    }

    /// The county's rules as they come, but for those that are given.
    static func county(_ changed: [String: JSONValue]) throws -> CountyRules {
        try changed.reduce(CountyRules.embedded()) { try $0.setting($1.key, to: $1.value, basis: "试验") }
    }
}
