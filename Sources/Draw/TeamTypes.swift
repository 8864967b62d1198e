/// What the matching of teams (检查组) needs to know of one visit, for one department.
public struct TeamVisit: Sendable {
    /// The visit's id.
    public let id: String
    /// The entity's region, which an inspector's prefixes must cover.
    public let region: String
    /// The entity's id, which decides about recusal (回避).
    public let entity: String
    /// The last day of the visit's window, `YYYY-MM-DD`; certificates must be valid on it.
    public let lastDay: String
    /// The specialties that this department's requests of the visit name, ascending, each once.
    public let specialties: [String]
    /// The largest `team` of this department's requests of the visit.
    public let team: Int

    /// Makes a visit from its parts.
    public init(id: String, region: String, entity: String, lastDay: String, specialties: [String], team: Int) {
        self.id = id
        self.region = region
        self.entity = entity
        self.lastDay = lastDay
        self.specialties = specialties
        self.team = team
    }
}

/// The team (检查组) that one department sends to one visit.
public struct TeamAssignment: Sendable, Hashable {
    /// Ids of the inspectors in slot order, empty slots left out.
    public let inspectors: [String]
    /// The specialty of each empty slot in slot order, `""` for a general one.
    public let missing: [String]

    /// Makes an assignment from its parts.
    public init(inspectors: [String], missing: [String]) {
        self.inspectors = inspectors
        self.missing = missing
    }
}
