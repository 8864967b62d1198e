-- The audit log: who said what, and what came of it. Rows are only ever added. Each is stored with its effect; a moment
-- later it is linked into a chain of hashes, whose head is published. So intake never waits for the chain, and yet no
-- row can be changed, moved or taken away without the chain, the inbox or a published head showing it.
ALTER TABLE cluster.keys
    ADD COLUMN device   text NOT NULL DEFAULT '',
    ADD COLUMN replaces text REFERENCES cluster.keys;

CREATE TABLE cluster.acts (
    act        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- a submission that has an inbox row, one that used an id again, a dead letter, a feed, a change of a key
    kind       text NOT NULL CHECK (kind IN ('submission', 'reuse', 'letter', 'feed', 'key')),
    source     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    type       text COLLATE "C" NOT NULL,
    subject    text COLLATE "C",
    department text COLLATE "C",
    key_id     text COLLATE "C",
    said_at    text,
    digest     bytea NOT NULL,
    -- What is needed to check the signature without the body: the SHA-256 of the data, and the DSSE envelope.
    data_hash  bytea,
    signature  text,
    outcome    text NOT NULL CHECK (outcome IN ('accepted', 'refused', 'dead')),
    codes      text[] NOT NULL DEFAULT '{}',
    UNIQUE (source, id, digest)
);
CREATE INDEX acts_subject ON cluster.acts (subject, act);

-- Numbers have no gaps. hash = SHA-256(hash of number - 1, and the canonical JSON of number and act).
CREATE TABLE cluster.audit_chain (
    number bigint PRIMARY KEY CHECK (number > 0),
    act    bigint NOT NULL UNIQUE REFERENCES cluster.acts,
    hash   bytea NOT NULL CHECK (octet_length(hash) = 32)
);
-- Acts that are not linked yet.
CREATE TABLE cluster.acts_waiting (act bigint PRIMARY KEY);

-- Heads of the chain as they were published: once a day, and with the commitment of each round.
CREATE TABLE cluster.audit_heads (
    number       bigint NOT NULL,
    hash         bytea NOT NULL,
    occasion     text NOT NULL CHECK (occasion IN ('day', 'commitment')),
    day          date UNIQUE,
    round        text COLLATE "C" UNIQUE,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nonnulls(day, round) = 1 AND (occasion = 'day') = (day IS NOT NULL))
);

CREATE FUNCTION cluster.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to';
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON cluster.acts
    FOR EACH STATEMENT EXECUTE FUNCTION cluster.only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON cluster.audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION cluster.only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON cluster.audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION cluster.only_added();

CREATE FUNCTION cluster.act_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cluster.acts_waiting (act) VALUES (NEW.act);
    RETURN NULL;
END $$;
CREATE TRIGGER act_waits AFTER INSERT ON cluster.acts FOR EACH ROW EXECUTE FUNCTION cluster.act_waits();

-- Keys are the root of all trust: whoever writes one, by whatever program, is on record.
CREATE FUNCTION cluster.key_digest(k cluster.keys) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(k.key_id, encode(k.public_key, 'hex'), k.department, k.device, k.replaces,
        k.roles, k.sources, extract(epoch FROM k.valid_from)::text, extract(epoch FROM k.valid_until)::text,
        extract(epoch FROM k.revoked_at)::text, k.revoked_reason)::text, 'UTF8'))
$$;
CREATE FUNCTION cluster.record_key(k cluster.keys) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cluster.acts (kind, source, id, type, subject, department, digest, outcome)
    VALUES ('key', 'database:' || session_user, gen_random_uuid()::text, 'cn.yaohao.cluster.key-stored.v1', k.key_id,
        k.department, cluster.key_digest(k), 'accepted')
$$;
CREATE FUNCTION cluster.key_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cluster.record_key(NEW);
    RETURN NULL;
END $$;
CREATE TRIGGER key_stored AFTER INSERT OR UPDATE ON cluster.keys
    FOR EACH ROW EXECUTE FUNCTION cluster.key_stored();
CREATE FUNCTION cluster.keys_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'keys are revoked, never removed';
END $$;
CREATE TRIGGER keys_stay BEFORE DELETE OR TRUNCATE ON cluster.keys
    FOR EACH STATEMENT EXECUTE FUNCTION cluster.keys_stay();

-- What there was before the log began; no signatures were kept then.
SELECT cluster.record_key(k) FROM cluster.keys k ORDER BY valid_from;
INSERT INTO cluster.acts (at, kind, source, id, type, subject, department, key_id, digest, outcome, codes)
SELECT received_at, 'submission', source, id, type, subject, department, key_id, digest,
    CASE receipt ->> 'status' WHEN 'accepted' THEN 'accepted' ELSE 'refused' END,
    ARRAY(SELECT reason ->> 'code' FROM jsonb_array_elements(receipt -> 'reasons') WITH ORDINALITY AS r (reason, n)
        ORDER BY n)
FROM cluster.inbox WHERE receipt IS NOT NULL ORDER BY received_at;
INSERT INTO cluster.acts (at, kind, source, id, type, subject, digest, outcome, codes)
SELECT first_seen, 'letter', concat_ws('/', topic, partition, "offset"), encode(fingerprint, 'hex'),
    'cn.yaohao.cluster.letter-died.v1', topic, fingerprint, 'dead', ARRAY[code]
FROM cluster.dead_letters ORDER BY id;

GRANT SELECT, INSERT ON cluster.acts, cluster.audit_chain, cluster.audit_heads TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT, DELETE ON cluster.acts_waiting TO yaohao_worker, yaohao_notifier;

CREATE VIEW open.audit_heads AS
    SELECT number, encode(hash, 'hex') AS hash, occasion, day, round, published_at FROM cluster.audit_heads;
GRANT SELECT ON open.audit_heads TO yaohao_portal;
