public import JSON
public import Postgres

/// What can be seen of visits by those who make them. It names entities and inspectors and is never public.
public enum VisitReport {
    /// The states in which a part of a visit can be, in the order of its life.
    public static let states: [(name: String, chinese: String)] = [
        ("assigned", "已派发"), ("confirmed", "已确认"), ("begun", "检查中"), ("ended", "检查结束"), ("failed", "无法实施"),
        ("recorded", "已录入"), ("returned", "已退回"), ("reviewed", "已审核"), ("published", "已公示"),
    ]

    /// A state's Chinese name.
    public static func chinese(_ state: String) -> String {
        states.first { $0.name == state }?.chinese ?? state
    }

    /// Departments' parts of visits, by the window's last day.
    public static func list(
        department: String? = nil, round: String? = nil, state: String? = nil, _ database: some PostgresQueryable
    ) async throws -> [JSONValue] {
        try await database.query(
            """
            SELECT * FROM (
                SELECT jsonb_build_object('visit', s.visit, 'round', s.round, 'department', s.department,
                        'entity', s.entity, 'entity_name', n.name, 'method', s.method, 'window_first', s.window_first,
                        'window_last', s.window_last, 'items', to_jsonb(s.items), 'state', p.state,
                        'begun_on', s.begun_on, 'ended_on', s.ended_on, 'object_state', s.object_state,
                        'version', s.version, 'late', s.late, 'amendments', s.amendments)::text AS line,
                    p.state, s.window_last, s.department, s.visit
                FROM inspections.visit_states s
                LEFT JOIN LATERAL (SELECT name FROM registers.entities WHERE id = s.entity
                    ORDER BY valid_from DESC LIMIT 1) AS n ON true
                CROSS JOIN LATERAL (SELECT CASE WHEN EXISTS (SELECT FROM open.publications o
                    WHERE o.visit = s.visit AND o.department = s.department AND o.version = s.version) THEN 'published' ELSE s.state END AS state) AS p
                WHERE (\(optional: department)::text IS NULL OR s.department = \(optional: department))
                    AND (\(optional: round)::text IS NULL OR s.round = \(optional: round))) AS v
            WHERE \(optional: state)::text IS NULL OR v.state = \(optional: state)
            ORDER BY v.window_last, v.department, v.visit
            """
        ).map { try JSONValue(parsing: $0.decode("line", as: String.self)) }
    }

    /// A visit with each department's part: team, matters with their checklists, what was said, results and
    /// consequences; `nil` when no drawn round has it.
    public static func show(_ visit: String, _ database: some PostgresQueryable) async throws -> JSONValue? {
        let text = try await database.query(
            """
            SELECT jsonb_build_object('visit', v.id, 'round', v.round, 'entity', v.entity, 'entity_name', n.name,
                'address', n.address, 'method', v.method, 'window_first', v.window_first, 'window_last', v.window_last,
                'parts', (SELECT jsonb_agg(part ORDER BY part ->> 'department') FROM (\(Self.parts)) AS p (part)))::text AS report
            FROM rounds.visits v
            JOIN rounds.rounds d ON d.id = v.round AND d.state IN ('drawn', 'closed')
            LEFT JOIN LATERAL (SELECT name, address FROM registers.entities WHERE id = v.entity
                ORDER BY valid_from DESC LIMIT 1) AS n ON true
            WHERE v.id = \(visit)
            """
        ).first?.decode("report", as: String.self)
        return try text.map { try JSONValue(parsing: $0) }
    }

    /// Each department's part of the visit `v` of round `d`.
    private static let parts: SQL = """
        SELECT jsonb_build_object('department', s.department,
            'department_name', (SELECT name FROM registers.departments WHERE id = s.department
                ORDER BY valid_from DESC LIMIT 1),
            'state', CASE WHEN EXISTS (SELECT FROM open.publications o
                WHERE o.visit = s.visit AND o.department = s.department AND o.version = s.version) THEN 'published' ELSE s.state END,
            'items', (SELECT COALESCE(jsonb_agg(jsonb_build_object('item', w.item, 'name', i.name,
                    'legal_basis', i.legal_basis, 'checklist', c.checklist) ORDER BY w.place), '[]')
                FROM unnest(s.items) WITH ORDINALITY AS w (item, place)
                LEFT JOIN LATERAL (SELECT name, legal_basis FROM registers.items WHERE id = w.item
                    ORDER BY valid_from <= COALESCE(d.drawn_at, valid_from) DESC,
                        CASE WHEN valid_from <= COALESCE(d.drawn_at, valid_from) THEN valid_from END DESC NULLS LAST,
                        valid_from LIMIT 1) AS i ON true
                LEFT JOIN LATERAL (SELECT jsonb_build_object('id', l.id, 'version', l.version, 'title', l.title,
                        'steps', l.steps) AS checklist
                    FROM open.checklists l WHERE l.item = w.item AND l.department = s.department
                    ORDER BY (l.valid_from <= d.drawn_at AND (l.valid_to IS NULL OR l.valid_to > d.drawn_at)) DESC NULLS LAST,
                        l.valid_to IS NULL DESC, l.version DESC LIMIT 1) AS c ON true),
            'team', (SELECT COALESCE(jsonb_agg(jsonb_build_object('inspector', m.id, 'name', p.name, 'unit', p.unit,
                    'certificate', p.certificate, 'certificate_until', p.certificate_until) ORDER BY m.place), '[]')
                FROM inspections.current_teams t, unnest(t.inspectors) WITH ORDINALITY AS m (id, place)
                LEFT JOIN LATERAL (SELECT name, unit, certificate, certificate_until FROM registers.inspectors
                    WHERE id = m.id ORDER BY valid_from DESC LIMIT 1) AS p ON true
                WHERE t.visit = s.visit AND t.department = s.department),
            'missing', (SELECT to_jsonb(t.missing) FROM rounds.teams t
                WHERE t.visit = s.visit AND t.department = s.department),
            'events', (SELECT COALESCE(jsonb_agg(jsonb_build_object('kind', e.kind, 'on', e.on_day,
                    'object_state', e.object_state, 'details', e.details) ORDER BY e.number), '[]')
                FROM inspections.visit_events e WHERE e.visit = s.visit AND e.department = s.department),
            'amendments', (SELECT COALESCE(jsonb_agg(jsonb_build_object('number', a.number, 'kind', a.kind,
                    'slot', a.slot, 'replaced', a.replaced, 'substitute', a.substitute, 'reason', a.reason,
                    'hash', a.hash) ORDER BY a.number), '[]')
                FROM inspections.amendments a WHERE a.visit = s.visit AND a.department = s.department),
            'entrustments', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', e.id, 'items', to_jsonb(e.items),
                    'organisation', e.organisation, 'qualification', e.qualification,
                    'qualification_number', e.qualification_number, 'qualification_until', e.qualification_until,
                    'conclusion', k.conclusion, 'document', k.name, 'sha256', k.sha256) ORDER BY e.id), '[]')
                FROM inspections.entrustments e
                LEFT JOIN inspections.entrusted_conclusions k ON k.entrustment = e.id
                WHERE e.visit = s.visit AND e.department = s.department),
            'versions', (SELECT COALESCE(jsonb_agg(jsonb_build_object('version', r.version, 'ended_on', r.ended_on,
                    'reason', r.reason, 'entry_due_on', r.entry_due_on, 'late', r.late, 'review', w.decision,
                    'review_reason', w.reason, 'items', (SELECT jsonb_agg(jsonb_build_object('item', i.item,
                            'categories', to_jsonb(i.categories), 'findings', i.findings,
                            'measures', to_jsonb(i.measures), 'evidence', i.evidence, 'sources', i.sources)
                            ORDER BY i.item)
                        FROM inspections.result_items i WHERE i.visit = r.visit AND i.department = r.department
                            AND i.version = r.version)) ORDER BY r.version), '[]')
                FROM inspections.results r
                LEFT JOIN inspections.reviews w
                    ON w.visit = r.visit AND w.department = r.department AND w.version = r.version
                WHERE r.visit = s.visit AND r.department = s.department),
            'consequences', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'name', c.name,
                    'items', to_jsonb(c.items), 'ordered_on', c.ordered_on, 'demand', c.demand, 'due_on', c.due_on,
                    'reinspect_by', c.reinspect_by, 'approve_by', c.approve_by, 'decision', c.decision,
                    'legal_basis', c.legal_basis, 'addressee', c.addressee, 'done_on', c.done_on,
                    'approved', c.approved_at IS NOT NULL)
                    ORDER BY c.ordered_on, c.id), '[]')
                FROM inspections.consequence_states c WHERE c.visit = s.visit AND c.department = s.department))
        FROM inspections.visit_states s WHERE s.visit = v.id
        """

    /// The list as lines for people.
    public static func text(list: [JSONValue]) -> [String] {
        list.map { visit in
            let state = visit["state"]?.text ?? ""
            return [
                visit["visit"]?.text ?? "", visit["department"]?.text ?? "", "\(chinese(state)) \(state)",
                "\(visit["window_first"]?.text ?? "")—\(visit["window_last"]?.text ?? "")",
                visit["entity"]?.text ?? "", visit["entity_name"]?.text ?? "-", visit["method"]?.text ?? "",
                (visit["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、"),
                visit["late"] == true ? "逾期录入 late" : "",
            ].joined(separator: "\t")
        }
    }

    /// A visit as lines for people.
    public static func text(_ report: JSONValue) -> [String] {
        var lines = [
            "任务 visit        \(report["visit"]?.text ?? "")",
            "轮次 round        \(report["round"]?.text ?? "")",
            "对象 entity       \(report["entity"]?.text ?? "")  \(report["entity_name"]?.text ?? "-")  \(report["address"]?.text ?? "")",
            "期限 window       \(report["window_first"]?.text ?? "") 至 \(report["window_last"]?.text ?? "")  \(report["method"]?.text ?? "")",
        ]
        for part in report["parts"]?.elements ?? [] {
            let state = part["state"]?.text ?? ""
            lines.append(
                "部门 department   \(part["department"]?.text ?? "")  \(part["department_name"]?.text ?? "")  \(chinese(state)) \(state)"
            )
            for item in part["items"]?.elements ?? [] {
                let checklist =
                    item["checklist"]?["id"]?.text.map { "检查表 \($0) 第 \(item["checklist"]?["version"]?.number ?? 0) 版" }
                    ?? "尚无检查表 no checklist"
                lines.append("  事项 item       \(item["item"]?.text ?? "")  \(item["name"]?.text ?? "-")  \(checklist)")
            }
            for member in part["team"]?.elements ?? [] {
                lines.append(
                    "  人员 inspector  \(member["inspector"]?.text ?? "")  \(member["name"]?.text ?? "-")  执法证 \(member["certificate"]?.text ?? "-")"
                )
            }
            for amendment in part["amendments"]?.elements ?? [] {
                lines.append(
                    "  变更 amendment  第 \(amendment["number"]?.number ?? 0) 号  \(amendment["reason"]?.text ?? "")  "
                        + "\(amendment["replaced"]?.text ?? "") → \(amendment["substitute"]?.text ?? "-")")
            }
            for version in part["versions"]?.elements ?? [] {
                lines.append(
                    "  结果 result     第 \(version["version"]?.number ?? 0) 版  结束 \(version["ended_on"]?.text ?? "")  "
                        + (version["review"]?.text ?? "未审核 not reviewed")
                        + (version["late"] == true ? "  逾期录入 late" : ""))
                for item in version["items"]?.elements ?? [] {
                    let categories = (item["categories"]?.elements ?? []).compactMap(\.text).joined(separator: "、")
                    lines.append("    \(item["item"]?.text ?? "")  \(categories)  \(item["findings"]?.text ?? "")")
                }
            }
            for consequence in part["consequences"]?.elements ?? [] {
                let done = consequence["done_on"]?.text.map { "\($0) 办结 done" } ?? "未办结 open"
                lines.append(
                    "  处置 follow-up  \(consequence["id"]?.text ?? "")  \(consequence["name"]?.text ?? "")  "
                        + "期限 \(consequence["due_on"]?.text ?? "-")  \(done)")
            }
        }
        return lines
    }
}
