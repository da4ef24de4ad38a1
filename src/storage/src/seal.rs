//! The form of a sealed value: which key, 24 bytes of nonce, the text, its tag. XChaCha20-Poly1305, whose nonces are long
//! enough to be random.

use std::cell::RefCell;

use chacha20poly1305::aead::{Aead as _, AeadInOut as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;

use crate::vault::VaultError;

/// First byte of a value that a key of the ring sealed.
pub(crate) const FORMAT_1: u8 = 1;
/// First byte of a value that a data key sealed; four bytes of its id follow.
pub(crate) const FORMAT_2: u8 = 2;
/// Where data keys are.
pub(crate) const DATA_KEY: Place<'static> = Place { table: "data_keys", column: "wrapped", row: "" };

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
    pub(crate) fn bytes(self) -> Vec<u8> {
        [self.table, "/", self.column, "/", self.row].concat().into_bytes()
    }
}

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// A call to the system for each one cost as much as half the sealing of a push.
const NONCES_AT_ONCE: usize = 64;

/// Seals a value for its place, behind what tells the key.
pub(crate) fn seal(
    key: &[u8],
    cipher: &XChaCha20Poly1305,
    place: Place<'_>,
    plain: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let nonce = nonce()?;
    let mut sealed = Vec::with_capacity(key.len() + NONCE_BYTES + plain.len() + TAG_BYTES);
    sealed.extend_from_slice(key);
    sealed.extend_from_slice(&nonce);
    let head = sealed.len();
    sealed.extend_from_slice(plain);
    let text = sealed.get_mut(head..).unwrap_or_default();
    let tag = cipher
        .encrypt_inout_detached(&XNonce::from(nonce), &place.bytes(), text.into())
        .map_err(|_| VaultError::Sealed)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what comes after the key.
pub(crate) fn open(
    cipher: &XChaCha20Poly1305,
    place: Place<'_>,
    rest: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Sealed)?;
    let payload = Payload { msg: text, aad: &place.bytes() };
    cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Sealed)
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
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?;
    Ok(bytes)
}
