import Cluster
import JSON
import Postgres
import Registers

/// Reads that several handlers of this slice share.
enum InspectionStore {
    /// Orders everything that is said of one thing.
    static func lock(_ what: String, _ transaction: PostgresTransaction) async throws {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended(\(what), 300))")
    }

    /// The categories in force, by name.
    static func categories(_ transaction: PostgresTransaction) async throws -> [String: CategoryKind] {
        let pairs = try await transaction.query("SELECT name, kind FROM inspections.categories")
            .compactMap { row -> (String, CategoryKind)? in
                let kind = CategoryKind(rawValue: try row.decode("kind", as: String.self))
                return try kind.map { (try row.decode("name", as: String.self), $0) }
            }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// A visit of a drawn round, its teams as they are after amendments.
    static func visit(_ id: String, _ transaction: PostgresTransaction) async throws -> VisitFacts? {
        let rows = try await transaction.query(
            """
            SELECT a.round, a.entity, a.window_first::text AS window_first, a.department, t.inspectors, a.items
            FROM rounds.assigned_visits a
            JOIN inspections.current_teams t ON t.visit = a.visit AND t.department = a.department
            WHERE a.visit = \(id)
            """)
        guard let first = rows.first else { return nil }
        let parts = try rows.map { row in
            (
                try row.decode("department", as: String.self),
                VisitFacts.Part(
                    items: try row.decode("items", as: [String].self),
                    inspectors: try row.decode("inspectors", as: [String].self))
            )
        }
        return VisitFacts(
            round: try first.decode("round", as: String.self), entity: try first.decode("entity", as: String.self),
            windowFirst: try first.day("window_first"),
            parts: Dictionary(parts, uniquingKeysWith: { first, _ in first }))
    }

    /// Rejects with the reasons that were found, if any.
    static func refuse(_ reasons: [Reason]) throws {
        if !reasons.isEmpty { throw Rejection(reasons) }
    }

    /// An item's evidence and sources as the tables keep them.
    static func json(_ list: [JSONValue]) -> JSONText { JSONText(.array(list)) }
}
