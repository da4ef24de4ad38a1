//! Why a key cannot be what was asked of it.

use lendport_core::limits;

/// Nothing was stored; the same request may work when the keys have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The merchant has as many as it may.
    #[error("there are {} keys that work already; revoke one that is not used", limits::KEYS_MAX)]
    TooMany,
    /// It was revoked, or has expired.
    #[error("the key works no more; make a new one")]
    Over,
    /// Another one was made in its place.
    #[error("the key was replaced before; rotate the one in `replaced_by`")]
    Replaced,
}

impl KeyRefusal {
    /// Refuses another key to a tenant that has so many that work.
    pub fn of_number(working: u32) -> Result<(), Self> {
        if working >= limits::KEYS_MAX { Err(Self::TooMany) } else { Ok(()) }
    }
}
