public import JSON

/// What is wrong with a draw's input, where, and what to do: one line for whoever has to mend it.
public struct DrawError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name, such as `roster.tsv`.
    public let file: String
    /// The line, from 1; `nil` for the file as a whole.
    public let line: Int?
    /// The column of a text file or the path in a JSON document, such as `requests[3].pool.credit`.
    public let field: String?
    /// What is wrong.
    public let problem: String
    /// What to do about it.
    public let remedy: String

    /// Makes an error from its parts.
    public init(file: String, line: Int? = nil, field: String? = nil, problem: String, remedy: String) {
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem
        self.remedy = remedy
    }

    /// `roster.tsv:17: credit: found "E"; write A, B, C, D or -`, always on one line.
    public var description: String {
        let place = [line.map { "\(file):\($0)" } ?? file, field].compactMap { $0 }.filter { !$0.isEmpty }
        let text = place.joined(separator: ": ") + ": " + problem + "; " + remedy
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    }
}

extension DrawError {
    /// Runs what reads a JSON file, and gives its errors the file's name.
    static func reading<Result>(_ file: String, _ read: () throws -> Result) throws -> Result {
        do {
            return try read()
        } catch let error as JSONError {
            throw DrawError(
                file: file, line: 1, field: error.path.isEmpty ? nil : error.path, problem: error.message,
                remedy: "write this field as docs/draw-v1.md defines it")
        } catch let error as JSONSyntaxError {
            throw DrawError(
                file: file, line: error.line, field: "column \(error.column)", problem: error.message,
                remedy: "write one JSON document without fractions and repeated keys, in UTF-8")
        }
    }
}

/// One JSON file of a bundle.
public struct JSONFile: Sendable {
    /// The file's name, for errors.
    public let name: String
    /// The document's root.
    public let root: JSONField

    /// Takes a file that holds the canonical form (RFC 8785) of one document and one LF after it, as every file of a
    /// bundle must: what is hashed has one spelling only.
    /// - Throws: ``DrawError`` naming the first byte that differs.
    public init(canonical bytes: [UInt8], name: String) throws {
        try self.init(parsing: bytes, name: name)
        var expected = root.value.canonical
        expected.append(0x0a)
        guard expected != bytes else { return }
        let same = zip(expected, bytes).prefix { $0 == $1 }.count
        let before = bytes[..<same]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        throw DrawError(
            file: name, line: before.count { $0 == 0x0a } + 1,
            field: "column \(before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1)",
            problem: same == bytes.count ? "the LF at the end is missing" : "this is not canonical JSON",
            remedy: "write no white space, sort the keys, use the shortest escapes (RFC 8785), and end with one LF")
    }

    /// Takes a file that holds one document, however it is spelled.
    /// - Throws: ``DrawError`` with line and column.
    public init(parsing bytes: [UInt8], name: String) throws {
        self.name = name
        self.root = JSONField(try DrawError.reading(name) { try JSONValue(parsing: bytes) })
    }

    /// Reads the document; errors name the file.
    public func read<Result>(_ read: (JSONField) throws -> Result) throws -> Result {
        try DrawError.reading(name) { try read(root) }
    }
}
