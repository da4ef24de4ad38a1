-- What an attempt is watched for. Attempts that are over may be asked about too: whether they are is the engine's to say.

ALTER TABLE attempts ADD COLUMN deadline_told INTEGER;
ALTER TABLE attempts ADD COLUMN acknowledged TEXT; -- a command that was taken in and whose effect was not seen yet
DROP INDEX attempts_to_poll;
CREATE INDEX attempts_to_poll ON attempts (poll_at) WHERE poll_at IS NOT NULL;
