-- Which lines of plans each request carries out, and as which of the line's draws. A void round has used up nothing.
CREATE TABLE rounds.plan_draws (
    round      text COLLATE "C" NOT NULL,
    request    text COLLATE "C" NOT NULL,
    plan       text COLLATE "C" NOT NULL,
    line       text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    item       text COLLATE "C" NOT NULL,
    draw       integer NOT NULL,
    PRIMARY KEY (round, request, plan, line, item),
    FOREIGN KEY (round, request) REFERENCES rounds.requests
);
CREATE INDEX plan_draws_line ON rounds.plan_draws (plan, line);

-- What other slices may rely on: how often each item of a line has been drawn, or is being drawn.
CREATE VIEW rounds.used_draws AS
    SELECT d.plan, d.line, d.department, d.item, count(*)::integer AS draws
    FROM rounds.plan_draws d JOIN rounds.rounds r ON r.id = d.round
    WHERE r.state <> 'void' GROUP BY d.plan, d.line, d.department, d.item;

GRANT SELECT, INSERT ON rounds.plan_draws TO yaohao_worker;
GRANT SELECT ON rounds.used_draws TO yaohao_worker;
