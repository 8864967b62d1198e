import Draw
public import JSON

/// Lines that are better drawn together (合并建议): of one department (内部联合), or of several (部门联合), with the visits
/// that this saves and why.
public struct MergeProposal: Sendable, Hashable {
    /// The lines, `PLAN/LINE`.
    public let lines: [String]
    /// Their departments, the lead of the largest line first.
    public let departments: [String]
    /// Entities that are in two of the pools at least.
    public let shared: Int
    /// Entities that are in any of the pools.
    public let union: Int
    /// Expected visits of one draw of each, in millionths: each on its own, and together.
    public let apart: Int
    /// See ``apart``.
    public let together: Int
    /// Why, in Chinese.
    public let reason: String

    /// Expected visits that are saved, in millionths.
    public var saved: Int { apart - together }

    /// The proposal with its figures.
    public var json: JSONValue {
        [
            "lines": .strings(lines), "departments": .strings(departments), "shared_objects": .integer(shared),
            "objects": .integer(union), "visits_apart_millionths": .integer(apart),
            "visits_together_millionths": .integer(together), "visits_saved_millionths": .integer(saved),
            "reason": .string(reason),
        ]
    }
}

/// How lines are brought together.
///
/// Two lines are close when they can be inspected by one method on one day, at least half of the smaller pool is in the
/// other, and drawing them together saves at least three tenths of the visits of the smaller line, and a whole visit for
/// all of a group. A group's lines are pairwise close. Among the ways to part the lines into groups, the one that saves
/// most is taken: exactly for up to ``exactLimit`` lines that hang together, greedily beyond.
public enum Merging {
    /// Tenths of the smaller pool that lie in the other, at least.
    static let leastOverlapTenths = 5
    /// Tenths of the smaller line's visits that are saved, at least.
    static let leastSavedTenths = 3
    static let wholeVisit = 1_000_000
    /// The largest number of connected lines that is parted exactly.
    static let exactLimit = 10

    /// Proposals for lines of one department (内部联合), the largest saving first.
    public static func internalProposals(_ year: PlannedYear, department: String) -> [MergeProposal] {
        let own = year.lines.indices.filter { index in
            let line = year.lines[index]
            return line.lead == department && line.line.parts.allSatisfy { $0.department == department }
        }
        return proposals(year, among: own) { _ in true }
    }

    /// Proposals for joint inspections (部门联合): groups of lines that different departments plan. Groups of enough
    /// departments come first; of what they leave over, any two departments.
    public static func jointProposals(_ year: PlannedYear, leastDepartments: Int) -> [MergeProposal] {
        func departments(_ members: [Int]) -> Int {
            Set(members.flatMap { year.lines[$0].line.parts.map(\.department) }).count
        }
        func leads(_ members: [Int]) -> Int { Set(members.map { year.lines[$0].lead }).count }
        let all = Array(year.lines.indices)
        let large = proposals(year, among: all) { departments($0) >= leastDepartments && leads($0) >= 2 }
        let taken = Set(large.flatMap(\.lines))
        let small = proposals(year, among: all.filter { !taken.contains(year.lines[$0].id) }) { leads($0) >= 2 }
        return large + small
    }

    /// The proposal for given lines, close or not; `nil` when they cannot be inspected by one method on one day.
    static func proposal(_ year: PlannedYear, _ members: [Int]) -> MergeProposal? {
        meet(year, members) ? make(year, members) : nil
    }

    static func proposals(
        _ year: PlannedYear, among lines: [Int], where isWanted: ([Int]) -> Bool
    ) -> [MergeProposal] {
        let shared = SharedVisits(year)
        var close: [Int: Set<Int>] = [:]
        for (place, one) in lines.enumerated() {
            for other in lines[(place + 1)...] where isClose(year, shared, one, other) {
                close[one, default: []].insert(other)
                close[other, default: []].insert(one)
            }
        }
        func isWorth(_ members: [Int], _ saved: Int) -> Bool {
            members.count > 1 && saved >= wholeVisit && isWanted(members) && meet(year, members)
        }
        var proposals: [MergeProposal] = []
        for component in components(lines, close) where component.count > 1 {
            let groups =
                component.count <= exactLimit
                ? exact(component, close, shared.savings(among: component), isWorth)
                : greedy(year, component, close, shared, isWorth)
            proposals += groups.map { make(year, $0) }
        }
        return proposals.sorted {
            $0.saved == $1.saved ? $0.lines.lexicographicallyPrecedes($1.lines) : $0.saved > $1.saved
        }
    }

    static func isClose(_ year: PlannedYear, _ shared: SharedVisits, _ one: Int, _ other: Int) -> Bool {
        let smaller = min(year.poolSize(one), year.poolSize(other))
        guard smaller > 0, shared.entities(one, other) * 10 >= smaller * leastOverlapTenths else { return false }
        let least = min(shared.alone[one], shared.alone[other])
        return least > 0 && shared.saved(one, other) * 10 >= least * leastSavedTenths && meet(year, [one, other])
    }

    /// Whether one method and one day suit all.
    static func meet(_ year: PlannedYear, _ members: [Int]) -> Bool {
        let lines = members.map { year.lines[$0].line }
        return !commonMethods(lines).isEmpty && commonDay(lines) != nil
    }

    static func commonMethods(_ lines: [PlanLine]) -> Set<InspectionMethod> {
        lines.dropFirst().reduce(Set(lines.first?.methods ?? [])) { $0.intersection($1.methods) }
    }

    /// The last of the days that suit all, if there is one.
    static func commonDay(_ lines: [PlanLine]) -> String? {
        let days = Set(lines.flatMap { $0.windows.map(\.last) })
        return days.sorted(by: Grammar.precedes).last { day in
            lines.allSatisfy { line in line.windows.contains { $0.first <= day && day <= $0.last } }
        }
    }

    private static func components(_ lines: [Int], _ close: [Int: Set<Int>]) -> [[Int]] {
        var seen: Set<Int> = []
        return lines.compactMap { start in
            guard seen.insert(start).inserted else { return nil }
            var component = [start]
            var next = 0
            while next < component.count {
                for neighbour in (close[component[next]] ?? []).sorted() where seen.insert(neighbour).inserted {
                    component.append(neighbour)
                }
                next += 1
            }
            return component.sorted()
        }
    }

    /// The parting that saves most, over all subsets.
    private static func exact(
        _ lines: [Int], _ close: [Int: Set<Int>], _ saved: (Int) -> Int, _ isWorth: ([Int], Int) -> Bool
    ) -> [[Int]] {
        let whole = 1 << lines.count
        func members(_ set: Int) -> [Int] { lines.indices.filter { set >> $0 & 1 == 1 }.map { lines[$0] } }
        let worth = (0..<whole).map { set -> Int in
            let own = members(set)
            guard own.count > 1, isClique(own, close) else { return 0 }
            let saved = saved(set)
            return isWorth(own, saved) ? saved : 0
        }
        var best = [Int](repeating: 0, count: whole)
        var choice = [Int](repeating: 0, count: whole)
        for set in 1..<whole {
            // The lowest line is in some group of the set; it is enough to try each group with it.
            let lowest = set & -set
            let rest = set ^ lowest
            var part = rest
            var found = -1
            while true {
                let group = part | lowest
                let total = worth[group] + best[set ^ group]
                // Of equal savings the larger group, which has more departments, is met first.
                if total > found { (found, choice[set]) = (total, group) }
                if part == 0 { break }
                part = (part - 1) & rest
            }
            best[set] = found
        }
        var groups: [[Int]] = []
        var left = whole - 1
        while left != 0 {
            let group = choice[left]
            if worth[group] > 0 { groups.append(members(group)) }
            left ^= group
        }
        return groups
    }

    /// From the pair of the largest saving on, each time the line that saves most is taken in, until none is left that
    /// meets the others; a group that is not worth it leaves its lines to other pairs.
    private static func greedy(
        _ year: PlannedYear, _ lines: [Int], _ close: [Int: Set<Int>], _ shared: SharedVisits,
        _ isWorth: ([Int], Int) -> Bool
    ) -> [[Int]] {
        let pairs = lines.flatMap { one in
            (close[one] ?? []).filter { $0 > one }.map { (saved: shared.saved(one, $0), one: one, other: $0) }
        }.sorted { ($1.saved, $0.one, $0.other) < ($0.saved, $1.one, $1.other) }
        var left = Set(lines)
        var groups: [[Int]] = []
        for pair in pairs where left.contains(pair.one) && left.contains(pair.other) {
            var group = [pair.one, pair.other]
            var together = shared.together(pair.one, pair.other)
            // The largest group on the way that is worth it.
            var found: [Int]?
            while true {
                if isWorth(group, together.saved) { found = group }
                let more = left.filter { line in
                    !group.contains(line) && group.allSatisfy { close[$0]?.contains(line) == true }
                        && meet(year, group + [line])
                }.map { (saved: shared.saved($0, with: together), line: $0) }.filter { $0.saved > 0 }
                    .max { ($0.saved, $1.line) < ($1.saved, $0.line) }
                guard let more else { break }
                group.append(more.line)
                shared.add(more.line, to: &together)
            }
            guard let found else { continue }
            groups.append(found.sorted())
            left.subtract(found)
        }
        return groups
    }

    private static func isClique(_ members: [Int], _ close: [Int: Set<Int>]) -> Bool {
        members.enumerated().allSatisfy { place, one in
            members[(place + 1)...].allSatisfy { close[one]?.contains($0) == true }
        }
    }

    private static func make(_ year: PlannedYear, _ members: [Int]) -> MergeProposal {
        let members = members.sorted { Grammar.precedes(year.lines[$0].id, year.lines[$1].id) }
        let visits = year.visits(of: members)
        let inPools = year.survey.groups.map { group in
            (count: group.count, pools: members.filter(group.pools.contains).count)
        }
        let shared = inPools.filter { $0.pools > 1 }.reduce(0) { $0 + $1.count }
        let union = inPools.filter { $0.pools > 0 }.reduce(0) { $0 + $1.count }
        let largest = members.max { year.poolSize($0) < year.poolSize($1) }
        let leads = [largest.map { year.lines[$0].lead }].compactMap { $0 }
        let departments = members.flatMap { year.lines[$0].line.parts.map(\.department) }
        var ordered = leads
        for department in departments.sorted(by: Grammar.precedes) where !ordered.contains(department) {
            ordered.append(department)
        }
        let lines = members.map { year.lines[$0].line }
        let names = members.map { "“\(year.lines[$0].line.title)”（\(year.poolSize($0)) 户）" }.joined(separator: "、")
        let smallest = members.map { year.poolSize($0) }.min() ?? 0
        let share = smallest == 0 ? 0 : min(100, shared * 100 / smallest)
        let day = commonDay(lines)
        let method = commonMethods(lines)
        let reason =
            "\(names) 的检查对象相近：共有对象 \(shared) 户，"
            + (members.count == 2 ? "占较小一方的 \(share)%；" : "合计 \(union) 户；")
            + "都可\(method.map(\.chinese).sorted().joined(separator: "或"))，检查时间重合\(day.map { "（如 \($0)）" } ?? "")。"
            + "分别抽取预计 \(decimal(visits.apart)) 户次，合并抽取预计 \(decimal(visits.together)) 户次，"
            + "减少 \(decimal(visits.apart - visits.together)) 户次。"
        return MergeProposal(
            lines: members.map { year.lines[$0].id }, departments: ordered, shared: shared, union: union,
            apart: visits.apart, together: visits.together, reason: reason)
    }

    /// Millionths with one decimal.
    static func decimal(_ millionths: Int) -> String {
        let tenths = (millionths + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension InspectionMethod {
    /// 现场检查, 书面检查 or 网络检查.
    var chinese: String {
        switch self {
        case .onsite: "现场检查"
        case .written: "书面检查"
        case .online: "网络检查"
        }
    }
}
