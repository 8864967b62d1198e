import Cluster
import Draw
import JSON
import Postgres
import Registers

/// Finds what has become common, and proposes special inspections.
struct CommonnessStore: Sendable {
    /// The CloudEvents type of the event that says a special inspection is proposed.
    static let eventType = "cn.yaohao.inspections.special-proposed.v1"

    let topics: Topics

    /// Proposes special inspections for the given matters, once a window for each category, matter and industry.
    ///
    /// - Returns: the events.
    func propose(
        items: [String], rule: CountyRules.CommonFindings, _ transaction: PostgresTransaction
    ) async throws -> [Outgoing] {
        let today = try await Day.today(in: transaction)
        let first = today.adding(days: 1 - rule.windowDays)
        var messages: [Outgoing] = []
        for group in try await Self.groups(from: first, to: today, rule: rule, items: items, transaction) {
            guard let rate = specialRate(for: group, rule: rule) else { continue }
            let key = [group.category, group.item, group.industry].joined(separator: "\u{1f}")
            try await InspectionStore.lock("special:\(key)", transaction)
            let id = "SP-" + Hash(of: "\(key)\u{1f}\(today)").hex.prefix(16)
            let inserted = try await transaction.execute(
                """
                INSERT INTO inspections.special_proposals
                    (id, category, item, industry, department, first_day, last_day, findings, entities, rate_ppm, rule)
                SELECT \(id), \(group.category), \(group.item), \(group.industry), \(group.department),
                    \(first.description)::text::date, \(today.description)::text::date, \(group.findings)::int4,
                    \(group.entities)::int4, \(rate)::int4, \(JSONText(rule.json))
                WHERE NOT EXISTS (SELECT FROM inspections.special_proposals
                    WHERE category = \(group.category) AND item = \(group.item) AND industry = \(group.industry)
                        AND last_day >= \(first.description)::text::date)
                """)
            guard inserted == 1 else { continue }
            messages.append(
                Outgoing(
                    topic: topics.events, key: group.department, type: Self.eventType, subject: id,
                    data: [
                        "proposal": .string(id), "department": .string(group.department), "item": .string(group.item),
                        "category": .string(group.category), "industry": .string(group.industry),
                        "first_day": .string(first.description), "last_day": .string(today.description),
                        "findings": .integer(group.findings), "entities": .integer(group.entities),
                        "rate_ppm": .integer(rate),
                    ]))
        }
        return messages
    }

    /// The groups of findings within some days, most findings first.
    static func groups(
        from first: Day, to last: Day, rule: CountyRules.CommonFindings, items: [String]? = nil,
        _ database: some PostgresQueryable
    ) async throws -> [FindingGroup] {
        try await database.query(
            """
            SELECT * FROM inspections.finding_groups(\(first.description)::text::date, \(last.description)::text::date,
                \(rule.industryLength)::int4, \(optional: items)::text[])
            ORDER BY findings DESC, item, category, industry
            """
        ).map { row in
            FindingGroup(
                category: try row.decode("category", as: String.self), item: try row.decode("item", as: String.self),
                industry: try row.decode("industry", as: String.self),
                department: try row.decode("department", as: String.self),
                findings: try row.decode("findings", as: Int.self), entities: try row.decode("entities", as: Int.self),
                inspected: try row.decode("inspected", as: Int.self))
        }
    }
}
