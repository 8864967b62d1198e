-- The same figures, but each request is read once and not once for every task that it led to.
CREATE OR REPLACE FUNCTION returns.figures(first_day date, last_day date, instant timestamp with time zone)
 RETURNS TABLE(department text, item text, joint boolean, figures jsonb)
 LANGUAGE sql
 STABLE
AS $$
    WITH tasks AS MATERIALIZED (
        SELECT * FROM returns.tasks(first_day, last_day, instant)
    ), follow_ups AS MATERIALIZED (
        SELECT * FROM returns.follow_ups(first_day, last_day, instant)
    ), keyed AS (
        SELECT t.*, k.key_item, k.key_joint
        FROM tasks t CROSS JOIN LATERAL (VALUES (t.item, t.joint), (NULL, t.joint), (NULL, NULL))
            AS k (key_item, key_joint)
    ), visits AS (
        SELECT k.department, k.key_item, k.key_joint, count(DISTINCT k.visit) AS due,
            count(DISTINCT k.visit) FILTER (WHERE k.inspected) AS inspected,
            count(DISTINCT k.visit) FILTER (WHERE k.failed) AS failed,
            count(DISTINCT k.visit) FILTER (WHERE k.published_at IS NOT NULL) AS published
        FROM keyed k GROUP BY k.department, k.key_item, k.key_joint
    ), people AS (
        SELECT k.department, k.key_item, k.key_joint, count(DISTINCT (k.visit, i.inspector)) AS inspector_visits
        FROM keyed k CROSS JOIN LATERAL unnest(k.inspectors) AS i (inspector)
        GROUP BY k.department, k.key_item, k.key_joint
    ), partners AS (
        SELECT k.department, k.key_item, k.key_joint, jsonb_agg(DISTINCT d.department) AS departments
        FROM keyed k CROSS JOIN LATERAL unnest(k.departments) AS d (department)
        WHERE k.joint GROUP BY k.department, k.key_item, k.key_joint
    ), categories AS (
        SELECT g.department, g.key_item, g.key_joint, jsonb_object_agg(g.category, g.n) AS categories
        FROM (
            SELECT k.department, k.key_item, k.key_joint, c.category, count(*) AS n
            FROM keyed k CROSS JOIN LATERAL unnest(k.categories) AS c (category)
            GROUP BY k.department, k.key_item, k.key_joint, c.category) AS g
        GROUP BY g.department, g.key_item, g.key_joint
    ), committed AS MATERIALIZED (
        SELECT r.id AS round, c ->> 'id' AS id, (SELECT sum(s.value::bigint)
            FROM jsonb_each_text(c -> 'pool_sizes') AS s) AS pool
        FROM (SELECT DISTINCT round FROM tasks) AS t
        JOIN rounds.rounds r ON r.id = t.round
        CROSS JOIN LATERAL jsonb_array_elements(r.commitment_json::jsonb -> 'requests') AS c
    ), requests AS MATERIALIZED (
        -- Each request once for each of its items, however many tasks come from it.
        SELECT q.round, q.id, q.department, i.item, c.pool,
            (SELECT cardinality(s.entities) FROM rounds.selections s WHERE s.round = q.round AND s.request = q.id)
                AS drawn,
            (SELECT jsonb_build_object('rates', l.rates, 'counts', l.counts)
                FROM rounds.plan_draws p
                JOIN plans.versions v ON v.plan = p.plan AND v.published_at < instant
                JOIN plans.lines l ON l.plan = p.plan AND l.line = p.line AND l.version = v.version
                WHERE p.round = q.round AND p.request = q.id
                ORDER BY l.version DESC, l.line LIMIT 1) AS plan
        FROM (SELECT DISTINCT round FROM tasks) AS t
        JOIN rounds.requests q ON q.round = t.round
        CROSS JOIN LATERAL jsonb_array_elements_text(q.body::jsonb -> 'items') AS i (item)
        LEFT JOIN committed c ON c.round = q.round AND c.id = q.id
    ), draws AS (
        -- The draws that the tasks come from, with pool and sample as they were committed.
        SELECT g.department, g.key_item, g.key_joint, sum(g.pool) AS pool, sum(g.drawn) AS drawn,
            count(*) FILTER (WHERE g.pool IS NULL) AS unknown, jsonb_agg(DISTINCT g.plan) FILTER (WHERE g.plan IS NOT NULL)
                AS planned
        FROM (
            SELECT DISTINCT k.department, k.key_item, k.key_joint, q.round, q.id, q.pool, q.drawn, q.plan
            FROM keyed k
            JOIN requests q ON q.round = k.round AND q.item = k.item AND q.department = k.department
                AND q.id = ANY(k.requests)
        ) AS g
        GROUP BY g.department, g.key_item, g.key_joint
    ), closings AS (
        SELECT g.department, g.key_item, g.key_joint, jsonb_object_agg(g.kind, g.n) AS kinds,
            coalesce(sum(g.n) FILTER (WHERE g.kind <> 'none'), 0) AS follow_ups,
            coalesce(sum(g.closed) FILTER (WHERE g.kind <> 'none'), 0) AS closed
        FROM (
            SELECT f.department, k.key_item, k.key_joint, f.kind, count(DISTINCT f.id) AS n,
                count(DISTINCT f.id) FILTER (WHERE f.done_on IS NOT NULL) AS closed
            FROM follow_ups f CROSS JOIN LATERAL (VALUES (f.item, f.joint), (NULL, f.joint), (NULL, NULL))
                AS k (key_item, key_joint)
            GROUP BY f.department, k.key_item, k.key_joint, f.kind) AS g
        GROUP BY g.department, g.key_item, g.key_joint
    )
    SELECT v.department, v.key_item, v.key_joint, jsonb_build_object(
        'pool', coalesce(d.pool, 0), 'drawn', coalesce(d.drawn, 0), 'pools_unknown', coalesce(d.unknown, 0),
        'planned', coalesce(d.planned, '[]'), 'due', v.due, 'inspected', v.inspected, 'failed', v.failed,
        'published', v.published, 'categories', coalesce(c.categories, '{}'),
        'follow_ups_by_kind', coalesce(f.kinds, '{}'), 'follow_ups', coalesce(f.follow_ups, 0),
        'closed', coalesce(f.closed, 0), 'departments', coalesce(n.departments, '[]'),
        'inspector_visits', coalesce(p.inspector_visits, 0))
    FROM visits v
    LEFT JOIN people p ON (p.department, p.key_item, p.key_joint) IS NOT DISTINCT FROM (v.department, v.key_item, v.key_joint)
    LEFT JOIN partners n ON (n.department, n.key_item, n.key_joint) IS NOT DISTINCT FROM (v.department, v.key_item, v.key_joint)
    LEFT JOIN categories c ON (c.department, c.key_item, c.key_joint) IS NOT DISTINCT FROM (v.department, v.key_item, v.key_joint)
    LEFT JOIN draws d ON (d.department, d.key_item, d.key_joint) IS NOT DISTINCT FROM (v.department, v.key_item, v.key_joint)
    LEFT JOIN closings f ON (f.department, f.key_item, f.key_joint) IS NOT DISTINCT FROM (v.department, v.key_item, v.key_joint)
$$;
