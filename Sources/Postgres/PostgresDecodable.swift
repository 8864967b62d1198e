public import Foundation

/// One value of a row, in PostgreSQL's binary form. It keeps the result that it points into alive.
public struct PostgresValue {
    /// The type's OID (`pg_type.oid`).
    public let type: UInt32
    /// Whether it is NULL.
    public let isNull: Bool
    /// Owns the memory behind `bytes`.
    let owner: ResultHandle
    let bytes: UnsafeRawBufferPointer

    /// Lends the bytes to `body`; they must not outlive the call.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        // The pointer is into the owner's memory, which the optimizer could otherwise free after the last use of self.
        try withExtendedLifetime(owner) { try body(bytes) }
    }

    /// The error of a type that can't be read as wanted; ``Row`` adds which column it was.
    public func mismatch(_ wanted: String) -> PostgresError {
        PostgresError(
            .decoding, isNull ? "NULL where \(wanted) is wanted" : "type \(typeName) can't be read as \(wanted)")
    }

    /// The error of bytes that aren't what the type prescribes, or that the wanted type has no room for.
    public func unfit(_ reason: String) -> PostgresError {
        PostgresError(.decoding, "\(typeName): \(reason)")
    }

    private var typeName: String {
        PostgresType.names[type] ?? "with OID \(type)"
    }

    /// The big-endian integer that is the whole value.
    func integer<I: FixedWidthInteger>(_: I.Type) throws -> I {
        try withBytes { bytes in
            guard bytes.count == MemoryLayout<I>.size else { throw unfit("\(bytes.count) bytes") }
            return I(bigEndian: bytes.loadUnaligned(as: I.self))
        }
    }

    /// The value as UTF-8; only for types whose binary form is their text.
    func utf8() throws -> String {
        try withBytes { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { throw unfit("not UTF-8") }
            return text
        }
    }
}

/// A type that values of rows can be read as.
public protocol PostgresDecodable {
    /// Reads a value that may be NULL. Throws a ``PostgresError`` with code `decoding`.
    init(postgres value: PostgresValue) throws
}

/// A type that can be an element of an array read from the server. Conforming types get it for free.
public protocol PostgresArrayDecodable: PostgresDecodable {
    /// Reads a one-dimensional array.
    static func array(postgres value: PostgresValue) throws -> [Self]
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// An enum with raw values is read from its raw value.
    public init(postgres value: PostgresValue) throws {
        guard let known = Self(rawValue: try RawValue(postgres: value)) else {
            throw value.unfit("not a raw value of \(Self.self)")
        }
        self = known
    }
}

extension String: PostgresArrayDecodable {
    /// Reads text, enums, `json`, `jsonb`, `numeric` (all its digits), `uuid` (lower case) and `date` (`YYYY-MM-DD`).
    public init(postgres value: PostgresValue) throws {
        if value.isNull { throw value.mismatch("String") }
        switch value.type {
        case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name, PostgresType.char,
            PostgresType.unknown, PostgresType.json:
            self = try value.utf8()
        case PostgresType.jsonb:
            self = try JSONText(postgres: value).raw
        case PostgresType.numeric:
            self = try Numeric(value).description
        case PostgresType.uuid:
            self = try UUID(postgres: value).uuidString.lowercased()
        case PostgresType.date:
            guard let day = Timestamp.text(ofDay: try value.integer(Int32.self)) else {
                throw value.unfit("infinity or before the year 1")
            }
            self = day
        case PostgresType.firstUserDefined...:
            // Enums are sent as their label. What isn't an enum has zero bytes in it, which no text has.
            let label = try value.utf8()
            if label.utf8.contains(0) { throw value.mismatch("String") }
            self = label
        default:
            throw value.mismatch("String; cast it to text in the statement")
        }
    }
}

extension FixedWidthInteger {
    /// Every integer type of the server that fits, and whole `numeric`s, which `sum` of int8 gives.
    fileprivate init(integer value: PostgresValue) throws {
        if value.isNull { throw value.mismatch("\(Self.self)") }
        let wide: Int64
        switch value.type {
        case PostgresType.int8: wide = try value.integer(Int64.self)
        case PostgresType.int4: wide = Int64(try value.integer(Int32.self))
        case PostgresType.int2: wide = Int64(try value.integer(Int16.self))
        case PostgresType.oid: wide = Int64(try value.integer(UInt32.self))
        case PostgresType.numeric:
            guard let whole = Int64(try Numeric(value).description) else { throw value.unfit("not a whole number") }
            wide = whole
        default: throw value.mismatch("\(Self.self)")
        }
        guard let fitting = Self(exactly: wide) else { throw value.unfit("too large for \(Self.self)") }
        self = fitting
    }
}

extension Int: PostgresArrayDecodable {
    /// Reads `int2`, `int4`, `int8`, `oid` and whole `numeric`s.
    public init(postgres value: PostgresValue) throws { try self.init(integer: value) }
}

extension Int64: PostgresArrayDecodable {
    /// Reads `int2`, `int4`, `int8`, `oid` and whole `numeric`s.
    public init(postgres value: PostgresValue) throws { try self.init(integer: value) }
}

extension Int32: PostgresArrayDecodable {
    /// Reads integers that fit.
    public init(postgres value: PostgresValue) throws { try self.init(integer: value) }
}

extension Bool: PostgresArrayDecodable {
    /// Reads `bool`.
    public init(postgres value: PostgresValue) throws {
        guard !value.isNull, value.type == PostgresType.bool else { throw value.mismatch("Bool") }
        self = try value.integer(UInt8.self) != 0
    }
}

extension Double: PostgresArrayDecodable {
    /// Reads `float8`, `float4`, `numeric` (rounded) and integers.
    public init(postgres value: PostgresValue) throws {
        if value.isNull { throw value.mismatch("Double") }
        switch value.type {
        case PostgresType.float8: self = Double(bitPattern: try value.integer(UInt64.self))
        case PostgresType.float4: self = Double(Float(bitPattern: try value.integer(UInt32.self)))
        case PostgresType.numeric:
            guard let number = Double(try Numeric(value).description) else { throw value.unfit("not a number") }
            self = number
        case PostgresType.int2, PostgresType.int4, PostgresType.int8: self = Double(try Int64(integer: value))
        default: throw value.mismatch("Double")
        }
    }
}

extension UUID: PostgresArrayDecodable {
    /// Reads `uuid`.
    public init(postgres value: PostgresValue) throws {
        guard !value.isNull, value.type == PostgresType.uuid else { throw value.mismatch("UUID") }
        self = try value.withBytes { bytes in
            guard bytes.count == 16 else { throw value.unfit("\(bytes.count) bytes") }
            return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
        }
    }
}

extension Date: PostgresArrayDecodable {
    /// Reads `timestamptz`. A `timestamp` has no time zone and so is no instant: convert it in the statement.
    public init(postgres value: PostgresValue) throws {
        guard !value.isNull, value.type == PostgresType.timestamptz else { throw value.mismatch("Date") }
        guard let date = Timestamp.date(microseconds: try value.integer(Int64.self)) else {
            throw value.unfit("infinity")
        }
        self = date
    }
}

extension JSONText: PostgresArrayDecodable {
    /// Reads `json` and `jsonb`.
    public init(postgres value: PostgresValue) throws {
        if value.isNull { throw value.mismatch("JSONText") }
        switch value.type {
        case PostgresType.json:
            self.init(raw: try value.utf8())
        case PostgresType.jsonb:
            // One byte of version, then the text.
            self.init(
                raw: try value.withBytes { bytes in
                    guard bytes.first == 1,
                        let text = String(validating: bytes.dropFirst(), as: UTF8.self)
                    else { throw value.unfit("unknown version") }
                    return text
                })
        default:
            throw value.mismatch("JSONText")
        }
    }
}

extension UInt8: PostgresArrayDecodable {
    /// Reads integers that fit.
    public init(postgres value: PostgresValue) throws { try self.init(integer: value) }

    /// An array of bytes is a `bytea`.
    public static func array(postgres value: PostgresValue) throws -> [UInt8] {
        guard !value.isNull, value.type == PostgresType.bytea else { throw value.mismatch("[UInt8]") }
        return value.withBytes { Array($0) }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Nil for NULL.
    public init(postgres value: PostgresValue) throws {
        self = value.isNull ? nil : try Wrapped(postgres: value)
    }
}

extension Optional: PostgresArrayDecodable where Wrapped: PostgresArrayDecodable {}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    /// Reads a one-dimensional array; `[UInt8]` reads a `bytea`.
    public init(postgres value: PostgresValue) throws {
        self = try Element.array(postgres: value)
    }
}

extension Array: PostgresArrayDecodable where Element == UInt8 {}

extension PostgresArrayDecodable {
    /// The binary form of arrays (`array_send` in the server's `arrayfuncs.c`): number of dimensions, whether there are
    /// NULLs, the elements' type, size and lower bound of each dimension, then each element behind its length.
    public static func array(postgres value: PostgresValue) throws -> [Self] {
        if value.isNull { throw value.mismatch("[\(Self.self)]") }
        return try value.withBytes { bytes in
            func word(_ offset: Int) throws -> Int32 {
                guard offset >= 0, offset + 4 <= bytes.count else { throw value.mismatch("[\(Self.self)]") }
                return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
            }
            let dimensions = try word(0)
            guard (0...1).contains(dimensions), (0...1).contains(try word(4)) else {
                throw value.mismatch("[\(Self.self)], one-dimensional")
            }
            let type = UInt32(bitPattern: try word(8))
            guard dimensions == 1 else { return [] }
            let count = Int(try word(12))
            guard count >= 0, count <= bytes.count / 4 else { throw value.mismatch("[\(Self.self)]") }
            var offset = 20
            var elements: [Self] = []
            elements.reserveCapacity(count)
            for _ in 0..<count {
                let length = Int(try word(offset))
                offset += 4
                guard length <= bytes.count - offset else { throw value.unfit("an element is longer than the array") }
                let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + max(length, 0)])
                let element = PostgresValue(type: type, isNull: length < 0, owner: value.owner, bytes: part)
                elements.append(try Self(postgres: element))
                offset += part.count
            }
            return elements
        }
    }
}
