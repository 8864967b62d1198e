/// What is wrong with a JSON document, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the field, such as `requests[3].pool.credit`; empty when the text itself is broken.
    public let path: String
    /// What is wrong and what would be right.
    public let message: String
    /// The line, from 1, when the text itself is broken.
    public let line: Int?
    /// The byte within the line, from 1, when the text itself is broken.
    public let column: Int?

    /// An error at a field.
    public init(path: String, message: String, line: Int? = nil, column: Int? = nil) {
        self.path = path
        self.message = message
        self.line = line
        self.column = column
    }

    /// Place and message in one line.
    public var description: String {
        if let line, let column { return "line \(line), column \(column): \(message)" }
        return path.isEmpty ? message : "\(path): \(message)"
    }
}

extension JSONValue {
    /// How deep a document may be nested.
    public static let maximumDepth = 64

    /// Reads one document (RFC 8259) strictly: no repeated names, no fractions, no invalid UTF-8, nothing after it.
    ///
    /// - Throws: `JSONError` with line and column.
    public init(parsing bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBufferPointer { buffer in
            var parser = Parser(bytes: buffer)
            return try parser.document()
        }
    }

    /// Reads one document of text.
    ///
    /// - Throws: `JSONError` with line and column.
    public init(parsing text: String) throws {
        try self.init(parsing: Array(text.utf8))
    }
}

private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0
    var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    func failure(_ message: String, at place: Int? = nil) -> JSONError {
        let end = min(place ?? position, bytes.count)
        var line = 1
        var start = 0
        for index in 0..<end where bytes[index] == 0x0A {
            line += 1
            start = index + 1
        }
        return JSONError(path: "", message: message, line: line, column: end - start + 1)
    }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    mutating func document() throws -> JSONValue {
        let result = try value()
        skipSpace()
        guard position == bytes.count else { throw failure("there is more after the document; send one document") }
        return result
    }

    mutating func value() throws -> JSONValue {
        skipSpace()
        guard let byte = current else { throw failure("the document ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try integer())
        default: throw failure("no JSON value starts like this")
        }
    }

    mutating func word(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] })
        else { throw failure("no JSON value starts like this") }
        position += count
        return value
    }

    mutating func integer() throws -> Int64 {
        let start = position
        let negative = current == UInt8(ascii: "-")
        if negative { position += 1 }
        let digits = position
        var number: Int64 = 0
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            let (product, high) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(byte - 0x30))
            guard !high, !carry else {
                throw failure("the number is too large; use whole numbers below 2^63", at: start)
            }
            number = sum
            position += 1
        }
        guard position > digits else { throw failure("a number has no digits", at: start) }
        guard position == digits + 1 || bytes[digits] != 0x30 else {
            throw failure("a number begins with 0; leave it out", at: start)
        }
        if let byte = current, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
            throw failure("the number is not written as a whole number; rates are in parts per million", at: start)
        }
        guard !negative || number != 0 else { throw failure("-0 is not canonical; write 0", at: start) }
        return negative ? -number : number
    }

    mutating func array() throws -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
        } else {
            repeat { elements.append(try value()) } while try another(closing: UInt8(ascii: "]"))
        }
        depth -= 1
        return .array(elements)
    }

    mutating func object() throws -> JSONValue {
        try enter()
        var members: [String: JSONValue] = [:]
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
        } else {
            repeat {
                skipSpace()
                let place = position
                guard current == UInt8(ascii: "\"") else { throw failure("a member's name is missing") }
                let name = try string()
                skipSpace()
                guard current == UInt8(ascii: ":") else { throw failure("a colon is missing after a member's name") }
                position += 1
                guard members.updateValue(try value(), forKey: name) == nil else {
                    throw failure("the member \(name) is there twice; keep one", at: place)
                }
            } while try another(closing: UInt8(ascii: "}"))
        }
        depth -= 1
        return .object(members)
    }

    private mutating func enter() throws {
        depth += 1
        guard depth <= JSONValue.maximumDepth else { throw failure("nested deeper than \(JSONValue.maximumDepth)") }
        position += 1
    }

    private mutating func another(closing: UInt8) throws -> Bool {
        skipSpace()
        guard let byte = current, byte == closing || byte == UInt8(ascii: ",") else {
            throw failure("a comma or a closing bracket is missing")
        }
        position += 1
        return byte != closing
    }

    mutating func string() throws -> String {
        let opening = position
        position += 1
        let start = position
        // Nearly every string has no escape: find its end, then validate it in one go.
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if current == UInt8(ascii: "\"") {
            let text = try validated(UnsafeBufferPointer(rebasing: bytes[start..<position]), at: opening)
            position += 1
            return text
        }
        var content = Array(bytes[start..<position])
        while true {
            guard let byte = current else { throw failure("a string does not end", at: opening) }
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try content.withUnsafeBufferPointer { try validated($0, at: opening) }
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw failure("a control character stands in a string; escape it", at: position - 1)
            default: content.append(byte)
            }
        }
    }

    private func validated(_ slice: UnsafeBufferPointer<UInt8>, at place: Int) throws -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw failure("a string is not UTF-8; save the file as UTF-8", at: place)
        }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        guard let byte = current else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexUnit()
            if (0xD800..<0xDC00).contains(code), current == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hexUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair stands alone") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair stands alone") }
            content.append(contentsOf: String(Character(scalar)).utf8)
        default: throw failure("no such escape in JSON", at: position - 1)
        }
    }

    private mutating func hexUnit() throws -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("a string does not end") }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure("four hex digits follow \\u")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
