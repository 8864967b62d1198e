-- What other slices may rely on: which lines of the version in force are to be drawn in one round (内部联合).
CREATE VIEW plans.confirmed_merges AS
    SELECT m.plan, m.version, m.lines
    FROM plans.merges m JOIN plans.versions v ON v.plan = m.plan AND v.version = m.version AND v.state = 'published'
    WHERE m.decision = 'confirmed';
GRANT SELECT ON plans.confirmed_merges TO yaohao_worker;
