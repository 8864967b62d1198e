import JSON
public import Postgres

/// Why a message cannot be taken as a submission at all; it becomes a dead letter.
public struct Undeliverable: Error, Sendable, Hashable {
    /// A stable code for programs: `envelope`, `signature`, `source`, `size`, `failures`.
    public let code: String
    /// The reason, in one line.
    public let reason: String

    /// A message that cannot be taken, for this reason.
    public init(code: String, reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// Gives every submission exactly one effect, and a receipt that says which.
///
/// Guarantee: handler, inbox row, receipt and outgoing messages commit in one transaction, keyed by the source and id of
/// the submission, never by topic and offset.
public struct Inbox: Sendable {
    /// The largest body that is taken, in bytes.
    public static let maximumBodySize = 900_000

    let pool: PostgresPool
    let outbox: Outbox
    let directory: KeyDirectory
    let handlers: [String: SubmissionHandler]
    private(set) var rate: DepartmentRate?

    /// An inbox with the handlers of a slice.
    ///
    /// - Parameters:
    ///   - pool: where rows are kept.
    ///   - topics: the county's topics.
    ///   - directory: whose keys are believed.
    ///   - handlers: one for each type of submission.
    public init(pool: PostgresPool, topics: Topics, directory: KeyDirectory, handlers: [SubmissionHandler]) {
        self.pool = pool
        self.outbox = Outbox(topics: topics)
        self.directory = directory
        self.handlers = Dictionary(handlers.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The same inbox with a limit to what one department may send; `nil` for none.
    public func limited(to rate: DepartmentRate?) -> Inbox {
        var limited = self
        limited.rate = rate
        return limited
    }

    /// Takes one message: checks envelope, signature and source, then gives it its effect.
    ///
    /// - Returns: the receipt that was put into the outbox.
    /// - Throws: `Undeliverable` when the message can never be taken; `Deferred` when its department is above its rate;
    ///   other errors may pass on a later try.
    @discardableResult
    public func take(headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?) async throws -> Receipt {
        let submission = try await directory.submission(headers: headers, value: value)
        if let rate, !rate.admits(submission.department) { throw Deferred(department: submission.department) }
        return try await apply(submission)
    }

    func apply(_ submission: Submission) async throws -> Receipt {
        try await pool.transaction { transaction in
            let inserted = try await transaction.execute(
                """
                INSERT INTO cluster.inbox (source, id, digest, type, subject, department, key_id)
                VALUES (\(submission.source), \(submission.id), \(submission.digest), \(submission.type),
                    \(optional: submission.subject), \(submission.department), \(optional: submission.keyID))
                ON CONFLICT DO NOTHING
                """)
            guard inserted == 1 else { return try await repeated(submission, transaction) }
            var effects = Effects()
            var reasons: [Reason] = []
            do {
                effects = try await transaction.savepoint { _ in try await perform(submission, transaction) }
            } catch let rejection as Rejection {
                reasons = rejection.reasons
            } catch let error as JSONError {
                reasons = [Reason(field: error.path, code: "schema", message: "不符合格式：\(error.message)")]
            }
            let receipt = Receipt(
                for: submission, status: reasons.isEmpty ? .accepted : .rejected, reasons: reasons,
                details: effects.details)
            try await transaction.execute(
                """
                UPDATE cluster.inbox SET receipt = \(JSONText(receipt.json))
                WHERE source = \(submission.source) AND id = \(submission.id)
                """)
            try await AuditLog.record(submission.act(.submission, receipt), in: transaction)
            effects.messages.append(outbox.message(for: receipt))
            try await outbox.store(effects, in: transaction)
            CrashPoint.inboxUncommitted.reached()
            return receipt
        }
    }

    private func perform(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        guard let handler = handlers[submission.type] else {
            throw Rejection(
                field: "ce_type", code: "type.unknown",
                message: "此主题不接受类型 \(submission.type)；请按 docs/asyncapi.yaml 填写")
        }
        guard submission.roles.contains(handler.role) else {
            throw Rejection(
                code: "role.missing", message: "密钥没有 \(handler.role.rawValue) 权限；请由管理员签发有此权限的密钥")
        }
        return try await handler.handle(submission, transaction)
    }

    /// The stored receipt once more; or, for the same id with another body, a rejection that changes nothing.
    private func repeated(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Receipt {
        let rows = try await transaction.query(
            """
            SELECT i.digest, i.receipt::text AS receipt, a.said_at
            FROM cluster.inbox i LEFT JOIN cluster.acts a USING (source, id, digest)
            WHERE source = \(submission.source) AND id = \(submission.id)
            """)
        guard let row = rows.first else { throw Undeliverable(code: "failures", reason: "the inbox row vanished") }
        let receipt: Receipt
        var headers: [String: String] = [:]
        if try row.decode("digest", as: [UInt8].self) == submission.digest {
            let stored = try row.decode("receipt", as: String.self)
            receipt = try Receipt(json: JSONValue(parsing: Array(stored.utf8)))
            // Whoever says it at another time is told that this is no answer to that.
            let first = try row.decode("said_at", as: String?.self)
            if first != submission.time { headers[Receipt.firstSaidHeader] = first }
        } else {
            receipt = Receipt(
                for: submission, status: .rejected,
                reasons: [
                    Reason(field: "ce_id", code: "id.reused", message: "此编号已用于另一内容的报送；请换一个编号")
                ])
            try await AuditLog.record(submission.act(.reuse, receipt), in: transaction)
        }
        try await outbox.store(
            outbox.message(for: receipt), body: receipt.json.canonical, extraHeaders: headers, in: transaction)
        return receipt
    }
}
