-- The life of plans: drafted → checked → approved → reported → received → published → superseded. A version that was not
-- published can be returned by the office, and is withdrawn when another text takes its place.
CREATE TABLE plans.plans (
    id         text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    year       integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('annual', 'joint')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX plans_year ON plans.plans (year);

-- body is the document with every key, canonical; it never changes.
CREATE TABLE plans.versions (
    plan         text COLLATE "C" NOT NULL REFERENCES plans.plans,
    version      integer NOT NULL,
    state        text NOT NULL CHECK (state IN
        ('drafted', 'checked', 'approved', 'reported', 'received', 'returned', 'published', 'superseded', 'withdrawn')),
    title        text NOT NULL,
    body         text NOT NULL,
    drafted_by   text,
    what         text,
    why          text,
    drafted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    replaced_at  timestamptz,
    PRIMARY KEY (plan, version),
    CHECK ((what IS NULL) = (why IS NULL)),
    CHECK ((state IN ('published', 'superseded')) = (published_at IS NOT NULL))
);
-- At most one version is in force, and at most one on its way.
CREATE UNIQUE INDEX versions_in_force ON plans.versions (plan) WHERE state = 'published';
CREATE UNIQUE INDEX versions_under_way ON plans.versions (plan)
    WHERE state IN ('drafted', 'checked', 'approved', 'reported', 'received', 'returned');

-- Who did what to a version, and when; nothing is ever taken away.
CREATE TABLE plans.steps (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan       text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    step       text NOT NULL,
    department text NOT NULL,
    source     text NOT NULL,
    key_id     text,
    submission text NOT NULL,
    note       text,
    details    jsonb NOT NULL DEFAULT '{}',
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (plan, version) REFERENCES plans.versions
);
CREATE INDEX steps_version ON plans.steps (plan, version, number);

-- What a version's lines may be drawn for; rates and counts with the county's defaults written out.
CREATE TABLE plans.lines (
    plan    text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    line    text COLLATE "C" NOT NULL,
    ordinal integer NOT NULL,
    body    jsonb NOT NULL,
    rates   jsonb,
    counts  jsonb,
    PRIMARY KEY (plan, version, line),
    FOREIGN KEY (plan, version) REFERENCES plans.versions,
    CHECK ((rates IS NULL) <> (counts IS NULL))
);

-- Participants of joint plans, who confirm each version that is to be published.
CREATE TABLE plans.participants (
    plan         text COLLATE "C" NOT NULL,
    version      integer NOT NULL,
    department   text COLLATE "C" NOT NULL,
    due_on       date NOT NULL,
    confirmed_at timestamptz,
    late         boolean,
    source       text,
    PRIMARY KEY (plan, version, department),
    FOREIGN KEY (plan, version) REFERENCES plans.versions,
    CHECK ((confirmed_at IS NULL) = (late IS NULL))
);

-- The approved scheme (工作方案) of each draw of a line, as it was approved.
CREATE TABLE plans.schemes (
    plan        text COLLATE "C" NOT NULL,
    version     integer NOT NULL,
    line        text COLLATE "C" NOT NULL,
    draw        integer NOT NULL CHECK (draw >= 1),
    body        text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, version, line, draw),
    FOREIGN KEY (plan, version, line) REFERENCES plans.lines
);

-- What the department said to a proposed merging of lines (内部联合), with the figures that it was proposed with.
CREATE TABLE plans.merges (
    plan       text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    lines      text[] COLLATE "C" NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('confirmed', 'declined')),
    reason     text,
    proposal   jsonb NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, version, lines),
    FOREIGN KEY (plan, version) REFERENCES plans.versions,
    CHECK (decision = 'confirmed' OR reason IS NOT NULL)
);

CREATE FUNCTION plans.kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said of a plan never changes';
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON plans.steps FOR EACH ROW EXECUTE FUNCTION plans.kept();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON plans.lines FOR EACH ROW EXECUTE FUNCTION plans.kept();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON plans.schemes FOR EACH ROW EXECUTE FUNCTION plans.kept();
CREATE TRIGGER kept BEFORE UPDATE OF plan, version, title, body, drafted_by, what, why, drafted_at ON plans.versions
    FOR EACH ROW EXECUTE FUNCTION plans.kept();
CREATE TRIGGER never_deleted BEFORE DELETE ON plans.versions FOR EACH ROW EXECUTE FUNCTION plans.kept();

-- What other slices may rely on: each line with each of its departments, in the version in force, or without one in the
-- latest. Draws may be requested where state is 'published', for the draws whose number is in schemes.
CREATE VIEW plans.drawable_lines AS
    SELECT DISTINCT ON (l.plan, l.line, p.department)
        l.plan, l.line, l.version, v.state, s.year, s.kind, s.department AS lead, p.department,
        p.items, p.specialties, p.team, l.body -> 'pool' AS pool, l.body -> 'methods' AS methods,
        l.body -> 'windows' AS windows, (l.body ->> 'joint')::boolean AS joint, l.body ->> 'coordination' AS coordination,
        (l.body ->> 'draws')::integer AS draws, l.rates, l.counts,
        ARRAY(SELECT c.draw FROM plans.schemes c
            WHERE c.plan = l.plan AND c.version = l.version AND c.line = l.line ORDER BY c.draw) AS schemes
    FROM plans.lines l
    JOIN plans.versions v ON v.plan = l.plan AND v.version = l.version
    JOIN plans.plans s ON s.id = l.plan
    CROSS JOIN LATERAL jsonb_to_recordset(l.body -> 'parts')
        AS p (department text, items jsonb, specialties jsonb, team integer)
    ORDER BY l.plan, l.line, p.department, (v.state = 'published') DESC, l.version DESC;

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA plans TO yaohao_worker;
GRANT UPDATE ON plans.plans, plans.versions, plans.participants, plans.merges TO yaohao_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA plans TO yaohao_worker;
GRANT SELECT ON plans.drawable_lines, plans.plans, plans.versions TO yaohao_notifier;

-- What anyone may read: every version that is or was in force, and what was changed, why, and when.
CREATE VIEW open.plans AS
    SELECT s.id, s.department, s.year, s.kind, v.version, v.title, v.state = 'published' AS in_force, v.what, v.why,
        v.published_at, v.replaced_at, v.body::jsonb AS document
    FROM plans.versions v JOIN plans.plans s ON s.id = v.plan
    WHERE v.state IN ('published', 'superseded');
GRANT SELECT ON open.plans TO yaohao_portal;
