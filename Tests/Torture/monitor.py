"""Triggers of the test's own in the database: who changed what, by the name that each process gives its connections.

They see what tables at the end can't show: that a paused worker which came back wrote something that a newer one had
already written.
"""

SETUP = """
CREATE SCHEMA torture;
CREATE TABLE torture.changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    what text NOT NULL, process text NOT NULL, detail jsonb NOT NULL);
CREATE FUNCTION torture.task_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- Only whoever holds the lease ends a task, and only once.
    IF NEW.state IN ('done', 'failed') AND OLD.state IN ('ready', 'leased')
        AND OLD.owner IS DISTINCT FROM current_setting('application_name')
    THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('task ended by one without its lease',
            current_setting('application_name'), jsonb_build_object('old', to_jsonb(OLD), 'new', to_jsonb(NEW)));
    ELSIF OLD.state = 'done' AND (NEW.state <> 'done' OR NEW.finished_at <> OLD.finished_at) THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('task that was done is done again',
            current_setting('application_name'), jsonb_build_object('old', to_jsonb(OLD), 'new', to_jsonb(NEW)));
    ELSIF NEW.state = 'leased' AND NEW.owner IS DISTINCT FROM OLD.owner AND OLD.state = 'leased'
        AND OLD.lease_until > clock_timestamp()
    THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('lease taken before it ran out',
            current_setting('application_name'), jsonb_build_object('old', to_jsonb(OLD), 'new', to_jsonb(NEW)));
    ELSIF NEW.state = 'leased' AND OLD.state = 'leased' AND NEW.token IS NOT DISTINCT FROM OLD.token
        AND NEW.owner IS DISTINCT FROM current_setting('application_name')
    THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('lease renewed by one who does not hold it',
            current_setting('application_name'), jsonb_build_object('old', to_jsonb(OLD), 'new', to_jsonb(NEW)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER UPDATE ON cluster.tasks FOR EACH ROW EXECUTE FUNCTION torture.task_changed();
CREATE FUNCTION torture.outbox_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM cluster.leases WHERE name = 'outbox-relay' AND owner = current_setting('application_name')) THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('outbox written by a relay without the lease',
            current_setting('application_name'), jsonb_build_object('id', NEW.id, 'topic', NEW.topic));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER UPDATE ON cluster.outbox FOR EACH ROW EXECUTE FUNCTION torture.outbox_changed();
CREATE FUNCTION torture.outbox_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF OLD.sent_at IS NULL THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('outbox row deleted unsent',
            current_setting('application_name'), jsonb_build_object('id', OLD.id, 'topic', OLD.topic));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture_deleted AFTER DELETE ON cluster.outbox FOR EACH ROW EXECUTE FUNCTION torture.outbox_deleted();
CREATE FUNCTION torture.inbox_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.receipt IS NOT NULL AND OLD.receipt IS DISTINCT FROM NEW.receipt THEN
        INSERT INTO torture.changes (what, process, detail) VALUES ('a stored receipt was changed',
            current_setting('application_name'), to_jsonb(OLD));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER UPDATE OR DELETE ON cluster.inbox FOR EACH ROW EXECUTE FUNCTION torture.inbox_changed();
CREATE FUNCTION torture.frozen_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO torture.changes (what, process, detail) VALUES ('frozen input changed', current_setting('application_name'),
        jsonb_build_object('table', TG_TABLE_NAME, 'old', to_jsonb(OLD)));
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER UPDATE OR DELETE ON rounds.pages FOR EACH ROW EXECUTE FUNCTION torture.frozen_changed();
CREATE TRIGGER torture AFTER UPDATE OR DELETE ON rounds.round_pages FOR EACH ROW EXECUTE FUNCTION torture.frozen_changed();
GRANT USAGE ON SCHEMA torture TO PUBLIC;
"""
INVARIANT = {"frozen input changed": 3, "a stored receipt was changed": 1, "outbox row deleted unsent": 1}


def install(database):
    database(SETUP)


def check(checks):
    for what, process, detail in checks.database("SELECT what, process, detail FROM torture.changes ORDER BY number"):
        checks.hold(INVARIANT.get(what, 7), False, what, (process, detail))
    checks.looked_at[7] += checks.database("SELECT count(*) FROM cluster.tasks")[0][0]
