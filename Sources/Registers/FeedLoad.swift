import Cluster
import Postgres

/// The rows of a feed on their way into the register (装载), in the transaction that applies the feed.
///
/// A row about whose id nothing is on record goes straight into the register, which nobody sees before the transaction has
/// ended. Every other row goes into the transaction's own table `fed`, to be judged set at a time.
struct FeedLoad {
    let statements: FeedStatements
    let transaction: PostgresTransaction
    /// The instant from which the feed is valid.
    let now: String
    /// The version below which nothing counts any more.
    let floor: Int
    let rules: CountyRules
    let codes: CodeLists

    /// What stands before the fields of a row, and behind those of one that goes straight.
    private let head: [UInt8]
    private let straightTail: [UInt8]
    private var mayGoStraight: Bool
    /// The ids that may be on record; `nil` until the first row might go straight.
    private var known: IDFilter?
    private var taken: [Int] = []
    /// Whether there is nothing but rows that went straight into a register that had none.
    private(set) var isAllNew = false
    private var hasFed = false
    /// Rows that were taken.
    private(set) var rows = 0

    /// An id that went straight into the register came once more: nothing may go straight.
    struct Repeated: Error {}

    /// Pages that are held in memory at a time.
    private static let chunk = 8
    /// How many times more ids than its first pages have rows a register may have for rows to go straight into it: else
    /// to read them costs more than it saves.
    private static let share = 10

    /// Makes ready. The register must be locked for this transaction.
    ///
    /// - Parameter goesStraight: whether rows may go straight into the register.
    init(_ statements: FeedStatements, _ transaction: PostgresTransaction, goesStraight: Bool) async throws {
        self.statements = statements
        self.transaction = transaction
        mayGoStraight = goesStraight
        // Rows that just came in have no statistics: the planner would take them for a handful and compare every pair.
        // Where a loop is the only way, its price must not make the planner compile the statement.
        try await transaction.script(
            "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"
        )
        try await transaction.execute(statements.holdReaders)
        let instants = try await transaction.query(statements.instantAndFloor)
        guard let instant = instants.first else { throw PostgresError(.decoding, "no instant") }
        now = try instant.decode("now", as: String.self)
        floor = try instant.decode("floor", as: Int?.self) ?? 0
        rules = try await CountyRules.load(from: transaction)
        codes = CodeLists(rules)
        var copy = BinaryCopy()
        copy.begin(
            fields: PageContents.leading + statements.name.register.columns.count - 1 + PageContents.trailing)
        head = copy.bytes
        copy = BinaryCopy()
        copy.append(text: statements.name.source)
        copy.append(text: statements.name.id)
        copy.append(bigint: try instant.decode("microseconds", as: Int.self))
        straightTail = copy.bytes
        for statement in statements.makePlaces { try await transaction.execute(statement) }
    }

    /// A page that is in.
    private struct Page {
        let position: Int
        let rows: Int
        /// Whether nothing but what its rows say by themselves speaks against them.
        let isFit: Bool
    }

    /// Takes the pages that have come in since the last time.
    ///
    /// - Parameter atHand: what the page at a position carries, where it need not be read.
    /// - Returns: whether there were any.
    mutating func takePages(_ atHand: (Int) -> PageContents?) async throws -> Bool {
        let pages = try await transaction.query(statements.pages(but: taken)).map { row in
            let regions = try row.decode("regions", as: [String].self)
            let industries = try row.decode("industries", as: [String].self)
            return Page(
                position: try row.decode("position", as: Int.self), rows: try row.decode("rows", as: Int.self),
                isFit: try row.decode("is_known", as: Bool.self)
                    && row.decode("version", as: Int.self) >= floor
                    && regions.allSatisfy { codes.knows(region: $0) }
                    && industries.allSatisfy { codes.knows(industry: $0) })
        }
        guard !pages.isEmpty else { return false }
        if mayGoStraight, known == nil, pages.contains(where: \.isFit) {
            try await readKnown(limit: Self.share * pages.reduce(0) { $0 + $1.rows })
        }
        var rest = pages[...]
        while !rest.isEmpty {
            try await take(rest.prefix(Self.chunk), atHand)
            rest = rest.dropFirst(Self.chunk)
        }
        taken += pages.map(\.position)
        rows += pages.reduce(0) { $0 + $1.rows }
        return true
    }

    /// Takes rows that are in no page, to be judged.
    mutating func take(_ contents: PageContents) async throws {
        try await send(fed: tuples(of: contents.good) + contents.rest)
    }

    /// Ends the taking.
    ///
    /// - Throws: `Repeated`.
    func finish() async throws {
        if known != nil, hasFed, try await transaction.isSo(statements.repeatsStraight) { throw Repeated() }
    }

    /// Reads the ids on record; when there are too many, nothing goes straight.
    private mutating func readKnown(limit: Int) async throws {
        let rows = try await transaction.query(statements.onRecord(limit: limit))
        mayGoStraight = rows.count < limit
        guard mayGoStraight else { return }
        var filter = IDFilter()
        for row in rows {
            var id = try row.decode(0, as: String.self)
            _ = id.withUTF8 { filter.insert(UnsafeRawBufferPointer($0)) }
        }
        known = filter
        isAllNew = rows.isEmpty
    }

    private mutating func take(_ pages: ArraySlice<Page>, _ atHand: (Int) -> PageContents?) async throws {
        var contents: [(good: [UInt8], rest: [UInt8], isFit: Bool)] = []
        var missing: [Int: Bool] = [:]
        for page in pages {
            if let carried = atHand(page.position) {
                contents.append((carried.good, carried.rest, page.isFit))
            } else {
                missing[page.position] = page.isFit
            }
        }
        if !missing.isEmpty {
            for row in try await transaction.query(statements.contents(of: missing.keys.sorted())) {
                contents.append(
                    (
                        try row.decode("good", as: [UInt8].self), try row.decode("rest", as: [UInt8].self),
                        missing[try row.decode("position", as: Int.self)] ?? false
                    ))
            }
        }
        var fed: [UInt8] = []
        if known != nil {
            var straight: [UInt8] = []
            // While the database takes a page the next one is made ready.
            try await transaction.copyInBinary(statements.takeStraight) { writer in
                for page in contents {
                    straight.removeAll(keepingCapacity: true)
                    add(page.good, goStraight: page.isFit, to: &straight, or: &fed)
                    fed += page.rest
                    try await writer.write(straight)
                }
            }
        } else {
            for page in contents { fed += tuples(of: page.good) + page.rest }
        }
        try await send(fed: fed)
    }

    /// Rows that break no rule by themselves, to be judged.
    private mutating func tuples(of good: [UInt8]) -> [UInt8] {
        var straight: [UInt8] = []
        var fed: [UInt8] = []
        add(good, goStraight: false, to: &straight, or: &fed)
        return fed
    }

    /// Adds rows that break no rule by themselves to those that go straight, or to those that are judged.
    private mutating func add(
        _ good: [UInt8], goStraight: Bool, to straight: inout [UInt8], or fed: inout [UInt8]
    ) {
        if goStraight { straight.reserveCapacity(good.count * 3 / 2) }
        func length(at place: Int) -> Int {
            Int(good[place]) << 24 | Int(good[place + 1]) << 16 | Int(good[place + 2]) << 8 | Int(good[place + 3])
        }
        var start = 0
        while start < good.count {
            let fields = start + 4..<start + 4 + length(at: start)
            let id = fields.lowerBound + 4..<fields.lowerBound + 4 + length(at: fields.lowerBound)
            if goStraight, good[id].withUnsafeBytes({ known?.insert($0) }) == true {
                straight += head
                straight += good[fields]
                straight += straightTail
            } else {
                fed += head
                fed += good[fields]
                fed += PageContents.said
            }
            start = fields.upperBound
        }
    }

    private mutating func send(fed: [UInt8]) async throws {
        guard !fed.isEmpty else { return }
        hasFed = true
        isAllNew = false
        try await transaction.copyInBinary(statements.takeFed) { writer in try await writer.write(fed) }
    }
}
