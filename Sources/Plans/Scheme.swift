import Draw
public import Postgres
import Registers

/// The scheme (工作方案) of one draw of a line: everything that its document says, from the plan and the registers.
public struct Scheme: Sendable {
    let plan: Plan
    let line: PlanLine
    /// Which of the line's draws, from 1.
    let draw: Int
    let items: [String: PlanFacts.Item]
    let departments: [String: String]
    /// The pool's entities by class, as the register has them when the scheme is made.
    let pool: [CreditClass: Int]
    /// How many are drawn of each stratum, at least and at most.
    let drawn: (least: StratumSizes, most: StratumSizes)
    let publicationWorkingDays: Int
    let matchWorkingDays: Int
    /// Lines that are drawn together with this one, as was confirmed (内部联合).
    let together: [PlanLine]
    /// The day on which it is made.
    let day: Day

    /// The scheme of a draw by the registers as they are; `nil` when the version has no such line or draw.
    static func make(
        _ plan: Plan, line id: String, draw: Int, _ database: some PostgresQueryable
    ) async throws -> Scheme? {
        let rules = try await CountyRules.load(from: database)
        guard let line = plan.lines.first(where: { $0.id == id })?.resolved(county: rules.defaultRates),
            (1...line.draws).contains(draw)
        else { return nil }
        let year = try await PlannedYear(
            lines: [PlannedYear.Line(plan: plan.id, lead: plan.department, line: line)],
            roster: PlanRegisters.roster(database))
        func sizes(largest: Bool) -> StratumSizes {
            let sample = line.sample.sample(largest: largest)
            return sample.sampleSizes(poolSizes: sample.poolSizes(byClass: year.pools[0]))
        }
        let merged = try await database.query(
            """
            SELECT lines FROM plans.merges
            WHERE plan = \(plan.id) AND version = \(plan.version) AND decision = 'confirmed' AND \(id) = ANY(lines)
            """
        ).flatMap { try $0.decode("lines", as: [String].self) }
        return try await Scheme(
            plan: plan, line: line, draw: draw,
            items: PlanRegisters.items(Set(line.parts.flatMap(\.items)).sorted(), database),
            departments: PlanRegisters.departmentNames(database), pool: year.pools[0],
            drawn: (sizes(largest: false), sizes(largest: true)),
            publicationWorkingDays: rules.publicationWorkingDays, matchWorkingDays: rules.matchWorkingDays,
            together: plan.lines.filter { $0.id != id && merged.contains($0.id) }, day: Day.today(in: database))
    }

    /// The document of a draw: as it was approved, or as it would be now.
    ///
    /// - Parameter version: by default the one in force, or without one the latest.
    /// - Returns: the HTML and whether it is approved; `nil` when there is no such plan, line or draw.
    public static func document(
        plan id: String, version: Int?, line: String, draw: Int, _ pool: PostgresPool
    ) async throws -> (html: String, isApproved: Bool)? {
        try await pool.transaction(isolation: .repeatableRead) { transaction in
            let row = try await transaction.query(
                """
                SELECT v.version, (SELECT s.body FROM plans.schemes s WHERE s.plan = v.plan AND s.version = v.version
                        AND s.line = \(line) AND s.draw = \(draw)) AS approved
                FROM plans.versions v
                WHERE v.plan = \(id) AND (\(optional: version)::bigint IS NULL OR v.version = \(optional: version))
                ORDER BY (v.state = 'published') DESC, v.version DESC LIMIT 1
                """
            ).first
            guard let row,
                let plan = try await PlanStore.plan(id, version: row.decode("version", as: Int.self), transaction)
            else { return nil }
            if let approved = try row.decode("approved", as: String?.self) { return (approved, true) }
            let scheme = try await make(plan, line: line, draw: draw, transaction)
            return scheme.map { ($0.html(approvedOn: nil), false) }
        }
    }

    func name(_ department: String) -> String { departments[department] ?? department }

    /// The window of this draw.
    var window: DayWindow? { line.window(ofDraw: draw - 1) }
}

extension Pool {
    /// The conditions in Chinese, one a sentence part; nothing for the whole register.
    var conditions: [String] {
        func list(_ values: [String]?, _ words: (String) -> String) -> String? {
            values.map { $0.isEmpty ? "无符合条件的对象" : words($0.joined(separator: "、")) }
        }
        return [
            list(kinds.map { $0.map(Self.kindName) }) { "类别为\($0)" }, list(permits) { "持有“\($0)”许可或属该类经营" },
            list(industries) { "行业代码以 \($0) 开头" }, list(regions) { "所在地区划代码以 \($0) 开头" },
            list(credit?.map { $0 == .none ? "未分类" : "\($0.rawValue) 级" }) { "信用风险等级为\($0)" },
            maxVisits.map { "本年度已受检不超过 \($0) 次" },
        ].compactMap { $0 }
    }

    private static func kindName(_ kind: String) -> String {
        switch kind {
        case "enterprise": "企业"
        case "individual": "个体工商户"
        case "cooperative": "农民专业合作社"
        case "institution": "事业单位、机构"
        case "site": "场所、设施"
        case "product": "产品、设备"
        default: kind
        }
    }
}

extension Bounds {
    /// `3%`, `10%—20%`, `不低于5%` or `不超过5%`, of parts per million.
    var percentText: String { text(RateCap.percent) }
    /// `20 户` and so on.
    var countText: String { text { "\($0) 户" } }

    private func text(_ number: (Int) -> String) -> String {
        switch (least, most) {
        case (let least?, let most?) where least == most: number(least)
        case (let least?, let most?): "\(number(least))—\(number(most))"
        case (let least?, nil): "不低于 \(number(least))"
        case (nil, let most?): "不超过 \(number(most))"
        case (nil, nil): "—"
        }
    }
}

extension Day {
    /// `2026年3月1日`.
    var chinese: String { "\(parts.year)年\(parts.month)月\(parts.day)日" }
}
