/// Which statements a connection has prepared, by their text and their parameters' types: when it is full, the least
/// recently used go first.
///
/// A plain value. It says what is to be sent; the connection sends it and tells what came of it.
struct PreparedStatements {
    struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    /// Names that the server still holds but that won't be used again.
    private(set) var retired: [String] = []

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { entries.count }

    /// The name to run the statement by, and whether it must be prepared first.
    mutating func use(_ key: Key) -> (name: String, isNew: Bool) {
        clock += 1
        if let name = entries[key]?.name {
            entries[key]?.lastUse = clock
            return (name, false)
        }
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            retired.append(oldest.value.name)
        }
        let name = "s\(clock)"
        entries[key] = Entry(name: name, lastUse: clock)
        return (name, true)
    }

    /// The server doesn't hold this name: preparing it failed.
    mutating func wasNotPrepared(_ name: String) {
        if let key = entries.first(where: { $0.value.name == name })?.key { entries[key] = nil }
        retired.removeAll { $0 == name }
    }

    /// The statement no longer fits: the next use prepares it anew.
    mutating func isStale(_ name: String) {
        guard let key = entries.first(where: { $0.value.name == name })?.key else { return }
        entries[key] = nil
        retired.append(name)
    }

    /// The server has dropped this name.
    mutating func wasDropped(_ name: String) {
        retired.removeAll { $0 == name }
    }
}
