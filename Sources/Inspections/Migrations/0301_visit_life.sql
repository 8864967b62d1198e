-- The life of visits, results in versions, consequences and cases. Rows are only ever added: what was said stays.
CREATE FUNCTION inspections.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is only added to';
END $$;

-- Some categories say why a visit could not be made (检查无法实施).
ALTER TABLE inspections.categories ADD COLUMN prevents_visit boolean NOT NULL DEFAULT false;
UPDATE inspections.categories SET prevents_visit = true
WHERE kind = 'state' OR name = '通过登记的住所（经营场所）无法联系';

-- What a department says of its part of a visit. on_day is the day of which it speaks, at the instant it was taken.
CREATE TABLE inspections.visit_events (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visit        text COLLATE "C" NOT NULL,
    department   text COLLATE "C" NOT NULL,
    kind         text NOT NULL CHECK (kind IN
        ('confirmed', 'begun', 'ended', 'failed', 'amended', 'entrusted', 'concluded')),
    on_day       date NOT NULL,
    -- Why it could not be made: the name of a category with prevents_visit.
    object_state text REFERENCES inspections.categories,
    details      jsonb NOT NULL DEFAULT '{}',
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    source       text NOT NULL,
    submission   text NOT NULL,
    key_id       text,
    CHECK ((kind = 'failed') = (object_state IS NOT NULL))
);
CREATE INDEX visit_events_visit ON inspections.visit_events (visit, department, number);
-- A part is confirmed, begun, ended or given up once.
CREATE UNIQUE INDEX visit_events_once ON inspections.visit_events (visit, department, kind)
    WHERE kind IN ('confirmed', 'begun', 'ended', 'failed');

-- Amendments after the draw (draw-v1 §9): one chain a round; line is the canonical JSON of amendments.jsonl, hash its
-- SHA-256, previous that of the line before or, for the first, of result.json.
CREATE TABLE inspections.amendments (
    round      text COLLATE "C" NOT NULL,
    number     integer NOT NULL CHECK (number >= 1),
    visit      text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('substitute', 'entity-gone')),
    slot       integer CHECK (slot >= 0),
    replaced   text COLLATE "C",
    -- NULL where nobody is left who may fill the slot.
    substitute text COLLATE "C",
    reason     text NOT NULL,
    note       text,
    at         timestamptz NOT NULL,
    previous   text NOT NULL,
    hash       text NOT NULL,
    line       text NOT NULL,
    source     text NOT NULL,
    submission text NOT NULL,
    PRIMARY KEY (round, number),
    CHECK ((kind = 'substitute') = (slot IS NOT NULL)),
    CHECK (kind = 'substitute' OR replaced IS NULL AND substitute IS NULL)
);
CREATE INDEX amendments_visit ON inspections.amendments (visit, department, number);

-- Parts of a visit entrusted to third parties (委托专业机构), with their qualification (资质).
CREATE TABLE inspections.entrustments (
    id                  text COLLATE "C" PRIMARY KEY,
    visit               text COLLATE "C" NOT NULL,
    department          text COLLATE "C" NOT NULL,
    items               text[] COLLATE "C" NOT NULL CHECK (cardinality(items) > 0),
    -- 检验检测, 财务审计, 调查咨询 or 委托专业机构.
    service             text NOT NULL,
    organisation        text NOT NULL,
    qualification       text NOT NULL,
    qualification_number text NOT NULL,
    qualification_until date NOT NULL,
    on_day              date NOT NULL,
    at                  timestamptz NOT NULL DEFAULT clock_timestamp(),
    source              text NOT NULL,
    submission          text NOT NULL
);
CREATE INDEX entrustments_visit ON inspections.entrustments (visit, department);
-- The conclusion of an entrusted part (鉴定、检验结论): the document stays with the department, its hash is kept here.
CREATE TABLE inspections.entrusted_conclusions (
    entrustment text COLLATE "C" PRIMARY KEY REFERENCES inspections.entrustments,
    name        text NOT NULL,
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    conclusion  text NOT NULL,
    on_day      date NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL
);

-- Results in versions. A correction is a new version with its reason; the old one stays.
ALTER TABLE inspections.unseen_results DROP CONSTRAINT unseen_results_visit_department_fkey;
ALTER TABLE inspections.result_items DROP CONSTRAINT result_items_visit_department_fkey,
    DROP CONSTRAINT result_items_pkey;
ALTER TABLE inspections.results DROP CONSTRAINT results_pkey,
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- Why it was corrected; NULL for the first version.
    ADD COLUMN reason text,
    -- The day until which it was to be entered, and whether it came later; NULL while the calendar is unknown.
    ADD COLUMN entry_due_on date,
    ADD COLUMN late boolean,
    ADD COLUMN key_id text,
    ADD PRIMARY KEY (visit, department, version),
    ADD CHECK ((version = 1) = (reason IS NULL)),
    ADD CHECK ((entry_due_on IS NULL) = (late IS NULL));
ALTER TABLE inspections.result_items
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    -- What was done on the spot (处理措施).
    ADD COLUMN measures text[] NOT NULL DEFAULT '{}',
    -- [{"name", "sha256"}]: the files stay with the department.
    ADD COLUMN evidence jsonb NOT NULL DEFAULT '[]',
    -- What the finding rests on beside the inspectors' own eyes: conclusions of entrusted parts, adopted 鉴定结论.
    ADD COLUMN sources jsonb NOT NULL DEFAULT '[]',
    ADD PRIMARY KEY (visit, department, version, item),
    ADD FOREIGN KEY (visit, department, version) REFERENCES inspections.results (visit, department, version);
CREATE INDEX results_entity ON inspections.results (entity);

-- What the department's reviewer said of a version (审核).
CREATE TABLE inspections.reviews (
    visit      text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('approved', 'returned')),
    reason     text,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    source     text NOT NULL,
    submission text NOT NULL,
    key_id     text,
    PRIMARY KEY (visit, department, version),
    FOREIGN KEY (visit, department, version) REFERENCES inspections.results (visit, department, version),
    CHECK (decision = 'approved' OR reason IS NOT NULL)
);

-- Leads (个案线索): inspected at once by named inspectors, never drawn.
CREATE TABLE inspections.leads (
    id          text COLLATE "C" PRIMARY KEY,
    department  text COLLATE "C" NOT NULL,
    origin      text NOT NULL CHECK (origin IN ('complaint', 'referral', 'monitoring')),
    received_on date NOT NULL,
    -- NULL for persons in no register.
    entity      text COLLATE "C",
    subject     text NOT NULL,
    address     text NOT NULL,
    region      text NOT NULL,
    industry    text NOT NULL,
    items       text[] COLLATE "C" NOT NULL,
    -- Unlicensed trade (无证无照) follows its own rule.
    unlicensed  boolean NOT NULL,
    summary     text NOT NULL,
    -- Until when it is to be acted on at once, and until when it is decided whether a case is filed.
    act_by      date,
    decide_by   date,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL,
    CHECK (unlicensed OR entity IS NOT NULL)
);
CREATE INDEX leads_department ON inspections.leads (department, received_on);
CREATE TABLE inspections.lead_events (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead       text COLLATE "C" NOT NULL REFERENCES inspections.leads,
    kind       text NOT NULL CHECK (kind IN ('inspected', 'filed', 'concluded')),
    on_day     date NOT NULL,
    inspectors text[] COLLATE "C" NOT NULL DEFAULT '{}',
    -- Said in the open: these inspectors were named, not drawn.
    drawn      boolean NOT NULL DEFAULT false CHECK (NOT drawn),
    -- A filed case's number, or how it was concluded.
    outcome    text,
    note       text,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    source     text NOT NULL,
    submission text NOT NULL,
    CHECK ((kind = 'inspected') = (cardinality(inspectors) > 0)),
    CHECK (kind = 'inspected' OR outcome IS NOT NULL)
);
CREATE INDEX lead_events_lead ON inspections.lead_events (lead, number);
CREATE UNIQUE INDEX lead_events_once ON inspections.lead_events (lead, kind) WHERE kind IN ('filed', 'concluded');
CREATE TABLE inspections.lead_items (
    event      bigint NOT NULL REFERENCES inspections.lead_events,
    lead       text COLLATE "C" NOT NULL REFERENCES inspections.leads,
    item       text COLLATE "C" NOT NULL,
    categories text[] NOT NULL CHECK (cardinality(categories) > 0),
    findings   text,
    measures   text[] NOT NULL DEFAULT '{}',
    evidence   jsonb NOT NULL DEFAULT '[]',
    sources    jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (event, item)
);

-- The kinds of follow-up (后续处置); a county can add its own.
CREATE TABLE inspections.consequence_kinds (
    kind  text PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    basis text NOT NULL
);
INSERT INTO inspections.consequence_kinds (kind, name, basis) VALUES
    ('none', '无需后续处置', '国家企业信用信息公示系统后续处置类别'),
    ('stop', '停止检查、反馈日常监管', '国家企业信用信息公示系统后续处置类别'),
    ('correction', '责令改正', '固政办发〔2021〕32号 四（四）；《行政处罚法》第二十八条'),
    ('case', '立案', '固政办发〔2021〕32号 四（五）'),
    ('copied', '抄告其他部门', '国家企业信用信息公示系统后续处置类别'),
    ('judiciary', '移送司法机关', '《行政执法机关移送涉嫌犯罪案件的规定》（国务院令第310号）'),
    ('joint-sanction', '联合惩戒', '固政办发〔2021〕32号 四（四）'),
    ('abnormal', '列入经营异常名录', '《企业信息公示暂行条例》第十七条'),
    ('other', '其他', '国家企业信用信息公示系统后续处置类别');

-- Consequences of a result or a lead, each open or done.
CREATE TABLE inspections.consequences (
    id          text COLLATE "C" PRIMARY KEY,
    kind        text NOT NULL REFERENCES inspections.consequence_kinds,
    department  text COLLATE "C" NOT NULL,
    visit       text COLLATE "C",
    version     integer,
    lead        text COLLATE "C" REFERENCES inspections.leads,
    entity      text COLLATE "C",
    items       text[] COLLATE "C" NOT NULL CHECK (cardinality(items) > 0),
    ordered_on  date NOT NULL,
    -- What is to be done, and for 'correction', 'judiciary' and 'abnormal' until when.
    demand      text NOT NULL,
    due_on      date,
    -- A correction is looked at again until this day (复查).
    reinspect_by date,
    -- A referral is decided until the first day, and handed over so soon after the approval.
    approve_by  date,
    hand_over_hours integer CHECK (hand_over_hours > 0),
    -- Number of the decision or paper (文书编号), the law it rests on, and to whom it goes.
    decision    text,
    legal_basis text,
    addressee   text,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL,
    CHECK ((visit IS NULL) <> (lead IS NULL)),
    CHECK ((visit IS NULL) = (version IS NULL)),
    CHECK (kind <> 'correction' OR due_on IS NOT NULL),
    CHECK (kind <> 'joint-sanction' OR decision IS NOT NULL AND legal_basis IS NOT NULL),
    CHECK (kind NOT IN ('copied', 'judiciary') OR addressee IS NOT NULL),
    FOREIGN KEY (visit, department, version) REFERENCES inspections.results (visit, department, version)
);
CREATE INDEX consequences_visit ON inspections.consequences (visit, department);
CREATE INDEX consequences_lead ON inspections.consequences (lead);

-- The steps of a consequence. 'done' ends it; a re-inspection that found it not corrected leaves it open.
CREATE TABLE inspections.consequence_events (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consequence text COLLATE "C" NOT NULL REFERENCES inspections.consequences,
    kind        text NOT NULL CHECK (kind IN ('approved', 'refused', 'handed-over', 'reinspected', 'done')),
    on_day      date NOT NULL,
    -- For 'approved' the instant, from which the hours to the hand-over run.
    instant     timestamptz,
    -- Of a re-inspection: 'corrected' or 'not-corrected'.
    outcome     text CHECK (outcome IN ('corrected', 'not-corrected')),
    note        text,
    evidence    jsonb NOT NULL DEFAULT '[]',
    late        boolean,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL,
    CHECK ((kind = 'reinspected') = (outcome IS NOT NULL))
);
CREATE INDEX consequence_events_consequence ON inspections.consequence_events (consequence, number);
CREATE UNIQUE INDEX consequence_events_once ON inspections.consequence_events (consequence, kind)
    WHERE kind <> 'reinspected';

-- Special inspections proposed because a finding has become common (专项检查建议), with the rule as it was applied.
CREATE TABLE inspections.special_proposals (
    id          text COLLATE "C" PRIMARY KEY,
    category    text NOT NULL REFERENCES inspections.categories,
    item        text COLLATE "C" NOT NULL,
    industry    text NOT NULL,
    department  text COLLATE "C" NOT NULL,
    first_day   date NOT NULL,
    last_day    date NOT NULL,
    findings    integer NOT NULL,
    entities    integer NOT NULL,
    rate_ppm    integer NOT NULL CHECK (rate_ppm BETWEEN 1 AND 1000000),
    rule        jsonb NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX special_proposals_key ON inspections.special_proposals (item, category, industry, last_day);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['visit_events', 'amendments', 'entrustments', 'entrusted_conclusions', 'results',
        'result_items', 'reviews', 'leads', 'lead_events', 'lead_items', 'consequences', 'consequence_events',
        'special_proposals'] LOOP
        EXECUTE format('CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON inspections.%I
            FOR EACH STATEMENT EXECUTE FUNCTION inspections.only_added()', name);
    END LOOP;
END $$;

-- The version in force of each result: the latest. Who inspected is not in it.
CREATE VIEW inspections.current_results AS
    SELECT r.visit, r.department, r.version, r.entity, r.round, r.ended_on, r.recorded_at, r.reason, r.entry_due_on, r.late,
        v.decision AS review, v.at AS reviewed_at, v.reason AS review_reason
    FROM inspections.results r
    LEFT JOIN inspections.reviews v ON v.visit = r.visit AND v.department = r.department AND v.version = r.version
    WHERE NOT EXISTS (SELECT FROM inspections.results n
        WHERE n.visit = r.visit AND n.department = r.department AND n.version > r.version);
CREATE VIEW inspections.current_result_items AS
    SELECT i.* FROM inspections.result_items i
    WHERE NOT EXISTS (SELECT FROM inspections.results r
        WHERE r.visit = i.visit AND r.department = i.department AND r.version > i.version);

-- What may be published: the version in force, approved; or not returned, where the county's rule
-- results_without_review (a list of departments) lets it be published without review.
CREATE VIEW inspections.releasable_results AS
    SELECT r.* FROM inspections.current_results r
    WHERE r.review = 'approved' OR r.review IS NULL AND r.department IN (
        SELECT jsonb_array_elements_text(value) FROM registers.rules
        WHERE key = 'results_without_review' AND valid_to IS NULL AND jsonb_typeof(value) = 'array');

-- The teams as they are after amendments.
CREATE VIEW inspections.current_teams AS
    SELECT a.visit, a.department,
        ARRAY(
            SELECT t.inspector FROM (
                SELECT d.inspector, d.place FROM unnest(a.inspectors) WITH ORDINALITY AS d (inspector, place)
                UNION ALL
                SELECT m.substitute, 1000 + m.number FROM inspections.amendments m
                WHERE m.visit = a.visit AND m.department = a.department AND m.substitute IS NOT NULL
            ) AS t
            WHERE NOT EXISTS (SELECT FROM inspections.amendments m
                WHERE m.visit = a.visit AND m.department = a.department AND m.replaced = t.inspector)
            ORDER BY t.place) AS inspectors
    FROM rounds.assigned_visits a;

-- Where each department's part of a visit stands. 'published' is the notifier's to say.
CREATE VIEW inspections.visit_states AS
    SELECT a.visit, a.round, a.entity, a.method, a.department, a.window_first, a.window_last, a.items,
        CASE
            WHEN r.review = 'approved' THEN 'reviewed'
            WHEN r.review = 'returned' THEN 'returned'
            WHEN r.visit IS NOT NULL THEN 'recorded'
            WHEN e.failed_on IS NOT NULL THEN 'failed'
            WHEN e.ended_on IS NOT NULL THEN 'ended'
            WHEN e.begun_on IS NOT NULL THEN 'begun'
            WHEN e.confirmed_on IS NOT NULL THEN 'confirmed'
            ELSE 'assigned'
        END AS state,
        e.confirmed_on, e.begun_on, e.ended_on, e.failed_on, e.object_state, e.amendments,
        r.version, r.ended_on AS result_ended_on, r.recorded_at, r.late, r.reviewed_at
    FROM rounds.assigned_visits a
    LEFT JOIN LATERAL (
        SELECT max(on_day) FILTER (WHERE kind = 'confirmed') AS confirmed_on,
            max(on_day) FILTER (WHERE kind = 'begun') AS begun_on,
            max(on_day) FILTER (WHERE kind = 'ended') AS ended_on,
            max(on_day) FILTER (WHERE kind = 'failed') AS failed_on,
            max(object_state) AS object_state, count(*) FILTER (WHERE kind = 'amended') AS amendments
        FROM inspections.visit_events WHERE visit = a.visit AND department = a.department) AS e ON true
    LEFT JOIN LATERAL (
        SELECT c.visit, c.version, c.ended_on, c.recorded_at, c.late, v.decision AS review, v.at AS reviewed_at
        FROM inspections.results c
        LEFT JOIN inspections.reviews v
            ON v.visit = c.visit AND v.department = c.department AND v.version = c.version
        WHERE c.visit = a.visit AND c.department = a.department ORDER BY c.version DESC LIMIT 1) AS r ON true;

-- Each consequence with what has become of it. A kind that asks for nothing more is done when it is ordered, a
-- correction when a re-inspection found it made, a referral when it was handed over or refused.
CREATE VIEW inspections.consequence_states AS
    SELECT c.*, k.name, CASE WHEN c.kind IN ('none', 'stop') THEN c.ordered_on ELSE e.done_on END AS done_on,
        e.approved_at, e.refused_on, e.handed_over_on, e.reinspected_on, e.reinspections,
        e.approved_at + c.hand_over_hours * interval '1 hour' AS hand_over_by
    FROM inspections.consequences c
    JOIN inspections.consequence_kinds k ON k.kind = c.kind
    LEFT JOIN LATERAL (
        SELECT max(on_day) FILTER (WHERE kind IN ('done', 'refused', 'handed-over') OR outcome = 'corrected') AS done_on,
            max(instant) FILTER (WHERE kind = 'approved') AS approved_at,
            max(on_day) FILTER (WHERE kind = 'refused') AS refused_on,
            max(on_day) FILTER (WHERE kind = 'handed-over') AS handed_over_on,
            max(on_day) FILTER (WHERE kind = 'reinspected') AS reinspected_on,
            count(*) FILTER (WHERE kind = 'reinspected') AS reinspections
        FROM inspections.consequence_events WHERE consequence = c.id) AS e ON true;
CREATE VIEW inspections.consequences_open AS
    SELECT * FROM inspections.consequence_states WHERE done_on IS NULL;

-- Where each lead stands; whom it is about is not in it.
CREATE VIEW inspections.lead_states AS
    SELECT l.id, l.department, l.origin, l.received_on, l.entity, l.region, l.industry, l.items, l.unlicensed, l.act_by,
        l.decide_by,
        CASE WHEN e.concluded_on IS NOT NULL THEN 'concluded' WHEN e.filed_on IS NOT NULL THEN 'filed'
            WHEN e.inspected_on IS NOT NULL THEN 'inspected' ELSE 'reported' END AS state,
        e.inspected_on, e.filed_on, e.concluded_on
    FROM inspections.leads l
    LEFT JOIN LATERAL (
        SELECT min(on_day) FILTER (WHERE kind = 'inspected') AS inspected_on,
            max(on_day) FILTER (WHERE kind = 'filed') AS filed_on,
            max(on_day) FILTER (WHERE kind = 'concluded') AS concluded_on
        FROM inspections.lead_events WHERE lead = l.id) AS e ON true;

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA inspections TO yaohao_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA inspections TO yaohao_worker;
-- The notifier publishes; inspectors and what names persons in no register stay out of its reach.
GRANT SELECT (version, reason, entry_due_on, late) ON inspections.results TO yaohao_notifier;
GRANT SELECT ON inspections.current_results, inspections.current_result_items, inspections.releasable_results,
    inspections.visit_states, inspections.consequence_states, inspections.consequences_open, inspections.lead_states,
    inspections.reviews, inspections.consequence_kinds, inspections.special_proposals, inspections.categories
    TO yaohao_notifier;

-- Anyone may follow the chain of amendments: which round, why, when, and the hash of each line; not who.
CREATE VIEW open.amendments AS
    SELECT round, number, kind, reason, at, previous, hash FROM inspections.amendments;
GRANT SELECT ON open.amendments TO yaohao_portal;
