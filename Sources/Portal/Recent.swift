import Synchronization

/// What was found a moment ago and is good enough for a while (短时缓存): figures that cost the database more than they change.
final class Recent<Value: Sendable>: Sendable {
    private let span: Duration
    private let last = Mutex<(value: Value, at: ContinuousClock.Instant)?>(nil)

    /// - Parameter span: how long a value is good.
    init(for span: Duration) { self.span = span }

    /// The value. When it is too old whoever comes first finds it anew, and the others go on with the old one, so that it is
    /// not found by all at once.
    func value(_ find: () async throws -> Value) async throws -> Value {
        let kept = last.withLock { last -> Value? in
            guard let known = last else { return nil }
            if known.at + span > .now { return known.value }
            last?.at = .now
            return nil
        }
        if let kept { return kept }
        let value = try await find()
        last.withLock { $0 = (value, .now) }
        return value
    }
}
