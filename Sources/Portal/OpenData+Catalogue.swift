import JSON
import Postgres

extension OpenData {
    /// The departments with their figures.
    func departments() async throws -> JSONValue {
        try await document(
            """
            SELECT coalesce(jsonb_agg(jsonb_build_object('department', d.id, 'name', d.name, 'lead', d.lead,
                'address', '/departments/' || d.id,
                'items', (SELECT count(*) FROM open.items i WHERE i.department = d.id AND i.valid_to IS NULL),
                'results', (SELECT coalesce(sum(r.results), 0) FROM open.department_results r WHERE r.department = d.id))
                ORDER BY d.lead DESC, d.id), '[]')::text
            FROM open.departments d WHERE d.valid_to IS NULL
            """) ?? []
    }

    /// One department: its items, plans and what it drew; `nil` when there is none and never was.
    func department(_ id: String) async throws -> JSONValue? {
        try await document(
            """
            SELECT jsonb_build_object('department', d.id, 'name', d.name, 'lead', d.lead, 'units', d.units,
                'retired', d.valid_to IS NOT NULL,
                'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('item', i.id, 'name', i.name, 'category', i.category,
                        'address', '/items/' || i.id) ORDER BY i.id), '[]')
                    FROM open.items i WHERE i.department = d.id AND i.valid_to IS NULL),
                'plans', (SELECT coalesce(jsonb_agg(jsonb_build_object('plan', p.id, 'title', p.title, 'year', p.year,
                        'kind', p.kind, 'address', '/plans/' || p.id) ORDER BY p.year DESC, p.id), '[]')
                    FROM open.plans p WHERE p.in_force AND (p.department = d.id
                        OR p.document @> jsonb_build_object('lines',
                            jsonb_build_array(jsonb_build_object('parts',
                                jsonb_build_array(jsonb_build_object('department', d.id))))))),
                'months', (SELECT coalesce(jsonb_agg(jsonb_build_object('month', r.month, 'results', r.results,
                        'findings', r.findings) ORDER BY r.month), '[]')
                    FROM (SELECT * FROM open.department_results r WHERE r.department = d.id
                        ORDER BY month DESC LIMIT 24) AS r))::text
            FROM open.departments d WHERE d.id = \(id) ORDER BY d.valid_to DESC NULLS FIRST, d.valid_from DESC LIMIT 1
            """)
    }

    private static let item: SQL = """
        jsonb_build_object('item', i.id, 'name', i.name, 'address', '/items/' || i.id, 'department', i.department,
            'department_name', open.department_name(i.department), 'category', i.category, 'object_kind', i.object_kind,
            'methods', i.methods, 'cap_ppm', i.cap_ppm, 'legal_basis', i.legal_basis, 'subject', i.subject,
            'authority', i.authority, 'frequency', i.frequency, 'joint', i.joint, 'joint_batch', i.joint_batch,
            'outside_reason', i.outside_reason, 'in_force_from', i.in_force_from, 'in_force_until', i.in_force_until,
            'valid_from_at', open.instant(i.valid_from), 'valid_to_at', open.instant(i.valid_to))
        """

    /// The catalogue in force (抽查事项清单), by department; or, of them, the joint ones with why others stay outside.
    func items(department: String? = nil, joint: Bool = false, after: String?) async throws -> (
        rows: [JSONValue], next: String?
    ) {
        var conditions: SQL = "i.valid_to IS NULL AND i.id > \(after ?? "")"
        if let department { conditions = "\(conditions) AND i.department = \(department)" }
        if joint { conditions = "\(conditions) AND (i.joint OR i.outside_reason <> '')" }
        return try await list(
            "SELECT \(Self.item)::text, i.id FROM open.items i WHERE \(conditions) ORDER BY i.id LIMIT 101", size: 100)
    }

    /// One item with all its versions and its checklists (工作指引); `nil` when there never was one.
    func item(_ id: String) async throws -> JSONValue? {
        let document = try await document(
            """
            SELECT jsonb_build_object(
                'versions', (SELECT jsonb_agg(\(Self.item) ORDER BY i.valid_from DESC) FROM open.items i WHERE i.id = \(id)),
                'checklists', (SELECT coalesce(jsonb_agg(jsonb_build_object('checklist', c.id, 'version', c.version,
                        'title', c.title, 'steps', c.steps, 'in_force_from', c.in_force_from,
                        'in_force', c.valid_to IS NULL) ORDER BY c.id, c.version DESC), '[]')
                    FROM open.checklists c WHERE c.item = \(id)))::text
            """)
        guard case .object(var members) = document, case .array(let versions)? = members["versions"],
            case .object(let newest)? = versions.first
        else { return nil }
        members.merge(newest) { document, _ in document }
        return .object(members)
    }

    /// Work rules, guides and other documents in force, and those before.
    func documents() async throws -> JSONValue {
        try await document(
            """
            SELECT coalesce(jsonb_agg(jsonb_build_object('document', d.id, 'title', d.title, 'number', d.number,
                'form', d.form, 'scope', d.scope, 'department', d.department,
                'department_name', open.department_name(d.department), 'in_force_from', d.in_force_from,
                'in_force_until', d.in_force_until, 'file_name', d.file_name, 'file_sha256', d.file_sha256,
                'valid_from_at', open.instant(d.valid_from), 'valid_to_at', open.instant(d.valid_to),
                'in_force', d.valid_to IS NULL) ORDER BY d.valid_to NULLS FIRST, d.in_force_from DESC, d.id), '[]')::text
            FROM open.documents d
            """) ?? []
    }

    /// The rules that the county has set for itself, with basis and history.
    func rules() async throws -> JSONValue {
        try await document(
            """
            SELECT coalesce(jsonb_agg(jsonb_build_object('rule', r.key, 'value', r.value, 'value_text', r.value #>> '{}',
                'basis', r.basis, 'note', r.note, 'valid_from_at', open.instant(r.valid_from),
                'valid_to_at', open.instant(r.valid_to), 'in_force', r.valid_to IS NULL)
                ORDER BY r.key, r.valid_from DESC), '[]')::text
            FROM open.rules r
            """) ?? []
    }

    /// Heads of the audit log, newest first.
    func auditHeads(after: Int?) async throws -> (rows: [JSONValue], next: String?) {
        try await list(
            """
            SELECT jsonb_build_object('number', h.number, 'hash', h.hash, 'occasion', h.occasion, 'day', h.day,
                'round', h.round, 'published_at', open.instant(h.published_at))::text, h.number::text
            FROM open.audit_heads h WHERE h.number < \(after ?? Int.max) ORDER BY h.number DESC LIMIT 51
            """, size: 50)
    }
}
