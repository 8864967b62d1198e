/// Who may fill which slot (draw-v1 §7), the same-visit rule included.
///
/// Whoever may fill a slot is the intersection of two rows: what the visit asks of everyone (certificate, region,
/// recusal) and the holders of the slot's specialty.
struct TeamsEligibility {
    /// Specialties of slots are indices into `specialties`; this one, which everybody holds, is that of general slots.
    static let general: Int32 = 0

    /// For each specialty, the inspectors who hold it.
    private(set) var specialties: InspectorSets
    /// For each visit, who meets its conditions and does not serve it now.
    var free: InspectorSets

    /// For each visit, its first slot; one more entry at the end. Slots of named specialties come first.
    private(set) var firstSlot: [Int] = [0]
    /// For each visit, how many of its slots need a specialty.
    private var named: [Int32] = []
    /// For each slot, its visit.
    private(set) var visit: [Int32] = []
    /// For each slot, its specialty.
    private(set) var specialty: [Int32] = []

    /// Numbers the slots of the visits in the given order and finds who may fill them.
    init(visits: [TeamVisit], order: [Int], inspectors: [InspectorLine]) {
        let width = InspectorSets.width(inspectors: inspectors.count)
        let nobody = [UInt64](repeating: 0, count: width)
        func whoever(_ meets: (InspectorLine) -> Bool) -> [UInt64] {
            var set = nobody
            for (i, inspector) in inspectors.enumerated() where meets(inspector) { set.insert(inspector: i) }
            return set
        }
        /// For each entry of a list, who has it. Keys are bytes: String's == would take canonically equivalent strings
        /// for one.
        func having(_ list: (InspectorLine) -> [String]) -> [[UInt8]: [UInt64]] {
            var sets: [[UInt8]: [UInt64]] = [:]
            for (i, inspector) in inspectors.enumerated() {
                for entry in list(inspector) { sets[Array(entry.utf8), default: nobody].insert(inspector: i) }
            }
            return sets
        }
        let prefixes = having(\.regions)
        let longest = prefixes.keys.map(\.count).max() ?? 0
        let recused = having(\.recused)
        let specialists = having(\.specialties)
        let everywhere = whoever { $0.regions.isEmpty }
        var byRegion: [[UInt8]: [UInt64]] = [:]
        var byDay: [String: [UInt64]] = [:]
        var rows: [[UInt8]: Int32] = [:]
        specialties = InspectorSets(count: 0, width: width)
        specialties.append(whoever { _ in true })
        free = InspectorSets(count: visits.count, width: width)
        firstSlot.reserveCapacity(visits.count + 1)

        for (v, index) in order.enumerated() {
            let wanted = visits[index]
            let serving = byRegion.value(Array(wanted.region.utf8)) { region in
                var set = everywhere
                for length in 0...min(longest, region.count) {
                    guard let served = prefixes[Array(region.prefix(length))] else { continue }
                    for w in 0..<width { set[w] |= served[w] }
                }
                return set
            }
            let certified = byDay.value(wanted.lastDay) { day in whoever { $0.certificateUntil >= day } }
            let barred = recused.isEmpty ? nil : recused[Array(wanted.entity.utf8)]
            for w in 0..<width { free[v, w] = serving[w] & certified[w] & ~(barred?[w] ?? 0) }

            for name in wanted.specialties {
                let row = rows.value(Array(name.utf8)) { name in
                    specialties.append(specialists[name] ?? nobody)
                    return Int32(specialties.count - 1)
                }
                specialty.append(row)
            }
            let size = max(2, wanted.specialties.count, wanted.team)
            specialty.append(contentsOf: repeatElement(Self.general, count: size - wanted.specialties.count))
            named.append(Int32(wanted.specialties.count))
            visit.append(contentsOf: repeatElement(Int32(v), count: size))
            firstSlot.append(specialty.count)
        }
    }

    /// The slots of a visit.
    func slots(of visit: Int) -> Range<Int> { firstSlot[visit]..<firstSlot[visit + 1] }

    /// The slots of a visit that need a specialty.
    func needingSpecialty(_ visit: Int) -> Range<Int> { firstSlot[visit]..<firstSlot[visit] + Int(named[visit]) }

    /// One word of the set of inspectors who may fill the slot and do not serve its visit now.
    func takers(_ slot: Int, word: Int) -> UInt64 {
        free[Int(visit[slot]), word] & specialties[Int(specialty[slot]), word]
    }

    /// Whether anyone of `set` may fill the slot and does not serve its visit now.
    func takers(_ slot: Int, meet set: [UInt64]) -> Bool {
        for w in 0..<free.width where takers(slot, word: w) & set[w] != 0 { return true }
        return false
    }
}

extension Dictionary {
    /// The value of `key`, made and kept when it is not there yet.
    fileprivate mutating func value(_ key: Key, make: (Key) -> Value) -> Value {
        if let known = self[key] { return known }
        let made = make(key)
        self[key] = made
        return made
    }
}
