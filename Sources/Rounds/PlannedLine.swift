import Cluster
import Draw
import JSON
import Postgres

/// A line of a plan with one of its departments, as far as a draw request has to agree with it. The view
/// `plans.drawable_lines` has them.
struct PlannedLine: Sendable, Equatable {
    /// Both ends of a rate or number; an end that is open is `nil`.
    struct Ends: Sendable, Equatable {
        var least: Int?
        var most: Int?

        func admits(_ number: Int) -> Bool { number >= least ?? 0 && number <= most ?? Int.max }

        var text: String {
            switch (least, most) {
            case (let least?, let most?) where least == most: "\(least)"
            case (let least?, let most?): "\(least) 至 \(most)"
            case (let least?, nil): "不低于 \(least)"
            case (nil, let most?): "不超过 \(most)"
            case (nil, nil): "不限"
            }
        }
    }

    /// `PLAN/LINE`, as requests name it.
    var id: String { plan + "/" + line }

    var plan: String
    var line: String
    var state: String
    var department: String
    var items: [String]
    var specialties: [String]
    var team: Int
    var pool: Pool
    var methods: [String]
    var windows: [DayWindow]
    var joint: Bool
    var coordination: String
    var rates: [CreditClass: Ends]?
    var count: Ends?
    /// Draws a year, those whose scheme is approved, and for each item those that are used.
    var draws: Int
    var schemes: [Int]
    var used: [String: Int]

    /// Which of the line's draws a request of these items would be, from 1.
    func nextDraw(of items: [String]) -> Int { (items.compactMap { used[$0] }.max() ?? 0) + 1 }

    /// What speaks against a request, each reason with its field.
    ///
    /// - Parameters:
    ///   - named: the lines that the request names, `PLAN/LINE`.
    ///   - lines: these lines with all their departments, as far as there are such.
    static func reasons(_ request: DrawRequest, named: [String], lines: [PlannedLine]) -> [Reason] {
        var reasons: [Reason] = []
        var own: [PlannedLine] = []
        for (index, name) in named.enumerated() {
            let field = "plan_lines[\(index)]"
            let parts = lines.filter { $0.id == name }
            guard let first = parts.first else {
                reasons.append(Reason(field: field, code: "plan-line.unknown", message: "没有计划行 \(name)；应写成 计划编号/行编号"))
                continue
            }
            guard first.state == "published" else {
                reasons.append(
                    Reason(
                        field: field, code: "plan-line.unpublished",
                        message: "计划行 \(name) 尚未公布或已不在现行版本中（状态 \(first.state)），不能抽取"))
                continue
            }
            guard let part = parts.first(where: { $0.department == request.department }) else {
                reasons.append(
                    Reason(
                        field: field, code: "plan-line.department", message: "计划行 \(name) 中没有 \(request.department) 的任务"
                    ))
                continue
            }
            own.append(part)
            let items = request.items.filter(part.items.contains)
            if items.isEmpty {
                reasons.append(
                    Reason(field: field, code: "plan-line.idle", message: "本申请的事项都不在计划行 \(name) 中；请去掉此行"))
                continue
            }
            let draw = part.nextDraw(of: items)
            if draw > part.draws {
                reasons.append(
                    Reason(
                        field: field, code: "plan-line.used",
                        message: "计划行 \(name) 全年抽取 \(part.draws) 次，已全部用完；如需增加请调整计划"))
            } else if !part.schemes.contains(draw) {
                reasons.append(
                    Reason(
                        field: field, code: "scheme.missing",
                        message: "计划行 \(name) 第 \(draw) 次抽取的工作方案尚未由负责人批准"))
            }
        }
        guard own.count == named.count else { return reasons }
        for (index, item) in request.items.enumerated() where !own.contains(where: { $0.items.contains(item) }) {
            reasons.append(
                Reason(field: "request.items[\(index)]", code: "item.unplanned", message: "所列计划行中没有事项 \(item)"))
        }
        for line in own { reasons += line.disagreements(request) }
        return reasons
    }

    /// Where a request is not what the line says.
    func disagreements(_ request: DrawRequest) -> [Reason] {
        var reasons: [Reason] = []
        func note(_ field: String, _ code: String, _ planned: String) {
            reasons.append(
                Reason(field: "request.\(field)", code: "plan.\(code)", message: "与计划行 \(id) 不符：计划为 \(planned)"))
        }
        if request.pool != pool { note("pool", "pool", pool.json.canonicalText) }
        switch (request.sample, rates, count) {
        case (.rates(let asked), let rates?, _):
            for creditClass in request.pool.credit ?? CreditClass.allCases {
                let ends = rates[creditClass] ?? Ends(least: 0, most: 0)
                if !ends.admits(asked[creditClass] ?? 0) {
                    note("sample.rates_ppm.\(creditClass.rawValue)", "rate", "\(ends.text) ppm")
                }
            }
        case (.count(let asked), _, let ends?):
            if !ends.admits(asked) { note("sample.count", "count", "\(ends.text) 户") }
        case (_, _, let ends?): note("sample", "sample", "户数 \(ends.text)，而不是比例")
        default: note("sample", "sample", "按信用等级的比例，而不是户数")
        }
        if !methods.contains(request.method.rawValue) { note("method", "method", methods.joined(separator: "、")) }
        if request.joint != joint { note("joint", "joint", "\(joint)") }
        if request.coordination.rawValue != coordination { note("coordination", "coordination", coordination) }
        if !windows.contains(where: { $0.first <= request.window.first && request.window.last <= $0.last }) {
            note("window", "window", windows.map { "\($0.first) 至 \($0.last)" }.joined(separator: "、"))
        }
        if Set(request.specialties) != Set(specialties) {
            note("specialties", "specialties", specialties.isEmpty ? "不限专业" : specialties.joined(separator: "、"))
        }
        if request.team != team { note("team", "team", "每组 \(team) 人") }
        return reasons
    }
}

extension PlannedLine {
    /// The named lines with all their departments, under a lock of each so that no draw is used twice.
    static func locked(_ named: [String], _ transaction: PostgresTransaction) async throws -> [PlannedLine] {
        for name in Set(named).sorted(by: Grammar.precedes) {
            _ = try await transaction.query(
                "SELECT pg_advisory_xact_lock(hashtextextended(\("plan-line:" + name), 0))")
        }
        let plans = Set(named.map { String($0.prefix { $0 != "/" }) })
        return try await lines(of: plans.sorted(by: Grammar.precedes), transaction).filter { named.contains($0.id) }
    }

    /// All lines of plans with all their departments.
    static func lines(of plans: [String], _ transaction: PostgresTransaction) async throws -> [PlannedLine] {
        try await transaction.query(
            """
            SELECT l.plan, l.line, l.state, l.department, l.items::text AS items, l.specialties::text AS specialties,
                l.team, l.pool::text AS pool, l.methods::text AS methods, l.windows::text AS windows, l.joint,
                l.coordination, l.draws, l.rates::text AS rates, l.counts::text AS counts, l.schemes::bigint[] AS schemes,
                COALESCE((SELECT jsonb_object_agg(u.item, u.draws) FROM rounds.used_draws u
                    WHERE u.plan = l.plan AND u.line = l.line AND u.department = l.department), '{}')::text AS used
            FROM plans.drawable_lines l
            WHERE l.plan = ANY(\(plans)::text[])
            """
        ).map { try PlannedLine($0) }
    }

    private init(_ row: Row) throws {
        func json(_ column: String) throws -> JSONField {
            JSONField(try JSONValue(parsing: row.decode(column, as: String.self)), path: column)
        }
        func ends(_ field: JSONField) throws -> Ends {
            try field.object { try Ends(least: $0.optional("min")?.integer(), most: $0.optional("max")?.integer()) }
        }
        plan = try row.decode("plan", as: String.self)
        line = try row.decode("line", as: String.self)
        state = try row.decode("state", as: String.self)
        department = try row.decode("department", as: String.self)
        items = try json("items").strings()
        specialties = try json("specialties").strings()
        team = try row.decode("team", as: Int.self)
        pool = try Pool(json("pool"))
        methods = try json("methods").strings()
        windows = try json("windows").array { try DayWindow($0) }
        joint = try row.decode("joint", as: Bool.self)
        coordination = try row.decode("coordination", as: String.self)
        draws = try row.decode("draws", as: Int.self)
        schemes = try row.decode("schemes", as: [Int].self)
        used = Dictionary(
            uniqueKeysWithValues: try json("used").members().map { ($0.name, try $0.field.integer()) })
        rates = try row.decode("rates", as: String?.self).map { text in
            var rates: [CreditClass: Ends] = [:]
            for (name, field) in try JSONField(JSONValue(parsing: text), path: "rates").members() {
                if let creditClass = CreditClass(rawValue: name) { rates[creditClass] = try ends(field) }
            }
            return rates
        }
        count = try row.decode("counts", as: String?.self).map {
            try ends(JSONField(JSONValue(parsing: $0), path: "counts"))
        }
    }
}
