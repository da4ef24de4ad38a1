-- Keys that sign tokens, and tokens that work once.

CREATE TABLE signing_keys (
    number      INTEGER NOT NULL PRIMARY KEY, -- the first is 1
    id          BLOB    NOT NULL UNIQUE,      -- `kid`
    seed        BLOB    NOT NULL,             -- sealed
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL,
    retire_at   INTEGER
) STRICT;

CREATE TABLE used_tokens (
    digest BLOB    NOT NULL PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_tokens_by_end ON used_tokens (until);
