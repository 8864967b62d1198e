import JSON
public import Registers

/// Findings of one category on one matter in one industry, within a window (同类问题).
public struct FindingGroup: Sendable, Hashable {
    /// The category.
    public let category: String
    /// The matter.
    public let item: String
    /// The industry, as far as its code is taken together.
    public let industry: String
    /// The matter's department.
    public let department: String
    /// How many findings.
    public let findings: Int
    /// At how many entities.
    public let entities: Int
    /// How many entities of the industry were looked at for this matter.
    public let inspected: Int

    /// A group of the given parts.
    public init(
        category: String, item: String, industry: String, department: String, findings: Int, entities: Int,
        inspected: Int
    ) {
        self.category = category
        self.item = item
        self.industry = industry
        self.department = department
        self.findings = findings
        self.entities = entities
        self.inspected = inspected
    }
}

/// The rate of a special inspection (专项检查) that is proposed because a finding has become common.
///
/// It is the share of the entities looked at in which the finding was made, within the county's bounds: what is more
/// common is drawn more. It is then planned and drawn like any other.
///
/// - Returns: the rate in parts per million, rounded up; `nil` when the finding is not common.
public func specialRate(for group: FindingGroup, rule: CountyRules.CommonFindings) -> Int? {
    guard group.findings >= rule.leastFindings, group.entities >= rule.leastEntities else { return nil }
    let inspected = max(group.inspected, group.entities, 1)
    let share = (group.entities * 1_000_000 + inspected - 1) / inspected
    return min(max(share, rule.ratePPM.lowerBound), rule.ratePPM.upperBound)
}
