-- Who sent a feed, by login, where a console has named the person (经办人); NULL where the key speaks for itself.
ALTER TABLE registers.feeds ADD COLUMN person text COLLATE "C";
