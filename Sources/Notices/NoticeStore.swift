import Cluster
import JSON
import Postgres
import Registers

/// The statements of the notifier. Any number of notifiers may run them at a time: each row is claimed by one.
struct NoticeStore: Sendable {
    /// How many rows one transaction takes at most.
    static let batchSize = 200
    /// The kind of deadline that a result has.
    static let publication = "publication"

    let pool: PostgresPool
    let topics: Topics
    let outbox: Outbox

    init(pool: PostgresPool, topics: Topics) {
        self.pool = pool
        self.topics = topics
        outbox = Outbox(topics: topics)
    }

    /// Today in Asia/Shanghai, by the database's clock.
    func today() async throws -> Day {
        let rows = try await pool.query(
            "SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date::text AS today")
        guard let row = rows.first else { throw PostgresError(.decoding, "the database gave no date") }
        return try row.day("today")
    }

    func rule(_ kind: String) async throws -> DeadlineRule? {
        let rules = try await pool.query("SELECT working_days, basis FROM notices.rules WHERE kind = \(kind)")
        guard let rule = rules.first else { return nil }
        let rungs = try await pool.query(
            """
            SELECT rung, offset_days, audience, basis FROM notices.rung_rules
            WHERE kind = \(kind) ORDER BY offset_days, rung
            """)
        return DeadlineRule(
            kind: kind, workingDays: try rule.decode("working_days", as: Int.self),
            basis: try rule.decode("basis", as: String.self),
            rungs: try rungs.map { row in
                RungRule(
                    name: try row.decode("rung", as: String.self), offset: try row.decode("offset_days", as: Int.self),
                    audience: try row.audience(), basis: try row.decode("basis", as: String.self))
            })
    }

    // MARK: Deadlines

    /// A result whose deadline is to be made, or made again with a longer calendar.
    struct Start: Sendable {
        let subject: String
        let recipient: String
        let endedOn: Day
    }

    /// Results without a deadline, at most a batch.
    func unseenResults() async throws -> [Start] {
        try await pool.query(
            """
            SELECT r.visit || '/' || r.department AS subject, r.department, r.ended_on::text AS ended_on
            FROM inspections.unseen_results u
            JOIN inspections.current_results r ON r.visit = u.visit AND r.department = u.department
            LIMIT \(Self.batchSize)
            """
        ).map(start)
    }

    /// Deadlines with an unknown day that were made with another calendar, at most a batch.
    func deadlinesWithoutCalendar(endingNow calendarEnd: Day?) async throws -> [Start] {
        try await pool.query(
            """
            SELECT d.subject, r.department, r.ended_on::text AS ended_on
            FROM notices.deadlines d JOIN inspections.current_results r
                ON r.visit = split_part(d.subject, '/', 1) AND r.department = d.recipient
            WHERE d.kind = \(Self.publication) AND d.problem IS NOT NULL
                AND d.calendar_end IS DISTINCT FROM \(optional: calendarEnd?.description)::text::date
            LIMIT \(Self.batchSize)
            """
        ).map(start)
    }

    private func start(_ row: Row) throws -> Start {
        Start(
            subject: try row.decode("subject", as: String.self),
            recipient: try row.decode("department", as: String.self),
            endedOn: try row.day("ended_on"))
    }

    /// Stores the days of deadlines. A day once known stays; rungs are for deadlines that are not met.
    func store(_ starts: [Start], rule: DeadlineRule, calendar: WorkingCalendar) async throws {
        // All notifiers lock in this order, so that none waits for another in a circle.
        let starts = starts.sorted { $0.subject.utf8.lexicographicallyPrecedes($1.subject.utf8) }
        let plans = starts.map { rule.planned(from: $0.endedOn, calendar: calendar) }
        let calendarEnd = calendar.exceptions.last?.day.description
        let subjects = starts.map(\.subject)
        let days = plans.map { $0.dueOn?.description }
        try await pool.transaction { transaction in
            try await transaction.execute(
                """
                INSERT INTO notices.deadlines AS d (kind, subject, recipient, due_on, problem, calendar_end)
                SELECT \(rule.kind), subject, recipient, due_on, problem, \(optional: calendarEnd)::text::date
                FROM unnest(\(subjects)::text[], \(starts.map(\.recipient))::text[], \(days)::date[],
                    \(plans.map(\.problem))::text[]) AS made (subject, recipient, due_on, problem)
                ON CONFLICT (kind, subject) DO UPDATE
                SET due_on = COALESCE(d.due_on, excluded.due_on), problem = excluded.problem,
                    calendar_end = excluded.calendar_end
                WHERE d.problem IS NOT NULL
                """)
            for (index, rung) in rule.rungs.enumerated() {
                let days = plans.map { $0.rungs[index]?.description }
                try await transaction.execute(
                    """
                    INSERT INTO notices.rungs AS r (kind, subject, rung, fire_on)
                    SELECT d.kind, d.subject, \(rung.name), made.fire_on
                    FROM unnest(\(subjects)::text[], \(days)::date[]) AS made (subject, fire_on)
                    JOIN notices.deadlines d ON d.kind = \(rule.kind) AND d.subject = made.subject AND d.met_at IS NULL
                    ON CONFLICT (kind, subject, rung) DO UPDATE SET fire_on = excluded.fire_on
                    WHERE r.fire_on IS NULL
                    """)
            }
            try await transaction.execute(
                """
                DELETE FROM inspections.unseen_results u
                USING unnest(\(subjects)::text[], \(starts.map(\.recipient))::text[]) AS seen (subject, department)
                WHERE u.visit = split_part(seen.subject, '/', 1) AND u.department = seen.department
                """)
        }
    }

    // MARK: Reminders

    /// Fires rungs that are due, at most a batch.
    ///
    /// - Returns: how many were fired.
    func fire(today: Day) async throws -> Int {
        try await pool.transaction { transaction in
            let leads = try await transaction.query(
                "SELECT id FROM registers.departments WHERE lead AND valid_to IS NULL ORDER BY id"
            ).map { try $0.decode("id", as: String.self) }
            // Without a lead department its rungs wait, and must not keep the others from being seen.
            let reminders = try await transaction.query(
                """
                SELECT r.kind, r.subject, r.rung, r.fire_on::text AS fire_on, d.recipient, d.due_on::text AS due_on,
                    q.audience
                FROM notices.rungs r
                JOIN notices.deadlines d ON d.kind = r.kind AND d.subject = r.subject
                JOIN notices.rung_rules q ON q.kind = r.kind AND q.rung = r.rung
                WHERE r.fired_at IS NULL AND r.fire_on <= \(today.description)::text::date
                    AND d.met_at IS NULL AND d.due_on IS NOT NULL AND (q.audience = 'department' OR \(!leads.isEmpty))
                ORDER BY r.fire_on, r.subject, r.rung LIMIT \(Self.batchSize)
                FOR UPDATE OF r, d SKIP LOCKED
                """
            ).map { row in
                Reminder(
                    kind: try row.decode("kind", as: String.self), subject: try row.decode("subject", as: String.self),
                    rung: try row.decode("rung", as: String.self), audience: try row.audience(),
                    department: try row.decode("recipient", as: String.self), dueOn: try row.day("due_on"),
                    fireOn: try row.day("fire_on"))
            }.filter { $0.isDue(today: today) }
            guard !reminders.isEmpty else { return 0 }
            try await transaction.execute(
                """
                UPDATE notices.rungs r SET fired_at = clock_timestamp()
                FROM unnest(\(reminders.map(\.kind))::text[], \(reminders.map(\.subject))::text[],
                    \(reminders.map(\.rung))::text[]) AS fired (kind, subject, rung)
                WHERE r.kind = fired.kind AND r.subject = fired.subject AND r.rung = fired.rung
                """)
            let messages = reminders.flatMap { $0.messages(leads: leads, today: today, topics: topics) }
            try await outbox.store(Effects(messages: messages), in: transaction)
            return reminders.count
        }
    }
}

extension Row {
    /// A day from a column of text `YYYY-MM-DD`.
    func day(_ column: String) throws -> Day {
        let text = try decode(column, as: String.self)
        guard let day = Day(text) else { throw PostgresError(.decoding, "column \(column): \(text) is no day") }
        return day
    }

    fileprivate func audience() throws -> Audience {
        let name = try decode("audience", as: String.self)
        guard let audience = Audience(rawValue: name) else {
            throw PostgresError(.decoding, "column audience: \(name) is neither department nor lead")
        }
        return audience
    }
}
