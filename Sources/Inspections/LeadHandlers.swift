import Cluster
import JSON
import Postgres
import Registers

/// Leads: reported, inspected by named inspectors, filed as cases, concluded.
struct LeadHandlers: Sendable {
    let topics: Topics

    var handlers: [SubmissionHandler] {
        [
            SubmissionHandler(type: Lead.eventType, role: .result, handle: report),
            SubmissionHandler(type: InspectedLead.eventType, role: .result, handle: inspect),
        ]
            + ClosedLead.Kind.allCases.map { kind in
                SubmissionHandler(type: kind.eventType, role: .result) { submission, transaction in
                    try await close(ClosedLead(kind, parsing: submission.data), submission, transaction)
                }
            }
    }

    @Sendable
    private func report(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let lead = try Lead(parsing: submission.data)
        let entity = try await transaction.query(
            """
            SELECT name, address, region, industry FROM registers.entities
            WHERE id = \(optional: lead.entity) AND valid_to IS NULL
            """
        ).first
        let departments = try await transaction.query(
            "SELECT id, department FROM registers.items WHERE id = ANY(\(lead.items)) AND valid_to IS NULL"
        ).map { (try $0.decode("id", as: String.self), try $0.decode("department", as: String.self)) }
        let days = try decide(
            lead, signer: submission.department,
            facts: LeadFacts(
                today: try await Day.today(in: transaction), isRegistered: entity != nil,
                departments: Dictionary(departments, uniquingKeysWith: { first, _ in first }),
                terms: try await CountyRules.load(from: transaction).inspectionTerms,
                calendar: try await WorkingCalendar.load(from: transaction)))
        func subject(_ column: String, _ stated: String?) throws -> String {
            try stated ?? entity?.decode(column, as: String.self) ?? ""
        }
        let inserted = try await transaction.execute(
            """
            INSERT INTO inspections.leads (id, department, origin, received_on, entity, subject, address, region,
                industry, items, unlicensed, summary, act_by, decide_by, source, submission)
            VALUES (\(lead.id), \(lead.department), \(lead.origin.rawValue),
                \(lead.receivedOn.description)::text::date, \(optional: lead.entity),
                \(try subject("name", lead.subject?.name)), \(try subject("address", lead.subject?.address)),
                \(try subject("region", lead.subject?.region)), \(try subject("industry", lead.subject?.industry)),
                \(lead.items), \(lead.unlicensed), \(lead.summary), \(days.actBy.description)::text::date,
                \(days.decideBy.description)::text::date, \(submission.source), \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(field: "id", code: "id.taken", message: "编号 \(lead.id) 已被使用，请换一个；use another id")
        }
        return Effects(
            details: [
                "lead": .string(lead.id), "act_by": .string(days.actBy.description),
                "decide_by": .string(days.decideBy.description),
            ],
            messages: [event(lead.id, lead.department, "reported", on: lead.receivedOn)])
    }

    @Sendable
    private func inspect(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let inspected = try InspectedLead(parsing: submission.data)
        try await InspectionStore.lock("lead:\(inspected.lead)", transaction)
        let rules = try await CountyRules.load(from: transaction)
        let certified = try await transaction.query(
            """
            SELECT i.id FROM registers.inspectors i
            WHERE i.valid_to IS NULL AND i.department = \(inspected.department)
                AND i.certificate_until >= \(inspected.on.description)::text::date
                AND NOT EXISTS (SELECT FROM inspections.leads l
                    LEFT JOIN registers.recusals_at('infinity') r ON r.inspector = i.id AND r.entity = l.entity
                        AND r.days @> \(inspected.on.description)::text::date
                    WHERE l.id = \(inspected.lead) AND (r.id IS NOT NULL OR l.entity = ANY(i.recused)))
            """)
        try decide(
            inspected, signer: submission.department, today: try await Day.today(in: transaction),
            state: try await state(inspected.lead, transaction),
            certified: Set(try certified.map { try $0.decode("id", as: String.self) }), least: rules.leastInspectors,
            categories: try await InspectionStore.categories(transaction))
        let number = try await transaction.query(
            """
            INSERT INTO inspections.lead_events (lead, kind, on_day, inspectors, source, submission)
            VALUES (\(inspected.lead), 'inspected', \(inspected.on.description)::text::date, \(inspected.inspectors),
                \(submission.source), \(submission.id))
            RETURNING number
            """
        ).first?.decode("number", as: Int.self)
        for item in inspected.items {
            try await transaction.execute(
                """
                INSERT INTO inspections.lead_items (event, lead, item, categories, findings, measures, evidence, sources)
                VALUES (\(optional: number), \(inspected.lead), \(item.item), \(item.categories),
                    \(optional: item.findings), \(item.measures), \(InspectionStore.json(item.evidence.map(\.json))),
                    \(InspectionStore.json(item.sources.map(\.json))))
                """)
        }
        let common = try await CommonnessStore(topics: topics).propose(
            items: inspected.items.map(\.item), rule: rules.commonFindings, transaction)
        return Effects(
            details: ["lead": .string(inspected.lead), "drawn": false],
            messages: [event(inspected.lead, inspected.department, "inspected", on: inspected.on)] + common)
    }

    private func close(
        _ closed: ClosedLead, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        try await InspectionStore.lock("lead:\(closed.lead)", transaction)
        try decide(
            closed, signer: submission.department, today: try await Day.today(in: transaction),
            state: try await state(closed.lead, transaction))
        try await transaction.execute(
            """
            INSERT INTO inspections.lead_events (lead, kind, on_day, outcome, note, source, submission)
            VALUES (\(closed.lead), \(closed.kind.rawValue), \(closed.on.description)::text::date, \(closed.outcome),
                \(optional: closed.note), \(submission.source), \(submission.id))
            """)
        return Effects(
            details: ["lead": .string(closed.lead)],
            messages: [event(closed.lead, closed.department, closed.kind.rawValue, on: closed.on)])
    }

    private func state(_ lead: String, _ transaction: PostgresTransaction) async throws -> LeadState? {
        try await transaction.query(
            """
            SELECT department, received_on::text AS received_on, items, inspected_on::text AS inspected_on,
                filed_on::text AS filed_on, concluded_on::text AS concluded_on
            FROM inspections.lead_states WHERE id = \(lead)
            """
        ).first.map { row in
            LeadState(
                department: try row.decode("department", as: String.self), receivedOn: try row.day("received_on"),
                items: try row.decode("items", as: [String].self), inspectedOn: try row.optionalDay("inspected_on"),
                filedOn: try row.optionalDay("filed_on"), concludedOn: try row.optionalDay("concluded_on"))
        }
    }

    private func event(_ lead: String, _ department: String, _ state: String, on day: Day) -> Outgoing {
        Outgoing(
            topic: topics.events, key: lead, type: "cn.yaohao.inspections.lead-changed.v1", subject: lead,
            data: [
                "lead": .string(lead), "department": .string(department), "state": .string(state),
                "on": .string(day.description),
            ])
    }
}
