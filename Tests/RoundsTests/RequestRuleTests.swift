import Draw
import JSON
import Testing

@testable import Rounds

@Suite("Rules of draw requests")
struct RequestRuleTests {
    static func request(
        _ id: String, department: String = "SCJG", item: String = "I-1", count: Int? = nil,
        method: InspectionMethod = .onsite,
        joint: Bool = true, first: String = "2026-03-01", last: String = "2026-06-30", rate: Int = 20_000
    ) -> DrawRequest {
        DrawRequest(
            id: id, department: department, items: [item], pool: Pool(),
            sample: count.map { .count($0) } ?? .rates([.a: rate]), method: method, joint: joint, coordination: .joint,
            window: DayWindow(first: first, last: last), specialties: [], team: 2)
    }

    /// Ten objects in the pools of all, so many of which were drawn before.
    static func facts(
        _ others: [(round: String, request: DrawRequest)], asked: DrawRequest = request("Q"), drawn: [Int: Int] = [:]
    ) -> RequestFacts {
        var facts = RequestFacts(
            undrawn: [RequestFacts.Undrawn(round: "R", request: asked, isExamined: true)]
                + others.map { RequestFacts.Undrawn(round: $0.round, request: $0.request, isExamined: false) })
        func survey(_ count: Int) -> PoolSurvey {
            PoolSurvey(
                entities: count,
                groups: [PoolSurvey.Group(credit: .a, pools: Array(0..<(2 * facts.undrawn.count)), count: count)])
        }
        facts.survey = survey(10)
        facts.drawn = drawn.map { RequestFacts.Drawn(item: "I-1", times: $0.key, survey: survey($0.value)) }
        return facts
    }

    @Test(
        "One object is drawn for one item no more often than the county allows, whoever else may draw it",
        arguments: [
            // What else is asked for, how many objects were drawn how often before, the most a year, what is said.
            ([], [:], 1, []),
            ([("R", request("X", item: "I-2"))], [:], 1, []),
            ([], [1: 3], 1, ["item.repeated"]), ([], [1: 3], 2, []), ([], [2: 3], 2, ["item.repeated"]),
            // Always one visit: merged, by one method, from the same first day.
            ([("R", request("X"))], [:], 1, []), ([("R", request("X", last: "2026-03-02"))], [:], 1, []),
            ([("R", request("X", first: "2026-03-02"))], [:], 1, ["item.overlaps"]),
            ([("R", request("X", first: "2026-03-02"))], [:], 2, []),
            ([("R", request("X", first: "2026-03-02"))], [1: 1], 2, ["item.repeated"]),
            ([("R", request("X", method: .written))], [:], 1, ["item.overlaps"]),
            ([("R", request("X", joint: false))], [:], 1, ["item.overlaps"]),
            // Another round that isn't drawn yet: the same visit cannot serve it.
            ([("S", request("X"))], [:], 1, ["item.undrawn"]), ([("S", request("X"))], [:], 2, []),
            ([("S", request("X")), ("T", request("Y"))], [:], 2, ["item.undrawn"]),
        ] as [([(String, DrawRequest)], [Int: Int], Int, [String])])
    func repeated(others: [(String, DrawRequest)], drawn: [Int: Int], most: Int, codes: [String]) {
        let facts = Self.facts(others.map { (round: $0.0, request: $0.1) }, drawn: drawn)
        #expect(facts.repeatedItems(mostPerYear: most).map(\.code) == codes)
        // The survey of all objects is only made where it can matter.
        if codes.contains(where: { $0 != "item.repeated" }) { #expect(facts.mayOverlap(mostPerYear: most)) }
    }

    @Test("Two requests that are never merged are two visits, and pools apart are no matter")
    func apart() {
        var facts = Self.facts(
            [(round: "R", request: Self.request("X", joint: false))], asked: Self.request("Q", joint: false))
        #expect(facts.repeatedItems(mostPerYear: 1).map(\.code) == ["item.overlaps"])
        facts.survey = PoolSurvey(
            entities: 10,
            groups: [
                PoolSurvey.Group(credit: .a, pools: [0], count: 5), PoolSurvey.Group(credit: .d, pools: [1], count: 5),
            ])
        #expect(facts.repeatedItems(mostPerYear: 1).isEmpty)
    }

    @Test("A number is held to a general item's cap by the pool as it is, with what the line's other draws took")
    func cap() {
        func codes(_ count: Int, cap: Int?, earlier: Int = 0) -> [String] {
            var facts = Self.facts([], asked: Self.request("Q", count: count))
            facts.caps["I-1"] = cap
            facts.earlier["Q"] = ["I-1": earlier]
            return facts.cappedCounts().map { "\($0.field) \($0.code)" }
        }
        #expect(codes(10, cap: nil).isEmpty)
        #expect(codes(2, cap: 200_000).isEmpty)
        #expect(codes(3, cap: 200_000) == ["sample.count count.above-cap"])
        // As many as a rate at the cap would draw: of 10 objects, 5 % are one.
        #expect(codes(1, cap: 50_000).isEmpty && !codes(2, cap: 50_000).isEmpty)
        #expect(codes(1, cap: 200_000, earlier: 1).isEmpty && !codes(1, cap: 200_000, earlier: 2).isEmpty)
        // More than there are cannot be drawn.
        #expect(codes(99, cap: 1_000_000).isEmpty)
    }

    static func line(
        _ line: String, departments: [String] = ["SCJG"], methods: [String] = ["onsite"],
        windows: [DayWindow] = [DayWindow(first: "2026-03-01", last: "2026-06-30")], draws: Int = 1
    ) -> [PlannedLine] {
        departments.map {
            PlannedLine(
                plan: "P", line: line, state: "published", department: $0, items: ["I-1"], specialties: [], team: 2,
                pool: Pool(), methods: methods, windows: windows, joint: true, coordination: "joint", rates: [:],
                count: nil, draws: draws, schemes: [], used: [:])
        }
    }

    static func placed(
        _ line: String, _ request: DrawRequest, draw: Int = 1, round: String = "R", isCollecting: Bool = true
    ) -> DrawnTogether.Placed {
        DrawnTogether.Placed(
            draw: DrawnTogether.PlannedDraw(plan: "P", line: line, draw: draw), round: round,
            isCollecting: isCollecting,
            request: request)
    }

    @Test("Lines whose merging is confirmed, and the departments of a joint line, are drawn in one round")
    func together() {
        let joint = Self.line("J", departments: ["SCJG", "XFDD"])
        let merged = Self.line("1") + Self.line("2") + Self.line("3")
        func codes(
            _ lines: [PlannedLine], merges: [[String]] = [], _ placed: [DrawnTogether.Placed], closing: Bool = false
        ) -> [String] {
            DrawnTogether(lines: lines, merges: merges.map { (plan: "P", lines: $0) }, placed: placed)
                .findings(round: "R", only: placed.first?.request.id, isClosing: closing).map {
                    $0.field.isEmpty ? $0.code : "\($0.code) \($0.field)"
                }
        }
        let own = Self.placed("1", Self.request("Q"))
        #expect(codes(merged, [own], closing: true).isEmpty)
        #expect(codes(merged, merges: [["2", "3"]], [own], closing: true).isEmpty)
        #expect(codes(merged, merges: [["1", "2"]], [own]).isEmpty)
        #expect(codes(merged, merges: [["1", "2"]], [own], closing: true) == ["together.missing"])
        #expect(codes(merged, merges: [["1", "2", "3"]], [own], closing: true).count == 2)
        func other(_ request: DrawRequest, round: String = "R", isCollecting: Bool = true) -> [DrawnTogether.Placed] {
            [own, Self.placed("2", request, round: round, isCollecting: isCollecting)]
        }
        let merges = [["1", "2"]]
        #expect(codes(merged, merges: merges, other(Self.request("X")), closing: true).isEmpty)
        #expect(
            codes(merged, merges: merges, other(Self.request("X", method: .written))) == ["together.apart method"])
        #expect(
            codes(merged, merges: merges, other(Self.request("X", first: "2026-07-01", last: "2026-08-01")))
                == ["together.apart window"])
        #expect(codes(merged, merges: merges, other(Self.request("X"), round: "S")) == ["together.elsewhere"])
        // What was drawn before the merging was confirmed cannot be had back.
        #expect(
            codes(merged, merges: merges, other(Self.request("X"), round: "S", isCollecting: false), closing: true)
                .isEmpty)

        let mine = Self.placed("J", Self.request("Q"))
        #expect(codes(joint, [mine], closing: true) == ["together.missing"])
        func theirs(_ request: DrawRequest) -> [DrawnTogether.Placed] { [mine, Self.placed("J", request)] }
        #expect(codes(joint, theirs(Self.request("X", department: "XFDD")), closing: true).isEmpty)
        #expect(
            codes(joint, theirs(Self.request("X", department: "XFDD", rate: 10_000)), closing: true)
                == ["together.sample sample"])
        // Two requests of one department for its items do not stand in for the other department.
        #expect(codes(joint, theirs(Self.request("X")), closing: true) == ["together.missing"])
    }

    @Test("Of merged lines with several draws those go together that one visit can serve")
    func draws() {
        let spring = DayWindow(first: "2026-03-01", last: "2026-05-31")
        let autumn = DayWindow(first: "2026-09-01", last: "2026-10-31")
        let sets = DrawnTogether.together(
            Self.line("1", windows: [spring, autumn], draws: 2) + Self.line("2", windows: [autumn])
                + Self.line("3", methods: ["written"], windows: [autumn]))
        let texts = sets.map { set in set.map { "\($0.line)#\($0.draw)" }.sorted() }
        #expect(texts == [["1#1"], ["1#2", "2#1"], ["3#1"]])
    }
}
