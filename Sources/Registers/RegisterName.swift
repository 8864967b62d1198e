/// What can be read as a register: one that feeds keep, or one that statements make.
public enum RegisterName: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Kept by feeds.
    case fed(Register)
    /// Made by statements.
    case stated(StatedRegister)

    /// The registers that statements make.
    public enum StatedRegister: String, Sendable, Hashable, CaseIterable {
        /// Inspectors who are away (缺勤).
        case absences
        /// Checklists of items (检查表).
        case checklists
        /// Work rules and guides (工作细则、工作指引).
        case documents
        /// Classes by hand (人工调整等级).
        case overrides
        /// How old the rows of a source may be (更新时限).
        case freshness
        /// Recusals (回避).
        case recusals
        /// The county's own rules (县级规则).
        case rules
        /// Named parts of registers (子库).
        case subRegisters = "sub-registers"

        /// The kind of the statements.
        var kind: String {
            switch self {
            case .absences: Absence.kind
            case .checklists: Checklist.kind
            case .documents: WorkDocument.kind
            case .overrides: ClassOverride.kind
            case .freshness: FreshnessSetting.kind
            case .recusals: Recusal.kind
            case .rules: RuleSetting.kind
            case .subRegisters: SubRegister.kind
            }
        }
    }

    /// Every name.
    public static let allCases: [RegisterName] =
        Register.allCases.map { .fed($0) } + StatedRegister.allCases.map { .stated($0) }

    /// The register of this name.
    public init?(_ name: String) {
        guard let found = Self.allCases.first(where: { $0.description == name }) else { return nil }
        self = found
    }

    /// Its name.
    public var description: String {
        switch self {
        case .fed(let register): register.rawValue
        case .stated(let register): register.rawValue
        }
    }
}
