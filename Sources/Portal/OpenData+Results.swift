import JSON
import Postgres

/// What results are looked for by; everything that is `nil` does not matter.
struct ResultFilter: Sendable, Hashable {
    var text: String?
    var entity: String?
    var department: String?
    var item: String?
    /// Days on which it was published, `YYYY-MM-DD`, both included.
    var from: String?
    var to: String?
}

extension OpenData {
    /// A published result as the site shows it; `p` is the publication.
    private static let result: SQL = """
        jsonb_build_object('id', p.id, 'address', '/results/' || p.visit || '/' || p.department
                || CASE WHEN p.version = 1 THEN '' ELSE '/' || p.version END,
            'entity', p.entity, 'entity_name', p.entity_name, 'visit', p.visit, 'department', p.department,
            'department_name', open.department_name(p.department), 'version', p.version, 'reason', p.reason,
            'ended_on', p.ended_on, 'published_at', open.instant(p.published_at),
            'replaced', EXISTS (SELECT FROM open.publications n WHERE n.replaces = p.id),
            'items', (SELECT coalesce(jsonb_agg(i || jsonb_build_object('item_name', open.item_name(i ->> 'item'))), '[]')
                FROM jsonb_array_elements(p.body::jsonb -> 'items') AS i))
        """

    /// What followed the result `p`, and who asked for a correction of it.
    private static let followed: SQL = """
        jsonb_build_object(
            'consequences', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'name', c.name,
                    'items', (SELECT jsonb_agg(open.item_name(i)) FROM unnest(c.items) AS i), 'ordered_on', c.ordered_on,
                    'due_on', c.due_on, 'reinspected_on', c.reinspected_on, 'done_on', c.done_on) ORDER BY c.ordered_on), '[]')
                FROM open.consequences c WHERE c.visit = p.visit AND c.department = p.department),
            'correction_requests', (SELECT coalesce(jsonb_agg(jsonb_build_object('requested_on', q.requested_on,
                    'decision', q.decision, 'answered_on', q.answered_on) ORDER BY q.requested_on), '[]')
                FROM open.correction_requests q WHERE q.publication = p.id),
            'platform', (SELECT jsonb_agg(jsonb_build_object('task_number', r.task_number, 'address', r.address,
                    'entered_on', r.entered_on) ORDER BY r.entered_on)
                FROM open.platform_records r WHERE r.kind = 'result' AND r.subject = p.id))
        """

    /// Published results, newest first. Of a text, an enterprise's name must hold it.
    func results(_ filter: ResultFilter, after place: Place?, size: Int = pageSize) async throws
        -> (rows: [JSONValue], next: String?)
    {
        var conditions: SQL = "true"
        if let entity = filter.entity { conditions = "\(conditions) AND p.entity = \(entity)" }
        if let department = filter.department { conditions = "\(conditions) AND p.department = \(department)" }
        if let from = filter.from {
            conditions =
                "\(conditions) AND p.published_at >= \(from)::text::date::timestamp AT TIME ZONE 'Asia/Shanghai'"
        }
        if let to = filter.to {
            conditions =
                "\(conditions) AND p.published_at < (\(to)::text::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
        }
        if let text = filter.text {
            conditions = """
                \(conditions) AND p.entity IN (SELECT e.id FROM open.entities e
                    WHERE open.grams(e.search) @> open.needed_grams(open.searchable(\(text)))
                        AND position(open.searchable(\(text)) IN e.search) > 0)
                """
        }
        // The order is that of the index that the filter has: an item's list is a table of its own.
        let source: SQL
        let order: SQL
        if let item = filter.item {
            source = "open.publication_items i JOIN open.publications p ON p.id = i.id"
            order = "i.published_at DESC, i.id DESC"
            conditions = "i.item = \(item) AND \(conditions)"
            if let place {
                conditions = "\(conditions) AND (i.published_at, i.id) < (\(Self.instant(place)), \(place.id))"
            }
        } else {
            source = "open.publications p"
            order = "p.published_at DESC, p.id DESC"
            if let place {
                conditions = "\(conditions) AND (p.published_at, p.id) < (\(Self.instant(place)), \(place.id))"
            }
        }
        return try await list(
            """
            SELECT \(Self.result)::text, (extract(epoch FROM p.published_at) * 1000000)::bigint || '~' || p.id
            FROM (SELECT p.* FROM \(source) WHERE \(conditions) ORDER BY \(order) LIMIT \(size + 1)) AS p
            ORDER BY p.published_at DESC, p.id DESC
            """, size: size)
    }

    static func instant(_ place: Place) -> SQL {
        "'epoch'::timestamptz + \(place.number)::bigint * interval '1 microsecond'"
    }

    /// How many enterprises are looked at to tell how common a part of a name is.
    private static let sample = 1_000
    /// Marks the place of a page in the mixed order; no code has it.
    private static let mixed = "*"

    /// Enterprises whose name holds a text, or whose code begins with it; the closest first. Of a part that is in very many
    /// names there is no closest worth the search: such enterprises come in an order that is always the same.
    ///
    /// - Parameter isLarge: whether there are so many enterprises that this is worth asking.
    func entities(
        _ text: String, after place: Place?, isLarge: Bool
    ) async throws -> (rows: [JSONValue], next: String?, isCommon: Bool) {
        let code = text.uppercased()
        let isCode =
            code.utf8.count >= 4 && code.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) }
        let row: SQL = """
            jsonb_build_object('entity', e.id, 'entity_name', e.name, 'address', '/entities/' || e.id,
                'results', e.results, 'last_published_at', open.instant(e.last_published_at))::text,
            length(e.search) || '~' || e.id
            """
        if isCode {
            let found = try await list(
                """
                SELECT \(row) FROM open.entities e
                WHERE e.id >= \(code) AND e.id < \(code + "~") AND e.id > \(place?.id ?? "")
                ORDER BY e.id LIMIT \(Self.pageSize + 1)
                """)
            if !found.rows.isEmpty { return (found.rows, found.next, false) }
        }
        if isLarge && place == nil || place?.id.hasPrefix(Self.mixed) == true {
            let found = try await mixed(text, after: place)
            // A page that is full within the sample, or one that goes on from such a page.
            if place != nil || found.next != nil { return (found.rows, found.next, true) }
        }
        let found = try await list(
            """
            SELECT \(row) FROM open.entities e
            WHERE open.grams(e.search) @> open.needed_grams(open.searchable(\(text)))
                AND position(open.searchable(\(text)) IN e.search) > 0
                AND (length(e.search), e.id) > (\(place?.number ?? -1)::int4, \(place?.id ?? ""))
            ORDER BY length(e.search), e.id LIMIT \(Self.pageSize + 1)
            """)
        return (found.rows, found.next, false)
    }

    /// Enterprises whose name holds a text, in the mixed order: of the first page only as far as the sample reaches.
    private func mixed(_ text: String, after place: Place?) async throws -> (rows: [JSONValue], next: String?) {
        let id = place.map { String($0.id.dropFirst(Self.mixed.count)) } ?? ""
        let limit: SQL = place == nil ? "LIMIT \(Self.sample)" : ""
        return try await list(
            """
            SELECT jsonb_build_object('entity', e.id, 'entity_name', e.name, 'address', '/entities/' || e.id,
                'results', e.results, 'last_published_at', open.instant(e.last_published_at))::text,
                f.mixed || '~' || \(Self.mixed) || f.id
            FROM (
                SELECT s.mixed, s.id FROM (
                    SELECT mixed, id, search FROM open.entities
                    WHERE (mixed, id) > (\(place?.number ?? -1)::bigint, \(id)) ORDER BY mixed, id \(limit)) AS s
                WHERE position(open.searchable(\(text)) IN s.search) > 0
                ORDER BY s.mixed, s.id LIMIT \(Self.pageSize + 1)) AS f
            JOIN open.entities e ON e.id = f.id
            ORDER BY f.mixed, f.id
            """)
    }

    /// One enterprise: every published result with what followed; `nil` when nothing of it is published.
    func entity(_ id: String, after place: Place?) async throws -> JSONValue? {
        let head = try await document(
            """
            SELECT jsonb_build_object('entity', e.id, 'entity_name', e.name, 'results_count', e.results,
                'last_published_at', open.instant(e.last_published_at),
                'former_names', (SELECT coalesce(jsonb_agg(DISTINCT p.entity_name), '[]') FROM open.publications p
                    WHERE p.entity = e.id AND p.entity_name <> e.name))::text
            FROM open.entities e WHERE e.id = \(id)
            """)
        guard case .object(var members) = head else { return nil }
        var conditions: SQL = "p.entity = \(id)"
        if let place { conditions = "\(conditions) AND (p.published_at, p.id) < (\(Self.instant(place)), \(place.id))" }
        let (rows, next) = try await list(
            """
            SELECT (\(Self.result) || \(Self.followed))::text,
                (extract(epoch FROM p.published_at) * 1000000)::bigint || '~' || p.id
            FROM (SELECT p.* FROM open.publications p WHERE \(conditions)
                ORDER BY p.published_at DESC, p.id DESC LIMIT \(Self.pageSize + 1)) AS p
            ORDER BY p.published_at DESC, p.id DESC
            """)
        members["results"] = .array(rows)
        members["next"] = .nullable(next)
        return .object(members)
    }

    /// One version of a result, with all versions and what followed; `nil` when it is not published.
    func result(visit: String, department: String, version: Int) async throws -> JSONValue? {
        try await document(
            """
            SELECT (\(Self.result) || \(Self.followed) || jsonb_build_object(
                'versions', (SELECT jsonb_agg(jsonb_build_object('version', v.version, 'reason', v.reason,
                        'published_at', open.instant(v.published_at), 'address', '/results/' || v.visit || '/' || v.department
                            || CASE WHEN v.version = 1 THEN '' ELSE '/' || v.version END) ORDER BY v.version)
                    FROM open.publications v WHERE v.visit = p.visit AND v.department = p.department),
                'round', (SELECT v.round FROM open.round_visits v WHERE v.visit = p.visit)))::text
            FROM open.publications p
            WHERE p.visit = \(visit) AND p.department = \(department) AND p.version = \(version)
            """)
    }
}
