//! How functions over a database fail, before the world hears of it.

use crate::error::StoreError;
use crate::vault::VaultError;

/// A [`StoreError`] on its way out. Its own type, so that `?` takes a driver's errors and no public type
/// knows them.
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
