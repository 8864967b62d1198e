import Synchronization

/// How often something may fail in a while, by who tries (次数限制). Kept in memory, bounded; the clock is handed in.
final class AttemptLimit: Sendable {
    private struct Count {
        var failures: Int
        var since: ContinuousClock.Instant
    }

    private let most: Int
    private let span: Duration
    private let capacity: Int
    private let counts = Mutex<[String: Count]>([:])

    /// - Parameters:
    ///   - most: failures in `span` after which one has to wait.
    ///   - capacity: how many who try are remembered; beyond it, those whose while is over are forgotten, and then all.
    init(most: Int, in span: Duration, capacity: Int = 10_000) {
        self.most = most
        self.span = span
        self.capacity = capacity
    }

    /// How long one has to wait; `nil` when one may try.
    func wait(_ who: String, now: ContinuousClock.Instant = .now) -> Duration? {
        counts.withLock { counts in
            guard let count = counts[who], count.failures >= most, count.since + span > now else { return nil }
            return count.since + span - now
        }
    }

    /// Notes a failure.
    func failed(_ who: String, now: ContinuousClock.Instant = .now) {
        counts.withLock { counts in
            if let count = counts[who], count.since + span > now {
                counts[who]?.failures = count.failures + 1
                return
            }
            if counts.count >= capacity { counts = counts.filter { $0.value.since + span > now } }
            if counts.count >= capacity { counts = [:] }
            counts[who] = Count(failures: 1, since: now)
        }
    }
}
