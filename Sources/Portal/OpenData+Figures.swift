import JSON
import Postgres

extension OpenData {
    /// The figures of the first page.
    func counts() async throws -> JSONValue {
        try await document(
            """
            SELECT jsonb_build_object('entities', (SELECT count(*) FROM open.entities),
                'results', (SELECT coalesce(sum(results), 0) FROM open.department_results),
                'departments', (SELECT count(*) FROM open.departments WHERE valid_to IS NULL),
                'items', (SELECT count(*) FROM open.items WHERE valid_to IS NULL),
                'draws', (SELECT count(*) FROM open.rounds WHERE state <> 'opened'))::text
            """) ?? .null
    }

    /// How punctually the county publishes; departments by name only as far as the office has released it.
    func timeliness() async throws -> JSONValue {
        try await document(
            """
            SELECT jsonb_build_object(
                'months', (SELECT coalesce(jsonb_agg(jsonb_build_object('month', t.month, 'results', t.results,
                        'late', t.late, 'on_time', t.results - t.late) ORDER BY t.month), '[]')
                    FROM (SELECT * FROM open.timeliness ORDER BY month DESC LIMIT 24) AS t),
                'overdue', (SELECT results FROM open.overdue),
                'released', (SELECT jsonb_build_object('until', max(d.until), 'circular', max(d.circular),
                        'departments', jsonb_agg(jsonb_build_object('department', d.department,
                            'department_name', open.department_name(d.department), 'results', d.results, 'late', d.late)
                            ORDER BY d.late DESC, d.department))
                    FROM open.department_timeliness d HAVING count(*) > 0))::text
            """) ?? .null
    }

    /// Rates drawn by department and year: pools and samples of every committed draw.
    func rates(year: Int) async throws -> JSONValue {
        try await document(
            """
            SELECT coalesce(jsonb_agg(jsonb_build_object('department', s.department,
                'department_name', open.department_name(s.department), 'pool', s.pool, 'sample', s.sample,
                'rate_ppm', CASE WHEN s.pool > 0 THEN s.sample * 1000000 / s.pool ELSE 0 END) ORDER BY s.department), '[]')::text
            FROM (SELECT q.department, sum(q.pool_size)::bigint AS pool, sum(q.sample_size)::bigint AS sample
                FROM open.round_requests q JOIN open.rounds r ON r.id = q.round
                WHERE r.state <> 'void' AND extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai') = \(year)
                GROUP BY q.department) AS s
            """) ?? []
    }

    /// Where the parts of the sitemap begin: every so many enterprises one.
    func sitemapParts(of size: Int) async throws -> [String] {
        try await pool.query(
            """
            SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM open.entities) AS e
            WHERE n % \(size) = 1 ORDER BY id
            """
        ).map { try $0.decode(0, as: String.self) }
    }

    /// One part of the sitemap: ids from the given one on, with the day of the last change.
    func sitemapPart(from id: String, size: Int) async throws -> [(id: String, day: String)] {
        try await pool.query(
            """
            SELECT id, to_char(last_published_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS day
            FROM open.entities WHERE id >= \(id) ORDER BY id LIMIT \(size)
            """
        ).map { (try $0.decode("id", as: String.self), try $0.decode("day", as: String.self)) }
    }
}
