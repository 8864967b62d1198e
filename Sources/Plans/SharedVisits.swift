import Draw

/// What every two lines of a year share, counted in one pass over the groups of entities: a county has some hundred lines and
/// some ten thousand groups, too many to go through them for each pair.
struct SharedVisits: Sendable {
    private let year: PlannedYear
    /// For each line, the groups in its pool.
    private let groups: [[Int]]
    /// For each line, the visits of one draw, in millionths.
    let alone: [Int]
    private let sharedEntities: [Int]
    private let savedVisits: [Int]

    init(_ year: PlannedYear) {
        self.year = year
        let count = year.lines.count
        var groups = [[Int]](repeating: [], count: count)
        var alone = [Int](repeating: 0, count: count)
        var shared = [Int](repeating: 0, count: count * count)
        var saved = shared
        for (number, group) in year.survey.groups.enumerated() {
            let rates = group.pools.map { year.rate($0, group.credit) }
            for (place, line) in group.pools.enumerated() {
                groups[line].append(number)
                alone[line] += group.count * rates[place]
                for before in 0..<place {
                    // Pools ascend: the smaller line comes first.
                    let pair = group.pools[before] * count + line
                    shared[pair] += group.count
                    saved[pair] += group.count * min(rates[before], rates[place])
                }
            }
        }
        (self.groups, self.alone, sharedEntities, savedVisits) = (groups, alone, shared, saved)
    }

    private func pair(_ one: Int, _ other: Int) -> Int { min(one, other) * year.lines.count + max(one, other) }

    /// How many entities the pools of two lines have in common.
    func entities(_ one: Int, _ other: Int) -> Int { sharedEntities[pair(one, other)] }

    /// The visits that two lines save when they are drawn together, in millionths.
    func saved(_ one: Int, _ other: Int) -> Int { savedVisits[pair(one, other)] }

    /// Lines that are drawn together, with the largest rate of each group of entities.
    struct Together: Sendable {
        fileprivate var largest: [Int: Int] = [:]
        /// The visits that are saved, in millionths.
        fileprivate(set) var saved = 0
    }

    /// What two lines save that are drawn together.
    func together(_ one: Int, _ other: Int) -> Together {
        var together = Together()
        add(one, to: &together)
        add(other, to: &together)
        return together
    }

    /// What one more line saves: in each group the smaller of its rate and the largest so far.
    func saved(_ line: Int, with others: Together) -> Int {
        groups[line].reduce(0) { sum, number in
            guard let largest = others.largest[number] else { return sum }
            let group = year.survey.groups[number]
            return sum + group.count * min(largest, year.rate(line, group.credit))
        }
    }

    func add(_ line: Int, to others: inout Together) {
        others.saved += saved(line, with: others)
        for number in groups[line] {
            others.largest[number] = max(
                others.largest[number] ?? 0, year.rate(line, year.survey.groups[number].credit))
        }
    }

    /// What each set of a few lines saves: a function of their places as bits, over entities that are alike in these lines.
    func savings(among lines: [Int]) -> (Int) -> Int {
        var places: [Int: Int] = [:]
        for (place, line) in lines.enumerated() {
            for number in groups[line] { places[number, default: 0] |= 1 << place }
        }
        var alike: [Int: [CreditClass: Int]] = [:]
        for (number, set) in places where set & (set - 1) != 0 {
            alike[set, default: [:]][year.survey.groups[number].credit, default: 0] += year.survey.groups[number].count
        }
        let entries = alike.flatMap { set, counts in
            counts.map { credit, count in
                (set: set, rates: lines.map { year.rate($0, credit) }, count: count)
            }
        }
        return { chosen in
            entries.reduce(0) { sum, entry in
                let both = entry.set & chosen
                guard both & (both - 1) != 0 else { return sum }
                var (total, largest) = (0, 0)
                for place in entry.rates.indices where both >> place & 1 == 1 {
                    total += entry.rates[place]
                    largest = max(largest, entry.rates[place])
                }
                return sum + entry.count * (total - largest)
            }
        }
    }
}
