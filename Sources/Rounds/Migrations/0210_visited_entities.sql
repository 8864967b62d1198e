-- How often each entity is visited in a year, and when it was last drawn for which item. Confidential until the visits
-- are disclosed.
CREATE VIEW rounds.entity_years AS
    SELECT v.entity, extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai')::integer AS year, count(*) AS visits
    FROM rounds.visits v JOIN rounds.rounds r ON r.id = v.round AND r.state IN ('drawn', 'closed')
    GROUP BY 1, 2;

CREATE VIEW rounds.entity_items AS
    SELECT v.entity, i.item, max(r.as_of) AS last_drawn,
        count(*) FILTER (WHERE extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai')
            = extract(year FROM now() AT TIME ZONE 'Asia/Shanghai')) AS draws_this_year
    FROM rounds.visits v
    JOIN rounds.rounds r ON r.id = v.round AND r.state IN ('drawn', 'closed')
    CROSS JOIN LATERAL (
        SELECT DISTINCT item FROM rounds.requests q, jsonb_array_elements_text(q.body::jsonb -> 'items') AS item
        WHERE q.round = v.round AND q.id = ANY(v.requests)
    ) i
    GROUP BY v.entity, i.item;

-- What changed in each register since the freeze before, counted in the snapshot of the freeze: published with the
-- commitment. The figures name nobody.
CREATE TABLE rounds.register_changes (
    round        text COLLATE "C" NOT NULL REFERENCES rounds.rounds,
    register     text COLLATE "C" NOT NULL,
    since        timestamptz NOT NULL,
    added        bigint NOT NULL,
    removed      bigint NOT NULL,
    changed      bigint NOT NULL,
    reclassified bigint NOT NULL,
    PRIMARY KEY (round, register)
);
GRANT SELECT ON rounds.entity_years, rounds.entity_items TO yaohao_worker;
GRANT SELECT, INSERT ON rounds.register_changes TO yaohao_worker;

CREATE VIEW open.register_changes AS
    SELECT c.round, c.register, c.since, c.added, c.removed, c.changed, c.reclassified
    FROM rounds.register_changes c JOIN rounds.rounds r ON r.id = c.round AND r.commitment IS NOT NULL;
GRANT SELECT ON open.register_changes TO yaohao_portal;
