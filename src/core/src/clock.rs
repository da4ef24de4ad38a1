//! Time and randomness are handed in, so that deadlines are tested by moving a clock and ids by counting.

use jiff::Timestamp;
use uuid::Uuid;

use crate::secret::Secret;

/// Tells the time. The only real one is in the root package; tests hold a manual one.
pub trait Clock: Send + Sync {
    /// The current moment, UTC.
    fn now(&self) -> Timestamp;
}

/// Mints identifiers and unguessable tokens.
pub trait IdSource: Send + Sync {
    /// A UUIDv7: later calls sort after earlier ones.
    fn uuid(&self) -> Uuid;
    /// At least 256 bits of randomness as URL-safe text.
    fn token(&self) -> Secret<String>;
}
