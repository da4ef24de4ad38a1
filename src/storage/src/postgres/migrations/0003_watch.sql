-- What an attempt is watched for.

ALTER TABLE attempts ADD COLUMN deadline_told timestamptz;
ALTER TABLE attempts ADD COLUMN acknowledged text; -- a command that was taken in and whose effect was not seen yet
