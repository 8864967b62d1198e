-- The operators' console: who may sign in, who has, and who tried. It writes nothing else: what a person does goes out as
-- a signed submission.
CREATE SCHEMA console;

CREATE TABLE console.accounts (
    login           text COLLATE "C" PRIMARY KEY CHECK (login ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    -- 姓名.
    name            text NOT NULL CHECK (name ~ '\S' AND char_length(name) <= 64),
    department      text COLLATE "C" NOT NULL,
    duties          text[] NOT NULL CHECK (cardinality(duties) > 0
        AND duties <@ ARRAY['clerk', 'reviewer', 'head', 'office', 'operator']),
    -- $scrypt$ln=…,r=…,p=…$salt$hash: each with its own parameters and salt.
    password        text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    password_set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at     timestamptz
);

-- A session is known by the SHA-256 of its id, which only the browser has.
CREATE TABLE console.sessions (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    login      text COLLATE "C" NOT NULL REFERENCES console.accounts,
    address    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sessions_login ON console.sessions (login);

-- Attempts to sign in, counted before the password is looked at. login is what was typed: it need not exist.
CREATE TABLE console.attempts (
    attempt  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login    text COLLATE "C" NOT NULL,
    address  text NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted boolean NOT NULL DEFAULT false
);
CREATE INDEX attempts_login ON console.attempts (login, at);
CREATE INDEX attempts_address ON console.attempts (address, at);

-- Accounts are rights: whoever writes one, by whatever program, is on record; and none is ever removed.
CREATE FUNCTION console.account_stored() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = console, pg_temp AS $$
BEGIN
    INSERT INTO cluster.acts (kind, source, id, type, subject, department, digest, outcome)
    VALUES ('console', 'database:' || session_user, gen_random_uuid()::text, 'cn.yaohao.console.account-stored.v1',
        NEW.login, NEW.department,
        sha256(convert_to(jsonb_build_array(NEW.login, NEW.name, NEW.department, NEW.duties, NEW.password,
            extract(epoch FROM NEW.disabled_at)::text)::text, 'UTF8')), 'accepted');
    IF TG_OP = 'UPDATE' AND (NEW.disabled_at IS NOT NULL OR NEW.password <> OLD.password) THEN
        DELETE FROM console.sessions WHERE login = NEW.login;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER account_stored AFTER INSERT OR UPDATE ON console.accounts
    FOR EACH ROW EXECUTE FUNCTION console.account_stored();
CREATE FUNCTION console.accounts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'accounts are disabled, never removed';
END $$;
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON console.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION console.accounts_stay();

-- What a person did at the console, in the audit log. The console can add lines of this kind and no others. The same id
-- again adds nothing.
CREATE FUNCTION console.record_act(what text, its_id text, address text, its_subject text, its_person text,
    its_department text, is_accepted boolean, its_codes text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = console, pg_temp AS $$
    INSERT INTO cluster.acts (kind, source, id, type, subject, department, person, digest, outcome, codes)
    SELECT 'console', 'console:' || left(address, 100), left(its_id, 128), 'cn.yaohao.console.' || left(what, 40) || '.v1',
        left(its_subject, 200), its_department, its_person,
        sha256(convert_to(jsonb_build_array(what, address, its_subject, its_person, its_department, is_accepted,
            its_codes)::text, 'UTF8')),
        CASE WHEN is_accepted THEN 'accepted' ELSE 'refused' END, its_codes
    ON CONFLICT DO NOTHING
$$;

-- The two marks that commands leave when an operator has sent something again.
CREATE FUNCTION console.letter_replayed(which bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = console, pg_temp AS $$
    UPDATE cluster.dead_letters SET replayed_at = clock_timestamp() WHERE id = which
$$;
CREATE FUNCTION console.row_superseded(its_register text, its_source text, its_feed text, its_position bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = console, pg_temp AS $$
    UPDATE registers.quarantine SET superseded_at = clock_timestamp()
    WHERE register = its_register AND source = its_source AND feed = its_feed AND position = its_position
        AND superseded_at IS NULL
$$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA console FROM PUBLIC;

GRANT USAGE ON SCHEMA console TO yaohao_console, yaohao_keys;
GRANT SELECT ON console.accounts TO yaohao_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON console.sessions TO yaohao_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON console.attempts TO yaohao_console;
GRANT EXECUTE ON FUNCTION console.record_act, console.letter_replayed, console.row_superseded TO yaohao_console;
-- Who gives keys gives accounts; what an account is called and for which department never changes.
GRANT SELECT, INSERT ON console.accounts TO yaohao_keys;
GRANT UPDATE (name, duties, password, password_set_at, disabled_at) ON console.accounts TO yaohao_keys;

-- What the console reads, by the reports of the slices.
GRANT USAGE ON SCHEMA rounds, inspections, registers, notices, returns TO yaohao_console;
GRANT SELECT ON public.yaohao_migrations TO yaohao_console;
-- Of rounds: neither salt, nonces and seeds nor frozen pages. Who was drawn is read as the visits of drawn rounds, of which
-- the console shows each department its own.
GRANT SELECT (id, county, state, opened_by, opened_at, successor_of, closed_at, reveal_by, as_of, definition, sequence,
    commitment, commitment_json, committed_at, seeded_at, result_digest, drawn_at, void_reason, void_at)
    ON rounds.rounds TO yaohao_console;
GRANT SELECT (round, source, commitment, committed_at, revealed_at) ON rounds.witnesses TO yaohao_console;
GRANT SELECT ON rounds.public_sources, rounds.public_statements, rounds.requests, rounds.visits, rounds.teams,
    rounds.selections, rounds.assigned_visits, rounds.used_draws, rounds.plan_draws TO yaohao_console;
GRANT SELECT ON ALL TABLES IN SCHEMA inspections, notices, returns, registers, open TO yaohao_console;
-- Credit classes may be confidential; what is staged of feeds is nobody's yet.
REVOKE SELECT ON registers.classes, registers.feed_rows, registers.feed_pages FROM yaohao_console;
