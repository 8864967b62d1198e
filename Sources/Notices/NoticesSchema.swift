public import Cluster
public import Postgres

/// The tables of this slice.
public enum NoticesSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 400, name: "notices", sql: PackageResources._400_notices_sql),
        Migration(number: 401, name: "deadlines", sql: PackageResources._401_deadlines_sql),
        Migration(number: 402, name: "publication", sql: PackageResources._402_publication_sql),
    ]
}

/// How publication and deadlines stand, as `yaohao status` shows it.
public struct NoticesCounts: Sendable, Hashable {
    /// Results published, corrected versions included.
    public let publications: Int
    /// Deadlines not met that are not over yet, or whose day is unknown.
    public let open: Int
    /// Deadlines not met whose day is over.
    public let late: Int
    /// Deadlines, met or not, with a day that the calendar does not reach.
    public let withoutCalendar: Int
    /// Deliveries to sites and channels that are tried again.
    public let waitingDeliveries: Int
    /// Deliveries that were given up.
    public let failedDeliveries: Int

    /// Counts, by the database's clock.
    public static func read(from database: some PostgresQueryable) async throws -> NoticesCounts {
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM open.publications) AS publications,
                count(*) FILTER (WHERE met_at IS NULL AND (due_on IS NULL OR due_on >= today)) AS open,
                count(*) FILTER (WHERE met_at IS NULL AND due_on < today) AS late,
                count(*) FILTER (WHERE problem IS NOT NULL) AS without_calendar,
                (SELECT count(*) FROM notices.deliveries WHERE state = 'waiting' AND attempts > 0) AS waiting,
                (SELECT count(*) FROM notices.deliveries WHERE state = 'failed') AS failed
            FROM notices.deadlines, (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date AS today) AS clock
            WHERE withdrawn_at IS NULL
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the database counted nothing") }
        return NoticesCounts(
            publications: try row.decode("publications", as: Int.self), open: try row.decode("open", as: Int.self),
            late: try row.decode("late", as: Int.self),
            withoutCalendar: try row.decode("without_calendar", as: Int.self),
            waitingDeliveries: try row.decode("waiting", as: Int.self),
            failedDeliveries: try row.decode("failed", as: Int.self))
    }
}
