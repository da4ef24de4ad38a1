-- Whose turn it is where more is due than can be done at once, and how much a merchant may have.

ALTER TABLE attempts ADD COLUMN tenant INTEGER NOT NULL DEFAULT 0; -- in tenants; 0 where nothing waits since before this
UPDATE attempts SET tenant = COALESCE((
    SELECT t.pk FROM checkouts c JOIN tenants t ON t.merchant = c.merchant AND t.mode = c.mode
    WHERE c.pk = attempts.checkout), 0)
WHERE poll_at IS NOT NULL;
CREATE INDEX attempts_to_poll_of ON attempts (tenant, poll_at) WHERE poll_at IS NOT NULL;
CREATE INDEX checkouts_due_of ON checkouts (merchant, mode, expires_at)
    WHERE status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open';

ALTER TABLE recoveries ADD COLUMN turn INTEGER NOT NULL DEFAULT 0; -- grows with each batch; the lowest is next

ALTER TABLE merchants ADD COLUMN quotas TEXT; -- JSON; none: as configured
