import Draw
import JSON
import Registers
import Testing

@testable import Plans

@Suite("Merging of lines")
struct MergingTests {
    static func year(_ lines: [JSONValue], _ groups: [PoolSurvey.Group], leads: [String] = []) throws -> PlannedYear {
        let plan = try Plan(json: PlanFixture.document(lines))
        return PlannedYear(
            lines: plan.lines.enumerated().map { index, line in
                PlannedYear.Line(
                    plan: "P", lead: leads.isEmpty ? "SCJG" : leads[index], line: line)
            },
            survey: PoolSurvey(entities: groups.reduce(0) { $0 + $1.count }, groups: groups))
    }

    static func group(_ pools: [Int], _ count: Int, _ credit: CreditClass = .b) -> PoolSurvey.Group {
        PoolSurvey.Group(credit: credit, pools: pools, count: count)
    }

    @Test("saves what a draw of the same tickets saves, counted over many draws")
    func savings() async throws {
        // Shops, those of them with a permit, and mills: the second line's objects are among the first's.
        let roster = (0..<900).map { index in
            RosterLine(
                id: "E" + String(10_000 + index), credit: index % 3 == 0 ? .c : .b, region: "1", industry: "F",
                kind: index < 600 ? "shop" : "mill", permits: index % 2 == 0 ? ["食品"] : [], regulators: [], visits: 0)
        }
        let bytes = Array(roster.map { $0.text + "\n" }.joined().utf8)
        let lines = [
            PlanFixture.line("1", sample: ["rates_ppm": ["B": 50_000, "C": 100_000]]),
            PlanFixture.line("2", pool: ["permits": ["食品"]], sample: ["rate_ppm": 80_000]),
            PlanFixture.line("3", pool: ["kinds": ["mill", "shop"]], sample: ["count": 45]),
        ]
        let rules = try CountyRules.embedded()
        let plan = try Plan(json: PlanFixture.document(lines))
        let year = try PlannedYear(lines: PlannedYear.lines(of: [plan], rules: rules), roster: bytes)
        let expected = year.visits(of: [0, 1, 2])
        let requests = plan.lines.map { line in
            DrawRequest(
                id: line.id, department: "SCJG", items: ["I-1"], pool: line.pool, sample: line.sample.sample(),
                method: .onsite, joint: true, coordination: .joint, window: line.windows[0], specialties: [], team: 2)
        }
        var drawn = 0
        var visited = 0
        let draws = 200
        let round = try await FrozenRound(
            definition: RoundDefinition(
                id: "R", sequence: 1, previous: nil, replaces: nil, asOf: "2026-01-01T00:00:00Z", requests: requests,
                seedPolicy: SeedPolicy(revealBy: "2026-01-01T00:00:00Z", witnesses: [], publicSources: [])),
            roster: bytes, inspectors: [], salt: [UInt8](repeating: 0, count: 32), threads: 1)
        for number in 0..<draws {
            let result = try await round.draw(
                seed: Seed(
                    commitment: round.commitment.hash,
                    contributions: [Contribution(source: "n", value: String(number))]))
            drawn += result.selections.reduce(0) { $0 + $1.entities.count }
            visited += result.visits.count
        }
        #expect(abs(Double(drawn) / Double(draws) - Double(expected.apart) / 1_000_000) < 2)
        #expect(abs(Double(visited) / Double(draws) - Double(expected.together) / 1_000_000) < 3)
    }

    @Test("is proposed for close objects, not only for the same, when method and days meet")
    func close() throws {
        func proposed(
            _ groups: [PoolSurvey.Group], methods: JSONValue = ["onsite"],
            windows: JSONValue = [["2026-06-01", "2026-09-30"]]
        ) throws -> [[String]] {
            let year = try Self.year(
                [
                    PlanFixture.line("1", sample: ["rate_ppm": 100_000]),
                    PlanFixture.line("2", sample: ["rate_ppm": 100_000], methods: methods, windows: windows),
                ], groups)
            return Merging.internalProposals(year, department: "SCJG").map(\.lines)
        }
        let same = [Self.group([0, 1], 100)]
        #expect(try proposed(same) == [["P/1", "P/2"]])
        #expect(try proposed([Self.group([0, 1], 60), Self.group([0], 40), Self.group([1], 40)]) == [["P/1", "P/2"]])
        #expect(try proposed([Self.group([0, 1], 40), Self.group([0], 60), Self.group([1], 60)]) == [])
        #expect(try proposed([Self.group([0], 100), Self.group([1], 100)]) == [])
        #expect(try proposed([Self.group([0, 1], 9)]) == [])
        #expect(try proposed(same, methods: ["written"]) == [])
        #expect(try proposed(same, methods: ["onsite", "written"]) == [["P/1", "P/2"]])
        #expect(try proposed(same, windows: [["2026-07-01", "2026-09-30"]]) == [])
        #expect(try proposed(same, windows: [["2026-06-30", "2026-09-30"]]) == [["P/1", "P/2"]])
    }

    @Test("gives its figures and its reason in Chinese")
    func reason() throws {
        let year = try Self.year(
            [
                PlanFixture.line("1", sample: ["rate_ppm": 100_000]),
                PlanFixture.line("2", sample: ["rate_ppm": 50_000]),
            ], [Self.group([0, 1], 80), Self.group([0], 20)])
        let proposal = try #require(Merging.internalProposals(year, department: "SCJG").first)
        #expect(proposal.shared == 80 && proposal.union == 100)
        #expect(proposal.apart == 14_000_000 && proposal.together == 10_000_000)
        #expect(
            proposal.reason == "“检查1”（100 户）、“检查2”（80 户） 的检查对象相近：共有对象 80 户，占较小一方的 100%；"
                + "都可现场检查，检查时间重合（如 2026-06-30）。分别抽取预计 14.0 户次，合并抽取预计 10.0 户次，减少 4.0 户次。")
    }

    /// Every way to part numbers into groups.
    static func partings(_ numbers: [Int]) -> [[[Int]]] {
        guard let first = numbers.first else { return [[]] }
        return partings(Array(numbers.dropFirst())).flatMap { parting in
            [[[first]] + parting]
                + parting.indices.map { index in
                    parting.enumerated().map { $0.offset == index ? [first] + $0.element : $0.element }
                }
        }
    }

    @Test("parts the lines so that no other parting saves more", arguments: 0..<60)
    func best(seed: Int) throws {
        var state = UInt64(seed + 1)
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let count = 4 + seed % 3
        let lines = (0..<count).map { index -> JSONValue in
            let first = 1 + next(6)
            return PlanFixture.line(
                "\(index)", sample: ["rate_ppm": .integer(50_000 + 25_000 * next(7))],
                methods: next(4) == 0 ? ["written"] : ["onsite"],
                windows: [[.string("2026-0\(first)-01"), .string("2026-0\(first + next(3))-28")]])
        }
        let groups = (0..<12).map { _ in
            Self.group((0..<count).filter { _ in next(2) == 0 }, 20 + next(200))
        }.filter { !$0.pools.isEmpty }
        let year = try Self.year(lines, groups, leads: (0..<count).map { "D\($0 % 3)" })
        let shared = SharedVisits(year)
        func worth(_ members: [Int]) -> Int? {
            if members.count == 1 { return 0 }
            for (place, one) in members.enumerated() {
                for other in members[(place + 1)...] where !Merging.isClose(year, shared, one, other) { return nil }
            }
            guard Set(members.map { year.lines[$0].lead }).count >= 2, Merging.meet(year, members) else { return nil }
            let visits = year.visits(of: members)
            return visits.apart - visits.together >= 1_000_000 ? visits.apart - visits.together : nil
        }
        let most =
            Self.partings(Array(0..<count)).compactMap { parting -> Int? in
                let worths = parting.map { worth($0.sorted()) }
                return worths.contains(nil) ? nil : worths.compactMap { $0 }.reduce(0, +)
            }.max() ?? 0
        // All lines of the fixture are by one department's part; the leads tell them apart.
        let proposals = Merging.proposals(year, among: Array(0..<count)) { members in
            Set(members.map { year.lines[$0].lead }).count >= 2
        }
        #expect(proposals.reduce(0) { $0 + $1.saved } == most)
        #expect(Set(proposals.flatMap(\.lines)).count == proposals.reduce(0) { $0 + $1.lines.count })
    }

    @Test("of many lines that hang together makes groups that are worth it, of enough departments", arguments: 0..<20)
    func many(seed: Int) throws {
        var state = UInt64(seed + 1)
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let count = Merging.exactLimit + 2 + seed % 8
        let lines = (0..<count).map { index in
            PlanFixture.line("\(index)", sample: ["rate_ppm": .integer(50_000 + 25_000 * next(7))])
        }
        // All share a large pool, each has something of its own.
        let groups =
            [Self.group(Array(0..<count), 500, .c)]
            + (0..<20).map { _ in Self.group((0..<count).filter { _ in next(3) == 0 }, 20 + next(200)) }
            .filter { !$0.pools.isEmpty }
        let year = try Self.year(lines, groups, leads: (0..<count).map { "D\($0 % 5)" })
        let shared = SharedVisits(year)
        for one in 0..<count {
            #expect(shared.alone[one] == year.visits(of: [one]).apart)
            for other in 0..<one {
                let visits = year.visits(of: [one, other])
                #expect(shared.saved(one, other) == visits.apart - visits.together)
                let common = groups.filter { $0.pools.contains(one) && $0.pools.contains(other) }
                #expect(shared.entities(other, one) == common.reduce(0) { $0 + $1.count })
            }
        }
        // Pairs have too few departments: only what grows from them is worth it.
        let proposals = Merging.proposals(year, among: Array(0..<count)) { members in
            Set(members.map { year.lines[$0].lead }).count >= 3
        }
        #expect(!proposals.isEmpty)
        #expect(Set(proposals.flatMap(\.lines)).count == proposals.reduce(0) { $0 + $1.lines.count })
        for proposal in proposals {
            let members = year.lines.indices.filter { proposal.lines.contains(year.lines[$0].id) }
            let visits = year.visits(of: members)
            #expect(proposal.saved == visits.apart - visits.together && proposal.saved >= Merging.wholeVisit)
            #expect(Set(members.map { year.lines[$0].lead }).count >= 3)
            for one in members {
                for other in members where other > one { #expect(Merging.isClose(year, shared, one, other)) }
            }
        }
    }
}
