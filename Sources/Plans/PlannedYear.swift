public import Draw
import Registers

/// The lines of a year as they would be drawn (全年安排), with how the entities of the register lie in their pools. What
/// is expected follows from these figures alone.
///
/// Expected numbers are in millionths, so that sums are exact: 1,500,000 is one visit and a half.
public struct PlannedYear: Sendable {
    /// A line with whose it is.
    public struct Line: Sendable, Hashable {
        /// The plan's id.
        public let plan: String
        /// The plan's department.
        public let lead: String
        /// The line, its sample with the county's rates written out.
        public let line: PlanLine

        /// `PLAN/LINE`.
        public var id: String { plan + "/" + line.id }

        init(plan: String, lead: String, line: PlanLine) {
            self.plan = plan
            self.lead = lead
            self.line = line
        }
    }

    /// One draw of one line.
    struct Drawing: Sendable, Hashable {
        let line: Int
        /// Which of the line's draws, from 0.
        let number: Int
        let window: DayWindow
    }

    /// The lines; those of the plan that is looked at come first.
    public let lines: [Line]
    /// How the entities lie in the lines' pools.
    public let survey: PoolSurvey
    /// For each line, the number of its pool's entities of each class.
    public let pools: [[CreditClass: Int]]
    /// For each line, the probability in millionths that one draw takes an entity of a class of its pool: by what its bounds
    /// promise, and by what they allow at most.
    private let rates: [(planned: [CreditClass: Int], largest: [CreditClass: Int])]
    /// Draws that one visit can serve: coordinated, one method, and a day on which all of them may be made.
    let together: [[Drawing]]
    /// The other draws.
    let alone: [Drawing]

    init(lines: [Line], survey: PoolSurvey) {
        self.lines = lines
        self.survey = survey
        var pools = [[CreditClass: Int]](repeating: [:], count: lines.count)
        for group in survey.groups {
            for pool in group.pools { pools[pool][group.credit, default: 0] += group.count }
        }
        self.pools = pools
        rates = zip(lines, pools).map { line, pool in
            (Self.rates(line.line.sample.sample(), pool), Self.rates(line.line.sample.sample(largest: true), pool))
        }
        (together, alone) = Self.cluster(lines.map(\.line))
    }

    init(lines: [Line], roster: [UInt8]) throws {
        try self.init(lines: lines, survey: PoolSurvey(roster: roster, pools: lines.map(\.line.pool)))
    }

    /// Puts draws together as the draw itself does: the earliest last day that is left decides, and takes every
    /// coordinated draw of the method that may be made on it, one of each line.
    private static func cluster(_ lines: [PlanLine]) -> (together: [[Drawing]], alone: [Drawing]) {
        var coordinated: [Drawing] = []
        var alone: [Drawing] = []
        for (index, line) in lines.enumerated() {
            for number in 0..<line.draws {
                guard let window = line.window(ofDraw: number) else { continue }
                let drawing = Drawing(line: index, number: number, window: window)
                if line.joint, line.coordination == .joint {
                    coordinated.append(drawing)
                } else {
                    alone.append(drawing)
                }
            }
        }
        coordinated.sort { ($0.window.last, $0.number, $0.line) < ($1.window.last, $1.number, $1.line) }
        var together: [[Drawing]] = []
        while let first = coordinated.first {
            let methods = Set(lines[first.line].methods)
            var members: [Drawing] = []
            var taken: Set<Int> = []
            var common = methods
            for drawing in coordinated where drawing.window.first <= first.window.last {
                let shared = common.intersection(lines[drawing.line].methods)
                guard !shared.isEmpty, taken.insert(drawing.line).inserted else { continue }
                common = shared
                members.append(drawing)
            }
            let chosen = Set(members)
            coordinated.removeAll { chosen.contains($0) }
            together.append(members)
        }
        return (together, alone)
    }

    private static func rates(_ sample: Sample, _ pool: [CreditClass: Int]) -> [CreditClass: Int] {
        switch sample {
        case .rates(let rates): return rates
        case .count(let count):
            let size = pool.values.reduce(0, +)
            return pool.mapValues { _ in min(1_000_000, count * 1_000_000 / size) }
        }
    }

    /// The probability in millionths that one draw of a line takes an entity of a class of its pool.
    func rate(_ line: Int, _ credit: CreditClass, largest: Bool = false) -> Int {
        (largest ? rates[line].largest : rates[line].planned)[credit] ?? 0
    }

    /// How many entities one draw of a line takes, by the draw's own rounding.
    public func drawn(_ line: Int, largest: Bool = false) -> Int {
        let sample = lines[line].line.sample.sample(largest: largest)
        return sample.sampleSizes(poolSizes: sample.poolSizes(byClass: pools[line])).values.reduce(0, +)
    }

    /// The visits that an entity of a group can expect, in millionths.
    func expectedVisits(_ group: PoolSurvey.Group, largest: Bool = true) -> Int {
        let held = Set(group.pools)
        let merged = together.reduce(0) { sum, drawings in
            sum
                + (drawings.lazy.filter { held.contains($0.line) }
                    .map { rate($0.line, group.credit, largest: largest) }.max() ?? 0)
        }
        return alone.reduce(merged) { sum, drawing in
            held.contains(drawing.line) ? sum + rate(drawing.line, group.credit, largest: largest) : sum
        }
    }

    /// The visits of a group of lines each drawn once, in millionths: apart, and together with the same tickets, where
    /// the draw of the smaller rate lies within that of the larger.
    func visits(of members: [Int]) -> (apart: Int, together: Int) {
        survey.groups.reduce(into: (apart: 0, together: 0)) { sums, group in
            let rates = members.filter(group.pools.contains).map { rate($0, group.credit) }
            sums.apart += group.count * rates.reduce(0, +)
            sums.together += group.count * (rates.max() ?? 0)
        }
    }

    func poolSize(_ line: Int) -> Int { pools[line].values.reduce(0, +) }
}

extension PlannedYear {
    /// How many of a line's entities are expected to be drawn by it more often than so many times, in millionths.
    func expectedRepeats(_ line: Int, above most: Int) -> Int {
        CreditClass.allCases.reduce(0) { sum, credit in
            let size = pools[line][credit] ?? 0
            let rate = Double(rate(line, credit, largest: true)) / 1_000_000
            // The probabilities of being drawn 0 … most times in all the line's draws.
            var times = [1.0] + [Double](repeating: 0, count: most)
            for _ in 0..<lines[line].line.draws {
                for count in stride(from: most, through: 0, by: -1) {
                    times[count] = times[count] * (1 - rate) + (count > 0 ? times[count - 1] * rate : 0)
                }
            }
            return sum + Int(Double(size) * max(0, 1 - times.reduce(0, +)) * 1_000_000)
        }
    }

    /// How many entities two lines that are drawn apart are expected to have drawn both, in millionths.
    func expectedBoth(_ one: Int, _ other: Int) -> Int {
        survey.groups.reduce(0) { sum, group in
            guard group.pools.contains(one), group.pools.contains(other) else { return sum }
            let rates = [one, other].map { line in
                min(1_000_000, rate(line, group.credit, largest: true) * lines[line].line.draws)
            }
            return sum + group.count * (rates[0] * rates[1] / 1_000_000)
        }
    }

    /// Whether one visit serves the draws of both lines.
    func areTogether(_ one: Int, _ other: Int) -> Bool {
        together.contains { drawings in
            drawings.contains { $0.line == one } && drawings.contains { $0.line == other }
        }
    }

    /// Expected visits of lines by month, each draw's spread evenly over the days of its window; in millionths.
    func visitsByMonth(of members: [Int]) -> [Int] {
        var months = [Int](repeating: 0, count: 12)
        for index in members {
            let visits = visits(of: [index]).apart
            let line = lines[index].line
            for number in 0..<line.draws {
                guard let window = line.window(ofDraw: number), let first = Day(window.first),
                    let last = Day(window.last)
                else { continue }
                let days = last.number - first.number + 1
                for day in first.number...last.number { months[Day(number: day).parts.month - 1] += visits / days }
            }
        }
        return months
    }
}
