import Synchronization

/// What the tasks that use a consumer and its thread say to each other.
final class ConsumerControl: Sendable {
    private struct State {
        var isRunning = false
        var isStopping = false
        var outcome: Result<Void, KafkaError>?
        var waiters: [CheckedContinuation<Result<Void, KafkaError>, Never>] = []
        var assignment: [TopicPartition] = []
    }

    private let state = Mutex(State())

    /// - Returns: False if it ran before, or was closed.
    func beginRunning() -> Bool {
        state.withLock { state in
            guard !state.isRunning, !state.isStopping else { return false }
            state.isRunning = true
            return true
        }
    }

    /// Asks the thread to stop.
    ///
    /// - Returns: Whether there is, or was, a thread.
    @discardableResult
    func stop() -> Bool {
        state.withLock { state in
            state.isStopping = true
            return state.isRunning
        }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// The thread has stopped.
    func end(_ outcome: Result<Void, KafkaError>) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            state.assignment = []
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }

    /// Waits until the thread has stopped, and says how.
    func ended() async -> Result<Void, KafkaError> {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Result<Void, KafkaError>? in
                if state.outcome == nil { state.waiters.append(continuation) }
                return state.outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// What the group has assigned.
    var assignment: [TopicPartition] { state.withLock { $0.assignment } }

    func assigned(_ partitions: [TopicPartition]) {
        state.withLock { $0.assignment = partitions }
    }
}
