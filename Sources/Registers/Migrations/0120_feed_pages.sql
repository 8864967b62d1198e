-- Rows of feeds under way come in pages, each of one signed message. A feed is told apart by the first 16 bytes of the
-- SHA-256 of its register, source and id. Neither table outlives a crash of the database: the senders of feeds under way
-- have no report yet, and send again.
DROP TABLE registers.feed_rows;
CREATE UNLOGGED TABLE registers.feed_pages (
    feed      uuid NOT NULL,
    position  bigint NOT NULL,
    last      bigint NOT NULL,
    partition integer NOT NULL,
    rows      bigint NOT NULL,
    digest    bytea NOT NULL,
    PRIMARY KEY (feed, position)
);
-- cells: the register's columns in their order as text, of a row that breaks no rule by itself; raw: the bytes of one that
-- does. A row with neither retires its id.
CREATE UNLOGGED TABLE registers.feed_rows (
    feed     uuid NOT NULL,
    position bigint NOT NULL,
    id       text COLLATE "C" NOT NULL,
    version  bigint NOT NULL,
    cells    text[],
    raw      bytea,
    findings jsonb
);
GRANT SELECT, INSERT, DELETE ON registers.feed_pages, registers.feed_rows TO yaohao_worker;

CREATE INDEX feeds_accepted ON registers.feeds (register, source, applied_at) WHERE accepted;
-- Many findings of one row are one row in quarantine.
CREATE INDEX quarantine_row ON registers.quarantine (register, source, feed, position);
