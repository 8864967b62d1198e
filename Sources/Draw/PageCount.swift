public import JSON

/// What counting one page of the roster finds: its part of the digest, and how many entities of each class are in each
/// request's pool. Pages are counted anywhere, in any order, and combined.
public struct PageCount: Sendable, Hashable {
    /// Lines of a full page (页), a full subtree of the Merkle tree.
    public static let pageSize = 4096

    /// The number of lines; every page but the last has ``pageSize``.
    public let lines: Int
    /// The root of the page's subtree.
    public let root: Hash
    /// The first and the last id; `nil` for a page without lines.
    public let ids: Ends?
    /// For each request, in the order given, the number of its pool's entities by class, in the order of `CreditClass`.
    public let pools: [[Int]]

    /// The two ends of a page.
    public struct Ends: Sendable, Hashable {
        /// The first id.
        public let first: String
        /// The last id.
        public let last: String
    }

    /// Counts one page.
    /// - Parameters:
    ///   - page: the page's lines, each with its LF.
    ///   - firstLine: the number of its first line, from 1.
    ///   - requests: the round's requests.
    ///   - salt: the round's salt, 32 bytes.
    /// - Throws: ``DrawError`` with line and column.
    public init(page: [UInt8], firstLine: Int, requests: [DrawRequest], salt: [UInt8]) throws {
        var counter = PageCounter(requests: requests, salt: salt)
        self = try page.withUnsafeBytes { try counter.count($0, firstLine: firstLine) }
    }

    init(lines: Int, root: Hash, ids: Ends?, pools: [[Int]]) {
        self.lines = lines
        self.root = root
        self.ids = ids
        self.pools = pools
    }

    /// The count as it travels between stages.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "lines": .integer(lines), "root": .string(root.hex),
            "pools": .array(pools.map { .array($0.map { .integer($0) }) }),
        ]
        members["first"] = ids.map { .string($0.first) }
        members["last"] = ids.map { .string($0.last) }
        return .object(members)
    }

    /// Reads a count back.
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue) throws {
        self = try JSONField(json).object { reader in
            let first = try reader.optional("first")?.string()
            let last = try reader.optional("last")?.string()
            return try PageCount(
                lines: reader.required("lines").integer(in: 0...Self.pageSize), root: reader.required("root").hash(),
                ids: first.flatMap { first in last.map { Ends(first: first, last: $0) } },
                pools: reader.required("pools").array { pool in
                    let sizes = try pool.array { try $0.integer() }
                    guard sizes.count == CreditClass.allCases.count else {
                        throw pool.error("a number for each credit class is expected")
                    }
                    return sizes
                })
        }
    }

    /// The roster's digest, from the counts of all its pages in order.
    /// - Throws: ``DrawError`` when ids do not ascend from one page to the next, or a page in the middle is not full.
    public static func digest(of pages: [PageCount]) throws -> FileDigest {
        for (index, (page, next)) in zip(pages, pages.dropFirst()).enumerated() {
            let line = (index + 1) * pageSize
            guard page.lines == pageSize, let last = page.ids?.last, let first = next.ids?.first else {
                throw DrawError(
                    file: RosterLine.fileName, line: line, problem: "a page is not full though others follow",
                    remedy: "cut the file into pages of \(pageSize) lines")
            }
            guard Grammar.precedes(last, first) else {
                throw DrawError.unsorted(
                    file: RosterLine.fileName, line: line + 1, field: RosterLine.columns[0], id: first, previous: last)
            }
        }
        return FileDigest(
            lines: pages.reduce(0) { $0 + $1.lines },
            root: Merkle.root(pages.filter { $0.lines > 0 }.map(\.root)).hex)
    }

    /// The sizes of each request's strata, from the counts of all pages; `requests` as they were counted.
    public static func poolSizes(of pages: [PageCount], requests: [DrawRequest]) -> [StratumSizes] {
        requests.indices.map { request in
            let byClass = CreditClass.allCases.map { creditClass in
                (creditClass, pages.reduce(0) { $0 + $1.pools[request][creditClass.index] })
            }
            return requests[request].sample.poolSizes(byClass: Dictionary(uniqueKeysWithValues: byClass))
        }
    }
}

/// Counts pages one after another, keeping what it learnt about the columns' values.
struct PageCounter {
    private var matcher: PoolMatcher
    private let leaves: SaltedLeaves
    private let requests: Int
    private var hashes: [Hash] = []

    init(requests: [DrawRequest], salt: [UInt8]) {
        matcher = PoolMatcher(requests: requests)
        leaves = SaltedLeaves(salt: salt)
        self.requests = requests.count
    }

    mutating func count(_ page: UnsafeRawBufferPointer, firstLine: Int) throws -> PageCount {
        var cursor = LineCursor(page, firstLine: firstLine, file: RosterLine.fileName, columns: RosterLine.columns)
        let classes = CreditClass.allCases.count
        var counts = [Int](repeating: 0, count: requests * classes)
        var ids: PageCount.Ends?
        hashes.removeAll(keepingCapacity: true)
        while try cursor.advance() {
            let credit = try matcher.match(cursor).index
            matcher.forEachMember { counts[$0 * classes + credit] += 1 }
            hashes.append(leaves.leaf(id: cursor[0], line: cursor.line))
            if hashes.count == 1 {
                let first = String(decoding: cursor[0], as: UTF8.self)
                ids = PageCount.Ends(first: first, last: first)
            }
        }
        if let first = ids?.first {
            ids = PageCount.Ends(first: first, last: String(decoding: cursor[0], as: UTF8.self))
        }
        return PageCount(
            lines: hashes.count, root: Merkle.root(hashes), ids: ids,
            pools: (0..<requests).map { Array(counts[($0 * classes)..<(($0 + 1) * classes)]) })
    }
}
