-- Publication in versions, to outside sites and by the mandated platform; what is delivered to whom.
ALTER TABLE open.publications
    ADD COLUMN version  integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- The id of the version that it takes the place of, which stays readable.
    ADD COLUMN replaces text COLLATE "C" UNIQUE REFERENCES open.publications,
    -- Why it was corrected.
    ADD COLUMN reason   text,
    ADD UNIQUE (visit, department, version),
    ADD CHECK (version = 1 OR replaces IS NOT NULL OR reason IS NOT NULL);

CREATE FUNCTION notices.publication_id(visit text, department text, version integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT visit || '/' || department || CASE WHEN version = 1 THEN '' ELSE '/' || version END
$$;
-- Noon of a day in Asia/Shanghai, for what is said of a day only.
CREATE FUNCTION notices.noon(day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (day + time '12:00') AT TIME ZONE 'Asia/Shanghai'
$$;

-- What is in force of each result: the latest version.
CREATE VIEW open.current_publications AS
    SELECT p.* FROM open.publications p
    WHERE NOT EXISTS (SELECT FROM open.publications n
        WHERE n.visit = p.visit AND n.department = p.department AND n.version > p.version);
GRANT SELECT ON open.current_publications TO yaohao_portal, yaohao_worker, yaohao_notifier;

-- Something to be handed to an outside site or a channel, tried until it is taken or given up. Each is tried under a
-- lease; the token of a newer lease fences an older one off.
CREATE TABLE notices.deliveries (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'site' or 'channel', and which by its id in the configuration.
    kind         text NOT NULL CHECK (kind IN ('site', 'channel')),
    target       text COLLATE "C" NOT NULL,
    -- The publication, or the notice.
    reference    text COLLATE "C" NOT NULL,
    -- Of one target and key, one after another.
    ordering_key text COLLATE "C" NOT NULL,
    -- For channels, to whom and what it says; a publication is read from its table.
    recipient    text COLLATE "C",
    body         text,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL,
    lease_until  timestamptz,
    token        bigint,
    -- The acknowledgement: its status, the SHA-256 of its body, and its beginning.
    status       integer,
    answer_sha256 text,
    answer       text,
    error        text,
    body_sha256  text,
    made_at      timestamptz NOT NULL,
    tried_at     timestamptz,
    delivered_at timestamptz,
    UNIQUE (kind, target, reference),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX deliveries_waiting ON notices.deliveries (kind, target, ordering_key, id) WHERE state = 'waiting';

-- What the mandated platform (部门协同监管平台) gave back for what was entered there: its task number and public address.
CREATE TABLE notices.platform_records (
    kind        text NOT NULL CHECK (kind IN ('item', 'plan', 'draw', 'result')),
    subject     text COLLATE "C" NOT NULL,
    department  text COLLATE "C" NOT NULL,
    task_number text,
    address     text,
    entered_on  date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL,
    PRIMARY KEY (kind, subject, department, recorded_at),
    CHECK (task_number IS NOT NULL OR address IS NOT NULL)
);
-- Draws that were made elsewhere (系统外抽取), with why.
CREATE TABLE notices.outside_draws (
    id          text COLLATE "C" PRIMARY KEY,
    department  text COLLATE "C" NOT NULL,
    title       text NOT NULL,
    system      text NOT NULL,
    reason      text NOT NULL,
    drawn_on    date NOT NULL,
    items       text[] COLLATE "C" NOT NULL CHECK (cardinality(items) > 0),
    pool        integer NOT NULL CHECK (pool >= objects),
    objects     integer NOT NULL CHECK (objects > 0),
    task_number text,
    address     text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL
);
-- An enterprise wants something published corrected (更正申请), as the department took it in; answered in time.
CREATE TABLE notices.correction_requests (
    id           text COLLATE "C" PRIMARY KEY,
    publication  text COLLATE "C" NOT NULL REFERENCES open.publications,
    department   text COLLATE "C" NOT NULL,
    entity       text COLLATE "C" NOT NULL,
    requested_on date NOT NULL,
    reason       text NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    source       text NOT NULL,
    submission   text NOT NULL,
    decision     text CHECK (decision IN ('corrected', 'declined')),
    answer       text,
    answered_on  date,
    CHECK ((decision IS NULL) = (answer IS NULL) AND (decision IS NULL) = (answered_on IS NULL))
);
-- Draws made elsewhere, and what the platform said, are only added to; of a request only the answer comes later.
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON notices.platform_records
    FOR EACH STATEMENT EXECUTE FUNCTION notices.only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON notices.outside_draws
    FOR EACH STATEMENT EXECUTE FUNCTION notices.only_added();
CREATE TRIGGER only_added BEFORE DELETE OR TRUNCATE ON notices.correction_requests
    FOR EACH STATEMENT EXECUTE FUNCTION notices.only_added();

-- Which versions of results count as published, and since when: by whose word is the county's rule. NULL is this
-- system's, 'platform' the mandated platform's, and else that of an outside site.
CREATE FUNCTION notices.acknowledged(by_whom text)
RETURNS TABLE (visit text, department text, version integer, acknowledged_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT p.visit, p.department, p.version, p.published_at FROM open.publications p WHERE by_whom IS NULL
    UNION ALL
    SELECT p.visit, p.department, p.version, min(r.recorded_at)
    FROM open.publications p
    JOIN notices.platform_records r ON r.kind = 'result' AND r.subject = p.id
    WHERE by_whom = 'platform' GROUP BY p.visit, p.department, p.version
    UNION ALL
    SELECT p.visit, p.department, p.version, d.delivered_at
    FROM open.publications p
    JOIN notices.deliveries d ON d.kind = 'site' AND d.target = by_whom AND d.reference = p.id AND d.state = 'delivered'
    WHERE by_whom <> 'platform'
$$;

-- Whose work a visit is, by ids: the only thing that the notifier learns of inspectors.
CREATE VIEW notices.teams AS SELECT visit, department, inspectors FROM inspections.current_teams;

-- The ledger (台账): who was reminded of what, when, by which rung, through which channels, and what came of it.
CREATE VIEW notices.ledger AS
    SELECT r.sent_at, r.recipient, r.audience, r.kind, r.subject, d.title, d.recipient AS department, d.entity, r.rung,
        r.fire_on, r.due_on, n.sent_on, n.is_catching_up, d.met_at, d.withdrawn_at, r.notice,
        coalesce((SELECT jsonb_agg(jsonb_build_object('channel', c.target, 'state', c.state, 'attempts', c.attempts,
                'delivered_at', c.delivered_at, 'error', c.error) ORDER BY c.id)
            FROM notices.deliveries c WHERE c.kind = 'channel' AND c.reference = r.notice::text || '/' || r.recipient),
            '[]') AS deliveries
    FROM notices.reminders r
    JOIN notices.deadlines d ON d.kind = r.kind AND d.subject = r.subject
    LEFT JOIN notices.notices n ON n.id = r.notice;

GRANT SELECT ON ALL TABLES IN SCHEMA notices TO yaohao_notifier, yaohao_worker;
GRANT INSERT, UPDATE ON notices.deliveries TO yaohao_notifier;
GRANT INSERT ON notices.platform_records, notices.outside_draws, notices.correction_requests TO yaohao_worker;
GRANT UPDATE (decision, answer, answered_on) ON notices.correction_requests TO yaohao_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA notices TO yaohao_notifier;

-- What anyone may read: draws made elsewhere, and where the platform shows what was published.
CREATE VIEW open.outside_draws AS
    SELECT id, department, title, system, reason, drawn_on, items, pool, objects, task_number, address
    FROM notices.outside_draws;
CREATE VIEW open.platform_records AS
    SELECT kind, subject, department, task_number, address, entered_on FROM notices.platform_records
    WHERE kind IN ('item', 'plan') OR kind = 'draw' AND subject IN (SELECT id FROM open.rounds)
        OR subject IN (SELECT id FROM open.publications);
GRANT SELECT ON open.outside_draws, open.platform_records TO yaohao_portal;
