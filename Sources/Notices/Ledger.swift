public import JSON
public import Postgres
public import Registers

/// Which entries of the ledger are wanted.
public struct LedgerFilter: Sendable, Hashable {
    let department: String?
    let kind: String?
    let from: Day?
    let to: Day?

    /// Entries of a department, a kind, and days of sending, both ends included; all without any.
    public init(department: String? = nil, kind: String? = nil, from: Day? = nil, to: Day? = nil) {
        self.department = department
        self.kind = kind
        self.from = from
        self.to = to
    }
}

/// One entry of the ledger (台账): who was reminded of what, when, by which rung, through what, and what came of it.
public struct LedgerEntry: Sendable, Hashable {
    /// As `yaohao ledger list --json` prints it.
    public let json: JSONValue

    /// Tab-separated: day, recipient, what, rung, due day, channels, effect.
    public var line: String {
        func text(_ name: String) -> String { json[name]?.text ?? "-" }
        let channels = (json["deliveries"]?.elements ?? []).map {
            "\($0["channel"]?.text ?? ""):\($0["state"]?.text ?? "")"
        }
        return [
            text("sent_on"), text("recipient"), text("title"), text("rung"), text("due_on"),
            channels.isEmpty ? "-" : channels.joined(separator: ","), text("effect"),
        ].joined(separator: "\t")
    }

    /// The entries, oldest first. `effect` is `met-in-time`, `met-late` or `withdrawn`, `met-…-after` when that was within
    /// the county's working days after the reminder, and `none` while it is open.
    public static func list(
        _ filter: LedgerFilter, from database: some PostgresQueryable
    ) async throws -> [LedgerEntry] {
        let days = try await CountyRules.load(from: database).deadlines.effectWorkingDays
        return try await database.query(
            """
            SELECT jsonb_build_object(
                'sent_at', registers.instant_text(l.sent_at), 'sent_on', l.day::text, 'recipient', l.recipient,
                'audience', l.audience, 'kind', l.kind, 'subject', l.subject, 'title', l.title,
                'department', l.department, 'entity', l.entity, 'rung', l.rung, 'fire_on', l.fire_on::text,
                'due_on', l.due_on::text, 'catching_up', l.is_catching_up, 'deliveries', l.deliveries,
                'met_at', registers.instant_text(l.met_at),
                'withdrawn_at', registers.instant_text(l.withdrawn_at),
                'effect', CASE WHEN l.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN l.met_on IS NULL THEN 'none'
                    ELSE CASE WHEN l.met_on <= l.due_on THEN 'met-in-time' ELSE 'met-late' END
                        || CASE WHEN l.met_on <= notices.working_day_after(l.day, \(days)::int4) THEN '-after' ELSE '' END
                    END)::text AS entry
            FROM (
                SELECT *, (sent_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
                    (met_at AT TIME ZONE 'Asia/Shanghai')::date AS met_on
                FROM notices.ledger) AS l
            WHERE (l.department = \(optional: filter.department)::text) IS NOT FALSE
                AND (l.kind = \(optional: filter.kind)::text) IS NOT FALSE
                AND (l.day >= \(optional: filter.from?.description)::text::date) IS NOT FALSE
                AND (l.day <= \(optional: filter.to?.description)::text::date) IS NOT FALSE
            ORDER BY l.sent_at, l.recipient, l.kind, l.subject, l.fire_on
            """
        ).map { LedgerEntry(json: try JSONValue(parsing: try $0.decode("entry", as: String.self))) }
    }
}

/// One deadline, as commands show it.
public struct DeadlineEntry: Sendable, Hashable {
    /// As `yaohao deadlines list --json` prints it.
    public let json: JSONValue

    /// Whether it is open and its day is over.
    public var isOverdue: Bool { json["state"] == "overdue" }

    /// Tab-separated: due day, state, department, kind, what, basis.
    public var line: String {
        ["due_on", "state", "department", "kind", "title", "basis"].map { json[$0]?.text ?? "-" }
            .joined(separator: "\t")
    }

    /// Open deadlines by due day, or all; unknown days last, with the problem.
    public static func list(
        department: String? = nil, kind: String? = nil, all: Bool = false, from database: some PostgresQueryable
    ) async throws -> [DeadlineEntry] {
        try await database.query(
            """
            SELECT jsonb_build_object('kind', d.kind, 'subject', d.subject, 'department', d.recipient,
                'title', d.title, 'basis', d.basis, 'entity', d.entity, 'starts_on', d.starts_on::text,
                'due_on', d.due_on::text, 'problem', d.problem, 'met_at', registers.instant_text(d.met_at),
                'withdrawn_at', registers.instant_text(d.withdrawn_at),
                'ladder', (SELECT coalesce(jsonb_agg(jsonb_build_object('rung', r.rung, 'on', r.fire_on::text,
                        'fired', r.fired_at IS NOT NULL) ORDER BY r.place), '[]')
                    FROM notices.rungs r WHERE r.kind = d.kind AND r.subject = d.subject),
                'state', CASE WHEN d.withdrawn_at IS NOT NULL THEN 'withdrawn'
                    WHEN d.met_at IS NOT NULL THEN CASE
                        WHEN (d.met_at AT TIME ZONE 'Asia/Shanghai')::date > d.due_on THEN 'met-late' ELSE 'met' END
                    WHEN d.due_on IS NULL THEN 'unknown'
                    WHEN d.due_on < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date THEN 'overdue'
                    ELSE 'open' END)::text AS entry
            FROM notices.deadlines d
            WHERE (\(all) OR d.met_at IS NULL AND d.withdrawn_at IS NULL)
                AND (d.recipient = \(optional: department)::text) IS NOT FALSE
                AND (d.kind = \(optional: kind)::text) IS NOT FALSE
            ORDER BY d.due_on NULLS LAST, d.recipient, d.kind, d.subject
            """
        ).map { DeadlineEntry(json: try JSONValue(parsing: try $0.decode("entry", as: String.self))) }
    }
}

/// One delivery to a site or a channel, as commands show it.
public struct DeliveryEntry: Sendable, Hashable {
    /// With the acknowledgement: status, SHA-256 and beginning of the answer.
    public let json: JSONValue

    /// Whether it was given up.
    public var hasFailed: Bool { json["state"] == "failed" }

    /// What is not taken, or everything, oldest first. What messages say is not shown.
    public static func list(
        target: String? = nil, all: Bool = false, from database: some PostgresQueryable
    ) async throws -> [DeliveryEntry] {
        try await database.query(
            """
            SELECT jsonb_build_object('kind', kind, 'target', target, 'reference', reference, 'recipient', recipient,
                'state', state, 'attempts', attempts, 'next_try_at', registers.instant_text(next_try_at),
                'delivered_at', registers.instant_text(delivered_at), 'status', status, 'error', error,
                'body_sha256', body_sha256, 'answer_sha256', answer_sha256, 'answer', answer)::text AS entry
            FROM notices.deliveries
            WHERE (\(all) OR state <> 'delivered') AND (target = \(optional: target)::text) IS NOT FALSE
            ORDER BY id
            """
        ).map { DeliveryEntry(json: try JSONValue(parsing: try $0.decode("entry", as: String.self))) }
    }

    /// Has everything that a target has not taken tried again at once.
    ///
    /// - Returns: how many there are.
    public static func retry(target: String, in database: some PostgresQueryable) async throws -> Int {
        try await database.query(
            """
            WITH again AS (
                UPDATE notices.deliveries SET state = 'waiting', next_try_at = clock_timestamp(),
                    made_at = clock_timestamp()
                WHERE target = \(target) AND state <> 'delivered' RETURNING id)
            SELECT count(*) AS count FROM again
            """
        ).first?.decode("count", as: Int.self) ?? 0
    }
}
