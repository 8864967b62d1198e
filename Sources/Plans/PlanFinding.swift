import Cluster
public import JSON
public import Registers

/// What a rule of plans has against a plan, or one of its lines (计划规则检查).
public struct PlanFinding: Sendable, Hashable {
    /// The rule.
    public let rule: CountyRules.PlanRule
    /// What it means in this county.
    public let severity: CountyRules.Severity
    /// The line's id; `nil` when the whole plan is meant.
    public let line: String?
    /// What is wrong and what would be right, in Chinese.
    public let message: String
    /// What the rule rests on, in Chinese.
    public let basis: String

    /// The finding as receipts and records hold it.
    public var json: JSONValue {
        [
            "rule": .string(rule.rawValue), "severity": .string(severity.rawValue), "line": .nullable(line),
            "message": .string(message), "basis": .string(basis),
        ]
    }

    /// The finding as a reason against the plan.
    var reason: Reason {
        Reason(
            field: line.map { "lines[\($0)]" } ?? "plan", code: "rule.\(rule.rawValue)",
            message: "\(message)（依据：\(basis)）")
    }
}

/// What the rules need to know beside the plan (规则检查所需数据).
struct PlanFacts: Sendable {
    /// An item of the catalogue in force.
    struct Item: Sendable, Equatable {
        var id: String
        var name = ""
        var legalBasis = ""
        var department: String
        var methods: [String]
        /// The cap of a general item, in parts per million; `nil` for a key item.
        var capPPM: Int?
        var inForceFrom: String?
        var inForceUntil: String?
        var checklists: [Checklist] = []
    }

    /// A checklist of an item (检查表) with the days on which it is in force, both ends included; open ends are `nil`.
    struct Checklist: Sendable, Equatable {
        var title: String
        var first: String?
        var last: String?
    }

    /// How many joint inspections a department leads and takes part in, this plan included.
    struct Joint: Sendable, Equatable {
        var led = 0
        var joined = 0
        /// Whether it has items at all, and is not exempt.
        var isBound = true
    }

    /// A team of the dry matching that lacks somebody.
    struct Shortage: Sendable, Equatable {
        var line: String
        var department: String
        /// `""` for anybody.
        var specialty: String
        var slots: Int
    }

    var year: PlannedYear
    var items: [String: Item]
    var joint: [String: Joint]
    var shortages: [Shortage]
}
