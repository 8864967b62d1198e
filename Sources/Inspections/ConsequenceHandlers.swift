import Cluster
import JSON
import Postgres
import Registers

/// Consequences: ordered, and each step until they are done.
struct ConsequenceHandlers: Sendable {
    let topics: Topics

    var handlers: [SubmissionHandler] {
        [
            SubmissionHandler(type: Consequence.eventType, role: .result, handle: order),
            SubmissionHandler(type: ConsequenceStep.eventType, role: .result, handle: step),
        ]
    }

    @Sendable
    private func order(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let consequence = try Consequence(parsing: submission.data)
        let visit: String?
        let lead: String?
        switch consequence.ground {
        case .visit(let id): (visit, lead) = (id, nil)
        case .lead(let id): (visit, lead) = (nil, id)
        }
        try await InspectionStore.lock(
            visit.map { "result:\($0)/\(consequence.department)" } ?? "lead:\(lead ?? "")", transaction)
        let ground = try await ground(of: consequence, visit: visit, lead: lead, transaction)
        let kinds = try await transaction.query("SELECT kind FROM inspections.consequence_kinds")
        let facts = ConsequenceFacts(
            today: try await Day.today(in: transaction), ground: ground,
            kinds: Set(try kinds.map { try $0.decode("kind", as: String.self) }),
            terms: try await CountyRules.load(from: transaction).inspectionTerms,
            calendar: try await WorkingCalendar.load(from: transaction))
        let days = try decide(consequence, signer: submission.department, facts: facts)
        let inserted = try await transaction.execute(
            """
            INSERT INTO inspections.consequences (id, kind, department, visit, version, lead, entity, items, ordered_on,
                demand, due_on, reinspect_by, approve_by, hand_over_hours, decision, legal_basis, addressee, source,
                submission)
            VALUES (\(consequence.id), \(consequence.kind), \(consequence.department), \(optional: visit),
                \(optional: ground?.version)::int8::int4, \(optional: lead), \(optional: ground?.entity),
                \(consequence.items), \(consequence.orderedOn.description)::text::date, \(consequence.demand),
                \(optional: days.dueOn?.description)::text::date,
                \(optional: days.reinspectBy?.description)::text::date,
                \(optional: days.approveBy?.description)::text::date, \(optional: days.handOverHours)::int8::int4,
                \(optional: consequence.decision), \(optional: consequence.legalBasis),
                \(optional: consequence.addressee), \(submission.source), \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(field: "id", code: "id.taken", message: "编号 \(consequence.id) 已被使用，请换一个；use another id")
        }
        var details: [String: JSONValue] = ["consequence": .string(consequence.id)]
        details["due_on"] = days.dueOn.map { .string($0.description) }
        details["reinspect_by"] = days.reinspectBy.map { .string($0.description) }
        details["approve_by"] = days.approveBy.map { .string($0.description) }
        return Effects(
            details: .object(details),
            messages: messages(
                .ordered, consequence.id, consequence.kind, department: consequence.department, entity: ground?.entity,
                ground: visit ?? lead ?? "", version: ground?.version, items: consequence.items,
                on: consequence.orderedOn))
    }

    private func ground(
        of consequence: Consequence, visit: String?, lead: String?, _ transaction: PostgresTransaction
    ) async throws -> ConsequenceFacts.Ground? {
        let rows =
            if let visit {
                try await transaction.query(
                    """
                    SELECT r.ended_on::text AS ended_on, r.entity, r.version::bigint AS version,
                        ARRAY(SELECT item FROM inspections.result_items i WHERE i.visit = r.visit
                            AND i.department = r.department AND i.version = r.version) AS items
                    FROM inspections.results r
                    WHERE r.visit = \(visit) AND r.department = \(consequence.department)
                    ORDER BY r.version DESC LIMIT 1
                    """)
            } else {
                try await transaction.query(
                    """
                    SELECT e.on_day::text AS ended_on, l.entity, NULL::bigint AS version,
                        ARRAY(SELECT item FROM inspections.lead_items i WHERE i.event = e.number) AS items
                    FROM inspections.leads l
                    JOIN inspections.lead_events e ON e.lead = l.id AND e.kind = 'inspected'
                    WHERE l.id = \(optional: lead) AND l.department = \(consequence.department)
                    ORDER BY e.number DESC LIMIT 1
                    """)
            }
        guard let row = rows.first else { return nil }
        var ordered: [String: Set<String>] = [:]
        for row in try await transaction.query(
            """
            SELECT kind, items FROM inspections.consequences
            WHERE department = \(consequence.department)
                AND (visit = \(optional: visit) OR lead = \(optional: lead))
            """)
        {
            ordered[try row.decode("kind", as: String.self), default: []].formUnion(
                try row.decode("items", as: [String].self))
        }
        return ConsequenceFacts.Ground(
            endedOn: try row.day("ended_on"), items: try row.decode("items", as: [String].self),
            entity: try row.decode("entity", as: String?.self), version: try row.decode("version", as: Int?.self),
            ordered: ordered)
    }

    @Sendable
    private func step(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let step = try ConsequenceStep(parsing: submission.data)
        try await InspectionStore.lock("consequence:\(step.consequence)", transaction)
        let instant = "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\""
        let row = try await transaction.query(
            """
            SELECT kind, department, entity, visit, lead, version::bigint AS version, items,
                ordered_on::text AS ordered_on, due_on::text AS due_on, reinspect_by::text AS reinspect_by,
                approve_by::text AS approve_by, done_on::text AS done_on,
                to_char(approved_at AT TIME ZONE 'UTC', \(instant)) AS approved_at,
                to_char(hand_over_by AT TIME ZONE 'UTC', \(instant)) AS hand_over_by
            FROM inspections.consequence_states WHERE id = \(step.consequence)
            """
        ).first
        var facts: StepFacts?
        if let row {
            var due: [ConsequenceStep.Kind: Day] = [:]
            due[.done] = try row.optionalDay("due_on")
            due[.reinspected] = try row.optionalDay("reinspect_by")
            due[.approved] = try row.optionalDay("approve_by")
            due[.refused] = due[.approved]
            let approvedAt = try row.decode("approved_at", as: String?.self)
            let handOverBy = try row.decode("hand_over_by", as: String?.self)
            facts = StepFacts(
                today: try await Day.today(in: transaction),
                department: try row.decode("department", as: String.self),
                kind: try row.decode("kind", as: String.self), orderedOn: try row.day("ordered_on"),
                doneOn: try row.optionalDay("done_on"), due: due,
                approval: approvedAt.map { (at: $0, handOverBy: handOverBy ?? $0) })
        }
        let late = try decide(step, signer: submission.department, facts: facts)
        guard let row else { return Effects() }
        try await transaction.execute(
            """
            INSERT INTO inspections.consequence_events
                (consequence, kind, on_day, instant, outcome, note, evidence, late, source, submission)
            VALUES (\(step.consequence), \(step.kind.rawValue), \(step.on.description)::text::date,
                \(optional: step.instant)::text::timestamptz, \(optional: step.outcome?.rawValue),
                \(optional: step.note), \(InspectionStore.json(step.evidence.map(\.json))), \(optional: late),
                \(submission.source), \(submission.id))
            """)
        let isDone = step.kind != .approved && step.outcome != .notCorrected
        let ground = try row.decode("visit", as: String?.self) ?? row.decode("lead", as: String?.self) ?? ""
        return Effects(
            details: [
                "consequence": .string(step.consequence), "done": .bool(isDone),
                "late": late.map { .bool($0) } ?? .null,
            ],
            messages: isDone
                ? messages(
                    .done, step.consequence, try row.decode("kind", as: String.self), department: step.department,
                    entity: try row.decode("entity", as: String?.self), ground: ground,
                    version: try row.decode("version", as: Int?.self),
                    items: try row.decode("items", as: [String].self),
                    on: step.on)
                : [])
    }

    /// What the notifier and the credit system are told.
    private func messages(
        _ kind: CreditFact.Kind, _ id: String, _ consequence: String, department: String, entity: String?,
        ground: String, version: Int?, items: [String], on day: Day
    ) -> [Outgoing] {
        let changed = Outgoing(
            topic: topics.events, key: id, type: "cn.yaohao.inspections.consequence-changed.v1", subject: id,
            data: [
                "consequence": .string(id), "kind": .string(consequence), "department": .string(department),
                "state": .string(kind == .done ? "done" : "open"), "on": .string(day.description),
            ])
        // What asks for nothing more is no fact of anybody's record, and persons in no register have none.
        guard let entity, consequence != Consequence.Kind.none else { return [changed] }
        let fact = CreditFact(
            kind: kind, entity: entity, department: department, ground: ground, version: version, items: items,
            categories: [], consequence: (id, consequence), on: day)
        return [changed, fact.message(topics)]
    }
}
