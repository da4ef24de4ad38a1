-- Lists of providers that are read instead of asking for every attempt. Replicas of the version before know nothing of them.

-- One row per account whose list is read. A turn is one page: whoever takes it has it until `taken_until`.
CREATE TABLE sweeps (
    merchant     uuid        NOT NULL REFERENCES merchants (id),
    mode         text        NOT NULL,
    provider     text        NOT NULL,
    wanted_until timestamptz NOT NULL, -- no attempt that it could show is open after this
    next_at      timestamptz NOT NULL,
    since        timestamptz,          -- of the reading that is under way
    cursor       text,
    taken_until  timestamptz,
    PRIMARY KEY (merchant, mode, provider)
);
CREATE INDEX sweeps_due ON sweeps (next_at);

-- What a list may show an attempt by, as keyed digests.
CREATE TABLE sweep_marks (
    mark     bytea       NOT NULL,
    checkout bigint      NOT NULL,
    attempt  uuid        NOT NULL,
    put_at   timestamptz NOT NULL,
    PRIMARY KEY (mark, checkout, attempt)
);
CREATE INDEX sweep_marks_by_age ON sweep_marks (put_at);
