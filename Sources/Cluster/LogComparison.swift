/// What the outbox has on record of a partition, held against what the partition's log holds (对账).
///
/// A broker that dies may lose what it acknowledged last. What it is sent afterwards takes the same offsets, so that by
/// offsets alone the loss soon can't be seen any more. And a process that was paused may put an old message behind newer
/// ones, if the broker has forgotten that it was fenced. Both show when the log is read.
struct LogComparison: Sendable {
    /// A message of the outbox, where it was delivered or where it was found.
    struct Entry: Sendable, Hashable {
        /// Its `ce_id`.
        let message: String
        let key: String
        let sequence: Int64
        let offset: Int64
    }

    /// What is on record as delivered, from the offset on from which the log was read.
    let recorded: [Entry]
    /// What was read, in the order of the log.
    let logged: [Entry]
    /// Whether the broker may remove a message once there is a newer one of its key.
    let compacted: Bool

    /// Whether the first on record is where it was delivered. What a broker loses is the end of a log; so what comes
    /// before that message is there too. Otherwise, and when there is none, the log has to be read from further back.
    var beginsIntact: Bool {
        guard let first = recorded.min(by: { $0.offset < $1.offset }) else { return false }
        return logged.contains { $0 == first || isRemoved(first, for: $0) }
    }

    private func isRemoved(_ entry: Entry, for newer: Entry) -> Bool {
        compacted && newer.key == entry.key && newer.sequence > entry.sequence && newer.offset > entry.offset
    }

    /// From which sequence on the messages of a key have to be sent again, so that each of them is in the log, and the
    /// newest is the last.
    ///
    /// - Parameter newest: the highest sequence of each key in `logged` that is on record as delivered anywhere.
    func repeats(newest: [String: Int64]) -> [String: Int64] {
        var newest = newest
        for entry in recorded { newest[entry.key] = max(newest[entry.key] ?? 0, entry.sequence) }
        // Of each key the one with the highest sequence, and the one that comes last.
        var highest: [String: Entry] = [:]
        var last: [String: Entry] = [:]
        for entry in logged {
            highest[entry.key] = highest[entry.key].map { $0.sequence > entry.sequence ? $0 : entry } ?? entry
            last[entry.key] = entry
        }
        // One that stands elsewhere is missing too: the record would not notice the loss of that place.
        let there = Set(logged)
        var from: [String: Int64] = [:]
        for entry in recorded where !there.contains(entry) {
            if let newer = highest[entry.key], isRemoved(entry, for: newer) { continue }
            from[entry.key] = min(from[entry.key] ?? .max, entry.sequence)
        }
        for (key, last) in last {
            if let newest = newest[key], last.sequence < newest { from[key] = min(from[key] ?? .max, newest) }
        }
        return from
    }
}
