//! PostgreSQL's errors in storage's words, and what may be done about each.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::StoreError;
use crate::fault::Fault;
use crate::vault::VaultError;

/// Why something over a connection failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Final.
    Refused(StoreError),
    /// Two transactions were in each other's way and this one had to give in: nothing of it was written.
    Conflict(StoreError),
    /// The connection is gone. What was not committed is not there; whether a commit under way succeeded is unknown.
    Lost(StoreError),
}

/// What every function over a connection answers.
pub(crate) type Done<T> = Result<T, Failure>;

impl Failure {
    /// A rule of ours that SQL alone does not keep.
    pub(crate) fn broken(rule: impl Into<String>) -> Self {
        Self::Refused(StoreError::Database(rule.into()))
    }

    /// Something that may be different at the next call.
    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self::Refused(StoreError::Unavailable(why.into()))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) | Failure::Conflict(error) | Failure::Lost(error) => error,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.0)
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(refusal) => refused(refusal),
            None => Self::Lost(StoreError::Unavailable(with_causes(&error))),
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Self::unavailable("every connection to the database is busy"),
            PoolError::Closed => Self::unavailable("the database is closed"),
            other => Self::unavailable(other.to_string()),
        }
    }
}

/// The details of a refusal quote values of the row and stay out of the text.
fn refused(refusal: &DbError) -> Failure {
    let text = match refusal.constraint() {
        Some(constraint) => format!("{} ({constraint})", refusal.message()),
        None => refusal.message().to_owned(),
    };
    let code = refusal.code();
    if *code == SqlState::DISK_FULL {
        return Failure::Refused(StoreError::Full);
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Failure::Refused(StoreError::ReadOnly(text));
    }
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        return Failure::Conflict(StoreError::Unavailable(text));
    }
    let ended = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    if ended.contains(code) || code.code().starts_with("08") {
        return Failure::Lost(StoreError::Unavailable(text));
    }
    // A statement or a wait that was cut off, resources, and who may connect.
    let passing = [SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE];
    if passing.contains(code) || ["53", "58", "28"].iter().any(|class| code.code().starts_with(class)) {
        return Failure::unavailable(text);
    }
    // Somebody claimed a key since it was looked for, and the next try finds it: see `CLAIM_OR_FAIL`, and `REPEAT` for the
    // other.
    if *code == SqlState::UNIQUE_VIOLATION && refusal.constraint() == Some("idempotency_pkey") {
        return Failure::Conflict(StoreError::Unavailable("the key is being claimed".to_owned()));
    }
    // Another replica took the name since it was looked for, and the next try is told so.
    if *code == SqlState::UNIQUE_VIOLATION && refusal.constraint() == Some("merchants_name_key") {
        return Failure::Conflict(StoreError::Database("another merchant has this name".to_owned()));
    }
    if *code == SqlState::DIVISION_BY_ZERO {
        return Failure::broken("what was told again is not an observation of this checkout");
    }
    // Columns that keep what a row was started with: see the statements that write attempts and operations.
    if *code == SqlState::NOT_NULL_VIOLATION && refusal.column() == Some("id") {
        let table = refusal.table().unwrap_or("row");
        return Failure::broken(format!("{table}: what a row was started with never changes"));
    }
    Failure::broken(text)
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
