import CLibpq
public import Logging
import Synchronization

/// Anything that statements can be run on: a connection, a transaction or a pool.
public protocol PostgresQueryable: Sendable {
    /// Runs statements together, in one round trip, and gives their results in order; see the types that conform.
    func pipeline(_ statements: [SQL]) async throws -> [PostgresResult]
}

extension PostgresQueryable {
    /// Runs a statement and gives its rows.
    public func query(_ sql: SQL) async throws -> [Row] {
        try await pipeline([sql]).first?.rows ?? []
    }

    /// Runs a statement and gives the number of rows it inserted, updated, deleted or returned.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await pipeline([sql]).first?.affected ?? 0
    }
}

/// One connection to PostgreSQL (数据库连接), through libpq.
///
/// Calls from several tasks are carried out one after another, in the order in which they came; a transaction is one
/// such call. Statements are prepared once and kept by their text. No thread waits for the server: the connection runs
/// on the process's ``EventLoop``.
///
/// Cancelling a task that waits for an answer sends a cancel request; when the server confirms it, the call throws
/// `CancellationError`, and the connection can be used again. What had succeeded by then is returned as usual.
///
/// A connection whose last reference goes away is closed by that; ``close()`` does it at a known time.
public actor PostgresConnection: PostgresQueryable {
    /// What the connection can do at the moment.
    enum Phase {
        case ready(ConnectionHandle)
        case ended(PostgresError)
    }

    /// What a call belongs to: to nothing, or to the transaction with that number.
    enum Scope: Sendable {
        case session
        case transaction(UInt64)
    }

    nonisolated let loop: EventLoop
    nonisolated let logger: Logger
    /// The process that serves this connection (`pg_backend_pid()`), or what a pooler between says it is.
    public nonisolated let processID: Int32
    nonisolated let socket: Int32
    /// Whether the next borrower of a pool may have it: no call under way, no transaction open, not ended.
    nonisolated let isIdle = Atomic(true)

    var phase: Phase
    var statements: PreparedStatements
    /// Held by whole calls: also for as long as a transaction lasts.
    nonisolated let session = TurnQueue()
    /// Held by whoever talks to the server at the moment.
    nonisolated let wire = TurnQueue()
    /// The transaction that holds the session's turn.
    var transaction: UInt64?
    /// The wait for the socket that is under way.
    var waiting: EventLoop.Token?
    /// The call that a cancel request would stop.
    var running = CancellableCall()
    var notifications: [PostgresNotification] = []
    var keepsNotifications = false
    private var lastNumber: UInt64 = 0

    /// The connections whose transaction the task is in, so that waiting for oneself is an error and no dead end.
    @TaskLocal static var transactionsHeld: Set<ObjectIdentifier> = []
    /// The connections whose `COPY` the task is in: there nothing else gets through.
    @TaskLocal static var copiesHeld: Set<ObjectIdentifier> = []

    /// The event loop's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private init(handle: ConnectionHandle, loop: EventLoop, logger: Logger, preparedStatements: Int) {
        self.loop = loop
        self.logger = logger
        processID = PQbackendPID(handle.raw)
        socket = PQsocket(handle.raw)
        phase = .ready(handle)
        statements = PreparedStatements(capacity: preparedStatements)
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - conninfo: libpq's connection string, `key=value` pairs or a `postgresql://` URI; libpq's environment
    ///     (`PGHOST`, …) fills what it leaves out. `connect_timeout` is obeyed; it is 10 s if not set.
    ///   - setup: SQL to run on the new connection, such as `SET statement_timeout = '30s'`.
    ///   - preparedStatements: how many prepared statements are kept.
    ///   - logger: gets the server's notices, at debug.
    public static func connect(
        _ conninfo: String, setup: String? = nil, preparedStatements: Int = 256,
        logger: Logger = Logger(label: "postgres")
    ) async throws -> PostgresConnection {
        let loop = try EventLoop.shared()
        let handle = try await handshake(conninfo, loop: loop, logger: logger)
        PQsetnonblocking(handle.raw, 1)
        let connection = PostgresConnection(
            handle: handle, loop: loop, logger: logger, preparedStatements: preparedStatements)
        if let setup {
            do {
                try await connection.script(setup)
            } catch {
                await connection.close()
                throw error
            }
        }
        return connection
    }

    /// libpq's connection loop (documentation 34.1, PQconnectPoll). Its steps look up names, check certificates and
    /// hash passwords, so they run off the event loop.
    private static func handshake(_ conninfo: String, loop: EventLoop, logger: Logger) async throws -> ConnectionHandle
    {
        let start = ContinuousClock.now
        let handle = try await EventLoop.offload {
            Result { try ConnectionHandle(conninfo: conninfo, logger: logger) }
        }.get()
        guard PQstatus(handle.raw) != CONNECTION_BAD else { throw handle.error }
        let configured = handle.option("connect_timeout").flatMap { Int($0) } ?? 0
        let deadline = start + .seconds(configured > 0 ? configured : 10)
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            let token = loop.makeToken()
            let interest: EventLoop.Interest = step == PGRES_POLLING_READING ? .read : .write
            let wake = await withTaskCancellationHandler {
                await loop.wait(for: interest, on: PQsocket(handle.raw), token: token, until: deadline)
            } onCancel: {
                loop.interruptNowOrLater(token)
            }
            loop.forget(token)
            switch wake {
            case .ready: break
            case .interrupted: throw CancellationError()
            case .timedOut: throw PostgresError(.timeout, "no connection before connect_timeout")
            case .failed(let errno): throw PostgresError(.connection, "epoll_ctl: error \(errno)")
            }
            step = await EventLoop.offload { PQconnectPoll(handle.raw) }
            if step == PGRES_POLLING_FAILED { throw handle.error }
        }
        return handle
    }

    // MARK: Statements

    /// Runs statements in libpq's pipeline mode, in one round trip, and gives their results in order.
    ///
    /// Outside a transaction they take effect together or not at all. The first that fails ends the rest; its error
    /// carries its place in ``PostgresError/statement``. `COPY` can't be among them.
    public func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        try await pipeline(statements, scope: .session)
    }

    func pipeline(_ statements: [SQL], scope: Scope) async throws -> [PostgresResult] {
        try await call(scope) {
            do {
                return try await self.perform(statements)
            } catch let error as PostgresError where error.code == .staleStatement && self.isOutsideTransaction {
                // Nothing was done, and the statement has left the cache: this time it is prepared anew.
                return try await self.perform(statements)
            }
        }
    }

    /// Runs text with any number of statements and no parameters, as one transaction unless it says otherwise.
    public func script(_ text: String) async throws {
        try await script(text, scope: .session)
    }

    func script(_ text: String, scope: Scope) async throws {
        try await call(scope) {
            try await self.performScript(text)
        }
    }

    // MARK: The end

    /// Closes the connection at once. Calls under way and later ones throw a ``PostgresError`` with code `closed`;
    /// the server is asked to stop what it does for them, and rolls back an open transaction.
    public func close() {
        stopServer()
        end(PostgresError(.closed, "the connection was closed"))
    }

    /// Asks the server to stop the statement that is running, which then fails with SQLSTATE 57014. Returns at once.
    public func cancel() {
        requestCancel(of: running.number)
    }

    /// Ends the connection: whoever waits gets the error, and so do all later calls.
    func end(_ error: PostgresError) {
        guard case .ready = phase else { return }
        phase = .ended(error)
        isIdle.store(false, ordering: .releasing)
        if let waiting { loop.interrupt(waiting) }
        session.end(error)
        wire.end(error)
        finishSending()
    }

    /// The libpq connection, for use until the next suspension.
    var raw: OpaquePointer {
        get throws {
            switch phase {
            case .ready(let handle): return handle.raw
            case .ended(let error): throw error
            }
        }
    }

    var isOutsideTransaction: Bool {
        guard let raw = try? raw else { return false }
        return PQtransactionStatus(raw) == PQTRANS_IDLE
    }

    /// Whether the server still holds the connection: for one that is idle but whose socket has something to read.
    func isAlive() -> Bool {
        guard let raw = try? raw, isOutsideTransaction else { return false }
        // The first call may read a farewell, the second the end of the stream behind it.
        for _ in 0..<2 where PQconsumeInput(raw) != 1 || PQisBusy(raw) != 0 || PQstatus(raw) != CONNECTION_OK {
            return false
        }
        collectNotifications(raw)
        return true
    }

    func makeNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}
