//! Encryption at rest: what a stolen database must not tell.
//!
//! A sealed value is bound to its table, column and row, so that nobody with write access to the database can move one
//! person's data, or one merchant's credentials, to another row. Values are sealed with data keys, which the database
//! holds sealed with a key of the ring ([`KeyRing`]): to change that key is to seal a few data keys anew.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lendport_core::Secret;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};

use crate::data_keys::{DataKeyId, KnownKeys, WrappedKey, unwrap_with, wrap_with};
use crate::error::StoreError;
use crate::key_ring::{KeyRing, RingKeyId, key_from_base64};
pub use crate::seal::Place;
use crate::seal::{self, FORMAT_1, FORMAT_2, random};

/// Why a value could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key is not 32 bytes in base64.
    #[error("the encryption key must be 32 random bytes written in base64 (44 characters)")]
    Key,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// Another key, another place, a changed byte, or a newer version of the format.
    #[error("a sealed value does not open with the configured encryption keys")]
    Sealed,
    /// Sealed with a data key that this process has not met.
    #[error("a value is sealed with data key {0}, which is not known")]
    Unknown(DataKeyId),
    /// The data key that is in use by now is sealed with a key that is not configured here.
    #[error("the data key in use is sealed with a key that is not in this configuration")]
    NoKey,
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Sealed => Self::Sealed,
            VaultError::Unknown(id) => Self::DataKey(id.number()),
            VaultError::Key | VaultError::Random | VaultError::NoKey => Self::Unavailable(error.to_string()),
        }
    }
}

/// Reads the data keys anew, from wherever they are.
type Reload = Box<dyn Fn() -> Result<Vec<WrappedKey>, StoreError> + Send + Sync>;

/// Seals and opens values. Clones share what they know.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ring: KeyRing,
    known: RwLock<KnownKeys>,
    reload: OnceLock<Reload>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault([secret])")
    }
}

impl Vault {
    /// A vault with one key.
    pub fn new(key: Secret<[u8; 32]>) -> Self {
        Self::with_ring(KeyRing::new(key, []))
    }

    /// A vault with these keys. Before a database gave it data keys it seals with the newest of them.
    pub fn with_ring(ring: KeyRing) -> Self {
        Self(Arc::new(Inner { ring, known: RwLock::default(), reload: OnceLock::new() }))
    }

    /// A vault with the key as it is written in a configuration: base64 of 32 bytes.
    pub fn from_base64(key: &Secret<String>) -> Result<Self, VaultError> {
        key_from_base64(key).map(Self::new)
    }

    /// A new random key, written as [`Vault::from_base64`] reads it.
    pub fn generate_key() -> Result<Secret<String>, VaultError> {
        Ok(Secret::new(STANDARD.encode(Zeroizing::new(random::<32>()?))))
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.sealing(&self.0.ring)? {
            (None, cipher) => seal::seal(&[FORMAT_1], cipher, place, plain),
            (Some(id), cipher) => seal::seal(&id.prefix(), cipher, place, plain),
        }
    }

    /// Opens a value that was sealed for this place. The bytes are wiped when dropped. A value of a data key that came
    /// since is looked for once more, where the database can be asked from here.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        match (self.open_known(place, sealed), self.0.reload.get()) {
            (Err(VaultError::Unknown(id)), Some(reload)) => {
                let keys = reload().map_err(|error| tracing::error!(%error, "the data keys could not be read"));
                self.learn(&keys.map_err(|()| VaultError::Unknown(id))?);
                self.open_known(place, sealed)
            }
            (result, _) => result,
        }
    }

    fn open_known(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        match sealed.split_first() {
            Some((&FORMAT_1, rest)) => {
                let opened = self.0.ring.keys().find_map(|key| seal::open(&key.cipher, place, rest).ok());
                opened.ok_or(VaultError::Sealed)
            }
            Some((&FORMAT_2, rest)) => {
                let (id, rest) = DataKeyId::split_off(rest).ok_or(VaultError::Sealed)?;
                let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
                seal::open(known.get(id).ok_or(VaultError::Unknown(id))?, place, rest)
            }
            _ => Err(VaultError::Sealed),
        }
    }

    /// True of a value that a key of the ring sealed itself, as all were before there were data keys.
    pub(crate) fn is_format_1(sealed: &[u8]) -> bool {
        sealed.first() == Some(&FORMAT_1)
    }

    /// A key for one use, derived from a root that stays the same while the keys of the ring change. None before a
    /// database was opened.
    pub fn derive(&self, usage: &str) -> Option<Secret<[u8; 32]>> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        let root = known.root()?;
        let hash = Sha256::new_with_prefix(format!("lendport {usage}")).chain_update(root.expose());
        Some(Secret::new(hash.finalize().into()))
    }

    /// The configured keys.
    pub fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    /// How an unknown data key is looked for.
    pub(crate) fn reload_with(&self, reload: Reload) {
        // A vault belongs to the first database it opened.
        let _ = self.0.reload.set(reload);
    }

    /// Takes over what the database holds. Keys that were known stay known; one that cannot be opened here is told of.
    pub(crate) fn learn(&self, keys: &[WrappedKey]) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        for refused in known.learn(&self.0.ring, keys) {
            tracing::error!(
                data_key = %refused.id,
                ring_key = %refused.ring_key,
                "a data key is sealed with a key that is not configured here; put it into security.older_encryption_keys"
            );
        }
    }

    /// The key of the ring that seals where no data key is in use yet.
    pub(crate) fn seal_rows_with(&self, ring_key: &RingKeyId) {
        self.0.known.write().unwrap_or_else(PoisonError::into_inner).before = Some(ring_key.clone());
    }

    /// The key of the ring that sealed a value of the first format.
    pub(crate) fn ring_key_of(&self, place: Place<'_>, sealed: &[u8]) -> Option<RingKeyId> {
        let rest = sealed.strip_prefix(&[FORMAT_1])?;
        self.0.ring.keys().find(|key| seal::open(&key.cipher, place, rest).is_ok()).map(|key| key.id.clone())
    }

    /// The data key in use.
    pub(crate) fn sealing_with(&self) -> Option<DataKeyId> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.sealing(&self.0.ring).ok().and_then(|(id, _)| id)
    }

    /// Seals a data key with the newest key of the ring.
    pub(crate) fn wrap(&self, id: DataKeyId, key: &[u8; 32]) -> Result<Vec<u8>, VaultError> {
        wrap_with(&self.0.ring.newest().cipher, id, key)
    }

    /// The data key in a row.
    pub(crate) fn unwrap(&self, row: &WrappedKey) -> Result<Secret<[u8; 32]>, VaultError> {
        let key = self.0.ring.get(&row.ring_key).ok_or(VaultError::NoKey)?;
        unwrap_with(&key.cipher, row.id, &row.wrapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_keys::new_key;

    const HERE: Place<'static> = Place { table: "checkouts", column: "personal", row: "chk_1" };

    /// As [`Vault::new`], with a data key in use.
    fn with_data_key(ring: KeyRing, id: u32) -> Vault {
        let vault = Vault::with_ring(ring);
        let (key, wrapped) = new_key(&vault, DataKeyId::new(id)).unwrap();
        drop(key);
        vault.learn(&[WrappedKey { in_use: true, ..wrapped }]);
        vault
    }

    fn one_key(byte: u8) -> KeyRing {
        KeyRing::new(Secret::new([byte; 32]), [])
    }

    #[test]
    fn opens_only_at_its_place_with_its_key_and_unchanged() {
        for vault in [Vault::new(Secret::new([7; 32])), with_data_key(one_key(7), 1)] {
            let sealed = vault.seal(HERE, b"john@example.com").unwrap();
            assert_eq!(vault.open(HERE, &sealed).unwrap().as_slice(), b"john@example.com");
            assert_ne!(sealed, vault.seal(HERE, b"john@example.com").unwrap());
            for elsewhere in
                [Place { row: "chk_2", ..HERE }, Place { column: "cart", ..HERE }, Place { table: "attempts", ..HERE }]
            {
                assert_eq!(vault.open(elsewhere, &sealed).unwrap_err(), VaultError::Sealed);
            }
            for other in [Vault::new(Secret::new([8; 32])), with_data_key(one_key(7), 1)] {
                assert!(other.open(HERE, &sealed).is_err() || Vault::is_format_1(&sealed));
            }
            assert!(with_data_key(one_key(8), 2).open(HERE, &sealed).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(vault.open(HERE, &changed).is_err(), "{at}");
                assert!(vault.open(HERE, &sealed[..at]).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn an_older_key_of_the_ring_opens_and_the_newest_seals() {
        let old = Vault::new(Secret::new([1; 32]));
        let sealed = old.seal(HERE, b"x").unwrap();
        let both = Vault::with_ring(KeyRing::new(Secret::new([2; 32]), [Secret::new([1; 32])]));
        assert_eq!(both.open(HERE, &sealed).unwrap().as_slice(), b"x");
        let new = both.seal(HERE, b"y").unwrap();
        assert_eq!(old.open(HERE, &new).unwrap_err(), VaultError::Sealed);
        both.seal_rows_with(&both.ring().ids()[1]);
        assert_eq!(old.open(HERE, &both.seal(HERE, b"z").unwrap()).unwrap().as_slice(), b"z");
    }

    #[test]
    fn an_unknown_data_key_is_looked_for_once_before_it_is_an_error() {
        let source = Vault::new(Secret::new([1; 32]));
        let rows = [1, 2].map(|id| WrappedKey { in_use: true, ..new_key(&source, DataKeyId::new(id)).unwrap().1 });
        source.learn(&rows);
        let sealed = source.seal(HERE, b"x").unwrap();
        assert_eq!(sealed[..5], [2, 0, 0, 0, 2]);

        let vault = Vault::new(Secret::new([1; 32]));
        vault.learn(&rows[..1]);
        assert_eq!(vault.open(HERE, &sealed).unwrap_err(), VaultError::Unknown(DataKeyId::new(2)));
        vault.reload_with(Box::new(move || Ok(rows.to_vec())));
        assert_eq!(vault.open(HERE, &sealed).unwrap().as_slice(), b"x");
        let mut lost = sealed;
        lost[4] = 3;
        assert_eq!(vault.open(HERE, &lost).unwrap_err(), VaultError::Unknown(DataKeyId::new(3)));
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_never_shown() {
        let key = Vault::generate_key().unwrap();
        let sealed = Vault::from_base64(&key).unwrap().seal(HERE, b"x").unwrap();
        assert_eq!(Vault::from_base64(&key).unwrap().open(HERE, &sealed).unwrap().as_slice(), b"x");
        assert_ne!(Vault::generate_key().unwrap().expose(), key.expose());
        for wrong in ["", "abc", "AAAA", &"A".repeat(45)] {
            assert_eq!(Vault::from_base64(&Secret::from(wrong)).unwrap_err(), VaultError::Key);
        }
        assert_eq!(format!("{:?}", Vault::from_base64(&key).unwrap()), "Vault([secret])");
    }
}
