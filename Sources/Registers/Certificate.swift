public import Postgres

/// An inspector's enforcement certificate (执法证) as something that ends.
public struct Certificate: Sendable, Hashable {
    /// What is to be done about it.
    public enum State: Sendable, Hashable {
        /// There is none: the inspector is never drawn.
        case missing
        /// It has ended: the inspector is not drawn.
        case expired
        /// It ends within so many days, the least of the county's that fits.
        case ending(within: Int)
        /// Nothing.
        case valid
    }

    /// The inspector's id.
    public let inspector: String
    /// The department's id.
    public let department: String
    /// Its last day; `nil` when there is none.
    public let until: Day?
    /// What is to be done.
    public let state: State

    /// What is to be done about a certificate on a day.
    ///
    /// - Parameters:
    ///   - until: its last day, on which it is valid still.
    ///   - warningDays: how many days ahead it is warned of.
    public static func state(until: Day?, today: Day, warningDays: [Int]) -> State {
        guard let until else { return .missing }
        let left = until.number - today.number
        if left < 0 { return .expired }
        return warningDays.filter { left <= $0 }.min().map { .ending(within: $0) } ?? .valid
    }

    /// The certificates of everybody in the register about which something is to be done, by last day.
    public static func due(
        as reading: RegisterReading, from database: some PostgresQueryable
    ) async throws -> [Certificate] {
        let warned = reading.rules.certificateWarningDays
        let horizon = reading.day.adding(days: warned.max() ?? 0).description
        return try await database.query(
            """
            SELECT t.id, t.department, t.certificate_until::text AS until FROM registers.inspectors t
            WHERE \(reading.inForce("t"))
                AND (t.certificate_until IS NULL OR t.certificate_until <= \(horizon)::text::date)
            ORDER BY t.certificate_until NULLS FIRST, t.id
            """
        ).map { row in
            let until = try row.decode("until", as: String?.self).flatMap { Day($0) }
            return Certificate(
                inspector: try row.decode("id", as: String.self),
                department: try row.decode("department", as: String.self), until: until,
                state: state(until: until, today: reading.day, warningDays: warned))
        }
    }
}
