-- What was drawn never changes, by nobody's hand: the sealed result's digest is public, and `yaohao audit verify` draws
-- every round anew. Who goes in an inspector's place is a row of its own, with its reason, never a change of the team.
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.selections
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.visits
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.teams
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.requests
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();

-- A witness's commitment and nonce are said once; a round's commitment, seed and result are fixed once.
CREATE FUNCTION rounds.said_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was said of a round is never taken back';
    END IF;
    IF OLD.commitment IS DISTINCT FROM NEW.commitment AND OLD.commitment IS NOT NULL
        OR OLD.nonce IS DISTINCT FROM NEW.nonce AND OLD.nonce IS NOT NULL
    THEN
        RAISE EXCEPTION 'a witness commits and reveals once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER said_once BEFORE UPDATE OR DELETE ON rounds.witnesses
    FOR EACH ROW EXECUTE FUNCTION rounds.said_once();

CREATE FUNCTION rounds.fixed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a round is never removed';
    END IF;
    IF OLD.commitment IS NOT NULL AND (OLD.commitment, OLD.commitment_json, OLD.definition, OLD.sequence, OLD.salt)
            IS DISTINCT FROM (NEW.commitment, NEW.commitment_json, NEW.definition, NEW.sequence, NEW.salt)
        OR OLD.seed IS NOT NULL AND (OLD.seed, OLD.seed_json) IS DISTINCT FROM (NEW.seed, NEW.seed_json)
        OR OLD.result_digest IS NOT NULL AND OLD.result_digest IS DISTINCT FROM NEW.result_digest
        OR OLD.state IN ('void', 'closed') AND OLD.state <> NEW.state
    THEN
        RAISE EXCEPTION 'a commitment, a seed and a result are fixed once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fixed_once BEFORE UPDATE OR DELETE ON rounds.rounds
    FOR EACH ROW EXECUTE FUNCTION rounds.fixed_once();

-- The seed tells who was drawn to anybody who has a list of enterprises: a ticket is the hash of seed and id. So until the
-- last window of the round is over only its hash is open, which with the result's digest fixes everything already.
CREATE OR REPLACE VIEW open.rounds AS
    SELECT r.id, r.county, r.state, r.opened_at, r.reveal_by, r.as_of, r.sequence, r.commitment, r.committed_at,
        CASE WHEN w.last_day < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date THEN r.seed END AS seed, r.seeded_at,
        r.result_digest, r.drawn_at, r.void_reason, r.void_at,
        encode(sha256(convert_to(r.seed, 'UTF8')), 'hex') AS seed_hash, w.last_day AS confidential_until
    FROM rounds.rounds r
    CROSS JOIN LATERAL (
        SELECT max((q.body::jsonb -> 'window' ->> 1)::date) AS last_day FROM rounds.requests q WHERE q.round = r.id
    ) w;
