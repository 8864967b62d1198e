import Cluster
import Draw
import JSON
import Postgres
import Registers

/// The life of visits: confirmed, begun, ended, given up, amended, parts entrusted.
struct VisitHandlers: Sendable {
    let topics: Topics

    var handlers: [SubmissionHandler] {
        VisitStep.Kind.allCases.map { kind in
            SubmissionHandler(type: kind.eventType, role: .result) { submission, transaction in
                try await step(VisitStep(kind, parsing: submission.data), submission, transaction)
            }
        } + [
            SubmissionHandler(type: FailedVisit.eventType, role: .result, handle: fail),
            SubmissionHandler(type: AmendedVisit.eventType, role: .result, handle: amend),
            SubmissionHandler(type: EntrustedPart.eventType, role: .result, handle: entrust),
            SubmissionHandler(type: EntrustedConclusion.eventType, role: .result, handle: conclude),
        ]
    }

    private func step(
        _ step: VisitStep, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let facts = try await facts(step.visit, step.department, transaction)
        let day = try decide(step, signer: submission.department, facts: facts)
        try await record(
            step.kind.rawValue, visit: step.visit, department: step.department, on: day,
            details: step.inspectors.isEmpty ? [:] : ["inspectors": .strings(step.inspectors)], submission, transaction)
        return Effects(
            details: ["visit": .string(step.visit)],
            messages: [event(step.kind.rawValue, step.visit, step.department, on: day, facts)])
    }

    @Sendable
    private func fail(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let failed = try FailedVisit(parsing: submission.data)
        let facts = try await facts(failed.visit, failed.department, transaction)
        try decide(failed, signer: submission.department, facts: facts)
        guard let visit = facts.visit else { return Effects() }
        try await record(
            "failed", visit: failed.visit, department: failed.department, on: failed.on, state: failed.state,
            details: ["note": .string(failed.note), "evidence": .array(failed.evidence.map(\.json))], submission,
            transaction)
        let amendment = try await AmendmentStore.append(
            round: visit.round, visit: failed.visit, department: failed.department, change: .entityGone(failed.state),
            reason: failed.state, note: failed.note, submission, transaction)
        return Effects(
            details: ["visit": .string(failed.visit), "amendment": .integer(amendment.number)],
            messages: [
                event("failed", failed.visit, failed.department, on: failed.on, facts),
                self.amended(amendment, visit.round),
            ])
    }

    @Sendable
    private func amend(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let amended = try AmendedVisit(parsing: submission.data)
        let facts = try await facts(amended.visit, amended.department, transaction)
        try decide(amended, signer: submission.department, facts: facts)
        guard let visit = facts.visit else { return Effects() }
        // Loads depend on every amendment of the round before this one.
        try await AmendmentStore.lock(visit.round, transaction)
        let change = try await AmendmentStore.substitution(
            for: amended, round: visit.round, today: facts.today, transaction)
        let amendment = try await AmendmentStore.append(
            round: visit.round, visit: amended.visit, department: amended.department, change: change,
            reason: amended.reason.rawValue, note: amended.note, submission, transaction)
        try await record(
            "amended", visit: amended.visit, department: amended.department, on: facts.today,
            details: ["amendment": .integer(amendment.number)], submission, transaction)
        var details: [String: JSONValue] = [
            "visit": .string(amended.visit), "amendment": .integer(amendment.number),
        ]
        if case .substitute(let slot, _, let substitute, _) = change {
            details["slot"] = .integer(slot)
            details["substitute"] = .nullable(substitute)
        }
        return Effects(details: .object(details), messages: [self.amended(amendment, visit.round)])
    }

    @Sendable
    private func entrust(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let part = try EntrustedPart(parsing: submission.data)
        let facts = try await facts(part.visit, part.department, transaction)
        try decide(part, signer: submission.department, facts: facts)
        let inserted = try await transaction.execute(
            """
            INSERT INTO inspections.entrustments (id, visit, department, items, service, organisation, qualification,
                qualification_number, qualification_until, on_day, source, submission)
            VALUES (\(part.id), \(part.visit), \(part.department), \(part.items), \(part.service.rawValue),
                \(part.organisation), \(part.qualification.name), \(part.qualification.number),
                \(part.qualification.until.description)::text::date, \(part.on.description)::text::date,
                \(submission.source), \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(field: "id", code: "id.taken", message: "编号 \(part.id) 已被使用，请换一个；use another id")
        }
        try await record(
            "entrusted", visit: part.visit, department: part.department, on: part.on,
            details: ["entrustment": .string(part.id)], submission, transaction)
        return Effects(details: ["entrustment": .string(part.id)])
    }

    @Sendable
    private func conclude(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let conclusion = try EntrustedConclusion(parsing: submission.data)
        let today = try await Day.today(in: transaction)
        let row = try await transaction.query(
            """
            SELECT visit, department, on_day::text AS on_day FROM inspections.entrustments
            WHERE id = \(conclusion.entrustment)
            """
        ).first
        try requireOwnPart(of: conclusion.department, signer: submission.department)
        guard let row, try row.decode("department", as: String.self) == conclusion.department else {
            throw Rejection(
                field: "entrustment", code: "entrustment.unknown",
                message: "本部门没有委托 \(conclusion.entrustment)，请核对编号；no such entrustment of this department")
        }
        let first = try row.day("on_day")
        guard conclusion.on >= first, conclusion.on <= today else {
            throw Rejection(
                field: "on", code: "on.range", message: "结论日期须在 \(first) 至 \(today) 之间；check the day")
        }
        let inserted = try await transaction.execute(
            """
            INSERT INTO inspections.entrusted_conclusions
                (entrustment, name, sha256, conclusion, on_day, source, submission)
            VALUES (\(conclusion.entrustment), \(conclusion.document.name), \(conclusion.document.sha256),
                \(conclusion.conclusion), \(conclusion.on.description)::text::date, \(submission.source),
                \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "entrustment", code: "entrustment.concluded",
                message: "此委托已有结论；新的结论请另行委托；it has a conclusion already")
        }
        try await record(
            "concluded", visit: try row.decode("visit", as: String.self), department: conclusion.department,
            on: conclusion.on, details: ["entrustment": .string(conclusion.entrustment)], submission, transaction)
        return Effects(details: ["entrustment": .string(conclusion.entrustment)])
    }

    // MARK: Rows and events

    /// The part under its lock, which orders everything that is said of it.
    private func facts(
        _ visit: String, _ department: String, _ transaction: PostgresTransaction
    ) async throws -> PartFacts {
        try await InspectionStore.lock("result:\(visit)/\(department)", transaction)
        var steps: [VisitStep.Kind: Day] = [:]
        var failedOn: Day?
        for row in try await transaction.query(
            """
            SELECT kind, on_day::text AS on_day FROM inspections.visit_events
            WHERE visit = \(visit) AND department = \(department) AND kind IN ('confirmed', 'begun', 'ended', 'failed')
            """)
        {
            let day = try row.day("on_day")
            if let kind = VisitStep.Kind(rawValue: try row.decode("kind", as: String.self)) {
                steps[kind] = day
            } else {
                failedOn = day
            }
        }
        let recorded = try await transaction.query(
            "SELECT 1 FROM inspections.results WHERE visit = \(visit) AND department = \(department) LIMIT 1")
        let preventing = try await transaction.query("SELECT name FROM inspections.categories WHERE prevents_visit")
        return PartFacts(
            today: try await Day.today(in: transaction),
            visit: try await InspectionStore.visit(visit, transaction), steps: steps, failedOn: failedOn,
            isRecorded: !recorded.isEmpty,
            preventing: Set(try preventing.map { try $0.decode("name", as: String.self) }))
    }

    private func record(
        _ kind: String, visit: String, department: String, on day: Day, state: String? = nil,
        details: JSONValue = [:], _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO inspections.visit_events
                (visit, department, kind, on_day, object_state, details, source, submission, key_id)
            VALUES (\(visit), \(department), \(kind), \(day.description)::text::date, \(optional: state),
                \(JSONText(details)), \(submission.source), \(submission.id), \(optional: submission.keyID))
            """)
    }

    /// The event that tells where a part of a visit stands; it names neither entity nor inspectors.
    private func event(
        _ state: String, _ visit: String, _ department: String, on day: Day, _ facts: PartFacts
    ) -> Outgoing {
        Outgoing(
            topic: topics.events, key: visit, type: "cn.yaohao.inspections.visit-changed.v1", subject: visit,
            data: [
                "visit": .string(visit), "round": .nullable(facts.visit?.round), "department": .string(department),
                "state": .string(state), "on": .string(day.description),
            ])
    }

    /// The event that shows the chain of amendments grow; what is in the line stays with the file.
    private func amended(_ amendment: Amendment, _ round: String) -> Outgoing {
        Outgoing(
            topic: topics.events, key: round, type: "cn.yaohao.inspections.amendment-added.v1", subject: round,
            data: [
                "round": .string(round), "number": .integer(amendment.number), "reason": .string(amendment.reason),
                "previous": .string(amendment.previous), "hash": .string(amendment.hash.hex),
                "at": .string(amendment.at),
            ])
    }
}
