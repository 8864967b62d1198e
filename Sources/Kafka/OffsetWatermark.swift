/// How far a partition is processed without a gap (水位线), when its messages may finish in any order.
///
/// Offsets are begun in rising order; the broker's own gaps (transaction markers, compacted records) don't count.
public struct OffsetWatermark: Sendable, Hashable {
    /// Begun and not below the first unfinished one, in order; before `head` they are used up.
    private var begun: [Int64] = []
    private var head = 0
    /// Finished, while an earlier one is not.
    private var finished: Set<Int64> = []

    /// The offset to commit: the first that isn't processed, or that comes after all that were; nil while not known.
    public private(set) var next: Int64?

    /// Starts at the offset that would be read next, if known.
    public init(next: Int64? = nil) { self.next = next }

    /// How many were begun and not finished, or wait for an earlier one.
    public var pending: Int { begun.count - head }

    /// The message at `offset` was handed out. Offsets that don't rise are refused.
    ///
    /// - Returns: False if this offset or a later one was begun before.
    public mutating func begin(_ offset: Int64) -> Bool {
        if let last = begun.last, offset <= last { return false }
        if begun.isEmpty, let next, offset < next { return false }
        if pending == 0 {
            // All before it is finished; what lies between is no message.
            begun.removeAll(keepingCapacity: true)
            head = 0
            next = offset
        }
        begun.append(offset)
        return true
    }

    /// The message at `offset` is processed. One that wasn't begun, or is finished already, changes nothing.
    public mutating func finish(_ offset: Int64) {
        guard pending > 0, offset >= begun[head] else { return }
        finished.insert(offset)
        while head < begun.count, finished.remove(begun[head]) != nil {
            next = begun[head] + 1
            head += 1
        }
        if head < begun.count { next = begun[head] }
        // The last is kept, since later ones must rise above it.
        if head > 1024, head * 2 > begun.count {
            let used = min(head, begun.count - 1)
            begun.removeFirst(used)
            head -= used
        }
    }
}
