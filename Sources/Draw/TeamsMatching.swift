/// The filling of one department's slots, one after another, each by the cheapest augmentation (draw-v1 §7).
///
/// The result is that of a full breadth-first search for every slot. It can be had much faster because the matching is
/// optimal after every step: no other one that fills these slots has a smaller Σ load². Hence no chain of moves leads
/// from a slot that somebody holds to a candidate whose load is smaller by two or more, and for a new slot, with m the
/// smallest load among the candidates it reaches within its own visit:
/// - the winner's load is m−1 or m, and the first such candidate that the search meets wins;
/// - whoever has a load two or more above the wanted one is on the way to no wanted candidate. The search may pass
///   them over, which changes nothing in the order in which it meets the others.
struct TeamsMatching {
    /// The holder of an empty slot.
    static let nobody: Int32 = -1

    var eligibility: TeamsEligibility
    var preference: TeamsPreference
    var held: TeamsHeldSlots
    /// For each slot, the inspector who holds it, or `nobody`.
    var holder: [Int32]
    /// For each inspector, the load so far.
    var load: [Int]

    /// The load the search looks for, and who has it.
    var wanted: [UInt64]
    /// Whoever the search may pass through to somebody wanted.
    var passable: [UInt64]
    /// Whoever may fill the new slot, or one it reaches by moves within its visit, and does not serve the visit.
    var reach: [UInt64]
    var moves: TeamsVisitMoves
    var search: TeamsSearch

    /// Prepares the slots of all visits, empty.
    init(department: String, seed: [UInt8], visits: [TeamVisit], inspectors: [InspectorLine]) {
        preference = TeamsPreference(department: department, seed: seed, visits: visits, inspectors: inspectors)
        eligibility = TeamsEligibility(visits: visits, order: preference.order, inspectors: inspectors)
        let width = InspectorSets.width(inspectors: inspectors.count)
        held = TeamsHeldSlots(inspectors: inspectors.count, width: width)
        holder = [Int32](repeating: Self.nobody, count: eligibility.visit.count)
        load = inspectors.map(\.load)
        wanted = [UInt64](repeating: 0, count: width)
        passable = wanted
        moves = TeamsVisitMoves(eligibility: eligibility, inspectors: inspectors.count)
        reach = wanted
        search = TeamsSearch(slots: holder.count, width: width)
    }

    /// Fills every slot that can be filled.
    mutating func fill() {
        for visit in 0..<eligibility.free.count {
            preference.keepKeys(of: visit)
            for slot in eligibility.slots(of: visit) { fill(slot, of: visit) }
        }
    }

    private mutating func fill(_ slot: Int, of visit: Int) {
        moves.findReach(ofNew: slot, holder: holder, eligibility: eligibility, into: &reach)
        var smallest = Int.max
        reach.forEachInspector { smallest = min(smallest, load[$0]) }
        // Every way out of the visit goes through somebody in `reach`: without them the slot stays empty.
        if smallest == Int.max { return }

        if want(load: smallest - 1), let path = findPath(to: slot) { return apply(path) }
        _ = want(load: smallest)
        var candidates = wanted
        for w in candidates.indices { candidates[w] &= eligibility.takers(slot, word: w) }
        if let winner = preference.mostPreferred(of: candidates, visit: visit) {
            // The search starts with the slot itself, so these are the first it meets.
            apply([TeamsMove(slot: slot, inspector: winner)])
        } else if let path = findPath(to: slot) {
            apply(path)
        }
    }

    /// Sets `wanted` and `passable`; false when nobody has that load.
    private mutating func want(load wantedLoad: Int) -> Bool {
        var any = false
        for w in wanted.indices {
            var exactly: UInt64 = 0
            var atMost: UInt64 = 0
            for i in w << 6..<min(w << 6 + 64, load.count) {
                let bit: UInt64 = 1 << UInt64(i & 63)
                if load[i] == wantedLoad { exactly |= bit }
                if load[i] <= wantedLoad + 1 { atMost |= bit }
            }
            wanted[w] = exactly
            passable[w] = atMost
            if exactly != 0 { any = true }
        }
        return any
    }

    /// Makes the moves of a path, the winner's first.
    private mutating func apply(_ path: [TeamsMove]) {
        load[path[0].inspector] += 1
        // Everybody leaves before anybody arrives: an inspector may change places within a visit.
        for move in path where holder[move.slot] != Self.nobody {
            let before = Int(holder[move.slot])
            held.remove(move.slot, from: before)
            eligibility.free.insert(before, in: Int(eligibility.visit[move.slot]))
        }
        for move in path {
            holder[move.slot] = Int32(move.inspector)
            held.insert(move.slot, for: move.inspector)
            eligibility.free.remove(move.inspector, from: Int(eligibility.visit[move.slot]))
        }
        for move in path { cover(move.slot, alone: path.count == 1) }
    }

    /// Makes the sets of the held slots cover what a move to this slot has made possible: for the slot itself and, when
    /// somebody left the visit or can be moved within it, for the visit's other slots.
    private mutating func cover(_ slot: Int, alone: Bool) {
        let visit = Int(eligibility.visit[slot])
        if alone && eligibility.needingSpecialty(visit).isEmpty { return cover(slot) }
        moves.update(visit, holder: holder, eligibility: eligibility)
        for other in eligibility.slots(of: visit) where holder[other] != Self.nobody { cover(other) }
    }

    private mutating func cover(_ slot: Int) {
        for w in wanted.indices {
            held.cover(
                slot, of: Int(holder[slot]), word: w, direct: eligibility.takers(slot, word: w),
                reach: moves.reach(slot, word: w, eligibility: eligibility))
        }
    }
}

/// An inspector's move to a slot, from another one or, for the winner, from none.
struct TeamsMove {
    let slot: Int
    let inspector: Int
}
