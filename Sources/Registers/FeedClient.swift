public import Cluster
public import Kafka
public import Logging

/// Sends a feed and waits for its report; sends it again until the report comes.
///
/// Guarantee: rows that a broker acknowledged and then forgot are sent again, because the report only comes once all
/// rows are in.
public struct FeedClient: Sendable {
    /// How many rows are signed and handed to the broker at a time.
    private static let chunk = 1_000

    let kafka: KafkaSettings
    let topics: Topics
    let key: SigningKey
    let logger: Logger

    /// A client that speaks with one key.
    public init(kafka: KafkaSettings, topics: Topics, key: SigningKey, logger: Logger) {
        self.kafka = kafka
        self.topics = topics
        self.key = key
        self.logger = logger
    }

    /// How many partitions a register's feed topic has.
    ///
    /// - Throws: `KafkaError`, also when there is no such topic.
    public func partitions(of register: Register) async throws -> Int {
        let admin = try KafkaAdmin(settings: kafka, logger: logger)
        do {
            let count = try await admin.partitionCount(of: topics.feed(register.rawValue))
            await admin.close()
            return Int(count)
        } catch {
            await admin.close()
            throw error
        }
    }

    /// Sends a feed.
    ///
    /// - Returns: its receipt with the report in the details, or `nil` when none came in time; then the same rows may be
    ///   sent again.
    /// - Throws: `KafkaError` that no later try can mend.
    public func send(_ batch: FeedBatch, timeout: Duration) async throws -> Receipt? {
        let producer = try KafkaProducer(settings: kafka, logger: logger)
        do {
            let waiter = try await ReceiptWaiter(
                kafka: kafka, topics: topics, sources: [batch.heading.source], logger: logger)
            do {
                let id = ReceiptWaiter.ID(source: batch.heading.source, id: batch.heading.id)
                // A worker needs its time for a large feed; sending that again too soon would only add to its load.
                let patience = Duration.seconds(10) + .milliseconds(batch.count / 2)
                let receipts = try await waiter.collect([id], timeout: timeout, patience: patience) { _ in
                    try await transmit(batch, producer)
                }
                await waiter.close()
                await producer.close()
                return receipts[id]
            } catch {
                await waiter.close()
                throw error
            }
        } catch {
            await producer.close()
            throw error
        }
    }

    private func transmit(_ batch: FeedBatch, _ producer: KafkaProducer) async throws {
        try await deliver(batch.beginRecords(signedBy: key), producer)
        for start in stride(from: 0, to: batch.count, by: Self.chunk) {
            let range = start..<min(start + Self.chunk, batch.count)
            try await deliver(batch.rowRecords(range, signedBy: key), producer)
        }
        try await deliver(batch.endRecords(signedBy: key), producer)
    }

    private func deliver(_ records: [KafkaRecord], _ producer: KafkaProducer) async throws {
        for result in await producer.send(records) { _ = try result.get() }
    }
}
