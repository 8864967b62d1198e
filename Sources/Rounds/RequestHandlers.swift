import Cluster
import Draw
import JSON
import Postgres

extension Rounds {
    @Sendable
    func request(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.Requested(submission.data)
        let request = message.request
        let state = try await RoundStore.locked(message.round, transaction)
        var reasons = RoundDecision.request(state)
        if request.department != submission.department {
            reasons.append(
                Reason(
                    field: "request.department", code: "department.other",
                    message: "只能为本部门 \(submission.department) 申请"))
        }
        let items = try await transaction.query(
            """
            SELECT id, department, cap_ppm, in_force_from::text AS in_force_from,
                in_force_until::text AS in_force_until
            FROM registers.items
            WHERE valid_to IS NULL AND id = ANY(\(request.items))
            """
        ).map {
            CatalogueItem(
                id: try $0.decode("id", as: String.self), department: try $0.decode("department", as: String.self),
                capPPM: try $0.decode("cap_ppm", as: Int?.self),
                inForceFrom: try $0.decode("in_force_from", as: String?.self),
                inForceUntil: try $0.decode("in_force_until", as: String?.self))
        }
        reasons += CatalogueItem.reasons(request, catalogue: items)
        let lines = try await PlannedLine.locked(message.planLines, transaction)
        reasons += PlannedLine.reasons(request, named: message.planLines, lines: lines)
        try refuse(reasons)
        // Two rounds that are asked at once for the same item are asked one after the other.
        for item in Set(request.items).sorted(by: Grammar.precedes) {
            _ = try await transaction.query(
                "SELECT pg_advisory_xact_lock(hashtextextended(\("item:" + item), 0))")
        }
        let inserted = try await transaction.execute(
            """
            INSERT INTO rounds.requests (round, id, department, body, note)
            VALUES (\(message.round), \(request.id), \(request.department),
                \(String(decoding: request.json.canonical, as: UTF8.self)), \(optional: message.note))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "request.id", code: "request.exists", message: "本轮已有申请 \(request.id)；请换编号")
        }
        for line in lines where line.department == request.department {
            let carried = request.items.filter(line.items.contains)
            try await transaction.execute(
                """
                INSERT INTO rounds.plan_draws (round, request, plan, line, department, item, draw)
                SELECT \(message.round), \(request.id), \(line.plan), \(line.line), \(line.department), item,
                    \(line.nextDraw(of: carried))::int4
                FROM unnest(\(carried)::text[]) AS item
                """)
        }
        try await transaction.execute(
            "UPDATE rounds.rounds SET state = 'collecting' WHERE id = \(message.round) AND state = 'opened'")
        let rules = try await RequestRules.outcome(round: message.round, .requested(request.id), transaction)
        try refuse(rules.refused.map { $0.reason(isNamed: false) })
        return Effects(
            details: Self.details(
                ["request": .string(request.id)], warnings: rules.warnings.map { $0.reason(isNamed: false) }))
    }

    /// A department takes back what it has asked for, while the round still collects; its draws are free again.
    @Sendable
    func withdraw(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.Withdrawn(submission.data)
        let state = try await RoundStore.locked(message.round, transaction)
        try refuse(RoundDecision.request(state))
        let department = try await transaction.query(
            "SELECT department FROM rounds.requests WHERE round = \(message.round) AND id = \(message.request)"
        ).first?.decode("department", as: String.self)
        guard let department else {
            throw Rejection(
                field: "request", code: "request.unknown", message: "本轮没有申请 \(message.request)；请核对编号")
        }
        guard department == submission.department else {
            throw Rejection(
                field: "request", code: "department.other",
                message: "\(message.request) 是 \(department) 的申请，只能由其撤回")
        }
        try await transaction.execute(
            """
            INSERT INTO rounds.withdrawn_requests
                (round, id, department, body, note, plan_lines, submitted_at, reason, withdrawn_by)
            SELECT round, id, department, body, note, ARRAY(SELECT DISTINCT d.plan || '/' || d.line
                FROM rounds.plan_draws d WHERE d.round = q.round AND d.request = q.id ORDER BY 1),
                submitted_at, \(message.reason), \(submission.source)
            FROM rounds.requests q WHERE round = \(message.round) AND id = \(message.request)
            """)
        try await transaction.execute(
            "DELETE FROM rounds.plan_draws WHERE round = \(message.round) AND request = \(message.request)")
        try await transaction.execute(
            "DELETE FROM rounds.requests WHERE round = \(message.round) AND id = \(message.request)")
        return Effects(details: ["request": .string(message.request)])
    }
}
