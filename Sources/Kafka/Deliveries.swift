import Synchronization

/// Who waits for which delivery report.
///
/// Every continuation is resumed exactly once: whoever takes it out of the state, under the lock, resumes it.
final class Deliveries: Sendable {
    /// Records sent by one call.
    final class Batch: Sendable {
        private struct State {
            var results: [Result<KafkaDelivery, KafkaError>?]
            var missing: Int
            var isAbandoned = false
            var waiter: CheckedContinuation<Void, Never>?
        }

        private let state: Mutex<State>

        init(count: Int) {
            state = Mutex(State(results: Array(repeating: nil, count: count), missing: count))
        }

        var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

        /// In the order of the records; those without a report have been abandoned.
        var results: [Result<KafkaDelivery, KafkaError>] {
            state.withLock { state in state.results.map { $0 ?? .failure(.cancelled) } }
        }

        func settle(_ index: Int, _ result: Result<KafkaDelivery, KafkaError>) {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard state.results[index] == nil else { return nil }
                state.results[index] = result
                state.missing -= 1
                return state.missing == 0 ? state.waiter.take() : nil
            }
            waiter?.resume()
        }

        fileprivate func abandon() {
            let waiter = state.withLock { state in
                state.isAbandoned = true
                return state.waiter.take()
            }
            waiter?.resume()
        }

        func settled() async {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.missing == 0 || state.isAbandoned { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    private enum Phase {
        case open
        case closing
        /// The thread is to stop once no report is missing any more.
        case ending
        case ended
    }

    private struct State {
        var phase = Phase.open
        var lastID: UInt = 0
        var expected: [UInt: (batch: Batch, index: Int)] = [:]
        var waitingForRoom: [CheckedContinuation<Void, Never>] = []
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// A number for a record about to be produced, never 0, which librdkafka takes for none; nil once closing.
    func expect(_ index: Int, of batch: Batch) -> UInt? {
        state.withLock { state in
            guard state.phase == .open else { return nil }
            state.lastID += 1
            state.expected[state.lastID] = (batch, index)
            return state.lastID
        }
    }

    /// The record wasn't taken, so no report will come.
    func forget(_ id: UInt) {
        state.withLock { _ = $0.expected.removeValue(forKey: id) }
    }

    func settle(_ reports: [RdEvent.DeliveryReport]) {
        var settled: [(Batch, Int, Result<KafkaDelivery, KafkaError>)] = []
        let roomy = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            for report in reports {
                guard let (batch, index) = state.expected.removeValue(forKey: report.id) else { continue }
                settled.append((batch, index, report.result))
            }
            defer { state.waitingForRoom = [] }
            return state.waitingForRoom
        }
        for (batch, index, result) in settled { batch.settle(index, result) }
        for waiter in roomy { waiter.resume() }
    }

    /// Nobody waits for these records any more; their reports are still taken when they come.
    func abandon(_ batch: Batch) {
        batch.abandon()
        // A sender waiting for room looks at its batch again.
        let waiters = state.withLock { state in
            defer { state.waitingForRoom = [] }
            return state.waitingForRoom
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the queue has room: until a report comes, or none is missing.
    func room() async {
        await withCheckedContinuation { continuation in
            let isRoomy = state.withLock { state in
                if state.expected.isEmpty || state.phase != .open { return true }
                state.waitingForRoom.append(continuation)
                return false
            }
            if isRoomy { continuation.resume() }
        }
    }

    /// - Returns: Whether the caller is the first, who does the closing.
    func beginClosing() -> Bool {
        state.withLock { state in
            guard state.phase == .open else { return false }
            state.phase = .closing
            return true
        }
    }

    func end() {
        state.withLock { if $0.phase != .ended { $0.phase = .ending } }
    }

    var isEnding: Bool { state.withLock { $0.phase == .ending } }

    /// The client is gone: whoever still waits gets an error.
    func didEnd() {
        let (left, waiters) = state.withLock { state in
            state.phase = .ended
            defer { (state.expected, state.waitingForEnd, state.waitingForRoom) = ([:], [], []) }
            return (Array(state.expected.values), state.waitingForEnd + state.waitingForRoom)
        }
        for (batch, index) in left { batch.settle(index, .failure(.closed)) }
        for waiter in waiters { waiter.resume() }
    }

    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.phase == .ended { return true }
                state.waitingForEnd.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}
