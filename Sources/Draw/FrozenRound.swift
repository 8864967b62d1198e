/// A step of a draw, as timings name it.
public enum DrawPhase: String, Sendable, CaseIterable {
    /// Roster and inspectors are read, counted and hashed.
    case count
    /// The smallest tickets are found.
    case select
    /// Visits are merged.
    case merge
    /// Inspectors are matched to visits.
    case match
}

/// A round with its frozen files in memory: everything before and after the seed, on several threads.
///
/// A cluster does the same page by page and department by department; both are made of the same functions.
public struct FrozenRound: Sendable {
    /// The commitment to what is frozen.
    public let commitment: Commitment

    private let roster: [UInt8]
    private let pages: [Range<Int>]
    let inspectors: [InspectorLine]
    private let threads: Int

    /// Counts and hashes the frozen files.
    /// - Parameters:
    ///   - definition: the round.
    ///   - roster: `roster.tsv`.
    ///   - inspectors: `inspectors.tsv`.
    ///   - salt: the round's salt, 32 bytes.
    ///   - threads: how many threads to use; the result does not depend on it.
    /// - Throws: ``DrawError`` with file, line and column.
    public init(
        definition: RoundDefinition, roster: [UInt8], inspectors: [UInt8], salt: [UInt8], threads: Int
    ) async throws {
        let requests = definition.ascendingRequests
        let pages = RosterPages.split(roster)
        let counts = try await RosterPages.map(pages, threads: threads) { pages, first in
            var counter = PageCounter(requests: requests, salt: salt)
            return try roster.withUnsafeBytes { bytes in
                try pages.enumerated().map { index, page in
                    try counter.count(
                        UnsafeRawBufferPointer(rebasing: bytes[page]),
                        firstLine: (first + index) * PageCount.pageSize + 1)
                }
            }
        }.flatMap { $0 }
        self.inspectors = try InspectorLine.lines(of: inspectors)
        commitment = try Commitment(
            definition: definition, roster: PageCount.digest(of: counts),
            inspectors: FileDigest(inspectors: inspectors, salt: salt),
            poolSizes: PageCount.poolSizes(of: counts, requests: requests))
        self.roster = roster
        self.pages = pages
        self.threads = threads
    }

    /// Draws: everything that follows from the seed.
    /// - Parameters:
    ///   - seed: a seed of this round's ``commitment``.
    ///   - begins: called when a phase begins.
    public func draw(seed: Seed, begins: (DrawPhase) -> Void = { _ in }) async throws -> DrawResult {
        let requests = commitment.requests
        let sampleSizes = commitment.sampleSizes
        let seedBytes = seed.hash.bytes
        begins(.select)
        let roster = roster
        let found = try await RosterPages.map(pages, threads: threads) { pages, first in
            var selector = PageSelector(requests: requests, sampleSizes: sampleSizes, seed: seedBytes)
            try roster.withUnsafeBytes { bytes in
                for (index, page) in pages.enumerated() {
                    try selector.add(
                        UnsafeRawBufferPointer(rebasing: bytes[page]),
                        firstLine: (first + index) * PageCount.pageSize + 1)
                }
            }
            return selector.selection
        }
        let selection = PageSelection.merged(found, requests: requests, sampleSizes: sampleSizes)
        begins(.merge)
        let winners = selection.winners(requests: requests)
        let ids = selection.entities.map(\.id)
        var merging = VisitMerging(round: commitment.definition.id, requests: requests)
        let (visits, entities) = merging.visits(
            ids, chosen: Dictionary(winners.map { ($0.request, $0.entities) }) { one, _ in one })
        begins(.match)
        let teams = await Self.matchAll(
            visits: visits, regions: entities.map { selection.entities[Int($0)].region }, requests: requests,
            inspectors: inspectors, seed: seedBytes, threads: threads)
        return DrawResult(
            commitment: seed.commitment, seed: seed.hex,
            selections: winners.map { winners in
                Selection(request: winners.request, entities: winners.entities.map { ids[Int($0)] })
            }, visits: visits, teams: teams)
    }

    /// The regions of some entities, by the roster.
    func regions(of entities: Set<String>) throws -> [String: String] {
        var regions: [String: String] = [:]
        for (index, page) in pages.enumerated() where regions.count < entities.count {
            for line in try RosterLine.lines(of: Array(roster[page]), firstLine: index * PageCount.pageSize + 1)
            where entities.contains(line.id) {
                regions[line.id] = line.region
            }
        }
        return regions
    }

    /// Matches every department, each on a thread of its own.
    /// - Parameter regions: for each visit its entity's region.
    /// - Returns: for each visit its teams, ascending by department.
    static func matchAll(
        visits: [Visit], regions: [String], requests: [DrawRequest], inspectors: [InspectorLine],
        seed: [UInt8], threads: Int
    ) async -> [[Team]] {
        var work: [String: [Int]] = [:]
        for (index, visit) in visits.enumerated() {
            for department in visit.departments { work[department, default: []].append(index) }
        }
        // The longest first, so that no thread is left with one at the end.
        let departments = work.keys.sorted {
            let (one, other) = (work[$0]?.count ?? 0, work[$1]?.count ?? 0)
            return one == other ? Grammar.precedes($0, $1) : one > other
        }
        let staff = Dictionary(grouping: inspectors, by: \.department)
        let matched = await concurrently(departments, threads: threads) { [work] department in
            let own = Dictionary(
                requests.filter { $0.department == department }.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one }
            )
            let visits = (work[department] ?? []).map { index in
                TeamVisit(
                    visits[index], region: regions[index],
                    requests: visits[index].requests.compactMap { own[$0] })
            }
            return matchTeams(
                department: department, seed: seed, visits: visits, inspectors: staff[department] ?? [])
        }
        var teams = [[Team]](repeating: [], count: visits.count)
        let results = Dictionary(zip(departments, matched)) { one, _ in one }
        for department in departments.sorted(by: Grammar.precedes) {
            for (visit, team) in zip(work[department] ?? [], results[department] ?? []) {
                teams[visit].append(
                    Team(department: department, inspectors: team.inspectors, missing: team.missing))
            }
        }
        return teams
    }
}

/// The pages of a roster in memory.
enum RosterPages {
    /// Cuts the file into pages of 4,096 lines.
    static func split(_ bytes: [UInt8]) -> [Range<Int>] {
        var pages: [Range<Int>] = []
        var start = 0
        var lines = 0
        bytes.withUnsafeBytes { bytes in
            for position in 0..<bytes.count where bytes[position] == 0x0a {
                lines += 1
                if lines == PageCount.pageSize {
                    pages.append(start..<position + 1)
                    (start, lines) = (position + 1, 0)
                }
            }
        }
        if start < bytes.count { pages.append(start..<bytes.count) }
        return pages
    }

    /// Gives each thread a run of pages and the index of its first.
    /// - Throws: the error of the first run that has one, so that it is the file's first.
    static func map<Result: Sendable>(
        _ pages: [Range<Int>], threads: Int, _ body: @escaping @Sendable (ArraySlice<Range<Int>>, Int) throws -> Result
    ) async throws -> [Result] {
        let runs = (0..<threads).map { pages.count * $0 / threads..<pages.count * ($0 + 1) / threads }
        let results = await concurrently(runs.filter { !$0.isEmpty }, threads: threads) { run in
            Swift.Result { try body(pages[run], run.lowerBound) }
        }
        return try results.map { try $0.get() }
    }
}

/// Maps values on a number of threads, in their order; the results keep it.
func concurrently<Value: Sendable, Result: Sendable>(
    _ values: [Value], threads: Int, _ body: @escaping @Sendable (Value) -> Result
) async -> [Result] {
    await withTaskGroup(of: (Int, Result).self) { group in
        var waiting = values.enumerated().makeIterator()
        func start() {
            guard let (index, value) = waiting.next() else { return }
            group.addTask { (index, body(value)) }
        }
        for _ in 0..<max(1, threads) { start() }
        var results = [Result?](repeating: nil, count: values.count)
        while let (index, result) = await group.next() {
            results[index] = result
            start()
        }
        return results.compactMap { $0 }
    }
}
