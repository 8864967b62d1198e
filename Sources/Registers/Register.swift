public import JSON

/// A register (库): one of the lists that county data feeds keep up to date.
public enum Register: String, Sendable, Hashable, CaseIterable {
    /// Which class each entity has by each classification, month by month (信用风险分类).
    case classes
    /// Who inspects: the county's departments (部门).
    case departments
    /// Who is inspected (检查对象名录库).
    case entities
    /// Who may be asked in special fields (专家库).
    case experts
    /// Who goes (执法检查人员名录库).
    case inspectors
    /// What is inspected (抽查事项清单).
    case items

    /// A column of a register's file and a member of its rows' JSON.
    public struct Column: Sendable, Hashable {
        /// What a column holds.
        public enum Kind: Sendable, Hashable {
            /// Text.
            case text
            /// A list of text; in a file its elements stand apart by `;`.
            case list
            /// `true` or `false`; in a file also 是 or 否.
            case flag
            /// A whole number, or nothing.
            case number
            /// A day, `YYYY-MM-DD`, or nothing.
            case day
        }

        /// Its name.
        public let name: String
        /// What it holds.
        public let kind: Kind
        /// Whether every file and row must have it. One that is left out says nothing: no text, an empty list, `false`.
        public let isRequired: Bool

        init(name: String, kind: Kind, isRequired: Bool = true) {
            self.name = name
            self.kind = kind
            self.isRequired = isRequired
        }
    }

    /// The columns of a file, in any order.
    public var columns: [Column] { Self.tables[self] ?? [] }

    private static let tables = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.listed) })

    private var listed: [Column] {
        func of(_ kind: Column.Kind, _ names: String...) -> [Column] { names.map { Column(name: $0, kind: kind) } }
        func may(_ kind: Column.Kind, _ names: String...) -> [Column] {
            names.map { Column(name: $0, kind: kind, isRequired: false) }
        }
        return switch self {
        case .classes:
            of(.text, "id", "month") + may(.text, "class") + may(.number, "score") + may(.text, "scheme", "entity")
        case .departments:
            of(.text, "id", "name") + of(.flag, "lead", "exempt") + may(.list, "units", "lines")
                + may(.text, "contact", "head")
        case .entities:
            of(.text, "id", "name", "credit", "region", "industry", "kind") + of(.list, "permits", "regulators")
                + of(.text, "address") + may(.text, "uscc") + may(.number, "score") + may(.list, "risks")
        case .experts:
            of(.text, "id", "name", "organisation", "organisation_kind") + of(.list, "fields") + may(.text, "contact")
                + may(.day, "valid_until")
        case .inspectors:
            of(.text, "id", "name", "department") + of(.list, "regions", "specialties") + of(.text, "certificate")
                + of(.day, "certificate_until") + of(.list, "recused") + may(.text, "unit", "category")
                + may(.list, "qualifications", "lines", "experience")
        case .items:
            of(.text, "id", "name", "legal_basis", "department", "object_kind") + of(.list, "methods")
                + of(.text, "category") + of(.number, "cap_ppm")
                + may(.text, "subject", "authority", "frequency", "line")
                + may(.day, "in_force_from", "in_force_until") + may(.flag, "joint")
                + may(.text, "joint_batch", "outside_reason", "checklist")
                + may(.list, "specialties", "kinds", "industries", "permits")
        }
    }

    /// Reads one row's JSON by the rules of the register, except for what only other rows can tell.
    ///
    /// - Returns: what breaks a rule; empty for a good row.
    public func findings(in body: JSONValue) -> [Finding] { findings(in: .object(body)) }

    func findings(in row: RowContent) -> [Finding] {
        do throws(InvalidRow) {
            let reader =
                switch row {
                case .cells(let cells): RowReader(cells)
                case .object(let body): try RowReader(body)
                }
            switch self {
            case .classes: _ = try Classification(reader)
            case .departments: _ = try Department(reader)
            case .entities: _ = try Entity(reader)
            case .experts: _ = try Expert(reader)
            case .inspectors: _ = try Inspector(reader)
            case .items: _ = try Item(reader)
            }
            return []
        } catch {
            return error.findings
        }
    }
}

extension Register.Column {
    /// The JSON of a value as it stands in a file. What does not fit the kind stays text, and is found by the rules.
    func value(of text: String) -> JSONValue {
        if text.isEmpty, !isRequired || kind == .number { return .null }
        switch kind {
        case .text, .day: return .string(text)
        case .list:
            if text.utf8.contains(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: " ") }) {
                return Self.list(text.utf8.split(separator: UInt8(ascii: ";")).map { $0.trimming(UInt8(ascii: " ")) })
            }
            return text.isEmpty ? [] : .array([.string(text)])
        case .flag:
            switch text {
            case "true", "是": return true
            case "false", "否": return false
            default: return .string(text)
            }
        case .number: return Int64(text).map { .integer($0) } ?? .string(text)
        }
    }

    /// A list as rows hold it: ascending by bytes, each element once.
    static func list(_ elements: [String]) -> JSONValue {
        if zip(elements, elements.dropFirst()).allSatisfy(utf8Precedes) { return .strings(elements) }
        return .array(Set(elements).sorted(by: utf8Precedes).map { .string($0) })
    }
}

/// The order of everything that is hashed: by UTF-8 bytes.
func utf8Precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

extension Substring.UTF8View {
    fileprivate func trimming(_ padding: UInt8) -> String {
        let inner = drop(while: { $0 == padding })
        guard let last = inner.lastIndex(where: { $0 != padding }) else { return "" }
        return String(Substring(inner[...last]))
    }
}
