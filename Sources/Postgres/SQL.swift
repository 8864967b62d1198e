/// A statement with its parameters: values put into a literal travel beside the text, never inside it.
///
/// ```swift
/// try await pool.query("SELECT name FROM entity WHERE id = \(id) AND valid_from <= \(now)")
/// ```
///
/// Numbers, booleans, dates, UUIDs, bytes and arrays are declared as what they are (`Int` as `int8`, `Date` as
/// `timestamptz`, `[String]` as `text[]`). Text and JSON take the type that their place in the statement gives them:
/// `day = \("2026-03-01")` is a `date`. Where a place wants another type, or gives none, say it in SQL:
/// `left(name, \(width)::int4)`, `jsonb_build_object('id', \(id)::text)`.
///
/// One statement carries at most 65,535 parameters; many rows go in as arrays:
/// `INSERT INTO entity SELECT * FROM unnest(\(ids), \(names), \(days)::date[])`.
public struct SQL: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// The text around the parameters: always one piece more than there are parameters.
    private(set) var pieces: [String]
    /// The values, in the order of `$1`, `$2`, …
    private(set) var parameters: [PostgresParameter]
    /// The values' types by OID; 0 where the place decides.
    private(set) var types: [UInt32]

    /// A statement without parameters, from text known when compiling.
    public init(stringLiteral text: String) {
        pieces = [text]
        parameters = []
        types = []
    }

    /// A statement from text that is trusted (never from outside), with no parameters.
    public init(raw text: String) {
        pieces = [text]
        parameters = []
        types = []
    }

    /// A statement from an interpolated literal.
    public init(stringInterpolation: Interpolation) {
        self = stringInterpolation.sql
    }

    /// The text as the server gets it, with `$1`, `$2`, … in the places of the parameters.
    public var text: String {
        guard pieces.count > 1 else { return pieces[0] }
        var text = pieces[0]
        for index in 1..<pieces.count {
            text += "$\(index)"
            text += pieces[index]
        }
        return text
    }

    mutating func append(text: String) {
        pieces[pieces.count - 1] += text
    }

    mutating func append(parameter: PostgresParameter, type: UInt32) {
        parameters.append(parameter)
        types.append(type)
        pieces.append("")
    }

    /// Appends another statement's text and parameters.
    public mutating func append(_ other: SQL) {
        append(text: other.pieces[0])
        parameters += other.parameters
        types += other.types
        pieces += other.pieces.dropFirst()
    }

    /// Quotes a name of a table, column, channel, … as SQL wants it.
    public static func quoted(identifier: String) -> String {
        "\"" + identifier.replacing("\"", with: "\"\"") + "\""
    }

    /// Builds a ``SQL`` from a literal's segments.
    public struct Interpolation: StringInterpolationProtocol, Sendable {
        var sql = SQL(raw: "")

        /// Starts an empty statement.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends text written in the source.
        public mutating func appendLiteral(_ literal: String) {
            sql.append(text: literal)
        }

        /// Binds a value.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            sql.append(parameter: value.postgresParameter, type: Value.postgresType)
        }

        /// Inserts another statement with its parameters.
        public mutating func appendInterpolation(_ part: SQL) {
            sql.append(part)
        }

        /// Inserts trusted text as it is. Never pass what came from outside.
        public mutating func appendInterpolation(raw text: String) {
            sql.append(text: text)
        }

        /// Inserts a quoted name of a table, column, channel, …
        public mutating func appendInterpolation(identifier: String) {
            sql.append(text: SQL.quoted(identifier: identifier))
        }
    }
}

extension SQL: CustomStringConvertible {
    /// The text with placeholders: never the values.
    public var description: String { text }
}
