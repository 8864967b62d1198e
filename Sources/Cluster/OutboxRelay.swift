import JSON
public import Kafka
public import Logging
public import Postgres
public import ServiceLifecycle

/// Sends the outbox to the broker, each message at least once and in the order of its key.
///
/// One process at a time relays, by a lease in the database and a transactional id at the broker, so that one that
/// was paused and comes back is fenced on both sides. Offsets of what was delivered are recorded, and each delivery has to
/// follow the one before: where it doesn't, and whenever a relay begins, the end of the log is read and held against the
/// record (``LogComparison``), and what is missing, or no longer the last of its key, is sent again. Consumers drop repeats
/// by `ce_sequence`.
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

    /// A row of the outbox that the broker has acknowledged.
    struct Delivery: Sendable {
        let row: Int64
        let entry: LogComparison.Entry
    }

    /// What one relay holds between its turns.
    actor RelayState {
        var token: Int64?
        var producer: KafkaProducer?
        private var ends: [Place: (offset: Int64, since: ContinuousClock.Instant)] = [:]
        private var looked: ContinuousClock.Instant?

        func adopt(_ token: Int64) { self.token = token }
        func use(_ producer: KafkaProducer) {
            self.producer = producer
        }
        func retire() async {
            let retired = producer
            producer = nil
            ends = [:]
            await retired?.close()
        }
        /// A partition's log is known to end here, or one further, for the marker of the transaction.
        func note(_ place: Place, end: Int64) { ends[place] = (end, .now) }
        /// Whether a log that goes on here goes on where it ended.
        func follows(_ place: Place, _ offset: Int64) -> Bool {
            guard let end = ends[place]?.offset else { return true }
            return end...end + 1 ~= offset
        }
        /// Whether a second has gone by since it was last time to look for losses; what is sent meanwhile shows them anyway.
        func isTimeToLook() -> Bool {
            if let looked, .now - looked < .seconds(1) { return false }
            looked = .now
            return true
        }
        /// Those whose end was noted in the last minutes.
        var recent: [Place] { ends.filter { .now - $0.value.since < .seconds(300) }.map(\.key) }
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
        // Before the outbox is read, since a new one may find older messages that have to go again first.
        let producer = try await producer(state, token: token)
        while !Task.isCancelled {
            let batch = try await unsent()
            guard !batch.isEmpty else { break }
            try await send(batch, by: producer, token: token, state)
            guard try await lease() == token else { return }
        }
        if await state.isTimeToLook() { try await lookForLoss(by: producer, token: token, state) }
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

    /// The producer of this relay. A new one fences off the older ones; then the logs are read before anything is sent.
    private func producer(_ state: RelayState, token: Int64) async throws -> KafkaProducer {
        if let producer = await state.producer { return producer }
        let producer = try KafkaProducer(
            settings: kafka, transactionalID: topics.prefix + Self.leaseName, logger: logger)
        do {
            try await producer.initTransactions()
            let places = try await deliveredPlaces(producer)
            try await reconcile(
                Dictionary(uniqueKeysWithValues: places.map { ($0, []) }), by: producer, token: token, state)
        } catch {
            await producer.close()
            throw error
        }
        await state.use(producer)
        return producer
    }

    struct Row: Sendable {
        let id: Int64
        let message: String
        let key: String
        let sequence: Int64
        let record: KafkaRecord
    }

    private func unsent() async throws -> [Row] {
        try await pool.query(
            """
            SELECT id, topic, key, sequence, headers ->> 'ce_id' AS message, headers::text AS headers, body
            FROM cluster.outbox
            WHERE sent_at IS NULL ORDER BY id LIMIT \(Self.batchSize)
            """
        ).map { row in
            var headers: [(name: String, value: [UInt8])] = []
            if case .object(let fields) = try JSONValue(parsing: Array(row.decode("headers", as: String.self).utf8)) {
                for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                    if case .string(let text) = value { headers.append((name, Array(text.utf8))) }
                }
            }
            let key = try row.decode("key", as: String.self)
            return Row(
                id: try row.decode("id", as: Int64.self), message: try row.decode("message", as: String.self), key: key,
                sequence: try row.decode("sequence", as: Int64.self),
                record: KafkaRecord(
                    topic: try row.decode("topic", as: String.self), key: Array(key.utf8),
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
        var delivered: [Place: [Delivery]] = [:]
        for (row, delivery) in zip(batch, deliveries) {
            delivered[Place(topic: row.record.topic, partition: delivery.partition), default: []].append(
                Delivery(
                    row: row.id,
                    entry: .init(
                        message: row.message, key: row.key, sequence: row.sequence, offset: delivery.offset)))
        }
        var doubtful: [Place: [Delivery]] = [:]
        for (place, deliveries) in delivered {
            let offsets = deliveries.map(\.entry.offset)
            if await state.follows(place, offsets[0]), zip(offsets, offsets.dropFirst()).allSatisfy({ $1 == $0 + 1 }) {
                await state.note(place, end: offsets[offsets.count - 1] + 1)
            } else {
                doubtful[place] = deliveries
            }
        }
        let again = try await reconcile(doubtful, by: producer, token: token, state)
        let sent = delivered.flatMap { place, deliveries in
            deliveries.filter { $0.entry.sequence < again[place]?[$0.entry.key] ?? .max }.map { (place, $0) }
        }
        try await pool.execute(
            """
            UPDATE cluster.outbox o SET sent_at = clock_timestamp(), partition = d.partition, "offset" = d."offset"
            FROM unnest(\(sent.map(\.1.row)), \(sent.map { Int64($0.0.partition) }), \(sent.map(\.1.entry.offset)))
                AS d (id, partition, "offset")
            WHERE o.id = d.id
                AND EXISTS (SELECT FROM cluster.leases WHERE name = \(Self.leaseName) AND token = \(token))
            """)
    }

    /// Looks whether logs still end where they ended; where not, something is lost, or somebody else's.
    private func lookForLoss(by producer: KafkaProducer, token: Int64, _ state: RelayState) async throws {
        var doubtful: [Place: [Delivery]] = [:]
        for place in await state.recent {
            let high = try await producer.watermarks(topic: place.topic, partition: place.partition).high
            if await !state.follows(place, high) { doubtful[place] = [] }
        }
        let again = try await reconcile(doubtful, by: producer, token: token, state)
        if again.values.contains(where: { !$0.isEmpty }) { wakeup.raise() }
    }
}
