import Cluster
import JSON
import Postgres
import Registers

/// Results: recorded, corrected in the open, reviewed.
struct ResultHandlers: Sendable {
    let topics: Topics

    var handlers: [SubmissionHandler] {
        [
            SubmissionHandler(type: RecordedResult.eventType, role: .result) { submission, transaction in
                try await take(RecordedResult(parsing: submission.data), submission, transaction)
            },
            SubmissionHandler(type: RecordedResult.correctionType, role: .result) { submission, transaction in
                try await take(RecordedResult(parsing: submission.data, corrects: true), submission, transaction)
            },
            SubmissionHandler(type: ReviewedResult.eventType, role: .review, handle: review),
        ]
    }

    private func take(
        _ result: RecordedResult, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        try await InspectionStore.lock("result:\(result.visit)/\(result.department)", transaction)
        let rules = try await CountyRules.load(from: transaction)
        let accepted = try decide(
            result, signer: submission.department, facts: try await facts(for: result, rules, transaction))
        try await store(accepted, of: submission, transaction)
        var messages = [event(of: accepted)]
        if rules.resultsWithoutReview.contains(result.department) {
            messages.append(
                released(accepted.result.visit, accepted.result.department, accepted.version, accepted.entity))
            messages += CreditFact.findings(of: accepted, try await InspectionStore.categories(transaction))
                .map { $0.message(topics) }
        }
        messages += try await CommonnessStore(topics: topics).propose(
            items: result.items.map(\.item), rule: rules.commonFindings, transaction)
        var details: [String: JSONValue] = [
            "visit": .string(result.visit), "department": .string(result.department),
            "version": .integer(accepted.version),
        ]
        if accepted.late == true { details["late"] = true }
        return Effects(details: .object(details), messages: messages)
    }

    /// The event that wakes the notifier and tells integrators.
    private func event(of accepted: AcceptedResult) -> Outgoing {
        Outgoing(
            topic: topics.events, key: accepted.entity, type: Inspections.acceptedEventType,
            subject: accepted.result.visit,
            data: [
                "round": .string(accepted.round), "visit": .string(accepted.result.visit),
                "entity": .string(accepted.entity), "department": .string(accepted.result.department),
                "ended_on": .string("\(accepted.endedOn)"), "version": .integer(accepted.version),
                "late": accepted.late.map { .bool($0) } ?? .null,
            ])
    }

    /// The event that says a version may be published.
    private func released(_ visit: String, _ department: String, _ version: Int, _ entity: String) -> Outgoing {
        Outgoing(
            topic: topics.events, key: entity, type: "cn.yaohao.inspections.result-released.v1", subject: visit,
            data: [
                "visit": .string(visit), "department": .string(department), "version": .integer(version),
                "entity": .string(entity),
            ])
    }

    private func facts(
        for result: RecordedResult, _ rules: CountyRules, _ transaction: PostgresTransaction
    ) async throws -> ResultFacts {
        let recorded = try await transaction.query(
            """
            SELECT department, max(version)::bigint AS version FROM inspections.results
            WHERE visit = \(result.visit) GROUP BY department
            """
        ).map { (try $0.decode("department", as: String.self), try $0.decode("version", as: Int.self)) }
        let concluded = try await transaction.query(
            """
            SELECT e.id, e.items FROM inspections.entrustments e
            JOIN inspections.entrusted_conclusions c ON c.entrustment = e.id
            WHERE e.visit = \(result.visit) AND e.department = \(result.department)
            """
        ).map { (try $0.decode("id", as: String.self), Set(try $0.decode("items", as: [String].self))) }
        return ResultFacts(
            today: try await Day.today(in: transaction),
            visit: try await InspectionStore.visit(result.visit, transaction),
            categories: try await InspectionStore.categories(transaction),
            recorded: Dictionary(recorded, uniquingKeysWith: max),
            concluded: Dictionary(concluded, uniquingKeysWith: { first, _ in first }),
            entryTerm: rules.inspectionTerms.resultEntry, calendar: try await WorkingCalendar.load(from: transaction))
    }

    /// Writes the rows of a version.
    private func store(
        _ accepted: AcceptedResult, of submission: Submission, _ transaction: PostgresTransaction
    ) async throws {
        let result = accepted.result
        try await transaction.execute(
            """
            INSERT INTO inspections.results
                (visit, department, version, entity, round, ended_on, inspectors, reason, entry_due_on, late, source,
                submission, key_id)
            VALUES (\(result.visit), \(result.department), \(accepted.version)::int4, \(accepted.entity),
                \(accepted.round), \(accepted.endedOn.description)::text::date, \(optional: result.inspectors),
                \(optional: result.correction?.reason), \(optional: accepted.entryDueOn?.description)::text::date,
                \(optional: accepted.late), \(submission.source), \(submission.id), \(optional: submission.keyID))
            """)
        try await transaction.execute(
            """
            INSERT INTO inspections.unseen_results (visit, department)
            VALUES (\(result.visit), \(result.department)) ON CONFLICT DO NOTHING
            """)
        for item in result.items {
            try await transaction.execute(
                """
                INSERT INTO inspections.result_items
                    (visit, department, version, item, categories, findings, measures, evidence, sources)
                VALUES (\(result.visit), \(result.department), \(accepted.version)::int4, \(item.item),
                    \(item.categories), \(optional: item.findings), \(item.measures),
                    \(InspectionStore.json(item.evidence.map(\.json))), \(InspectionStore.json(item.sources.map(\.json))))
                """)
        }
    }

    // MARK: Review

    @Sendable
    private func review(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let review = try ReviewedResult(parsing: submission.data)
        try await InspectionStore.lock("result:\(review.visit)/\(review.department)", transaction)
        let row = try await transaction.query(
            """
            SELECT r.version::bigint AS version, coalesce('person:' || a.person, r.key_id) AS recorded_by, r.entity,
                r.round, r.ended_on::text AS ended_on, v.visit IS NOT NULL AS reviewed
            FROM inspections.results r
            LEFT JOIN inspections.reviews v
                ON v.visit = r.visit AND v.department = r.department AND v.version = r.version
            LEFT JOIN cluster.acts a ON a.source = r.source AND a.id = r.submission AND a.kind = 'submission'
            WHERE r.visit = \(review.visit) AND r.department = \(review.department)
            ORDER BY r.version DESC LIMIT 1
            """
        ).first
        let facts = ReviewFacts(
            version: try row?.decode("version", as: Int.self),
            recordedBy: try row?.decode("recorded_by", as: String?.self),
            isReviewed: try row?.decode("reviewed", as: Bool.self) ?? false)
        try decide(review, signer: submission.department, signatory: submission.signatory, facts: facts)
        guard let row else { return Effects() }
        try await transaction.execute(
            """
            INSERT INTO inspections.reviews
                (visit, department, version, decision, reason, source, submission, key_id)
            VALUES (\(review.visit), \(review.department), \(review.version)::int4, \(review.decision.rawValue),
                \(optional: review.reason), \(submission.source), \(submission.id), \(optional: submission.keyID))
            """)
        var messages: [Outgoing] = []
        if review.decision == .approved {
            let entity = try row.decode("entity", as: String.self)
            messages.append(released(review.visit, review.department, review.version, entity))
            let accepted = AcceptedResult(
                result: RecordedResult(
                    visit: review.visit, department: review.department,
                    endedOn: try row.decode("ended_on", as: String.self),
                    items: try await items(review, transaction)),
                endedOn: try row.day("ended_on"), entity: entity, round: try row.decode("round", as: String.self),
                version: review.version, entryDueOn: nil, late: nil)
            messages += CreditFact.findings(of: accepted, try await InspectionStore.categories(transaction))
                .map { $0.message(topics) }
        }
        return Effects(
            details: ["visit": .string(review.visit), "version": .integer(review.version)], messages: messages)
    }

    private func items(_ review: ReviewedResult, _ transaction: PostgresTransaction) async throws -> [CheckedItem] {
        try await transaction.query(
            """
            SELECT item, categories, findings FROM inspections.result_items
            WHERE visit = \(review.visit) AND department = \(review.department) AND version = \(review.version)
            ORDER BY item
            """
        ).map { row in
            CheckedItem(
                item: try row.decode("item", as: String.self),
                categories: try row.decode("categories", as: [String].self),
                findings: try row.decode("findings", as: String?.self))
        }
    }
}
