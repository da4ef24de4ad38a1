-- What providers tell of a request beside its state. Rows that were written before tell nothing.

ALTER TABLE attempts ADD COLUMN review_open boolean NOT NULL DEFAULT false;
ALTER TABLE observations ADD COLUMN details text; -- JSON
