import Draw
import Testing

@Suite("Teams are the best there can be")
struct TeamsOptimalityTests {
    @Test("No assignment fills more slots, and none that fills as many has a smaller sum of squared loads")
    func equalsBruteForce() {
        var random = TeamsRandom(state: 21)
        var checked = 0
        var understaffed = 0
        while checked < 400 {
            let work = TeamsCase(
                visits: Int.random(in: 1...3, using: &random), inspectors: Int.random(in: 1...4, using: &random),
                largestTeam: 3, using: &random)
            guard work.slots.joined().count <= 7 else { continue }
            checked += 1
            let teams = work.teams()
            var load = Dictionary(uniqueKeysWithValues: work.inspectors.map { ($0.id, $0.load) })
            for inspector in teams.flatMap(\.inspectors) { load[inspector, default: 0] += 1 }
            let found = Quality(
                filled: teams.reduce(0) { $0 + $1.inspectors.count }, squares: load.values.reduce(0) { $0 + $1 * $1 })
            #expect(found == best(of: work))
            if found.filled < work.slots.joined().count { understaffed += 1 }
        }
        // Both kinds were among them.
        #expect(understaffed > 20 && understaffed < 380)
    }

    private struct Quality: Equatable {
        var filled: Int
        var squares: Int
        func isBetter(than other: Quality) -> Bool {
            filled > other.filled || filled == other.filled && squares < other.squares
        }
    }

    /// The best of all assignments, by trying them all.
    private func best(of work: TeamsCase) -> Quality {
        let slots = work.slots.enumerated().flatMap { visit, needs in needs.map { (visit: visit, need: $0) } }
        var load = work.inspectors.map(\.load)
        var serves = Set<[Int]>()
        var filled = 0
        var best = Quality(filled: -1, squares: 0)
        func tryAll(from slot: Int) {
            guard slot < slots.count else {
                let quality = Quality(filled: filled, squares: load.reduce(0) { $0 + $1 * $1 })
                if quality.isBetter(than: best) { best = quality }
                return
            }
            let (visit, need) = slots[slot]
            for (i, inspector) in work.inspectors.enumerated()
            where work.mayFill(inspector, work.visits[visit], need) && serves.insert([visit, i]).inserted {
                load[i] += 1
                filled += 1
                tryAll(from: slot + 1)
                filled -= 1
                load[i] -= 1
                serves.remove([visit, i])
            }
            tryAll(from: slot + 1)
        }
        tryAll(from: 0)
        return best
    }
}
