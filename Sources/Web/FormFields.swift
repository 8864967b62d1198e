public import Hummingbird

/// The fields of a form or of an address's query (`application/x-www-form-urlencoded`).
///
/// Source: URL Standard, §5.1. Stricter where a mistake would be hidden: broken percent escapes, bytes that are no
/// UTF-8 and control characters other than tab and line ends are errors.
public struct FormFields: Sendable, Hashable {
    /// Why fields cannot be read.
    public enum Problem: Error, Sendable, Hashable {
        /// An escape, its bytes or a character is not allowed.
        case malformed(field: String)
        /// More fields than ``mostFields``.
        case tooMany
    }

    /// The most fields that are read.
    public static let mostFields = 1_000

    /// The fields in order.
    public let all: [(name: String, value: String)]

    /// Fields that are known.
    public init(_ all: [(name: String, value: String)] = []) { self.all = all }

    /// Reads a query, without its `?`, or a form's body.
    ///
    /// - Throws: ``Problem``.
    public init(parsing text: some StringProtocol) throws(Problem) {
        var fields: [(name: String, value: String)] = []
        for part in text.split(separator: "&") {
            guard fields.count < Self.mostFields else { throw .tooMany }
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(sides[0]) else { throw .malformed(field: String(sides[0].prefix(80))) }
            guard let value = Self.decode(sides.count > 1 ? sides[1] : "") else { throw .malformed(field: name) }
            fields.append((name, value))
        }
        all = fields
    }

    /// Reads a form that was sent.
    ///
    /// - Throws: ``Problem``, `HTTPError` when it is larger than `bytes` or no form.
    public init(of request: Request, upTo bytes: Int = 1 << 20) async throws {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard type == "application/x-www-form-urlencoded" else { throw HTTPError(.unsupportedMediaType) }
        let body = try await request.body.collect(upTo: bytes)
        try self.init(parsing: String(buffer: body))
    }

    /// The first value of a field; `nil` when it is not there.
    public subscript(name: String) -> String? { all.first { $0.name == name }?.value }

    /// The first value of a field without white space around it; `nil` when there is nothing else.
    public func text(_ name: String) -> String? {
        guard let value = self[name] else { return nil }
        let inner = value.drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(inner[...last])
    }

    /// All values of a field, as of boxes that are ticked.
    public func values(_ name: String) -> [String] { all.filter { $0.name == name }.map(\.value) }

    /// These fields as a query, each changed one replaced; a value of `nil` leaves the field out.
    public func query(changing changes: KeyValuePairs<String, String?> = [:]) -> String {
        let changed = Set(changes.map(\.key))
        let fields =
            all.filter { !changed.contains($0.name) }
            + changes.compactMap { change in change.value.map { (name: change.key, value: $0) } }
        return fields.map { Self.encode($0.name) + "=" + Self.encode($0.value) }.joined(separator: "&")
    }

    /// A text with every byte escaped that is not unreserved (RFC 3986 §2.3), for queries and path segments.
    public static func encode(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return escaped
    }

    /// A path segment or field without its escapes; `nil` when it is not allowed.
    public static func decode(_ text: some StringProtocol) -> String? {
        decode(text, plusIsSpace: true)
    }

    /// A path segment without its escapes; `nil` when it is not allowed.
    public static func decodeSegment(_ text: some StringProtocol) -> String? {
        decode(text, plusIsSpace: false)
    }

    private static func decode(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let high = digit(rest.removeFirst()), let low = digit(rest.removeFirst()) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }) else {
            return nil
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Whether both have the same fields in the same order.
    public static func == (left: FormFields, right: FormFields) -> Bool {
        left.all.elementsEqual(right.all) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Hashes names and values in order.
    public func hash(into hasher: inout Hasher) {
        for field in all {
            hasher.combine(field.name)
            hasher.combine(field.value)
        }
    }
}
