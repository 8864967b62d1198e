/// Moves within one visit: an inspector who serves the visit in one slot takes another, and leaves theirs to be filled.
///
/// They matter only for slots that need a specialty. For a general slot, whoever may fill any slot of the visit may
/// fill it too, so that what lies behind a move is reached without it as well, and before.
struct TeamsVisitMoves {
    /// Whoever may fill the slot last asked about, or one it reaches by moves within its visit, and does not serve the
    /// visit.
    var reach: [UInt64]

    /// Whoever serves the visit last looked at.
    fileprivate var serving: [UInt64]
    /// The slots they hold; meaningful for those in `serving` only.
    fileprivate var slotServed: [Int]
    fileprivate var specialties: [UInt64]
    fileprivate var open: [Int] = []

    init(inspectors: Int) {
        reach = [UInt64](repeating: 0, count: InspectorSets.width(inspectors: inspectors))
        serving = reach
        specialties = reach
        slotServed = [Int](repeating: 0, count: inspectors)
    }
}

extension TeamsMatching {
    /// Finds who serves a visit, for `mayMoveWithinVisit`.
    mutating func findServing(_ visit: Int) {
        for w in moves.serving.indices { moves.serving[w] = 0 }
        for slot in eligibility.slots(of: visit) where holder[slot] != Self.nobody {
            moves.serving.insert(inspector: Int(holder[slot]))
            moves.slotServed[Int(holder[slot])] = slot
        }
    }

    /// Whether somebody who serves the visit of `findServing` in another slot may fill this slot, which is held and
    /// needs a specialty. False for general slots.
    func mayMoveWithinVisit(to slot: Int) -> Bool {
        let specialty = Int(eligibility.specialty[slot])
        if specialty == Int(TeamsEligibility.general) { return false }
        var others = 0
        for w in moves.serving.indices {
            others += (moves.serving[w] & eligibility.specialties[specialty, w]).nonzeroBitCount
        }
        return others > 1
    }

    /// Sets `moves.reach` for a slot.
    mutating func findReach(of slot: Int) {
        let visit = Int(eligibility.visit[slot])
        if eligibility.specialty[slot] == TeamsEligibility.general { return reachAll(of: visit) }
        findServing(visit)
        if holder[slot] != Self.nobody { moves.serving.remove(inspector: Int(holder[slot])) }
        for w in moves.specialties.indices {
            moves.specialties[w] = eligibility.specialties[Int(eligibility.specialty[slot]), w]
        }
        moves.open.removeAll(keepingCapacity: true)
        moves.open.append(slot)
        while let next = moves.open.popLast() {
            for w in moves.serving.indices {
                var movable = moves.serving[w] & eligibility.specialties[Int(eligibility.specialty[next]), w]
                moves.serving[w] &= ~movable
                while movable != 0 {
                    let left = moves.slotServed[w << 6 | movable.trailingZeroBitCount]
                    movable &= movable &- 1
                    if eligibility.specialty[left] == TeamsEligibility.general { return reachAll(of: visit) }
                    for w in moves.specialties.indices {
                        moves.specialties[w] |= eligibility.specialties[Int(eligibility.specialty[left]), w]
                    }
                    moves.open.append(left)
                }
            }
        }
        for w in moves.reach.indices { moves.reach[w] = eligibility.free[visit, w] & moves.specialties[w] }
    }

    private mutating func reachAll(of visit: Int) {
        for w in moves.reach.indices { moves.reach[w] = eligibility.free[visit, w] }
    }
}
