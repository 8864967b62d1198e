-- Where credit classes are confidential, which they are unless the county says otherwise, no threshold of a class is told.
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
