-- Returns (报表): figures counted from what the other slices keep, as of an instant, and what was frozen of them.
CREATE SCHEMA returns;

-- tasks: one row a task, what one department has to look at in one visit, an item. A task belongs to a period when it was
-- done in it, or when it is of the year, may be begun by the period's last day, and is not done by then. Everything is as
-- it was known at the instant. joint: at least two departments make the visit.
-- follow_ups: every follow-up (后续处置) of the visits inspected in a period, once for each item it is about. done_on is
-- when it was closed (办结): ordered where nothing more is asked for, else done, handed over, refused, found corrected.
-- figures: one row each department with each item and kind of inspection (item and joint set), each kind of inspection
-- (item NULL), and all together (both NULL). A coarser row counts once what several finer ones count, except categories,
-- which are counted by item. A draw that touched several items of a row is counted once.
-- leads: leads (个案线索) by department: those received in the period, and what became of any in it.
-- mechanisms: part one of the form (制度机制建设情况): documents in force, and how much is entered in each register.


CREATE FUNCTION returns.tasks(first_day date, last_day date, instant timestamp with time zone)
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
        CASE WHEN c.inspected THEN (
            SELECT min(p.published_at) FROM open.publications p
            WHERE p.entity = c.entity AND p.visit = c.visit AND p.department = c.department
                AND p.published_at < instant) END,
        c.inspected, c.failed,
        CASE WHEN c.inspected THEN coalesce((
            SELECT x.categories FROM inspections.result_items x
            WHERE x.visit = c.visit AND x.department = c.department AND x.version = c.version AND x.item = i.item), '{}')
            ELSE '{}' END,
        CASE WHEN c.inspected THEN c.inspectors ELSE '{}' END
    FROM counted c CROSS JOIN LATERAL unnest(c.items) AS i (item)
$$;

CREATE FUNCTION returns.follow_ups(first_day date, last_day date, instant timestamp with time zone)
 RETURNS TABLE(id text, kind text, visit text, department text, item text, joint boolean, ordered_on date, due_on date, done_on date)
 LANGUAGE sql
 STABLE
AS $$
    SELECT c.id, c.kind, t.visit, t.department, t.item, t.joint, c.ordered_on, c.due_on,
        CASE WHEN c.kind IN ('none', 'stop') THEN c.ordered_on ELSE (
            SELECT max(e.on_day) FROM inspections.consequence_events e
            -- The events have an instant of their own, so the parameter goes by its number.
            WHERE e.consequence = c.id AND e.at < $3
                AND (e.kind IN ('done', 'refused', 'handed-over') OR e.outcome = 'corrected')) END
    FROM returns.tasks(first_day, last_day, instant) t
    JOIN inspections.consequences c ON c.visit = t.visit AND c.department = t.department AND t.item = ANY(c.items)
    WHERE t.inspected AND c.at < instant
$$;

CREATE FUNCTION returns.figures(first_day date, last_day date, instant timestamp with time zone)
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
    ), draws AS (
        -- The draws that the tasks come from, with pool and sample as they were committed.
        SELECT g.department, g.key_item, g.key_joint, sum(g.pool) AS pool, sum(g.drawn) AS drawn,
            count(*) FILTER (WHERE g.pool IS NULL) AS unknown, jsonb_agg(DISTINCT g.plan) FILTER (WHERE g.plan IS NOT NULL)
                AS planned
        FROM (
            SELECT DISTINCT k.department, k.key_item, k.key_joint, k.round, q.id,
                (SELECT sum(s.value::bigint) FROM rounds.rounds r,
                    jsonb_array_elements(r.commitment_json::jsonb -> 'requests') AS c,
                    jsonb_each_text(c -> 'pool_sizes') AS s
                    WHERE r.id = k.round AND c ->> 'id' = q.id) AS pool,
                (SELECT cardinality(s.entities) FROM rounds.selections s WHERE s.round = k.round AND s.request = q.id)
                    AS drawn,
                (SELECT jsonb_build_object('rates', l.rates, 'counts', l.counts)
                    FROM rounds.plan_draws p
                    JOIN plans.versions v ON v.plan = p.plan AND v.published_at < instant
                    JOIN plans.lines l ON l.plan = p.plan AND l.line = p.line AND l.version = v.version
                    WHERE p.round = k.round AND p.request = q.id
                    ORDER BY l.version DESC, l.line LIMIT 1) AS plan
            FROM keyed k
            JOIN rounds.requests q ON q.round = k.round AND q.id = ANY(k.requests) AND q.department = k.department
                AND q.body::jsonb -> 'items' ? k.item
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

CREATE FUNCTION returns.leads(first_day date, last_day date, instant timestamp with time zone)
 RETURNS TABLE(department text, figures jsonb)
 LANGUAGE sql
 STABLE
AS $$
    SELECT g.department, jsonb_object_agg(g.what, g.n)
    FROM (
        SELECT l.department, l.origin AS what, count(*) AS n FROM inspections.leads l
        WHERE l.received_on BETWEEN first_day AND last_day AND l.at < instant GROUP BY 1, 2
        UNION ALL
        SELECT l.department, e.kind, count(DISTINCT l.id) FROM inspections.lead_events e
        JOIN inspections.leads l ON l.id = e.lead
        WHERE e.on_day BETWEEN first_day AND last_day AND e.at < instant GROUP BY 1, 2) AS g
    GROUP BY g.department
$$;

CREATE FUNCTION returns.mechanisms(last_day date, instant timestamp with time zone)
 RETURNS TABLE(department text, name text, exempt boolean, documents jsonb, general bigint, key bigint, objects bigint, inspectors bigint, certified bigint)
 LANGUAGE sql
 STABLE
AS $$
    SELECT d.id, d.name, d.exempt,
        coalesce((SELECT jsonb_agg(jsonb_build_object('title', s.body ->> 'title', 'number', s.body ->> 'number',
                'form', s.body ->> 'form', 'scope', s.body ->> 'scope') ORDER BY s.body ->> 'form' DESC, s.id)
            FROM registers.statements_at('document', instant) s
            WHERE s.department = d.id AND (s.body ->> 'in_force_from')::date <= last_day
                AND coalesce((s.body ->> 'in_force_until')::date >= last_day, true)), '[]'),
        (SELECT count(*) FROM registers.items i WHERE i.department = d.id AND i.category = 'general'
            AND i.valid_from <= instant AND (i.valid_to IS NULL OR i.valid_to > instant)),
        (SELECT count(*) FROM registers.items i WHERE i.department = d.id AND i.category = 'key'
            AND i.valid_from <= instant AND (i.valid_to IS NULL OR i.valid_to > instant)),
        (SELECT count(*) FROM registers.entities e WHERE d.id = ANY(e.regulators)
            AND e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)),
        (SELECT count(*) FROM registers.inspectors p WHERE p.department = d.id
            AND p.valid_from <= instant AND (p.valid_to IS NULL OR p.valid_to > instant)),
        (SELECT count(*) FROM registers.inspectors p WHERE p.department = d.id AND p.certificate_until >= last_day
            AND p.valid_from <= instant AND (p.valid_to IS NULL OR p.valid_to > instant))
    FROM registers.departments d
    WHERE d.valid_from <= instant AND (d.valid_to IS NULL OR d.valid_to > instant)
$$;

CREATE FUNCTION returns.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a submitted return never changes';
END $$;

-- What was submitted, as it was counted then. body is canonical JSON, digest the SHA-256 of it in hex.
CREATE TABLE returns.returns (
    kind         text NOT NULL CHECK (kind IN ('monthly', 'half-year', 'annual')),
    department   text COLLATE "C" NOT NULL,
    period       text NOT NULL CHECK (period ~ '^[0-9]{4}(-(0[1-9]|1[0-2])|-H1)?$'),
    version      integer NOT NULL CHECK (version >= 1),
    body         text NOT NULL,
    digest       text NOT NULL,
    zero         boolean NOT NULL,
    filled_by    text NOT NULL,
    as_of        timestamptz NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source       text NOT NULL,
    submission   text NOT NULL,
    key_id       text,
    PRIMARY KEY (kind, department, period, version)
);
-- 存在问题 and 工作建议.
CREATE TABLE returns.remarks (
    kind       text NOT NULL,
    department text COLLATE "C" NOT NULL,
    period     text NOT NULL,
    version    integer NOT NULL,
    what       text NOT NULL CHECK (what IN ('problem', 'suggestion')),
    number     integer NOT NULL CHECK (number >= 1),
    text       text NOT NULL,
    PRIMARY KEY (kind, department, period, version, what, number),
    FOREIGN KEY (kind, department, period, version) REFERENCES returns.returns
);
-- The department's head approves a version or gives it back (审批).
CREATE TABLE returns.decisions (
    kind       text NOT NULL,
    department text COLLATE "C" NOT NULL,
    period     text NOT NULL,
    version    integer NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('approved', 'returned')),
    by_name    text NOT NULL,
    reason     text,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    source     text NOT NULL,
    submission text NOT NULL,
    key_id     text,
    PRIMARY KEY (kind, department, period, version),
    FOREIGN KEY (kind, department, period, version) REFERENCES returns.returns,
    CHECK (decision = 'approved' OR reason IS NOT NULL)
);
-- What the office (联席会议办公室) answers to problems and suggestions.
CREATE TABLE returns.answers (
    kind       text NOT NULL,
    department text COLLATE "C" NOT NULL,
    period     text NOT NULL,
    version    integer NOT NULL,
    what       text NOT NULL,
    number     integer NOT NULL,
    answer     text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    source     text NOT NULL,
    submission text NOT NULL,
    key_id     text,
    PRIMARY KEY (kind, department, period, version, what, number),
    FOREIGN KEY (kind, department, period, version, what, number) REFERENCES returns.remarks
);
-- Publicity and training (宣传培训), recorded for the summaries.
CREATE TABLE returns.activities (
    id           text COLLATE "C" PRIMARY KEY,
    department   text COLLATE "C" NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('publicity', 'training')),
    held_on      date NOT NULL,
    title        text NOT NULL,
    form         text NOT NULL,
    participants integer NOT NULL CHECK (participants >= 0),
    note         text,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    source       text NOT NULL,
    submission   text NOT NULL,
    key_id       text
);
CREATE INDEX activities_held ON returns.activities (held_on, department);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['returns', 'remarks', 'decisions', 'answers', 'activities'] LOOP
        EXECUTE format('CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON returns.%I
            FOR EACH STATEMENT EXECUTE FUNCTION returns.only_added()', name);
    END LOOP;
END $$;

-- When each duty was done: by its first version that was not given back.
CREATE VIEW returns.submitted AS
    SELECT r.kind, r.department, r.period, min(r.submitted_at) AS submitted_at
    FROM returns.returns r
    WHERE NOT EXISTS (SELECT FROM returns.decisions d
        WHERE d.kind = r.kind AND d.department = r.department AND d.period = r.period AND d.version = r.version
            AND d.decision = 'returned')
    GROUP BY r.kind, r.department, r.period;

-- From when on a department is named in the circular (通报), called to a talk (约谈), or proposed for accountability
-- (追责): so many duties over their day, or one so many days over it. The office changes these rows.
CREATE TABLE returns.circular_rules (
    level         text PRIMARY KEY CHECK (level IN ('named', 'talk', 'accountability')),
    least_overdue integer NOT NULL CHECK (least_overdue >= 1),
    least_days    integer NOT NULL CHECK (least_days >= 1),
    basis         text NOT NULL
);
INSERT INTO returns.circular_rules (level, least_overdue, least_days, basis) VALUES
    ('named', 1, 1, '固政办发〔2021〕32号 五（五）：对工作不力的进行通报；数值为系统默认'),
    ('talk', 3, 10, '固政办发〔2021〕32号 五（五）：通报约谈；数值为系统默认'),
    ('accountability', 10, 30, '固政办发〔2021〕32号 五（五）：直至追究有关人员责任；数值为系统默认');

GRANT USAGE ON SCHEMA returns TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA returns TO yaohao_worker;
GRANT SELECT ON returns.submitted TO yaohao_notifier;
