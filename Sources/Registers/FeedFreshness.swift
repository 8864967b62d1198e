public import JSON
public import Postgres

/// How fresh the rows of one source are in a register (更新情况).
public struct FeedFreshness: Sendable, Hashable {
    /// What follows from the age.
    public enum State: String, Sendable {
        /// Younger than is warned of.
        case fresh
        /// Older than is warned of.
        case warning
        /// Older than may be.
        case error
    }

    /// The register.
    public let register: Register
    /// Who feeds it.
    public let source: String
    /// The last accepted feed's instant, as PostgreSQL writes it; `nil` when there never was one, though one is expected.
    public let lastAccepted: String?
    /// Whole hours since then, or since a feed is expected.
    public let hours: Int
    /// Hours after which it is warned of, and after which it is an error.
    public let limits: CountyRules.Freshness

    /// A source of a register at an age.
    public init(
        register: Register, source: String, lastAccepted: String?, hours: Int, limits: CountyRules.Freshness
    ) {
        self.register = register
        self.source = source
        self.lastAccepted = lastAccepted
        self.hours = hours
        self.limits = limits
    }

    /// What follows from the age.
    public var state: State {
        if hours >= limits.error { return .error }
        return hours >= limits.warning ? .warning : .fresh
    }

    /// As `yaohao status --json` prints it.
    public var json: JSONValue {
        [
            "register": .string(register.rawValue), "source": .string(source), "last_accepted": .nullable(lastAccepted),
            "hours": .integer(hours), "warn_hours": .integer(limits.warning), "error_hours": .integer(limits.error),
            "state": .string(state.rawValue),
        ]
    }

    /// Every source that has fed a register or is expected to. Corrections of single rows are no feeds.
    ///
    /// - Parameter instant: as of when; `nil` for now.
    /// - Throws: `PostgresError`, `JSONError` for rules that cannot be read.
    public static func all(
        in database: some PostgresQueryable, at instant: String? = nil
    ) async throws -> [FeedFreshness] {
        let rules = try await CountyRules.load(from: database, at: instant)
        return try await database.query(
            """
            WITH moment AS (
                SELECT coalesce(\(optional: instant)::text::timestamptz, clock_timestamp()) AS now
            ), expected AS (
                SELECT DISTINCT ON (body ->> 'register', body ->> 'source') body ->> 'register' AS register,
                    body ->> 'source' AS source, (body ->> 'warn_hours')::bigint AS warn,
                    (body ->> 'error_hours')::bigint AS error, valid_from
                FROM moment m, registers.statements_at('freshness', m.now)
                ORDER BY body ->> 'register', body ->> 'source', valid_from DESC
            ), fed AS (
                SELECT register, source, max(applied_at) AS applied_at FROM moment m, registers.feeds
                WHERE applied_at <= m.now AND accepted AND id NOT LIKE 'correction-%' GROUP BY register, source
            )
            SELECT coalesce(f.register, e.register) AS register, coalesce(f.source, e.source) AS source,
                f.applied_at::text AS last, e.warn, e.error,
                floor(extract(epoch FROM m.now - coalesce(f.applied_at, e.valid_from)) / 3600)::bigint AS hours
            FROM fed f FULL JOIN expected e ON e.register = f.register AND e.source = f.source CROSS JOIN moment m
            ORDER BY 1, 2
            """
        ).compactMap { row in
            guard let register = Register(rawValue: try row.decode("register", as: String.self)) else { return nil }
            let own: CountyRules.Freshness? =
                if let warning = try row.decode("warn", as: Int?.self),
                    let error = try row.decode("error", as: Int?.self)
                {
                    CountyRules.Freshness(warning: warning, error: error)
                } else { nil }
            guard let limits = own ?? rules.freshness[register.rawValue] else { return nil }
            return FeedFreshness(
                register: register, source: try row.decode("source", as: String.self),
                lastAccepted: try row.decode("last", as: String?.self), hours: try row.decode("hours", as: Int.self),
                limits: limits)
        }
    }
}
