/// Who has which connection of a pool, and who waits: a plain value that decides and does nothing itself.
///
/// Each change returns what is now to be done, in order. The clock is handed in.
///
/// A failed attempt to connect fails those who wait if nobody else could serve them; if connections are out on loan,
/// they go on waiting for these. After failures the next attempt is put off, twice as long each time, and is made only
/// if somebody still waits: nothing is retried for nobody.
struct PoolState<Connection: Sendable>: Sendable {
    typealias Waiter = UInt64
    typealias Instant = ContinuousClock.Instant

    enum Action: Sendable {
        case lend(Connection, to: Waiter)
        /// To be answered by ``PoolState/opened(_:now:)`` or ``PoolState/openFailed(_:now:)``, after asking
        /// ``PoolState/withdraw(now:)`` if it was put off.
        case open(after: Duration)
        case fail(Waiter, PostgresError)
        /// To be answered by ``PoolState/closed(now:)``.
        case close(Connection)
        /// The pool is closed and the last connection is back.
        case finish
    }

    static var firstDelay: Duration { .milliseconds(100) }
    static var longestDelay: Duration { .seconds(5) }

    let maximum: Int
    /// The one that came back last is lent first, so that a quiet pool uses few.
    private(set) var idle: [Connection] = []
    private(set) var lent = 0
    private(set) var opening = 0
    /// Being closed: the server still has them.
    private(set) var closing = 0
    private(set) var waiters: [Waiter] = []
    private(set) var isClosed = false
    private(set) var lastError: PostgresError?
    private(set) var opened = 0
    private(set) var failures = 0
    /// Attempts that failed since the last that didn't.
    private var failuresInARow = 0
    private var notBefore: Instant?

    init(maximum: Int) {
        self.maximum = max(1, maximum)
    }

    /// Lends a connection that is idle, if nobody waits for it.
    mutating func acquireIdle() -> Connection? {
        guard waiters.isEmpty, let connection = idle.popLast() else { return nil }
        lent += 1
        return connection
    }

    /// Somebody wants a connection.
    mutating func acquire(_ waiter: Waiter, now: Instant) -> [Action] {
        if isClosed { return [.fail(waiter, PostgresError(.closed, "the pool was closed"))] }
        waiters.append(waiter)
        return serve(now: now)
    }

    /// Somebody no longer waits. Whether they did.
    mutating func leave(_ waiter: Waiter) -> Bool {
        guard let place = waiters.firstIndex(of: waiter) else { return false }
        waiters.remove(at: place)
        return true
    }

    /// A connection came back; one that isn't reusable is closed.
    mutating func giveBack(_ connection: Connection, isReusable: Bool, now: Instant) -> [Action] {
        lent -= 1
        guard isReusable, !isClosed else { return close(connection) }
        idle.append(connection)
        return serve(now: now)
    }

    /// A connection that was to be closed is.
    mutating func closed(now: Instant) -> [Action] {
        closing -= 1
        return serve(now: now)
    }

    /// A connection stands.
    mutating func opened(_ connection: Connection, now: Instant) -> [Action] {
        opening -= 1
        opened += 1
        failuresInARow = 0
        notBefore = nil
        lastError = nil
        guard !isClosed else { return close(connection) }
        idle.append(connection)
        return serve(now: now)
    }

    /// No connection came about.
    mutating func openFailed(_ error: PostgresError, now: Instant) -> [Action] {
        opening -= 1
        failures += 1
        failuresInARow += 1
        lastError = error
        var delay = Self.firstDelay
        for _ in 1..<min(failuresInARow, 10) { delay = min(delay * 2, Self.longestDelay) }
        notBefore = now + delay
        guard lent == 0, opening == 0, idle.isEmpty, !isClosed else { return serve(now: now) }
        defer { waiters = [] }
        return waiters.map { .fail($0, error) }
    }

    /// Called when an attempt that was put off is due: nil if it is to be made, otherwise it is given up, and this is
    /// what to do instead.
    mutating func withdraw(now: Instant) -> [Action]? {
        if !waiters.isEmpty, !isClosed { return nil }
        opening -= 1
        return serve(now: now)
    }

    /// No more connections are lent.
    mutating func close(now: Instant) -> [Action] {
        guard !isClosed else { return [] }
        isClosed = true
        let error = PostgresError(.closed, "the pool was closed")
        let actions: [Action] = waiters.map { .fail($0, error) } + idle.map { .close($0) }
        closing += idle.count
        waiters = []
        idle = []
        return actions + serve(now: now)
    }

    private mutating func close(_ connection: Connection) -> [Action] {
        closing += 1
        return [.close(connection)]
    }

    /// Lends what is there, and opens what is missing and allowed.
    private mutating func serve(now: Instant) -> [Action] {
        if isClosed { return lent + opening + closing == 0 ? [.finish] : [] }
        var actions: [Action] = []
        while let waiter = waiters.first, let connection = idle.popLast() {
            waiters.removeFirst()
            lent += 1
            actions.append(.lend(connection, to: waiter))
        }
        // While the server refuses, one attempt at a time.
        let limit = failuresInARow > 0 ? 1 : waiters.count
        while opening < min(limit, waiters.count), lent + opening + closing + idle.count < maximum {
            opening += 1
            actions.append(.open(after: notBefore.map { max($0 - now, .zero) } ?? .zero))
        }
        return actions
    }
}
