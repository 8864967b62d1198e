-- Publication and deadlines are rows; events only wake the notifier.
CREATE SCHEMA notices;

CREATE TABLE notices.rules (
    kind         text PRIMARY KEY,
    working_days integer NOT NULL CHECK (working_days > 0),
    basis        text NOT NULL
);
INSERT INTO notices.rules (kind, working_days, basis) VALUES
    ('publication', 10, '固政办发〔2021〕32号 四（四）：抽查结束后10个工作日内公示');

-- The ladder of a kind of deadline: working days from the day on which it is due, and who is told.
CREATE TABLE notices.rung_rules (
    kind        text NOT NULL REFERENCES notices.rules,
    rung        text NOT NULL,
    offset_days integer NOT NULL,
    audience    text NOT NULL CHECK (audience IN ('department', 'lead')),
    basis       text NOT NULL,
    PRIMARY KEY (kind, rung)
);
INSERT INTO notices.rung_rules (kind, rung, offset_days, audience, basis) VALUES
    ('publication', 'approaching', -3, 'department', '默认值，由县联席会议办公室调整：到期前3个工作日提醒'),
    ('publication', 'due', 0, 'department', '默认值，由县联席会议办公室调整：到期当日提醒'),
    ('publication', 'missed', 5, 'lead', '默认值，由县联席会议办公室调整：逾期5个工作日报牵头部门');

-- One row for each thing that is due; the subject of a publication is VISIT/DEPARTMENT. Where the calendar ends too
-- early a day stays unknown, with the reason and the calendar's last day: a longer calendar is tried again.
CREATE TABLE notices.deadlines (
    kind         text NOT NULL REFERENCES notices.rules,
    subject      text COLLATE "C" NOT NULL,
    recipient    text COLLATE "C" NOT NULL,
    due_on       date,
    problem      text,
    calendar_end date,
    met_at       timestamptz,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, subject),
    CHECK (due_on IS NOT NULL OR problem IS NOT NULL)
);
CREATE INDEX deadlines_open ON notices.deadlines (kind, made_at, subject) WHERE met_at IS NULL;
CREATE INDEX deadlines_without_calendar ON notices.deadlines (kind, subject) WHERE problem IS NOT NULL;

-- The rungs of a deadline's ladder; each fires once, never before its day. Those that a met deadline no longer needs
-- are removed, those that fired stay as the ledger of who was reminded.
CREATE TABLE notices.rungs (
    kind     text NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    rung     text NOT NULL,
    fire_on  date,
    fired_at timestamptz,
    PRIMARY KEY (kind, subject, rung),
    FOREIGN KEY (kind, subject) REFERENCES notices.deadlines,
    FOREIGN KEY (kind, rung) REFERENCES notices.rung_rules
);
CREATE INDEX rungs_waiting ON notices.rungs (fire_on) WHERE fired_at IS NULL;

-- Published results (公示), collected under the entity. Nothing about inspectors is ever in it, nor a credit class.
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
GRANT SELECT ON ALL TABLES IN SCHEMA notices TO yaohao_worker, yaohao_notifier;
GRANT INSERT, UPDATE ON notices.deadlines, notices.rungs TO yaohao_notifier;
GRANT DELETE ON notices.rungs TO yaohao_notifier;
GRANT SELECT, INSERT ON open.publications TO yaohao_notifier;
GRANT SELECT ON open.publications TO yaohao_portal, yaohao_worker;
