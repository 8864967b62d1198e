public import JSON
public import Postgres

extension Day {
    /// Today in China, by the database's clock.
    ///
    /// - Throws: `PostgresError`.
    public static func today(in database: some PostgresQueryable) async throws -> Day {
        let rows = try await database.query(
            "SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date::text AS today")
        guard let row = rows.first else { throw PostgresError(.decoding, "the database gave no date") }
        return try row.day("today")
    }
}

extension Row {
    /// A day from a column of text `YYYY-MM-DD`.
    ///
    /// - Throws: `PostgresError` when there is none, or the text is no day.
    public func day(_ column: String) throws -> Day {
        guard let day = try optionalDay(column) else { throw PostgresError(.decoding, "column \(column) is empty") }
        return day
    }

    /// A day that may be absent.
    ///
    /// - Throws: `PostgresError` when the text is no day.
    public func optionalDay(_ column: String) throws -> Day? {
        guard let text = try decode(column, as: String?.self) else { return nil }
        guard let day = Day(text) else { throw PostgresError(.decoding, "column \(column): \(text) is no day") }
        return day
    }
}

extension JSONField {
    /// A calendar day, `YYYY-MM-DD`.
    ///
    /// - Throws: `JSONError`, in Chinese and English, for a day that does not exist.
    public func day() throws -> Day {
        let text = try string()
        guard let day = Day(text) else {
            throw error("“\(text)”不是有效日期，请写成 YYYY-MM-DD / write a day that exists as YYYY-MM-DD")
        }
        return day
    }
}
