-- Keys that sign tokens, and tokens that work once.

CREATE TABLE signing_keys (
    number      bigint      NOT NULL PRIMARY KEY, -- the first is 1
    id          uuid        NOT NULL UNIQUE,      -- `kid`
    seed        bytea       NOT NULL,             -- sealed
    created_at  timestamptz NOT NULL,
    active_from timestamptz NOT NULL,
    retire_at   timestamptz
);

CREATE TABLE used_tokens (
    digest bytea       NOT NULL PRIMARY KEY,
    until  timestamptz NOT NULL
);
CREATE INDEX used_tokens_by_end ON used_tokens (until);
