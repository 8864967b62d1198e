-- What is said about the registers beside feeds: the county's rules, absences, recusals, … Each statement has a kind and
-- an id; the newest of an id counts, one without a body withdraws it. Rows are only ever added.
CREATE TABLE registers.statements (
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    valid_from timestamptz NOT NULL,
    body       jsonb,
    source     text NOT NULL,
    submission text NOT NULL,
    department text COLLATE "C" NOT NULL,
    key_id     text,
    PRIMARY KEY (kind, id, valid_from)
);
CREATE FUNCTION registers.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is only added to';
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON registers.statements
    FOR EACH STATEMENT EXECUTE FUNCTION registers.only_added();

-- What was in force at an instant.
CREATE FUNCTION registers.statements_at(what text, instant timestamptz) RETURNS SETOF registers.statements
LANGUAGE sql STABLE AS $$
    SELECT s.* FROM (
        SELECT DISTINCT ON (id) * FROM registers.statements WHERE kind = what AND valid_from <= instant
        ORDER BY id, valid_from DESC
    ) s WHERE s.body IS NOT NULL
$$;

CREATE FUNCTION registers.instant_text(instant timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The rules that the county has set for itself, each until the next; what was never set is as the program brings it.
CREATE VIEW registers.rules AS
    SELECT key, value, basis, note, valid_from, valid_to, source, submission, department
    FROM (
        SELECT id AS key, body -> 'value' AS value, body ->> 'basis' AS basis, body ->> 'note' AS note, valid_from,
            lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS valid_to, source, submission, department, body
        FROM registers.statements WHERE kind = 'rule'
    ) r WHERE body IS NOT NULL;

GRANT SELECT, INSERT ON registers.statements TO yaohao_worker;
GRANT SELECT ON registers.statements TO yaohao_notifier;
GRANT SELECT ON registers.rules TO yaohao_worker, yaohao_notifier;

CREATE VIEW open.rules AS SELECT key, value, basis, note, valid_from, valid_to FROM registers.rules;
GRANT SELECT ON open.rules TO yaohao_portal;
