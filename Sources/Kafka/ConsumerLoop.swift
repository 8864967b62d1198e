import Dispatch
import Logging

/// What a consumer's thread does, event by event.
struct ConsumerLoop: Sendable {
    private enum Phase {
        case joining
        case running
        /// The group is being left; given up when the time comes.
        case leaving(until: ContinuousClock.Instant)
    }

    let client: RdClient
    let control: ConsumerControl
    let options: KafkaConsumer.Options
    /// Where a lane goes to be served by a task.
    let lanes: AsyncStream<(PartitionWork, Lane)>.Continuation
    let alarm: @Sendable (KafkaConsumer.Alarm) -> Void
    let logger: Logger
    /// How the run ended.
    private(set) var outcome = Result<Void, KafkaError>.success(())

    private var phase = Phase.joining
    private var assigned: [TopicPartition: PartitionWork] = [:]
    private var paused: Set<TopicPartition> = []
    private var nextCommit = ContinuousClock.now

    init(
        client: RdClient, control: ConsumerControl, options: KafkaConsumer.Options,
        lanes: AsyncStream<(PartitionWork, Lane)>.Continuation,
        alarm: @escaping @Sendable (KafkaConsumer.Alarm) -> Void, logger: Logger
    ) {
        self.client = client
        self.control = control
        self.options = options
        self.lanes = lanes
        self.alarm = alarm
        self.logger = logger
    }

    mutating func handle(_ event: RdEvent?) -> EventThread.Next {
        if case .joining = phase { join() }
        switch event {
        case .message(let message): assigned[message.topicPartition]?.accept(message)
        case .rebalance(assigned: true, let partitions): add(partitions)
        case .rebalance(assigned: false, let partitions): remove(partitions)
        case .committed(let outcomes): noteCommitted(outcomes)
        case .error(let error, let partition): note(error, partition)
        case .end, .deliveries, nil: break
        }
        if case .leaving(let until) = phase {
            return client.hasLeft || ContinuousClock.now >= until ? .stop : .goOn
        }
        if control.isStopping { leave() }
        controlFlow()
        commitIfDue()
        return .goOn
    }

    private mutating func join() {
        phase = .running
        do throws(KafkaError) {
            try client.subscribe(to: options.topics)
        } catch {
            fail(error)
        }
    }

    private mutating func fail(_ error: KafkaError) {
        if case .success = outcome { outcome = .failure(error) }
        leave()
    }

    // MARK: Partitions come and go

    private mutating func add(_ partitions: [TopicPartition]) {
        var offsets: [TopicPartition: Int64] = [:]
        do throws(KafkaError) {
            let committed = partitions.isEmpty ? [:] : try client.committed(partitions, milliseconds: 10_000)
            for partition in partitions { offsets[partition] = committed[partition] ?? RdOffset.beginning }
        } catch {
            // The assignment has to be answered all the same. librdkafka goes on asking for the committed offsets, and
            // says noStartOffset if there are none.
            logger.info("the group's offsets could not be read yet", metadata: [LogKey.error: "\(error)"])
            for partition in partitions { offsets[partition] = RdOffset.stored }
        }
        do throws(KafkaError) {
            try client.addAssignment(offsets)
        } catch {
            return fail(error)
        }
        if case .leaving = phase { return }
        for (partition, offset) in offsets { begin(partition, committed: offset >= 0 ? offset : nil) }
        control.assigned(assigned.keys.sorted())
        logger.info("partitions assigned", metadata: [LogKey.partitions: "\(partitions.sorted())"])
    }

    private mutating func begin(_ partition: TopicPartition, committed: Int64?) {
        let client = client
        let work = PartitionWork(partition, committed: committed, options: options) { client.wake() }
        assigned[partition] = work
        paused.remove(partition)
        for lane in work.lanes { lanes.yield((work, lane)) }
    }

    private mutating func remove(_ partitions: [TopicPartition]) {
        let works = partitions.compactMap { assigned.removeValue(forKey: $0) }
        // Lost partitions have a new owner by now: there is nothing to wait for, and nothing may be committed.
        let isLost = client.isAssignmentLost
        if isLost { giveUp(works) } else { drain(works) }
        do throws(KafkaError) {
            try client.removeAssignment(partitions)
        } catch {
            fail(error)
        }
        paused.subtract(partitions)
        control.assigned(assigned.keys.sorted())
        logger.info(
            isLost ? "partitions lost" : "partitions revoked", metadata: [LogKey.partitions: "\(partitions.sorted())"])
    }

    /// Lets what is being handled end, within the drain timeout, and commits.
    private func drain(_ works: [PartitionWork]) {
        for work in works { work.stop() }
        let deadline = DispatchTime.now() + .milliseconds(Int(options.drainTimeout.milliseconds))
        for work in works where !work.waitUntilIdle(deadline: deadline) {
            logger.info(
                "a handler was still busy when its partition was given back",
                metadata: [LogKey.topic: "\(work.partition.topic)", LogKey.partition: "\(work.partition.partition)"])
        }
        for work in works { work.end() }
        let offsets = works.reduce(into: [:]) { offsets, work in offsets[work.partition] = work.unconfirmed }
        guard !offsets.isEmpty else { return }
        do throws(KafkaError) {
            try client.commitAndWait(offsets, milliseconds: 5000)
        } catch {
            logger.info("progress could not be committed", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func giveUp(_ works: [PartitionWork]) {
        for work in works {
            work.stop()
            work.end()
        }
    }

    private mutating func leave() {
        if case .leaving = phase { return }
        let works = Array(assigned.values)
        assigned = [:]
        if case .success = outcome, !client.isAssignmentLost { drain(works) } else { giveUp(works) }
        phase = .leaving(until: .now + .seconds(10))
        do throws(KafkaError) {
            try client.beginLeaving()
        } catch {
            phase = .leaving(until: .now)
        }
    }

    // MARK: Errors

    private mutating func note(_ error: KafkaError, _ partition: TopicPartition?) {
        if error.isFatal { return fail(error) }
        if error.code == .noStartOffset, let partition { return startOver(partition, error) }
        logger.info(
            "the consumer met an error and goes on",
            metadata: [LogKey.error: "\(error)", LogKey.partition: "\(partition.map(\.description) ?? "-")"])
    }

    /// librdkafka doesn't have the offset to go on at and has stopped fetching: begin at the earliest.
    private mutating func startOver(_ partition: TopicPartition, _ error: KafkaError) {
        guard let work = assigned[partition] else { return }
        if let offset = work.position {
            logger.error(
                "the broker doesn't have the offset to go on at; going on at the earliest",
                metadata: [
                    LogKey.topic: "\(partition.topic)", LogKey.partition: "\(partition.partition)",
                    LogKey.offset: "\(offset)", LogKey.error: "\(error)",
                ])
            alarm(.offsetOutOfRange(partition, offset: offset))
        }
        // What is being handled ends first, so that messages stay in order; its progress means nothing any more.
        work.stop()
        _ = work.waitUntilIdle(deadline: .now() + .milliseconds(Int(options.drainTimeout.milliseconds)))
        work.end()
        do throws(KafkaError) {
            try client.removeAssignment([partition])
            try client.addAssignment([partition: RdOffset.beginning])
        } catch {
            return fail(error)
        }
        begin(partition, committed: nil)
    }

    // MARK: Flow and progress

    private mutating func controlFlow() {
        for (partition, work) in assigned where work.shouldPause != paused.contains(partition) {
            do throws(KafkaError) {
                if paused.contains(partition) {
                    try client.resume([partition])
                    paused.remove(partition)
                } else {
                    try client.pause([partition])
                    paused.insert(partition)
                }
            } catch {
                logger.info("a partition could not be paused or resumed", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    private mutating func commitIfDue() {
        let now = ContinuousClock.now
        guard now >= nextCommit else { return }
        nextCommit = now + options.commitInterval
        let offsets = assigned.compactMapValues { $0.takeCommit() }
        guard !offsets.isEmpty, !client.isAssignmentLost else { return }
        do throws(KafkaError) {
            try client.commit(offsets)
        } catch {
            noteCommitted(offsets.map { .init(partition: $0.key, offset: $0.value, error: error) })
        }
    }

    private func noteCommitted(_ outcomes: [RdEvent.CommitOutcome]) {
        for outcome in outcomes {
            assigned[outcome.partition]?.commitEnded(outcome.offset, isConfirmed: outcome.error == nil)
            guard let error = outcome.error else { continue }
            logger.info(
                "progress could not be committed, and will be again",
                metadata: [
                    LogKey.topic: "\(outcome.partition.topic)", LogKey.partition: "\(outcome.partition.partition)",
                    LogKey.error: "\(error)",
                ])
        }
    }
}
