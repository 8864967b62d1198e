/// What the amendments of a round have made of its teams so far (draw-v1 §9): who sits where, and with which load.
public struct AmendedTeams: Sendable {
    private struct Part: Hashable {
        let visit: String
        let department: String
    }

    private var replacements: [Part: [(slot: Int, by: String?)]] = [:]
    private var loads: [String: Int] = [:]

    /// The teams as they were drawn.
    public init() {}

    /// Somebody else has a slot, or nobody.
    public mutating func replace(
        _ replaced: String, by substitute: String?, slot: Int, visit: String, department: String
    ) {
        replacements[Part(visit: visit, department: department), default: []].append((slot, substitute))
        loads[replaced, default: 0] -= 1
        if let substitute { loads[substitute, default: 0] += 1 }
    }

    /// How many slots more, or fewer, an inspector has than in the draw.
    public func load(of inspector: String) -> Int { loads[inspector] ?? 0 }

    /// Where somebody of a team sits now, and who has ever sat in it, who is not asked again.
    ///
    /// - Parameter drawn: the team as it was drawn, slot by slot.
    /// - Returns: `nil` when he is not of the team.
    public func seat(
        of inspector: String, in drawn: [String?], visit: String, department: String
    ) -> (slot: Int, excluded: Set<String>)? {
        var team = drawn
        var excluded = Set(drawn.compactMap { $0 })
        for (slot, substitute) in replacements[Part(visit: visit, department: department)] ?? []
        where team.indices.contains(slot) {
            team[slot] = substitute
            if let substitute { excluded.insert(substitute) }
        }
        return team.firstIndex(of: inspector).map { ($0, excluded) }
    }
}
