/// Moves within one visit: an inspector who serves the visit in one slot takes another, and leaves theirs to be filled.
///
/// They matter only to slots that need a specialty. For a general slot, whoever may fill any slot of the visit may
/// fill it too, so that what lies behind such a move is reached without it as well, and before.
struct TeamsVisitMoves {
    /// For each visit, the row of its first slot in `specialists`; its other slots that need a specialty follow.
    private let firstRow: [Int]
    /// For each filled slot that needs a specialty: whoever holds the specialty of this slot or of one that it reaches
    /// by moves within its visit, where a general slot counts as a specialty that everybody holds.
    private var specialists: InspectorSets

    /// Whoever serves the visit last looked at.
    private var serving: [UInt64]
    /// The slots they hold; meaningful for those in `serving` only.
    private var served: [Int]

    /// Prepares the slots of `eligibility`, empty.
    init(eligibility: TeamsEligibility, inspectors: Int) {
        let width = InspectorSets.width(inspectors: inspectors)
        var rows = 0
        firstRow = (0..<eligibility.free.count).map { visit in
            defer { rows += eligibility.needingSpecialty(visit).count }
            return rows
        }
        specialists = InspectorSets(count: rows, width: width)
        serving = [UInt64](repeating: 0, count: width)
        served = [Int](repeating: 0, count: inspectors)
    }

    /// One word of the set of those who may fill a filled slot, or one it reaches by moves within its visit, and do not
    /// serve the visit.
    func reach(_ slot: Int, word: Int, eligibility: TeamsEligibility) -> UInt64 {
        let visit = Int(eligibility.visit[slot])
        let free = eligibility.free[visit, word]
        if eligibility.specialty[slot] == TeamsEligibility.general { return free }
        return free & specialists[row(slot, visit: visit, eligibility: eligibility), word]
    }

    /// Sets `set` to the same for the next slot to be filled.
    mutating func findReach(
        ofNew slot: Int, holder: [Int32], eligibility: TeamsEligibility, into set: inout [UInt64]
    ) {
        let visit = Int(eligibility.visit[slot])
        if eligibility.specialty[slot] != TeamsEligibility.general {
            findServing(visit, holder: holder, eligibility: eligibility)
            start(slot, visit: visit, eligibility: eligibility)
            _ = extend(slot, visit: visit, eligibility: eligibility)
        }
        for w in set.indices { set[w] = reach(slot, word: w, eligibility: eligibility) }
    }

    /// Follows a change of the holders of a visit's slots.
    mutating func update(_ visit: Int, holder: [Int32], eligibility: TeamsEligibility) {
        let slots = eligibility.needingSpecialty(visit)
        if slots.isEmpty { return }
        findServing(visit, holder: holder, eligibility: eligibility)
        for slot in slots where holder[slot] != TeamsMatching.nobody {
            start(slot, visit: visit, eligibility: eligibility)
        }
        var grows = true
        while grows {
            grows = false
            for slot in slots where holder[slot] != TeamsMatching.nobody {
                if extend(slot, visit: visit, eligibility: eligibility) { grows = true }
            }
        }
    }

    private func row(_ slot: Int, visit: Int, eligibility: TeamsEligibility) -> Int {
        firstRow[visit] + slot - eligibility.firstSlot[visit]
    }

    private mutating func findServing(_ visit: Int, holder: [Int32], eligibility: TeamsEligibility) {
        for w in serving.indices { serving[w] = 0 }
        for slot in eligibility.slots(of: visit) where holder[slot] != TeamsMatching.nobody {
            serving.insert(inspector: Int(holder[slot]))
            served[Int(holder[slot])] = slot
        }
    }

    private mutating func start(_ slot: Int, visit: Int, eligibility: TeamsEligibility) {
        let row = row(slot, visit: visit, eligibility: eligibility)
        for w in serving.indices { specialists[row, w] = eligibility.specialties[Int(eligibility.specialty[slot]), w] }
    }

    /// Adds what the slots add to whose holders may move to this one; false when it had it all.
    private mutating func extend(_ slot: Int, visit: Int, eligibility: TeamsEligibility) -> Bool {
        let specialty = Int(eligibility.specialty[slot])
        let row = row(slot, visit: visit, eligibility: eligibility)
        var grows = false
        for w in serving.indices {
            var movable = serving[w] & eligibility.specialties[specialty, w]
            while movable != 0 {
                let left = served[w << 6 | movable.trailingZeroBitCount]
                movable &= movable &- 1
                if eligibility.specialty[left] == TeamsEligibility.general {
                    // Everybody: there is no more to add.
                    for w in serving.indices {
                        let all = eligibility.specialties[Int(TeamsEligibility.general), w]
                        if specialists[row, w] != all { grows = true }
                        specialists[row, w] = all
                    }
                    return grows
                }
                let leftRow = self.row(left, visit: visit, eligibility: eligibility)
                for w in serving.indices {
                    let more = specialists[leftRow, w] & ~specialists[row, w]
                    if more != 0 {
                        specialists[row, w] |= more
                        grows = true
                    }
                }
            }
        }
        return grows
    }
}
