-- What the open site reads: search over who has something published, results by item, draws, what followed. Tables that
-- only speed it up are in a schema of their own, filled by triggers; the site's role sees views of `open` and nothing else.
CREATE SCHEMA site;

-- An instant as the site writes it: RFC 3339, by the county's clock.
CREATE FUNCTION open.instant(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"')
$$;
-- What a department or an item is called now, or was called last.
CREATE FUNCTION open.department_name(which text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT name FROM open.departments d WHERE d.id = which
        ORDER BY d.valid_to DESC NULLS FIRST, d.valid_from DESC LIMIT 1), which)
$$;
CREATE FUNCTION open.item_name(which text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT name FROM open.items i WHERE i.id = which
        ORDER BY i.valid_to DESC NULLS FIRST, i.valid_from DESC LIMIT 1), which)
$$;

-- A name as it is searched: one width, one case, without spaces and marks, so that 固阳（县）and 固阳(县) meet.
CREATE FUNCTION open.searchable(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(regexp_replace(lower(normalize(name, NFKC)), '[[:space:]!-/:-@\[-`{-~]+', '', 'g'),
        '·•、。《》“”‘’—…「」【】', '')
$$;
-- Its characters and pairs of neighbours. Chinese has no spaces, and the parts that people search for are often one or two
-- characters long: shorter than the three of which pg_trgm makes its index.
CREATE FUNCTION open.grams(searchable text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT gram COLLATE "C") FROM (
        SELECT c AS gram FROM string_to_table(searchable, NULL) AS c
        UNION ALL
        SELECT c || lead(c) OVER (ORDER BY n)
        FROM string_to_table(searchable, NULL) WITH ORDINALITY AS t (c, n)
    ) g WHERE gram IS NOT NULL
$$;
-- What a name must have to hold a text: its pairs, or its one character.
CREATE FUNCTION open.needed_grams(searchable text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN length(searchable) = 1 THEN ARRAY[searchable COLLATE "C"] ELSE (
        SELECT array_agg(DISTINCT pair COLLATE "C") FROM (
            SELECT c || lead(c) OVER (ORDER BY n) AS pair
            FROM string_to_table(searchable, NULL) WITH ORDINALITY AS t (c, n)) p
        WHERE pair IS NOT NULL) END
$$;

-- Who has something published. search holds every name under which something was.
CREATE TABLE site.entities (
    id                text COLLATE "C" PRIMARY KEY,
    name              text NOT NULL,
    search            text NOT NULL,
    results           integer NOT NULL,
    last_published_at timestamptz NOT NULL
);
CREATE INDEX entities_grams ON site.entities USING gin (open.grams(search));
ALTER INDEX site.entities_grams ALTER COLUMN 1 SET STATISTICS 2000;
-- The shortest name that holds the text is the closest.
CREATE INDEX entities_closest ON site.entities (length(search), id);

-- Each version of a result under each of its items, newest first.
CREATE TABLE site.items (
    item         text COLLATE "C" NOT NULL,
    published_at timestamptz NOT NULL,
    id           text COLLATE "C" NOT NULL,
    PRIMARY KEY (item, published_at, id)
);
CREATE INDEX publications_newest ON open.publications (published_at, id);
CREATE INDEX publications_department ON open.publications (department, published_at, id);

-- First versions counted by department and the day until which they were to be published.
CREATE TABLE site.days (
    department text COLLATE "C" NOT NULL,
    due_on     date NOT NULL,
    results    integer NOT NULL,
    late       integer NOT NULL,
    findings   integer NOT NULL,
    PRIMARY KEY (department, due_on)
);

CREATE FUNCTION site.absorb(ids text[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO site.entities AS e (id, name, search, results, last_published_at)
        SELECT entity, (array_agg(entity_name ORDER BY published_at DESC, id DESC))[1],
            string_agg(DISTINCT open.searchable(entity_name), E'\n'), count(*) FILTER (WHERE version = 1), max(published_at)
        FROM open.publications WHERE id = ANY(ids) GROUP BY entity ORDER BY entity
    ON CONFLICT (id) DO UPDATE SET
        name = CASE WHEN excluded.last_published_at >= e.last_published_at THEN excluded.name ELSE e.name END,
        search = CASE WHEN excluded.search = ANY(string_to_array(e.search, E'\n')) THEN e.search
            ELSE e.search || E'\n' || excluded.search END,
        results = e.results + excluded.results,
        last_published_at = greatest(e.last_published_at, excluded.last_published_at);
    INSERT INTO site.items
        SELECT DISTINCT i ->> 'item', p.published_at, p.id
        FROM open.publications p, jsonb_array_elements(p.body::jsonb -> 'items') AS i
        WHERE p.id = ANY(ids) AND i ->> 'item' IS NOT NULL;
    INSERT INTO site.days AS d
        SELECT p.department, p.due_on, count(*),
            count(*) FILTER (WHERE (p.published_at AT TIME ZONE 'Asia/Shanghai')::date > p.due_on),
            count(*) FILTER (WHERE EXISTS (
                SELECT FROM jsonb_array_elements(p.body::jsonb -> 'items') AS i
                JOIN inspections.categories c ON c.kind = 'finding' AND i -> 'categories' ? c.name))
        FROM open.publications p
        WHERE p.id = ANY(ids) AND p.version = 1 AND p.due_on IS NOT NULL
        GROUP BY p.department, p.due_on ORDER BY p.department, p.due_on
    ON CONFLICT (department, due_on) DO UPDATE SET results = d.results + excluded.results,
        late = d.late + excluded.late, findings = d.findings + excluded.findings;
$$;
REVOKE EXECUTE ON FUNCTION site.absorb FROM PUBLIC;
CREATE FUNCTION site.published() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM site.absorb(ARRAY(SELECT id FROM fresh));
    RETURN NULL;
END $$;
CREATE TRIGGER absorb AFTER INSERT ON open.publications REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION site.published();
SELECT site.absorb(ARRAY(SELECT id FROM open.publications));

CREATE VIEW open.entities AS SELECT id, name, search, results, last_published_at FROM site.entities;
CREATE VIEW open.publication_items AS SELECT item, published_at, id FROM site.items;
CREATE VIEW open.department_results AS
    SELECT department, to_char(due_on, 'YYYY-MM') AS month, sum(results)::bigint AS results,
        sum(findings)::bigint AS findings
    FROM site.days GROUP BY 1, 2;

-- The county's punctuality as a whole. Departments are named only for the time that the office has released, by the rule
-- lateness_released: {"until": day, "circular": title}.
CREATE VIEW open.timeliness AS
    SELECT to_char(due_on, 'YYYY-MM') AS month, sum(results)::bigint AS results, sum(late)::bigint AS late
    FROM site.days GROUP BY 1;
CREATE VIEW open.overdue AS
    SELECT count(*) AS results FROM notices.deadlines
    WHERE kind = 'publication' AND met_at IS NULL AND withdrawn_at IS NULL
        AND due_on < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
CREATE VIEW open.department_timeliness AS
    SELECT d.department, sum(d.results)::bigint AS results, sum(d.late)::bigint AS late,
        r.value ->> 'circular' AS circular, (r.value ->> 'until')::date AS until
    FROM site.days d JOIN registers.rules r ON r.key = 'lateness_released' AND r.valid_to IS NULL
        AND d.due_on <= (r.value ->> 'until')::date
    GROUP BY d.department, r.value;

-- What followed a published result: which step, and whether it is done. What was demanded of whom in words is not in it.
CREATE VIEW open.consequences AS
    SELECT c.visit, c.department, c.kind, c.name, c.items, c.ordered_on, c.due_on, c.done_on, c.reinspected_on
    FROM inspections.consequence_states c
    WHERE c.visit IS NOT NULL AND EXISTS (SELECT FROM open.publications p
        WHERE p.visit = c.visit AND p.department = c.department AND p.version >= c.version);
-- That an enterprise asked for a correction of what was published, and what became of it.
CREATE VIEW open.correction_requests AS
    SELECT publication, requested_on, decision, answered_on FROM notices.correction_requests;

-- Draws. Everything that fixes a draw is open from its commitment on; a seed part or an entity only when it is due.
CREATE VIEW open.round_requests AS
    SELECT r.id AS round, q ->> 'id' AS request, q ->> 'department' AS department, q -> 'items' AS items,
        q -> 'pool' AS pool, q -> 'sample' AS sample, q ->> 'method' AS method, (q ->> 'joint')::boolean AS joint,
        q ->> 'coordination' AS coordination, q -> 'window' ->> 0 AS window_first, q -> 'window' ->> 1 AS window_last,
        (q ->> 'team')::integer AS team, q -> 'specialties' AS specialties, q -> 'pool_sizes' AS pool_sizes,
        q -> 'sample_sizes' AS sample_sizes,
        (SELECT coalesce(sum(n::bigint), 0)::bigint FROM jsonb_each_text(q -> 'pool_sizes') AS s (class, n)) AS pool_size,
        (SELECT coalesce(sum(n::bigint), 0)::bigint FROM jsonb_each_text(q -> 'sample_sizes') AS s (class, n)) AS sample_size
    FROM rounds.rounds r, jsonb_array_elements(r.commitment_json::jsonb -> 'requests') AS q
    WHERE r.commitment_json IS NOT NULL;
CREATE VIEW open.round_requests_in AS
    SELECT round, count(*) AS requests, count(DISTINCT department) AS departments FROM rounds.requests GROUP BY round;
CREATE VIEW open.round_witnesses AS
    SELECT w.round, w.source, w.commitment, w.committed_at, w.revealed_at, w.named_commitment,
        CASE WHEN o.seed IS NOT NULL THEN w.nonce END AS nonce
    FROM rounds.witnesses w JOIN open.rounds o ON o.id = w.round;
CREATE VIEW open.round_public_values AS
    SELECT p.round, p.source, p.description, p.pattern, s.witness, s.value, s.stated_at
    FROM rounds.public_sources p
    LEFT JOIN rounds.public_statements s ON s.round = p.round AND s.source = p.source;
-- The texts of the public bundle, as they are hashed; the seed's parts when the seed is open.
CREATE VIEW open.round_texts AS
    SELECT r.id AS round, r.definition, r.commitment_json AS commitment,
        CASE WHEN o.seed IS NOT NULL THEN r.seed_json END AS seed, r.replaced_by
    FROM (SELECT r.*, (SELECT n.id FROM rounds.rounds n WHERE n.successor_of = r.id) AS replaced_by FROM rounds.rounds r) r
    JOIN open.rounds o ON o.id = r.id;

-- Visits whose time has come: begun, published, or over.
CREATE VIEW open.round_visits AS
    SELECT v.round, v.id AS visit, v.entity, n.name AS entity_name, v.method, v.requests, v.departments, v.window_first,
        v.window_last
    FROM rounds.visits v
    JOIN rounds.rounds r ON r.id = v.round AND r.state IN ('drawn', 'closed')
    LEFT JOIN LATERAL (SELECT e.name FROM registers.entities e WHERE e.id = v.entity
        ORDER BY e.valid_from DESC LIMIT 1) AS n ON true
    WHERE v.window_last < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
        OR EXISTS (SELECT FROM inspections.visit_events e WHERE e.visit = v.id AND e.kind IN ('begun', 'ended'))
        OR EXISTS (SELECT FROM open.publications p WHERE p.visit = v.id);

-- Figures of a drawn round, counted once: they name nobody.
CREATE TABLE site.round_figures (
    round    text COLLATE "C" PRIMARY KEY,
    drawn    bigint NOT NULL,
    entities bigint NOT NULL,
    visits   bigint NOT NULL,
    slots    bigint NOT NULL,
    missing  bigint NOT NULL,
    -- [{"department", "visits", "inspectors"}]: how many inspectors have how many visits of this round.
    workload jsonb NOT NULL
);
CREATE FUNCTION site.count_round(which text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO site.round_figures
    SELECT which,
        (SELECT coalesce(sum(cardinality(entities)), 0) FROM rounds.selections WHERE round = which),
        (SELECT count(DISTINCT entity) FROM rounds.visits WHERE round = which),
        (SELECT count(*) FROM rounds.visits WHERE round = which),
        (SELECT coalesce(sum(cardinality(inspectors)), 0) FROM rounds.teams WHERE round = which),
        (SELECT coalesce(sum(cardinality(missing)), 0) FROM rounds.teams WHERE round = which),
        coalesce((SELECT jsonb_agg(jsonb_build_object('department', department, 'visits', visits, 'inspectors', inspectors)
                ORDER BY department, visits)
            FROM (SELECT department, visits, count(*) AS inspectors FROM (
                    SELECT t.department, i, count(*) AS visits FROM rounds.teams t, unnest(t.inspectors) AS i
                    WHERE t.round = which GROUP BY t.department, i) AS each_one
                GROUP BY department, visits) AS loads), '[]')
    ON CONFLICT DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION site.count_round FROM PUBLIC;
CREATE FUNCTION site.drawn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM site.count_round(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER count_drawn AFTER UPDATE OF state ON rounds.rounds
    FOR EACH ROW WHEN (NEW.state = 'drawn' AND OLD.state <> 'drawn') EXECUTE FUNCTION site.drawn();
SELECT site.count_round(id) FROM rounds.rounds WHERE state IN ('drawn', 'closed');
CREATE VIEW open.round_figures AS
    SELECT round, drawn, entities, visits, slots, missing, workload FROM site.round_figures;

-- The sealed result without inspectors, once the seed is open; NULL before.
CREATE FUNCTION open.public_result(which text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_set(body, '{visits}', coalesce((
        SELECT jsonb_agg(jsonb_set(visit, '{teams}', coalesce((
                SELECT jsonb_agg(team - 'inspectors' ORDER BY place)
                FROM jsonb_array_elements(visit -> 'teams') WITH ORDINALITY AS t (team, place)), '[]')) ORDER BY number)
        FROM jsonb_array_elements(body -> 'visits') WITH ORDINALITY AS v (visit, number)), '[]'))::text
    FROM (SELECT convert_from(s.body, 'UTF8')::jsonb AS body FROM rounds.results s
        JOIN open.rounds o ON o.id = s.round AND o.seed IS NOT NULL WHERE s.round = which) AS r
$$;
REVOKE EXECUTE ON FUNCTION open.public_result FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open.public_result TO yaohao_portal;

-- The working days of the year's calendar.
CREATE VIEW open.calendar AS SELECT day, kind, holiday FROM registers.calendar;

GRANT SELECT ON open.entities, open.publication_items, open.department_results, open.timeliness, open.overdue,
    open.department_timeliness, open.consequences, open.correction_requests, open.round_requests, open.round_requests_in,
    open.round_witnesses, open.round_public_values, open.round_texts, open.round_visits, open.round_figures, open.calendar
    TO yaohao_portal;
