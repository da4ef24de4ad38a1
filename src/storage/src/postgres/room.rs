//! Whether the server's disk has room. It is learnt from a change that was refused for lack of it, and tried again whenever
//! somebody asks, until there is some: who hears that it is full sends no more changes that would show it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::connection::Transaction;
use super::fault::{Done, Failure};
use crate::error::StoreError;

/// Takes what many changes would: a file that grows by some pages where the tables are. Nothing of it stays.
const TRIAL: &str = "BEGIN; SET LOCAL temp_tablespaces = ''; \
    CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT generate_series(1, 10000) AS taken; ROLLBACK";

/// What is known of it.
#[derive(Default)]
pub(crate) struct Room {
    ran_out: AtomicBool,
}

impl Room {
    /// Takes note of what became of a change.
    pub(crate) fn heard<T>(&self, outcome: &Result<T, StoreError>) {
        if matches!(outcome, Err(StoreError::Full)) {
            self.ran_out.store(true, Ordering::Relaxed);
        }
    }

    /// True from a change that was refused for lack of room until a trial succeeds.
    pub(crate) fn ran_out(&self) -> bool {
        self.ran_out.load(Ordering::Relaxed)
    }

    /// There is room again.
    pub(crate) fn is_back(&self) {
        self.ran_out.store(false, Ordering::Relaxed);
    }
}

/// Tries whether there is room. A role that may not make temporary tables cannot try, and counts as having some.
pub(crate) async fn trial(db: Transaction) -> Done<()> {
    match db.batch_execute(TRIAL).await.map_err(Failure::from) {
        Ok(()) => {
            db.ended();
            Ok(())
        }
        Err(Failure::Refused(StoreError::Database(error))) => {
            tracing::warn!(%error, "it cannot be tried whether the database has room again");
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}
