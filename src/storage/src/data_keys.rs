//! Data keys: what rows are sealed with. The database holds them, sealed with a key of the ring.

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit as _;
use lendport_core::Secret;

use crate::error::StoreError;
use crate::key_ring::{KeyRing, RingKeyId};
use crate::seal::{self, DATA_KEY, FORMAT_1, FORMAT_2, Place, random};
use crate::vault::{Vault, VaultError};

/// Bytes of a sealed value that tell its key.
pub(crate) const PREFIX_BYTES: usize = 5;

/// Number of a data key. A later key has a greater one. Zero is the root that other keys are derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyId(u32);

impl DataKeyId {
    /// What keys for other uses are derived from; seals nothing.
    pub(crate) const ROOT: Self = Self(0);
    /// The first key of a database.
    pub(crate) const FIRST: Self = Self(1);

    /// The key of this number.
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// How a value begins that it sealed.
    pub(crate) fn prefix(self) -> [u8; PREFIX_BYTES] {
        let [a, b, c, d] = self.0.to_be_bytes();
        [FORMAT_2, a, b, c, d]
    }

    /// The id in front of the rest.
    pub(crate) fn split_off(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        Some((Self(u32::from_be_bytes(*id)), rest))
    }

    /// Some of them, for the audit log.
    pub(crate) fn listed(ids: &[Self]) -> String {
        ids.iter().map(Self::to_string).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn stored(number: i64) -> Result<Self, StoreError> {
        let number = u32::try_from(number);
        number.map(Self).map_err(|_| StoreError::Database("a data key has a number out of range".to_owned()))
    }
}

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    pub(crate) id: DataKeyId,
    pub(crate) wrapped: Vec<u8>,
    pub(crate) ring_key: RingKeyId,
    /// Rows may be sealed with it by now.
    pub(crate) in_use: bool,
}

/// What a process knows of them. Ciphers are made once.
#[derive(Default)]
pub(crate) struct KnownKeys {
    ciphers: BTreeMap<DataKeyId, XChaCha20Poly1305>,
    sealing: Option<DataKeyId>,
    root: Option<Secret<[u8; 32]>>,
    /// The key of the ring that seals while no data key is in use; the newest one when nothing is said.
    pub(crate) before: Option<RingKeyId>,
}

impl KnownKeys {
    pub(crate) fn get(&self, id: DataKeyId) -> Option<&XChaCha20Poly1305> {
        self.ciphers.get(&id)
    }

    pub(crate) fn root(&self) -> Option<&Secret<[u8; 32]>> {
        self.root.as_ref()
    }

    /// What seals now; without an id, a key of the ring itself.
    pub(crate) fn sealing<'a>(
        &'a self,
        ring: &'a KeyRing,
    ) -> Result<(Option<DataKeyId>, &'a XChaCha20Poly1305), VaultError> {
        if let Some(id) = self.sealing {
            return self.get(id).map(|cipher| (Some(id), cipher)).ok_or(VaultError::NoKey);
        }
        let key = match &self.before {
            Some(id) => ring.get(id).ok_or(VaultError::NoKey)?,
            None => ring.newest(),
        };
        Ok((None, &key.cipher))
    }

    /// Takes over rows; hands back those that the ring does not open. The latest one in use seals from now on, and if it
    /// does not open here nothing does: others already stopped counting on the one before.
    pub(crate) fn learn<'a>(&mut self, ring: &KeyRing, rows: &'a [WrappedKey]) -> Vec<&'a WrappedKey> {
        let mut refused = Vec::new();
        for row in rows {
            if self.ciphers.contains_key(&row.id) || (row.id == DataKeyId::ROOT && self.root.is_some()) {
                continue;
            }
            let key = ring.get(&row.ring_key).ok_or(VaultError::NoKey);
            match key.and_then(|key| unwrap_with(&key.cipher, row.id, &row.wrapped)) {
                Ok(root) if row.id == DataKeyId::ROOT => self.root = Some(root),
                Ok(key) => drop(self.ciphers.insert(row.id, XChaCha20Poly1305::new(key.expose().into()))),
                Err(_) => refused.push(row),
            }
        }
        let in_use = rows.iter().filter(|row| row.in_use && row.id != DataKeyId::ROOT).map(|row| row.id).max();
        // Never back: a clock of the database that is set back is not a reason to seal with an older key.
        self.sealing = self.sealing.max(in_use);
        refused
    }
}

/// A new data key, and its row.
pub(crate) fn new_key(vault: &Vault, id: DataKeyId) -> Result<(Secret<[u8; 32]>, WrappedKey), VaultError> {
    let key = Secret::new(random::<32>()?);
    let wrapped = vault.wrap(id, key.expose())?;
    Ok((key, WrappedKey { id, wrapped, ring_key: vault.ring().newest().id.clone(), in_use: false }))
}

/// Seals a data key for its row.
pub(crate) fn wrap_with(cipher: &XChaCha20Poly1305, id: DataKeyId, key: &[u8; 32]) -> Result<Vec<u8>, VaultError> {
    let row = id.to_string();
    seal::seal(&[FORMAT_1], cipher, Place { row: &row, ..DATA_KEY }, key)
}

/// Opens a data key of this row.
pub(crate) fn unwrap_with(
    cipher: &XChaCha20Poly1305,
    id: DataKeyId,
    wrapped: &[u8],
) -> Result<Secret<[u8; 32]>, VaultError> {
    let row = id.to_string();
    let Some((&FORMAT_1, rest)) = wrapped.split_first() else { return Err(VaultError::Sealed) };
    let key = seal::open(cipher, Place { row: &row, ..DATA_KEY }, rest)?;
    key.as_slice().try_into().map(Secret::new).map_err(|_| VaultError::Sealed)
}

/// What a database begins with: the root of derived keys, and the first data key. Where rows are there already, the root
/// is the key they were sealed with, as it was the root until now: addresses and tokens that are out stay good.
pub(crate) fn first_keys(vault: &Vault, sealed_with: Option<&RingKeyId>) -> Result<[WrappedKey; 2], VaultError> {
    let root = match sealed_with {
        None => new_key(vault, DataKeyId::ROOT)?.1,
        Some(id) => {
            let newest = vault.ring().newest();
            let old = vault.ring().get(id).ok_or(VaultError::NoKey)?;
            let wrapped = wrap_with(&newest.cipher, DataKeyId::ROOT, old.bytes.expose())?;
            WrappedKey { id: DataKeyId::ROOT, wrapped, ring_key: newest.id.clone(), in_use: false }
        }
    };
    Ok([root, new_key(vault, DataKeyId::FIRST)?.1])
}

/// Refuses a ring that does not open every data key, in words that tell what is missing.
pub(crate) fn check_ring(vault: &Vault, rows: &[WrappedKey]) -> Result<(), StoreError> {
    let mut wanted: Vec<&str> =
        rows.iter().filter(|row| vault.unwrap(row).is_err()).map(|row| row.ring_key.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() { Ok(()) } else { Err(wrong_key(vault, &wanted.join(", "))) }
}

/// The configured keys are not those of the database.
pub(crate) fn wrong_key(vault: &Vault, wanted: &str) -> StoreError {
    let ids: Vec<String> = vault.ring().ids().iter().map(ToString::to_string).collect();
    StoreError::WrongKey(format!(
        "the encryption keys do not fit the database. It was sealed with key {wanted}; configured: {} (newest first). \
         Put the wanted key into security.encryption_key_file, or into security.older_encryption_keys_file when a newer \
         one seals by now; without it nothing in this database can be read",
        ids.join(", ")
    ))
}

/// What stands for the id of a key that no row names.
pub(crate) const UNNAMED: &str = "(of a version that did not write ids down)";

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { table: "checkouts", column: "personal", row: "chk_1" };

    #[test]
    fn a_key_that_is_not_in_use_yet_opens_and_does_not_seal() {
        let vault = Vault::new(Secret::new([1; 32]));
        let [first, second] = [1, 2].map(|id| new_key(&vault, DataKeyId::new(id)).unwrap().1);
        vault.learn(&[WrappedKey { in_use: true, ..first.clone() }, second.clone()]);
        assert_eq!(vault.seal(HERE, b"x").unwrap()[..5], [2, 0, 0, 0, 1]);
        vault.learn(&[WrappedKey { in_use: true, ..first }, WrappedKey { in_use: true, ..second }]);
        assert_eq!(vault.seal(HERE, b"x").unwrap()[..5], [2, 0, 0, 0, 2]);
    }

    #[test]
    fn a_process_without_the_key_of_the_data_key_in_use_does_not_seal_with_an_older_one() {
        let vault = Vault::new(Secret::new([1; 32]));
        let first = WrappedKey { in_use: true, ..new_key(&vault, DataKeyId::new(1)).unwrap().1 };
        let elsewhere = Vault::new(Secret::new([2; 32]));
        let second = new_key(&elsewhere, DataKeyId::new(2)).unwrap().1;
        vault.learn(&[first.clone(), second.clone()]);
        let sealed = vault.seal(HERE, b"x").unwrap();
        vault.learn(&[first, WrappedKey { in_use: true, ..second }]);
        assert_eq!(vault.seal(HERE, b"x").unwrap_err(), VaultError::NoKey);
        assert_eq!(vault.open(HERE, &sealed).unwrap().as_slice(), b"x");
    }

    #[test]
    fn a_data_key_opens_only_in_its_own_row() {
        let vault = Vault::new(Secret::new([1; 32]));
        let (key, row) = new_key(&vault, DataKeyId::new(1)).unwrap();
        assert_eq!(vault.unwrap(&row).unwrap().expose(), key.expose());
        assert_eq!(vault.unwrap(&WrappedKey { id: DataKeyId::new(2), ..row }).unwrap_err(), VaultError::Sealed);
    }
}
