import JSON
import Postgres

extension OpenData {
    private static let plan: SQL = """
        jsonb_build_object('plan', p.id, 'address', '/plans/' || p.id, 'title', p.title, 'year', p.year, 'kind', p.kind,
            'department', p.department, 'department_name', open.department_name(p.department), 'version', p.version,
            'in_force', p.in_force, 'what', p.what, 'why', p.why, 'published_at', open.instant(p.published_at),
            'replaced_at', open.instant(p.replaced_at))
        """

    /// Plans in force of a year, or of the last year that has some.
    func plans(year: Int?) async throws -> JSONValue {
        try await document(
            """
            SELECT jsonb_build_object(
                'years', (SELECT coalesce(jsonb_agg(DISTINCT year ORDER BY year), '[]') FROM open.plans),
                'year', y.year,
                'plans', (SELECT coalesce(jsonb_agg(\(Self.plan) || jsonb_build_object(
                        'lines', jsonb_array_length(p.document -> 'lines'),
                        'versions', (SELECT count(*) FROM open.plans v WHERE v.id = p.id))
                        ORDER BY p.kind DESC, p.department, p.id), '[]')
                    FROM open.plans p WHERE p.in_force AND p.year = y.year))::text
            FROM (SELECT coalesce(\(optional: year)::int4, (SELECT max(year) FROM open.plans)) AS year) AS y
            """) ?? .null
    }

    /// One plan in one version, the one in force unless another is asked for; `nil` when it is not published.
    func plan(_ id: String, version: Int?) async throws -> JSONValue? {
        try await document(
            """
            SELECT (\(Self.plan) || jsonb_build_object(
                'lines', (SELECT coalesce(jsonb_agg(l || jsonb_build_object(
                        'items', (SELECT jsonb_agg(DISTINCT jsonb_build_object('item', i, 'name', open.item_name(i)))
                            FROM jsonb_array_elements(l -> 'parts') AS t, jsonb_array_elements_text(t -> 'items') AS i),
                        'departments', (SELECT jsonb_agg(open.department_name(t ->> 'department'))
                            FROM jsonb_array_elements(l -> 'parts') AS t)) ORDER BY n), '[]')
                    FROM jsonb_array_elements(p.document -> 'lines') WITH ORDINALITY AS x (l, n)),
                'versions', (SELECT jsonb_agg(jsonb_build_object('version', v.version, 'in_force', v.in_force,
                        'what', v.what, 'why', v.why, 'published_at', open.instant(v.published_at),
                        'address', '/plans/' || v.id || '?version=' || v.version) ORDER BY v.version DESC)
                    FROM open.plans v WHERE v.id = p.id)))::text
            FROM open.plans p WHERE p.id = \(id)
                AND (p.version = \(optional: version)::int4 OR \(optional: version)::int4 IS NULL)
            ORDER BY p.in_force DESC, p.version DESC LIMIT 1
            """)
    }

    /// A year as months: when plans' windows are open, when draws were, and the days off.
    func calendar(_ year: Int) async throws -> JSONValue {
        try await document(
            """
            WITH y AS (SELECT \(year)::int4 AS year),
            windows AS MATERIALIZED (
                SELECT p.id, p.kind, p.department, l ->> 'title' AS title, w ->> 0 AS first, w ->> 1 AS last
                FROM open.plans p, jsonb_array_elements(p.document -> 'lines') AS l,
                    jsonb_array_elements(l -> 'windows') AS w
                WHERE p.in_force AND p.year = (SELECT year FROM y)),
            names AS MATERIALIZED (
                SELECT d AS id, open.department_name(d) AS name FROM (SELECT DISTINCT department AS d FROM windows) AS x)
            SELECT jsonb_build_object('year', y.year, 'months', (
                SELECT jsonb_agg(jsonb_build_object('month', to_char(m.first, 'YYYY-MM'),
                    'windows', (SELECT coalesce(jsonb_agg(jsonb_build_object('plan', w.id, 'title', w.title,
                            'address', '/plans/' || w.id, 'department_name', n.name, 'first', w.first, 'last', w.last,
                            'joint', w.kind = 'joint') ORDER BY w.first, w.id), '[]')
                        FROM windows w JOIN names n ON n.id = w.department
                        WHERE w.first <= to_char(m.first + interval '1 month - 1 day', 'YYYY-MM-DD')
                            AND w.last >= to_char(m.first, 'YYYY-MM-DD')),
                    'draws', (SELECT coalesce(jsonb_agg(jsonb_build_object('round', r.id, 'state', r.state,
                            'address', '/draws/' || r.id) ORDER BY r.opened_at), '[]')
                        FROM open.rounds r WHERE to_char(r.opened_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')
                            = to_char(m.first, 'YYYY-MM')),
                    'days_off', (SELECT coalesce(jsonb_agg(jsonb_build_object('day', c.day, 'holiday', c.holiday,
                            'kind', c.kind) ORDER BY c.day), '[]')
                        FROM open.calendar c WHERE c.day >= m.first::date
                            AND c.day < (m.first + interval '1 month')::date))
                    ORDER BY m.first)
                FROM generate_series(make_date(y.year, 1, 1)::timestamp, make_date(y.year, 12, 1)::timestamp, '1 month')
                    AS m (first)))::text
            FROM y
            """) ?? .null
    }
}
