public import Cluster
public import Kafka
public import Logging

/// Sends a feed and waits for its report; sends it again until the report comes.
///
/// Guarantee: rows that a broker acknowledged and then forgot are sent again, because the report only comes once all
/// rows are in.
public struct FeedClient: Sendable {
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

    /// What a feed into a topic of so many partitions is.
    public typealias Heading = (_ partitions: Int) -> FeedHeading

    /// The rows of a feed from the first; asked for again when the feed is sent again.
    public typealias Rows = @Sendable () throws -> any FeedRowReader

    /// Sends a feed.
    ///
    /// No more than a few pages are held in memory at a time.
    ///
    /// - Parameters:
    ///   - register: where to.
    ///   - time: when it is made, `YYYY-MM-DDThh:mm:ssZ`.
    ///   - timeout: how long to wait for the report.
    ///   - sent: told the reader at its end each time all rows were sent.
    ///   - heading: what the feed is.
    ///   - rows: the rows. When reading them fails, no end is sent, so that what was sent before has no effect.
    /// - Returns: its receipt with the report in the details, or `nil` when none came in time; then the same rows may be
    ///   sent again.
    /// - Throws: `KafkaError` that no later try can mend, `FeedWriter.Unsendable`, and what reading the rows throws.
    public func send(
        to register: Register, time: String, timeout: Duration,
        sent: @escaping @Sendable (any FeedRowReader) -> Void = { _ in }, heading: Heading, rows: @escaping Rows
    ) async throws -> Receipt? {
        let producer = try KafkaProducer(settings: kafka.compressing, logger: logger)
        do {
            let heading = heading(Int(try await producer.partitionCount(of: topics.feed(register.rawValue))))
            let waiter = try await ReceiptWaiter(
                kafka: kafka, topics: topics, sources: [heading.source], logger: logger)
            do {
                let id = ReceiptWaiter.ID(source: heading.source, id: heading.id)
                // A worker needs its time for a large feed, which transmitting it has taken, too; sending it again too
                // soon would only add to the load.
                let receipts = try await waiter.collect([id], timeout: timeout, patience: .seconds(30)) { _ in
                    sent(
                        try await transmit(
                            FeedWriter(heading, topics: topics, time: time, signedBy: key), rows(), producer))
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

    /// Records that are under way at most while the next ones are made; the first pages go as soon as they are full.
    private static let most = 8

    /// Sends everything once, and gives back the reader at its end.
    private func transmit(
        _ writer: FeedWriter, _ rows: any FeedRowReader, _ producer: KafkaProducer
    ) async throws -> any FeedRowReader {
        var writer = writer
        var rows = rows
        var full = try writer.begin()
        var isEnded = false
        var chunk = 1
        while !isEnded || !full.isEmpty {
            let sending = full
            async let delivered: Void = deliver(sending, producer)
            full = []
            while !isEnded, full.count < chunk {
                if let row = try rows.next() {
                    full += try writer.add(row)
                } else {
                    full += try writer.end()
                    isEnded = true
                }
            }
            chunk = min(2 * chunk, Self.most)
            try await delivered
        }
        return rows
    }

    private func deliver(_ records: [KafkaRecord], _ producer: KafkaProducer) async throws {
        for result in await producer.send(records) { _ = try result.get() }
    }
}

/// Gives the rows of a feed one after the other.
public protocol FeedRowReader {
    /// The next row; `nil` at the end.
    mutating func next() throws -> FeedRow?
}

extension FeedClient {
    /// Rows that are at hand.
    private struct Held: FeedRowReader {
        var rows: ArraySlice<FeedRow>
        mutating func next() -> FeedRow? { rows.popFirst() }
    }

    /// Sends a feed of rows that are at hand, in the order of their positions.
    public func send(
        to register: Register, time: String, timeout: Duration, rows: [FeedRow], heading: Heading
    ) async throws -> Receipt? {
        try await send(to: register, time: time, timeout: timeout, heading: heading) { Held(rows: rows[...]) }
    }
}
