public import Cluster
public import Postgres

/// What happens from the drawn list on (检查、结果、后续处置、个案): visits, results, consequences and leads.
public enum Inspections {
    /// The CloudEvents type of the event that says a version of a result is recorded.
    public static let acceptedEventType = "cn.yaohao.inspections.result-accepted.v1"

    /// The handlers for the topic `result-submissions`.
    public static func handlers(topics: Topics) -> [SubmissionHandler] {
        VisitHandlers(topics: topics).handlers + ResultHandlers(topics: topics).handlers
            + ConsequenceHandlers(topics: topics).handlers + LeadHandlers(topics: topics).handlers
    }

    /// The handlers of tasks, which other slices store.
    public static func tasks(pool: PostgresPool, topics: Topics) -> [TaskHandler] {
        [AssignedVisits.handler(pool: pool, topics: topics)]
    }
}
