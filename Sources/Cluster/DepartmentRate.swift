import Synchronization

/// How many submissions of one department a process takes in a second (报送频率上限), so that a flood from one does not
/// starve the others.
///
/// What is above it is let go without a receipt, after its signature was checked and before anything is done for it. That
/// loses nothing: a submission counts when its receipt is back, and until then its sender sends it again. A department that
/// has been quiet may send a burst at once.
public final class DepartmentRate: Sendable {
    /// How many a second, in the long run.
    public let perSecond: Int
    /// How many at once after a quiet time.
    public let burst: Int

    struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// A limit of so many a second; at least 1.
    public init(perSecond: Int, burst: Int) {
        self.perSecond = max(1, perSecond)
        self.burst = max(1, burst)
    }

    /// Whether one more of a department is taken now.
    public func admits(_ department: String, now: ContinuousClock.Instant = .now) -> Bool {
        buckets.withLock { buckets in
            var bucket = buckets[department] ?? Bucket(tokens: Double(burst), filled: now)
            let passed = max(.zero, now - bucket.filled)
            bucket.tokens = min(Double(burst), bucket.tokens + passed / .seconds(1) * Double(perSecond))
            bucket.filled = max(now, bucket.filled)
            defer { buckets[department] = bucket }
            guard bucket.tokens >= 1 else { return false }
            bucket.tokens -= 1
            return true
        }
    }
}

/// A submission above its department's rate: it has no effect and no receipt, and will be sent again.
public struct Deferred: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whose it is.
    public let department: String
    /// The reason in one line.
    public var description: String {
        "\(department) sends more than its rate; this one is let go without a receipt, its sender sends it again"
    }
}
