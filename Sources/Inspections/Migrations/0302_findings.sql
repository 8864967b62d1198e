-- Tasks appear after a draw: whoever draws wakes this slice by a row.
CREATE FUNCTION inspections.announce_drawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cluster.tasks (kind, subject) VALUES ('inspections.announce', NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER announce_drawn AFTER UPDATE OF state ON rounds.rounds
    FOR EACH ROW WHEN (NEW.state = 'drawn' AND OLD.state <> 'drawn')
    EXECUTE FUNCTION inspections.announce_drawn();
INSERT INTO cluster.tasks (kind, subject)
    SELECT 'inspections.announce', id FROM rounds.rounds WHERE state = 'drawn' ON CONFLICT DO NOTHING;

-- Who is not asked to be a substitute; kept with the line.
ALTER TABLE inspections.amendments ADD COLUMN excluded text[] COLLATE "C" NOT NULL DEFAULT '{}';

-- What was found, one row for each category of each matter: in results in force that were not returned, and on leads,
-- as they were inspected last.
CREATE VIEW inspections.checked AS
    SELECT r.visit AS ground, r.department, i.item, i.categories, r.entity, e.industry, r.ended_on AS day
    FROM inspections.results r
    JOIN inspections.result_items i ON i.visit = r.visit AND i.department = r.department AND i.version = r.version
    LEFT JOIN registers.entities e ON e.id = r.entity AND e.valid_to IS NULL
    WHERE NOT EXISTS (SELECT FROM inspections.results n
            WHERE n.visit = r.visit AND n.department = r.department AND n.version > r.version)
        AND NOT EXISTS (SELECT FROM inspections.reviews v
            WHERE v.visit = r.visit AND v.department = r.department AND v.version = r.version
                AND v.decision = 'returned')
    UNION ALL
    SELECT l.id, l.department, i.item, i.categories, COALESCE(l.entity, 'lead:' || l.id), l.industry, v.on_day
    FROM inspections.leads l
    JOIN LATERAL (SELECT number, on_day FROM inspections.lead_events
        WHERE lead = l.id AND kind = 'inspected' ORDER BY number DESC LIMIT 1) AS v ON true
    JOIN inspections.lead_items i ON i.event = v.number;
CREATE VIEW inspections.findings AS
    SELECT c.ground, c.department, c.item, g.name AS category, c.entity, c.industry, c.day
    FROM inspections.checked c JOIN inspections.categories g ON g.name = ANY(c.categories) AND g.kind = 'finding';

-- The same finding, item and industry within a window; length is how much of the industry's code is taken together.
CREATE FUNCTION inspections.finding_groups(first_day date, last_day date, length integer, only_items text[] DEFAULT NULL)
RETURNS TABLE (category text, item text, industry text, department text, findings bigint, entities bigint,
    inspected bigint) LANGUAGE sql STABLE AS $$
    SELECT g.*, (SELECT count(DISTINCT c.entity) FROM inspections.checked c
        WHERE c.item = g.item AND left(c.industry, length) = g.industry AND c.day BETWEEN first_day AND last_day)
    FROM (
        SELECT f.category, f.item, left(f.industry, length) AS industry, min(f.department) AS department,
            count(*) AS findings, count(DISTINCT f.entity) AS entities
        FROM inspections.findings f
        WHERE f.day BETWEEN first_day AND last_day AND f.industry IS NOT NULL
            AND (only_items IS NULL OR f.item = ANY(only_items))
        GROUP BY f.category, f.item, left(f.industry, length)) AS g
$$;
CREATE INDEX result_items_item ON inspections.result_items (item);
CREATE INDEX lead_items_item ON inspections.lead_items (item);

GRANT SELECT ON inspections.checked, inspections.findings TO yaohao_worker, yaohao_notifier;
