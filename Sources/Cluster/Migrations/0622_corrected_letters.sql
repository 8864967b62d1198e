-- What was submitted in the place of a dead letter, by whom. The letter stays as it was, and whatever was submitted for it
-- has its own receipt: the letter is settled once one of them was accepted.
CREATE TABLE cluster.letter_corrections (
    letter     bigint NOT NULL REFERENCES cluster.dead_letters,
    -- Of the submission, as in the inbox; noted before it is sent.
    source     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    person     text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (letter, source, id)
);

-- The letters that still wait for somebody.
CREATE VIEW cluster.waiting_letters AS
    SELECT d.* FROM cluster.dead_letters d
    WHERE d.replayed_at IS NULL AND NOT EXISTS (
        SELECT FROM cluster.letter_corrections c JOIN cluster.inbox i ON i.source = c.source AND i.id = c.id
        WHERE c.letter = d.id AND i.receipt ->> 'status' = 'accepted');

GRANT SELECT ON cluster.waiting_letters TO yaohao_worker, yaohao_notifier, yaohao_console;
GRANT SELECT ON cluster.letter_corrections TO yaohao_console;
