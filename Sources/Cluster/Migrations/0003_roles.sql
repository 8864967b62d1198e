-- More roles of processes, each with the least it needs: yaohao_keys is who stores and revokes keys (yaohao keys), and
-- yaohao_console is the operators' console, which reads and never writes.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['yaohao_keys', 'yaohao_console'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA cluster TO yaohao_keys, yaohao_console;
GRANT SELECT, INSERT ON cluster.keys TO yaohao_keys;
-- What a key is and may do never changes; only the end of its life.
GRANT UPDATE (valid_until, revoked_at, revoked_reason) ON cluster.keys TO yaohao_keys;
GRANT INSERT ON cluster.acts, cluster.acts_waiting TO yaohao_keys;
GRANT SELECT ON cluster.acts, cluster.audit_chain TO yaohao_keys;
GRANT USAGE ON SCHEMA open TO yaohao_console;
GRANT SELECT ON cluster.keys, cluster.inbox, cluster.outbox, cluster.leases, cluster.tasks, cluster.dead_letters,
    cluster.acts, cluster.acts_waiting, cluster.audit_chain, cluster.audit_heads TO yaohao_console;
GRANT SELECT ON open.audit_heads TO yaohao_console;

-- A task's arguments and results never hold who was drawn for whoever may not know; the console sees no more than state.
REVOKE SELECT ON cluster.tasks FROM yaohao_console;
GRANT SELECT (id, kind, subject, ordinal, state, run_at, owner, lease_until, attempts, failure, created_at, finished_at)
    ON cluster.tasks TO yaohao_console;
-- Nor what is on its way: a receipt or an event may be confidential until it is due.
REVOKE SELECT ON cluster.outbox FROM yaohao_console;
GRANT SELECT (id, topic, key, sequence, created_at, sent_at, partition, "offset") ON cluster.outbox TO yaohao_console;

-- Sequences are drawn by whoever inserts; nobody else needs them.
REVOKE USAGE ON ALL SEQUENCES IN SCHEMA cluster FROM yaohao_worker, yaohao_notifier;
GRANT USAGE ON SEQUENCE cluster.fencing TO yaohao_worker, yaohao_notifier;
-- Delivered rows are kept; only waiting acts and staged rows are ever deleted.
REVOKE DELETE ON cluster.outbox FROM yaohao_worker, yaohao_notifier;

-- What a key is at this moment. A message counts by when it is taken: what was signed before a revocation and arrives
-- after it is refused, since whoever has stolen a key can write any time into what it signs.
CREATE FUNCTION cluster.key_state(k cluster.keys) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.revoked_at <= clock_timestamp() THEN 'revoked'
        WHEN k.valid_from > clock_timestamp() THEN 'future'
        WHEN k.valid_until <= clock_timestamp() THEN 'expired' ELSE 'valid' END
$$;

-- Nobody but who processes submissions or publishes needs to see them.
REVOKE ALL ON cluster.inbox, cluster.tasks FROM yaohao_notifier;
