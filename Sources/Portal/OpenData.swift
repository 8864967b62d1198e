import JSON
import Postgres

/// What the open site reads: the views of schema `open`, each answer as the JSON that is shown.
///
/// Instants are RFC 3339 with the county's offset, days `YYYY-MM-DD`, rates parts per million. Lists come in pages by
/// keyset: `next` is what to ask for after the last row.
struct OpenData: Sendable {
    /// How many rows a page has.
    static let pageSize = 25

    let pool: PostgresPool

    /// The document that a query builds; `nil` without a row.
    func document(_ sql: SQL) async throws -> JSONValue? {
        let text = try await pool.query(sql).first?.decode(0, as: String?.self)
        return try text?.parsed
    }

    /// A list of at most a page, and where the next begins.
    ///
    /// - Parameters:
    ///   - sql: two columns: the row as JSON, and its key; one row more than a page when there are more.
    func list(_ sql: SQL, size: Int = pageSize) async throws -> (rows: [JSONValue], next: String?) {
        let rows = try await pool.query(sql).map { try $0.decode((String.self, String.self)) }
        let documents = try rows.prefix(size).map { try $0.0.parsed }
        return (documents, rows.count > size ? rows[size - 1].1 : nil)
    }
}

extension String {
    fileprivate var parsed: JSONValue {
        get throws { try JSONValue(parsing: self) }
    }
}

/// The place in a list that the next page begins after: an instant in microseconds, or a number, and an id.
struct Place: Sendable, Hashable {
    let number: Int
    let id: String

    /// Reads `NUMBER~ID`; `nil` when it is not that.
    init?(_ text: String?) {
        guard let parts = text?.split(separator: "~", maxSplits: 1), parts.count == 2, let number = Int(parts[0]) else {
            return nil
        }
        self.number = number
        id = String(parts[1])
    }
}
