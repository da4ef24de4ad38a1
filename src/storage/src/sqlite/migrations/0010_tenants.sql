-- Keys with scopes and an end, versions of what is administered, and the audit log.

ALTER TABLE merchants ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE provider_accounts ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE api_keys ADD COLUMN scopes TEXT;          -- words with blanks between; none: everything within the merchant
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER; -- to the minute
ALTER TABLE api_keys ADD COLUMN replaced_by BLOB;
CREATE INDEX api_keys_by_tenant ON api_keys (merchant, mode, id);

CREATE TABLE audit (
    id         BLOB    NOT NULL PRIMARY KEY,
    merchant   BLOB REFERENCES merchants (id), -- none: the gateway as a whole
    mode       TEXT,             -- none: both
    actor_kind TEXT    NOT NULL,
    actor_key  BLOB,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    facts      TEXT    NOT NULL, -- JSON
    request    BLOB,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_merchant ON audit (merchant, id);
CREATE INDEX audit_by_action ON audit (action, id);
