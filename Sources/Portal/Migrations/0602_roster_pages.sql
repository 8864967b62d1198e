-- The pages of each frozen roster with their ends and roots, as counting them found. Only the functions below read it.
CREATE VIEW site.roster_pages AS
    SELECT p.round, p.ordinal, (t.result ->> 'first') COLLATE "C" AS first, (t.result ->> 'last') COLLATE "C" AS last,
        (t.result ->> 'lines')::bigint AS lines, decode(t.result ->> 'root', 'hex') AS root, b.body
    FROM rounds.round_pages p
    JOIN cluster.tasks t ON t.kind = 'rounds.2-count' AND t.subject = p.round AND t.ordinal = p.ordinal
        AND t.state = 'done'
    JOIN rounds.pages b ON b.hash = p.hash
    WHERE p.file = 'roster';

CREATE OR REPLACE FUNCTION open.own_rounds(entity text, word text) RETURNS jsonb LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN site.knows(entity, word) THEN coalesce((
        SELECT jsonb_agg(jsonb_build_object('round', r.id, 'commitment', r.commitment,
                'committed_at', to_char(r.committed_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"'),
                'state', r.state, 'in_roster', EXISTS (
                    SELECT FROM site.roster_pages p WHERE p.round = r.id AND entity BETWEEN p.first AND p.last
                        AND position(convert_to(E'\n' || entity || E'\t', 'UTF8') IN '\x0a'::bytea || p.body) > 0))
            ORDER BY r.committed_at DESC)
        FROM (SELECT * FROM rounds.rounds WHERE commitment IS NOT NULL ORDER BY committed_at DESC LIMIT 50) AS r), '[]') END
$$;

CREATE OR REPLACE FUNCTION open.own_proof(which text, entity text, word text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    salt text;
    page integer;
    body bytea;
    lines text[];
    place integer;
    low record;
    high record;
BEGIN
    IF NOT site.knows(entity, word) THEN RETURN NULL; END IF;
    SELECT encode(r.salt, 'hex') INTO salt FROM rounds.rounds r WHERE r.id = which AND r.commitment IS NOT NULL;
    SELECT p.ordinal, p.body INTO page, body FROM site.roster_pages p
    WHERE p.round = which AND entity BETWEEN p.first AND p.last;
    IF body IS NULL OR salt IS NULL THEN RETURN NULL; END IF;
    lines := string_to_array(rtrim(convert_from(body, 'UTF8'), E'\n'), E'\n');
    SELECT n - 1 INTO place FROM unnest(lines) WITH ORDINALITY AS l (line, n) WHERE split_part(line, E'\t', 1) = entity;
    IF place IS NULL THEN RETURN NULL; END IF;
    SELECT * INTO low FROM site.climb(ARRAY(
        SELECT site.node('00', sha256(convert_to(salt || ':' || split_part(line, E'\t', 1), 'UTF8')), convert_to(line, 'UTF8'))
        FROM unnest(lines) WITH ORDINALITY AS l (line, n) ORDER BY n), place);
    SELECT * INTO high FROM site.climb(ARRAY(
        SELECT p.root FROM site.roster_pages p WHERE p.round = which ORDER BY p.ordinal), page);
    RETURN jsonb_build_object(
        'proof', jsonb_build_object('line', lines[place + 1],
            'key', encode(sha256(convert_to(salt || ':' || entity, 'UTF8')), 'hex'), 'index', page * 4096 + place,
            'lines', (SELECT sum(p.lines)::bigint FROM site.roster_pages p WHERE p.round = which),
            'path', to_jsonb(low.path || high.path)),
        'seed', (SELECT seed FROM open.rounds WHERE id = which),
        'root', encode(high.root, 'hex'));
END $$;

CREATE OR REPLACE FUNCTION open.own_outcome(which text, request text, entity text, word text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked jsonb;
    stream text;
    answer jsonb;
BEGIN
    IF NOT site.knows(entity, word) THEN RETURN NULL; END IF;
    SELECT to_jsonb(q), CASE WHEN q.coordination = 'joint' THEN r.seed
            ELSE encode(sha256(convert_to(r.seed || ':' || q.request, 'UTF8')), 'hex') END
        INTO asked, stream
    FROM open.round_requests q JOIN open.rounds r ON r.id = q.round
    WHERE q.round = which AND q.request = own_outcome.request AND r.seed IS NOT NULL;
    IF stream IS NULL THEN RETURN NULL; END IF;
    -- Only the pages that hold the entity or a winner are looked into, each at its one line.
    WITH sought AS (
        SELECT e FROM rounds.selections s, unnest(s.entities) AS e WHERE s.round = which AND s.request = own_outcome.request
        UNION SELECT entity
    ), classes AS (
        SELECT e, chr(get_byte(p.body, position(convert_to(E'\n' || e || E'\t', 'UTF8') IN '\x0a'::bytea || p.body)
            - 1 + octet_length(e) + 1)) AS class
        FROM sought JOIN site.roster_pages p ON p.round = which AND e BETWEEN p.first AND p.last
        WHERE position(convert_to(E'\n' || e || E'\t', 'UTF8') IN '\x0a'::bytea || p.body) > 0
    )
    SELECT jsonb_build_object(
        'drawn', EXISTS (SELECT FROM rounds.selections s
            WHERE s.round = which AND s.request = own_outcome.request AND entity = ANY(s.entities)),
        'threshold', (SELECT max(encode(sha256(convert_to(stream || c.e, 'UTF8')), 'hex') COLLATE "C") FROM classes c
            WHERE c.e IN (SELECT unnest(s.entities) FROM rounds.selections s
                    WHERE s.round = which AND s.request = own_outcome.request)
                AND (asked #> '{sample,count}' IS NOT NULL
                    OR c.class = (SELECT o.class FROM classes o WHERE o.e = entity))))
    INTO answer;
    RETURN answer;
END $$;
