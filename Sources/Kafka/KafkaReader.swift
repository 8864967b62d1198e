import Dispatch
public import Logging
import Synchronization

/// Reads partitions of one topic from a place of one's choice (读取器), as nobody's member and committing nothing: for
/// whoever waits for receipts, and for tests.
///
/// It is a sequence of messages in the order they arrive, without end: it waits for more. One task at a time may read.
/// Call ``close()`` when done with it.
public final class KafkaReader: Sendable, AsyncSequence {
    /// Where to begin.
    public enum Start: Sendable, Hashable {
        /// At the first message that is still there.
        case earliest
        /// After the last message there is when the reader opens.
        case end
        /// At this offset.
        case offset(Int64)
    }

    private struct State {
        var buffer: [RdEvent] = []
        var head = 0
        /// Up to where partitions have been read.
        var reached: [TopicPartition: Int64] = [:]

        mutating func put(_ events: [RdEvent]) {
            buffer = events
            head = 0
        }

        mutating func take() -> RdEvent? {
            guard head < buffer.count else { return nil }
            defer { head += 1 }
            switch buffer[head] {
            case .end(let partition, let offset): reached[partition] = offset
            case .message(let message): reached[message.topicPartition] = message.offset + 1
            default: break
            }
            return buffer[head]
        }
    }

    private let client: RdClient
    private let starts: [TopicPartition: Int64]
    private let state = Mutex(State())

    private init(_ client: RdClient, _ starts: [TopicPartition: Int64]) {
        self.client = client
        self.starts = starts
    }

    /// Opens a reader; what is sent after it has opened will be seen.
    ///
    /// - Parameters:
    ///   - settings: How to reach Kafka.
    ///   - topic: The topic.
    ///   - partitions: Which of its partitions; nil for all.
    ///   - start: Where to begin in each.
    ///   - isolation: Whether records of open and aborted transactions are seen; nil goes by the property
    ///     `isolation.level`, and without one sees only committed ones.
    ///   - timeout: For each question to a broker.
    ///   - logger: Gets librdkafka's log, at info and below.
    /// - Throws: Code `unknownTopicOrPartition` if the topic doesn't exist, `timedOut` or `transport` if no broker
    ///   answers.
    public static func open(
        settings: KafkaSettings, topic: String, partitions: [Int32]? = nil, from start: Start = .earliest,
        isolation: Isolation? = nil, timeout: Duration = .seconds(10), logger: Logger
    ) async throws(KafkaError) -> KafkaReader {
        try await open(settings, isolation, logger) { client throws(KafkaError) in
            let numbers: [Int32]
            if let partitions {
                numbers = partitions
            } else {
                numbers = Array(0..<(try await client.partitionCount(of: topic, milliseconds: timeout.milliseconds)))
            }
            return try await places(start, of: numbers, in: topic, timeout, client)
        }
    }

    /// Opens a reader of the partitions that hold the records of some keys; see above for the rest.
    public static func open(
        settings: KafkaSettings, topic: String, keys: [[UInt8]], from start: Start = .earliest,
        timeout: Duration = .seconds(10), logger: Logger
    ) async throws(KafkaError) -> KafkaReader {
        try await open(settings, nil, logger) { client throws(KafkaError) in
            let count = try await client.partitionCount(of: topic, milliseconds: timeout.milliseconds)
            let numbers = Set(keys.map { murmur2Partition(key: $0, partitions: count) })
            return try await places(start, of: numbers.sorted(), in: topic, timeout, client)
        }
    }

    private static func places(
        _ start: Start, of numbers: [Int32], in topic: String, _ timeout: Duration, _ client: RdClient
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        var starts: [TopicPartition: Int64] = [:]
        for number in numbers {
            let partition = TopicPartition(topic: topic, partition: number)
            // The end is asked for here: librdkafka would look for it only once it fetches, when a message that the
            // caller has sent meanwhile would be behind it.
            let watermarks = try await client.watermarks(of: partition, milliseconds: timeout.milliseconds)
            starts[partition] =
                switch start {
                case .earliest: watermarks.low
                case .end: watermarks.high
                case .offset(let offset): offset
                }
        }
        return starts
    }

    /// Opens a reader at an offset of each partition; the others are not read. No broker is asked before the first message.
    public static func open(
        settings: KafkaSettings, topic: String, at offsets: [Int32: Int64], isolation: Isolation? = nil, logger: Logger
    ) async throws(KafkaError) -> KafkaReader {
        try await open(settings, isolation, logger) { _ in
            Dictionary(
                uniqueKeysWithValues: offsets.map { (TopicPartition(topic: topic, partition: $0.key), $0.value) })
        }
    }

    private static func open(
        _ settings: KafkaSettings, _ isolation: Isolation?, _ logger: Logger,
        at starts: (RdClient) async throws(KafkaError) -> [TopicPartition: Int64]
    ) async throws(KafkaError) -> KafkaReader {
        let client = try RdClient(.consumer, settings.reader(isolation: isolation), logger: logger)
        do throws(KafkaError) {
            let starts = try await starts(client)
            try client.assign(starts)
            return KafkaReader(client, starts)
        } catch {
            await client.destroyed()
            throw error
        }
    }

    deinit {
        let client = client
        Task { await client.destroyed() }
    }

    /// A partition's first and next offset, asked of its broker.
    public func watermarks(partition: Int32) async throws(KafkaError) -> Watermarks {
        guard let topic = starts.keys.first?.topic else { throw .closed }
        return try await client.watermarks(
            of: TopicPartition(topic: topic, partition: partition), milliseconds: 10_000)
    }

    /// Waits for the next message.
    ///
    /// - Throws: Code `offsetOutOfRange` or `noStartOffset` if the start isn't in the log, `closed`, `cancelled`.
    public func next() async throws(KafkaError) -> KafkaMessage {
        while true {
            switch try await nextEvent() {
            case .message(let message): return message
            default: continue
            }
        }
    }

    /// All messages up to the ends the partitions have now.
    public func readToEnd() async throws(KafkaError) -> [KafkaMessage] {
        var ends: [TopicPartition: Int64] = [:]
        for (partition, start) in starts {
            let end = try await watermarks(partition: partition.partition).high
            let reached = state.withLock { $0.reached[partition] } ?? start
            if reached < end { ends[partition] = end }
        }
        var messages: [KafkaMessage] = []
        while !ends.isEmpty {
            switch try await nextEvent() {
            case .message(let message): messages.append(message)
            case .end(let partition, let offset):
                // It may be an end that was reached before more was sent.
                if let end = ends[partition], offset >= end { ends[partition] = nil }
            default: continue
            }
        }
        return messages
    }

    private func nextEvent() async throws(KafkaError) -> RdEvent {
        while true {
            if let event = state.withLock({ $0.take() }) {
                if case .error(let error, _) = event, !error.isRetriable { throw error }
                return event
            }
            if Task.isCancelled { throw .cancelled }
            let client = client
            let events = await withTaskCancellationHandler { () -> Result<[RdEvent], KafkaError> in
                // Woken by an event or by cancelling; the time is only how long closing may have to wait.
                do throws(KafkaError) {
                    return .success(try await client.nextEvents(limit: 500, milliseconds: 1000))
                } catch {
                    return .failure(error)
                }
            } onCancel: {
                client.wake()
            }
            try state.withLock { state throws(KafkaError) in state.put(try events.get()) }
        }
    }

    /// Frees everything. Later calls throw code `closed`.
    public func close() async {
        client.wake()
        await client.destroyed()
    }

    /// The messages as a sequence.
    public func makeAsyncIterator() -> Iterator { Iterator(reader: self) }

    /// Reads messages until the reader is closed, which ends the sequence.
    public struct Iterator: AsyncIteratorProtocol {
        let reader: KafkaReader

        /// The next message; nil when the reader was closed.
        public func next() async throws -> KafkaMessage? {
            do {
                return try await reader.next()
            } catch  where error.code == .closed {
                return nil
            }
        }
    }
}
