import Foundation
public import Postgres
public import Registers

/// An instant as deadlines see it: the day and the minute in Asia/Shanghai, and the instant itself.
public struct Moment: Sendable, Hashable {
    /// The day.
    public let day: Day
    /// The minute of the day, from 0.
    public let minute: Int
    /// As PostgreSQL reads a `timestamptz`, such as `2026-03-01 08:00:00+08`.
    public let instant: String

    /// A moment of a day in Asia/Shanghai.
    public init(day: Day, minute: Int) {
        self.day = day
        self.minute = minute
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        instant = "\(day) \(two(minute / 60)):\(two(minute % 60)):00+08"
    }

    init(day: Day, minute: Int, instant: String) {
        self.day = day
        self.minute = minute
        self.instant = instant
    }
}

/// Where the notifier has the time from: the one seam by which a test can move it.
public protocol NoticeClock: Sendable {
    /// The moment now.
    func now(_ pool: PostgresPool) async throws -> Moment
}

/// The database's clock, held back by the machine's own: a day has come when both say so. So a clock that jumps ahead
/// on one of them reminds nobody too early.
public struct DatabaseClock: NoticeClock {
    /// A clock.
    public init() {}

    /// The earlier of the two.
    public func now(_ pool: PostgresPool) async throws -> Moment {
        let own = Date()
        let rows = try await pool.query(
            """
            SELECT at::text AS instant, (at AT TIME ZONE 'Asia/Shanghai')::date::text AS day,
                (extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') * 60
                    + extract(minute FROM at AT TIME ZONE 'Asia/Shanghai'))::bigint AS minute
            FROM (SELECT least(clock_timestamp(), \(own)) AS at) AS clock
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the database gave no time") }
        return Moment(
            day: try row.day("day"), minute: try row.decode("minute", as: Int.self),
            instant: try row.decode("instant", as: String.self))
    }
}
