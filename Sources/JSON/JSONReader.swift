/// Why a well-formed JSON value is not what a message or file must hold, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place, such as `requests[3].pool.credit`; empty for the whole value.
    public let path: String
    /// What is wrong there.
    public let message: String

    /// Makes an error from its parts.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// `requests[3].pool.credit: a list is expected, found null`.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// One value within a JSON document, with its path: what decoding reads.
///
/// ```swift
/// let request = try JSONField(JSONValue(parsing: bytes)).object { reader in
///     try Opening(
///         round: reader.required("round").string(),
///         attempts: reader.optional("attempts")?.integer(in: 1...9) ?? 1,
///         departments: reader.required("departments").array { try $0.string() },
///         replaces: reader.required("replaces").nullable()?.string())
/// }   // an unknown key is an error here
/// ```
public struct JSONField: Sendable {
    /// The value.
    public let value: JSONValue
    /// Its path from the document's root, such as `requests[3].pool.credit`; empty for the root itself.
    public let path: String

    /// Makes the field of a document's root, or of a part whose path is known.
    public init(_ value: JSONValue, path: String = "") {
        self.value = value
        self.path = path
    }

    /// An error at this field.
    public func error(_ message: String) -> JSONError { JSONError(path: path, message: message) }

    fileprivate func unexpected(_ chinese: String, _ expected: String) -> JSONError {
        error("应为\(chinese) / \(expected) is expected, found \(value.kind)")
    }

    /// This field, or `nil` when it is `null`.
    public func nullable() -> JSONField? { value == .null ? nil : self }

    /// A string.
    /// - Throws: ``JSONError``, as all reading does.
    public func string() throws -> String {
        guard case .string(let string) = value else { throw unexpected("文本", "a string") }
        return string
    }

    /// A string that `isValid` accepts; `expected` completes the sentence “… is expected”.
    public func string(_ expected: String, where isValid: (String) -> Bool) throws -> String {
        let string = try string()
        guard isValid(string) else { throw error("“\(string)”不符合要求 / \(expected) is expected, found \"\(string)\"") }
        return string
    }

    /// A string that is the raw value of a case.
    public func choice<Choice: RawRepresentable & CaseIterable>(of type: Choice.Type = Choice.self) throws -> Choice
    where Choice.RawValue == String {
        let string = try string()
        guard let choice = Choice(rawValue: string) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("“\(string)”不是以下之一：\(choices) / one of \(choices) is expected, found \"\(string)\"")
        }
        return choice
    }

    /// An integer within `range`, by default 0 … 2⁵³−1.
    public func integer(in range: ClosedRange<Int> = 0...Int(JSONValue.largestInteger)) throws -> Int {
        guard case .integer(let integer) = value else { throw unexpected("整数", "an integer") }
        guard range.contains(Int(integer)) else {
            throw error(
                "应为 \(range.lowerBound) 至 \(range.upperBound) 的整数，现为 \(integer) / an integer from "
                    + "\(range.lowerBound) to \(range.upperBound) is expected, found \(integer)")
        }
        return Int(integer)
    }

    /// A boolean.
    public func bool() throws -> Bool {
        guard case .bool(let bool) = value else { throw unexpected("true（是）或 false（否）", "a boolean") }
        return bool
    }

    /// The elements of a list.
    public func elements() throws -> [JSONField] {
        guard case .array(let elements) = value else { throw unexpected("列表", "a list") }
        return elements.enumerated().map { JSONField($1, path: "\(path)[\($0)]") }
    }

    /// A list, each element read by `read`.
    public func array<Element>(_ read: (JSONField) throws -> Element) throws -> [Element] {
        try elements().map(read)
    }

    /// A list of strings.
    public func strings() throws -> [String] { try array { try $0.string() } }

    /// The members of an object whose names are data, ascending by name.
    public func members() throws -> [(name: String, field: JSONField)] {
        guard case .object(let members) = value else { throw unexpected("对象（各项带名称）", "an object") }
        return members.sorted { precedesByUTF16($0.key.utf8, $1.key.utf8) }
            .map { ($0.key, JSONField($0.value, path: Self.path(path, $0.key))) }
    }

    /// An object, read by `read`; members that it did not ask for are an error.
    public func object<Result>(_ read: (inout JSONReader) throws -> Result) throws -> Result {
        var reader = try JSONReader(self)
        let result = try read(&reader)
        try reader.finish()
        return result
    }

    static func path(_ parent: String, _ name: String) -> String {
        let plain =
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !".[]\":\\".utf8.contains($0) }
        if !plain { return "\(parent)[\(JSONValue.string(name).canonicalText)]" }
        return parent.isEmpty ? name : "\(parent).\(name)"
    }
}

/// A cursor over an object's members; ``finish()`` refuses those that nobody asked for.
public struct JSONReader {
    /// The object's path.
    public let path: String
    private let members: [String: JSONValue]
    private var asked: Set<String> = []

    /// Starts reading an object.
    /// - Throws: ``JSONError`` when the field is no object.
    public init(_ field: JSONField) throws {
        guard case .object(let members) = field.value else {
            throw field.unexpected("对象（各项带名称）", "an object")
        }
        self.path = field.path
        self.members = members
    }

    /// The member `name`.
    /// - Throws: ``JSONError`` when it is missing.
    public mutating func required(_ name: String) throws -> JSONField {
        guard let field = optional(name) else {
            throw JSONError(path: JSONField.path(path, name), message: "缺少此项，请补上 / is missing; add it")
        }
        return field
    }

    /// The member `name`, or `nil` when it is missing. `null` is a value: see ``JSONField/nullable()``.
    public mutating func optional(_ name: String) -> JSONField? {
        asked.insert(name)
        return members[name].map { JSONField($0, path: JSONField.path(path, name)) }
    }

    /// Ends reading.
    /// - Throws: ``JSONError`` naming the first member that was never asked for.
    public func finish() throws {
        let unknown = members.keys.filter { !asked.contains($0) }
        if let first = unknown.min(by: { precedesByUTF16($0.utf8, $1.utf8) }) {
            throw JSONError(
                path: JSONField.path(path, first), message: "没有这一项，请删去或核对名称 / this key is not known here; remove it")
        }
    }
}
