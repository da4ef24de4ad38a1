-- Whose turn it is where more is due than can be done at once, and how much a merchant may have.

-- First, as those who write lock rows of checkouts before attempts.
CREATE INDEX checkouts_due_of ON checkouts (tenant, expires_at)
    WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open');

-- 0 where the previous version wrote it, or nothing waits: those take turns as one.
ALTER TABLE attempts ADD COLUMN tenant bigint NOT NULL DEFAULT 0;
UPDATE attempts a SET tenant = c.tenant FROM checkouts c WHERE c.pk = a.checkout AND a.poll_at IS NOT NULL;
CREATE INDEX attempts_to_poll_of ON attempts (tenant, poll_at) WHERE poll_at IS NOT NULL;

ALTER TABLE recoveries ADD COLUMN turn bigint NOT NULL DEFAULT 0; -- grows with each batch; the lowest is next

ALTER TABLE merchants ADD COLUMN quotas text; -- JSON; none: as configured
