//! Encryption at rest: what a stolen database file must not tell.
//!
//! A sealed value is bound to its table, column and row, so that nobody with write access to the file can move one
//! person's data, or one merchant's credentials, to another row.

use std::cell::RefCell;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lendport_core::Secret;
use secrecy::zeroize::Zeroizing;

use crate::error::StoreError;

/// The first byte of every sealed value: XChaCha20-Poly1305, 24 bytes of nonce, then the text with its tag.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// A call to the system for each one cost as much as half the sealing of a push.
const NONCES_AT_ONCE: usize = 64;

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
    #[error("a sealed value does not open with the configured encryption key")]
    Sealed,
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Sealed => Self::Sealed,
            VaultError::Key | VaultError::Random => Self::Unavailable(error.to_string()),
        }
    }
}

/// Where a sealed value lives; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table.
    pub table: &'a str,
    /// Column.
    pub column: &'a str,
    /// Id of the row.
    pub row: &'a str,
}

impl Place<'_> {
    fn bytes(self) -> Vec<u8> {
        format!("{}/{}/{}", self.table, self.column, self.row).into_bytes()
    }
}

/// Seals and opens values with one key.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault([secret])")
    }
}

impl Vault {
    /// A vault with this key.
    pub fn new(key: Secret<[u8; 32]>) -> Self {
        Self(XChaCha20Poly1305::new(key.expose().into()))
    }

    /// A vault with the key as it is written in a configuration: base64 of 32 bytes.
    pub fn from_base64(key: &Secret<String>) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(STANDARD.decode(key.expose().trim()).map_err(|_| VaultError::Key)?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| VaultError::Key)?;
        Ok(Self::new(Secret::new(key)))
    }

    /// A new random key, written as [`Vault::from_base64`] reads it.
    pub fn generate_key() -> Result<Secret<String>, VaultError> {
        Ok(Secret::new(STANDARD.encode(Zeroizing::new(random::<32>()?))))
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = nonce()?;
        let payload = Payload { msg: plain, aad: &place.bytes() };
        let text = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Sealed)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens a value that was sealed for this place. The bytes are wiped when dropped.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&VERSION, rest) = sealed.split_first().ok_or(VaultError::Sealed)? else { return Err(VaultError::Sealed) };
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Sealed)?;
        let payload = Payload { msg: text, aad: &place.bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Sealed)
    }
}

/// A new nonce. They are no secret, only never to be had twice, so that a thread asks the system for many at once.
fn nonce() -> Result<[u8; NONCE_BYTES], VaultError> {
    thread_local! {
        static NONCES: RefCell<Vec<[u8; NONCE_BYTES]>> = const { RefCell::new(Vec::new()) };
    }
    NONCES.with_borrow_mut(|nonces| {
        if let Some(nonce) = nonces.pop() {
            return Ok(nonce);
        }
        let bytes = random::<{ NONCE_BYTES * NONCES_AT_ONCE }>()?;
        nonces.extend_from_slice(bytes.as_chunks::<NONCE_BYTES>().0);
        nonces.pop().ok_or(VaultError::Random)
    })
}

#[expect(clippy::disallowed_methods, reason = "nonces and keys must be random even where tests count their ids")]
fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { table: "checkouts", column: "personal", row: "chk_1" };

    #[test]
    fn opens_only_at_its_place_with_its_key_and_unchanged() {
        let vault = Vault::new(Secret::new([7; 32]));
        let sealed = vault.seal(HERE, b"john@example.com").unwrap();
        assert_eq!(vault.open(HERE, &sealed).unwrap().as_slice(), b"john@example.com");
        assert_ne!(sealed, vault.seal(HERE, b"john@example.com").unwrap());
        for elsewhere in
            [Place { row: "chk_2", ..HERE }, Place { column: "cart", ..HERE }, Place { table: "attempts", ..HERE }]
        {
            assert_eq!(vault.open(elsewhere, &sealed).unwrap_err(), VaultError::Sealed);
        }
        assert_eq!(Vault::new(Secret::new([8; 32])).open(HERE, &sealed).unwrap_err(), VaultError::Sealed);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(vault.open(HERE, &changed).unwrap_err(), VaultError::Sealed);
            assert_eq!(vault.open(HERE, &sealed[..at]).unwrap_err(), VaultError::Sealed);
        }
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
