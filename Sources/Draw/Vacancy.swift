/// A slot of a drawn team that has become empty, and who may fill it (替补检查人员): draw-v1 §9.
public struct Vacancy: Sendable {
    /// The visit as the matching saw it.
    public let visit: TeamVisit
    /// The department whose team it is.
    public let department: String
    /// The draw's seed, 64 lower-case hexadecimal digits.
    public let seed: String
    /// The slot, from 0.
    public let slot: Int
    /// Who is not asked: the team itself, those already replaced at this visit, and those who cannot come.
    public let excluded: Set<String>

    /// A vacancy of the given parts.
    public init(visit: TeamVisit, department: String, seed: String, slot: Int, excluded: Set<String>) {
        self.visit = visit
        self.department = department
        self.seed = seed
        self.slot = slot
        self.excluded = excluded
    }

    /// The specialty that the slot needs; `nil` for a general one.
    public var specialty: String? { slot < visit.specialties.count ? visit.specialties[slot] : nil }

    /// The next in the slot's order of preference, among those who may fill it, with the smallest load.
    ///
    /// - Parameters:
    ///   - inspectors: the frozen lines of the round.
    ///   - load: the load of an inspector after the draw and the amendments before this one.
    /// - Returns: `nil` when nobody may fill the slot.
    public func substitute(among inspectors: [InspectorLine], load: (InspectorLine) -> Int) -> InspectorLine? {
        let stream = Hash(of: "\(seed):match:\(department)").hex
        return inspectors.filter(mayFill)
            .map { (line: $0, load: load($0), preference: Hash(of: stream + visit.id + $0.id)) }
            .min { ($0.load, $0.preference) < ($1.load, $1.preference) }?
            .line
    }

    /// Whether an inspector may fill the slot: draw-v1 §7.
    func mayFill(_ inspector: InspectorLine) -> Bool {
        inspector.department == department && !excluded.contains(inspector.id)
            && inspector.certificateUntil >= visit.lastDay
            && (inspector.regions.isEmpty || inspector.regions.contains { visit.region.utf8.starts(with: $0.utf8) })
            && !inspector.recused.contains(visit.entity)
            && (specialty.map { inspector.specialties.contains($0) } ?? true)
    }
}

extension TeamVisit {
    /// The drawn team slot by slot (draw-v1 §8): the result leaves empty slots out and lists their specialties.
    ///
    /// - Returns: for each slot its inspector, `nil` where it stayed empty. Of empty general slots the last ones are meant.
    public func slots(inspectors: [String], missing: [String]) -> [String?] {
        let size = max(2, specialties.count, team)
        var rest = inspectors[...]
        return (0..<size).map { slot in
            if slot < specialties.count, missing.contains(specialties[slot]) { return nil }
            return rest.popFirst()
        }
    }
}
