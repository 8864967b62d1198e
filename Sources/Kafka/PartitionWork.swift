import Dispatch
import Synchronization

/// The work on one partition from its assignment until it is revoked (分区作业).
final class PartitionWork: Sendable {
    private struct State {
        var watermark: OffsetWatermark
        var flow: FlowControl
        /// What the brokers have confirmed, and what was sent to them last.
        var confirmed: Int64?
        var requested: Int64?
        var requestedAt = ContinuousClock.now
        /// Over: what finishes from now on is another owner's business.
        var isOver = false
    }

    let partition: TopicPartition
    let lanes: [Lane]
    private let state: Mutex<State>
    private let unended = DispatchGroup()
    /// Wakes the consumer's thread when fetching is to be resumed or paused.
    private let flowChanged: @Sendable () -> Void

    /// - Parameter committed: Where the group had got to, nil if nowhere.
    init(
        _ partition: TopicPartition, committed: Int64?, options: KafkaConsumer.Options,
        flowChanged: @escaping @Sendable () -> Void
    ) {
        self.partition = partition
        self.flowChanged = flowChanged
        let unended = self.unended
        lanes = (0..<options.lanesPerPartition).map { _ in Lane(partition, unended: unended) }
        state = Mutex(
            State(
                watermark: OffsetWatermark(next: committed),
                flow: FlowControl(maxMessages: options.maxMessagesInFlight, maxBytes: options.maxBytesInFlight),
                confirmed: committed, requested: committed))
    }

    /// Takes a message in. One that was taken before, as may come again after a pause, is dropped.
    func accept(_ message: KafkaMessage) {
        let isNew = state.withLock { state in
            guard !state.isOver, state.watermark.begin(message.offset) else { return false }
            state.flow.began(message.size)
            return true
        }
        guard isNew else { return }
        // Messages of one key share a lane, so they keep their order.
        let lane = lanes.count == 1 ? 0 : Int(murmur2(message.key ?? [])) % lanes.count
        lanes[lane].push(message)
    }

    /// Where it would go on: the first offset not processed.
    var position: Int64? { state.withLock { $0.watermark.next } }

    func processed(_ messages: [KafkaMessage]) {
        changeFlow { state in
            for message in messages {
                state.watermark.finish(message.offset)
                state.flow.finished(message.size)
            }
        }
    }

    func failing() { changeFlow { $0.flow.beganFailing() } }

    func failingEnded() { changeFlow { $0.flow.stoppedFailing() } }

    private func changeFlow(_ change: (inout State) -> Void) {
        let isChanged = state.withLock { state in
            guard !state.isOver else { return false }
            let before = state.flow.shouldPause
            change(&state)
            return state.flow.shouldPause != before
        }
        if isChanged { flowChanged() }
    }

    var shouldPause: Bool { state.withLock { $0.flow.shouldPause } }

    /// How long the client may leave open what a commit came to; after that it is sent again, which does no harm.
    static let patience = Duration.seconds(5)

    /// The offset to commit, if it has moved since it was last sent to the brokers, or nothing was heard of that for long.
    func takeCommit(now: ContinuousClock.Instant = .now) -> Int64? {
        state.withLock { state in
            guard let next = state.watermark.next else { return nil }
            let isUnheard = state.requested != state.confirmed && now - state.requestedAt >= Self.patience
            guard next != state.requested || isUnheard else { return nil }
            state.requested = next
            state.requestedAt = now
            return next
        }
    }

    /// The offset to commit, unless the brokers have confirmed it: one that is under way may yet fail.
    var unconfirmed: Int64? {
        state.withLock { $0.watermark.next == $0.confirmed ? nil : $0.watermark.next }
    }

    func commitEnded(_ offset: Int64, isConfirmed: Bool) {
        state.withLock { state in
            if isConfirmed {
                state.confirmed = offset
            } else if state.requested == offset {
                state.requested = nil  // the next one repeats it
            }
        }
    }

    /// Hands out nothing more.
    func stop() { for lane in lanes { lane.stop() } }

    /// Waits until what is being handled has ended. Blocks.
    ///
    /// - Returns: False if it hadn't by the deadline.
    func waitUntilIdle(deadline: DispatchTime) -> Bool { unended.wait(timeout: deadline) == .success }

    /// From now on nothing that finishes counts.
    func end() { state.withLock { $0.isOver = true } }
}
