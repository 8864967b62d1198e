public import Cluster
import JSON
public import Logging
public import Postgres

/// Takes the messages of feed topics: checks them, keeps their rows, and applies a feed once it is whole.
///
/// Guarantee: taking a message twice, or a whole feed sent again, changes nothing; a row that the broker lost keeps its
/// feed from being applied until the row is sent again. Feeds are de-duplicated by version and position, not by the
/// inbox.
public struct FeedIntake: Sendable {
    /// How many messages are best taken at a time: each time costs a transaction.
    public static let batch = 1_000

    let pool: PostgresPool
    let topics: Topics
    let directory: KeyDirectory
    let deadLetters: DeadLetters
    let applier: FeedApplier
    let logger: Logger

    /// An intake for a county's feed topics.
    public init(
        pool: PostgresPool, topics: Topics, directory: KeyDirectory, deadLetters: DeadLetters, logger: Logger
    ) {
        self.pool = pool
        self.topics = topics
        self.directory = directory
        self.logger = logger
        self.deadLetters = deadLetters
        applier = FeedApplier(pool: pool, topics: topics, logger: logger)
    }

    /// Takes messages of one partition, in order. What cannot be taken becomes a dead letter.
    ///
    /// - Throws: what may pass on a later try, such as `PostgresError`; then take the same messages again.
    public func take(_ messages: [RawMessage]) async throws {
        var rows: [FeedMessage.StagedRow] = []
        var begun: [FeedHeading] = []
        var ends: [FeedEnd] = []
        for (message, verified) in zip(messages, try await directory.verified(messages)) {
            do {
                switch try read(message, verified.get()) {
                case .row(let row): rows.append(row)
                case .begin(let heading): begun.append(heading)
                case .end(let end): ends.append(end)
                }
            } catch let error as Undeliverable {
                logger.warning(
                    "feed message is undeliverable",
                    metadata: [
                        "kafka.topic": "\(message.topic)", "kafka.partition": "\(message.partition)",
                        "kafka.offset": "\(message.offset)", "reason": "\(error.reason)",
                    ])
                try await deadLetters.store(message, code: error.code, reason: error.reason)
            }
        }
        if !rows.isEmpty || !begun.isEmpty || !ends.isEmpty {
            try await pool.transaction { transaction in
                try await stage(rows, headings: begun + ends.map(\.heading), ends, transaction)
            }
        }
        // Each resending closes with the markers again, so an end is the only moment at which a feed can become whole.
        for name in Set(ends.map(\.heading.name)).sorted() { try await applier.settle(name) }
    }

    private func read(_ message: RawMessage, _ verified: KeyDirectory.Verified) throws -> FeedMessage {
        guard let register = Register.allCases.first(where: { topics.feed($0.rawValue) == message.topic }) else {
            throw Undeliverable(code: "envelope", reason: "\(message.topic) is no feed topic")
        }
        guard verified.entry.roles.contains(.feed) else {
            throw Undeliverable(code: "role", reason: "the key may not feed registers; use one with the role feed")
        }
        return try FeedMessage(
            verified.event, register: register, partition: Int(message.partition), key: message.key)
    }

    /// Stores rows and markers of feeds that are not applied yet, all at once.
    private func stage(
        _ rows: [FeedMessage.StagedRow], headings: [FeedHeading], _ ends: [FeedEnd], _ transaction: PostgresTransaction
    ) async throws {
        // In the order of their keys, so that two workers never wait for each other in a circle.
        let headings = Dictionary(headings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            .values.sorted { $0.name < $1.name }
        try await transaction.execute(
            """
            INSERT INTO registers.feeds (register, source, id, mode, version, partitions, allow_shrink)
            SELECT * FROM unnest(\(headings.map(\.register.rawValue))::text[], \(headings.map(\.source))::text[],
                \(headings.map(\.id))::text[], \(headings.map(\.mode.rawValue))::text[],
                \(headings.map(\.version))::bigint[], \(headings.map(\.partitions))::integer[],
                \(headings.map(\.allowShrink))::boolean[])
            ON CONFLICT DO NOTHING
            """)
        try await transaction.execute(
            """
            INSERT INTO registers.feed_ends (register, source, feed, partition, count, checksum)
            SELECT * FROM unnest(\(ends.map(\.heading.register.rawValue))::text[], \(ends.map(\.heading.source))::text[],
                \(ends.map(\.heading.id))::text[], \(ends.map(\.partition))::integer[], \(ends.map(\.count))::bigint[],
                \(ends.map(\.checksum))::text[])
            ON CONFLICT DO NOTHING
            """)
        try await transaction.execute(
            """
            INSERT INTO registers.feed_rows
                (register, source, feed, position, partition, id, version, digest, body, findings)
            SELECT r.* FROM unnest(\(rows.map(\.feed.register.rawValue))::text[], \(rows.map(\.feed.source))::text[],
                \(rows.map(\.feed.id))::text[], \(rows.map(\.position))::bigint[], \(rows.map(\.partition))::integer[],
                \(rows.map(\.id))::text[], \(rows.map(\.version))::bigint[], \(rows.map(\.digest))::bytea[],
                \(rows.map(\.body))::bytea[],
                \(rows.map { $0.findings.isEmpty ? nil : JSONText(.array($0.findings.map(\.json))) })::jsonb[])
                AS r (register, source, feed, position, partition, id, version, digest, body, findings)
            WHERE NOT EXISTS (
                SELECT FROM registers.feeds f
                WHERE f.register = r.register AND f.source = r.source AND f.id = r.feed AND f.applied_at IS NOT NULL)
            ON CONFLICT DO NOTHING
            """)
    }
}
