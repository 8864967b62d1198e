-- A draw as a distributed job: opened → collecting → frozen → committed → seeded → drawing → drawn → closed, or void.
CREATE SCHEMA rounds;

-- One chain of commitments a county; the row's lock gives out the sequence.
CREATE TABLE rounds.counties (
    county     text COLLATE "C" PRIMARY KEY,
    sequence   bigint NOT NULL DEFAULT 0,
    commitment text
);

CREATE TABLE rounds.rounds (
    id            text COLLATE "C" PRIMARY KEY,
    county        text COLLATE "C" NOT NULL REFERENCES rounds.counties,
    state         text NOT NULL CHECK (state IN
        ('opened', 'collecting', 'frozen', 'committed', 'seeded', 'drawing', 'drawn', 'closed', 'void')),
    opened_by     text NOT NULL,
    opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    successor_of  text COLLATE "C" UNIQUE REFERENCES rounds.rounds,
    closed_at     timestamptz,
    reveal_by     timestamptz,
    as_of         timestamptz,
    salt          bytea CHECK (octet_length(salt) = 32),
    definition    text,
    sequence      bigint,
    commitment    text,
    commitment_json text,
    committed_at  timestamptz,
    seed          text,
    seed_json     text,
    seeded_at     timestamptz,
    result_digest text,
    drawn_at      timestamptz,
    void_reason   text,
    void_at       timestamptz,
    UNIQUE (county, sequence),
    CHECK ((state = 'void') = (void_reason IS NOT NULL)),
    CHECK ((commitment IS NULL) = (sequence IS NULL))
);

CREATE TABLE rounds.public_sources (
    round       text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    source      text COLLATE "C" NOT NULL,
    description text NOT NULL,
    pattern     text NOT NULL,
    PRIMARY KEY (round, source)
);
CREATE TABLE rounds.witnesses (
    round            text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    source           text COLLATE "C" NOT NULL,
    commitment       text,
    committed_at     timestamptz,
    nonce            text,
    named_commitment text,
    revealed_at      timestamptz,
    PRIMARY KEY (round, source)
);
-- What each witness says a public value was; the latest of a witness counts until the seed is fixed.
CREATE TABLE rounds.public_statements (
    round     text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    witness   text COLLATE "C" NOT NULL,
    value     text NOT NULL,
    stated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (round, source, witness),
    FOREIGN KEY (round, source) REFERENCES rounds.public_sources,
    FOREIGN KEY (round, witness) REFERENCES rounds.witnesses
);

CREATE TABLE rounds.requests (
    round        text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    id           text COLLATE "C" NOT NULL,
    department   text COLLATE "C" NOT NULL,
    body         text NOT NULL,
    note         text,
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (round, id)
);

-- Frozen pages of 4,096 lines, kept by their hash so that rounds share them; they never change.
CREATE TABLE rounds.pages (
    hash  bytea PRIMARY KEY,
    lines integer NOT NULL,
    body  bytea NOT NULL
);
CREATE TABLE rounds.round_pages (
    round   text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    file    text NOT NULL CHECK (file IN ('roster', 'inspectors')),
    ordinal integer NOT NULL,
    hash    bytea NOT NULL REFERENCES rounds.pages,
    PRIMARY KEY (round, file, ordinal)
);
CREATE FUNCTION rounds.frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'frozen inputs never change';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.pages
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.round_pages
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();

-- Where an inspector's load of a year starts: 0, or the department's median for whoever joins later.
CREATE TABLE rounds.baselines (
    year      integer NOT NULL,
    inspector text COLLATE "C" NOT NULL,
    baseline  integer NOT NULL,
    PRIMARY KEY (year, inspector)
);

CREATE TABLE rounds.selections (
    round    text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    request  text COLLATE "C" NOT NULL,
    entities text[] NOT NULL,
    PRIMARY KEY (round, request)
);
CREATE TABLE rounds.visits (
    round        text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    id           text COLLATE "C" NOT NULL UNIQUE,
    entity       text COLLATE "C" NOT NULL,
    region       text NOT NULL,
    method       text NOT NULL,
    requests     text[] NOT NULL,
    departments  text[] NOT NULL,
    window_first date NOT NULL,
    window_last  date NOT NULL,
    PRIMARY KEY (round, id)
);
CREATE INDEX visits_entity ON rounds.visits (entity);
CREATE TABLE rounds.teams (
    round      text COLLATE "C" NOT NULL,
    visit      text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    inspectors text[] NOT NULL,
    missing    text[] NOT NULL,
    PRIMARY KEY (round, visit, department),
    FOREIGN KEY (round, visit) REFERENCES rounds.visits
);
CREATE TABLE rounds.results (
    round  text COLLATE "C" PRIMARY KEY REFERENCES rounds.rounds,
    digest text NOT NULL,
    body   bytea NOT NULL
);
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.results
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();

-- What other slices may rely on: the visits of drawn rounds, with what each department checks there.
CREATE VIEW rounds.assigned_visits AS
    SELECT v.id AS visit, v.round, v.entity, v.method, v.window_first, v.window_last, t.department, t.inspectors,
        ARRAY(SELECT DISTINCT item FROM rounds.requests r, jsonb_array_elements_text(r.body::jsonb -> 'items') AS item
            WHERE r.round = v.round AND r.id = ANY(v.requests) AND r.department = t.department ORDER BY item) AS items
    FROM rounds.visits v
    JOIN rounds.teams t ON t.round = v.round AND t.visit = v.id
    JOIN rounds.rounds d ON d.id = v.round AND d.state IN ('drawn', 'closed');

GRANT USAGE ON SCHEMA rounds TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA rounds TO yaohao_worker;
GRANT UPDATE ON rounds.counties, rounds.rounds, rounds.witnesses, rounds.public_statements TO yaohao_worker;
GRANT SELECT ON rounds.assigned_visits TO yaohao_notifier;

-- What anyone may read of a draw: never who was drawn, nor the salt.
CREATE VIEW open.rounds AS
    SELECT id, county, state, opened_at, reveal_by, as_of, sequence, commitment, committed_at, seed, seeded_at,
        result_digest, drawn_at, void_reason, void_at
    FROM rounds.rounds;
GRANT SELECT ON open.rounds TO yaohao_portal;
