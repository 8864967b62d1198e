/// The breadth-first search of draw-v1 §7, from a new slot to the first candidate with the wanted load.
///
/// It meets everybody who matters in the order of the full search, but looks only at slots that can add something:
/// - The first time an inspector is met outright, all slots they hold are queued at once: here as one item. Of these,
///   a slot can add only inspectors not met yet, so the chunks of `TeamsHeldSlots` are asked for the next slot that
///   does. An inspector is met once, so that a search looks at few slots, however many there are.
/// - A slot that is queued by a move within its visit can add only whom the slot before it could not take. Whoever it
///   leads to is met at the next level and *scheduled* until then: another slot further back in the queue would meet
///   them later, so there they no longer are a reason to move within a visit.
/// - Inspectors who lead to nobody wanted, by the sets of whole inspectors, are never met. As nothing wanted lies
///   behind them, they queue nothing that matters before others do.
/// - Before a level is expanded it is asked for its first slot that somebody wanted may take: the winner takes it.
///
/// A slot may come up twice, by itself and among all its holder's. The first time counts, as in the full search: the
/// second time everybody it leads to has been met.
struct TeamsSearch {
    /// Slots that wait to be looked at, and where their holder would move.
    struct Item {
        /// One slot, or `TeamsSearch.allHeld`.
        let slot: Int32
        /// The holder of these slots; `TeamsMatching.nobody` for the new slot.
        let inspector: Int32
        /// The slot the holder would take, and the item in which it was looked at.
        let target: Int32
        let targetItem: Int32
    }

    /// Whom a slot adds: `inspector` outright, or by leaving `slot` of the same visit.
    struct Addition {
        let inspector: Int
        let slot: Int32
        var key: TeamsKey?
    }

    static let allHeld: Int32 = -1

    fileprivate var queue: [Item] = []
    fileprivate var additions: [Addition] = []
    /// Wanted inspectors and those who could lead to one, as long as they were not met outright.
    fileprivate var unmet: [UInt64]
    /// Those of `unmet` who are not scheduled either.
    fileprivate var unscheduled: [UInt64]
    fileprivate var met: [UInt64]
    /// For each slot, the last search that queued it by itself, so that moves to and fro within a visit end.
    fileprivate var queued: [Int32]
    fileprivate var number: Int32 = 0

    init(slots: Int, width: Int) {
        queued = [Int32](repeating: 0, count: slots)
        unmet = [UInt64](repeating: 0, count: width)
        unscheduled = unmet
        met = unmet
    }
}

extension TeamsMatching {
    /// The moves that let the first wanted candidate the search meets fill `slot`, the candidate's first; `nil` when it
    /// meets none. Nobody wanted may take `slot` itself.
    mutating func findPath(to slot: Int) -> [TeamsMove]? {
        guard findUseful() else { return nil }
        search.number += 1
        search.queue.removeAll(keepingCapacity: true)
        search.queue.append(
            TeamsSearch.Item(slot: Int32(slot), inspector: Self.nobody, target: -1, targetItem: -1))
        for w in wanted.indices {
            search.unscheduled[w] = search.unmet[w]
            search.met[w] = 0
        }
        var level = 0..<1
        while !level.isEmpty {
            for item in level { expand(item) }
            level = level.upperBound..<search.queue.count
            for item in level {
                if let end = firstTaken(in: item) { return path(to: end, in: item) }
            }
        }
        return nil
    }

    /// Sets `search.unmet` to those worth meeting; false when no way can lead from `reach` to anybody wanted.
    private mutating func findUseful() -> Bool {
        for w in wanted.indices { search.unmet[w] = wanted[w] }
        var grows = true
        while grows {
            grows = false
            for w in passable.indices {
                var rest = passable[w] & ~search.unmet[w]
                while rest != 0 {
                    let bit = rest & (~rest &+ 1)
                    rest &= ~bit
                    if held.allReach.meets(w << 6 | bit.trailingZeroBitCount, search.unmet) {
                        search.unmet[w] |= bit
                        grows = true
                    }
                }
            }
        }
        for w in wanted.indices where reach[w] & search.unmet[w] != 0 { return true }
        return false
    }

    /// The first slot of an item that somebody wanted may take outright.
    private mutating func firstTaken(in item: Int) -> Int? {
        let slot = search.queue[item].slot
        if slot != TeamsSearch.allHeld {
            return eligibility.takers(Int(slot), meet: wanted) ? Int(slot) : nil
        }
        let inspector = Int(search.queue[item].inspector)
        guard held.allDirect.meets(inspector, wanted) else { return nil }
        for chunk in held.chunks[inspector] where held.direct.meets(chunk, wanted) {
            for place in held.places(of: chunk) {
                let slot = held.slot(at: place)
                if eligibility.takers(slot, meet: wanted) { return slot }
            }
            held.direct.subtract(wanted, from: chunk)
        }
        held.allDirect.subtract(wanted, from: inspector)
        return nil
    }

    /// Looks at the slots of an item that can add something, and queues what they add.
    private mutating func expand(_ item: Int) {
        let slot = search.queue[item].slot
        if slot != TeamsSearch.allHeld {
            _ = expand(Int(slot), of: item)
            return
        }
        let inspector = Int(search.queue[item].inspector)
        var added = false
        for chunk in held.chunks[inspector] {
            // Both shrink as we go.
            guard
                held.allDirect.meets(inspector, search.unmet) || held.allReach.meets(inspector, search.unscheduled)
            else { return }
            guard held.direct.meets(chunk, search.unmet) || held.reach.meets(chunk, search.unscheduled) else {
                continue
            }
            var addedHere = false
            for place in held.places(of: chunk) where expand(held.slot(at: place), of: item) { addedHere = true }
            if addedHere {
                added = true
            } else {
                held.direct.subtract(search.unmet, from: chunk)
                held.reach.subtract(search.unscheduled, from: chunk)
            }
        }
        if !added {
            held.allDirect.subtract(search.unmet, from: inspector)
            held.allReach.subtract(search.unscheduled, from: inspector)
        }
    }

    /// Queues what a slot adds. False when it has no way to anybody who is unmet and unscheduled.
    private mutating func expand(_ slot: Int, of item: Int) -> Bool {
        search.additions.removeAll(keepingCapacity: true)
        for w in wanted.indices {
            var new = eligibility.takers(slot, word: w) & search.unmet[w]
            while new != 0 {
                search.additions.append(
                    TeamsSearch.Addition(
                        inspector: w << 6 | new.trailingZeroBitCount, slot: TeamsSearch.allHeld, key: nil))
                new &= new &- 1
            }
        }
        let moving = movesWithinVisit(from: slot)
        if search.additions.isEmpty { return moving }

        if search.additions.count > 1 {
            let visit = Int(eligibility.visit[slot])
            for a in search.additions.indices {
                search.additions[a].key = preference.key(visit: visit, inspector: search.additions[a].inspector)
            }
            search.additions.sort { a, b in
                guard let x = a.key, let y = b.key else { return false }
                return x < y
            }
        }
        for addition in search.additions {
            search.queue.append(
                TeamsSearch.Item(
                    slot: addition.slot, inspector: Int32(addition.inspector), target: Int32(slot),
                    targetItem: Int32(item)))
            if addition.slot == TeamsSearch.allHeld {
                search.met.insert(inspector: addition.inspector)
                search.unmet.remove(inspector: addition.inspector)
                search.unscheduled.remove(inspector: addition.inspector)
            } else {
                search.queued[Int(addition.slot)] = search.number
                for w in wanted.indices {
                    search.unscheduled[w] &= ~eligibility.takers(Int(addition.slot), word: w)
                }
            }
        }
        return true
    }

    /// Adds to `search.additions` the slots of the same visit whose holders may move to `slot`, if by such moves it has
    /// a way to anybody unscheduled whom it does not meet outright; says whether it has.
    private mutating func movesWithinVisit(from slot: Int) -> Bool {
        let visit = Int(eligibility.visit[slot])
        guard eligibility.specialty[slot] != TeamsEligibility.general,
            eligibility.free.meets(visit, search.unscheduled)
        else { return false }
        let leads = wanted.indices.contains { w in
            let reached = moves.reach(slot, word: w, eligibility: eligibility)
            return reached & ~eligibility.takers(slot, word: w) & search.unscheduled[w] != 0
        }
        guard leads else { return false }
        let specialty = Int(eligibility.specialty[slot])
        for other in eligibility.slots(of: visit) where other != slot && holder[other] != Self.nobody {
            let inspector = Int(holder[other])
            if eligibility.specialties.contains(inspector, in: specialty), search.queued[other] != search.number,
                !search.met.contains(inspector: inspector)
            {
                search.additions.append(
                    TeamsSearch.Addition(inspector: inspector, slot: Int32(other), key: nil))
            }
        }
        return true
    }

    /// The moves that let somebody wanted take `slot`, found in `item`, and so on up to the new slot.
    private mutating func path(to slot: Int, in item: Int) -> [TeamsMove]? {
        var candidates = wanted
        for w in candidates.indices { candidates[w] &= eligibility.takers(slot, word: w) }
        guard
            let winner = preference.mostPreferred(of: candidates, visit: Int(eligibility.visit[slot]))
        else { return nil }
        var path = [TeamsMove(slot: slot, inspector: winner)]
        var item = search.queue[item]
        while item.inspector != Self.nobody {
            path.append(TeamsMove(slot: Int(item.target), inspector: Int(item.inspector)))
            item = search.queue[Int(item.targetItem)]
        }
        return path
    }
}
