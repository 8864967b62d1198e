import Cluster
import Foundation
import Postgres
import Registers

/// The statements of the notifier. Any number of notifiers may run them at a time: what must be one's alone is under a
/// lock of the database.
struct NoticeStore: Sendable {
    /// How many results one transaction publishes at most.
    static let batchSize = 200

    let pool: PostgresPool
    let topics: Topics
    let outbox: Outbox

    init(pool: PostgresPool, topics: Topics) {
        self.pool = pool
        self.topics = topics
        outbox = Outbox(topics: topics)
    }

    /// Whether this transaction has the turn to remind, until it ends. Only one notifier has it at a time; another one
    /// that comes meanwhile leaves it to the first.
    func takesTurn(_ transaction: PostgresTransaction) async throws -> Bool {
        try await transaction.query("SELECT pg_try_advisory_xact_lock(400, 401) AS taken")
            .first?.decode("taken", as: Bool.self) ?? false
    }

    /// Makes deadlines and ladders anew, and fires the rungs whose day has come, in one transaction: so nobody is
    /// reminded of what has ended.
    ///
    /// - Parameters:
    ///   - isQuiet: nothing is fired.
    /// - Returns: how many rungs were fired; `nil` when another notifier is at it.
    func remind(rules: CountyRules, now: Moment, channels: Channels, isQuiet: Bool) async throws -> Int? {
        let since = try await since(now)
        let sources = DeadlineSource.all(rules: rules, now: now, since: since)
        return try await pool.transaction { transaction in
            guard try await takesTurn(transaction) else { return nil }
            try await derive(sources, rules: rules, now: now, transaction)
            return isQuiet ? 0 : try await fire(now: now, channels: channels, transaction)
        }
    }

    /// The day on which the notifier first ran: from then on it asks for what the calendar asks for, such as monthly
    /// returns. What was due before is not its business.
    func since(_ now: Moment) async throws -> Day {
        let rows = try await pool.query(
            """
            WITH first AS (
                INSERT INTO notices.made_from (what, digest) VALUES ('since', \(now.day.description))
                ON CONFLICT DO NOTHING RETURNING digest)
            SELECT digest FROM first UNION ALL SELECT digest FROM notices.made_from WHERE what = 'since'
            """)
        guard let row = rows.first else { return now.day }
        return try row.day("digest")
    }

    /// Makes the deadlines of every kind, and their ladders, from what other slices say now. A kind whose tables are not
    /// there waits for them.
    private func derive(
        _ sources: [DeadlineSource], rules: CountyRules, now: Moment, _ transaction: PostgresTransaction
    ) async throws {
        _ = try await transaction.query("SELECT notices.refresh_days()")
        // Results are found by what is not published yet; the queue of those not seen is of earlier versions.
        try await transaction.execute("DELETE FROM inspections.unseen_results")
        let missing = try await missing(sources.flatMap(\.needs), transaction)
        let ready = sources.filter { $0.needs.allSatisfy { !missing.contains($0) } }
        for source in ready { try await derive(source, now: now, transaction) }
        try await ladder(ready, rules: rules, transaction)
    }

    /// Which tables and views are not there, or may not be read.
    private func missing(_ names: [String], _ transaction: PostgresTransaction) async throws -> Set<String> {
        let rows = try await transaction.query(
            """
            SELECT name FROM unnest(\(Array(Set(names)).sorted())::text[]) AS name
            WHERE to_regclass(name) IS NULL OR NOT coalesce(has_any_column_privilege(to_regclass(name), 'SELECT'), false)
            """)
        return Set(try rows.map { try $0.decode("name", as: String.self) })
    }

    /// Stores what a source gives: new and changed rows, and those that it does not give any more as withdrawn.
    private func derive(
        _ source: DeadlineSource, now: Moment, _ transaction: PostgresTransaction
    ) async throws {
        try await transaction.execute(
            """
            WITH source AS MATERIALIZED (\(source.query)), withdrawn AS (
                UPDATE notices.deadlines d SET withdrawn_at = \(now.instant)::text::timestamptz
                WHERE d.kind = \(source.kind) AND d.met_at IS NULL AND d.withdrawn_at IS NULL
                    AND NOT EXISTS (SELECT FROM source s WHERE s.subject = d.subject)
            )
            INSERT INTO notices.deadlines AS d
                (kind, subject, recipient, entity, people, title, basis, starts_on, due_on, problem, met_at, made_at)
            SELECT \(source.kind), s.subject, s.recipient, s.entity, coalesce(s.people, '{}'), s.title, \(source.basis),
                s.starts_on, s.due_on, CASE WHEN s.due_on IS NULL THEN notices.unknown_day(s.starts_on) END, s.met_at,
                \(now.instant)::text::timestamptz
            FROM source s
            LEFT JOIN notices.deadlines o ON o.kind = \(source.kind) AND o.subject = s.subject
            WHERE o.subject IS NULL OR o.withdrawn_at IS NOT NULL
                OR (o.recipient, o.entity, o.people, o.title, o.basis, o.met_at)
                    IS DISTINCT FROM (s.recipient, s.entity, coalesce(s.people, '{}'), s.title, \(source.basis), s.met_at)
                -- Days count until the matter ends; what was unknown becomes known also afterwards.
                OR (o.met_at IS NULL OR o.due_on IS NULL)
                    AND (o.starts_on, o.due_on) IS DISTINCT FROM (s.starts_on, s.due_on)
            ON CONFLICT (kind, subject) DO UPDATE SET
                recipient = excluded.recipient, entity = excluded.entity, people = excluded.people,
                title = excluded.title, basis = excluded.basis, met_at = excluded.met_at, withdrawn_at = NULL,
                starts_on = excluded.starts_on,
                due_on = CASE WHEN d.met_at IS NULL OR d.due_on IS NULL THEN excluded.due_on ELSE d.due_on END,
                problem = excluded.problem, is_laddered = false
            """)
    }

    /// Makes the rungs of deadlines whose days or ladders have changed. Rungs that have fired stay; those of a matter
    /// that has ended are needed no more.
    private func ladder(
        _ sources: [DeadlineSource], rules: CountyRules, _ transaction: PostgresTransaction
    ) async throws {
        let rungs = sources.flatMap { source in
            rules.ladder(of: source.kind).enumerated().map { (kind: source.kind, place: $0.offset, rung: $0.element) }
        }
        let audiences = rungs.map { $0.rung.audiences.map(\.rawValue).joined(separator: ",") }
        let text = zip(rungs, audiences).map { "\($0.kind) \($0.place) \($0.rung) \($1)" }.joined(separator: "\n")
        let changed = try await transaction.execute(
            """
            INSERT INTO notices.made_from AS m (what, digest)
            SELECT 'ladders', md5(\(text)::text || c.digest) FROM notices.made_from c WHERE c.what = 'calendar'
            ON CONFLICT (what) DO UPDATE SET digest = excluded.digest WHERE m.digest <> excluded.digest
            """)
        if changed > 0 {
            try await transaction.execute(
                """
                UPDATE notices.deadlines SET is_laddered = false
                WHERE met_at IS NULL AND withdrawn_at IS NULL AND is_laddered
                """)
        }
        try await transaction.execute(
            """
            DELETE FROM notices.rungs r USING notices.deadlines d
            WHERE r.kind = d.kind AND r.subject = d.subject AND r.fired_at IS NULL
                AND (NOT d.is_laddered OR d.met_at IS NOT NULL OR d.withdrawn_at IS NOT NULL)
            """)
        try await transaction.execute(
            """
            INSERT INTO notices.rungs (kind, subject, rung, place, audiences, fire_on)
            SELECT d.kind, d.subject, l.rung, l.place, string_to_array(l.audiences, ','),
                notices.rung_day(d.starts_on, d.due_on, l.step, l.all_days)
            FROM notices.deadlines d
            JOIN unnest(\(rungs.map(\.kind))::text[], \(rungs.map(\.rung.name))::text[], \(rungs.map(\.place))::int[],
                \(rungs.map(\.rung.offset))::int[], \(rungs.map(\.rung.countsAllDays))::bool[], \(audiences)::text[])
                AS l (kind, rung, place, step, all_days, audiences) ON l.kind = d.kind
            WHERE NOT d.is_laddered AND d.met_at IS NULL AND d.withdrawn_at IS NULL AND d.due_on IS NOT NULL
            ON CONFLICT (kind, subject, rung) DO NOTHING
            """)
        try await transaction.execute(
            """
            UPDATE notices.deadlines d SET is_laddered = true,
                problem = CASE WHEN d.due_on IS NULL THEN d.problem WHEN EXISTS (SELECT FROM notices.rungs r
                    WHERE r.kind = d.kind AND r.subject = d.subject AND r.fire_on IS NULL)
                    THEN notices.unknown_day(d.due_on) END
            WHERE NOT d.is_laddered AND d.met_at IS NULL AND d.withdrawn_at IS NULL
            """)
    }
}
