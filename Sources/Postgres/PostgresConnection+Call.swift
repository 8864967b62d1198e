import CLibpq
import Synchronization

/// The call that is under way, as far as cancelling it goes.
struct CancellableCall {
    /// The call's number; nil when none is under way, or it is one that mustn't be cancelled.
    var number: UInt64?
    /// Whether a cancel request is on its way: the call mustn't end before it, or the request could hit the next call.
    var isSending = false
    /// The call, waiting for its cancel request to end.
    var continuation: CheckedContinuation<Void, Never>?
    /// Those who send cancel requests and watch over the time.
    var tasks: [Task<Void, any Error>] = []
}

extension PostgresConnection {
    /// How long the server has to confirm a cancellation before the connection is given up.
    static let cancelGrace = Duration.seconds(10)
    /// How long a cancel request is given before it is sent again.
    static let cancelInterval = Duration.seconds(1)

    /// Carries out `body` when the calls before it are done. Cancelling the task stops what the server is doing for
    /// it, unless the call is shielded.
    func call<R>(_ scope: Scope, shielded: Bool = false, _ body: () async throws -> R) async throws -> R {
        try await takeSession(scope, shielded: shielded)
        defer { if case .session = scope { session.give() } }
        return try await onWire(scope, shielded: shielded, body)
    }

    /// The first of a call's two turns; a transaction holds it already.
    func takeSession(_ scope: Scope, shielded: Bool = false) async throws {
        if Self.copiesHeld.contains(ObjectIdentifier(self)) {
            throw PostgresError(.misuse, "this task is in a COPY of this connection: nothing else gets through")
        }
        switch scope {
        case .session:
            if Self.transactionsHeld.contains(ObjectIdentifier(self)) {
                throw PostgresError(.misuse, "this task is in a transaction of this connection: use the transaction")
            }
            try await session.take(shielded: shielded)
        case .transaction(let number):
            try check(transaction: number)
        }
    }

    /// The part of a call that talks to the server.
    func onWire<R>(_ scope: Scope, shielded: Bool, _ body: () async throws -> R) async throws -> R {
        try await wire.take(shielded: shielded)
        defer { wire.give() }
        // The transaction may have ended while this call waited.
        if case .transaction(let number) = scope { try check(transaction: number) }
        isIdle.store(false, ordering: .releasing)
        defer { settle() }
        return shielded ? try await body() : try await cancellable(body)
    }

    func check(transaction number: UInt64) throws {
        _ = try raw
        guard transaction == number else { throw PostgresError(.closed, "the transaction is over") }
    }

    /// After each call: libpq's queue of notifications is emptied, and the pool learns whether it could go on.
    func settle() {
        guard let raw = try? raw else { return }
        collectNotifications(raw)
        isIdle.store(PQtransactionStatus(raw) == PQTRANS_IDLE, ordering: .releasing)
    }

    // MARK: Cancelling

    func cancellable<R>(_ body: () async throws -> R) async throws -> R {
        try Task.checkCancellation()
        let number = makeNumber()
        running = CancellableCall(number: number)
        return try await withTaskCancellationHandler {
            do {
                let value = try await body()
                await endCancellable()
                return value
            } catch {
                await endCancellable()
                if Task.isCancelled, let error = error as? PostgresError, error.sqlState == "57014" {
                    throw CancellationError()
                }
                throw error
            }
        } onCancel: {
            Task { await self.requestCancel(of: number) }
        }
    }

    func endCancellable() async {
        if running.isSending {
            await withCheckedContinuation { running.continuation = $0 }
        }
        for task in running.tasks { task.cancel() }
        running = CancellableCall()
    }

    /// Asks the server to stop a call, if it is under way, until it does; gives the connection up if it doesn't.
    func requestCancel(of number: UInt64?) {
        guard let number, running.number == number, running.tasks.isEmpty else { return }
        running.tasks = [
            Task {
                // A request that comes before the server has begun, or between two statements, has no effect.
                while self.running.number == number {
                    await self.sendCancel(of: number)
                    try await Task.sleep(for: Self.cancelInterval)
                }
            },
            Task {
                try await Task.sleep(for: Self.cancelGrace)
                guard self.running.number == number else { return }
                self.end(PostgresError(.timeout, "the server did not confirm a cancellation in time"))
            },
        ]
    }

    /// Asks the server once to stop what it does, before the connection is closed: a server process only notices a
    /// closed connection when it is done, perhaps hours later.
    func stopServer() {
        guard running.number != nil, let raw = try? raw, let request = CancelRequest(raw) else { return }
        Task { await EventLoop.offload { _ = request.send() } }
    }

    /// Sends a cancel request, off the event loop since it opens a connection of its own and blocks.
    private func sendCancel(of number: UInt64) async {
        guard let raw = try? raw else { return }
        guard let request = CancelRequest(raw) else {
            return end(PostgresError(.connection, "no cancel request could be made"))
        }
        running.isSending = true
        let sent = await EventLoop.offload { request.send() }
        guard running.number == number else { return }
        if !sent { end(PostgresError(.connection, "the cancel request could not be sent")) }
        finishSending()
    }

    func finishSending() {
        running.isSending = false
        running.continuation?.resume()
        running.continuation = nil
    }
}

/// What is needed to ask the server to stop a statement.
///
/// `@unchecked Sendable` is sound: it is made from the connection but apart from it, and `PQcancel` may be called on any
/// thread (documentation 34.7). It is freed once, in `deinit`.
private final class CancelRequest: @unchecked Sendable {
    private let raw: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let raw = PQgetCancel(connection) else { return nil }
        self.raw = raw
    }

    deinit {
        PQfreeCancel(raw)
    }

    /// Whether the server took the request; it may still come too late.
    func send() -> Bool {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
            PQcancel(raw, reason.baseAddress, 256) == 1
        }
    }
}
