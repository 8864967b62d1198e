/// Why a text is not JSON as this project takes it, and where.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// The column in that line, from 1, counted in Unicode scalar values.
    public let column: Int
    /// What is wrong there.
    public let message: String

    /// Makes an error from its parts.
    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// `line 3, column 14: …`.
    public var description: String { "line \(line), column \(column): \(message)" }
}

extension JSONValue {
    /// Nested lists and objects beyond this depth are refused, so that no text can exhaust the stack.
    public static let deepestNesting = 64

    /// Parses one JSON text, strictly.
    ///
    /// Refused are repeated names, invalid UTF-8, lone surrogates, a byte order mark, anything after the value, numbers
    /// with fraction or exponent or outside ±(2⁵³−1), and nesting deeper than ``deepestNesting``. White space is allowed.
    /// - Throws: ``JSONSyntaxError`` with line, column and reason.
    public init(parsing bytes: some Collection<UInt8>) throws {
        let parsed = try bytes.withContiguousStorageIfAvailable { try JSONParser.parse($0) }
        self = try parsed ?? Array(bytes).withUnsafeBufferPointer { try JSONParser.parse($0) }
    }

    /// Parses one JSON object as strictly, but hands over the elements of one of its lists instead of keeping them.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - name: the list's.
    ///   - body: takes each element, with the members that stand before the list. The rest of the text is not yet known to
    ///     be JSON then.
    /// - Returns: the other members.
    /// - Throws: ``JSONSyntaxError``, also when this is no object or the member no list, and what `body` throws.
    public static func parsing(
        _ bytes: [UInt8], each name: String, _ body: (JSONValue, [String: JSONValue]) throws -> Void
    ) throws -> [String: JSONValue] {
        try bytes.withUnsafeBufferPointer { try JSONParser.parse($0, each: name, body) }
    }
}

/// A recursive-descent parser over bytes that stay put while it runs.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// For so many elements room is made at once.
    private static let mostAtOnce = 64

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        parser.skipWhiteSpace()
        let value = try parser.value(depth: 0)
        parser.skipWhiteSpace()
        guard parser.position == bytes.count else { throw parser.error("unexpected text after the value") }
        return value
    }

    static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, each name: String, _ body: (JSONValue, [String: JSONValue]) throws -> Void
    ) throws -> [String: JSONValue] {
        var parser = JSONParser(bytes: bytes)
        var members: [String: JSONValue] = [:]
        parser.skipWhiteSpace()
        guard parser.next == UInt8(ascii: "{") else { throw parser.error("an object is expected") }
        var isFound = false
        try parser.members { parser, key in
            guard key == name else { return members.updateValue(try parser.value(depth: 1), forKey: key) == nil }
            guard parser.next == UInt8(ascii: "[") else { throw parser.error("a list is expected") }
            defer { isFound = true }
            guard !isFound else { return false }
            // Mostly a list has as many elements as the one before.
            var room = 0
            try parser.elements { parser in
                guard parser.next == UInt8(ascii: "[") else { return try body(try parser.value(depth: 2), members) }
                let list = try parser.array(depth: 3, room: room)
                room = min(list.count, mostAtOnce)
                try body(.array(list), members)
            }
            return true
        }
        parser.skipWhiteSpace()
        guard parser.position == bytes.count else { throw parser.error("unexpected text after the value") }
        return members
    }

    /// Parses the one value that starts at an offset, and says where it ends.
    static func parseValue(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) throws -> (JSONValue, end: Int) {
        var parser = JSONParser(bytes: bytes)
        parser.position = offset
        let value = try parser.value(depth: 0)
        return (value, parser.position)
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(at: offset ?? position, of: bytes, message: message)
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard let next else { throw error("the text ends where a value is expected") }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try integer())
        default: throw error("a value is expected")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let spelled = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: spelled) else { throw error("a value is expected") }
        position += spelled.count
        return value
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        guard depth <= JSONValue.deepestNesting else { throw error("nested too deeply") }
        var members: [String: JSONValue] = [:]
        try self.members { parser, name in
            members.updateValue(try parser.value(depth: depth), forKey: name) == nil
        }
        return .object(members)
    }

    /// Walks over an object's members. `take` reads a value, and says whether the name came for the first time.
    @inline(__always)
    private mutating func members(_ take: (inout JSONParser, String) throws -> Bool) throws {
        position += 1
        skipWhiteSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            skipWhiteSpace()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw error("a name in double quotes is expected") }
            let name = try string()
            skipWhiteSpace()
            guard next == UInt8(ascii: ":") else { throw error("':' is expected") }
            position += 1
            skipWhiteSpace()
            guard try take(&self, name) else { throw error("the name \"\(name)\" is repeated", at: start) }
            skipWhiteSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return
            default: throw error("',' or '}' is expected")
            }
        }
    }

    private mutating func array(depth: Int, room: Int = 0) throws -> [JSONValue] {
        guard depth <= JSONValue.deepestNesting else { throw error("nested too deeply") }
        var elements: [JSONValue] = []
        elements.reserveCapacity(room)
        try self.elements { parser in elements.append(try parser.value(depth: depth)) }
        return elements
    }

    /// Walks over a list's elements, each of which `take` reads.
    @inline(__always)
    private mutating func elements(_ take: (inout JSONParser) throws -> Void) throws {
        position += 1
        skipWhiteSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            skipWhiteSpace()
            try take(&self)
            skipWhiteSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return
            default: throw error("',' or ']' is expected")
            }
        }
    }

    private mutating func integer() throws -> Int64 {
        let start = position
        let negative = next == UInt8(ascii: "-")
        if negative { position += 1 }
        let firstDigit = position
        var magnitude: Int64 = 0
        while let byte = next, byte >= 0x30, byte <= 0x39 {
            magnitude = magnitude * 10 + Int64(byte - 0x30)
            guard magnitude <= JSONValue.largestInteger else {
                throw error("the integer is outside ±9007199254740991", at: start)
            }
            position += 1
        }
        guard position > firstDigit else { throw error("a digit is expected") }
        guard position == firstDigit + 1 || bytes[firstDigit] != 0x30 else {
            throw error("a number must not start with 0", at: start)
        }
        guard !(negative && magnitude == 0) else { throw error("-0 is no integer; write 0", at: start) }
        if let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw error("numbers with fraction or exponent are not taken; write an integer", at: start)
        }
        return negative ? -magnitude : magnitude
    }

    private mutating func string() throws -> String {
        let quote = position
        position += 1
        let start = position
        var seen: UInt8 = 0
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            seen |= byte
            position += 1
        }
        if next == UInt8(ascii: "\"") {
            let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
            position += 1
            return try checked(text, isASCII: seen < 0x80, from: quote)
        }
        var decoded = Array(bytes[start..<position])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try decoded.withUnsafeBufferPointer { try checked($0, isASCII: false, from: quote) }
            case UInt8(ascii: "\\"): try escape(into: &decoded)
            case 0..<0x20: throw error("a control character in a string must be escaped")
            default:
                decoded.append(byte)
                position += 1
            }
        }
        throw error("the string does not end", at: quote)
    }

    /// The bytes as text. Decoding repairs what is not UTF-8, by which it is found out; it is many times as fast as the
    /// standard library's validating initializer, which is not specialized.
    private func checked(_ bytes: UnsafeBufferPointer<UInt8>, isASCII: Bool, from quote: Int) throws -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        guard isASCII || text.withUTF8({ $0.elementsEqual(bytes) })
        else {
            throw error("the string is not valid UTF-8", at: quote)
        }
        return text
    }

    private mutating func escape(into decoded: inout [UInt8]) throws {
        let start = position
        position += 1
        guard let byte = next else { throw error("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0c)
        case UInt8(ascii: "n"): decoded.append(0x0a)
        case UInt8(ascii: "r"): decoded.append(0x0d)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            var code = try codeUnit()
            if code >= 0xd800, code < 0xdc00, position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try codeUnit()
                guard low >= 0xdc00, low < 0xe000 else { throw error("a lone surrogate", at: start) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("a lone surrogate", at: start) }
            decoded.append(contentsOf: String(scalar).utf8)
        default: throw error("an unknown escape", at: start)
        }
    }

    private mutating func codeUnit() throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = hexValue(byte) else { throw error("four hex digits are expected") }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}

/// The value of a hexadecimal digit of either case.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension JSONSyntaxError {
    init(at offset: Int, of bytes: UnsafeBufferPointer<UInt8>, message: String) {
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        self.init(
            line: before.count { $0 == 0x0a } + 1,
            // Continuation bytes of UTF-8 start no scalar value.
            column: before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1,
            message: message)
    }
}
