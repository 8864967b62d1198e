-- A department takes a request back while the round still collects: it is kept here, and its draws are free again.
CREATE TABLE rounds.withdrawn_requests (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round        text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    id           text COLLATE "C" NOT NULL,
    department   text COLLATE "C" NOT NULL,
    body         text NOT NULL,
    note         text,
    plan_lines   text[] NOT NULL,
    submitted_at timestamptz NOT NULL,
    reason       text NOT NULL,
    withdrawn_by text NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX withdrawn_requests_round ON rounds.withdrawn_requests (round, id);
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.withdrawn_requests
    FOR EACH ROW EXECUTE FUNCTION rounds.frozen();

-- Requests still never change; they can be taken away only while the round collects, and only once they are kept above.
CREATE FUNCTION rounds.withdrawn_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        AND EXISTS (SELECT FROM rounds.rounds r WHERE r.id = OLD.round AND r.state = 'collecting' AND r.closed_at IS NULL)
        AND EXISTS (SELECT FROM rounds.withdrawn_requests w
            WHERE w.round = OLD.round AND w.id = OLD.id AND w.submitted_at = OLD.submitted_at)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'frozen inputs never change';
END $$;
DROP TRIGGER frozen ON rounds.requests;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON rounds.requests
    FOR EACH ROW EXECUTE FUNCTION rounds.withdrawn_first();

GRANT SELECT, INSERT ON rounds.withdrawn_requests TO yaohao_worker;
GRANT DELETE ON rounds.requests, rounds.plan_draws TO yaohao_worker;
