/// Finds the requests whose pools hold an entity: one bit a request, one set of bits for each value of each column.
///
/// An entity is in a pool when every column admits it, so its requests are the intersection of its columns' sets. The
/// set of a value is worked out once, when the value is first met; that is also when the value is checked.
struct PoolMatcher {
    /// Words of 64 bits for one bit a request.
    let words: Int
    /// The requests whose pools hold the entity matched last.
    private(set) var members: [UInt64]

    private let requests: [DrawRequest]
    private var columns: [Column]
    private let byClass: [UInt64]
    private let byVisits: [UInt64]

    /// Up to this many visits, the sets are kept.
    private static let keptVisits = 32

    private struct Column {
        let number: Int
        let admits: @Sendable (DrawRequest, UnsafeRawBufferPointer, [String]) -> Bool
        var memo = ValueMemo()
        var sets: [UInt64] = []
    }

    init(requests: [DrawRequest]) {
        self.requests = requests
        let words = max(1, (requests.count + 63) / 64)
        self.words = words
        members = [UInt64](repeating: 0, count: words)
        byClass = CreditClass.allCases.flatMap { creditClass in
            Self.set(of: requests, words) { $0.pool.credit?.contains(creditClass) ?? true }
        }
        byVisits = (0..<Self.keptVisits).flatMap { visits in
            Self.set(of: requests, words) { $0.pool.maxVisits.map { visits <= $0 } ?? true }
        }
        columns = [
            Column(number: 2) { request, value, _ in
                request.pool.regions?.contains { value.starts(with: $0.utf8) } ?? true
            },
            Column(number: 3) { request, value, _ in
                request.pool.industries?.contains { value.starts(with: $0.utf8) } ?? true
            },
            Column(number: 4) { request, value, _ in
                request.pool.kinds?.contains { value.elementsEqual($0.utf8) } ?? true
            },
            Column(number: 5) { request, _, items in request.pool.permits.map { Self.shares($0, items) } ?? true },
            Column(number: 6) { request, _, items in request.pool.regulators.map { Self.shares($0, items) } ?? true },
        ]
    }

    private static func shares(_ wanted: [String], _ held: [String]) -> Bool {
        wanted.contains { wanted in held.contains { $0.utf8.elementsEqual(wanted.utf8) } }
    }

    private static func set(of requests: [DrawRequest], _ words: Int, where admits: (DrawRequest) -> Bool) -> [UInt64] {
        var set = [UInt64](repeating: 0, count: words)
        for (index, request) in requests.enumerated() where admits(request) {
            set[index / 64] |= 1 << UInt64(index % 64)
        }
        return set
    }

    /// Checks the columns of a roster's line and finds the requests whose pools hold its entity.
    /// - Returns: the entity's credit class.
    /// - Throws: ``DrawError`` with line and column.
    mutating func match(_ line: LineCursor) throws -> CreditClass {
        let credit = try line.reading { try Columns.creditClass(line[1], "credit") }
        for word in 0..<words { members[word] = byClass[credit.index * words + word] }
        for column in columns.indices {
            let set = try self.set(of: line, column)
            for word in 0..<words { members[word] &= columns[column].sets[set + word] }
        }
        let visits = try line.reading { try Columns.integer(line[7], "visits") }
        if visits < Self.keptVisits {
            for word in 0..<words { members[word] &= byVisits[visits * words + word] }
        } else {
            let set = Self.set(of: requests, words) { $0.pool.maxVisits.map { visits <= $0 } ?? true }
            for word in 0..<words { members[word] &= set[word] }
        }
        return credit
    }

    /// Where the set of a column's value starts.
    private mutating func set(of line: LineCursor, _ column: Int) throws -> Int {
        let value = line[columns[column].number]
        let hash = ValueMemo.hash(value)
        if let number = columns[column].memo.number(of: value, hash: hash) { return number * words }
        let items = try line.reading { () throws -> [String] in
            let name = RosterLine.columns[columns[column].number]
            switch name {
            case "permits": return try Columns.list(value, name)
            case "regulators": return try Columns.ids(value, name)
            default: return [try Columns.text(value, name)]
            }
        }
        if columns[column].memo.count == ValueMemo.capacity {
            columns[column].memo.removeAll()
            columns[column].sets.removeAll(keepingCapacity: true)
        }
        let start = columns[column].sets.count
        let admits = columns[column].admits
        columns[column].sets += Self.set(of: requests, words) { admits($0, value, items) }
        columns[column].memo.add(value, hash: hash)
        return start
    }

    /// Calls `body` with the index of each request whose pool holds the entity matched last.
    func forEachMember(_ body: (Int) -> Void) {
        for word in 0..<words {
            var bits = members[word]
            while bits != 0 {
                body(word * 64 + bits.trailingZeroBitCount)
                bits &= bits - 1
            }
        }
    }
}
