-- What departments may see of each other's plans in the console: drafts are their author's, their participants' and, once
-- reported, the office's. The console names the department that has logged in, in each transaction, before it reads:
-- SET LOCAL yaohao.department = 'SCJG' (and yaohao.office = 'on' for the joint conference office). Forgotten, or in a
-- statement that forgets to filter, only what is published shows.
CREATE FUNCTION plans.readable(which text, its_version integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = plans, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM plans.versions v JOIN plans.plans p ON p.id = v.plan
        WHERE v.plan = which AND (its_version IS NULL OR v.version = its_version)
            AND (v.state IN ('published', 'superseded')
                OR p.department = current_setting('yaohao.department', true)
                OR v.state IN ('reported', 'received', 'returned') AND current_setting('yaohao.office', true) = 'on'
                OR EXISTS (SELECT FROM plans.participants t WHERE t.plan = v.plan AND t.version = v.version
                    AND t.department = current_setting('yaohao.department', true))))
$$;
REVOKE EXECUTE ON FUNCTION plans.readable FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans.readable TO yaohao_console;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plans', 'versions', 'steps', 'lines', 'participants', 'schemes', 'merges'] LOOP
        EXECUTE format('ALTER TABLE plans.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY processes ON plans.%I TO yaohao_worker, yaohao_notifier USING (true)', name);
        EXECUTE format('CREATE POLICY readable ON plans.%I FOR SELECT TO yaohao_console USING (plans.readable(%s))',
            name, CASE name WHEN 'plans' THEN 'id, NULL' ELSE 'plan, version' END);
        EXECUTE format('GRANT SELECT ON plans.%I TO yaohao_console', name);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA plans TO yaohao_console;
