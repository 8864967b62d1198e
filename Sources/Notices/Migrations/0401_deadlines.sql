-- Deadlines of every kind, each with its basis; ladders are the county's rules (registers.rules), not rows of this slice.
ALTER TABLE notices.rungs DROP CONSTRAINT rungs_kind_rung_fkey;
ALTER TABLE notices.deadlines DROP CONSTRAINT deadlines_kind_fkey;
DROP TABLE notices.rung_rules, notices.rules;
DROP INDEX notices.deadlines_open, notices.deadlines_without_calendar;

-- Working days (工作日) of the years whose days off are known. ordinal counts them from the beginning of a run of such
-- years; before each run stands the day before it, from which can be counted.
CREATE TABLE notices.days (
    day     date PRIMARY KEY,
    run     integer NOT NULL,
    worked  boolean NOT NULL,
    ordinal integer NOT NULL
);
CREATE UNIQUE INDEX days_worked ON notices.days (run, ordinal) WHERE worked;
-- Which calendar the days were made from, and which rules the ladders.
CREATE TABLE notices.made_from (
    what   text PRIMARY KEY,
    digest text NOT NULL
);

-- Makes the days again when the calendar has changed; whether it did.
CREATE FUNCTION notices.refresh_days() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    now_digest text := (SELECT coalesce(md5(string_agg(day || kind, ',' ORDER BY day)), '') FROM registers.calendar);
BEGIN
    IF now_digest = (SELECT digest FROM notices.made_from WHERE what = 'calendar') THEN
        RETURN false;
    END IF;
    LOCK TABLE notices.days IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM notices.days;
    INSERT INTO notices.days (day, run, worked, ordinal)
    WITH years AS (
        SELECT year, year - row_number() OVER (ORDER BY year) AS run
        FROM (SELECT DISTINCT extract(year FROM day)::integer AS year FROM registers.calendar) AS known
    ), all_days AS (
        SELECT d::date AS day, y.run, CASE c.kind WHEN 'work' THEN true WHEN 'rest' THEN false
            ELSE extract(isodow FROM d) <= 5 END AS worked
        FROM years y
        CROSS JOIN generate_series(make_date(y.year, 1, 1)::timestamp, make_date(y.year, 12, 31), interval '1 day') AS d
        LEFT JOIN registers.calendar c ON c.day = d::date
        UNION ALL
        SELECT make_date(min(year), 1, 1) - 1, run, false FROM years GROUP BY run
    )
    SELECT day, dense_rank() OVER (ORDER BY run), worked, sum(worked::integer) OVER (PARTITION BY run ORDER BY day)
    FROM all_days;
    INSERT INTO notices.made_from (what, digest) VALUES ('calendar', now_digest)
    ON CONFLICT (what) DO UPDATE SET digest = excluded.digest;
    RETURN true;
END $$;

-- The last of so many working days after a day; NULL where the calendar ends too early.
CREATE FUNCTION notices.working_day_after(start date, count integer) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count = 0 THEN start ELSE (
        SELECT t.day FROM notices.days s JOIN notices.days t ON t.run = s.run AND t.worked AND t.ordinal = s.ordinal + count
        WHERE s.day = start) END
$$;
-- The day of a rung: so many working days after the due day, or before it counted from the day before, never before the
-- start; with all_days every day counts.
CREATE FUNCTION notices.rung_day(starts date, due date, step integer, all_days boolean) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT greatest(starts, CASE
        WHEN all_days THEN due + step
        WHEN step >= 0 THEN notices.working_day_after(due, step)
        ELSE (SELECT t.day FROM notices.days s
            JOIN notices.days t ON t.run = s.run AND t.worked AND t.ordinal = s.ordinal + step + 1
            WHERE s.day = due - 1) END)
$$;
-- Why a day that is counted from another is unknown.
CREATE FUNCTION notices.unknown_day(start date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%1$s 年的节假日安排尚未载入，无法计算工作日；请在国务院公布后补入 registers.calendar 表，或升级后运行 yaohao migrate / '
        || 'the days off of %1$s are not known; add that year''s rows (day, kind, holiday) to the table '
        || 'registers.calendar, or install a version that has them and run yaohao migrate',
        coalesce((SELECT extract(year FROM max(l.day))::integer + 1 FROM notices.days s
            JOIN notices.days l ON l.run = s.run WHERE s.day = start), extract(year FROM start)::integer))
$$;

ALTER TABLE notices.deadlines
    -- The day from which it runs; it does not count.
    ADD COLUMN starts_on    date,
    -- What is to be done, in Chinese, and on which paper that rests.
    ADD COLUMN title        text NOT NULL DEFAULT '',
    ADD COLUMN basis        text NOT NULL DEFAULT '',
    -- The entity it is about, and the inspectors whose work it is, by their ids.
    ADD COLUMN entity       text COLLATE "C",
    ADD COLUMN people       text[] COLLATE "C" NOT NULL DEFAULT '{}',
    -- Ended without being met: what was due is due no more.
    ADD COLUMN withdrawn_at timestamptz,
    -- Whether the rungs are those of the days and ladders as they are now.
    ADD COLUMN is_laddered  boolean NOT NULL DEFAULT false,
    DROP COLUMN calendar_end,
    ADD CHECK (met_at IS NULL OR withdrawn_at IS NULL);
CREATE INDEX deadlines_open ON notices.deadlines (kind, subject) WHERE met_at IS NULL AND withdrawn_at IS NULL;

ALTER TABLE notices.rungs
    ADD COLUMN place     integer NOT NULL DEFAULT 0,
    ADD COLUMN audiences text[] NOT NULL DEFAULT '{}';

-- What was sent to somebody: one message for everything that fell to him at a time.
CREATE TABLE notices.notices (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient    text COLLATE "C" NOT NULL,
    sent_on      date NOT NULL,
    sent_at      timestamptz NOT NULL,
    -- Whether some of it should have been sent on an earlier day.
    is_catching_up boolean NOT NULL,
    body         text NOT NULL
);
CREATE INDEX notices_recipient ON notices.notices (recipient, sent_at);
-- Who was reminded of what by which rung. NULL for the draft of a circular, which is no message.
CREATE TABLE notices.reminders (
    kind      text NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    rung      text NOT NULL,
    audience  text NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    notice    bigint REFERENCES notices.notices,
    -- As it was then.
    due_on    date NOT NULL,
    fire_on   date NOT NULL,
    sent_at   timestamptz NOT NULL,
    PRIMARY KEY (kind, subject, rung, recipient),
    FOREIGN KEY (kind, subject, rung) REFERENCES notices.rungs
);
CREATE INDEX reminders_sent ON notices.reminders (sent_at);
CREATE INDEX reminders_notice ON notices.reminders (notice);

CREATE FUNCTION notices.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only added to';
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON notices.reminders
    FOR EACH STATEMENT EXECUTE FUNCTION notices.only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON notices.notices
    FOR EACH STATEMENT EXECUTE FUNCTION notices.only_added();

-- What the next circular (通报) is drafted from: what is so late that a rung put it there.
CREATE VIEW notices.circular_entries AS
    SELECT r.kind, r.subject, d.title, d.basis, d.recipient AS department, d.entity, r.due_on, r.sent_at AS entered_at,
        d.met_at, d.withdrawn_at
    FROM notices.reminders r JOIN notices.deadlines d ON d.kind = r.kind AND d.subject = r.subject
    WHERE r.audience = 'circular';

GRANT SELECT ON ALL TABLES IN SCHEMA notices TO yaohao_worker, yaohao_notifier;
GRANT INSERT, UPDATE, DELETE ON notices.days, notices.made_from TO yaohao_notifier;
GRANT INSERT ON notices.notices, notices.reminders TO yaohao_notifier;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA notices TO yaohao_notifier;

-- What other slices have that deadlines are made from: the narrowest of it.
GRANT SELECT ON plans.participants TO yaohao_notifier;
GRANT SELECT (plan, version, step, at) ON plans.steps TO yaohao_notifier;
-- Every certificate of those who inspect, with when one that lasts longer came in; no names.
CREATE VIEW notices.certificates AS
    SELECT DISTINCT ON (i.id, i.certificate_until) i.id AS inspector, c.department, i.certificate_until,
        (SELECT min(n.valid_from) FROM registers.inspectors n
            WHERE n.id = i.id AND n.certificate_until > i.certificate_until) AS renewed_at
    FROM registers.inspectors i
    JOIN registers.inspectors c ON c.id = i.id AND c.valid_to IS NULL
    WHERE i.certificate_until IS NOT NULL
    ORDER BY i.id, i.certificate_until;
-- Every accepted feed, with the next one of its source.
CREATE VIEW notices.feeds AS
    SELECT register, source, id AS feed, applied_at,
        lead(applied_at) OVER (PARTITION BY register, source ORDER BY applied_at) AS next_at
    FROM registers.feeds WHERE accepted;
-- Joint inspections that departments have led: rounds drawn for lines of joint plans of theirs.
CREATE VIEW notices.joint_inspections AS
    SELECT DISTINCT s.department, r.id AS round, r.drawn_at
    FROM rounds.rounds r
    JOIN rounds.plan_draws d ON d.round = r.id
    JOIN plans.plans s ON s.id = d.plan AND s.kind = 'joint'
    WHERE r.state IN ('drawn', 'closed');
GRANT SELECT ON notices.certificates, notices.feeds, notices.joint_inspections TO yaohao_notifier;
