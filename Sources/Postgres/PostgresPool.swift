import CLibpq
import Glibc
public import Logging
import Synchronization

/// Up to ``maximum`` connections, opened when needed and lent to one borrower at a time (连接池).
///
/// Who comes first is served first. A connection comes back clean or is dropped: one that broke, is in a transaction or
/// is busy isn't lent again; one whose server went away while it lay idle is noticed when it is lent. What a borrower
/// `SET`s, and advisory locks, stay with the connection: use `SET LOCAL` and transaction-level locks.
///
/// When no connection can be made, those who wait get the error; the next attempts are put off, from 0.1 s up to 5 s,
/// and are made only while somebody waits.
public final class PostgresPool: PostgresQueryable {
    /// What the pool is doing.
    public struct Statistics: Sendable, Hashable {
        /// Connections on loan.
        public var lent: Int
        /// Connections that wait for a borrower.
        public var idle: Int
        /// Connections that are being opened.
        public var opening: Int
        /// Tasks that wait for a connection.
        public var waiting: Int
        /// How many connections were opened since the start.
        public var opened: Int
        /// How many attempts to connect failed since the start.
        public var failures: Int
    }

    private struct State {
        var pool: PoolState<PostgresConnection>
        var continuations: [UInt64: CheckedContinuation<PostgresConnection, any Error>] = [:]
        var closers: [CheckedContinuation<Void, Never>] = []
        var isFinished = false
        var lastWaiter: UInt64 = 0
    }

    /// The most connections it opens.
    public let maximum: Int
    private let conninfo: String
    private let acquireTimeout: Duration
    private let setup: String?
    private let logger: Logger
    private let state: Mutex<State>

    /// Makes a pool; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - conninfo: see ``PostgresConnection/connect(_:setup:preparedStatements:logger:)``.
    ///   - maximum: the most connections, at least 1.
    ///   - acquireTimeout: how long a borrower waits for a connection.
    ///   - setup: SQL that is run on each new connection, such as timeouts.
    ///   - logger: gets failed attempts to connect (info) and the server's notices (debug).
    public init(
        conninfo: String, maximum: Int = 10, acquireTimeout: Duration = .seconds(10), setup: String? = nil,
        logger: Logger = Logger(label: "postgres")
    ) {
        self.conninfo = conninfo
        self.acquireTimeout = acquireTimeout
        self.setup = setup
        self.logger = logger
        let pool = PoolState<PostgresConnection>(maximum: maximum)
        self.maximum = pool.maximum
        state = Mutex(State(pool: pool))
    }

    /// What the pool is doing now.
    public var statistics: Statistics {
        state.withLock { state in
            Statistics(
                lent: state.pool.lent, idle: state.pool.idle.count, opening: state.pool.opening,
                waiting: state.pool.waiters.count, opened: state.pool.opened, failures: state.pool.failures)
        }
    }

    // MARK: Borrowing

    /// Lends a connection to `body`, which must not keep it. Throws a ``PostgresError`` with code `timeout` when none
    /// becomes free in time, `connection` when none can be made, `closed` when the pool has been closed.
    public nonisolated(nonsending) func withConnection<T>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> T
    ) async throws -> T {
        let connection = try await acquire()
        defer { giveBack(connection, isReusable: connection.isIdle.load(ordering: .acquiring)) }
        return try await body(connection)
    }

    /// Runs `body` in a transaction; see ``PostgresConnection/transaction(isolation:readOnly:_:)``.
    public nonisolated(nonsending) func transaction<T>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> T
    ) async throws -> T {
        try await withConnection { try await $0.transaction(isolation: isolation, readOnly: readOnly, body) }
    }

    /// Runs statements in one round trip; see ``PostgresConnection/pipeline(_:)``.
    public func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        try await withConnection { try await $0.pipeline(statements) }
    }

    /// Fails those who wait, closes the connections that are idle, waits for those on loan and closes them too. Later
    /// calls throw a ``PostgresError`` with code `closed`.
    public func close() async {
        perform(state.withLock { $0.pool.close(now: .now) })
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.closers.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    private nonisolated(nonsending) func acquire() async throws -> PostgresConnection {
        while true {
            let connection = try await waitForConnection()
            // An idle connection has nothing to read, unless the server said farewell (or sent a notice).
            if !hasInput(connection.socket) { return connection }
            if await connection.isAlive() { return connection }
            giveBack(connection, isReusable: false)
        }
    }

    private nonisolated(nonsending) func waitForConnection() async throws -> PostgresConnection {
        try Task.checkCancellation()
        if let connection = state.withLock({ $0.pool.acquireIdle() }) { return connection }
        let waiter: UInt64 = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        // Runs out only if the loan doesn't come first.
        let timer = Task {
            try await Task.sleep(for: acquireTimeout)
            let last = state.withLock { $0.pool.lastError }
            let reason = last.map { "; the last attempt to connect failed: \($0.message)" } ?? ""
            fail(waiter, PostgresError(.timeout, "no connection became free within \(acquireTimeout)\(reason)"))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                perform(
                    state.withLock { state in
                        state.continuations[waiter] = continuation
                        return state.pool.acquire(waiter, now: .now)
                    })
                // A cancellation that came before the waiter was in line has found nobody to wake.
                if Task.isCancelled { fail(waiter, CancellationError()) }
            }
        } onCancel: {
            fail(waiter, CancellationError())
        }
    }

    /// Ends a wait, if it hasn't ended.
    private func fail(_ waiter: UInt64, _ error: any Error) {
        let continuation = state.withLock { state in
            state.pool.leave(waiter) ? state.continuations.removeValue(forKey: waiter) : nil
        }
        continuation?.resume(throwing: error)
    }

    private func giveBack(_ connection: PostgresConnection, isReusable: Bool) {
        perform(state.withLock { $0.pool.giveBack(connection, isReusable: isReusable, now: .now) })
    }

    private func hasInput(_ socket: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) != 0
    }

    // MARK: Carrying out

    private func perform(_ actions: [PoolState<PostgresConnection>.Action]) {
        for action in actions {
            switch action {
            case .lend(let connection, let waiter):
                state.withLock { $0.continuations.removeValue(forKey: waiter) }?.resume(returning: connection)
            case .fail(let waiter, let error):
                state.withLock { $0.continuations.removeValue(forKey: waiter) }?.resume(throwing: error)
            case .close(let connection):
                Task {
                    await connection.close()
                    perform(state.withLock { $0.pool.closed(now: .now) })
                }
            case .open(let delay):
                Task { await open(after: delay) }
            case .finish:
                let closers = state.withLock { state in
                    state.isFinished = true
                    defer { state.closers = [] }
                    return state.closers
                }
                for closer in closers { closer.resume() }
            }
        }
    }

    private func open(after delay: Duration) async {
        if delay > .zero {
            try? await Task.sleep(for: delay)
            if let instead = state.withLock({ $0.pool.withdraw(now: .now) }) { return perform(instead) }
        }
        do {
            let connection = try await PostgresConnection.connect(conninfo, setup: setup, logger: logger)
            perform(state.withLock { $0.pool.opened(connection, now: .now) })
        } catch {
            let error = error as? PostgresError ?? PostgresError(.connection, "\(error)")
            logger.info("could not connect to PostgreSQL", metadata: [LogKey.error: "\(error)"])
            perform(state.withLock { $0.pool.openFailed(error, now: .now) })
        }
    }
}
