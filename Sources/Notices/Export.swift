public import JSON
public import Postgres
public import Registers

/// What the mandated platform (部门协同监管平台、国家企业信用信息公示系统) is given as import sheets.
public enum Export: String, Sendable, CaseIterable {
    /// The item catalogue (抽查事项清单).
    case catalogue
    /// The lines of the plans in force (抽查计划).
    case plans
    /// Draws: one row for each request of a round (抽查任务), and those made elsewhere.
    case draws
    /// Published results, one row for each item (抽查检查结果).
    case results

    /// The fields of its rows, with what they are called unless a mapping says otherwise.
    var columns: [(field: String, header: String)] {
        switch self {
        case .catalogue:
            [
                ("item", "抽查事项编码"), ("name", "抽查事项名称"), ("category", "事项类别"), ("object_kind", "抽查对象"),
                ("methods", "检查方式"), ("subject", "抽查主体"), ("authority", "执法权限"), ("legal_basis", "抽查依据"),
                ("department", "部门"), ("joint", "联合抽查"), ("task_number", "平台编号"), ("address", "公示网址"),
            ]
        case .plans:
            [
                ("plan", "计划编号"), ("title", "计划名称"), ("year", "年度"), ("kind", "计划类型"), ("line", "序号"),
                ("lead", "发起部门"), ("department", "参与部门"), ("items", "抽查事项"), ("methods", "检查方式"),
                ("draws", "抽取次数"), ("task_number", "平台编号"), ("address", "公示网址"),
            ]
        case .draws:
            [
                ("draw", "任务编号"), ("title", "任务名称"), ("department", "部门"), ("items", "抽查事项"), ("pool", "对象总数"),
                ("objects", "抽取户数"), ("drawn_on", "抽取日期"), ("system", "抽取系统"), ("reason", "系统外抽取原因"),
                ("commitment", "承诺值"), ("task_number", "平台编号"), ("address", "公示网址"),
            ]
        case .results:
            [
                ("uscc", "统一社会信用代码"), ("entity_name", "企业名称"), ("department", "检查机关"), ("visit", "任务编号"),
                ("item", "抽查事项编码"), ("item_name", "抽查事项名称"), ("categories", "检查结果"), ("findings", "检查情况"),
                ("ended_on", "检查日期"), ("version", "版本"), ("published_on", "公示日期"), ("task_number", "平台编号"),
                ("address", "公示网址"),
            ]
        }
    }

    /// The fields of its rows.
    public var fields: [String] { columns.map(\.field) }

    /// Its sheet where the county has no mapping of its own.
    public func mapping() throws -> ExportMapping {
        let lines = columns.map { "  - {header: \"\($0.header)\", field: \($0.field)}" }
        return try ExportMapping(
            yaml: "sheet: \(rawValue)\ncolumns:\n" + lines.joined(separator: "\n"), fields: fields, name: rawValue)
    }

    /// Its rows as they are now. Who was drawn is in none of them before the result is published.
    ///
    /// - Parameters:
    ///   - department: only those of this department.
    ///   - days: only what was drawn or published on these days; catalogue and plans are those in force.
    public func rows(
        department: String? = nil, from: Day? = nil, to: Day? = nil, in database: some PostgresQueryable
    ) async throws -> [JSONValue] {
        let from = from?.description ?? "0001-01-01"
        let to = to?.description ?? "9999-12-31"
        return try await database.query(
            """
            SELECT to_jsonb(r)::text AS row FROM (\(query(from: from, to: to))) AS r
            WHERE (r.department = \(optional: department)::text) IS NOT FALSE
            """
        ).map { try JSONValue(parsing: try $0.decode("row", as: String.self)) }
    }

    private func platform(_ kind: String, _ subject: SQL, _ department: SQL) -> SQL {
        """
        LEFT JOIN LATERAL (
            SELECT task_number, address FROM notices.platform_records
            WHERE kind = \(kind) AND subject = \(subject) AND department = \(department)
            ORDER BY recorded_at DESC LIMIT 1) AS x ON true
        """
    }

    private func query(from: String, to: String) -> SQL {
        switch self {
        case .catalogue:
            """
            SELECT i.id AS item, i.name, CASE i.category WHEN 'key' THEN '重点检查事项' ELSE '一般检查事项' END AS category,
                i.object_kind, i.methods, coalesce(nullif(i.subject, ''), d.name, i.department) AS subject, i.authority,
                i.legal_basis, i.department, i.joint, x.task_number, x.address
            FROM registers.items i
            LEFT JOIN registers.departments d ON d.id = i.department AND d.valid_to IS NULL
            \(platform("item", "i.id", "i.department"))
            WHERE i.valid_to IS NULL ORDER BY i.department, i.id
            """
        case .plans:
            """
            SELECT l.plan, v.title, l.year, CASE l.kind WHEN 'joint' THEN '部门联合' ELSE '部门内部' END AS kind, l.line,
                l.lead, l.department, l.items, l.methods, l.draws, x.task_number, x.address
            FROM plans.drawable_lines l
            JOIN plans.versions v ON v.plan = l.plan AND v.version = l.version
            \(platform("plan", "l.plan", "l.lead"))
            WHERE l.state = 'published' ORDER BY l.plan, l.line, l.department
            """
        case .draws:
            """
            SELECT r.id || '/' || q.id AS draw, coalesce(q.note, r.id) AS title, q.department,
                q.body::jsonb -> 'items' AS items, NULL::integer AS pool, cardinality(s.entities) AS objects,
                (r.drawn_at AT TIME ZONE 'Asia/Shanghai')::date::text AS drawn_on, '摇号' AS system, NULL::text AS reason,
                r.commitment, x.task_number, x.address
            FROM rounds.rounds r
            JOIN rounds.requests q ON q.round = r.id
            LEFT JOIN rounds.selections s ON s.round = r.id AND s.request = q.id
            \(platform("draw", "r.id", "q.department"))
            WHERE r.state IN ('drawn', 'closed')
                AND (r.drawn_at IS NULL OR (r.drawn_at AT TIME ZONE 'Asia/Shanghai')::date
                    BETWEEN \(from)::text::date AND \(to)::text::date)
            UNION ALL
            SELECT o.id, o.title, o.department, to_jsonb(o.items), o.pool, o.objects, o.drawn_on::text, o.system, o.reason,
                NULL, o.task_number, o.address
            FROM notices.outside_draws o
            WHERE o.drawn_on BETWEEN \(from)::text::date AND \(to)::text::date
            ORDER BY drawn_on, draw
            """
        case .results:
            """
            SELECT coalesce(nullif(e.uscc, ''), p.entity) AS uscc, p.entity_name, p.department, p.visit,
                i.value ->> 'item' AS item, n.name AS item_name, i.value -> 'categories' AS categories,
                i.value ->> 'findings' AS findings, p.ended_on::text AS ended_on, p.version,
                (p.published_at AT TIME ZONE 'Asia/Shanghai')::date::text AS published_on, x.task_number, x.address
            FROM open.current_publications p
            CROSS JOIN LATERAL jsonb_array_elements(p.body::jsonb -> 'items') AS i
            LEFT JOIN LATERAL (
                SELECT uscc FROM registers.entities WHERE id = p.entity ORDER BY valid_from DESC LIMIT 1) AS e ON true
            LEFT JOIN LATERAL (
                SELECT name FROM registers.items WHERE id = i.value ->> 'item'
                ORDER BY valid_from DESC LIMIT 1) AS n ON true
            \(platform("result", "p.id", "p.department"))
            WHERE (p.published_at AT TIME ZONE 'Asia/Shanghai')::date
                BETWEEN \(from)::text::date AND \(to)::text::date
            ORDER BY p.published_at, p.id, item
            """
        }
    }
}
