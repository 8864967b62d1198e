import Cluster
import Draw
import JSON
public import Postgres
import Registers

/// The chain of amendments of a round, and what a substitute is computed from.
public enum AmendmentStore {
    /// Orders the amendments of a round.
    static func lock(_ round: String, _ transaction: PostgresTransaction) async throws {
        try await InspectionStore.lock("amendments:\(round)", transaction)
    }

    /// Adds a line to a round's chain.
    static func append(
        round: String, visit: String, department: String, change: Amendment.Change, reason: String, note: String,
        _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Amendment {
        try await lock(round, transaction)
        let row = try await transaction.query(
            """
            SELECT COALESCE(a.number, 0)::bigint AS number, COALESCE(a.hash, r.result_digest) AS previous,
                to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
            FROM rounds.rounds r
            LEFT JOIN LATERAL (SELECT number, hash FROM inspections.amendments
                WHERE round = r.id ORDER BY number DESC LIMIT 1) AS a ON true
            WHERE r.id = \(round)
            """
        ).first
        guard let row, let previous = try row.decode("previous", as: String?.self) else {
            throw Rejection(
                field: "visit", code: "round.unsealed", message: "轮次 \(round) 没有已封存的抽取结果；the round has no sealed result"
            )
        }
        let amendment = Amendment(
            number: try row.decode("number", as: Int.self) + 1, visit: visit, department: department, change: change,
            reason: reason, at: try row.decode("at", as: String.self), previous: previous)
        var slot: (number: Int, replaced: String, by: String?, excluded: [String])?
        if case .substitute(let number, let replaced, let by, let excluded) = change {
            slot = (number, replaced, by, excluded)
        }
        try await transaction.execute(
            """
            INSERT INTO inspections.amendments (round, number, visit, department, kind, slot, replaced, substitute,
                excluded, reason, note, at, previous, hash, line, source, submission)
            VALUES (\(round), \(amendment.number)::int4, \(visit), \(department),
                \(slot == nil ? "entity-gone" : "substitute"), \(optional: slot?.number)::int8::int4,
                \(optional: slot?.replaced), \(optional: slot?.by), \(slot?.excluded ?? []), \(reason), \(note),
                \(amendment.at)::text::timestamptz, \(previous), \(amendment.hash.hex), \(amendment.line),
                \(submission.source), \(submission.id))
            """)
        return amendment
    }

    /// Who takes an inspector's slot: draw-v1 §9, by the round's frozen lines.
    static func substitution(
        for amended: AmendedVisit, round: String, today: Day, _ transaction: PostgresTransaction
    ) async throws -> Amendment.Change {
        guard let drawn = try await DrawnTeam(visit: amended.visit, department: amended.department, transaction) else {
            throw Rejection(
                field: "visit", code: "round.unsealed",
                message: "轮次 \(round) 没有可供替补的抽取记录；the round's frozen inputs are not here")
        }
        var teams = AmendedTeams()
        let rows = try await transaction.query(
            """
            SELECT visit, department, slot::bigint AS slot, replaced, substitute FROM inspections.amendments
            WHERE round = \(round) AND kind = 'substitute' ORDER BY number
            """)
        for row in rows {
            teams.replace(
                try row.decode("replaced", as: String.self), by: try row.decode("substitute", as: String?.self),
                slot: try row.decode("slot", as: Int.self), visit: try row.decode("visit", as: String.self),
                department: try row.decode("department", as: String.self))
        }
        guard
            let seat = teams.seat(
                of: amended.replaced, in: drawn.visit.slots(inspectors: drawn.inspectors, missing: drawn.missing),
                visit: amended.visit, department: amended.department)
        else {
            throw Rejection(
                field: "replaced", code: "inspectors.not-in-team",
                message: "检查人员 \(amended.replaced) 不在检查组内；name somebody of the team")
        }
        let lines = try await frozenInspectors(round, of: amended.department, transaction)
        let unfit = try await unfit(drawn, among: lines.map(\.id), today: today, transaction)
        let assigned = try await drawnLoads(round, amended.department, transaction)
        let vacancy = Vacancy(
            visit: drawn.visit, department: amended.department, seed: drawn.seed, slot: seat.slot,
            excluded: seat.excluded.union(unfit))
        let substitute = vacancy.substitute(among: lines) { line in
            line.load + (assigned[line.id] ?? 0) + teams.load(of: line.id)
        }
        return .substitute(
            slot: seat.slot, replaced: amended.replaced, by: substitute?.id,
            excluded: unfit.sorted(by: Grammar.precedes))
    }

    /// The lines of `amendments.jsonl` of a round, in order.
    public static func lines(of round: String, _ database: some PostgresQueryable) async throws -> [String] {
        try await database.query(
            "SELECT line FROM inspections.amendments WHERE round = \(round) ORDER BY number"
        ).map { try $0.decode("line", as: String.self) }
    }

    // MARK: What the draw left

    private static func frozenInspectors(
        _ round: String, of department: String, _ transaction: PostgresTransaction
    ) async throws -> [InspectorLine] {
        let bytes = try await transaction.query(
            """
            SELECT p.body FROM rounds.round_pages r JOIN rounds.pages p ON p.hash = r.hash
            WHERE r.round = \(round) AND r.file = 'inspectors' ORDER BY r.ordinal
            """
        ).flatMap { try $0.decode("body", as: [UInt8].self) }
        return try InspectorLine.lines(of: bytes).filter { $0.department == department }
    }

    /// The slots that each inspector of a department got in the draw.
    private static func drawnLoads(
        _ round: String, _ department: String, _ transaction: PostgresTransaction
    ) async throws -> [String: Int] {
        let pairs = try await transaction.query(
            """
            SELECT inspector, count(*) AS slots FROM rounds.teams t, unnest(t.inspectors) AS inspector
            WHERE t.round = \(round) AND t.department = \(department) GROUP BY inspector
            """
        ).map { (try $0.decode("inspector", as: String.self), try $0.decode("slots", as: Int.self)) }
        return Dictionary(pairs, uniquingKeysWith: +)
    }

    /// Who cannot come although the frozen lines would let them: gone, certificate withdrawn, away for the rest of the
    /// window, or to stand back since.
    private static func unfit(
        _ drawn: DrawnTeam, among inspectors: [String], today: Day, _ transaction: PostgresTransaction
    ) async throws -> Set<String> {
        let first = max(today, min(drawn.windowFirst, drawn.windowLast))
        let last = max(first, drawn.windowLast)
        let rows = try await transaction.query(
            """
            SELECT w.id FROM unnest(\(inspectors)::text[]) AS w (id)
            LEFT JOIN registers.inspectors i ON i.id = w.id AND i.valid_to IS NULL
            WHERE i.id IS NULL OR i.certificate_until IS NULL
                OR i.certificate_until < \(last.description)::text::date OR \(drawn.visit.entity) = ANY(i.recused)
                OR EXISTS (SELECT FROM registers.recusals_at('infinity') r WHERE r.inspector = w.id
                    AND r.entity = \(drawn.visit.entity)
                    AND r.days && daterange(\(first.description)::text::date, \(last.description)::text::date, '[]'))
                OR COALESCE((SELECT range_agg(daterange(a.first_day, a.last_day, '[]'))
                    FROM registers.absences_at('infinity') a WHERE a.inspector = w.id)
                    @> daterange(\(first.description)::text::date, \(last.description)::text::date, '[]'), false)
            """)
        return Set(try rows.map { try $0.decode("id", as: String.self) })
    }
}

/// A team as the draw made it, with what its slots were made from.
struct DrawnTeam: Sendable {
    let visit: TeamVisit
    let seed: String
    let inspectors: [String]
    let missing: [String]
    let windowFirst: Day
    let windowLast: Day

    /// Reads a team; `nil` when no round with a seed has it.
    init?(visit id: String, department: String, _ transaction: PostgresTransaction) async throws {
        let row = try await transaction.query(
            """
            SELECT v.entity, v.region, v.window_first::text AS window_first, v.window_last::text AS window_last,
                t.inspectors, t.missing, d.seed,
                ARRAY(SELECT r.body FROM rounds.requests r WHERE r.round = v.round AND r.id = ANY(v.requests)
                    AND r.department = t.department ORDER BY r.id) AS requests
            FROM rounds.visits v
            JOIN rounds.teams t ON t.round = v.round AND t.visit = v.id
            JOIN rounds.rounds d ON d.id = v.round
            WHERE v.id = \(id) AND t.department = \(department)
            """
        ).first
        guard let row, let seed = try row.decode("seed", as: String?.self) else { return nil }
        self.seed = seed
        inspectors = try row.decode("inspectors", as: [String].self)
        missing = try row.decode("missing", as: [String].self)
        windowFirst = try row.day("window_first")
        windowLast = try row.day("window_last")
        let requests = try row.decode("requests", as: [String].self)
            .map { try DrawRequest(json: JSONValue(parsing: $0)) }
        let entity = try row.decode("entity", as: String.self)
        let drawn = Visit(
            id: id, entity: entity, method: .onsite, requests: requests.map(\.id),
            window: DayWindow(first: windowFirst.description, last: windowLast.description), departments: [department])
        visit = TeamVisit(drawn, region: try row.decode("region", as: String.self), requests: requests)
    }
}
