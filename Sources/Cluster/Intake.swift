public import Kafka
public import Logging
import Postgres
public import ServiceLifecycle
import Synchronization

/// Takes the messages of some topics as a member of a consumer group, until it is told to stop.
///
/// Offsets are committed after the work is in the database; they only show lag. What can never be taken becomes a dead
/// letter; if that cannot be written the partition waits, and nothing is skipped. On SIGTERM the intake stops fetching,
/// finishes what it has, commits and leaves.
public struct Intake: Service {
    /// Does the work of some messages of one partition, in their order.
    public typealias Work = @Sendable ([RawMessage]) async throws -> Void

    private let consumer: KafkaConsumer
    private let work: Work
    private let deadLetters: DeadLetters
    private let failures = FailureCounts()
    private let logger: Logger

    /// How often a message may fail for reasons of its own before it becomes a dead letter.
    public static let maximumFailures = 5

    /// A member of a group.
    ///
    /// - Parameters:
    ///   - settings: how to reach the broker.
    ///   - group: the group, one for each slice.
    ///   - instance: the worker's stable name: a restart gets its partitions back at once.
    ///   - topics: what it reads.
    ///   - batch: how many messages at most the work is handed at a time.
    ///   - deadLetters: where goes what can't be taken.
    ///   - work: what is done with messages.
    /// - Throws: `KafkaError` for settings that librdkafka doesn't take.
    public init(
        settings: KafkaSettings, group: String, instance: String, topics: [String], batch: Int = 1,
        deadLetters: DeadLetters, logger: Logger, work: @escaping Work
    ) throws {
        var options = KafkaConsumer.Options(group: group, instanceID: instance, topics: topics)
        options.maxBatch = batch
        // The next batch is fetched while one is worked on.
        options.maxMessagesInFlight = max(options.maxMessagesInFlight, 2 * batch)
        consumer = try KafkaConsumer(settings: settings, options: options, logger: logger)
        self.work = work
        self.deadLetters = deadLetters
        self.logger = logger
    }

    /// A member that takes submissions, one after another.
    public static func submissions(
        of inbox: Inbox, settings: KafkaSettings, group: String, instance: String, topics: [String],
        deadLetters: DeadLetters, logger: Logger
    ) throws -> Intake {
        try Intake(
            settings: settings, group: group, instance: instance, topics: topics, deadLetters: deadLetters,
            logger: logger
        ) { messages in
            for message in messages {
                do {
                    let receipt = try await inbox.take(headers: message.headers, value: message.value)
                    logger.info(
                        "submission taken",
                        metadata: [
                            "ce.source": "\(receipt.source)", "ce.id": "\(receipt.id)", "ce.type": "\(receipt.type)",
                            "receipt.status": "\(receipt.status)",
                        ])
                } catch let deferred as Deferred {
                    logger.warning("submission deferred", metadata: ["error": "\(deferred)"])
                } catch let undeliverable as Undeliverable {
                    try await deadLetters.store(message, code: undeliverable.code, reason: undeliverable.reason)
                    logger.warning(
                        "message became a dead letter",
                        metadata: [
                            "kafka.topic": "\(message.topic)", "kafka.partition": "\(message.partition)",
                            "kafka.offset": "\(message.offset)", "error": "\(undeliverable.reason)",
                        ])
                }
            }
        }
    }

    /// How long a shutdown waits for the broker. What was taken is in the database by then, so leaving without the
    /// broker's answer loses nothing: the last messages come once more and have no second effect.
    static let farewell = Duration.seconds(5)

    /// Takes messages until the service is told to stop.
    public func run() async throws {
        let (endings, ending) = AsyncStream<Result<Void, any Error>>.makeStream()
        let running = Task {
            do {
                try await consumer.run { messages in try await handle(messages.map(RawMessage.init)) }
                ending.yield(.success(()))
            } catch {
                ending.yield(.failure(error))
            }
        }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                for await result in endings { return try result.get() }
            } onGracefulShutdown: {
                Task { await consumer.close() }
                Task {
                    try await Task.sleep(for: Self.farewell)
                    ending.yield(.success(()))
                }
            }
        } onCancel: {
            running.cancel()
        }
    }

    private func handle(_ messages: [RawMessage]) async throws {
        // After a failure the messages come one by one, so that only the one that fails is set aside.
        let pieces = failures.isClean(messages) ? [messages] : messages.map { [$0] }
        for piece in pieces {
            do {
                try await work(piece)
                CrashPoint.intakeUnacknowledged.reached()
                failures.forget(piece)
            } catch {
                // A lost connection is nobody's fault; everything else may be the message's.
                if error is CancellationError || (error as? PostgresError)?.isRetriable == true { throw error }
                let count = failures.note(piece)
                guard piece.count == 1, let message = piece.first, count >= Self.maximumFailures else { throw error }
                try await deadLetters.store(
                    message, code: "failures", reason: "failed \(count) times, last: \(error)")
                failures.forget(piece)
                logger.error(
                    "message failed too often and became a dead letter",
                    metadata: [
                        "kafka.topic": "\(message.topic)", "kafka.partition": "\(message.partition)",
                        "kafka.offset": "\(message.offset)", "error": "\(error)",
                    ])
            }
        }
    }
}

/// How often messages have failed since they were first handed over by this member.
private final class FailureCounts: Sendable {
    private struct Place: Hashable {
        let topic: String
        let partition: Int32
        let offset: Int64

        init(_ message: RawMessage) {
            topic = message.topic
            partition = message.partition
            offset = message.offset
        }
    }

    private let counts = Mutex<[Place: Int]>([:])

    func isClean(_ messages: [RawMessage]) -> Bool {
        counts.withLock { counts in messages.allSatisfy { counts[Place($0)] == nil } }
    }

    func note(_ messages: [RawMessage]) -> Int {
        counts.withLock { counts in
            for message in messages { counts[Place(message), default: 0] += 1 }
            return messages.map { counts[Place($0)] ?? 0 }.max() ?? 0
        }
    }

    func forget(_ messages: [RawMessage]) {
        counts.withLock { counts in
            for message in messages { counts[Place(message)] = nil }
        }
    }
}

extension RawMessage {
    /// The message as the client handed it over.
    public init(_ message: KafkaMessage) {
        self.init(
            topic: message.topic, partition: message.partition, offset: message.offset, key: message.key,
            headers: message.headers.map { ($0.name, $0.value) }, value: message.value)
    }
}
