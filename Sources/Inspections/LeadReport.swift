public import JSON
public import Postgres
import Registers

/// What can be seen of leads and of what has become common.
public enum LeadReport {
    /// Leads by the day on which they were received.
    public static func list(department: String?, _ database: some PostgresQueryable) async throws -> [JSONValue] {
        try await database.query(
            """
            SELECT jsonb_build_object('lead', s.id, 'department', s.department, 'origin', s.origin, 'state', s.state,
                'received_on', s.received_on, 'entity', s.entity, 'subject', l.subject, 'items', to_jsonb(s.items),
                'unlicensed', s.unlicensed, 'act_by', s.act_by, 'decide_by', s.decide_by,
                'inspected_on', s.inspected_on, 'filed_on', s.filed_on, 'concluded_on', s.concluded_on)::text AS line
            FROM inspections.lead_states s JOIN inspections.leads l ON l.id = s.id
            WHERE \(optional: department)::text IS NULL OR s.department = \(optional: department)
            ORDER BY s.received_on, s.id
            """
        ).map { try JSONValue(parsing: $0.decode("line", as: String.self)) }
    }

    /// The list as lines for people.
    public static func text(list: [JSONValue]) -> [String] {
        list.map { lead in
            [
                lead["lead"]?.text ?? "", lead["department"]?.text ?? "", lead["origin"]?.text ?? "",
                lead["state"]?.text ?? "", lead["received_on"]?.text ?? "", lead["subject"]?.text ?? "",
                "立即检查期限 \(lead["act_by"]?.text ?? "-")", "立案决定期限 \(lead["decide_by"]?.text ?? "-")",
                lead["unlicensed"] == true ? "无证无照" : "",
            ].joined(separator: "\t")
        }
    }

    /// What is common today by the county's rule, and what was proposed for it.
    ///
    /// - Parameter all: also what stays below the thresholds.
    public static func common(all: Bool, _ pool: PostgresPool) async throws -> [JSONValue] {
        let rule = try await CountyRules.load(from: pool).commonFindings
        let today = try await Day.today(in: pool)
        let first = today.adding(days: 1 - rule.windowDays)
        let proposals = try await pool.query(
            """
            SELECT category, item, industry, id, rate_ppm::bigint AS rate_ppm, last_day::text AS last_day
            FROM inspections.special_proposals WHERE last_day >= \(first.description)::text::date ORDER BY proposed_at
            """)
        return try await CommonnessStore.groups(from: first, to: today, rule: rule, pool).compactMap { group in
            let rate = specialRate(for: group, rule: rule)
            guard all || rate != nil else { return nil }
            let proposal = try proposals.last { row in
                try row.decode("category", as: String.self) == group.category
                    && row.decode("item", as: String.self) == group.item
                    && row.decode("industry", as: String.self) == group.industry
            }
            return [
                "category": .string(group.category), "item": .string(group.item),
                "industry": .string(group.industry), "department": .string(group.department),
                "first_day": .string(first.description), "last_day": .string(today.description),
                "findings": .integer(group.findings), "entities": .integer(group.entities),
                "inspected": .integer(group.inspected), "common": .bool(rate != nil),
                "rate_ppm": rate.map { .integer($0) } ?? .null,
                "proposal": .nullable(try proposal?.decode("id", as: String.self)),
            ]
        }
    }

    /// What is common as lines for people.
    public static func text(common: [JSONValue]) -> [String] {
        common.map { group in
            let rate = group["rate_ppm"]?.number.map { "建议专项检查比例 \(Double($0) / 10_000) %" } ?? "未达阈值 below"
            return [
                group["item"]?.text ?? "", group["industry"]?.text ?? "", group["category"]?.text ?? "",
                "\(group["findings"]?.number ?? 0) 次", "\(group["entities"]?.number ?? 0) 户",
                "检查 \(group["inspected"]?.number ?? 0) 户", rate, group["proposal"]?.text ?? "-",
            ].joined(separator: "\t")
        }
    }
}
