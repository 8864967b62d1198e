import JSON
public import Kafka
public import Logging
public import Postgres
public import ServiceLifecycle

/// Sends the outbox to the broker, each message at least once and in the order of its key.
///
/// One process at a time relays, by a lease in the database and a transactional id at the broker, so that one that
/// was paused and comes back is fenced on both sides. Offsets of what was delivered are recorded: when the broker has
/// lost acknowledged messages, what it gives the next ones shows it, and the lost ones are sent again. Consumers drop
/// repeats by `ce_sequence`.
public struct OutboxRelay: Service {
    static let leaseName = "outbox-relay"
    static let batchSize = 500

    let pool: PostgresPool
    let conninfo: String
    let kafka: KafkaSettings
    let topics: Topics
    let owner: String
    let leaseMilliseconds: Int
    let logger: Logger
    let wakeup = Wakeup()

    /// A relay; every worker and notifier has one, and one of them is at work.
    public init(
        pool: PostgresPool, conninfo: String, kafka: KafkaSettings, topics: Topics, owner: String,
        leaseMilliseconds: Int = 10_000, logger: Logger
    ) {
        self.pool = pool
        self.conninfo = conninfo
        self.kafka = kafka
        self.topics = topics
        self.owner = owner
        self.leaseMilliseconds = leaseMilliseconds
        self.logger = logger
    }

    /// Relays until the service is told to stop; then the lease is given back, so that another takes over at once.
    public func run() async throws {
        let state = RelayState()
        let listener = Listener(conninfo: conninfo, channel: "yaohao_outbox", wakeup: wakeup, logger: logger)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await listener.run() }
                group.addTask {
                    try await wakeup.loop(every: .seconds(1)) {
                        do {
                            try await turn(state)
                        } catch {
                            logger.warning("relay interrupted", metadata: ["error": "\(error)"])
                            await state.retire()
                            try? await Task.sleep(for: .milliseconds(500))
                        }
                    }
                }
                // The listener only ends by being cancelled; the loop ends at shutdown.
                while try await group.next() != nil, !Task.isShuttingDownGracefully {}
                group.cancelAll()
            }
        } onGracefulShutdown: {
            wakeup.finish()
        }
        await state.retire()
        if let token = await state.token {
            _ = try? await pool.execute(
                "UPDATE cluster.leases SET until = clock_timestamp() WHERE name = \(Self.leaseName) AND token = \(token)"
            )
        }
    }

    struct Place: Sendable, Hashable {
        let topic: String
        let partition: Int32
    }

    /// What one relay holds between its turns.
    actor RelayState {
        var token: Int64?
        var producer: KafkaProducer?
        /// The offset of the last message that each partition took.
        var newest: [Place: Int64] = [:]

        func adopt(_ token: Int64) { self.token = token }
        func use(_ producer: KafkaProducer) {
            self.producer = producer
        }
        func retire() async {
            let retired = producer
            producer = nil
            newest = [:]
            await retired?.close()
        }
        func note(_ place: Place, _ offset: Int64) { newest[place] = offset }
        func forget(_ place: Place) { newest[place] = nil }
    }

    private func turn(_ state: RelayState) async throws {
        guard let token = try await lease() else {
            await state.retire()
            return
        }
        if await state.token != token {
            await state.retire()
            await state.adopt(token)
        }
        while !Task.isCancelled {
            let batch = try await unsent()
            guard !batch.isEmpty else { break }
            let producer = try await producer(state)
            try await send(batch, by: producer, token: token, state)
            guard try await lease() == token else { return }
        }
        try await resendLost(token: token, state)
    }

    /// Takes or renews the lease; `nil` when it is somebody else's.
    private func lease() async throws -> Int64? {
        let rows = try await pool.query(
            """
            INSERT INTO cluster.leases AS l (name, owner, token, until)
            VALUES (\(Self.leaseName), \(owner), nextval('cluster.fencing'),
                clock_timestamp() + \(leaseMilliseconds) * interval '1 millisecond')
            ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until,
                token = CASE WHEN l.owner = excluded.owner AND l.until > clock_timestamp()
                    THEN l.token ELSE excluded.token END
            WHERE l.owner = excluded.owner OR l.until <= clock_timestamp()
            RETURNING token
            """)
        return try rows.first?.decode("token", as: Int64.self)
    }

    private func producer(_ state: RelayState) async throws -> KafkaProducer {
        if let producer = await state.producer { return producer }
        let producer = try KafkaProducer(
            settings: kafka, transactionalID: topics.prefix + Self.leaseName, logger: logger)
        do {
            try await producer.initTransactions()
        } catch {
            await producer.close()
            throw error
        }
        await state.use(producer)
        return producer
    }

    struct Row: Sendable {
        let id: Int64
        let record: KafkaRecord
    }

    private func unsent() async throws -> [Row] {
        try await pool.query(
            """
            SELECT id, topic, key, headers::text AS headers, body FROM cluster.outbox
            WHERE sent_at IS NULL ORDER BY id LIMIT \(Self.batchSize)
            """
        ).map { row in
            var headers: [(name: String, value: [UInt8])] = []
            if case .object(let fields) = try JSONValue(parsing: Array(row.decode("headers", as: String.self).utf8)) {
                for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                    if case .string(let text) = value { headers.append((name, Array(text.utf8))) }
                }
            }
            return Row(
                id: try row.decode("id", as: Int64.self),
                record: KafkaRecord(
                    topic: try row.decode("topic", as: String.self),
                    key: Array(try row.decode("key", as: String.self).utf8),
                    value: try row.decode("body", as: [UInt8]?.self), headers: headers))
        }
    }

    private func send(
        _ batch: [Row], by producer: KafkaProducer, token: Int64, _ state: RelayState
    ) async throws {
        try await producer.beginTransaction()
        let deliveries: [KafkaDelivery]
        do {
            deliveries = try await producer.send(batch.map(\.record)).map { try $0.get() }
            CrashPoint.relayUncommitted.reached()
            try await producer.commitTransaction()
        } catch {
            try? await producer.abortTransaction()
            throw error
        }
        CrashPoint.relayUnrecorded.reached()
        var spans: [Place: ClosedRange<Int64>] = [:]
        var sent = zip(batch, deliveries).map { row, delivery in
            (id: row.id, place: Place(topic: row.record.topic, partition: delivery.partition), offset: delivery.offset)
        }
        for (_, place, offset) in sent {
            let span = spans[place] ?? offset...offset
            spans[place] = min(span.lowerBound, offset)...max(span.upperBound, offset)
        }
        for (place, span) in spans {
            // A partition that gives out an offset which it had given out before has lost what was there.
            let newest: Int64
            if let known = await state.newest[place] {
                newest = known
            } else {
                newest = try await recordedMaximum(place)
            }
            if span.lowerBound <= newest {
                try await sendAgain(place, from: span.lowerBound, token: token)
                // Those of the batch stay unsent and go once more, behind the lost ones: of each key the newest is last.
                sent.removeAll { $0.place == place }
            }
            await state.note(place, span.upperBound)
        }
        try await pool.execute(
            """
            UPDATE cluster.outbox o SET sent_at = clock_timestamp(), partition = d.partition, "offset" = d."offset"
            FROM unnest(\(sent.map(\.id)), \(sent.map { Int64($0.place.partition) }), \(sent.map(\.offset)))
                AS d (id, partition, "offset")
            WHERE o.id = d.id
                AND EXISTS (SELECT FROM cluster.leases WHERE name = \(Self.leaseName) AND token = \(token))
            """)
    }

    private func recordedMaximum(_ place: Place) async throws -> Int64 {
        try await pool.query(
            """
            SELECT COALESCE(max("offset"), -1) AS newest FROM cluster.outbox
            WHERE topic = \(place.topic) AND partition = \(place.partition) AND sent_at IS NOT NULL
            """
        ).first?.decode("newest", as: Int64.self) ?? -1
    }

    /// Looks whether the broker's high watermarks are below what was delivered in the last minutes, and if so has those
    /// rows sent again.
    private func resendLost(token: Int64, _ state: RelayState) async throws {
        let recent = try await pool.query(
            """
            SELECT topic, partition, max("offset") AS newest FROM cluster.outbox
            WHERE sent_at > clock_timestamp() - interval '5 minutes' GROUP BY topic, partition
            """)
        guard !recent.isEmpty else { return }
        let producer = try await producer(state)
        for row in recent {
            let place = Place(
                topic: try row.decode("topic", as: String.self), partition: try row.decode("partition", as: Int32.self))
            let newest = try row.decode("newest", as: Int64.self)
            let high = try await producer.watermarks(topic: place.topic, partition: place.partition).high
            guard high <= newest else { continue }
            try await sendAgain(place, from: high, token: token)
            await state.forget(place)
            wakeup.raise()
        }
    }

    /// Has everything sent again that a partition has lost: what was delivered from an offset on, and what was sent within
    /// a minute of the last. A relay that died before it noticed may have put something in the first lost one's place.
    private func sendAgain(_ place: Place, from offset: Int64, token: Int64) async throws {
        let again = try await pool.execute(
            """
            UPDATE cluster.outbox SET sent_at = NULL, partition = NULL, "offset" = NULL
            WHERE topic = \(place.topic) AND partition = \(place.partition)
                AND ("offset" >= \(offset) OR sent_at > (SELECT max(sent_at) FROM cluster.outbox
                    WHERE topic = \(place.topic) AND partition = \(place.partition)) - interval '1 minute')
                AND EXISTS (SELECT FROM cluster.leases WHERE name = \(Self.leaseName) AND token = \(token))
            """)
        logger.error(
            "the broker lost acknowledged messages; they are sent again",
            metadata: [
                "kafka.topic": "\(place.topic)", "kafka.partition": "\(place.partition)", "kafka.offset": "\(offset)",
                "messages": "\(again)",
            ])
    }
}
