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
        switch row {
        case .cells(let cells): findings { RowReader(cells) }
        case .object(let body): findings { () throws(InvalidRow) in try RowReader(body) }
        }
    }

    /// What breaks a rule in the row that a reader reads.
    func findings(_ reader: () throws(InvalidRow) -> RowReader) -> [Finding] {
        do throws(InvalidRow) {
            switch self {
            case .classes: _ = try Classification(reader())
            case .departments: _ = try Department(reader())
            case .entities: _ = try Entity(reader())
            case .experts: _ = try Expert(reader())
            case .inspectors: _ = try Inspector(reader())
            case .items: _ = try Item(reader())
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
            var text = text
            return Self.list(text.withUTF8 { ListedElements(of: $0).map { String(decoding: $0, as: UTF8.self) } })
        case .flag:
            switch text {
            case "true", "是": return true
            case "false", "否": return false
            default: return .string(text)
            }
        case .number: return Int64(text).map { .integer($0) } ?? .string(text)
        }
    }

    /// Appends the canonical form of that JSON, for a text that is given by its UTF-8.
    func appendValue(of text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        let isNothing = text.isEmpty && !isRequired
        if !isNothing, kind == .text || kind == .day {
            JSONValue.appendCanonical(utf8: text, to: &output)
        } else if isNothing || kind != .list || !appendAscending(ListedElements(of: text), to: &output) {
            value(of: String(decoding: text, as: UTF8.self)).appendCanonical(to: &output)
        }
    }

    /// Appends a list whose elements ascend by bytes.
    ///
    /// - Returns: whether they do; if not, nothing is appended.
    private func appendAscending(_ elements: ListedElements, to output: inout [UInt8]) -> Bool {
        let start = output.count
        output.append(UInt8(ascii: "["))
        var last: UnsafeBufferPointer<UInt8>?
        for element in elements {
            if let last {
                guard last.lexicographicallyPrecedes(element) else {
                    output.removeSubrange(start...)
                    return false
                }
                output.append(UInt8(ascii: ","))
            }
            JSONValue.appendCanonical(utf8: element, to: &output)
            last = element
        }
        output.append(UInt8(ascii: "]"))
        return true
    }

    /// A list as rows hold it: ascending by bytes, each element once.
    static func list(_ elements: [String]) -> JSONValue {
        if zip(elements, elements.dropFirst()).allSatisfy(utf8Precedes) { return .strings(elements) }
        return .array(Set(elements).sorted(by: utf8Precedes).map { .string($0) })
    }
}

/// The elements of a list as it stands in a file, by their UTF-8: parted by `;`, without outer spaces.
private struct ListedElements: Sequence, IteratorProtocol {
    private var rest: Slice<UnsafeBufferPointer<UInt8>>

    init(of text: UnsafeBufferPointer<UInt8>) { rest = text[...] }

    mutating func next() -> UnsafeBufferPointer<UInt8>? {
        rest = rest.drop { $0 == UInt8(ascii: ";") }
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
        var element = rest[..<end].drop { $0 == UInt8(ascii: " ") }
        while element.last == UInt8(ascii: " ") { element.removeLast() }
        rest = rest[end...]
        return UnsafeBufferPointer(rebasing: element)
    }
}

/// The order of everything that is hashed: by UTF-8 bytes.
func utf8Precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
