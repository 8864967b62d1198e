/// Walks through a large canonical document (RFC 8785) piece by piece, so that it never is in memory as one value.
///
/// ```swift
/// var cursor = JSONCursor(bytes)
/// try cursor.expect(#"{"round":"#)
/// let round = try cursor.value()
/// try cursor.expect(#","visits":"#)
/// try cursor.elements { visit, index in … }
/// try cursor.expect("}\n")
/// try cursor.finish()
/// ```
public struct JSONCursor: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    /// Starts at the beginning of a document.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func error(_ message: String, at offset: Int) -> JSONSyntaxError {
        bytes.withUnsafeBufferPointer { JSONSyntaxError(at: offset, of: $0, message: message) }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Steps over text that must stand here.
    /// - Throws: ``JSONSyntaxError`` when it does not.
    public mutating func expect(_ text: String) throws {
        guard bytes[position...].starts(with: text.utf8) else {
            throw error("\(JSONValue.string(text).canonicalText) is expected here in canonical JSON", at: position)
        }
        position += text.utf8.count
    }

    /// The next value.
    /// - Throws: ``JSONSyntaxError`` when there is none or it is not in canonical form.
    public mutating func value() throws -> JSONValue {
        let (value, end) = try bytes.withUnsafeBufferPointer { try JSONParser.parseValue($0, at: position) }
        let canonical = value.canonical
        guard canonical.elementsEqual(bytes[position..<end]) else {
            let same = zip(canonical, bytes[position..<end]).prefix { $0 == $1 }.count
            throw error("this is not canonical JSON (RFC 8785)", at: position + same)
        }
        position = end
        return value
    }

    /// Walks over a list, element by element, with the index from 0.
    /// - Throws: ``JSONSyntaxError``, and what `body` throws.
    public mutating func elements(_ body: (JSONValue, Int) throws -> Void) throws {
        try expect("[")
        guard !take(UInt8(ascii: "]")) else { return }
        var index = 0
        repeat {
            try body(try value(), index)
            index += 1
        } while take(UInt8(ascii: ","))
        try expect("]")
    }

    /// Ends the walk.
    /// - Throws: ``JSONSyntaxError`` when anything is left.
    public func finish() throws {
        guard position == bytes.count else { throw error("unexpected text after the document", at: position) }
    }
}
