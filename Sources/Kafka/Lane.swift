import Dispatch
import Synchronization

/// A queue of one partition's messages that are handled one after the other (通道).
///
/// The consumer's thread fills it, one task empties it. Its continuation is resumed by whoever takes it out of the
/// state, under the lock.
final class Lane: Sendable {
    private enum Phase {
        /// No task serves it yet.
        case fresh
        case serving
        /// Nothing more is handed out; what is being handled may finish.
        case stopped
    }

    private enum Waiter {
        case forMessages(CheckedContinuation<Void, Never>)
        case forTime(CheckedContinuation<Void, Never>, id: Int)
    }

    private struct State {
        var phase = Phase.fresh
        var queue: [KafkaMessage] = []
        var waiter: Waiter?
        var sleeps = 0
    }

    let partition: TopicPartition
    private let state = Mutex(State())
    /// Entered until the lane has ended: `wait` on it from a thread that may block.
    private let unended: DispatchGroup

    init(_ partition: TopicPartition, unended: DispatchGroup) {
        self.partition = partition
        self.unended = unended
        unended.enter()
    }

    func push(_ message: KafkaMessage) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.phase != .stopped else { return nil }
            state.queue.append(message)
            guard case .forMessages(let continuation) = state.waiter else { return nil }
            state.waiter = nil
            return continuation
        }
        waiter?.resume()
    }

    /// A task will serve it, and call ``end()`` afterwards.
    ///
    /// - Returns: False if it has been stopped; then it has ended already.
    func startServing() -> Bool {
        state.withLock { state in
            guard state.phase == .fresh else { return false }
            state.phase = .serving
            return true
        }
    }

    /// The task that served it is done.
    func end() {
        stop()
        unended.leave()
    }

    /// Up to `limit` messages in order as soon as there are any; nil when stopped.
    func next(_ limit: Int) async -> [KafkaMessage]? {
        while true {
            let (isStopped, taken) = state.withLock { state in
                if state.phase == .stopped { return (true, [KafkaMessage]()) }
                let count = min(limit, state.queue.count)
                defer { state.queue.removeFirst(count) }
                return (false, Array(state.queue.prefix(count)))
            }
            if isStopped { return nil }
            if !taken.isEmpty { return taken }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.phase == .stopped || !state.queue.isEmpty { return true }
                    state.waiter = .forMessages(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// Waits for `delay`, or until stopped.
    ///
    /// - Returns: False when stopped.
    func sleep(_ delay: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let id = state.withLock { state -> Int? in
                if state.phase == .stopped { return nil }
                state.sleeps += 1
                state.waiter = .forTime(continuation, id: state.sleeps)
                return state.sleeps
            }
            guard let id else { return continuation.resume() }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(delay.milliseconds))) {
                [weak self] in
                self?.wakeSleeper(id)
            }
        }
        return state.withLock { $0.phase != .stopped }
    }

    private func wakeSleeper(_ id: Int) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .forTime(let continuation, id) = state.waiter else { return nil }
            state.waiter = nil
            return continuation
        }
        sleeper?.resume()
    }

    /// Hands out nothing more and drops what waits. What is being handled goes on.
    func stop() {
        let (waiter, wasFresh) = state.withLock { state in
            let wasFresh = state.phase == .fresh
            state.phase = .stopped
            state.queue = []
            return (state.waiter.take(), wasFresh)
        }
        if wasFresh { unended.leave() }
        switch waiter {
        case .forMessages(let continuation), .forTime(let continuation, _): continuation.resume()
        case nil: break
        }
    }
}
