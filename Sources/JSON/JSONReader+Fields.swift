// Short forms for the fields that most messages have.
extension JSONReader {
    /// A reader of a whole document.
    ///
    /// - Throws: `JSONError`, also when the bytes are no JSON: then the path is empty and the message says where.
    public init(parsing bytes: some Collection<UInt8>) throws {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch let error as JSONSyntaxError {
            throw JSONError(path: "", message: error.description)
        }
        try self.init(JSONField(document))
    }

    /// A reader of an object at a path.
    public init(_ value: JSONValue, path: String = "") throws {
        try self.init(JSONField(value, path: path))
    }

    /// An error at one of the object's fields.
    public func error(_ name: String, _ message: String) -> JSONError {
        JSONError(path: pathOf(name), message: message)
    }

    /// The path of one of the object's fields.
    public func pathOf(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    /// A mandatory field, whatever it is.
    public mutating func value(_ name: String) throws -> JSONValue { try required(name).value }

    /// Mandatory text.
    public mutating func string(_ name: String) throws -> String { try required(name).string() }

    /// Text that may be absent or `null`.
    public mutating func optionalString(_ name: String) throws -> String? {
        try optional(name)?.nullable()?.string()
    }

    /// A mandatory whole number within bounds.
    public mutating func integer(
        _ name: String, in bounds: ClosedRange<Int> = 0...Int(JSONValue.largestInteger)
    ) throws -> Int { try required(name).integer(in: bounds) }

    /// A mandatory `true` or `false`.
    public mutating func bool(_ name: String) throws -> Bool { try required(name).bool() }

    /// A mandatory list.
    public mutating func array(_ name: String) throws -> [JSONValue] { try required(name).elements().map(\.value) }

    /// A mandatory list of text.
    public mutating func strings(_ name: String) throws -> [String] { try required(name).strings() }

    /// A mandatory list of objects.
    public mutating func objects(_ name: String) throws -> [JSONReader] {
        try required(name).array { try JSONReader($0) }
    }
}

extension JSONValue {
    /// Reads one document of text.
    ///
    /// - Throws: `JSONSyntaxError` with line and column.
    public init(parsing text: String) throws { try self.init(parsing: Array(text.utf8)) }

    /// The text, when the value is text.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, when the value is one.
    public var number: Int? {
        guard case .integer(let number) = self else { return nil }
        return Int(number)
    }

    /// The elements, when the value is a list.
    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}
