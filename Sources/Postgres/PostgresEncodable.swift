public import Foundation

/// A value on its way to the server.
public enum PostgresParameter: Sendable, Hashable {
    /// SQL's NULL.
    case null
    /// The type's text form; PostgreSQL parses it as whatever type the parameter's place has.
    case text(String)
    /// Bytes for a `bytea` place.
    case binary([UInt8])
}

/// A type whose values can be bound to a statement's parameters.
public protocol PostgresEncodable {
    /// The value as it is sent. Text with a NUL character is refused when it is sent.
    var postgresParameter: PostgresParameter { get }
}

/// A type that can be an element of an array sent to or read from the server. Conforming types get it for free.
public protocol PostgresArrayEncodable: PostgresEncodable {
    /// An array of such elements, as a parameter.
    static func postgresParameter(of elements: [Self]) -> PostgresParameter
}

extension PostgresArrayEncodable {
    /// PostgreSQL's array literal (documentation, 8.15.6): `{"a","b",NULL}`, every element quoted.
    public static func postgresParameter(of elements: [Self]) -> PostgresParameter {
        var literal: [UInt8] = [UInt8(ascii: "{")]
        for (index, element) in elements.enumerated() {
            if index > 0 { literal.append(UInt8(ascii: ",")) }
            switch element.postgresParameter {
            case .null:
                literal += Array("NULL".utf8)
            case .text(let text):
                literal.append(UInt8(ascii: "\""))
                for byte in text.utf8 {
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { literal.append(UInt8(ascii: "\\")) }
                    literal.append(byte)
                }
                literal.append(UInt8(ascii: "\""))
            case .binary(let bytes):
                literal += Array(#""\\x"#.utf8)
                for byte in bytes {
                    literal.append(hexadecimalDigits[Int(byte >> 4)])
                    literal.append(hexadecimalDigits[Int(byte & 15)])
                }
                literal.append(UInt8(ascii: "\""))
            }
        }
        literal.append(UInt8(ascii: "}"))
        return .text(String(decoding: literal, as: UTF8.self))
    }
}

let hexadecimalDigits = Array("0123456789abcdef".utf8)

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// An enum with raw values travels as its raw value.
    public var postgresParameter: PostgresParameter { rawValue.postgresParameter }
}

extension String: PostgresArrayEncodable {
    /// Text as it is: also for `jsonb`, `date`, enums and every other type that is written as text.
    public var postgresParameter: PostgresParameter { .text(self) }
}

extension Substring: PostgresArrayEncodable {
    /// Text as it is.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int: PostgresArrayEncodable {
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int64: PostgresArrayEncodable {
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int32: PostgresArrayEncodable {
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Bool: PostgresArrayEncodable {
    /// `true` or `false`.
    public var postgresParameter: PostgresParameter { .text(self ? "true" : "false") }
}

extension Double: PostgresArrayEncodable {
    /// The shortest digits that read back the same.
    public var postgresParameter: PostgresParameter {
        if isNaN { return .text("NaN") }
        if isInfinite { return .text(self < 0 ? "-Infinity" : "Infinity") }
        return .text(description)
    }
}

extension UUID: PostgresArrayEncodable {
    /// The usual 36 characters.
    public var postgresParameter: PostgresParameter { .text(uuidString) }
}

extension Date: PostgresArrayEncodable {
    /// A `timestamptz`, rounded to microseconds, in UTC.
    public var postgresParameter: PostgresParameter { .text(Timestamp.text(of: self)) }
}

extension Duration: PostgresArrayEncodable {
    /// An `interval` in seconds, rounded down to microseconds.
    public var postgresParameter: PostgresParameter {
        let (seconds, attoseconds) = components
        let sign = seconds < 0 || attoseconds < 0 ? "-" : ""
        let fraction = String(attoseconds.magnitude / 1_000_000_000_000)
        let padding = String(repeating: "0", count: 6 - fraction.count)
        return .text("\(sign)\(seconds.magnitude).\(padding)\(fraction) seconds")
    }
}

extension UInt8: PostgresArrayEncodable {
    /// A small number.
    public var postgresParameter: PostgresParameter { .text(String(self)) }

    /// An array of bytes is a `bytea`, sent as it is.
    public static func postgresParameter(of elements: [UInt8]) -> PostgresParameter { .binary(elements) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// NULL for nil.
    public var postgresParameter: PostgresParameter { self?.postgresParameter ?? .null }
}

extension Optional: PostgresArrayEncodable where Wrapped: PostgresArrayEncodable {}

extension Array: PostgresEncodable where Element: PostgresArrayEncodable {
    /// An array of the element's type; `[UInt8]` is a `bytea`.
    public var postgresParameter: PostgresParameter { Element.postgresParameter(of: self) }
}

// So that lists of bytea can be sent; what PostgreSQL makes of lists of lists is its own affair (text of `{…}`).
extension Array: PostgresArrayEncodable where Element == UInt8 {}

/// JSON as text, for `json` and `jsonb`. The text is neither checked nor changed here; `jsonb` gives it back with its
/// own spacing and order of keys.
public struct JSONText: Sendable, Hashable, PostgresArrayEncodable {
    /// The JSON document.
    public var raw: String

    /// Wraps a JSON document.
    public init(raw: String) {
        self.raw = raw
    }

    /// The document as it is.
    public var postgresParameter: PostgresParameter { .text(raw) }
}
