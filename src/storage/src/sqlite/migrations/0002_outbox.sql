-- Events for whole tenants, the endpoints they go to, and how far each delivery has come; settled items for a person;
-- when a provider is asked next; what retention looks for.

-- A merchant in one mode, as a small number: what is listed for a tenant carries it in every row and index.
CREATE TABLE tenants (
    pk       INTEGER NOT NULL PRIMARY KEY,
    merchant BLOB    NOT NULL,
    mode     TEXT    NOT NULL,
    UNIQUE (merchant, mode)
) STRICT;
INSERT INTO tenants (merchant, mode) SELECT DISTINCT merchant, mode FROM checkouts ORDER BY merchant, mode;

ALTER TABLE attempts ADD COLUMN amount_accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN approval_confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN poll_at INTEGER;
ALTER TABLE attempts ADD COLUMN polls INTEGER NOT NULL DEFAULT 0;
CREATE INDEX attempts_to_poll ON attempts (poll_at)
    WHERE poll_at IS NOT NULL
      AND state NOT IN ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed');

-- Rebuilt: an event need not be about a checkout any more.
CREATE TABLE new_events (
    pk         INTEGER NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL,
    tenant     INTEGER NOT NULL REFERENCES tenants (pk),
    checkout   INTEGER REFERENCES checkouts (pk),
    endpoint   BLOB,             -- the endpoint it tells of, where that is no checkout
    kind       INTEGER NOT NULL, -- see event_kind.rs
    sequence   INTEGER NOT NULL, -- 0 without a checkout
    test       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    snapshot   BLOB    NOT NULL  -- JSON, see packed.rs
) STRICT;
INSERT INTO new_events (pk, id, tenant, checkout, kind, sequence, test, created_at, snapshot)
    SELECT e.pk, e.id, t.pk, e.checkout, e.kind, e.sequence, 0, e.created_at, CAST(e.snapshot AS BLOB)
    FROM events e JOIN checkouts c ON c.pk = e.checkout JOIN tenants t ON t.merchant = c.merchant AND t.mode = c.mode;
DROP TABLE events;
ALTER TABLE new_events RENAME TO events;
CREATE UNIQUE INDEX events_by_sequence ON events (checkout, sequence) WHERE checkout IS NOT NULL;
-- Exactly one signal to ship, ever. Once it is trimmed, `checkouts.ready_announced` still says that it was given.
CREATE UNIQUE INDEX events_one_ready ON events (checkout) WHERE kind = 3;
CREATE UNIQUE INDEX events_by_id ON events (tenant, id);
CREATE INDEX events_by_kind ON events (tenant, kind, id);
CREATE INDEX events_by_age ON events (tenant, created_at);

-- Rebuilt: items are settled, and listed for a tenant.
CREATE TABLE new_attention (
    checkout    INTEGER NOT NULL REFERENCES checkouts (pk),
    id          BLOB    NOT NULL,
    tenant      INTEGER NOT NULL REFERENCES tenants (pk),
    attempt     BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    deadline    INTEGER,
    choice      TEXT,
    reason      TEXT,
    resolved_by BLOB,
    resolved_at INTEGER,
    PRIMARY KEY (checkout, id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_attention (checkout, id, tenant, attempt, kind, detail, opened_at)
    SELECT a.checkout, a.id, t.pk, a.attempt, a.kind, a.detail, a.opened_at
    FROM attention a JOIN checkouts c ON c.pk = a.checkout
    JOIN tenants t ON t.merchant = c.merchant AND t.mode = c.mode;
DROP TABLE attention;
ALTER TABLE new_attention RENAME TO attention;
CREATE UNIQUE INDEX attention_by_id ON attention (tenant, id);
CREATE UNIQUE INDEX attention_open ON attention (tenant, id) WHERE resolved_at IS NULL;

CREATE TABLE webhook_endpoints (
    pk            INTEGER NOT NULL PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE,
    tenant        INTEGER NOT NULL REFERENCES tenants (pk),
    url           INTEGER NOT NULL, -- in webhook_urls
    description   TEXT,
    events        TEXT,             -- JSON; none means all
    secrets       BLOB    NOT NULL, -- sealed
    state         TEXT    NOT NULL,
    failing_since INTEGER,
    accepted_at   INTEGER,          -- to about a minute
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    removed       INTEGER NOT NULL DEFAULT 0 -- its log stays
) STRICT;
CREATE INDEX webhook_endpoints_of ON webhook_endpoints (tenant, id);

-- Every address an endpoint ever had: attempts name the one they went to. Addresses often hold a token.
CREATE TABLE webhook_urls (
    pk       INTEGER NOT NULL PRIMARY KEY,
    endpoint BLOB    NOT NULL,
    url      BLOB    NOT NULL -- sealed
) STRICT;
CREATE INDEX webhook_urls_of ON webhook_urls (endpoint);

-- The id of a delivery is worked out from its event and its endpoint, so there is one per pair; that of an event, and
-- with it of a checkout, is found without an index. Narrow rows: the key is the list, newest first.
CREATE TABLE deliveries (
    endpoint    INTEGER NOT NULL REFERENCES webhook_endpoints (pk),
    id          BLOB    NOT NULL,
    event       INTEGER NOT NULL, -- in events, which drops it with its deliveries
    checkout    INTEGER,
    sequence    INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    waits       INTEGER NOT NULL, -- behind an earlier event of the same checkout
    overtakable INTEGER NOT NULL, -- and may be, by later ones
    tries       INTEGER NOT NULL,
    next_at     INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (endpoint, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (endpoint, next_at) WHERE state = 'pending' AND waits = 0;
CREATE INDEX deliveries_in_order ON deliveries (endpoint, checkout, sequence) WHERE state = 'pending';
CREATE INDEX deliveries_failed ON deliveries (endpoint, id) WHERE state = 'failed';

CREATE TABLE delivery_attempts (
    pk         INTEGER NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL,
    event      INTEGER NOT NULL, -- in events, which drops it with its deliveries
    endpoint   INTEGER NOT NULL,
    url        INTEGER NOT NULL, -- in webhook_urls
    started_at INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    status     INTEGER,
    error      TEXT,
    response   BLOB              -- sealed; none when empty
) STRICT;
CREATE INDEX delivery_attempts_of ON delivery_attempts (event, endpoint);

-- Endpoints that get again what they missed, and how far it came; or that were removed, and have something pending.
CREATE TABLE recoveries (
    endpoint   INTEGER NOT NULL PRIMARY KEY REFERENCES webhook_endpoints (pk),
    created_at INTEGER NOT NULL, -- of the last event that was looked at, or where to begin
    event      INTEGER NOT NULL  -- that event; 0 at the beginning
) STRICT;
