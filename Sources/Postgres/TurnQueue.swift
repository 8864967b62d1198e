import Synchronization

/// A lock that tasks wait for without blocking a thread, first come, first served.
///
/// Actors run other work while they wait, so a connection uses this to keep whole operations in order.
final class TurnQueue: Sendable {
    private struct Waiter {
        let number: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var held = false
        var next: UInt64 = 0
        var waiters: [Waiter] = []
        var ended: (any Error)?
    }

    private let state = Mutex(State())

    /// Waits for the turn. Throws when the queue has ended, or `CancellationError` when the task is cancelled while it
    /// waits; a shielded call, for clean-up that must not be lost, ignores cancellation.
    nonisolated(nonsending) func take(shielded: Bool = false) async throws {
        let number: UInt64? = try state.withLock { state in
            if let ended = state.ended { throw ended }
            if !state.held {
                state.held = true
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let number else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now: Result<Void, any Error>? = state.withLock { state in
                    if let ended = state.ended { return .failure(ended) }
                    if !state.held {
                        state.held = true
                        return .success(())
                    }
                    // A cancellation that came before the waiter was in line has found nobody to wake.
                    if !shielded, Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters.append(Waiter(number: number, continuation: continuation))
                    return nil
                }
                if let now { continuation.resume(with: now) }
            }
        } onCancel: {
            guard !shielded else { return }
            let waiter: Waiter? = state.withLock { state in
                guard let place = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
                return state.waiters.remove(at: place)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Ends the turn and hands it to whoever waits longest.
    func give() {
        let waiter: Waiter? = state.withLock { state in
            guard !state.waiters.isEmpty else {
                state.held = false
                return nil
            }
            return state.waiters.removeFirst()
        }
        waiter?.continuation.resume()
    }

    /// Fails everybody who waits, and all later calls.
    func end(_ error: any Error) {
        let waiters: [Waiter] = state.withLock { state in
            if state.ended == nil { state.ended = error }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
    }
}
