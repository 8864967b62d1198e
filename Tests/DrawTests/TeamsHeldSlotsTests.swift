import Testing

@testable import Draw

@Suite("The slots that inspectors hold")
struct TeamsHeldSlotsTests {
    @Test("They stay in ascending order, and the sets of their chunks cover all of them, whatever is moved")
    func staysCovered() {
        var random = TeamsRandom(state: 31)
        let inspectors = 3
        var held = TeamsHeldSlots(inspectors: inspectors, width: 1)
        var holders = [Int?](repeating: nil, count: 2_000)
        // Who could take a slot: one of 60 people outright, and another by a move within the visit.
        func direct(_ slot: Int) -> UInt64 { 1 << UInt64(slot % 60) }
        func reach(_ slot: Int) -> UInt64 { direct(slot) | 1 << UInt64(slot / 7 % 60) }

        for step in 0..<12_000 {
            // The first third fills in ascending order, as a matching does; then slots move about.
            let slot = step < 4_000 ? step / 2 : Int.random(in: 0..<holders.count, using: &random)
            if let before = holders[slot] {
                held.remove(slot, from: before)
                holders[slot] = nil
            }
            if step < 8_000 || random.chance(0.4) {
                let inspector = Int.random(in: 0..<inspectors, using: &random)
                holders[slot] = inspector
                held.insert(slot, for: inspector)
                held.cover(slot, of: inspector, word: 0, direct: direct(slot), reach: reach(slot))
            }
            guard step % 500 == 0 else { continue }
            for inspector in 0..<inspectors {
                let chunks = held.chunks[inspector]
                let listed = chunks.flatMap { chunk in held.places(of: chunk).map { held.slot(at: $0) } }
                #expect(listed == holders.indices.filter { holders[$0] == inspector })
                let uncovered = chunks.flatMap { chunk in
                    held.places(of: chunk).map { held.slot(at: $0) }.filter {
                        direct($0) & ~(held.direct[chunk, 0] & held.allDirect[inspector, 0]) != 0
                            || reach($0) & ~(held.reach[chunk, 0] & held.allReach[inspector, 0]) != 0
                    }
                }
                #expect(uncovered.isEmpty)
            }
        }
    }
}
