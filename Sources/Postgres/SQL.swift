/// A statement with its parameters: values put into a literal travel beside the text, never inside it.
///
/// ```swift
/// try await pool.query("SELECT name FROM entity WHERE id = \(id) AND valid_from <= \(now)")
/// ```
///
/// A parameter takes the type that its place in the statement gives it (`id = $1` makes `$1` an `id`). Where the place
/// gives none, or the wrong one, say it in SQL: `\(days)::int8`. One statement carries at most 65,535 parameters;
/// many rows go in as arrays: `SELECT * FROM unnest(\(ids)::text[], \(names)::text[])`.
public struct SQL: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// The text around the parameters: always one piece more than there are parameters.
    private(set) var pieces: [String]
    /// The values, in the order of `$1`, `$2`, …
    private(set) var parameters: [PostgresParameter]

    /// A statement without parameters, from text known when compiling.
    public init(stringLiteral text: String) {
        pieces = [text]
        parameters = []
    }

    /// A statement from text that is trusted (never from outside), with no parameters.
    public init(raw text: String) {
        pieces = [text]
        parameters = []
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

    mutating func append(parameter: PostgresParameter) {
        parameters.append(parameter)
        pieces.append("")
    }

    /// Appends another statement's text and parameters.
    public mutating func append(_ other: SQL) {
        append(text: other.pieces[0])
        parameters += other.parameters
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
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            sql.append(parameter: value.postgresParameter)
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
