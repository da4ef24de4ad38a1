-- Versions of the tenants' routing profiles. A version is written once; only which one is active changes.
CREATE TABLE routing_profiles (
    merchant   BLOB    NOT NULL REFERENCES merchants (id),
    mode       TEXT    NOT NULL,
    version    INTEGER NOT NULL, -- from 1
    id         BLOB    NOT NULL UNIQUE,
    active     INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (merchant, mode, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX routing_profiles_active ON routing_profiles (merchant, mode) WHERE active = 1;
