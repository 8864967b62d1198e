public import Cluster
import JSON
import Postgres
import Registers

/// The tables of this slice.
public enum InspectionsSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 300, name: "inspections", sql: PackageResources._300_inspections_sql),
        Migration(number: 301, name: "visit_life", sql: PackageResources._301_visit_life_sql),
    ]
}

/// Results of inspections (检查结果): recorded by the department that inspected, once for each visit.
public enum Inspections {
    /// The CloudEvents type of the event that says a result is recorded.
    public static let acceptedEventType = "cn.yaohao.inspections.result-accepted.v1"

    /// The handlers for the topic `result-submissions`.
    public static func handlers(topics: Topics) -> [SubmissionHandler] {
        [
            SubmissionHandler(type: RecordedResult.eventType, role: .result) { submission, transaction in
                let result = try RecordedResult(parsing: submission.data)
                let facts = try await facts(for: result, transaction)
                let accepted = try decide(result, signer: submission.department, facts: facts)
                try await store(accepted, of: submission, transaction)
                return Effects(
                    details: ["visit": .string(result.visit), "department": .string(result.department)],
                    messages: [event(of: accepted, topics: topics)])
            }
        ]
    }

    /// The event that wakes the notifier and tells integrators.
    static func event(of accepted: AcceptedResult, topics: Topics) -> Outgoing {
        Outgoing(
            topic: topics.events, key: accepted.entity, type: acceptedEventType, subject: accepted.result.visit,
            data: [
                "round": .string(accepted.round), "visit": .string(accepted.result.visit),
                "entity": .string(accepted.entity), "department": .string(accepted.result.department),
                "ended_on": .string("\(accepted.endedOn)"),
            ])
    }

    private static func facts(
        for result: RecordedResult, _ transaction: PostgresTransaction
    ) async throws -> ResultFacts {
        let categories = try await transaction.query("SELECT name, kind FROM inspections.categories")
        let today = try await transaction.query(
            "SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date::text AS today")
        let recorded = try await transaction.query(
            "SELECT department FROM inspections.results WHERE visit = \(result.visit)")
        let rows = try await transaction.query(
            """
            SELECT round, entity, window_first::text AS window_first, department, inspectors, items
            FROM rounds.assigned_visits WHERE visit = \(result.visit)
            """)
        var visit: VisitFacts?
        if let first = rows.first {
            let parts = try rows.map { row in
                (
                    try row.decode("department", as: String.self),
                    VisitFacts.Part(
                        items: try row.decode("items", as: [String].self),
                        inspectors: try row.decode("inspectors", as: [String].self))
                )
            }
            visit = VisitFacts(
                round: try first.decode("round", as: String.self),
                entity: try first.decode("entity", as: String.self),
                windowFirst: try day(first, "window_first"),
                parts: Dictionary(parts, uniquingKeysWith: { first, _ in first }))
        }
        let kinds = try categories.compactMap { row -> (String, CategoryKind)? in
            let kind = CategoryKind(rawValue: try row.decode("kind", as: String.self))
            return try kind.map { (try row.decode("name", as: String.self), $0) }
        }
        guard let now = today.first else { throw PostgresError(.decoding, "the database gave no date") }
        return ResultFacts(
            today: try day(now, "today"), visit: visit,
            categories: Dictionary(kinds, uniquingKeysWith: { first, _ in first }),
            recorded: Set(try recorded.map { try $0.decode("department", as: String.self) }))
    }

    private static func day(_ row: Row, _ column: String) throws -> Day {
        let text = try row.decode(column, as: String.self)
        guard let day = Day(text) else { throw PostgresError(.decoding, "column \(column): \(text) is no day") }
        return day
    }

    /// Writes the rows. Of two submissions at the same time for one visit and department the second finds the first.
    private static func store(
        _ accepted: AcceptedResult, of submission: Submission, _ transaction: PostgresTransaction
    ) async throws {
        let result = accepted.result
        let inserted = try await transaction.execute(
            """
            INSERT INTO inspections.results
                (visit, department, entity, round, ended_on, inspectors, source, submission)
            VALUES (\(result.visit), \(result.department), \(accepted.entity), \(accepted.round),
                \("\(accepted.endedOn)")::text::date, \(optional: result.inspectors), \(submission.source), \(submission.id))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(
                field: "visit", code: "result.exists",
                message: "\(result.department) 对此任务的结果已经录入；a result is recorded once")
        }
        try await transaction.execute(
            """
            INSERT INTO inspections.unseen_results (visit, department)
            VALUES (\(result.visit), \(result.department))
            """)
        for item in result.items {
            try await transaction.execute(
                """
                INSERT INTO inspections.result_items (visit, department, item, categories, findings)
                VALUES (\(result.visit), \(result.department), \(item.item), \(item.categories), \(optional: item.findings))
                """)
        }
    }
}
