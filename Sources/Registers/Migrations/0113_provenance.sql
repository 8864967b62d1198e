-- Which feed said what a row says, and where in it: the line of a file. Empty for rows of before.
ALTER TABLE registers.classes     ADD COLUMN feed text, ADD COLUMN position bigint;
ALTER TABLE registers.departments ADD COLUMN feed text, ADD COLUMN position bigint;
ALTER TABLE registers.entities    ADD COLUMN feed text, ADD COLUMN position bigint;
ALTER TABLE registers.experts     ADD COLUMN feed text, ADD COLUMN position bigint;
ALTER TABLE registers.inspectors  ADD COLUMN feed text, ADD COLUMN position bigint;
ALTER TABLE registers.items       ADD COLUMN feed text, ADD COLUMN position bigint;
