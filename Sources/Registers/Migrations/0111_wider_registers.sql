-- More about departments, items, objects and inspectors; experts, and classes from sources of their own.
ALTER TABLE registers.departments
    ADD COLUMN units   text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN lines   text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN contact text NOT NULL DEFAULT '',
    ADD COLUMN head    text NOT NULL DEFAULT '';

ALTER TABLE registers.items
    ADD COLUMN subject        text NOT NULL DEFAULT '',
    ADD COLUMN authority      text NOT NULL DEFAULT '',
    ADD COLUMN frequency      text NOT NULL DEFAULT '',
    ADD COLUMN line           text NOT NULL DEFAULT '',
    ADD COLUMN in_force_from  date,
    ADD COLUMN in_force_until date,
    ADD COLUMN joint          boolean NOT NULL DEFAULT false,
    ADD COLUMN joint_batch    text NOT NULL DEFAULT '',
    ADD COLUMN outside_reason text NOT NULL DEFAULT '',
    ADD COLUMN checklist      text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN specialties    text[] COLLATE "C" NOT NULL DEFAULT '{}';

ALTER TABLE registers.entities
    ADD COLUMN uscc  text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN score integer CHECK (score BETWEEN 0 AND 1000),
    ADD COLUMN risks text[] COLLATE "C" NOT NULL DEFAULT '{}';

-- Whoever has no certificate is listed and never drawn.
ALTER TABLE registers.inspectors
    ALTER COLUMN certificate_until DROP NOT NULL,
    ADD CHECK ((certificate = '') = (certificate_until IS NULL)),
    ADD COLUMN unit           text NOT NULL DEFAULT '',
    ADD COLUMN category       text NOT NULL DEFAULT '',
    ADD COLUMN qualifications text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN lines          text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN experience     text[] COLLATE "C" NOT NULL DEFAULT '{}';

CREATE TABLE registers.experts (
    id                text COLLATE "C" NOT NULL,
    source            text NOT NULL,
    version           bigint NOT NULL,
    valid_from        timestamptz NOT NULL,
    valid_to          timestamptz,
    ended_by          bigint,
    name              text NOT NULL,
    organisation      text NOT NULL,
    organisation_kind text NOT NULL CHECK (organisation_kind IN ('laboratory', 'institute', 'association')),
    fields            text[] COLLATE "C" NOT NULL,
    contact           text NOT NULL DEFAULT '',
    valid_until       date,
    PRIMARY KEY (id, valid_from)
);
CREATE UNIQUE INDEX experts_current ON registers.experts (id) WHERE valid_to IS NULL;

-- One row an entity and scheme; entity is empty where the row's id is the entity's.
CREATE TABLE registers.classes (
    id         text COLLATE "C" NOT NULL,
    source     text NOT NULL,
    version    bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz,
    ended_by   bigint,
    month      text NOT NULL,
    class      text NOT NULL DEFAULT '',
    score      integer CHECK (score BETWEEN 0 AND 1000),
    scheme     text NOT NULL DEFAULT '',
    entity     text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (id, valid_from),
    CHECK ((class = '') = (score IS NOT NULL))
);
CREATE UNIQUE INDEX classes_current ON registers.classes (id) WHERE valid_to IS NULL;

GRANT SELECT, INSERT, UPDATE ON registers.experts, registers.classes TO yaohao_worker;

CREATE OR REPLACE VIEW open.departments AS
    SELECT id, name, lead, exempt, valid_from, valid_to, units, lines FROM registers.departments;
CREATE OR REPLACE VIEW open.items AS
    SELECT id, name, legal_basis, department, object_kind, methods, category, cap_ppm, valid_from, valid_to, subject,
        authority, frequency, line, in_force_from, in_force_until, joint, joint_batch, outside_reason, checklist
    FROM registers.items;
