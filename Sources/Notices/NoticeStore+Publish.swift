import Cluster
import JSON
import Postgres
import Registers

extension NoticeStore {
    /// Publishes results that their department has released, at most a batch: the row that citizens read and the
    /// message in one transaction. A corrected result is published as a new version; the old one stays.
    ///
    /// - Returns: how many results were claimed.
    func publish(rules: CountyRules, now: Moment) async throws -> Int {
        let claimed = try await pool.transaction { transaction in
            let released = try await released(rules, transaction)
            guard !released.isEmpty else { return 0 }
            let entities = Set(released.map(\.entity)).sorted()
            // Each message carries the entity's earlier results, so publishing for one entity is one at a time. Ordered
            // by the lock's number, so that two notifiers never wait for each other.
            _ = try await transaction.query(
                """
                SELECT pg_advisory_xact_lock(number) FROM (
                    SELECT DISTINCT hashtextextended(entity, 400) AS number FROM unnest(\(entities)::text[]) AS entity
                    ORDER BY number) AS locks
                """)
            var earlier = try await published(of: entities, transaction)
            let inserted = try await insert(released, now: now, transaction)
            var messages: [Outgoing] = []
            for publication in released where inserted.contains(publication.id) {
                messages.append(
                    publication.message(earlier: earlier[publication.entity, default: []], topics: topics))
                earlier[publication.entity, default: []].append(publication.body)
            }
            try await outbox.store(Effects(messages: messages), in: transaction)
            CrashPoint.publicationUncommitted.reached()
            return released.count
        }
        if claimed > 0 { CrashPoint.publicationCommitted.reached() }
        return claimed
    }

    /// Results that are released and not published, with the latest name of their entity. A result whose entity is in
    /// no register has no name to be published under: its deadline stays open, and the ladder tells people.
    private func released(
        _ rules: CountyRules, _ transaction: PostgresTransaction
    ) async throws -> [Publication] {
        let rows = try await transaction.query(
            """
            SELECT r.visit, r.department, r.version, r.entity, r.reason, r.ended_on::text AS ended_on,
                coalesce(d.due_on, notices.working_day_after(CASE WHEN r.version = 1 THEN r.ended_on
                    ELSE (r.recorded_at AT TIME ZONE 'Asia/Shanghai')::date END,
                    \(rules.publicationWorkingDays)::int4))::text AS due_on,
                e.name AS entity_name,
                (SELECT p.id FROM open.publications p WHERE p.visit = r.visit AND p.department = r.department
                    ORDER BY p.version DESC LIMIT 1) AS replaces
            FROM inspections.releasable_results r
            LEFT JOIN notices.deadlines d ON d.kind = 'publication'
                AND d.subject = notices.publication_id(r.visit, r.department, r.version)
            JOIN LATERAL (
                SELECT name FROM registers.entities WHERE id = r.entity ORDER BY valid_from DESC LIMIT 1) AS e ON true
            WHERE NOT EXISTS (SELECT FROM open.publications p
                WHERE p.visit = r.visit AND p.department = r.department AND p.version = r.version)
            ORDER BY r.recorded_at, r.visit, r.department LIMIT \(Self.batchSize)
            """)
        let visits = try rows.map { try $0.decode("visit", as: String.self) }
        let departments = try rows.map { try $0.decode("department", as: String.self) }
        let versions = try rows.map { try $0.decode("version", as: Int.self) }
        let itemRows = try await transaction.query(
            """
            SELECT i.visit, i.department, i.version, i.item, i.categories, i.findings
            FROM inspections.result_items i
            JOIN unnest(\(visits)::text[], \(departments)::text[], \(versions)::int[])
                AS released (visit, department, version)
                ON i.visit = released.visit AND i.department = released.department AND i.version = released.version
            ORDER BY i.visit, i.department, i.item
            """)
        var items: [String: [Publication.Item]] = [:]
        for row in itemRows {
            let id = Publication.id(
                visit: try row.decode("visit", as: String.self),
                department: try row.decode("department", as: String.self),
                version: try row.decode("version", as: Int.self))
            items[id, default: []].append(
                Publication.Item(
                    item: try row.decode("item", as: String.self),
                    categories: try row.decode("categories", as: [String].self),
                    findings: try row.decode("findings", as: String?.self)))
        }
        return try rows.enumerated().map { index, row in
            let id = Publication.id(visit: visits[index], department: departments[index], version: versions[index])
            return Publication(
                entity: try row.decode("entity", as: String.self),
                entityName: try row.decode("entity_name", as: String.self), visit: visits[index],
                department: departments[index], version: versions[index],
                replaces: try row.decode("replaces", as: String?.self),
                reason: try row.decode("reason", as: String?.self),
                endedOn: try row.decode("ended_on", as: String.self),
                dueOn: try row.decode("due_on", as: String?.self), items: items[id] ?? [])
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
        _ publications: [Publication], now: Moment, _ transaction: PostgresTransaction
    ) async throws -> Set<String> {
        let rows = try await transaction.query(
            """
            INSERT INTO open.publications
                (id, entity, entity_name, visit, department, version, replaces, reason, ended_on, due_on, body,
                 published_at)
            SELECT p.*, \(now.instant)::text::timestamptz
            FROM unnest(\(publications.map(\.id))::text[], \(publications.map(\.entity))::text[],
                \(publications.map(\.entityName))::text[], \(publications.map(\.visit))::text[],
                \(publications.map(\.department))::text[], \(publications.map(\.version))::int[],
                \(publications.map(\.replaces))::text[], \(publications.map(\.reason))::text[],
                \(publications.map(\.endedOn))::date[], \(publications.map(\.dueOn))::date[],
                \(publications.map(\.body.canonicalText))::text[]) AS p
            ON CONFLICT DO NOTHING
            RETURNING id
            """)
        return Set(try rows.map { try $0.decode("id", as: String.self) })
    }
}
