-- Statements about staff, documents and classes, as rows that queries can join.
ALTER TABLE registers.statements
    ADD COLUMN withdrawn text,
    ADD CHECK (body IS NOT NULL OR withdrawn IS NOT NULL);

-- For each function: instant is as of when; 'infinity' takes everything that the snapshot has.
CREATE FUNCTION registers.absences_at(instant timestamptz)
RETURNS TABLE (id text, inspector text, first_day date, last_day date, reason text) LANGUAGE sql STABLE AS $$
    SELECT s.id, s.body ->> 'inspector', (s.body ->> 'from')::date, (s.body ->> 'to')::date, s.body ->> 'reason'
    FROM registers.statements_at('absence', instant) s
$$;

-- Without a first or last day it holds from when it was said, or without end.
CREATE FUNCTION registers.recusals_at(instant timestamptz)
RETURNS TABLE (id text, inspector text, entity text, days daterange, reason text, requested_by text)
LANGUAGE sql STABLE AS $$
    SELECT s.id, s.body ->> 'inspector', s.body ->> 'entity',
        daterange((s.body ->> 'from')::date, (s.body ->> 'until')::date, '[]'), s.body ->> 'reason',
        s.body ->> 'requested_by'
    FROM registers.statements_at('recusal', instant) s
$$;

-- The class of every entity as it counts on a day, and where it comes from: by hand, from the classes of the month, the
-- entity's own row, or its score. lowers are the least scores of the classes in names, ascending; scores from the last
-- of lowers on have none.
CREATE FUNCTION registers.classes_in_force(instant timestamptz, today date, lowers integer[], names text[])
RETURNS TABLE (entity text, class text, origin text) LANGUAGE sql STABLE AS $$
    SELECT e.id,
        coalesce(o.class, m.class, nullif(e.credit, '-'), names[nullif(width_bucket(e.score, lowers), 0)], '-'),
        CASE
            WHEN o.class IS NOT NULL THEN 'override'
            WHEN m.class IS NOT NULL THEN 'classes'
            WHEN e.credit <> '-' THEN 'entity'
            WHEN names[nullif(width_bucket(e.score, lowers), 0)] IS NOT NULL THEN 'score'
            ELSE 'none'
        END
    FROM registers.entities e
    LEFT JOIN (
        SELECT s.id, s.body ->> 'class' AS class FROM registers.statements_at('class-override', instant) s
        WHERE (s.body ->> 'until')::date >= today
    ) o ON o.id = e.id
    LEFT JOIN (
        SELECT DISTINCT ON (1) coalesce(nullif(c.entity, ''), c.id) AS entity,
            coalesce(nullif(c.class, ''), names[nullif(width_bucket(c.score, lowers), 0)]) AS class
        FROM registers.classes c
        WHERE c.scheme IN ('', 'credit') AND c.valid_from <= instant AND (c.valid_to IS NULL OR c.valid_to > instant)
        ORDER BY 1, c.month DESC, c.valid_from DESC, c.id
    ) m ON m.entity = e.id
    WHERE e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)
$$;

-- What anyone may read: documents and checklists, each version until the next.
CREATE VIEW open.documents AS
    SELECT id, department, title, number, form, scope, in_force_from, in_force_until, file_name, file_sha256,
        valid_from, valid_to
    FROM (
        SELECT id, department, body ->> 'title' AS title, body ->> 'number' AS number, body ->> 'form' AS form,
            body ->> 'scope' AS scope, (body ->> 'in_force_from')::date AS in_force_from,
            (body ->> 'in_force_until')::date AS in_force_until, body #>> '{file,name}' AS file_name,
            body #>> '{file,sha256}' AS file_sha256, valid_from,
            lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS valid_to, body
        FROM registers.statements WHERE kind = 'document'
    ) d WHERE body IS NOT NULL;

CREATE VIEW open.checklists AS
    SELECT id, version, department, item, title, steps, in_force_from, in_force_until, valid_from, valid_to
    FROM (
        SELECT id, row_number() OVER (PARTITION BY id ORDER BY valid_from) AS version, department,
            body ->> 'item' AS item, body ->> 'title' AS title, body -> 'steps' AS steps,
            (body ->> 'in_force_from')::date AS in_force_from, (body ->> 'in_force_until')::date AS in_force_until,
            valid_from, lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS valid_to, body
        FROM registers.statements WHERE kind = 'checklist'
    ) c WHERE body IS NOT NULL;

-- 联合抽查事项清单, with why the others stay outside.
CREATE VIEW open.joint_items AS
    SELECT id, name, legal_basis, coalesce(nullif(subject, ''), department) AS subject, department, object_kind,
        authority, joint, joint_batch, outside_reason, valid_from, valid_to
    FROM registers.items WHERE joint OR outside_reason <> '';

GRANT SELECT ON open.documents, open.checklists, open.joint_items TO yaohao_portal;
