import Cluster
import JSON
import Postgres
import Registers

extension NoticeStore {
    /// How many rungs one transaction fires at most: far more than a county has on a day, so that everybody gets one
    /// digest also after a long stop.
    static let rungsAtOnce = 20_000

    /// Fires the rungs whose day has come, each once, and puts what falls to each recipient into one digest.
    ///
    /// - Parameters:
    ///   - channels: those that a digest is handed to besides the topic.
    /// - Returns: how many rungs were fired.
    func fire(now: Moment, channels: Channels, _ transaction: PostgresTransaction) async throws -> Int {
        let departments = try await transaction.query(
            "SELECT id, name, lead FROM registers.departments WHERE valid_to IS NULL ORDER BY id"
        ).map {
            (
                id: try $0.decode("id", as: String.self), name: try $0.decode("name", as: String.self),
                lead: try $0.decode("lead", as: Bool.self)
            )
        }
        let offices = departments.filter(\.lead).map(\.id)
        // A rung that nobody is there to get waits, and must not keep the others from being seen.
        let reminders = try await reminders(now: now, hasOffice: !offices.isEmpty, transaction)
            .filter { $0.isDue(today: now.day) && !$0.recipients(offices: offices).isEmpty }
        guard !reminders.isEmpty else { return 0 }
        try await markFired(reminders, now: now, transaction)
        let digests = Digest.digests(
            of: reminders,
            departments: Dictionary(departments.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first }),
            offices: offices, today: now.day)
        let bodies = digests.map { digest in
            JSONValue.object(
                digest.json.merging(["message": .string(channels.templates.message(digest))]) { _, new in new })
        }
        let notices = try await store(digests, bodies: bodies, now: now, transaction)
        try await enter(reminders, notices: notices, offices: offices, now: now, transaction)
        try await hand(digests, notices: notices, to: channels, now: now, transaction)
        let messages = zip(digests, bodies).map { digest, body in
            Outgoing(
                topic: topics.notices, key: digest.recipient.id, type: Digest.eventType,
                subject: "\(notices[digest.recipient.id] ?? 0)", data: body)
        }
        try await outbox.store(Effects(messages: messages), in: transaction)
        return reminders.count
    }

    /// The rungs whose day has come, of deadlines that are not met.
    private func reminders(
        now: Moment, hasOffice: Bool, _ transaction: PostgresTransaction
    ) async throws -> [Reminder] {
        try await transaction.query(
            """
            SELECT r.kind, r.subject, r.rung, r.place, r.audiences, r.fire_on::text AS fire_on, d.title, d.basis,
                d.recipient, d.people, d.due_on::text AS due_on
            FROM notices.rungs r
            JOIN notices.deadlines d ON d.kind = r.kind AND d.subject = r.subject
            WHERE r.fired_at IS NULL AND r.fire_on <= \(now.day.description)::text::date
                AND d.met_at IS NULL AND d.withdrawn_at IS NULL AND d.due_on IS NOT NULL
                AND (\(hasOffice) OR r.audiences <> '{office}')
            ORDER BY r.fire_on, r.kind, r.subject, r.place LIMIT \(Self.rungsAtOnce)
            FOR UPDATE OF r, d
            """
        ).map { row in
            let kind = try row.decode("kind", as: String.self)
            return Reminder(
                kind: kind, kindName: DeadlineSource.names[kind] ?? kind,
                subject: try row.decode("subject", as: String.self), title: try row.decode("title", as: String.self),
                basis: try row.decode("basis", as: String.self), rung: try row.decode("rung", as: String.self),
                place: try row.decode("place", as: Int.self),
                audiences: try row.decode("audiences", as: [String].self).compactMap(DeadlineRules.Audience.init),
                department: try row.decode("recipient", as: String.self),
                people: try row.decode("people", as: [String].self), dueOn: try row.day("due_on"),
                fireOn: try row.day("fire_on"))
        }
    }

    private func markFired(_ reminders: [Reminder], now: Moment, _ transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE notices.rungs r SET fired_at = \(now.instant)::text::timestamptz
            FROM unnest(\(reminders.map(\.kind))::text[], \(reminders.map(\.subject))::text[],
                \(reminders.map(\.rung))::text[]) AS fired (kind, subject, rung)
            WHERE r.kind = fired.kind AND r.subject = fired.subject AND r.rung = fired.rung
            """)
    }

    /// Stores digests; their numbers by recipient.
    private func store(
        _ digests: [Digest], bodies: [JSONValue], now: Moment, _ transaction: PostgresTransaction
    ) async throws -> [String: Int] {
        let rows = try await transaction.query(
            """
            INSERT INTO notices.notices (recipient, sent_on, sent_at, is_catching_up, body)
            SELECT recipient, \(now.day.description)::text::date, \(now.instant)::text::timestamptz, catching_up, body
            FROM unnest(\(digests.map(\.recipient.id))::text[], \(digests.map(\.isCatchingUp))::bool[],
                \(bodies.map(\.canonicalText))::text[]) AS d (recipient, catching_up, body)
            RETURNING id, recipient
            """)
        return Dictionary(
            try rows.map { (try $0.decode("recipient", as: String.self), try $0.decode("id", as: Int.self)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Enters into the ledger who is reminded of what.
    private func enter(
        _ reminders: [Reminder], notices: [String: Int], offices: [String], now: Moment,
        _ transaction: PostgresTransaction
    ) async throws {
        let entries = reminders.flatMap { reminder in
            reminder.recipients(offices: offices).map { (reminder, $0.audience.rawValue, $0.recipient.id) }
        }
        try await transaction.execute(
            """
            INSERT INTO notices.reminders
                (kind, subject, rung, audience, recipient, notice, due_on, fire_on, sent_at)
            SELECT e.*, \(now.instant)::text::timestamptz
            FROM unnest(\(entries.map(\.0.kind))::text[], \(entries.map(\.0.subject))::text[],
                \(entries.map(\.0.rung))::text[], \(entries.map(\.1))::text[], \(entries.map(\.2))::text[],
                \(entries.map { notices[$0.2] })::bigint[], \(entries.map(\.0.dueOn.description))::date[],
                \(entries.map(\.0.fireOn.description))::date[]) AS e
            """)
    }

    /// Hands digests to the channels that have an address for their recipients.
    private func hand(
        _ digests: [Digest], notices: [String: Int], to channels: Channels, now: Moment,
        _ transaction: PostgresTransaction
    ) async throws {
        let handed = digests.flatMap { digest in
            channels.channels(for: digest.recipient).map { channel in
                (
                    channel: channel.id, recipient: digest.recipient.id,
                    reference: "\(notices[digest.recipient.id] ?? 0)/\(digest.recipient.id)",
                    body: channels.templates.text(of: digest, for: channel)
                )
            }
        }
        guard !handed.isEmpty else { return }
        try await transaction.execute(
            """
            INSERT INTO notices.deliveries
                (kind, target, reference, ordering_key, recipient, body, next_try_at, made_at)
            SELECT 'channel', channel, reference, recipient, recipient, body, \(now.instant)::text::timestamptz,
                \(now.instant)::text::timestamptz
            FROM unnest(\(handed.map(\.channel))::text[], \(handed.map(\.reference))::text[],
                \(handed.map(\.recipient))::text[], \(handed.map(\.body))::text[]) AS h (channel, reference, recipient, body)
            """)
    }
}

extension DeadlineSource {
    /// What each kind is called, in Chinese.
    static let names: [String: String] = [
        "participation": "确认参与联合抽查", "plan-submission": "上报年度计划", "joint": "组织部门联合抽查", "visit": "实施检查",
        "entry": "录入结果", "publication": "公示结果", "correction-request": "答复更正申请", "correction": "责令改正",
        "reinspection": "复查", "follow-up": "后续处置", "referral-approval": "移送审批", "referral-hand-over": "移送",
        "lead-action": "线索处置", "lead-decision": "线索立案", "monthly-return": "报送月报表",
        "half-year-summary": "报送半年总结", "annual-summary": "报送年度总结", "certificate": "执法证换证", "feed": "更新数据",
    ]
}
