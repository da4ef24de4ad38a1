-- The same partial indexes with their conditions written out: for a list of three words or more SQLite builds a table
-- in memory at every write of a row. Statements that use them repeat the conditions word for word.

DROP INDEX checkouts_due;
CREATE INDEX checkouts_due ON checkouts (expires_at)
    WHERE status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved';

DROP INDEX attempts_to_poll;
CREATE INDEX attempts_to_poll ON attempts (poll_at)
    WHERE poll_at IS NOT NULL
      AND state <> 'refunded' AND state <> 'charged_back' AND state <> 'declined'
      AND state <> 'canceled' AND state <> 'expired' AND state <> 'failed';
