/// Which statements a connection has prepared, by their text: the least recently used go first when it is full.
///
/// A plain value. It says what is to be sent; the connection sends it and tells what came of it.
struct PreparedStatements {
    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    /// Names that the server still holds but that won't be used again.
    private(set) var retired: [String] = []

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { entries.count }

    /// The name to run `text` by, and whether it must be prepared first.
    mutating func use(_ text: String) -> (name: String, isNew: Bool) {
        clock += 1
        if let name = entries[text]?.name {
            entries[text]?.lastUse = clock
            return (name, false)
        }
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            retired.append(oldest.value.name)
        }
        let name = "s\(clock)"
        entries[text] = Entry(name: name, lastUse: clock)
        return (name, true)
    }

    /// The server doesn't hold this name: preparing it failed.
    mutating func wasNotPrepared(_ name: String) {
        if let text = entries.first(where: { $0.value.name == name })?.key { entries[text] = nil }
        retired.removeAll { $0 == name }
    }

    /// The statement no longer fits: the next use prepares it anew.
    mutating func isStale(_ name: String) {
        guard let text = entries.first(where: { $0.value.name == name })?.key else { return }
        entries[text] = nil
        retired.append(name)
    }

    /// The server has dropped this name.
    mutating func wasDropped(_ name: String) {
        retired.removeAll { $0 == name }
    }
}
