public import Logging
import Synchronization

/// Sends records and awaits their delivery (生产者): idempotent, acknowledged by all replicas, transactional if it has
/// a transactional id.
///
/// Call ``close()`` when done with it.
public final class KafkaProducer: Sendable {
    private let client: RdClient
    private let deliveries: Deliveries

    /// Connects in the background; an unreachable broker is found by the first call that waits for it.
    ///
    /// - Parameters:
    ///   - settings: How to reach Kafka.
    ///   - transactionalID: Makes it transactional. Of two producers with one id the older is fenced off when the
    ///     newer calls ``initTransactions(timeout:)``.
    ///   - logger: Gets librdkafka's log, at info and below.
    /// - Throws: Code `invalidArgument` for a property that librdkafka doesn't take.
    public init(settings: KafkaSettings, transactionalID: String? = nil, logger: Logger) throws(KafkaError) {
        let client = try RdClient(.producer, settings.producer(transactionalID: transactionalID), logger: logger)
        let deliveries = Deliveries()
        self.client = client
        self.deliveries = deliveries
        EventThread.start(name: "kafka-producer", client: client, milliseconds: 1000, state: ()) { _, event in
            if case .deliveries(let reports) = event { deliveries.settle(reports) }
            return deliveries.isEnding ? .stop : .goOn
        } end: { _ in
            client.destroy()
            deliveries.didEnd()
        }
    }

    deinit {
        // Its thread and client would outlive it otherwise. What is under way is given up: only close() waits for it.
        deliveries.end()
        client.wake()
    }

    /// Sends a record and waits until the broker has acknowledged it, or the client has given it up (30 s, unless the
    /// setting `message.timeout.ms` says otherwise).
    ///
    /// Records sent one after the other keep their order within a partition. When the task is cancelled it throws code
    /// `cancelled` at once, and the record may still be sent.
    @discardableResult
    public func send(_ record: KafkaRecord) async throws(KafkaError) -> KafkaDelivery {
        guard let result = await send([record]).first else { throw .closed }
        return try result.get()
    }

    /// Sends records in their order and waits for all; what each came to, in the same order.
    public func send(_ records: [KafkaRecord]) async -> [Result<KafkaDelivery, KafkaError>] {
        guard !records.isEmpty else { return [] }
        let batch = Deliveries.Batch(count: records.count)
        await withTaskCancellationHandler {
            for (index, record) in records.enumerated() {
                await produce(record, index, of: batch)
            }
            await batch.settled()
        } onCancel: {
            deliveries.abandon(batch)
        }
        return batch.results
    }

    private func produce(_ record: KafkaRecord, _ index: Int, of batch: Deliveries.Batch) async {
        while !batch.isAbandoned {
            guard let id = deliveries.expect(index, of: batch) else { return batch.settle(index, .failure(.closed)) }
            do throws(KafkaError) {
                try client.produce(record, id: id)
                return
            } catch {
                deliveries.forget(id)
                guard error.code == .queueFull else { return batch.settle(index, .failure(error)) }
                await deliveries.room()
            }
        }
    }

    /// Gets the transactional id for this producer: finishes what an older one left open, and fences it off.
    public func initTransactions(timeout: Duration = .seconds(30)) async throws(KafkaError) {
        try await client.initTransactions(milliseconds: timeout.milliseconds)
    }

    /// Begins a transaction; every record sent until its end is part of it.
    public func beginTransaction() async throws(KafkaError) {
        try await client.beginTransaction()
    }

    /// Commits the transaction after its records are delivered.
    ///
    /// - Throws: With `requiresAbort` after a failed delivery; with `isFatal` when fenced; with `isRetriable` when the
    ///   outcome isn't known yet: then call it again.
    public func commitTransaction(timeout: Duration = .seconds(30)) async throws(KafkaError) {
        try await client.commitTransaction(milliseconds: timeout.milliseconds)
    }

    /// Aborts the transaction: its records are never seen by a reader of committed ones.
    public func abortTransaction(timeout: Duration = .seconds(30)) async throws(KafkaError) {
        try await client.abortTransaction(milliseconds: timeout.milliseconds)
    }

    /// Waits until everything handed over has been delivered or given up.
    ///
    /// - Throws: Code `timedOut`.
    public func flush(timeout: Duration = .seconds(30)) async throws(KafkaError) {
        try await client.flush(milliseconds: timeout.milliseconds)
    }

    /// A partition's first and next offset, asked of its broker.
    public func watermarks(
        topic: String, partition: Int32, timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> Watermarks {
        try await client.watermarks(
            of: TopicPartition(topic: topic, partition: partition), milliseconds: timeout.milliseconds)
    }

    /// How many partitions a topic has, asked of a broker.
    ///
    /// - Throws: Code `unknownTopicOrPartition` if it doesn't exist.
    public func partitionCount(of topic: String, timeout: Duration = .seconds(10)) async throws(KafkaError) -> Int32 {
        try await client.partitionCount(of: topic, milliseconds: timeout.milliseconds)
    }

    /// Sends what is left, for at most `timeout`; gives up the rest, whose senders get code `purged`; frees everything.
    ///
    /// Calls made later throw code `closed`. Returns when all is done, however often it is called.
    public func close(timeout: Duration = .seconds(10)) async {
        if deliveries.beginClosing() {
            try? await client.flush(milliseconds: timeout.milliseconds)
            client.purge()
            deliveries.end()
            client.wake()
        }
        await deliveries.ended()
    }
}

extension Duration {
    /// For librdkafka, which takes whole milliseconds in 32 bits.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let value = Double(seconds) * 1000 + Double(attoseconds) / 1e15
        return Int32(min(max(value.rounded(.up), 0), Double(Int32.max)))
    }
}
