//! SQLite's errors in storage's words.

use rusqlite::ErrorCode;

use crate::error::StoreError;
pub(crate) use crate::fault::{Done, Fault};

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
