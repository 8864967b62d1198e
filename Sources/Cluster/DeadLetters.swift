import Crypto
import JSON
public import Postgres

/// A message as it came from the broker.
public struct RawMessage: Sendable {
    /// The topic it came from.
    public let topic: String
    /// The partition.
    public let partition: Int32
    /// The offset within the partition.
    public let offset: Int64
    /// The key, as it was.
    public let key: [UInt8]?
    /// The headers, as they were.
    public let headers: [(name: String, value: [UInt8])]
    /// The value, as it was; `nil` for a tombstone.
    public let value: [UInt8]?

    /// A message of the given parts.
    public init(
        topic: String, partition: Int32, offset: Int64, key: [UInt8]?, headers: [(name: String, value: [UInt8])],
        value: [UInt8]?
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        self.value = value
    }
}

/// Keeps what could not be taken, whole, in the table and on the dead-letter topic.
public struct DeadLetters: Sendable {
    let pool: PostgresPool
    let outbox: Outbox
    let topics: Topics

    static let eventType = "cn.yaohao.cluster.letter-died.v1"

    /// Dead letters of a county.
    public init(pool: PostgresPool, topics: Topics) {
        self.pool = pool
        self.topics = topics
        outbox = Outbox(topics: topics)
    }

    /// Stores a message with the reason why it could not be taken. The same message again only counts one more.
    public func store(_ message: RawMessage, code: String, reason: String) async throws {
        var hash = SHA256()
        hash.update(data: message.key ?? [])
        hash.update(data: message.value ?? [])
        let fingerprint = hash.finalize().bytes
        let headers = JSONValue.array(
            message.headers.map { [.string($0.name), .string(hexText($0.value))] })
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                INSERT INTO cluster.dead_letters AS d
                    (topic, partition, "offset", key, headers, body, code, reason, fingerprint)
                VALUES (\(message.topic), \(message.partition), \(message.offset), \(optional: message.key), \(JSONText(headers)),
                    \(optional: message.value), \(code), \(reason), \(fingerprint))
                ON CONFLICT (topic, partition, "offset", fingerprint) DO UPDATE
                SET count = d.count + 1, last_seen = clock_timestamp(), replayed_at = NULL
                RETURNING count
                """)
            guard try rows.first?.decode("count", as: Int.self) == 1 else { return }
            let act = Act(
                kind: .letter, source: "\(message.topic)/\(message.partition)/\(message.offset)",
                id: hexText(fingerprint), type: Self.eventType, subject: message.topic, digest: fingerprint,
                outcome: .dead, codes: [code])
            try await AuditLog.record(act, in: transaction)
            let key = message.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let outgoing = Outgoing(
                topic: topics.deadLetters, key: key, type: Self.eventType, subject: message.topic,
                data: nil)
            // Names that Spring's dead-letter tools understand.
            let extra = [
                "kafka_dlt-original-topic": message.topic, "kafka_dlt-original-partition": String(message.partition),
                "kafka_dlt-original-offset": String(message.offset), "kafka_dlt-exception-fqcn": code,
                "kafka_dlt-exception-message": reason,
            ]
            try await outbox.store(outgoing, body: message.value, extraHeaders: extra, in: transaction)
            CrashPoint.letterUncommitted.reached()
        }
    }

    /// One dead letter as `yaohao dead-letters` shows it.
    public struct Letter: Sendable {
        /// The row's id.
        public let id: Int64
        /// The message as it was.
        public let message: RawMessage
        /// Why it could not be taken: the code.
        public let code: String
        /// Why it could not be taken: the sentence.
        public let reason: String
        /// How often it came.
        public let count: Int
        /// When it first came, in UTC.
        public let firstSeen: String
        /// When it was last sent back to its topic, in UTC, if it was.
        public let replayedAt: String?
        /// Whether what was submitted in its place was accepted.
        public let isCorrected: Bool

        /// The first header of a name, when it is text.
        public func header(_ name: String) -> String? {
            message.headers.first { $0.name.lowercased() == name }.flatMap {
                String(validating: $0.value, as: UTF8.self)
            }
        }
    }

    /// Whether a letter `d` claims to come from one of these sources, and isn't another department's that only claims it.
    private static func claiming(_ sources: [String]?) -> SQL {
        guard let sources else { return "true" }
        return """
            d.code <> 'source' AND EXISTS (SELECT FROM jsonb_array_elements(d.headers) AS h
                WHERE lower(h ->> 0) = 'ce_source' AND h ->> 1 = ANY (\(sources.map { hexText(Array($0.utf8)) })::text[]))
            """
    }

    /// How many letters wait to be replayed or corrected, of all or of these sources.
    public func waiting(sources: [String]? = nil) async throws -> Int {
        try await pool.query(
            "SELECT count(*) AS letters FROM cluster.waiting_letters d WHERE \(Self.claiming(sources))"
        ).first?.decode("letters", as: Int.self) ?? 0
    }

    /// All dead letters, or one, oldest first.
    ///
    /// - Parameters:
    ///   - sources: only those that come from one of these, as far as is known.
    ///   - newestFirst: the newest first, of which the limit then leaves most.
    public func letters(
        id: Int64? = nil, sources: [String]? = nil, newestFirst: Bool = false, limit: Int = 1_000
    ) async throws -> [Letter] {
        let order: SQL = newestFirst ? "id DESC" : "id"
        return try await pool.query(
            """
            SELECT id, topic, partition, "offset", key, headers::text AS headers, body, code, reason, count,
                to_char(first_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_seen,
                to_char(replayed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS replayed_at,
                replayed_at IS NULL
                    AND NOT EXISTS (SELECT FROM cluster.waiting_letters w WHERE w.id = d.id) AS is_corrected
            FROM cluster.dead_letters d
            WHERE (\(optional: id)::bigint IS NULL OR id = \(optional: id)) AND \(Self.claiming(sources))
            ORDER BY \(order) LIMIT \(limit)
            """
        ).map { row in
            let headers = try JSONValue(parsing: Array(row.decode("headers", as: String.self).utf8))
            var pairs: [(name: String, value: [UInt8])] = []
            if case .array(let items) = headers {
                for case .array(let pair) in items where pair.count == 2 {
                    guard case .string(let name) = pair[0], case .string(let value) = pair[1] else { continue }
                    pairs.append((name, bytes(hex: value)))
                }
            }
            return Letter(
                id: try row.decode("id", as: Int64.self),
                message: RawMessage(
                    topic: try row.decode("topic", as: String.self),
                    partition: try row.decode("partition", as: Int32.self),
                    offset: try row.decode("offset", as: Int64.self),
                    key: try row.decode("key", as: [UInt8]?.self), headers: pairs,
                    value: try row.decode("body", as: [UInt8]?.self)),
                code: try row.decode("code", as: String.self), reason: try row.decode("reason", as: String.self),
                count: try row.decode("count", as: Int.self),
                firstSeen: try row.decode("first_seen", as: String.self),
                replayedAt: try row.decode("replayed_at", as: String?.self),
                isCorrected: try row.decode("is_corrected", as: Bool.self))
        }
    }

    /// Notes that a letter was sent back to its topic.
    public func markReplayed(_ id: Int64) async throws {
        try await pool.execute(
            "UPDATE cluster.dead_letters SET replayed_at = clock_timestamp() WHERE id = \(id)")
    }
}
