//! The keys of the configuration. They seal the data keys in the database, and rows of the first format; what they
//! seal opens with any of them, so that a new one can come before the old one goes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit as _;
use lendport_core::{Secret, hex};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};

use crate::vault::VaultError;

/// Bytes of a digest that name a key: enough that two of a ring never share them.
const ID_BYTES: usize = 6;

/// Names a key without telling anything of it: the beginning of a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RingKeyId(String);

impl RingKeyId {
    /// The id as it stands in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of this key.
    pub fn of(key: &Secret<[u8; 32]>) -> Self {
        let digest = Sha256::new_with_prefix("lendport ring key").chain_update(key.expose()).finalize();
        Self(hex(digest.get(..ID_BYTES).unwrap_or_default()))
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for RingKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One key of the ring.
pub(crate) struct RingKey {
    pub(crate) id: RingKeyId,
    pub(crate) cipher: XChaCha20Poly1305,
    /// What other keys of a database were derived from before it had a root of its own.
    pub(crate) bytes: Secret<[u8; 32]>,
}

/// The configured keys, the newest first.
pub struct KeyRing {
    newest: RingKey,
    older: Vec<RingKey>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl KeyRing {
    /// A ring with the key that seals, and those that only open.
    pub fn new(newest: Secret<[u8; 32]>, older: impl IntoIterator<Item = Secret<[u8; 32]>>) -> Self {
        Self { newest: RingKey::new(newest), older: older.into_iter().map(RingKey::new).collect() }
    }

    /// The ids of the keys, that of the newest first.
    pub fn ids(&self) -> Vec<RingKeyId> {
        self.keys().map(|key| key.id.clone()).collect()
    }

    pub(crate) fn newest(&self) -> &RingKey {
        &self.newest
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    pub(crate) fn get(&self, id: &RingKeyId) -> Option<&RingKey> {
        self.keys().find(|key| key.id == *id)
    }
}

impl RingKey {
    fn new(bytes: Secret<[u8; 32]>) -> Self {
        Self { id: RingKeyId::of(&bytes), cipher: XChaCha20Poly1305::new(bytes.expose().into()), bytes }
    }
}

/// A key as it is written in a configuration: base64 of 32 bytes.
pub fn key_from_base64(text: &Secret<String>) -> Result<Secret<[u8; 32]>, VaultError> {
    let bytes = Zeroizing::new(STANDARD.decode(text.expose().trim()).map_err(|_| VaultError::Key)?);
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| VaultError::Key)?;
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_a_digest_and_never_shown() {
        let ring = KeyRing::new(Secret::new([1; 32]), [Secret::new([2; 32])]);
        let ids = ring.ids();
        assert_eq!(ids, [RingKeyId::of(&Secret::new([1; 32])), RingKeyId::of(&Secret::new([2; 32]))]);
        assert!(ids[0] != ids[1] && ids[0].as_str().len() == 12 && !ids[0].as_str().contains("0101"));
        assert_eq!(format!("{ring:?}"), format!("{ids:?}"));
        assert!(ring.get(&ids[1]).is_some() && ring.get(&RingKeyId::stored("x".to_owned())).is_none());
    }
}
