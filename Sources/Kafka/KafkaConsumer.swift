public import Logging

/// A member of a consumer group (消费者): hands messages to a handler, in order within each key, and commits how far it
/// has got without a gap.
///
/// - Back pressure: a partition with enough in flight is paused until half of it is done.
/// - A handler that throws is called again with the same messages, after a delay; meanwhile nothing more is fetched from
///   their partition. Nothing is skipped, other partitions go on.
/// - Partitions that the group takes away are given back when what is being handled has ended and is committed.
/// - A group that starts has no offsets and begins at the earliest message. When the broker no longer has the committed
///   offset, it begins at the earliest as well and raises an alarm: messages were lost, or will come twice.
public final class KafkaConsumer: Sendable {
    /// How a consumer works.
    public struct Options: Sendable {
        /// The group's name.
        public var group: String
        /// This member's stable name. With it a restart within the session timeout keeps the member's partitions, and
        /// a second member with the same name fences the first.
        public var instanceID: String?
        /// The topics it reads.
        public var topics: [String]
        /// Whether records of open and aborted transactions are seen; nil goes by the property `isolation.level`, and
        /// without one sees only committed ones.
        public var isolation: Isolation?
        /// Most messages handed to the handler at once, all of one partition.
        public var maxBatch = 1
        /// How many handlers may work on one partition at once; messages with the same key stay in order.
        public var lanesPerPartition = 1
        /// Most messages of one partition that are waiting or being handled.
        public var maxMessagesInFlight = 512
        /// Most bytes of these, by keys, bodies and headers; one message may exceed it.
        public var maxBytesInFlight = 8 << 20
        /// How often progress is committed.
        public var commitInterval = Duration.seconds(1)
        /// How long giving back partitions waits for handlers, at shutdown too.
        public var drainTimeout = Duration.seconds(20)
        /// How long to wait before a failed handler is called again, by the number of failures so far, from 1.
        public var retryDelay: @Sendable (Int) -> Duration = { failures in
            .milliseconds(250 << min(failures - 1, 7))  // 0.25 s, doubling up to 32 s
        }

        /// A member of `group` that reads `topics`.
        public init(group: String, instanceID: String? = nil, topics: [String]) {
            self.group = group
            self.instanceID = instanceID
            self.topics = topics
        }
    }

    /// What an operator must hear of (告警). It is logged as an error too.
    public enum Alarm: Sendable {
        /// The broker doesn't have the offset at which the group wanted to go on; it goes on at the earliest.
        case offsetOutOfRange(TopicPartition, offset: Int64?)
        /// A handler failed, for the `failures`th time in a row, on messages that begin at `offset`.
        case handlerFailed(TopicPartition, offset: Int64, failures: Int, error: any Error)
    }

    /// Does the work of messages, all of one partition, in order. When it returns, they count as processed.
    public typealias Handler = @Sendable ([KafkaMessage]) async throws -> Void

    private let client: RdClient
    private let control = ConsumerControl()
    private let options: Options
    private let alarm: @Sendable (Alarm) -> Void
    private let logger: Logger

    /// Makes the client; ``run(_:)`` joins the group.
    ///
    /// - Parameters:
    ///   - settings: How to reach Kafka.
    ///   - options: How it works.
    ///   - logger: Gets alarms as errors, and librdkafka's log at info and below.
    ///   - alarm: Called for what an operator must hear of, on a thread that mustn't be held up.
    /// - Throws: Code `invalidArgument` for a property that librdkafka doesn't take.
    public init(
        settings: KafkaSettings, options: Options, logger: Logger, alarm: @escaping @Sendable (Alarm) -> Void = { _ in }
    ) throws(KafkaError) {
        var logger = logger
        logger[metadataKey: LogKey.group] = "\(options.group)"
        self.logger = logger
        self.options = options
        self.alarm = alarm
        client = try RdClient(
            .consumer,
            settings.consumer(group: options.group, instanceID: options.instanceID, isolation: options.isolation),
            logger: logger)
    }

    deinit {
        // While it runs, run() keeps it alive; so nothing but the client itself is left here.
        let client = client
        if !control.stop() { Task { await client.destroyed() } }
    }

    /// The partitions assigned to this member now.
    public var assignment: [TopicPartition] { control.assignment }

    /// Joins the group and handles messages until ``close()`` is called, the task is cancelled or a fatal error comes,
    /// such as another member with the same instance id. Once only.
    ///
    /// Both ways it drains: no more messages are handed out, handlers may finish within the drain timeout, progress is
    /// committed, the group is left. Cancelling the task cancels the handlers as well; ``close()`` lets them finish.
    ///
    /// - Throws: The fatal error; code `closed` if it ran before or was closed.
    public func run(_ handler: @escaping Handler) async throws(KafkaError) {
        guard control.beginRunning() else { throw .closed }
        let (newLanes, laneSource) = AsyncStream.makeStream(of: (PartitionWork, Lane).self)
        let client = client
        let control = control
        let loop = ConsumerLoop(
            client: client, control: control, options: options, lanes: laneSource, alarm: alarm, logger: logger)
        EventThread.start(name: "kafka-consumer", client: client, milliseconds: 200, state: loop) { loop, event in
            loop.handle(event)
        } end: { loop in
            client.destroy()
            laneSource.finish()
            control.end(loop.outcome)
        }
        client.wake()  // joins at once
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { tasks in
                for await (work, lane) in newLanes where lane.startServing() {
                    tasks.addTask {
                        await self.serve(lane, of: work, handler)
                        lane.end()
                    }
                }
            }
        } onCancel: {
            control.stop()
            client.wake()
        }
        try await control.ended().get()
    }

    private func serve(_ lane: Lane, of work: PartitionWork, _ handler: Handler) async {
        while let messages = await lane.next(options.maxBatch), let first = messages.first {
            var failures = 0
            while true {
                do {
                    try await handler(messages)
                    work.processed(messages)
                    break
                } catch {
                    if Task.isCancelled { break }
                    failures += 1
                    if failures == 1 { work.failing() }
                    let delay = options.retryDelay(failures)
                    raise(.handlerFailed(work.partition, offset: first.offset, failures: failures, error: error), delay)
                    guard await lane.sleep(delay) else { break }
                }
            }
            if failures > 0 { work.failingEnded() }
        }
    }

    private func raise(_ alarm: Alarm, _ delay: Duration) {
        if case .handlerFailed(let partition, let offset, let failures, let error) = alarm {
            logger.error(
                "a handler failed; its partition waits until it succeeds",
                metadata: [
                    LogKey.topic: "\(partition.topic)", LogKey.partition: "\(partition.partition)",
                    LogKey.offset: "\(offset)", LogKey.attempt: "\(failures)", LogKey.retryIn: "\(delay)",
                    LogKey.error: "\(error)",
                ])
        }
        self.alarm(alarm)
    }

    /// Stops: drains, commits, leaves the group and frees everything. Returns when all is done, however often it is
    /// called. With an instance id the group keeps this member's partitions for it until the session times out.
    public func close() async {
        guard control.stop() else { return await client.destroyed() }
        client.wake()
        _ = await control.ended()
    }
}
