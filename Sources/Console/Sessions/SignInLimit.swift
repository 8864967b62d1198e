/// How often somebody may try to sign in (登录限次): a few tries are free, then each failure doubles the wait.
///
/// Failures count for a login and address together, for a login from anywhere, and for an address with any login. The
/// account's own limit is mild, so that nobody can keep its owner out by failing in his name for long.
public struct SignInLimit: Sendable, Hashable {
    /// Failures that cost nothing.
    public let free: Int
    /// Seconds to wait after the first failure that does.
    public let base: Int
    /// The longest wait, in seconds.
    public let cap: Int

    /// For one login from one address.
    public static let pair = SignInLimit(free: 4, base: 15, cap: 900)
    /// For one login from anywhere.
    public static let login = SignInLimit(free: 20, base: 5, cap: 120)
    /// For one address with any login.
    public static let address = SignInLimit(free: 40, base: 10, cap: 900)

    /// Seconds that are still to be waited.
    ///
    /// - Parameters:
    ///   - failures: how many there were since the last success, within a day.
    ///   - sinceLast: seconds since the last of them.
    public func wait(failures: Int, sinceLast: Int) -> Int {
        guard failures > free else { return 0 }
        let wait = min(cap, base << min(failures - free - 1, 20))
        return max(0, wait - sinceLast)
    }
}

/// How long a session lasts (会话期限).
public struct SessionTerms: Sendable, Hashable {
    /// Seconds without a page, after which it is over.
    public let idle: Int
    /// Seconds since the sign-in, after which it is over in any case.
    public let absolute: Int

    /// Half an hour and twelve hours.
    public static let standard = SessionTerms(idle: 1_800, absolute: 43_200)

    /// Terms of the given seconds.
    public init(idle: Int, absolute: Int) {
        self.idle = idle
        self.absolute = absolute
    }

    /// Whether a session is over.
    ///
    /// - Parameters:
    ///   - age: seconds since the sign-in.
    ///   - idleFor: seconds since the last page.
    public func isOver(age: Int, idleFor: Int) -> Bool { age >= absolute || idleFor >= idle }
}
