/// Many sets of inspectors in one buffer: each row is a set, a bit for each inspector of the department.
///
/// A plain `[UInt64]` of `width` words is a set on its own.
struct InspectorSets {
    /// Words in a row.
    let width: Int
    private(set) var words: [UInt64]

    /// Makes `count` empty rows.
    init(count: Int, width: Int) {
        self.width = width
        words = [UInt64](repeating: 0, count: count * width)
    }

    /// Words needed for a set of `inspectors` inspectors.
    static func width(inspectors: Int) -> Int { max(1, (inspectors + 63) / 64) }

    var count: Int { words.count / width }

    subscript(row: Int, word: Int) -> UInt64 {
        get { words[row &* width &+ word] }
        set { words[row &* width &+ word] = newValue }
    }

    func contains(_ inspector: Int, in row: Int) -> Bool {
        self[row, inspector >> 6] & (1 << UInt64(inspector & 63)) != 0
    }

    mutating func insert(_ inspector: Int, in row: Int) {
        self[row, inspector >> 6] |= 1 << UInt64(inspector & 63)
    }

    mutating func remove(_ inspector: Int, from row: Int) {
        self[row, inspector >> 6] &= ~(1 << UInt64(inspector & 63))
    }

    mutating func append(_ set: [UInt64]) { words.append(contentsOf: set) }

    func meets(_ row: Int, _ set: [UInt64]) -> Bool {
        for w in 0..<width where self[row, w] & set[w] != 0 { return true }
        return false
    }

    mutating func subtract(_ set: [UInt64], from row: Int) {
        for w in 0..<width { self[row, w] &= ~set[w] }
    }

    mutating func copy(_ from: Int, to row: Int) {
        for w in 0..<width { self[row, w] = self[from, w] }
    }

    mutating func clear(_ row: Int) {
        for w in 0..<width { self[row, w] = 0 }
    }
}

extension [UInt64] {
    func contains(inspector: Int) -> Bool { self[inspector >> 6] & (1 << UInt64(inspector & 63)) != 0 }

    mutating func insert(inspector: Int) { self[inspector >> 6] |= 1 << UInt64(inspector & 63) }

    mutating func remove(inspector: Int) { self[inspector >> 6] &= ~(1 << UInt64(inspector & 63)) }

    var holdsAnyone: Bool { contains { $0 != 0 } }

    /// Calls `body` for each inspector of the set, in ascending order of index.
    func forEachInspector(_ body: (Int) -> Void) {
        for w in indices {
            var word = self[w]
            while word != 0 {
                body(w << 6 | word.trailingZeroBitCount)
                word &= word &- 1
            }
        }
    }
}
