import JSON
import Testing

@testable import Draw

@Suite("Counting and selecting")
struct SelectionTests {
    /// draw-v1 §1: whether an entity is in a pool, condition by condition.
    static func holds(_ pool: Pool, _ line: RosterLine) -> Bool {
        (pool.credit?.contains(line.credit) ?? true) && (pool.kinds?.contains(line.kind) ?? true)
            && (pool.regions?.contains { line.region.hasPrefix($0) } ?? true)
            && (pool.industries?.contains { line.industry.hasPrefix($0) } ?? true)
            && (pool.permits.map { !Set($0).isDisjoint(with: line.permits) } ?? true)
            && (pool.regulators.map { !Set($0).isDisjoint(with: line.regulators) } ?? true)
            && (pool.maxVisits.map { line.visits <= $0 } ?? true)
    }

    static func bytes(_ lines: [RosterLine]) -> [UInt8] { lines.flatMap { Array($0.text.utf8) + [0x0a] } }

    @Test("Pools and selections are what a plain reading of the rules gives", arguments: [1, 2, 3, 4] as [UInt64])
    func plain(seed: UInt64) async throws {
        let generator = BundleGenerator(entities: 600, requests: 70, inspectors: 1, departments: 5, seed: seed)
        var roster: [UInt8] = []
        generator.writeRoster { roster += $0 }
        let lines = try RosterLine.lines(of: roster)
        #expect(lines.count == 600)
        let definition = generator.definition()
        let frozen = try await FrozenRound(
            definition: definition, roster: roster, inspectors: [], salt: [UInt8](repeating: 7, count: 32), threads: 2)
        let (_, contributions) = try Seed.read(JSONField(generator.contributions()))
        let drawn = try await frozen.draw(
            seed: Seed(commitment: frozen.commitment.hash, contributions: contributions))
        for (index, request) in definition.ascendingRequests.enumerated() {
            let pool = lines.filter { Self.holds(request.pool, $0) }
            let stream = request.coordination == .joint ? drawn.seed : Hash(of: "\(drawn.seed):\(request.id)").hex
            var winners: [(Hash, String)] = []
            for (stratum, size) in frozen.commitment.sampleSizes[index] {
                let members = pool.filter { stratum == .whole || stratum == .creditClass($0.credit) }
                #expect(frozen.commitment.poolSizes[index][stratum] == members.count)
                winners += members.map { (Hash(of: stream + $0.id), $0.id) }.sorted { $0.0 < $1.0 }.prefix(size)
            }
            #expect(drawn.selections[index].entities == winners.sorted { $0.0 < $1.0 }.map(\.1))
        }
    }

    @Test(
        "The smallest tickets survive any order, and repeats",
        arguments: [0, 1, 2, 3, 7, 50, 64, 100, 999, 1_000, 2_000])
    func smallest(limit: Int) {
        var random = GeneratorRandom(seed: UInt64(limit))
        for distinct in [1_000, 7] {
            let tickets = (0..<1_000).map { _ in Hash(of: "\(random.below(distinct))") }
            for ordered in [tickets, tickets.sorted(), tickets.sorted().reversed()] {
                var smallest = SmallestTickets(limit: limit)
                for (entity, ticket) in ordered.enumerated() where smallest.takes(ticket) {
                    smallest.take(PageSelection.Candidate(ticket: ticket, entity: Int32(entity)))
                }
                #expect(smallest.candidates.map(\.ticket).sorted() == Array(tickets.sorted().prefix(limit)))
            }
        }
    }

    @Test("A column with more distinct values than are kept is still read right")
    func manyValues() throws {
        let request = DrawRequest(
            id: "R", department: "D", items: [], pool: Pool(industries: ["X1"]), sample: .count(1), method: .onsite,
            joint: true, coordination: .joint, window: DayWindow(first: "2026-01-01", last: "2026-01-01"),
            specialties: [], team: 2)
        var counter = PageCounter(requests: [request], salt: [])
        var found = 0
        for page in 0..<20 {
            let lines = (0..<4096).map { index in
                RosterLine(
                    id: String(100_000 + page * 4096 + index), credit: .a, region: "r",
                    industry: "X\(page * 4096 + index)", kind: "k", permits: [], regulators: [], visits: 40)
            }
            let count = try Self.bytes(lines).withUnsafeBytes { try counter.count($0, firstLine: page * 4096 + 1) }
            found += count.pools[0].reduce(0, +)
        }
        #expect(found == (0..<81_920).count { String($0).hasPrefix("1") })
    }

    @Test("Pages that do not follow one another are refused")
    func pageOrder() throws {
        func page(_ range: Range<Int>) throws -> PageCount {
            let lines = range.map {
                RosterLine(
                    id: String(100_000 + $0), credit: .a, region: "", industry: "", kind: "", permits: [],
                    regulators: [], visits: 0)
            }
            return try PageCount(page: Self.bytes(lines), firstLine: 1, requests: [], salt: [])
        }
        let (full, next, part) = (try page(0..<4096), try page(4096..<8192), try page(8192..<8200))
        #expect(try PageCount.digest(of: [full, next, part]).lines == 8200)
        #expect(throws: DrawError.self) { try PageCount.digest(of: [next, full]) }
        #expect(throws: DrawError.self) { try PageCount.digest(of: [full, part, next]) }
        let repeated = try #require(throws: DrawError.self) { try PageCount.digest(of: [full, full]) }
        #expect(repeated.line == 4097)
    }
}
