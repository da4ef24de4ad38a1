-- Lists of providers that are read instead of asking for every attempt.

-- One row per account whose list is read. A turn is one page: whoever takes it has it until `taken_until`.
CREATE TABLE sweeps (
    merchant     BLOB    NOT NULL REFERENCES merchants (id),
    mode         TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    wanted_until INTEGER NOT NULL, -- no attempt that it could show is open after this
    next_at      INTEGER NOT NULL,
    since        INTEGER,          -- of the reading that is under way
    cursor       TEXT,
    taken_until  INTEGER,
    PRIMARY KEY (merchant, mode, provider)
) STRICT, WITHOUT ROWID;

-- What a list may show an attempt by, as keyed digests.
CREATE TABLE sweep_marks (
    mark     BLOB    NOT NULL,
    checkout INTEGER NOT NULL REFERENCES checkouts (pk),
    attempt  BLOB    NOT NULL,
    put_at   INTEGER NOT NULL,
    PRIMARY KEY (mark, checkout, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_marks_by_age ON sweep_marks (put_at);
