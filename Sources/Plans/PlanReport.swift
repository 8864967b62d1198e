public import JSON
public import Postgres

/// What can be seen of plans by those who make and receive them.
public enum PlanReport {
    /// Every plan, or those of a year or department, by year, department and id, as a list of objects.
    public static func list(year: Int?, department: String?, _ database: some PostgresQueryable) async throws
        -> [JSONValue]
    {
        try await database.query(
            """
            SELECT jsonb_build_object('id', p.id, 'department', p.department, 'year', p.year, 'kind', p.kind,
                'in_force', (SELECT version FROM plans.versions v WHERE v.plan = p.id AND v.state = 'published'),
                'latest', l.version, 'state', l.state, 'title', l.title,
                'lines', (SELECT count(*) FROM plans.lines n WHERE n.plan = p.id AND n.version = l.version))::text AS line
            FROM plans.plans p
            JOIN LATERAL (SELECT version, state, title FROM plans.versions v WHERE v.plan = p.id
                ORDER BY version DESC LIMIT 1) l ON true
            WHERE (\(optional: year)::bigint IS NULL OR p.year = \(optional: year))
                AND (\(optional: department)::text IS NULL OR p.department = \(optional: department))
            ORDER BY p.year DESC, p.department, p.id
            """
        ).map { try JSONValue(parsing: $0.decode("line", as: String.self)) }
    }

    /// One version of a plan with all that was said of it, and its other versions; `nil` if there is none such.
    ///
    /// - Parameter version: by default the one in force, or without one the latest.
    public static func show(_ id: String, version: Int?, _ database: some PostgresQueryable) async throws -> JSONValue?
    {
        let text = try await database.query(
            """
            SELECT jsonb_build_object('id', p.id, 'department', p.department, 'year', p.year, 'kind', p.kind,
                'version', v.version, 'state', v.state, 'what', v.what, 'why', v.why, 'document', v.body::jsonb,
                'versions', (SELECT jsonb_agg(jsonb_build_object('version', o.version, 'state', o.state, 'title', o.title,
                        'what', o.what, 'why', o.why, 'drafted_at', \(Self.instant("o.drafted_at")),
                        'published_at', \(Self.instant("o.published_at")), 'replaced_at', \(Self.instant("o.replaced_at")))
                        ORDER BY o.version)
                    FROM plans.versions o WHERE o.plan = p.id),
                'steps', COALESCE((SELECT jsonb_agg(jsonb_build_object('step', s.step, 'department', s.department,
                        'source', s.source, 'key', s.key_id, 'note', s.note, 'details', s.details,
                        'at', \(Self.instant("s.at"))) ORDER BY s.number)
                    FROM plans.steps s WHERE s.plan = p.id AND s.version = v.version), '[]'),
                'participants', COALESCE((SELECT jsonb_agg(jsonb_build_object('department', a.department,
                        'due_on', a.due_on, 'confirmed_at', \(Self.instant("a.confirmed_at")), 'late', a.late,
                        'overdue', a.confirmed_at IS NULL
                            AND a.due_on < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) ORDER BY a.department)
                    FROM plans.participants a WHERE a.plan = p.id AND a.version = v.version), '[]'),
                'schemes', COALESCE((SELECT jsonb_agg(jsonb_build_object('line', c.line, 'draw', c.draw,
                        'approved_by', c.approved_by, 'approved_at', \(Self.instant("c.approved_at")))
                        ORDER BY c.line, c.draw)
                    FROM plans.schemes c WHERE c.plan = p.id AND c.version = v.version), '[]'),
                'merges', COALESCE((SELECT jsonb_agg(jsonb_build_object('lines', m.lines, 'decision', m.decision,
                        'reason', m.reason, 'proposal', m.proposal, 'decided_by', m.decided_by,
                        'decided_at', \(Self.instant("m.decided_at"))) ORDER BY m.decided_at)
                    FROM plans.merges m WHERE m.plan = p.id AND m.version = v.version), '[]'),
                'draws', COALESCE((SELECT jsonb_agg(jsonb_build_object('line', u.line, 'department', u.department,
                        'item', u.item, 'used', u.draws) ORDER BY u.line, u.department, u.item)
                    FROM rounds.used_draws u WHERE u.plan = p.id), '[]')
            )::text AS report
            FROM plans.plans p
            JOIN LATERAL (SELECT * FROM plans.versions o WHERE o.plan = p.id
                    AND (\(optional: version)::bigint IS NULL OR o.version = \(optional: version))
                ORDER BY (o.state = 'published') DESC, o.version DESC LIMIT 1) v ON true
            WHERE p.id = \(id)
            """
        ).first?.decode("report", as: String.self)
        return try text.map { try JSONValue(parsing: $0) }
    }

    private static func instant(_ column: String) -> SQL {
        SQL(raw: "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    }

    /// The list as lines for people.
    public static func text(list: [JSONValue]) -> [String] {
        list.map { plan in
            let inForce = plan["in_force"]?.number.map { "现行第 \($0) 版 in force" } ?? "尚未公布 not published"
            return [
                plan["id"]?.text ?? "", plan["department"]?.text ?? "", plan["year"]?.number.map(String.init) ?? "",
                plan["kind"] == "joint" ? "联合 joint" : "部门 annual", inForce,
                "第 \(plan["latest"]?.number ?? 0) 版\(chinese(plan["state"])) \(plan["state"]?.text ?? "")",
                "\(plan["lines"]?.number ?? 0) 行", plan["title"]?.text ?? "",
            ].joined(separator: "\t")
        }
    }

    /// One version as lines for people.
    public static func text(_ report: JSONValue) -> [String] {
        let document = report["document"] ?? .null
        var lines = [
            "计划 plan         \(report["id"]?.text ?? "")  \(document["title"]?.text ?? "")",
            "部门 department   \(report["department"]?.text ?? "")  \(report["year"]?.number ?? 0) 年",
            "版本 version      \(report["version"]?.number ?? 0)  \(chinese(report["state"])) \(report["state"]?.text ?? "")",
        ]
        if let what = report["what"]?.text {
            lines.append("调整 change       \(what)；理由 why: \(report["why"]?.text ?? "")")
        }
        for other in report["versions"]?.elements ?? [] {
            lines.append(
                "  第 \(other["version"]?.number ?? 0) 版  \(chinese(other["state"]))  "
                    + "填报 \(other["drafted_at"]?.text ?? "-")  公布 \(other["published_at"]?.text ?? "-")")
        }
        for participant in report["participants"]?.elements ?? [] {
            let state =
                participant["confirmed_at"]?.text.map { participant["late"] == true ? "\($0) 确认（逾期 late）" : "\($0) 确认" }
                ?? (participant["overdue"] == true ? "未确认，已逾期 overdue" : "待确认 awaited")
            lines.append(
                "配合 participant  \(participant["department"]?.text ?? "")  限 \(participant["due_on"]?.text ?? "")  \(state)"
            )
        }
        for line in document["lines"]?.elements ?? [] {
            let schemes = (report["schemes"]?.elements ?? []).filter { $0["line"] == line["id"] }.count
            let parts = (line["parts"]?.elements ?? []).map { part in
                "\(part["department"]?.text ?? "") \((part["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、"))"
            }
            lines.append(
                "行 line \(line["id"]?.text ?? "")  \(line["title"]?.text ?? "")  \(parts.joined(separator: "；"))  "
                    + "抽取 \(line["draws"]?.number ?? 1) 次，方案已批 \(schemes)")
        }
        for merge in report["merges"]?.elements ?? [] {
            let names = PlanRules.lines(merge).joined(separator: "、")
            lines.append(
                "合并 merging      \(names)  \(merge["decision"] == "confirmed" ? "已确认" : "不采纳：\(merge["reason"]?.text ?? "")")"
            )
        }
        for proposal in unanswered(report) {
            let names = PlanRules.lines(proposal).joined(separator: "、")
            lines.append("合并 merging      \(names)  尚未答复 unanswered：\(proposal["reason"]?.text ?? "")")
        }
        for step in report["steps"]?.elements ?? [] {
            let note = step["note"]?.text.map { "  \($0)" } ?? ""
            lines.append(
                "  \(step["at"]?.text ?? "")  \(step["step"]?.text ?? "")  \(step["source"]?.text ?? "")\(note)")
        }
        return lines
    }

    /// Proposals to draw lines together that the last check made, of which some line stands in no answer.
    private static func unanswered(_ report: JSONValue) -> [JSONValue] {
        let check = (report["steps"]?.elements ?? []).last { $0["step"] == "check" }
        let answered = Set(
            (report["merges"]?.elements ?? []).flatMap { merge in
                PlanRules.lines(merge).map { "\(report["id"]?.text ?? "")/\($0)" }
            })
        return PlanRules.unanswered(check?["details"]?["merges_to_decide"]?.elements ?? [], answered: answered)
    }

    /// A state's Chinese name; empty for no state.
    public static func chinese(_ state: String) -> String { PlanState.Phase(rawValue: state)?.chinese ?? "" }

    private static func chinese(_ state: JSONValue?) -> String { chinese(state?.text ?? "") }
}
