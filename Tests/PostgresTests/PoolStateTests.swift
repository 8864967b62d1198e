import Testing

@testable import Postgres

/// Actions in words, so that expectations can be compared.
extension PoolState.Action where Connection == String {
    fileprivate var words: String {
        switch self {
        case .lend(let connection, let waiter): "lend \(connection) to \(waiter)"
        case .open(let delay): delay == .zero ? "open" : "open after \(delay)"
        case .fail(let waiter, let error): "fail \(waiter): \(error.code)"
        case .close(let connection): "close \(connection)"
        case .finish: "finish"
        }
    }
}

@Suite("Pool's decisions")
struct PoolStateTests {
    private let now = ContinuousClock.now
    private let refused = PostgresError(.connection, "refused")

    private func words(_ actions: [PoolState<String>.Action]) -> [String] { actions.map(\.words) }

    /// A pool with that many connections on loan, to waiters 1, 2, ….
    private func pool(maximum: Int, lent: Int) -> PoolState<String> {
        var pool = PoolState<String>(maximum: maximum)
        for number in 0..<lent {
            _ = pool.acquire(UInt64(number) + 1, now: now)
            _ = pool.opened("c\(number + 1)", now: now)
        }
        return pool
    }

    @Test("It opens a connection for each who waits, up to the maximum")
    func opensUpToMaximum() {
        var pool = PoolState<String>(maximum: 2)
        #expect(words(pool.acquire(1, now: now)) == ["open"])
        #expect(words(pool.acquire(2, now: now)) == ["open"])
        #expect(words(pool.acquire(3, now: now)) == [])
        #expect(words(pool.opened("a", now: now)) == ["lend a to 1"])
        #expect(words(pool.opened("b", now: now)) == ["lend b to 2"])
        #expect(pool.lent == 2 && pool.waiters == [3])
    }

    @Test("First come, first served; nobody overtakes those who wait")
    func fifo() {
        var pool = pool(maximum: 1, lent: 1)
        for waiter: UInt64 in 10...12 { _ = pool.acquire(waiter, now: now) }
        #expect(pool.acquireIdle() == nil)
        #expect(words(pool.giveBack("c1", isReusable: true, now: now)) == ["lend c1 to 10"])
        let left = pool.leave(11)
        #expect(left)
        #expect(words(pool.giveBack("c1", isReusable: true, now: now)) == ["lend c1 to 12"])
        #expect(words(pool.giveBack("c1", isReusable: true, now: now)) == [])
        #expect(pool.acquireIdle() == "c1")
    }

    @Test("A connection that isn't reusable is closed before another takes its place")
    func dropped() {
        var pool = pool(maximum: 1, lent: 1)
        _ = pool.acquire(2, now: now)
        #expect(words(pool.giveBack("c1", isReusable: false, now: now)) == ["close c1"])
        #expect(words(pool.closed(now: now)) == ["open"])
        #expect(words(pool.opened("c2", now: now)) == ["lend c2 to 2"])
    }

    @Test("When no connection can be made, all who wait get the error")
    func failureFailsWaiters() {
        var pool = PoolState<String>(maximum: 2)
        for waiter: UInt64 in 1...3 { _ = pool.acquire(waiter, now: now) }
        #expect(words(pool.openFailed(refused, now: now)) == [])
        #expect(
            words(pool.openFailed(refused, now: now)) == [
                "fail 1: connection", "fail 2: connection", "fail 3: connection",
            ])
        #expect(pool.opening == 0 && pool.waiters.isEmpty)
    }

    @Test("While others could still give theirs back, those who wait go on waiting")
    func failureWithLoans() {
        var pool = pool(maximum: 3, lent: 1)
        _ = pool.acquire(8, now: now)
        _ = pool.acquire(9, now: now)
        #expect(words(pool.openFailed(refused, now: now)) == [])
        // One attempt at a time, put off.
        #expect(words(pool.openFailed(refused, now: now)) == ["open after 0.2 seconds"])
        #expect(words(pool.giveBack("c1", isReusable: true, now: now)) == ["lend c1 to 8"])
        #expect(pool.waiters == [9])
    }

    @Test("Attempts are put off twice as long each time, up to five seconds, and not for nobody")
    func backoff() {
        var pool = PoolState<String>(maximum: 1)
        var delays: [Duration] = []
        for waiter: UInt64 in 1...9 {
            for case .open(let delay) in pool.acquire(waiter, now: now) { delays.append(delay) }
            _ = pool.openFailed(refused, now: now)
        }
        #expect(delays == [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        #expect(words(pool.acquire(10, now: now + .seconds(60))) == ["open"])
        let left = pool.leave(10)
        #expect(left)
        let instead = pool.withdraw(now: now)
        #expect(instead.map(words) == [])
        #expect(pool.opening == 0)
        // After a success the count starts anew.
        _ = pool.acquire(11, now: now + .seconds(60))
        _ = pool.opened("a", now: now)
        _ = pool.giveBack("a", isReusable: false, now: now)
        _ = pool.acquire(12, now: now)
        #expect(words(pool.closed(now: now)) == ["open"])
    }

    @Test("Closing fails those who wait, closes what is idle, and ends when the last loan is back")
    func closing() {
        var pool = pool(maximum: 2, lent: 2)
        _ = pool.giveBack("c2", isReusable: true, now: now)
        #expect(words(pool.close(now: now)) == ["close c2"])
        #expect(words(pool.acquire(7, now: now)) == ["fail 7: closed"])
        #expect(words(pool.closed(now: now)) == [])
        #expect(words(pool.giveBack("c1", isReusable: true, now: now)) == ["close c1"])
        #expect(words(pool.closed(now: now)) == ["finish"])
    }

    @Test("A connection that comes about after closing is closed, one that doesn't isn't waited for")
    func closingWhileOpening() {
        var pool = PoolState<String>(maximum: 2)
        _ = pool.acquire(1, now: now)
        _ = pool.acquire(2, now: now)
        #expect(words(pool.close(now: now)) == ["fail 1: closed", "fail 2: closed"])
        #expect(words(pool.opened("a", now: now)) == ["close a"])
        #expect(words(pool.closed(now: now)) == [])
        #expect(words(pool.openFailed(refused, now: now)) == ["finish"])
        #expect(words(pool.close(now: now)) == [])
    }

    @Test("Whatever happens in whatever order, no more than the maximum exist and nobody waits beside an idle one")
    func randomWalk() {
        for seed: UInt64 in 0..<200 {
            var random = SplitMix(state: seed)
            var pool = PoolState<String>(maximum: Int(seed % 4) + 1)
            var lent: [String] = []
            var opening = 0
            var closing = 0
            var next: UInt64 = 0
            func apply(_ actions: [PoolState<String>.Action]) {
                for action in actions {
                    switch action {
                    case .lend(let connection, _): lent.append(connection)
                    case .open: opening += 1
                    case .close: closing += 1
                    case .fail, .finish: break
                    }
                }
            }
            for step in 0..<300 {
                switch random.next() % 7 {
                case 0, 1:
                    next += 1
                    apply(pool.acquire(next, now: now))
                case 2 where !lent.isEmpty:
                    apply(pool.giveBack(lent.removeFirst(), isReusable: random.next() % 3 > 0, now: now))
                case 3 where opening > 0:
                    opening -= 1
                    apply(pool.opened("c\(step)", now: now))
                case 4 where opening > 0:
                    opening -= 1
                    apply(pool.openFailed(refused, now: now))
                case 5 where closing > 0:
                    closing -= 1
                    apply(pool.closed(now: now))
                case 6:
                    if let waiter = pool.waiters.randomElement(using: &random) { _ = pool.leave(waiter) }
                default: break
                }
                #expect(pool.lent == lent.count && pool.opening == opening && pool.closing == closing)
                #expect(pool.lent + pool.opening + pool.closing + pool.idle.count <= pool.maximum)
                #expect(pool.idle.isEmpty || pool.waiters.isEmpty)
                let canHope = pool.lent + pool.opening + pool.closing > 0
                #expect(pool.waiters.isEmpty || canHope, "somebody waits for nothing")
            }
        }
    }
}

/// A generator whose numbers are the same on every run (Steele et al., "Fast splittable pseudorandom number generators").
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
