-- What every worker is made of: keys, inbox, outbox, leases, tasks, dead letters.
CREATE SCHEMA cluster;

-- Fencing tokens: every lease that is taken anywhere gets a larger one than any before it.
CREATE SEQUENCE cluster.fencing;

-- Who may say what. Only public halves are here; a private half never leaves its owner's file.
CREATE TABLE cluster.keys (
    key_id         text PRIMARY KEY,
    public_key     bytea NOT NULL CHECK (octet_length(public_key) = 32),
    department     text NOT NULL,
    roles          text[] NOT NULL,
    sources        text[] NOT NULL,
    valid_from     timestamptz NOT NULL DEFAULT clock_timestamp(),
    valid_until    timestamptz,
    revoked_at     timestamptz,
    revoked_reason text,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);

-- One row for each submission that has had its one effect. Keyed by who and which, never by topic and offset:
-- after a truncated log, offsets are used again.
CREATE TABLE cluster.inbox (
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    digest      bytea NOT NULL,
    type        text NOT NULL,
    subject     text,
    department  text NOT NULL,
    key_id      text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    receipt     jsonb,
    PRIMARY KEY (source, id)
);

-- The last sequence given out for each key of each topic; its row lock orders the writers of one key.
CREATE TABLE cluster.outbox_keys (
    topic    text COLLATE "C" NOT NULL,
    key      text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (topic, key)
);

CREATE TABLE cluster.outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    sequence   bigint NOT NULL,
    headers    jsonb NOT NULL,
    body       bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at    timestamptz,
    partition  integer,
    "offset"   bigint,
    UNIQUE (topic, key, sequence),
    CHECK ((sent_at IS NULL) = ("offset" IS NULL))
);
CREATE INDEX outbox_unsent ON cluster.outbox (id) WHERE sent_at IS NULL;
CREATE INDEX outbox_delivered ON cluster.outbox (topic, partition, "offset") WHERE sent_at IS NOT NULL;

CREATE FUNCTION cluster.outbox_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('yaohao_outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_inserted AFTER INSERT ON cluster.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION cluster.outbox_inserted();

-- Roles that only one process at a time may play, such as the relay of the outbox.
CREATE TABLE cluster.leases (
    name  text PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    until timestamptz NOT NULL
);

-- Stages of work. A row with a lease is the truth; messages only wake workers.
CREATE TABLE cluster.tasks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    subject     text NOT NULL,
    ordinal     integer NOT NULL DEFAULT 0,
    arguments   jsonb NOT NULL DEFAULT '{}',
    state       text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'failed', 'cancelled')),
    run_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    owner       text,
    token       bigint,
    lease_until timestamptz,
    attempts    integer NOT NULL DEFAULT 0,
    failure     text,
    result      jsonb,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    UNIQUE (kind, subject, ordinal),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL))
);
CREATE INDEX tasks_open ON cluster.tasks (run_at, id) WHERE state IN ('ready', 'leased');

-- What could not be taken: the original bytes, where they were, and why.
CREATE TABLE cluster.dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    key         bytea,
    headers     jsonb NOT NULL,
    body        bytea,
    code        text NOT NULL,
    reason      text NOT NULL,
    count       integer NOT NULL DEFAULT 1,
    first_seen  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen   timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    fingerprint bytea NOT NULL,
    UNIQUE (topic, partition, "offset", fingerprint)
);

-- Roles of processes. They cannot log in; a login is granted the one that its process needs.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['yaohao_worker', 'yaohao_notifier', 'yaohao_portal'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

-- What citizens may read, and nothing else is in it. Slices add their own tables and views.
CREATE SCHEMA open;
GRANT USAGE ON SCHEMA open TO yaohao_portal, yaohao_worker, yaohao_notifier;

GRANT USAGE ON SCHEMA cluster TO yaohao_worker, yaohao_notifier;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA cluster TO yaohao_worker, yaohao_notifier;
GRANT SELECT ON cluster.keys TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT, UPDATE ON cluster.inbox, cluster.outbox, cluster.outbox_keys, cluster.leases, cluster.tasks,
    cluster.dead_letters TO yaohao_worker, yaohao_notifier;
GRANT DELETE ON cluster.outbox TO yaohao_worker, yaohao_notifier;
