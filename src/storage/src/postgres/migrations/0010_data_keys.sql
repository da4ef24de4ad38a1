-- Keys that seal rows, each under a key of the configuration, and since when those are known. Versions that know of none
-- go on with the key they have for as long as the first data key is not in use, and must be gone by then.

CREATE TABLE data_keys (
    id          bigint      NOT NULL PRIMARY KEY, -- 0 is the root that other keys are derived from
    wrapped     bytea       NOT NULL,             -- under that key of the ring
    ring_key    text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    active_from timestamptz NOT NULL              -- rows are sealed with the greatest id whose time has come
);

CREATE TABLE ring_keys (
    id         text        NOT NULL PRIMARY KEY,
    first_seen timestamptz NOT NULL DEFAULT now()
);

-- Which key sealed the rows that no data key did; none where there are no such rows.
ALTER TABLE vault_check ADD COLUMN ring_key text;
