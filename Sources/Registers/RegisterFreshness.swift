public import JSON
public import Postgres

/// How long ago a source last fed a register (数据新鲜度).
public struct RegisterFreshness: Sendable, Hashable {
    /// Whether that is too long.
    public enum State: String, Sendable {
        /// It is not.
        case fresh
        /// It is to be warned of.
        case warning
        /// It is an error.
        case error
    }

    /// The source.
    public let source: String
    /// Its last accepted feed.
    public let feed: String
    /// The feed's version.
    public let version: Int
    /// When it was applied.
    public let appliedAt: String
    /// Whole hours since then.
    public let ageHours: Int
    /// Whether that is too long, by the county's rules.
    public let state: State

    /// As commands print it.
    public var json: JSONValue {
        [
            "source": .string(source), "feed": .string(feed), "version": .integer(version),
            "applied_at": .string(appliedAt), "age_hours": .integer(ageHours), "state": .string(state.rawValue),
        ]
    }

    /// What an age means.
    public static func state(ageHours: Int, limits: CountyRules.Freshness?) -> State {
        guard let limits else { return .fresh }
        return ageHours >= limits.error ? .error : ageHours >= limits.warning ? .warning : .fresh
    }

    /// The last accepted feed of every source of a register, ascending by source.
    public static func read(
        _ register: Register, as reading: RegisterReading, from database: some PostgresQueryable
    ) async throws -> [RegisterFreshness] {
        try await database.query(
            """
            SELECT DISTINCT ON (f.source COLLATE "C") f.source, f.id, f.version,
                registers.instant_text(f.applied_at) AS applied_at,
                floor(extract(epoch FROM least(\(reading.instant)::text::timestamptz, clock_timestamp()) - f.applied_at)
                    / 3600)::bigint AS age
            FROM registers.feeds f
            WHERE f.register = \(register.rawValue) AND f.accepted AND f.applied_at <= \(reading.instant)::text::timestamptz
            ORDER BY f.source COLLATE "C", f.applied_at DESC
            """
        ).map { row in
            let age = try row.decode("age", as: Int.self)
            return RegisterFreshness(
                source: try row.decode("source", as: String.self), feed: try row.decode("id", as: String.self),
                version: try row.decode("version", as: Int.self),
                appliedAt: try row.decode("applied_at", as: String.self), ageHours: age,
                state: state(ageHours: age, limits: reading.rules.freshness[register.rawValue]))
        }
    }
}
