import Cluster
import Draw
import JSON
import Postgres

/// Draws that belong in one round (同轮抽取): those of lines whose merging (内部联合) the department has confirmed, and those
/// of the departments of one line of a joint plan (部门联合). Only visits of one round are merged, so apart they would save
/// nothing, and a joint inspection would fall into as many visits as departments.
struct DrawnTogether: Sendable {
    /// One draw of a line.
    struct PlannedDraw: Sendable, Hashable {
        var plan: String
        var line: String
        /// From 1.
        var draw: Int

        var text: String { "\(plan)/\(line) 第 \(draw) 次" }
    }

    /// A request that carries out a draw, in a round that is not void.
    struct Placed: Sendable {
        var draw: PlannedDraw
        var round: String
        /// Whether the round still collects.
        var isCollecting: Bool
        var request: DrawRequest
    }

    /// The lines of the plans in question, with all their departments.
    var lines: [PlannedLine]
    /// Groups of lines whose merging is confirmed, with their plan.
    var merges: [(plan: String, lines: [String])]
    var placed: [Placed]

    static func load(round: String, _ transaction: PostgresTransaction) async throws -> DrawnTogether {
        let plans = try await transaction.query(
            "SELECT DISTINCT plan FROM rounds.plan_draws WHERE round = \(round)"
        ).map { try $0.decode("plan", as: String.self) }
        return DrawnTogether(
            lines: try await PlannedLine.lines(of: plans, transaction).filter { $0.state == "published" },
            merges: try await transaction.query(
                "SELECT plan, lines FROM plans.confirmed_merges WHERE plan = ANY(\(plans)::text[])"
            ).map { (try $0.decode("plan", as: String.self), try $0.decode("lines", as: [String].self)) },
            placed: try await transaction.query(
                """
                SELECT DISTINCT d.plan, d.line, d.draw, d.round, d.request, q.body,
                    r.state IN ('opened', 'collecting') AND r.closed_at IS NULL AS collecting
                FROM rounds.plan_draws d JOIN rounds.rounds r ON r.id = d.round AND r.state <> 'void'
                JOIN rounds.requests q ON q.round = d.round AND q.id = d.request
                WHERE d.plan = ANY(\(plans)::text[]) ORDER BY d.round, d.request, d.plan, d.line, d.draw
                """
            ).map { row in
                try Placed(
                    draw: PlannedDraw(
                        plan: row.decode("plan", as: String.self), line: row.decode("line", as: String.self),
                        draw: row.decode("draw", as: Int.self)),
                    round: row.decode("round", as: String.self), isCollecting: row.decode("collecting", as: Bool.self),
                    request: DrawRequest(
                        json: JSONValue(parsing: row.decode("body", as: String.self)),
                        path: row.decode("request", as: String.self)))
            })
    }

    /// - Parameters:
    ///   - only: the one request that is asked about; `nil` for all of the round.
    ///   - isClosing: whether what is missing can still come.
    func findings(round: String, only: String?, isClosing: Bool) -> [RequestRules.Finding] {
        placed.filter { $0.round == round && (only == nil || $0.request.id == only) }.flatMap { own in
            companions(of: own.draw).sorted { $0.text < $1.text }.flatMap { companion -> [RequestRules.Finding] in
                let there = placed.filter { $0.draw == companion }
                return there.filter { $0.round == round }.compactMap { apart(own, $0) }
                    + departments(of: companion).compactMap { department in
                        missing(
                            own, companion, there.filter { $0.request.department == department }, department,
                            round: round, isClosing: isClosing)
                    }
            }
        }
    }

    private func departments(of draw: PlannedDraw) -> [String] {
        lines.filter { $0.plan == draw.plan && $0.line == draw.line }.map(\.department).sorted(by: Grammar.precedes)
    }

    /// The draws that go with one, itself among them.
    func companions(of draw: PlannedDraw) -> Set<PlannedDraw> {
        merges.filter { $0.plan == draw.plan && $0.lines.contains(draw.line) }.reduce(into: [draw]) { found, merge in
            let sets = Self.together(lines.filter { $0.plan == draw.plan && merge.lines.contains($0.line) })
            for set in sets where set.contains(draw) { found.formUnion(set) }
        }
    }

    /// Which draws of merged lines one visit can serve: the earliest last day that is left decides, and takes each line's
    /// first draw that may be made on it by a method that suits all, as the plan's forecast does.
    static func together(_ lines: [PlannedLine]) -> [Set<PlannedDraw>] {
        var rest: [(draw: PlannedDraw, window: DayWindow, methods: Set<String>)] = []
        for line in lines {
            for number in 1...max(1, line.draws) {
                guard
                    let window = line.windows.indices.contains(number - 1)
                        ? line.windows[number - 1] : line.windows.last
                else { continue }
                let draw = PlannedDraw(plan: line.plan, line: line.line, draw: number)
                if !rest.contains(where: { $0.draw == draw }) { rest.append((draw, window, Set(line.methods))) }
            }
        }
        rest.sort {
            ($0.window.last, $0.draw.draw, $0.draw.line) < ($1.window.last, $1.draw.draw, $1.draw.line)
        }
        var sets: [Set<PlannedDraw>] = []
        while let first = rest.first {
            var common = first.methods
            var taken: [String: PlannedDraw] = [:]
            for one in rest where one.window.first <= first.window.last && taken[one.draw.line] == nil {
                let shared = common.intersection(one.methods)
                guard !shared.isEmpty else { continue }
                common = shared
                taken[one.draw.line] = one.draw
            }
            let set = Set(taken.values)
            rest.removeAll { set.contains($0.draw) }
            sets.append(set)
        }
        return sets
    }

    /// Whether two requests of a round that belong together cannot be one visit, or would not visit the same objects.
    private func apart(_ own: Placed, _ other: Placed) -> RequestRules.Finding? {
        let (one, two) = (own.request, other.request)
        guard one.id != two.id else { return nil }
        func finding(_ field: String, _ code: String, _ message: String) -> RequestRules.Finding {
            RequestRules.Finding(request: one.id, field: field, code: code, message: message)
        }
        let pair = "\(own.draw.text)与申请 \(two.id)（\(other.draw.text)）须同次检查"
        if one.method != two.method {
            return finding("method", "together.apart", "\(pair)，检查方式却不同（\(two.method.rawValue)）；请写成一致")
        }
        if max(one.window.first, two.window.first) > min(one.window.last, two.window.last) {
            return finding(
                "window", "together.apart",
                "\(pair)，检查时间却没有共同的一天（\(two.window.first) 至 \(two.window.last)）；请写成一致")
        }
        if own.draw == other.draw, one.department != two.department, one.sample != two.sample {
            return finding("sample", "together.sample", "\(pair)，各部门抽取的比例或户数须相同，才能抽中同样的对象；请写成一致")
        }
        return nil
    }

    private func missing(
        _ own: Placed, _ companion: PlannedDraw, _ there: [Placed], _ department: String, round: String, isClosing: Bool
    ) -> RequestRules.Finding? {
        guard !there.contains(where: { $0.round == round }) else { return nil }
        let why = companion == own.draw ? "联合抽查的各部门须在同一轮抽取" : "已确认合并的计划行须在同一轮抽取"
        let what = "\(why)：\(department) 对 \(companion.text)的申请"
        if let elsewhere = there.first(where: \.isCollecting) {
            return RequestRules.Finding(
                request: own.request.id, field: "", code: "together.elsewhere",
                message: "\(what)在轮次 \(elsewhere.round)（\(elsewhere.request.id)）；请改到该轮申请，或先由 \(department) 撤回 / "
                    + "is in round \(elsewhere.round); ask there, or have it withdrawn")
        }
        // What was drawn before the merging was confirmed cannot be had back.
        guard isClosing, there.isEmpty else { return nil }
        return RequestRules.Finding(
            request: own.request.id, field: "", code: "together.missing",
            message: "\(what)尚未报送；请 \(department) 在本轮申请，或由 \(own.request.department) 撤回 \(own.request.id) 待下一轮 / "
                + "has not come; \(department) asks in this round, or \(own.request.id) is withdrawn and waits")
    }
}
