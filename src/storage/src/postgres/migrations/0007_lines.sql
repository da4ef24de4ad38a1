-- Units of lines: which ones a movement is about, and what an operation asks for them. Rows that were written before, and by the
-- version before, are about none.

ALTER TABLE ledger ADD COLUMN line uuid;
ALTER TABLE ledger ADD COLUMN units bigint;
ALTER TABLE operations ADD COLUMN lines text; -- JSON
