-- Units of lines: which ones a movement is about, and what an operation asks for them. Rows that were written before are about
-- none.

ALTER TABLE ledger ADD COLUMN line BLOB;
ALTER TABLE ledger ADD COLUMN units INTEGER;
ALTER TABLE operations ADD COLUMN lines TEXT; -- JSON
