-- Enterprises in an order that has nothing to do with their names: a part that is in very many names is soon found in it, and
-- how soon tells how common it is. The name stands in the index, so that the table is only read for what is shown.
CREATE INDEX entities_mixed ON site.entities ((hashtextextended(id, 0) & 2251799813685247), id) INCLUDE (search);
CREATE OR REPLACE VIEW open.entities AS
    SELECT id, name, search, results, last_published_at, hashtextextended(id, 0) & 2251799813685247 AS mixed
    FROM site.entities;
