import Cluster
import JSON
import Postgres
import Registers

extension NoticeStore {
    /// Publishes results whose deadline is not met, at most a batch: the row that citizens read, the message, and the
    /// mark on the deadline in one transaction.
    ///
    /// - Returns: how many results were claimed.
    func publish() async throws -> Int {
        try await pool.transaction { transaction in
            let claimed = try await claim(transaction)
            guard !claimed.isEmpty else { return 0 }
            let entities = Set(claimed.map(\.entity)).sorted()
            // Each message carries the entity's earlier results, so publishing for one entity is one at a time. Ordered
            // by the lock's number, so that two notifiers never wait for each other.
            _ = try await transaction.query(
                """
                SELECT pg_advisory_xact_lock(number) FROM (
                    SELECT DISTINCT hashtextextended(entity, 400) AS number FROM unnest(\(entities)::text[]) AS entity
                    ORDER BY number) AS locks
                """)
            var earlier = try await published(of: entities, transaction)
            let inserted = try await insert(claimed, transaction)
            var messages: [Outgoing] = []
            for publication in claimed where inserted.contains(publication.id) {
                messages.append(
                    publication.message(earlier: earlier[publication.entity, default: []], topics: topics))
                earlier[publication.entity, default: []].append(publication.body)
            }
            try await meetDeadlines(claimed.map(\.id), transaction)
            try await outbox.store(Effects(messages: messages), in: transaction)
            return claimed.count
        }
    }

    /// Claims results that nobody else is publishing, with the latest name of their entity. A result whose entity is in
    /// no register has no name to be published under: its deadline stays open, and the ladder tells people.
    private func claim(_ transaction: PostgresTransaction) async throws -> [Publication] {
        let rows = try await transaction.query(
            """
            SELECT r.visit, r.department, r.entity, r.ended_on::text AS ended_on, d.due_on::text AS due_on,
                e.name AS entity_name
            FROM notices.deadlines d
            JOIN inspections.current_results r ON r.visit = split_part(d.subject, '/', 1) AND r.department = d.recipient
            JOIN LATERAL (
                SELECT name FROM registers.entities WHERE id = r.entity ORDER BY valid_from DESC LIMIT 1) AS e ON true
            WHERE d.kind = \(Self.publication) AND d.met_at IS NULL
            ORDER BY d.made_at, d.subject LIMIT \(Self.batchSize)
            FOR UPDATE OF d SKIP LOCKED
            """)
        let visits = try rows.map { try $0.decode("visit", as: String.self) }
        let departments = try rows.map { try $0.decode("department", as: String.self) }
        let itemRows = try await transaction.query(
            """
            SELECT i.visit, i.department, i.item, i.categories, i.findings
            FROM inspections.current_result_items i
            JOIN unnest(\(visits)::text[], \(departments)::text[]) AS claimed (visit, department)
                ON i.visit = claimed.visit AND i.department = claimed.department
            ORDER BY i.visit, i.department, i.item
            """)
        var items: [String: [Publication.Item]] = [:]
        for row in itemRows {
            let subject = Publication.subject(
                visit: try row.decode("visit", as: String.self),
                department: try row.decode("department", as: String.self))
            items[subject, default: []].append(
                Publication.Item(
                    item: try row.decode("item", as: String.self),
                    categories: try row.decode("categories", as: [String].self),
                    findings: try row.decode("findings", as: String?.self)))
        }
        return try rows.enumerated().map { index, row in
            Publication(
                entity: try row.decode("entity", as: String.self),
                entityName: try row.decode("entity_name", as: String.self), visit: visits[index],
                department: departments[index], endedOn: try row.decode("ended_on", as: String.self),
                dueOn: try row.decode("due_on", as: String?.self),
                items: items[Publication.subject(visit: visits[index], department: departments[index])] ?? [])
        }
    }

    /// The bodies published of each entity, oldest first.
    private func published(
        of entities: [String], _ transaction: PostgresTransaction
    ) async throws -> [String: [JSONValue]] {
        var bodies: [String: [JSONValue]] = [:]
        let rows = try await transaction.query(
            """
            SELECT entity, body FROM open.publications WHERE entity = ANY(\(entities)) ORDER BY published_at, id
            """)
        for row in rows {
            let body = try JSONValue(parsing: Array(row.decode("body", as: String.self).utf8))
            bodies[try row.decode("entity", as: String.self), default: []].append(body)
        }
        return bodies
    }

    /// Stores publications; the ids of those that were not there.
    private func insert(
        _ publications: [Publication], _ transaction: PostgresTransaction
    ) async throws -> Set<String> {
        let rows = try await transaction.query(
            """
            INSERT INTO open.publications (id, entity, entity_name, visit, department, ended_on, due_on, body)
            SELECT * FROM unnest(\(publications.map(\.id))::text[], \(publications.map(\.entity))::text[],
                \(publications.map(\.entityName))::text[], \(publications.map(\.visit))::text[],
                \(publications.map(\.department))::text[], \(publications.map(\.endedOn))::date[],
                \(publications.map(\.dueOn))::date[], \(publications.map(\.body.canonicalText))::text[])
            ON CONFLICT (id) DO NOTHING
            RETURNING id
            """)
        return Set(try rows.map { try $0.decode("id", as: String.self) })
    }

    /// Marks deadlines met; the rungs that have not fired are needed no more.
    private func meetDeadlines(_ subjects: [String], _ transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE notices.deadlines SET met_at = clock_timestamp()
            WHERE kind = \(Self.publication) AND subject = ANY(\(subjects))
            """)
        try await transaction.execute(
            """
            DELETE FROM notices.rungs
            WHERE kind = \(Self.publication) AND subject = ANY(\(subjects)) AND fired_at IS NULL
            """)
    }
}
