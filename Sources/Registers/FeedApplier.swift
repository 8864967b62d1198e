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
        // Of those who store the last ends, the last one sees them all.
        let statements = FeedStatements(name: name)
        guard try await pool.isSo(statements.isEnded) else { return }
        try await apply(statements, as: .whole)
    }

    /// Takes the rows of a feed while they come in, and applies it as soon as all of it is in; when nothing comes any more,
    /// or another feed of the register is being applied, it is left to be settled.
    ///
    /// - Parameter atHand: what the page at a position carries, where it need not be read.
    func follow(_ name: FeedName, atHand: @escaping @Sendable (Int) -> PageContents?) async throws {
        try await apply(FeedStatements(name: name), as: .following(atHand))
    }

    /// How much of a feed is there when it is begun to be applied.
    private enum Way {
        case whole
        case following(@Sendable (Int) -> PageContents?)
    }

    /// How long a feed is followed, and for how long without anything new: meanwhile no other feed of its register is
    /// applied.
    private static let longest = (whole: Duration.seconds(30), idle: Duration.milliseconds(250))
    /// How often it is looked for something new.
    private static let look = Duration.milliseconds(5)

    /// The feed is not whole: nothing of it is applied.
    private struct Incomplete: Error {}

    /// The feed is refused: nothing of it stays but why.
    private struct Refused: Error {
        let judgement: FeedJudgement
    }

    private func apply(_ statements: FeedStatements, as way: Way) async throws {
        let name = statements.name
        do {
            try await pool.transaction { transaction in
                switch way {
                case .whole: _ = try await transaction.query(statements.lockRegister)
                case .following:
                    guard try await transaction.isSo(statements.tryToLockRegister) else { throw Incomplete() }
                }
                guard let heading = try await heading(name, transaction) else { throw Incomplete() }
                let judgement = try await judge(heading, statements, transaction, as: way)
                let receipt = try await finish(heading, judgement, statements, transaction)
                try await record(receipt, heading, statements, transaction)
                try await send(receipt, transaction)
            }
        } catch is Incomplete { return }
        // Whoever waits for the receipt does not wait for this.
        try await pool.transaction { transaction in
            for statement in statements.forget { try await transaction.execute(statement) }
        }
    }

    /// What a feed that is not applied yet says of itself.
    private func heading(_ name: FeedName, _ transaction: PostgresTransaction) async throws -> FeedHeading? {
        let rows = try await transaction.query(
            """
            SELECT mode, version, partitions, allow_shrink, person FROM registers.feeds
            WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id)
                AND applied_at IS NULL
            """)
        guard let row = rows.first, let mode = FeedMode(rawValue: try row.decode("mode", as: String.self)) else {
            return nil
        }
        return FeedHeading(
            register: name.register, source: name.source, id: name.id, mode: mode,
            version: try row.decode("version", as: Int.self), partitions: try row.decode("partitions", as: Int.self),
            allowShrink: try row.decode("allow_shrink", as: Bool.self),
            person: try row.decode("person", as: String?.self))
    }

    /// Takes the feed's rows, judges them, and changes the register, unless the feed is refused.
    private func judge(
        _ heading: FeedHeading, _ statements: FeedStatements, _ transaction: PostgresTransaction, as way: Way
    ) async throws -> FeedJudgement {
        for goesStraight in [true, false] {
            do {
                return try await transaction.savepoint { inner in
                    var load = try await FeedLoad(statements, inner, goesStraight: goesStraight)
                    try await take(heading, &load, as: way)
                    let judgement = try await FeedJudgement(load, as: heading)
                    guard judgement.reasons.isEmpty else { throw Refused(judgement: judgement) }
                    for statement in statements.changes(heading, judgement.report, now: judgement.now) {
                        try await inner.execute(statement)
                    }
                    return judgement
                }
            } catch let refused as Refused {
                return refused.judgement
            } catch is FeedLoad.Repeated { continue }
        }
        throw Incomplete()
    }

    /// Takes the feed's pages until all are in.
    private func take(_ heading: FeedHeading, _ load: inout FeedLoad, as way: Way) async throws {
        var isFollowing = false
        var atHand: (Int) -> PageContents? = { _ in nil }
        if case .following(let pages) = way { (isFollowing, atHand) = (true, pages) }
        let begun = ContinuousClock.now
        var latest = begun
        while true {
            if try await load.takePages(atHand) {
                latest = .now
                continue
            }
            if try await load.transaction.isSo(load.statements.isEnded) { break }
            guard isFollowing, .now - latest < Self.longest.idle, .now - begun < Self.longest.whole else {
                throw Incomplete()
            }
            try await Task.sleep(for: Self.look)
        }
        // Whoever still stores pages of it ends first.
        _ = try await load.transaction.query("SELECT pg_advisory_xact_lock(\(heading.name.lock)::bigint)")
        guard try await isWhole(heading, load.statements, load.transaction) else { throw Incomplete() }
        _ = try await load.takePages(atHand)
        try await load.finish()
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

    /// Whether the rows are those that the ends of all partitions, which are in, promise.
    private func isWhole(
        _ heading: FeedHeading, _ statements: FeedStatements, _ transaction: PostgresTransaction
    ) async throws -> Bool {
        var logger = logger
        logger[metadataKey: "feed.register"] = "\(heading.register.rawValue)"
        logger[metadataKey: "feed.source"] = "\(heading.source)"
        logger[metadataKey: "feed.id"] = "\(heading.id)"
        let ends = try await transaction.query(statements.ends)
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

    private func finish(
        _ heading: FeedHeading, _ judgement: FeedJudgement, _ statements: FeedStatements,
        _ transaction: PostgresTransaction
    ) async throws -> Receipt {
        let (report, reasons) = (judgement.report, judgement.reasons)
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
