public import Cluster
import Draw
import JSON
import Postgres
import Registers

/// The life of annual and joint plans: what departments and the joint conference office may say of them.
public struct Plans: Sendable {
    let topics: Topics

    /// The slice over a county's topics.
    public init(topics: Topics) { self.topics = topics }

    /// What the slice takes from the topic of plan submissions.
    public var handlers: [SubmissionHandler] {
        [
            SubmissionHandler(type: PlanMessage.Kind.drafted, role: .plan, handle: draft),
            SubmissionHandler(type: PlanMessage.Kind.changed, role: .plan, handle: change),
            SubmissionHandler(type: PlanMessage.Kind.checked, role: .review, handle: check),
            SubmissionHandler(type: PlanMessage.Kind.approved, role: .approve, handle: approve),
            SubmissionHandler(type: PlanMessage.Kind.reported, role: .approve, handle: report),
            SubmissionHandler(type: PlanMessage.Kind.received, role: .office, handle: receive),
            SubmissionHandler(type: PlanMessage.Kind.published, role: .approve, handle: publish),
            SubmissionHandler(type: PlanMessage.Kind.confirmed, role: .approve, handle: confirm),
            SubmissionHandler(type: PlanMessage.Kind.mergeDecided, role: .plan, handle: decideMerge),
            SubmissionHandler(type: PlanMessage.Kind.schemeApproved, role: .approve, handle: approveScheme),
        ]
    }

    @Sendable
    private func draft(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Drafted(submission.data)
        return try await store(message.plan, what: nil, why: nil, submission, transaction)
    }

    @Sendable
    private func change(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Changed(submission.data)
        return try await store(message.plan, what: message.what, why: message.why, submission, transaction)
    }

    private func store(
        _ plan: Plan, what: String?, why: String?, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        try about(plan.id, submission)
        // The lock orders two first texts of one plan, for which there is no row yet.
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended(\("plan:" + plan.id), 0))")
        let state = try await PlanStore.locked(plan.id, transaction)
        let rules = try await CountyRules.load(from: transaction)
        var reasons = PlanDecision.draft(
            plan, isChange: what != nil, department: submission.department, state: state)
        reasons += plan.problems()
        if rules.defaultRatesPPM.isEmpty {
            for (index, line) in plan.lines.enumerated() where line.sample == .county {
                reasons.append(
                    Reason(
                        field: "plan.lines[\(index)].sample", code: "rates.none",
                        message: "本县未设各信用等级的默认比例（规则 default_rates_ppm），请写明比例"))
            }
        }
        try refuse(reasons)
        try await PlanStore.insert(
            plan, draftedBy: submission.signatory, what: what, why: why, county: rules.defaultRates, transaction)
        try await PlanStore.record(
            what == nil ? "draft" : "change", plan: plan.id, version: plan.version, by: submission, transaction)
        return Effects(details: [
            "plan": .string(plan.id), "version": .integer(plan.version), "lines": .integer(plan.lines.count),
        ])
    }

    @Sendable
    private func check(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Step(submission.data)
        try await take(.check, message, submission, transaction)
        guard let plan = try await PlanStore.plan(message.plan, version: message.version, transaction) else {
            throw PlanFault(description: "plan \(message.plan) lost its text")
        }
        let rules = try await CountyRules.load(from: transaction)
        let facts = try await PlanFacts.load(plan, rules: rules, transaction)
        let findings = PlanRules.findings(plan, facts: facts, rules: rules)
        try refuse(findings.filter { $0.severity == .error }.map(\.reason))
        let decided = Set(
            try await transaction.query(
                "SELECT lines FROM plans.merges WHERE plan = \(message.plan) AND version = \(message.version)"
            ).map { try $0.decode("lines", as: [String].self) })
        let open = Merging.internalProposals(facts.year, department: plan.department).filter { proposal in
            proposal.lines.allSatisfy { $0.hasPrefix(plan.id + "/") }
                && !decided.contains(proposal.lines.map { String($0.dropFirst(plan.id.count + 1)) })
        }
        let details: JSONValue = [
            "warnings": .array(findings.map(\.json)), "merges_to_decide": .array(open.map(\.json)),
        ]
        try await PlanStore.record(
            "check", plan: message.plan, version: message.version, by: submission, note: message.note,
            details: details, transaction)
        return Effects(details: details)
    }

    @Sendable
    private func approve(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Step(submission.data)
        try await take(.approve, message, submission, transaction)
        let rules = try await CountyRules.load(from: transaction)
        let findings = try await unanswered(message, rules: rules, transaction)
        try refuse(findings.filter { $0.severity == .error }.map(\.reason))
        var details: [String: JSONValue] = [:]
        if !findings.isEmpty { details["warnings"] = .array(findings.map(\.json)) }
        if let plan = try await PlanStore.plan(message.plan, version: message.version, transaction),
            !plan.participants.isEmpty
        {
            let due: Day
            do {
                due = try await WorkingCalendar.load(from: transaction).adding(
                    workingDays: rules.participantsConfirmWorkingDays, to: Day.today(in: transaction))
            } catch let error as WorkingCalendar.UnknownYear {
                throw Rejection(code: "calendar.unknown", message: "\(error)")
            }
            try await transaction.execute(
                """
                INSERT INTO plans.participants (plan, version, department, due_on)
                SELECT \(plan.id), \(plan.version)::int4, department, \(due.description)::text::date
                FROM unnest(\(plan.participants)::text[]) AS department
                """)
            details["participants"] = .strings(plan.participants)
            details["confirm_by"] = .string(due.description)
        }
        try await PlanStore.record(
            "approve", plan: message.plan, version: message.version, by: submission, note: message.note,
            details: .object(details), transaction)
        return Effects(details: .object(details))
    }

    /// What the rules say of proposals of the last check that nobody has answered.
    private func unanswered(
        _ message: PlanMessage.Step, rules: CountyRules, _ transaction: PostgresTransaction
    ) async throws -> [PlanFinding] {
        let checks = try await transaction.query(
            """
            SELECT details::text AS details FROM plans.steps
            WHERE plan = \(message.plan) AND version = \(message.version) AND step = 'check' ORDER BY number DESC LIMIT 1
            """)
        guard let check = try checks.first?.decode("details", as: String.self) else { return [] }
        let answered = try await transaction.query(
            """
            SELECT DISTINCT plan || '/' || line AS line FROM plans.merges, unnest(lines) AS line
            WHERE plan = \(message.plan) AND version = \(message.version)
            """
        ).map { try $0.decode("line", as: String.self) }
        return try PlanRules.findings(
            unanswered: JSONValue(parsing: check)["merges_to_decide"]?.elements ?? [], answered: Set(answered),
            rules: rules)
    }

    @Sendable
    private func report(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Step(submission.data)
        try await take(.report, message, submission, transaction)
        try await PlanStore.record(
            "report", plan: message.plan, version: message.version, by: submission, note: message.note, transaction)
        return Effects()
    }

    @Sendable
    private func receive(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Received(submission.data)
        let step: PlanDecision.Step = message.outcome == .received ? .receive : .return
        try await take(step, plan: message.plan, version: message.version, submission, transaction)
        try await PlanStore.record(
            step.rawValue, plan: message.plan, version: message.version, by: submission, note: message.reason,
            transaction)
        return Effects()
    }

    @Sendable
    private func publish(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Step(submission.data)
        try await take(.publish, message, submission, transaction)
        try await PlanStore.record(
            "publish", plan: message.plan, version: message.version, by: submission, note: message.note, transaction)
        return Effects(messages: [
            Outgoing(
                topic: topics.events, key: message.plan, type: PlanMessage.Kind.published, subject: message.plan,
                data: ["plan": .string(message.plan), "version": .integer(message.version), "note": .null])
        ])
    }

    @Sendable
    private func confirm(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.Step(submission.data)
        try about(message.plan, submission)
        let state = try await PlanStore.existing(message.plan, transaction)
        var participants: [String: Bool] = [:]
        for row in try await transaction.query(
            """
            SELECT department, confirmed_at IS NOT NULL AS confirmed FROM plans.participants
            WHERE plan = \(message.plan) AND version = \(message.version)
            """)
        {
            participants[try row.decode("department", as: String.self)] = try row.decode("confirmed", as: Bool.self)
        }
        try refuse(
            PlanDecision.confirm(
                version: message.version, department: submission.department, participants: participants, state: state))
        let row = try await transaction.query(
            """
            UPDATE plans.participants SET confirmed_at = clock_timestamp(), source = \(submission.source),
                late = (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date > due_on
            WHERE plan = \(message.plan) AND version = \(message.version) AND department = \(submission.department)
            RETURNING due_on::text AS due_on, late
            """
        ).first
        let details: JSONValue = [
            "confirm_by": .nullable(try row?.decode("due_on", as: String.self)),
            "late": .bool(try row?.decode("late", as: Bool.self) ?? false),
        ]
        try await PlanStore.record(
            "confirm", plan: message.plan, version: message.version, by: submission, note: message.note,
            details: details, transaction)
        return Effects(details: details)
    }

    @Sendable
    private func decideMerge(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.MergeDecided(submission.data)
        try about(message.plan, submission)
        let state = try await PlanStore.existing(message.plan, transaction)
        try refuse(
            PlanDecision.decideMerge(version: message.version, department: submission.department, state: state))
        guard let plan = try await PlanStore.plan(message.plan, version: message.version, transaction) else {
            throw PlanFault(description: "plan \(message.plan) lost its text")
        }
        let unknown = message.lines.filter { id in !plan.lines.contains { $0.id == id } }
        if !unknown.isEmpty {
            throw Rejection(
                field: "lines", code: "line.unknown", message: "计划中没有 \(unknown.joined(separator: "、"))；请核对编号")
        }
        let lines = message.lines.sorted(by: Grammar.precedes)
        if message.decision == .confirmed {
            let lonely = plan.lines.filter { lines.contains($0.id) && !($0.joint && $0.coordination == .joint) }
            if !lonely.isEmpty {
                throw Rejection(
                    field: "lines", code: "line.independent",
                    message: "\(lonely.map(\.id).joined(separator: "、")) 写明不与其他检查合并；请先将 joint、coordination 改为联合")
            }
        }
        let rules = try await CountyRules.load(from: transaction)
        let year = try await PlannedYear(
            lines: PlannedYear.lines(of: [plan], rules: rules), roster: PlanRegisters.roster(transaction))
        let found = Merging.proposal(year, plan.lines.indices.filter { lines.contains(plan.lines[$0].id) })
        if found == nil, message.decision == .confirmed {
            throw Rejection(
                field: "lines", code: "lines.apart", message: "这些计划行没有共同的检查方式或检查时间，不能合并；请先调整")
        }
        let proposal = found?.json ?? [:]
        try await transaction.execute(
            """
            INSERT INTO plans.merges (plan, version, lines, decision, reason, proposal, decided_by)
            VALUES (\(message.plan), \(message.version)::int4, \(lines), \(message.decision.rawValue),
                \(optional: message.reason), \(JSONText(proposal)), \(submission.source))
            ON CONFLICT (plan, version, lines) DO UPDATE SET decision = excluded.decision, reason = excluded.reason,
                proposal = excluded.proposal, decided_by = excluded.decided_by, decided_at = clock_timestamp()
            """)
        try await PlanStore.record(
            message.decision == .confirmed ? "merge" : "decline-merge", plan: message.plan, version: message.version,
            by: submission, note: message.reason, details: ["lines": .strings(lines), "proposal": proposal], transaction
        )
        return Effects(details: ["lines": .strings(lines), "proposal": proposal])
    }

    @Sendable
    private func approveScheme(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try PlanMessage.SchemeApproved(submission.data)
        try about(message.plan, submission)
        let state = try await PlanStore.existing(message.plan, transaction)
        var reasons = PlanDecision.approveScheme(
            version: message.version, department: submission.department, signatory: submission.signatory, state: state)
        let plan = try await PlanStore.plan(message.plan, version: message.version, transaction)
        if let plan {
            if let line = plan.lines.first(where: { $0.id == message.line }) {
                if message.draw > line.draws {
                    reasons.append(
                        Reason(field: "draw", code: "draw.unknown", message: "\(line.id) 全年抽取 \(line.draws) 次"))
                }
            } else {
                reasons.append(
                    Reason(field: "line", code: "line.unknown", message: "计划中没有 \(message.line)；请核对编号"))
            }
        }
        try refuse(reasons)
        guard let plan,
            let scheme = try await Scheme.make(plan, line: message.line, draw: message.draw, transaction)
        else { throw PlanFault(description: "plan \(message.plan) lost its text") }
        let body = scheme.html(approvedOn: scheme.day)
        let inserted = try await transaction.execute(
            """
            INSERT INTO plans.schemes (plan, version, line, draw, body, approved_by)
            VALUES (\(message.plan), \(message.version)::int4, \(message.line), \(message.draw)::int4, \(body),
                \(submission.source))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "line", code: "scheme.approved", message: "\(message.line) 第 \(message.draw) 次抽取的工作方案已批准")
        }
        let details: JSONValue = ["line": .string(message.line), "draw": .integer(message.draw)]
        try await PlanStore.record(
            "approve-scheme", plan: message.plan, version: message.version, by: submission, details: details,
            transaction)
        return Effects(details: details)
    }

    // MARK: Shared

    private func take(
        _ step: PlanDecision.Step, _ message: PlanMessage.Step, _ submission: Submission,
        _ transaction: PostgresTransaction
    ) async throws {
        try await take(step, plan: message.plan, version: message.version, submission, transaction)
    }

    private func take(
        _ step: PlanDecision.Step, plan: String, version: Int, _ submission: Submission,
        _ transaction: PostgresTransaction
    ) async throws {
        try about(plan, submission)
        let state = try await PlanStore.existing(plan, transaction)
        try refuse(
            PlanDecision.step(
                step, version: version, department: submission.department, signatory: submission.signatory, state: state
            ))
        try await PlanStore.move(plan, version: version, to: step.to, transaction)
    }

    /// The subject is the message's key, and keeps what is said of one plan in order.
    private func about(_ plan: String, _ submission: Submission) throws {
        guard submission.subject == plan else {
            throw Rejection(
                field: "ce_subject", code: "subject.other", message: "subject 应为计划编号 \(plan)，同一计划的报送才能依次处理")
        }
    }

    private func refuse(_ reasons: [Reason]) throws {
        if !reasons.isEmpty { throw Rejection(reasons) }
    }
}

extension CountyRules {
    /// Rates by class for lines that state none, in parts per million.
    var defaultRates: [CreditClass: Int] {
        Dictionary(
            uniqueKeysWithValues: defaultRatesPPM.compactMap { name, rate in
                CreditClass(rawValue: name).map { ($0, rate) }
            })
    }
}
