import Cluster
import Crypto
import JSON
import Logging
import Postgres

/// Applies feeds that are whole: every row's outcome, the register's new versions, the quarantine, the report and its
/// receipt in one transaction, set at a time.
struct FeedApplier: Sendable {
    let pool: PostgresPool
    let outbox: Outbox
    let logger: Logger

    init(pool: PostgresPool, topics: Topics, logger: Logger) {
        self.pool = pool
        self.logger = logger
        outbox = Outbox(topics: topics)
    }

    /// Applies a feed if all of it is in and nobody has applied it yet.
    func settle(_ name: FeedName) async throws {
        let statements = FeedStatements(name: name)
        let isApplied = try await pool.transaction { transaction in
            // Whoever still stores rows of it ends first.
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(name.lock)::bigint)")
            let rows = try await transaction.query(
                """
                SELECT mode, version, partitions, allow_shrink, person FROM registers.feeds
                WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id)
                    AND applied_at IS NULL FOR UPDATE
                """)
            guard let row = rows.first, let mode = FeedMode(rawValue: try row.decode("mode", as: String.self)) else {
                return false
            }
            let heading = FeedHeading(
                register: name.register, source: name.source, id: name.id, mode: mode,
                version: try row.decode("version", as: Int.self),
                partitions: try row.decode("partitions", as: Int.self),
                allowShrink: try row.decode("allow_shrink", as: Bool.self),
                person: try row.decode("person", as: String?.self))
            guard try await isWhole(heading, statements, transaction) else { return false }
            let receipt = try await apply(heading, statements, transaction)
            try await record(receipt, heading, statements, transaction)
            try await send(receipt, transaction)
            return true
        }
        guard isApplied else { return }
        // Whoever waits for the receipt does not wait for this.
        try await pool.transaction { transaction in
            for statement in statements.forget { try await transaction.execute(statement) }
        }
    }

    /// Sends the receipt of a feed that was applied before once more: its source has sent it again.
    func repeatReceipt(of name: FeedName) async throws {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT receipt::text AS receipt FROM registers.feeds
                WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id)
                    AND receipt IS NOT NULL
                """)
            guard let row = rows.first else { return }
            try await send(Receipt(json: JSONValue(parsing: row.decode("receipt", as: String.self))), transaction)
        }
    }

    /// The feed as one line of the audit log; its digest is over what the ends of its partitions promise.
    private func record(
        _ receipt: Receipt, _ heading: FeedHeading, _ statements: FeedStatements, _ transaction: PostgresTransaction
    ) async throws {
        let ends = try await transaction.query(statements.ends).map { row in
            let count = try row.decode("count", as: Int.self)
            return
                "\(try row.decode("partition", as: Int.self)):\(count):\(try row.decode("checksum", as: String.self))\n"
        }
        let act = Act(
            kind: .feed, source: receipt.source, id: "\(heading.register.rawValue)/\(receipt.id)", type: receipt.type,
            subject: heading.register.rawValue, person: heading.person,
            digest: Array(SHA256.hash(data: Array(ends.sorted().joined().utf8))),
            outcome: receipt.status == .accepted ? .accepted : .refused, codes: receipt.reasons.map(\.code))
        try await AuditLog.record(act, in: transaction)
    }

    private func send(_ receipt: Receipt, _ transaction: PostgresTransaction) async throws {
        try await outbox.store(Effects(messages: [outbox.message(for: receipt)]), in: transaction)
    }

    /// Whether the ends of all partitions are in, and the rows are those that the ends promise.
    private func isWhole(
        _ heading: FeedHeading, _ statements: FeedStatements, _ transaction: PostgresTransaction
    ) async throws -> Bool {
        var logger = logger
        logger[metadataKey: "feed.register"] = "\(heading.register.rawValue)"
        logger[metadataKey: "feed.source"] = "\(heading.source)"
        logger[metadataKey: "feed.id"] = "\(heading.id)"
        let ends = try await transaction.query(statements.ends)
        guard ends.count == heading.partitions else {
            logger.debug("feed waits for more ends", metadata: ["feed.ends": "\(ends.count)"])
            return false
        }
        let sums = try await transaction.query(statements.sums)
        var found: [Int: (count: Int, checksum: String)] = [:]
        for row in sums {
            guard try !row.decode("overlaps", as: Bool.self) else {
                logger.warning("feed has pages that overlap; it waits until its sender sends another")
                return false
            }
            found[try row.decode("partition", as: Int.self)] = (
                try row.decode("count", as: Int.self), try row.decode("checksum", as: String.self)
            )
        }
        for row in ends {
            let partition = try row.decode("partition", as: Int.self)
            let promised = try row.decode("count", as: Int.self)
            let checksum = try row.decode("checksum", as: String.self)
            let (count, sum) = found.removeValue(forKey: partition) ?? (0, feedChecksum([]))
            guard count == promised, sum == checksum else {
                logger.warning(
                    "feed does not add up; it waits until its rows are sent again",
                    metadata: [
                        "feed.partition": "\(partition)", "feed.promised": "\(promised)", "feed.found": "\(count)",
                    ])
                return false
            }
        }
        guard found.isEmpty else {
            logger.warning(
                "feed has rows in partitions that it does not name", metadata: ["feed.more": "\(found.count)"])
            return false
        }
        return true
    }

    private func apply(
        _ heading: FeedHeading, _ statements: FeedStatements, _ transaction: PostgresTransaction
    ) async throws -> Receipt {
        let judgement = try await FeedJudgement(heading, statements, transaction)
        let (report, reasons) = (judgement.report, judgement.reasons)
        if reasons.isEmpty {
            for statement in statements.changes(heading, report, now: judgement.now) {
                try await transaction.execute(statement)
            }
        }
        let receipt = Receipt(
            source: heading.source, id: heading.id, type: FeedMessage.EventType.end,
            subject: heading.register.rawValue, status: reasons.isEmpty ? .accepted : .rejected, reasons: reasons,
            details: report.json)
        try await transaction.execute(
            statements.finish(now: judgement.now, accepted: reasons.isEmpty, receipt: JSONText(receipt.json)))
        logger.info(
            "feed settled",
            metadata: [
                "feed.register": "\(heading.register.rawValue)", "feed.source": "\(heading.source)",
                "feed.id": "\(heading.id)", "feed.status": "\(receipt.status.rawValue)", "feed.sum": "\(report.line)",
            ])
        return receipt
    }
}
