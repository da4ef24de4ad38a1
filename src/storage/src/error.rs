//! How storage fails, without a word of SQL.

/// A failed storage call. Nothing of the transaction was written, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the database.
    #[error("{0}")]
    InUse(String),
    /// No room left on the device.
    #[error("the disk that holds the database is full")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// Locked, shutting down, or not reachable; the same call may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection was lost while the change was committed, and the database could not be asked in time: the change
    /// holds as a whole, or not at all. Whoever comes again with the same key learns which.
    #[error("nobody knows whether the change was stored: {0}")]
    Uncertain(String),
    /// A row that the domain refuses.
    #[error("bad row in {table}.{column} ({row}): {why}")]
    BadRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Id of the row.
        row: String,
        /// What the domain said; holds no personal data.
        why: String,
    },
    /// A sealed value does not open with this key.
    #[error("a sealed value does not open with the configured encryption key")]
    Sealed,
    /// A sealed value names a data key that the database does not hold, or that no configured key opens.
    #[error("a value is sealed with data key {0}, which this process cannot open")]
    DataKey(u32),
    /// The configured keys are not those of the database; says which are wanted.
    #[error("{0}")]
    WrongKey(String),
    /// A migration is missing, changed or from a newer version.
    #[error("migration: {0}")]
    Migration(String),
    /// Anything else; the text comes from the database.
    #[error("database: {0}")]
    Database(String),
}
