-- Versions of the tenants' routing profiles. Replicas of the version before know nothing of them: they route as without one.
-- A version is written once; only which one is active changes.
CREATE TABLE routing_profiles (
    merchant   uuid        NOT NULL REFERENCES merchants (id),
    mode       text        NOT NULL,
    version    bigint      NOT NULL, -- from 1
    id         uuid        NOT NULL UNIQUE,
    active     boolean     NOT NULL,
    document   text        NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (merchant, mode, version)
);
CREATE UNIQUE INDEX routing_profiles_active ON routing_profiles (merchant, mode) WHERE active;
