-- The codes that a page's rows name, each once, so that those which are in no list are found without reading the rows:
-- divisions by their first six digits, industries whole.
ALTER TABLE registers.feed_pages
    ADD COLUMN regions text[] NOT NULL DEFAULT '{}', ADD COLUMN industries text[] NOT NULL DEFAULT '{}';
