-- What providers tell of a request beside its state. Rows that were written before tell nothing.

ALTER TABLE attempts ADD COLUMN review_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE observations ADD COLUMN details TEXT; -- JSON
