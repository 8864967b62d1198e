-- The registers, each with the whole history of every row: a version is valid from an instant until the next one.
-- version is that of the feed that said so; ended_by is that of the feed that updated or retired it.
CREATE SCHEMA registers;

CREATE TABLE registers.departments (
    id         text COLLATE "C" NOT NULL,
    source     text NOT NULL,
    version    bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz,
    ended_by   bigint,
    name       text NOT NULL,
    lead       boolean NOT NULL DEFAULT false,
    exempt     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (id, valid_from)
);
CREATE UNIQUE INDEX departments_current ON registers.departments (id) WHERE valid_to IS NULL;

CREATE TABLE registers.items (
    id          text COLLATE "C" NOT NULL,
    source      text NOT NULL,
    version     bigint NOT NULL,
    valid_from  timestamptz NOT NULL,
    valid_to    timestamptz,
    ended_by    bigint,
    name        text NOT NULL,
    legal_basis text NOT NULL,
    department  text COLLATE "C" NOT NULL,
    object_kind text NOT NULL,
    methods     text[] NOT NULL,
    category    text NOT NULL CHECK (category IN ('general', 'key')),
    cap_ppm     integer CHECK (cap_ppm BETWEEN 0 AND 1000000),
    PRIMARY KEY (id, valid_from),
    CHECK ((category = 'general') = (cap_ppm IS NOT NULL))
);
CREATE UNIQUE INDEX items_current ON registers.items (id) WHERE valid_to IS NULL;

CREATE TABLE registers.entities (
    id         text COLLATE "C" NOT NULL,
    source     text NOT NULL,
    version    bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz,
    ended_by   bigint,
    name       text NOT NULL,
    credit     text NOT NULL CHECK (credit IN ('A', 'B', 'C', 'D', '-')),
    region     text NOT NULL,
    industry   text NOT NULL,
    kind       text NOT NULL,
    permits    text[] COLLATE "C" NOT NULL,
    regulators text[] COLLATE "C" NOT NULL,
    address    text NOT NULL DEFAULT '',
    PRIMARY KEY (id, valid_from)
);
CREATE UNIQUE INDEX entities_current ON registers.entities (id) WHERE valid_to IS NULL;

CREATE TABLE registers.inspectors (
    id                text COLLATE "C" NOT NULL,
    source            text NOT NULL,
    version           bigint NOT NULL,
    valid_from        timestamptz NOT NULL,
    valid_to          timestamptz,
    ended_by          bigint,
    name              text NOT NULL,
    department        text COLLATE "C" NOT NULL,
    regions           text[] COLLATE "C" NOT NULL,
    specialties       text[] COLLATE "C" NOT NULL,
    certificate       text NOT NULL,
    certificate_until date NOT NULL,
    recused           text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (id, valid_from)
);
CREATE UNIQUE INDEX inspectors_current ON registers.inspectors (id) WHERE valid_to IS NULL;

-- Feeds under way and done: whole snapshots, or deltas. One is applied when the ends of all partitions are in and add up.
CREATE TABLE registers.feeds (
    register     text COLLATE "C" NOT NULL,
    source       text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('snapshot', 'delta')),
    version      bigint NOT NULL,
    partitions   integer NOT NULL,
    allow_shrink boolean NOT NULL,
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_at   timestamptz,
    accepted     boolean,
    receipt      jsonb,
    PRIMARY KEY (register, source, id),
    CHECK ((applied_at IS NULL) = (receipt IS NULL) AND (applied_at IS NULL) = (accepted IS NULL))
);
CREATE TABLE registers.feed_ends (
    register  text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    feed      text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    count     bigint NOT NULL,
    checksum  text NOT NULL,
    PRIMARY KEY (register, source, feed, partition)
);
-- Rows as they came in, until their feed is applied. A row without a body retires its id.
CREATE TABLE registers.feed_rows (
    register  text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    feed      text COLLATE "C" NOT NULL,
    position  bigint NOT NULL,
    partition integer NOT NULL,
    id        text COLLATE "C" NOT NULL,
    version   bigint NOT NULL,
    digest    bytea NOT NULL,
    body      bytea,
    findings  jsonb,
    outcome   text,
    PRIMARY KEY (register, source, feed, position)
);
CREATE INDEX feed_rows_by_id ON registers.feed_rows (register, source, feed, id);

-- Rows that broke a rule, whole, one line for each rule, until the next feed that says something else about them.
CREATE TABLE registers.quarantine (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    register      text COLLATE "C" NOT NULL,
    source        text COLLATE "C" NOT NULL,
    feed          text COLLATE "C" NOT NULL,
    position      bigint NOT NULL,
    id            text COLLATE "C" NOT NULL,
    version       bigint NOT NULL,
    body          bytea,
    field         text NOT NULL,
    code          text NOT NULL,
    message       text NOT NULL,
    received_at   timestamptz NOT NULL,
    superseded_at timestamptz
);
CREATE INDEX quarantine_current ON registers.quarantine (register, source, id) WHERE superseded_at IS NULL;

-- Working days (工作日): days off and working weekend days as the State Council set them.
CREATE TABLE registers.calendar (
    day     date PRIMARY KEY,
    kind    text NOT NULL CHECK (kind IN ('rest', 'work')),
    holiday text NOT NULL
);

GRANT USAGE ON SCHEMA registers TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA registers TO yaohao_worker;
GRANT DELETE ON registers.feed_rows, registers.feed_ends TO yaohao_worker;
GRANT SELECT ON registers.entities, registers.departments, registers.items, registers.calendar TO yaohao_notifier;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA registers TO yaohao_worker;

CREATE VIEW open.departments AS
    SELECT id, name, lead, exempt, valid_from, valid_to FROM registers.departments;
CREATE VIEW open.items AS
    SELECT id, name, legal_basis, department, object_kind, methods, category, cap_ppm, valid_from, valid_to
    FROM registers.items;
GRANT SELECT ON open.departments, open.items TO yaohao_portal;
