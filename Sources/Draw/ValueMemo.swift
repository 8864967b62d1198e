/// Numbers the distinct values of a column in the order they are met, so that each is examined once.
///
/// A hash table with linear probing over copies of the values; at most ``capacity`` of them.
struct ValueMemo {
    static let capacity = 1 << 16

    private struct Entry {
        let hash: UInt64
        let start: Int
        let count: Int
    }

    private var entries: [Entry] = []
    private var text: [UInt8] = []
    /// The number of an entry, or −1; twice as many places as entries at least.
    private var table = [Int32](repeating: -1, count: 256)

    var count: Int { entries.count }

    /// The number of a value that has been added.
    func number(of value: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[place] >= 0 {
            let number = Int(table[place])
            if entries[number].hash == hash, equals(entries[number], value) { return number }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }

    private func equals(_ entry: Entry, _ value: UnsafeRawBufferPointer) -> Bool {
        guard entry.count == value.count else { return false }
        return text.withUnsafeBytes { text in
            for index in 0..<entry.count where text[entry.start + index] != value[index] { return false }
            return true
        }
    }

    /// Adds a value that has no number yet and is to get the next one.
    mutating func add(_ value: UnsafeRawBufferPointer, hash: UInt64) {
        entries.append(Entry(hash: hash, start: text.count, count: value.count))
        text.append(contentsOf: value)
        if 2 * entries.count > table.count {
            table = [Int32](repeating: -1, count: 2 * table.count)
            for number in entries.indices { enter(number) }
        } else {
            enter(entries.count - 1)
        }
    }

    private mutating func enter(_ number: Int) {
        var place = Int(truncatingIfNeeded: entries[number].hash) & (table.count - 1)
        while table[place] >= 0 { place = (place + 1) & (table.count - 1) }
        table[place] = Int32(number)
    }

    mutating func removeAll() { self = ValueMemo() }

    /// Eight bytes a step; good enough for a table that only saves work.
    static func hash(_ value: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(value.count)
        var offset = 0
        while offset + 8 <= value.count {
            hash = mix(hash ^ value.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < value.count {
            rest = rest << 8 | UInt64(value[offset])
            offset += 1
        }
        return mix(hash ^ rest)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}
