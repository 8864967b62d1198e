-- What a page carries is kept as one value, ready for COPY. Feeds that are under way now are sent again by their senders.
DROP TABLE registers.feed_rows;
TRUNCATE registers.feed_pages;
ALTER TABLE registers.feed_pages ADD COLUMN version bigint NOT NULL;
-- good: rows that break no rule by themselves; rest: rows that do, and ids that are retired.
CREATE UNLOGGED TABLE registers.feed_contents (
    feed     uuid NOT NULL,
    position bigint NOT NULL,
    good     bytea NOT NULL,
    rest     bytea NOT NULL,
    PRIMARY KEY (feed, position)
);
-- PostgreSQL's own compression would take longer than to store it as it is.
DO $$
BEGIN
    ALTER TABLE registers.feed_contents ALTER COLUMN good SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    ALTER TABLE registers.feed_contents ALTER COLUMN good SET STORAGE EXTERNAL;
END $$;
GRANT SELECT, INSERT, DELETE ON registers.feed_contents TO yaohao_worker;
