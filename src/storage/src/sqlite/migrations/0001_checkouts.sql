-- Ids are the 16 bytes of a UUIDv7, digests the 32 bytes of a SHA-256, times whole microseconds since 1970 (UTC),
-- money a currency and a decimal ("USD 1370.00"). A column commented "sealed" is encrypted by the vault.
-- Children name their checkout by its small integer key: every row and index of theirs is 12 bytes shorter for it.

CREATE TABLE merchants (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    merchant   BLOB    NOT NULL REFERENCES merchants (id),
    mode       TEXT    NOT NULL,
    digest     BLOB    NOT NULL UNIQUE,
    label      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_accounts (
    pk       INTEGER NOT NULL PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE,
    merchant BLOB    NOT NULL REFERENCES merchants (id),
    mode     TEXT    NOT NULL,
    provider TEXT    NOT NULL,
    settings BLOB    NOT NULL, -- sealed
    UNIQUE (merchant, mode, provider)
) STRICT;

CREATE TABLE checkouts (
    pk               INTEGER NOT NULL PRIMARY KEY,
    id               BLOB    NOT NULL,
    merchant         BLOB    NOT NULL REFERENCES merchants (id),
    mode             TEXT    NOT NULL,
    reference        TEXT,
    status           TEXT    NOT NULL, -- derived, kept for filters
    lead_provider    TEXT,             -- derived, kept for filters
    fulfilment       TEXT    NOT NULL,
    dispute          TEXT    NOT NULL,
    ready_announced  INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    sequence         INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    capture          TEXT    NOT NULL,
    route            TEXT    NOT NULL, -- JSON
    return_urls      TEXT,             -- JSON
    metadata         TEXT,             -- JSON
    provider_options TEXT,             -- JSON
    currency         TEXT    NOT NULL,
    cart             TEXT    NOT NULL, -- JSON
    personal         BLOB    NOT NULL, -- sealed: customer and addresses
    model            BLOB,             -- the first snapshot, which later ones and answers resemble, see packed.rs
    UNIQUE (merchant, mode, id)
) STRICT;
CREATE INDEX checkouts_by_reference ON checkouts (merchant, mode, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX checkouts_by_status ON checkouts (merchant, mode, status, id);
CREATE INDEX checkouts_by_created ON checkouts (merchant, mode, created_at);
CREATE INDEX checkouts_due ON checkouts (expires_at)
    WHERE status IN ('requires_customer_action', 'under_review', 'preapproved');

CREATE TABLE attempts (
    pk                   INTEGER NOT NULL PRIMARY KEY,
    id                   BLOB    NOT NULL,
    checkout             INTEGER NOT NULL REFERENCES checkouts (pk),
    number               INTEGER NOT NULL,
    provider             TEXT    NOT NULL,
    account              BLOB    NOT NULL,
    state                TEXT    NOT NULL,
    reason               TEXT,
    evidence_observation BLOB,
    evidence_grade       TEXT,
    reference            TEXT,
    raw_status           TEXT,
    callback_digest      BLOB    NOT NULL UNIQUE,
    merchant_reference   TEXT,             -- none where it follows from the checkout's id and the number
    next_action          TEXT,             -- JSON
    amount               TEXT    NOT NULL,
    amount_echoed        TEXT,
    capture              TEXT    NOT NULL,
    capture_by           INTEGER,
    expires_at           INTEGER,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    UNIQUE (checkout, number)
) STRICT;
-- The commit fence once more, in case the reducer ever forgets it.
CREATE UNIQUE INDEX attempts_one_commitment ON attempts (checkout) WHERE state IN ('authorized', 'captured');

CREATE TABLE operations (
    pk          INTEGER NOT NULL PRIMARY KEY,
    id          BLOB    NOT NULL,
    checkout    INTEGER NOT NULL REFERENCES checkouts (pk),
    attempt     BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    lease_until INTEGER NOT NULL,
    error       TEXT,
    calls       TEXT,             -- JSON
    shipment    BLOB,             -- sealed
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (checkout, id)
) STRICT;
CREATE INDEX operations_sent ON operations (lease_until) WHERE phase = 'sent';

CREATE TABLE observations (
    pk                   INTEGER NOT NULL PRIMARY KEY,
    id                   BLOB    NOT NULL,
    checkout             INTEGER NOT NULL REFERENCES checkouts (pk),
    attempt              BLOB    NOT NULL,
    grade                TEXT    NOT NULL,
    source               TEXT    NOT NULL,
    claim                TEXT    NOT NULL, -- state, refund, unknown_status, nothing
    claim_state          TEXT,
    claim_reason         TEXT,
    claim_amount         TEXT,
    claim_distinguishable INTEGER,
    raw_status           TEXT,
    reference            TEXT,
    dedupe_key           BLOB    NOT NULL, -- shortened, see packed.rs
    received_at          INTEGER NOT NULL,
    outcome              TEXT    NOT NULL,
    outcome_detail       TEXT,
    repeats              INTEGER NOT NULL,
    UNIQUE (checkout, attempt, dedupe_key)
) STRICT;

CREATE TABLE pushes (
    pk          INTEGER NOT NULL PRIMARY KEY,
    checkout    INTEGER NOT NULL REFERENCES checkouts (pk),
    attempt     BLOB    NOT NULL,
    observation BLOB,
    verdict     TEXT    NOT NULL,
    message     BLOB    NOT NULL, -- sealed: the headers we keep, an empty line, the body
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pushes_by_checkout ON pushes (checkout);

CREATE TABLE ledger (
    checkout    INTEGER NOT NULL REFERENCES checkouts (pk),
    id          BLOB    NOT NULL,
    attempt     BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    amount      TEXT    NOT NULL,
    pending     INTEGER NOT NULL,
    observation BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (checkout, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    pk         INTEGER NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL,
    checkout   INTEGER NOT NULL REFERENCES checkouts (pk),
    kind       INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    snapshot   TEXT    NOT NULL, -- JSON
    UNIQUE (checkout, sequence)
) STRICT;
-- Exactly one signal to ship, ever.
CREATE UNIQUE INDEX events_one_ready ON events (checkout) WHERE kind = 3;

CREATE TABLE attention (
    checkout  INTEGER NOT NULL REFERENCES checkouts (pk),
    id        BLOB    NOT NULL,
    attempt   BLOB    NOT NULL,
    kind      TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    PRIMARY KEY (checkout, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    pk           INTEGER NOT NULL PRIMARY KEY,
    name         BLOB    NOT NULL UNIQUE, -- a digest of tenant, route and key
    fingerprint  BLOB    NOT NULL, -- shortened, see packed.rs
    state        TEXT    NOT NULL, -- in_flight, completed, resumable
    owner        TEXT,
    locked_until INTEGER,
    status       INTEGER,
    answer       INTEGER,          -- in answers, which goes with it
    checkout     BLOB,
    operation    BLOB,
    created_at   INTEGER NOT NULL
) STRICT;

-- Beside their keys they would make rows grow, and leave every page half empty.
CREATE TABLE answers (
    pk   INTEGER NOT NULL PRIMARY KEY,
    body BLOB    NOT NULL -- sealed
) STRICT;

-- One sealed word, so that a wrong key shows when the database is opened and not at the first customer.
CREATE TABLE vault_check (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed BLOB    NOT NULL
) STRICT;
