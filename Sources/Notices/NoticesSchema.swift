public import Cluster
public import Postgres

/// The tables of this slice.
public enum NoticesSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 400, name: "notices", sql: PackageResources._400_notices_sql)
    ]
}

/// How publication stands, as `yaohao status` shows it.
public struct NoticesCounts: Sendable, Hashable {
    /// Results published.
    public let publications: Int
    /// Deadlines not met that are not over yet, or whose day is unknown.
    public let open: Int
    /// Deadlines not met whose day is over.
    public let late: Int
    /// Deadlines, met or not, with a day that the calendar does not reach.
    public let withoutCalendar: Int

    /// Counts, by the database's clock.
    public static func read(from database: some PostgresQueryable) async throws -> NoticesCounts {
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM open.publications) AS publications,
                count(*) FILTER (WHERE met_at IS NULL AND (due_on IS NULL OR due_on >= today)) AS open,
                count(*) FILTER (WHERE met_at IS NULL AND due_on < today) AS late,
                count(*) FILTER (WHERE problem IS NOT NULL) AS without_calendar
            FROM notices.deadlines, (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date AS today) AS clock
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the database counted nothing") }
        return NoticesCounts(
            publications: try row.decode("publications", as: Int.self), open: try row.decode("open", as: Int.self),
            late: try row.decode("late", as: Int.self),
            withoutCalendar: try row.decode("without_calendar", as: Int.self))
    }
}
