-- Keys that seal rows, each under a key of the configuration, and since when those are known.

CREATE TABLE data_keys (
    id          INTEGER NOT NULL PRIMARY KEY, -- 0 is the root that other keys are derived from
    wrapped     BLOB    NOT NULL,             -- under that key of the ring
    ring_key    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL              -- rows are sealed with the greatest id whose time has come
) STRICT;

CREATE TABLE ring_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which key sealed the rows that no data key did; none where there are no such rows.
ALTER TABLE vault_check ADD COLUMN ring_key TEXT;
