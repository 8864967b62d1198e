/// One line of the frozen `inspectors.tsv` (执法检查人员名录): draw-v1 §1.
public struct InspectorLine: Sendable, Hashable {
    /// The inspector's id, unique in the file.
    public let id: String
    /// The one department the inspector belongs to.
    public let department: String
    /// Prefixes of the regions served; empty means everywhere.
    public let regions: [String]
    /// Specialties held, ascending.
    public let specialties: [String]
    /// Last day (`YYYY-MM-DD`) on which the certificate is valid.
    public let certificateUntil: String
    /// Slots assigned so far this year.
    public let load: Int
    /// Ids of the entities the inspector must not visit (回避).
    public let recused: [String]

    /// Makes a line from its columns.
    public init(
        id: String, department: String, regions: [String], specialties: [String], certificateUntil: String,
        load: Int, recused: [String]
    ) {
        self.id = id
        self.department = department
        self.regions = regions
        self.specialties = specialties
        self.certificateUntil = certificateUntil
        self.load = load
        self.recused = recused
    }
}
