-- Keys with scopes and an end, versions of what is administered, and the audit log. A version before this one would take a
-- key for more than it is, and must not start any more.

ALTER TABLE merchants ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE provider_accounts ADD COLUMN version bigint NOT NULL DEFAULT 1;

ALTER TABLE api_keys ADD COLUMN scopes text;              -- words with blanks between; none: everything within the merchant
ALTER TABLE api_keys ADD COLUMN expires_at timestamptz;
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz; -- to the minute
ALTER TABLE api_keys ADD COLUMN replaced_by uuid;
CREATE INDEX api_keys_by_tenant ON api_keys (merchant, mode, id);

CREATE TABLE audit (
    id         uuid        NOT NULL PRIMARY KEY,
    merchant   uuid,                 -- none: the gateway as a whole
    mode       text,                 -- none: both
    actor_kind text        NOT NULL,
    actor_key  uuid,
    action     text        NOT NULL,
    subject    text        NOT NULL,
    facts      text        NOT NULL, -- JSON
    request    uuid,
    at         timestamptz NOT NULL
);
CREATE INDEX audit_by_merchant ON audit (merchant, id);
CREATE INDEX audit_by_action ON audit (action, id);
