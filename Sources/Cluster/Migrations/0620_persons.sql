-- Who acted: a console signs with its own key and names the person who is signed in. The name is covered by the signature
-- and kept in the audit line; lines without one are hashed as before.
ALTER TABLE cluster.acts ADD COLUMN person text COLLATE "C",
    DROP CONSTRAINT acts_kind_check,
    ADD CONSTRAINT acts_kind_check CHECK (kind IN ('submission', 'reuse', 'letter', 'feed', 'key', 'console'));
