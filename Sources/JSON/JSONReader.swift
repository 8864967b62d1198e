/// Reads the members of an object one by one, knows where it is, and notices what nobody asked for.
///
/// Every slice reads its messages with this: read each field, then call `finish()`.
public struct JSONReader: Sendable {
    /// The path of the object within its document; empty for the document itself.
    public let path: String
    private var members: [String: JSONValue]

    /// A reader of an object.
    ///
    /// - Throws: `JSONError` when the value is no object.
    public init(_ value: JSONValue, path: String = "") throws {
        guard case .object(let members) = value else {
            throw JSONError(path: path, message: "is not an object; write {…}")
        }
        self.members = members
        self.path = path
    }

    /// A reader of a document.
    ///
    /// - Throws: `JSONError` when the bytes are no JSON object.
    public init(parsing bytes: [UInt8]) throws {
        try self.init(JSONValue(parsing: bytes))
    }

    /// An error at one of the object's fields.
    public func error(_ name: String, _ message: String) -> JSONError {
        JSONError(path: pathOf(name), message: message)
    }

    /// The path of one of the object's fields.
    public func pathOf(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    /// Whether a member is there and not read yet.
    public func has(_ name: String) -> Bool { members[name] != nil }

    /// A mandatory member, whatever it is.
    public mutating func value(_ name: String) throws -> JSONValue {
        guard let value = members.removeValue(forKey: name) else { throw error(name, "is missing; add it") }
        return value
    }

    /// An optional member; `null` counts as absent.
    public mutating func optionalValue(_ name: String) -> JSONValue? {
        let value = members.removeValue(forKey: name)
        return value == .null ? nil : value
    }

    /// Mandatory text.
    public mutating func string(_ name: String) throws -> String {
        guard let text = try value(name).text else { throw error(name, "is not text") }
        return text
    }

    /// Optional text.
    public mutating func optionalString(_ name: String) throws -> String? {
        guard let value = optionalValue(name) else { return nil }
        guard let text = value.text else { throw error(name, "is not text") }
        return text
    }

    /// A mandatory whole number within bounds.
    public mutating func integer(
        _ name: String, in bounds: ClosedRange<Int64> = 0...9_007_199_254_740_991
    ) throws -> Int64 {
        guard let number = try value(name).number, bounds.contains(number) else {
            throw error(name, "is not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// An optional whole number within bounds.
    public mutating func optionalInteger(
        _ name: String, in bounds: ClosedRange<Int64> = 0...9_007_199_254_740_991
    ) throws -> Int64? {
        guard let value = optionalValue(name) else { return nil }
        members[name] = value
        return try integer(name, in: bounds)
    }

    /// A mandatory `true` or `false`.
    public mutating func bool(_ name: String) throws -> Bool {
        guard case .bool(let flag) = try value(name) else { throw error(name, "is neither true nor false") }
        return flag
    }

    /// An optional `true` or `false`.
    public mutating func optionalBool(_ name: String) throws -> Bool? {
        guard has(name) else { return nil }
        return try bool(name)
    }

    /// A mandatory list.
    public mutating func array(_ name: String) throws -> [JSONValue] {
        guard let elements = try value(name).elements else { throw error(name, "is not a list; write […]") }
        return elements
    }

    /// A mandatory list of text.
    public mutating func strings(_ name: String) throws -> [String] {
        try array(name).enumerated().map { index, element in
            guard let text = element.text else { throw error("\(name)[\(index)]", "is not text") }
            return text
        }
    }

    /// A mandatory object.
    public mutating func object(_ name: String) throws -> JSONReader {
        try JSONReader(value(name), path: pathOf(name))
    }

    /// A mandatory list of objects.
    public mutating func objects(_ name: String) throws -> [JSONReader] {
        try array(name).enumerated().map { index, element in
            try JSONReader(element, path: pathOf("\(name)[\(index)]"))
        }
    }

    /// Makes sure that every member was asked for.
    ///
    /// - Throws: `JSONError` naming the first, by name, that was not.
    public func finish() throws {
        guard let unknown = members.keys.min() else { return }
        throw error(unknown, "is not a field of this message; remove it")
    }
}
