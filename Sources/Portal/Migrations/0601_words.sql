-- The word of a notice (核验词): with it an enterprise asks for its own line of each frozen roster, and nobody else can.
-- A word is 60 bits of HMAC-SHA256 (RFC 2104) of the entity's id under a secret that never leaves this table. The site's role
-- can only have a word checked; it can neither make one nor read a roster.
CREATE TABLE site.word_secret (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);
-- Three random UUIDs carry 366 random bits (RFC 4122 §4.4) from the server's strong source.
INSERT INTO site.word_secret (secret) SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid()));

CREATE FUNCTION site.hmac(key bytea, message bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. octet_length(key) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
        outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
    END LOOP;
    RETURN sha256(outer_pad || sha256(inner_pad || message));
END $$;

-- Twelve letters and digits that cannot be taken for one another (Crockford's alphabet), in groups of four.
CREATE FUNCTION site.word_of(entity text) RETURNS text LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digest bytea;
    bits bigint := 0;
    word text := '';
BEGIN
    SELECT site.hmac(secret, convert_to('yaohao-word-v1:' || entity, 'UTF8')) INTO digest FROM site.word_secret;
    FOR i IN 0 .. 7 LOOP
        bits := bits << 8 | get_byte(digest, i);
    END LOOP;
    FOR i IN 0 .. 11 LOOP
        word := word || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + ((bits >> (59 - 5 * i)) & 31)::integer, 1);
        IF i IN (3, 7) THEN word := word || '-'; END IF;
    END LOOP;
    RETURN word;
END $$;
REVOKE EXECUTE ON FUNCTION site.hmac, site.word_of FROM PUBLIC;
GRANT USAGE ON SCHEMA site TO yaohao_worker, yaohao_console;
GRANT EXECUTE ON FUNCTION site.word_of TO yaohao_worker, yaohao_console;

-- Hashed before they are compared, so that the time taken tells nothing of where they differ.
CREATE FUNCTION site.knows(entity text, word text) RETURNS boolean LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(translate(upper(word), 'OIL- ', '011'), 'UTF8'))
        = sha256(convert_to(replace(site.word_of(entity), '-', ''), 'UTF8'))
$$;
REVOKE EXECUTE ON FUNCTION site.knows FROM PUBLIC;

CREATE FUNCTION site.node(kind text, a bytea, b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(decode(kind, 'hex') || a || b)
$$;
-- One level up of a Merkle tree (RFC 6962 §2.1) whose lower levels are as full as can be: a last one without partner rises.
CREATE FUNCTION site.level_up(hashes bytea[]) RETURNS bytea[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(CASE WHEN hashes[i + 1] IS NULL THEN hashes[i] ELSE site.node('01', hashes[i], hashes[i + 1]) END
        ORDER BY i)
    FROM generate_series(1, cardinality(hashes), 2) AS i
$$;
-- The siblings of one leaf from the bottom up, and the root.
CREATE FUNCTION site.climb(leaves bytea[], place integer, OUT path text[], OUT root bytea) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    hashes bytea[] := leaves;
    i integer := place;
    sibling integer;
BEGIN
    path := '{}';
    WHILE cardinality(hashes) > 1 LOOP
        sibling := CASE WHEN i % 2 = 0 THEN i + 1 ELSE i - 1 END;
        IF sibling < cardinality(hashes) THEN path := path || encode(hashes[sibling + 1], 'hex'); END IF;
        hashes := site.level_up(hashes);
        i := i / 2;
    END LOOP;
    root := hashes[1];
END $$;
REVOKE EXECUTE ON FUNCTION site.node, site.level_up, site.climb FROM PUBLIC;

-- The pages of each frozen roster with their ends and roots, as counting them found. Only the functions below read it.
CREATE VIEW site.roster_pages AS
    SELECT p.round, p.ordinal, (t.result ->> 'first') COLLATE "C" AS first, (t.result ->> 'last') COLLATE "C" AS last,
        (t.result ->> 'lines')::bigint AS lines, decode(t.result ->> 'root', 'hex') AS root, b.body
    FROM rounds.round_pages p
    JOIN cluster.tasks t ON t.kind = 'rounds.2-count' AND t.subject = p.round AND t.ordinal = p.ordinal
        AND t.state = 'done'
    JOIN rounds.pages b ON b.hash = p.hash
    WHERE p.file = 'roster';

-- The rounds with a commitment, newest first, and whether the entity's line is in each frozen roster. NULL unless the word is
-- the entity's. Who was drawn is in it only when the seed is open; what it says of chances is in every commitment.
CREATE FUNCTION open.own_rounds(entity text, word text) RETURNS jsonb LANGUAGE sql STABLE STRICT SECURITY DEFINER
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

-- One round: the entity's own line, its proof (draw-v1 §1), and the seed when it is open. NULL unless the word is the entity's
-- and its line is in the roster.
CREATE FUNCTION open.own_proof(which text, entity text, word text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT
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

-- Once the seed is open: whether the entity was drawn for a request, and the largest ticket that won in its own stratum.
-- The class of others is looked up to find that ticket and is not told; who asks knows its own. NULL before, and unless the
-- word is the entity's.
CREATE FUNCTION open.own_outcome(which text, request text, entity text, word text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT
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
        -- A threshold tells of everybody whose ticket is smaller and who was not drawn that he is of another class.
        'threshold', CASE WHEN asked #> '{sample,count}' IS NULL AND coalesce((SELECT (r.value #>> '{}')::boolean
                FROM registers.rules r WHERE r.key = 'credit_class_confidential' AND r.valid_to IS NULL), true) THEN NULL
            ELSE (SELECT max(encode(sha256(convert_to(stream || c.e, 'UTF8')), 'hex') COLLATE "C") FROM classes c
            WHERE c.e IN (SELECT unnest(s.entities) FROM rounds.selections s
                    WHERE s.round = which AND s.request = own_outcome.request)
                AND (asked #> '{sample,count}' IS NOT NULL
                    OR c.class = (SELECT o.class FROM classes o WHERE o.e = entity))) END)
    INTO answer;
    RETURN answer;
END $$;
REVOKE EXECUTE ON FUNCTION open.own_rounds, open.own_proof, open.own_outcome FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open.own_rounds, open.own_proof, open.own_outcome TO yaohao_portal;
