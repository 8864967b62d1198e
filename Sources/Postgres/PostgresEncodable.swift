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
    /// The OID of the server's type that the parameter is declared to have; 0 if it takes the type of its place.
    static var postgresType: UInt32 { get }

    /// The value as it is sent. Text with a NUL character is refused when it is sent.
    var postgresParameter: PostgresParameter { get }
}

/// A type that can be an element of an array sent to the server.
public protocol PostgresArrayEncodable: PostgresEncodable {
    /// The OID of the server's type for an array of these; 0 if it takes the type of its place.
    static var postgresArrayType: UInt32 { get }

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
    /// The raw value's.
    public static var postgresType: UInt32 { RawValue.postgresType }

    /// An enum with raw values travels as its raw value.
    public var postgresParameter: PostgresParameter { rawValue.postgresParameter }
}

extension PostgresArrayEncodable where Self: RawRepresentable, RawValue: PostgresArrayEncodable {
    /// The raw value's.
    public static var postgresArrayType: UInt32 { RawValue.postgresArrayType }
}

extension String: PostgresArrayEncodable {
    /// The type of its place.
    public static var postgresType: UInt32 { 0 }
    /// `text[]`.
    public static var postgresArrayType: UInt32 { PostgresType.textArray }
    /// Text as it is: also where a `jsonb`, `date`, enum or other type is wanted that can be written as text.
    public var postgresParameter: PostgresParameter { .text(self) }
}

extension Substring: PostgresArrayEncodable {
    /// The type of its place.
    public static var postgresType: UInt32 { 0 }
    /// `text[]`.
    public static var postgresArrayType: UInt32 { PostgresType.textArray }
    /// Text as it is.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int: PostgresArrayEncodable {
    /// `int8`.
    public static var postgresType: UInt32 { PostgresType.int8 }
    /// `int8[]`.
    public static var postgresArrayType: UInt32 { PostgresType.int8Array }
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int64: PostgresArrayEncodable {
    /// `int8`.
    public static var postgresType: UInt32 { PostgresType.int8 }
    /// `int8[]`.
    public static var postgresArrayType: UInt32 { PostgresType.int8Array }
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Int32: PostgresArrayEncodable {
    /// `int4`.
    public static var postgresType: UInt32 { PostgresType.int4 }
    /// `int4[]`.
    public static var postgresArrayType: UInt32 { PostgresType.int4Array }
    /// Decimal digits.
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension Bool: PostgresArrayEncodable {
    /// `bool`.
    public static var postgresType: UInt32 { PostgresType.bool }
    /// `bool[]`.
    public static var postgresArrayType: UInt32 { PostgresType.boolArray }
    /// `true` or `false`.
    public var postgresParameter: PostgresParameter { .text(self ? "true" : "false") }
}

extension Double: PostgresArrayEncodable {
    /// `float8`.
    public static var postgresType: UInt32 { PostgresType.float8 }
    /// `float8[]`.
    public static var postgresArrayType: UInt32 { PostgresType.float8Array }
    /// The shortest digits that read back the same.
    public var postgresParameter: PostgresParameter {
        if isNaN { return .text("NaN") }
        if isInfinite { return .text(self < 0 ? "-Infinity" : "Infinity") }
        return .text(description)
    }
}

extension UUID: PostgresArrayEncodable {
    /// `uuid`.
    public static var postgresType: UInt32 { PostgresType.uuid }
    /// `uuid[]`.
    public static var postgresArrayType: UInt32 { PostgresType.uuidArray }
    /// The usual 36 characters.
    public var postgresParameter: PostgresParameter { .text(uuidString) }
}

extension Date: PostgresArrayEncodable {
    /// `timestamptz`.
    public static var postgresType: UInt32 { PostgresType.timestamptz }
    /// `timestamptz[]`.
    public static var postgresArrayType: UInt32 { PostgresType.timestamptzArray }
    /// A `timestamptz`, rounded to microseconds, in UTC.
    public var postgresParameter: PostgresParameter { .text(Timestamp.text(of: self)) }
}

extension Duration: PostgresArrayEncodable {
    /// `interval`.
    public static var postgresType: UInt32 { PostgresType.interval }
    /// `interval[]`.
    public static var postgresArrayType: UInt32 { PostgresType.intervalArray }
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
    /// `int2`.
    public static var postgresType: UInt32 { PostgresType.int2 }
    /// `bytea`.
    public static var postgresArrayType: UInt32 { PostgresType.bytea }
    /// A small number.
    public var postgresParameter: PostgresParameter { .text(String(self)) }

    /// An array of bytes is a `bytea`, sent as it is.
    public static func postgresParameter(of elements: [UInt8]) -> PostgresParameter { .binary(elements) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The wrapped type's.
    public static var postgresType: UInt32 { Wrapped.postgresType }

    /// NULL for nil.
    public var postgresParameter: PostgresParameter { self?.postgresParameter ?? .null }
}

extension Optional: PostgresArrayEncodable where Wrapped: PostgresArrayEncodable {
    /// The wrapped type's.
    public static var postgresArrayType: UInt32 { Wrapped.postgresArrayType }
}

extension Array: PostgresEncodable where Element: PostgresArrayEncodable {
    /// The element's type of arrays.
    public static var postgresType: UInt32 { Element.postgresArrayType }

    /// An array of the element's type; `[UInt8]` is a `bytea`.
    public var postgresParameter: PostgresParameter { Element.postgresParameter(of: self) }
}

extension Array: PostgresArrayEncodable where Element == UInt8 {
    /// `bytea[]`.
    public static var postgresArrayType: UInt32 { PostgresType.byteaArray }
}

/// JSON as text, for `json` and `jsonb`. The text is neither checked nor changed here; `jsonb` gives it back with its
/// own spacing and order of keys.
public struct JSONText: Sendable, Hashable, PostgresArrayEncodable {
    /// The JSON document.
    public var raw: String

    /// Wraps a JSON document.
    public init(raw: String) {
        self.raw = raw
    }

    /// The type of its place: `json`, `jsonb` or `text`.
    public static var postgresType: UInt32 { 0 }
    /// `jsonb[]`.
    public static var postgresArrayType: UInt32 { PostgresType.jsonbArray }

    /// The document as it is.
    public var postgresParameter: PostgresParameter { .text(raw) }
}
