import Draw
public import JSON
public import Postgres
import Registers

/// What a year's plans will ask of enterprises and inspectors (负担预测), worked out before anything is drawn.
///
/// Draws of different lines that one visit can serve count as one visit, as the draw itself merges them. An enterprise's
/// expected visits are the sum of its probabilities of being drawn; nothing is drawn for it. Inspectors' loads come from
/// a trial draw of each line on a fixed seed, and are stretched to the number of draws.
public enum PlanForecast {
    /// Enterprises listed by name of those above the yearly cap, at most.
    static let listed = 20

    /// The forecast of a year's plans: those in force and those under way, each in its newest version.
    ///
    /// - Parameter department: only plans that this department drafts.
    public static func year(_ year: Int, department: String?, _ pool: PostgresPool) async throws -> JSONValue {
        try await pool.transaction(isolation: .repeatableRead) { transaction in
            let rules = try await CountyRules.load(from: transaction)
            let plans = try await PlanRegisters.plans(
                year: year, underWay: true, department: department, transaction)
            let roster = try await PlanRegisters.roster(transaction)
            let planned = try PlannedYear(lines: PlannedYear.lines(of: plans, rules: rules), roster: roster)
            let departments = Set(planned.lines.flatMap { $0.line.parts.map(\.department) }).sorted(
                by: Grammar.precedes)
            let inspectors = try await PlanRegisters.inspectors(
                of: departments, windows: planned.lines.flatMap(\.line.windows), transaction)
            let loads = try await DryMatching.loads(planned, roster: roster, inspectors: inspectors)
            return json(planned, year: year, cap: rules.visitsPerEntityPerYear, loads: loads)
        }
    }

    static func json(_ planned: PlannedYear, year: Int, cap: Int?, loads: [String: [Int]]) -> JSONValue {
        [
            "year": .integer(year), "lines": .array(planned.lines.indices.map { line(planned, $0) }),
            "enterprises": enterprises(planned, cap: cap), "inspectors": inspectors(planned, loads: loads),
            "months": .array(
                planned.visitsByMonth(of: Array(planned.lines.indices)).map { .integer($0) }),
        ]
    }

    private static func line(_ planned: PlannedYear, _ index: Int) -> JSONValue {
        let line = planned.lines[index]
        let drawn = (least: planned.drawn(index), most: planned.drawn(index, largest: true))
        return [
            "line": .string(line.id), "title": .string(line.line.title), "objects": .integer(planned.poolSize(index)),
            "objects_by_class": .object(
                Dictionary(uniqueKeysWithValues: planned.pools[index].map { ($0.rawValue, .integer($1)) })),
            "draws": .integer(line.line.draws), "drawn_each_time": .integer(drawn.least),
            "drawn_each_time_at_most": .integer(drawn.most), "drawn_a_year": .integer(drawn.least * line.line.draws),
            "departments": .strings(line.line.parts.map(\.department)),
        ]
    }

    /// How many enterprises expect how much: below half a visit, from half to one and a half, and so on.
    private static func enterprises(_ planned: PlannedYear, cap: Int?) -> JSONValue {
        var byVisits: [Int: Int] = [:]
        var most = 0
        var total = 0
        var over: [(ids: [String], visits: Int, count: Int)] = []
        for group in planned.survey.groups {
            let visits = planned.expectedVisits(group)
            byVisits[(visits + 500_000) / 1_000_000, default: 0] += group.count
            most = max(most, visits)
            total += planned.expectedVisits(group, largest: false) * group.count
            if let cap, visits > cap * 1_000_000 { over.append((group.examples, visits, group.count)) }
        }
        byVisits[0, default: 0] += planned.survey.entities - planned.survey.groups.reduce(0) { $0 + $1.count }
        over.sort { $0.visits > $1.visits }
        let named = over.flatMap { group in group.ids.map { (id: $0, visits: group.visits) } }.prefix(listed)
        return [
            "entities": .integer(planned.survey.entities), "visits_millionths": .integer(total),
            "most_millionths": .integer(most), "cap": cap.map { .integer($0) } ?? .null,
            "over_cap": .integer(over.reduce(0) { $0 + $1.count }),
            "over_cap_first": .array(
                named.map { ["entity": .string($0.id), "visits_millionths": .integer($0.visits)] }),
            "by_visits": .array(
                byVisits.sorted { $0.key < $1.key }.map {
                    ["visits": .integer($0.key), "entities": .integer($0.value)]
                }),
        ]
    }

    /// Expected visits of each department, with the slots that its teams fill.
    private static func inspectors(_ planned: PlannedYear, loads: [String: [Int]]) -> JSONValue {
        let departments = Set(planned.lines.flatMap { $0.line.parts.map(\.department) }).sorted(by: Grammar.precedes)
        return .array(
            departments.map { department in
                var slots = 0
                var once = 0
                for (index, line) in planned.lines.enumerated() {
                    for part in line.line.parts where part.department == department {
                        let team = max(2, part.team, part.specialties.count)
                        once += planned.drawn(index) * team
                        slots += planned.drawn(index) * team * line.line.draws
                    }
                }
                let load = loads[department] ?? []
                let stretch = { (load: Int) in once == 0 ? 0 : load * slots / once }
                return [
                    "department": .string(department), "inspectors": .integer(load.count), "slots": .integer(slots),
                    "slots_each_millionths": load.isEmpty ? .null : .integer(slots * 1_000_000 / load.count),
                    "least": load.first.map { .integer(stretch($0)) } ?? .null,
                    "median": load.isEmpty ? .null : .integer(stretch(load[load.count / 2])),
                    "most": load.last.map { .integer(stretch($0)) } ?? .null,
                ]
            })
    }

    /// The forecast as lines for people.
    public static func text(_ forecast: JSONValue) -> [String] {
        func number(_ value: JSONValue?) -> String { value?.number.map(String.init) ?? "-" }
        func decimal(_ value: JSONValue?) -> String { value?.number.map(Merging.decimal) ?? "-" }
        var lines = ["\(number(forecast["year"])) 年抽取次数与户数 · draws", "计划行\t对象户数\t每次抽取\t次数\t全年\t任务"]
        for line in forecast["lines"]?.elements ?? [] {
            let least = number(line["drawn_each_time"])
            let most = number(line["drawn_each_time_at_most"])
            lines.append(
                [
                    line["line"]?.text ?? "", number(line["objects"]), least == most ? least : "\(least)—\(most)",
                    number(line["draws"]), number(line["drawn_a_year"]), line["title"]?.text ?? "",
                ].joined(separator: "\t"))
        }
        let enterprises = forecast["enterprises"] ?? .null
        lines += [
            "", "企业负担 · enterprises",
            "对象 \(number(enterprises["entities"])) 户，全年预计检查 \(decimal(enterprises["visits_millionths"])) 户次；"
                + "一户最多预计 \(decimal(enterprises["most_millionths"])) 次",
        ]
        for bin in enterprises["by_visits"]?.elements ?? [] {
            lines.append("  预计约 \(number(bin["visits"])) 次\t\(number(bin["entities"])) 户")
        }
        if let cap = enterprises["cap"]?.number {
            lines.append("超过年度上限 \(cap) 次的 \(number(enterprises["over_cap"])) 户")
            for one in enterprises["over_cap_first"]?.elements ?? [] {
                lines.append("  \(one["entity"]?.text ?? "")\t预计 \(decimal(one["visits_millionths"])) 次")
            }
        } else {
            lines.append("本县未公布年度上限（规则 visits_per_entity_per_year）")
        }
        lines += ["", "人员负担 · inspectors", "部门\t人员\t全年人次\t人均\t最少/中位/最多"]
        for one in forecast["inspectors"]?.elements ?? [] {
            lines.append(
                [
                    one["department"]?.text ?? "", number(one["inspectors"]), number(one["slots"]),
                    decimal(one["slots_each_millionths"]),
                    "\(number(one["least"]))/\(number(one["median"]))/\(number(one["most"]))",
                ].joined(separator: "\t"))
        }
        let months = (forecast["months"]?.elements ?? []).map { decimal($0) }
        lines += [
            "", "按月 · months", months.enumerated().map { "\($0.offset + 1)月 \($0.element)" }.joined(separator: "  "),
        ]
        return lines
    }
}
