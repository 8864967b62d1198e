public import Cluster
import JSON
public import Postgres

/// Tells each department its tasks once a round is drawn (检查任务派发).
///
/// The messages name neither entities nor inspectors: who was drawn is confidential until the visit has begun, so the
/// department reads its list with `yaohao visits list`.
public enum AssignedVisits {
    /// The kind of task that announces a round's visits; a row of it is stored when a round is drawn.
    public static let task = "inspections.announce"
    /// The CloudEvents type of the event.
    public static let eventType = "cn.yaohao.inspections.visits-assigned.v1"
    /// How many visits one message lists at most.
    static let visitsPerMessage = 500

    /// The handler of the task.
    public static func handler(pool: PostgresPool, topics: Topics) -> TaskHandler {
        TaskHandler(kind: task) { task in
            let messages = try await messages(round: task.subject, topics: topics, pool)
            return { _ in Effects(details: ["messages": .integer(messages.count)], messages: messages) }
        }
    }

    static func messages(
        round: String, topics: Topics, _ database: some PostgresQueryable
    ) async throws -> [Outgoing] {
        let rows = try await database.query(
            """
            SELECT department, visit, method, window_first::text AS first, window_last::text AS last, items
            FROM rounds.assigned_visits WHERE round = \(round) ORDER BY department, visit
            """)
        var lists: [(department: String, visits: [JSONValue])] = []
        for row in rows {
            let department = try row.decode("department", as: String.self)
            if lists.last?.department != department { lists.append((department, [])) }
            lists[lists.count - 1].visits.append([
                "visit": .string(try row.decode("visit", as: String.self)),
                "method": .string(try row.decode("method", as: String.self)),
                "window": [
                    .string(try row.decode("first", as: String.self)), .string(try row.decode("last", as: String.self)),
                ],
                "items": .strings(try row.decode("items", as: [String].self)),
            ])
        }
        return lists.flatMap { department, visits in
            let parts = (visits.count + visitsPerMessage - 1) / visitsPerMessage
            return (0..<parts).map { part in
                Outgoing(
                    topic: topics.events, key: department, type: eventType, subject: round,
                    data: [
                        "round": .string(round), "department": .string(department), "part": .integer(part + 1),
                        "parts": .integer(parts), "visits": .integer(visits.count),
                        "tasks": .array(Array(visits.dropFirst(part * visitsPerMessage).prefix(visitsPerMessage))),
                    ])
            }
        }
    }
}
