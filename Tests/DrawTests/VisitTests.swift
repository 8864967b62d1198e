import Testing

@testable import Draw

@Suite("Visits")
struct VisitTests {
    func request(_ id: String, _ first: Int, _ last: Int, joint: Bool = true, method: InspectionMethod = .onsite)
        -> DrawRequest
    {
        func day(_ number: Int) -> String { number < 10 ? "2026-03-0\(number)" : "2026-03-\(number)" }
        return DrawRequest(
            id: id, department: "D\(id.suffix(1))", items: [], pool: Pool(), sample: .count(1), method: method,
            joint: joint, coordination: .joint, window: DayWindow(first: day(first), last: day(last)), specialties: [],
            team: 2)
    }

    /// The smallest number of days such that each window holds one: tried over all sets of days.
    func fewest(_ windows: [(first: Int, last: Int)], days: Int) -> Int {
        (0..<(1 << days)).filter { set in
            windows.allSatisfy { window in (window.first...window.last).contains { set >> ($0 - 1) & 1 == 1 } }
        }.map(\.nonzeroBitCount).min() ?? 0
    }

    @Test("The number of visits is the smallest possible", arguments: 0..<300)
    func smallest(seed: UInt64) {
        var random = GeneratorRandom(seed: seed)
        let windows = (0..<random.below(8) + 1).map { _ in
            let first = 1 + random.below(9)
            return (first: first, last: first + random.below(11 - first))
        }
        let requests = windows.enumerated().map { request("R-\($0)", $1.first, $1.last) }
        let visits = makeVisits(
            round: "R", requests: requests, selections: requests.map { Selection(request: $0.id, entities: ["E"]) })
        #expect(visits.count == fewest(windows, days: 10))
        #expect(visits.flatMap(\.requests).sorted() == requests.map(\.id).sorted())
        #expect(visits.allSatisfy { $0.window.first <= $0.window.last })
        #expect(zip(visits, visits.dropFirst()).allSatisfy { $0.id < $1.id })
    }

    @Test("A request that must not be merged is a visit of its own; methods are not mixed")
    func apart() {
        let requests = [
            request("R-1", 1, 9), request("R-2", 1, 9, joint: false), request("R-3", 1, 9, method: .written),
            request("R-4", 5, 9),
        ]
        let visits = makeVisits(
            round: "R", requests: requests, selections: requests.map { Selection(request: $0.id, entities: ["E"]) })
        #expect(Set(visits.map(\.requests)) == [["R-1", "R-4"], ["R-2"], ["R-3"]])
        let merged = visits.first { $0.requests.count == 2 }
        #expect(merged?.window == DayWindow(first: "2026-03-05", last: "2026-03-09"))
        #expect(merged?.departments == ["D1", "D4"])
        #expect(merged?.id == String(Hash(of: "R:E:onsite:R-1,R-4").hex.prefix(32)))
    }

    @Test("The order in which requests and selections are given does not matter")
    func order() async throws {
        let vector = Vector(name: "county")
        let requests = try vector.definition().requests
        let drawn = try await vector.frozen().draw(seed: vector.seed())
        var random = GeneratorRandom(seed: 1)
        for _ in 0..<3 {
            func shuffled<Element>(_ elements: [Element]) -> [Element] {
                elements.map { ($0, random.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
            }
            let selections = shuffled(drawn.selections).map {
                Selection(request: $0.request, entities: shuffled($0.entities))
            }
            #expect(
                makeVisits(round: "R-2026-1", requests: shuffled(requests), selections: selections).count
                    == drawn.visits.count)
            #expect(
                makeVisits(
                    round: try vector.definition().id, requests: shuffled(requests), selections: selections)
                    == drawn.visits)
        }
    }
}
