-- Publication and deadlines are rows; events only wake the notifier.
CREATE SCHEMA notices;

CREATE TABLE notices.rules (
    kind         text PRIMARY KEY,
    working_days integer NOT NULL CHECK (working_days > 0),
    basis        text NOT NULL
);
INSERT INTO notices.rules (kind, working_days, basis) VALUES
    ('publication', 10, '固政办发〔2021〕32号 四（四）：抽查结束后10个工作日内公示');

-- One row for each thing that is due. Without a calendar for the year, the instant is unknown and the reason is kept.
CREATE TABLE notices.deadlines (
    kind      text NOT NULL REFERENCES notices.rules,
    subject   text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    due_on    date,
    problem   text,
    met_at    timestamptz,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, subject),
    CHECK ((due_on IS NULL) = (problem IS NOT NULL))
);
-- The rungs of a deadline's ladder; each fires once, never before its day.
CREATE TABLE notices.rungs (
    kind     text NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    rung     text NOT NULL,
    fire_on  date NOT NULL,
    fired_at timestamptz,
    PRIMARY KEY (kind, subject, rung),
    FOREIGN KEY (kind, subject) REFERENCES notices.deadlines
);
CREATE INDEX rungs_waiting ON notices.rungs (fire_on) WHERE fired_at IS NULL;

-- Published results (公示), collected under the entity. Nothing about inspectors is ever in it.
CREATE TABLE open.publications (
    id           text COLLATE "C" PRIMARY KEY,
    entity       text COLLATE "C" NOT NULL,
    entity_name  text NOT NULL,
    visit        text COLLATE "C" NOT NULL,
    department   text COLLATE "C" NOT NULL,
    ended_on     date NOT NULL,
    due_on       date,
    body         text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX publications_entity ON open.publications (entity, published_at);

GRANT USAGE ON SCHEMA notices TO yaohao_worker, yaohao_notifier;
GRANT SELECT ON ALL TABLES IN SCHEMA notices TO yaohao_worker;
GRANT SELECT, INSERT, UPDATE ON notices.deadlines, notices.rungs TO yaohao_notifier;
GRANT SELECT ON notices.rules TO yaohao_notifier;
GRANT SELECT, INSERT ON open.publications TO yaohao_notifier;
GRANT SELECT ON open.publications TO yaohao_portal, yaohao_worker;
