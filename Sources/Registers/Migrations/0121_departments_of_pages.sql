-- The departments that a page's rows name, so that those which are not registered are found without reading the rows.
ALTER TABLE registers.feed_pages ADD COLUMN departments text[] NOT NULL DEFAULT '{}';
-- What becomes of each row of a feed is kept in a table of the transaction's own.
DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO yaohao_worker', current_database()); END $$;
