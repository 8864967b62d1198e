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

    /// Applies a feed if all of it is in, or repeats the receipt of one that was applied before.
    func settle(_ name: FeedName) async throws {
        try await pool.transaction { transaction in
            // Whoever still stores rows of it ends first.
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(name.lock)::bigint)")
            let rows = try await transaction.query(
                """
                SELECT mode, version, partitions, allow_shrink, receipt::text AS receipt FROM registers.feeds
                WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id) FOR UPDATE
                """)
            guard let row = rows.first else { return }
            let statements = FeedStatements(name: name)
            if let stored = try row.decode("receipt", as: String?.self) {
                // Rows that were sent again while the feed was being applied are of no use any more.
                for statement in statements.forget { try await transaction.execute(statement) }
                try await send(Receipt(json: JSONValue(parsing: stored)), transaction)
                return
            }
            guard let mode = FeedMode(rawValue: try row.decode("mode", as: String.self)) else { return }
            let heading = FeedHeading(
                register: name.register, source: name.source, id: name.id, mode: mode,
                version: try row.decode("version", as: Int.self),
                partitions: try row.decode("partitions", as: Int.self),
                allowShrink: try row.decode("allow_shrink", as: Bool.self))
            guard try await isWhole(heading, statements, transaction) else { return }
            let receipt = try await apply(heading, statements, transaction)
            try await record(receipt, heading, statements, transaction)
            for statement in statements.forget { try await transaction.execute(statement) }
            try await send(receipt, transaction)
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
            subject: heading.register.rawValue, digest: Array(SHA256.hash(data: Array(ends.sorted().joined().utf8))),
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
        // Rows that just came in have no statistics: the planner would take them for a handful and compare every pair.
        // Where a loop is the only way, its price must not make the planner compile the statement.
        try await transaction.script(
            "SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        // One feed of a register at a time: whether an id belongs to another source must not change meanwhile.
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext(\("yaohao.registers." + heading.register.rawValue)))")
        let instants = try await transaction.query(statements.instantAndFloor)
        guard let instant = instants.first else { throw PostgresError(.decoding, "no instant") }
        let now = try instant.decode("now", as: String.self)
        let floor = try instant.decode("floor", as: Int?.self) ?? 0

        var unknown: [String] = []
        if let query = statements.unknownDepartments {
            unknown = try await transaction.query(query).map { try $0.decode("department", as: String.self) }
        }
        try await transaction.execute(statements.makeJudged)
        try await transaction.execute(statements.judge(floor: floor, unknown: unknown))
        var report = FeedReport()
        var current = 0
        for row in try await transaction.query(statements.outcomes) {
            let count = try row.decode("count", as: Int.self)
            report.read += count
            switch try row.decode("outcome", as: String.self) {
            case "inserted": report.inserted = count
            case "updated": report.updated = count
            case "unchanged": report.unchanged += count
            case "outdated":
                report.outdated = count
                report.unchanged += count
            case "retired": report.retired = count
            default: report.quarantined = count
            }
        }
        if let row = try await transaction.query(statements.absence(heading)).first {
            current = try row.decode("current", as: Int.self)
            report.absent = try row.decode("absent", as: Int.self)
            report.retired += report.absent
        }
        report.examples = try await transaction.query(statements.examples).map { row in
            FeedReport.Example(
                position: try row.decode("position", as: Int.self), id: try row.decode("id", as: String.self),
                field: try row.decode("field", as: String.self), code: try row.decode("code", as: String.self),
                message: try row.decode("message", as: String.self))
        }

        var reasons: [Reason] = []
        let limit = try await CountyRules.load(from: transaction).shrinkLimitPPM
        if !heading.allowShrink, report.retired * 1_000_000 > current * limit {
            let share = limit % 10_000 == 0 ? "\(limit / 10_000)%" : "\(limit) ppm"
            reasons = [
                Reason(
                    code: "feed.shrink",
                    message: "将停用 \(current) 条中的 \(report.retired) 条，超过 \(share)，未予入库；确认无误后请加 --allow-shrink 重报 / "
                        + "would retire \(report.retired) of \(current) rows, more than \(share), so nothing was taken; "
                        + "if that is right, feed it again with --allow-shrink")
            ]
        } else {
            for statement in statements.changes(heading, now: now) { try await transaction.execute(statement) }
        }
        let receipt = Receipt(
            source: heading.source, id: heading.id, type: FeedMessage.EventType.end,
            subject: heading.register.rawValue, status: reasons.isEmpty ? .accepted : .rejected, reasons: reasons,
            details: report.json)
        try await transaction.execute(
            statements.finish(now: now, accepted: reasons.isEmpty, receipt: JSONText(receipt.json)))
        logger.info(
            "feed settled",
            metadata: [
                "feed.register": "\(heading.register.rawValue)", "feed.source": "\(heading.source)",
                "feed.id": "\(heading.id)", "feed.status": "\(receipt.status.rawValue)", "feed.sum": "\(report.line)",
            ])
        return receipt
    }
}
