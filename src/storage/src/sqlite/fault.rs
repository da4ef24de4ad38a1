//! SQLite's errors in storage's words.

use rusqlite::ErrorCode;

use crate::error::StoreError;
use crate::vault::VaultError;

/// A [`StoreError`] on its way out. Its own type, so that `?` takes rusqlite's errors and no public type knows them.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) StoreError);

/// What every function over a connection answers.
pub(crate) type Done<T> = Result<T, Fault>;

impl Fault {
    /// A rule of ours that SQL alone does not keep.
    pub(crate) fn broken(rule: impl Into<String>) -> Self {
        Self(StoreError::Database(rule.into()))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        Self(error.into())
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        Self(match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreError::ReadOnly(text)
            }
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OperationInterrupted
                | ErrorCode::OutOfMemory,
            ) => StoreError::Unavailable(text),
            _ => StoreError::Database(text),
        })
    }
}

/// A failed call to the file system, with the path it was about.
pub(crate) fn file_fault(error: &std::io::Error, path: &std::path::Path) -> Fault {
    use std::io::ErrorKind;
    let text = format!("{}: {error}", path.display());
    Fault(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => {
            StoreError::ReadOnly(text)
        }
        _ => StoreError::Unavailable(text),
    })
}
