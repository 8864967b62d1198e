-- Published is what the county's rule publication_acknowledged_by says: by this system, the mandated platform or a site.
CREATE OR REPLACE FUNCTION returns.tasks(first_day date, last_day date, instant timestamp with time zone)
 RETURNS TABLE(visit text, round text, entity text, department text, item text, joint boolean, departments text[], requests text[], method text, window_first date, window_last date, version integer, ended_on date, failed_on date, object_state text, published_at timestamp with time zone, inspected boolean, failed boolean, categories text[], inspectors text[])
 LANGUAGE sql
 STABLE
AS $$
    WITH parts AS MATERIALIZED (
        SELECT a.visit, a.round, a.entity, a.department, a.items, a.method, a.window_first, a.window_last,
            v.departments, v.requests, cardinality(v.departments) > 1 AS joint, r.version, r.ended_on,
            CASE WHEN r.version IS NULL THEN f.on_day END AS failed_on, f.object_state,
            coalesce(r.ended_on, f.on_day) AS done_on, coalesce(r.inspectors, s.inspectors) AS inspectors
        FROM rounds.assigned_visits a
        JOIN rounds.visits v ON v.round = a.round AND v.id = a.visit
        JOIN rounds.rounds d ON d.id = a.round AND coalesce(d.drawn_at, d.opened_at) < instant
        LEFT JOIN LATERAL (
            SELECT c.version, c.ended_on, c.inspectors FROM inspections.results c
            WHERE c.visit = a.visit AND c.department = a.department AND c.recorded_at < instant
            ORDER BY c.version DESC LIMIT 1) AS r ON true
        LEFT JOIN LATERAL (
            SELECT e.on_day, e.object_state FROM inspections.visit_events e
            WHERE e.visit = a.visit AND e.department = a.department AND e.kind = 'failed' AND e.at < instant
            LIMIT 1) AS f ON true
        -- The team as it was amended by then.
        CROSS JOIN LATERAL (
            SELECT ARRAY(
                SELECT t.inspector FROM (
                    SELECT unnest(a.inspectors) AS inspector
                    UNION ALL
                    SELECT m.substitute FROM inspections.amendments m
                    WHERE m.visit = a.visit AND m.department = a.department AND m.substitute IS NOT NULL
                        AND m.at < instant) AS t
                WHERE NOT EXISTS (SELECT FROM inspections.amendments m
                    WHERE m.visit = a.visit AND m.department = a.department AND m.replaced = t.inspector
                        AND m.at < instant)) AS inspectors) AS s
        WHERE a.window_first <= last_day
    ), counted AS (
        SELECT p.*, coalesce(p.ended_on BETWEEN first_day AND last_day, false) AS inspected,
            coalesce(p.failed_on BETWEEN first_day AND last_day, false) AS failed
        FROM parts p
        WHERE p.done_on BETWEEN first_day AND last_day
            OR (p.done_on IS NULL OR p.done_on > last_day)
                AND p.window_last >= date_trunc('year', first_day::timestamp)::date
    )
    SELECT c.visit, c.round, c.entity, c.department, i.item, c.joint, c.departments, c.requests, c.method,
        c.window_first, c.window_last, c.version, c.ended_on, c.failed_on, c.object_state,
        CASE WHEN NOT c.inspected THEN NULL
            WHEN k.by_whom IS NULL THEN (
                SELECT min(p.published_at) FROM open.publications p
                WHERE p.entity = c.entity AND p.visit = c.visit AND p.department = c.department
                    AND p.published_at < instant)
            ELSE (
                SELECT min(a.acknowledged_at) FROM notices.acknowledged(k.by_whom) a
                WHERE a.visit = c.visit AND a.department = c.department AND a.acknowledged_at < instant) END,
        c.inspected, c.failed,
        CASE WHEN c.inspected THEN coalesce((
            SELECT x.categories FROM inspections.result_items x
            WHERE x.visit = c.visit AND x.department = c.department AND x.version = c.version AND x.item = i.item), '{}')
            ELSE '{}' END,
        CASE WHEN c.inspected THEN c.inspectors ELSE '{}' END
    FROM counted c CROSS JOIN LATERAL unnest(c.items) AS i (item)
    -- Whose word makes a result published, as the county had set it then.
    CROSS JOIN (SELECT (SELECT s.body ->> 'value' FROM registers.statements_at('rule', instant) s
        WHERE s.id = 'publication_acknowledged_by') AS by_whom) AS k
$$;
