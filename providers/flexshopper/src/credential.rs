//! Customer tokens, bound to the API key that made them. Using one with another key can get both accounts suspended
//! (`flexshopper.md` 1.3), so a token cannot be sent with any other key: it is refused here, before a call.

use std::fmt;

use lendport_core::{CommitClass, ErrorKind, ProviderError, RetryClass, Secret};
use sha2::{Digest, Sha256};

use crate::field::Opaque;

/// Which key at which host made something. A digest; the key cannot be read back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyMark([u8; 32]);

impl KeyMark {
    /// The mark of a key. The host counts too: sandbox and production are two worlds.
    pub(crate) fn of(host: &str, api_key: &Secret<String>) -> Self {
        let mut digest = Sha256::new();
        digest.update(host.as_bytes());
        digest.update([0]);
        digest.update(api_key.expose().trim().as_bytes());
        Self(digest.finalize().into())
    }
}

impl fmt::Debug for KeyMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// What a customer signs in with. Neither printed nor serialized; kept in memory only, for a new one is made with the
/// user's id (4.4).
#[derive(Clone, Debug)]
pub struct CustomerToken {
    token: Opaque,
    made_by: KeyMark,
}

/// A token that another key made. It was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The customer's token was made with another API key; it was not sent.")]
pub struct TokenOfAnotherKey;

impl TokenOfAnotherKey {
    /// Its word in a [`ProviderError`].
    pub const CODE: &str = "token_of_another_key";
}

impl CustomerToken {
    /// A token that an answer to a call with this key brought.
    pub(crate) fn new(token: Opaque, made_by: KeyMark) -> Self {
        Self { token, made_by }
    }

    /// The token, for a call with this key and no other.
    pub(crate) fn for_key(&self, key: KeyMark) -> Result<&Secret<String>, TokenOfAnotherKey> {
        if self.made_by == key { Ok(self.token.expose()) } else { Err(TokenOfAnotherKey) }
    }
}

impl From<TokenOfAnotherKey> for ProviderError {
    fn from(refused: TokenOfAnotherKey) -> Self {
        Self::new(ErrorKind::Configuration, refused.to_string())
            .committed_as(CommitClass::NotSent)
            .retried_as(RetryClass::Never)
            .with_code(TokenOfAnotherKey::CODE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_with_its_own_key_at_its_own_host_only() {
        let mark = |host: &str, key: &str| KeyMark::of(host, &Secret::from(key));
        let ours = mark("apis.example", "key-a");
        let token = CustomerToken::new(Opaque::from("eyJ.token"), ours);
        assert_eq!(token.for_key(mark("apis.example", " key-a ")).unwrap().expose(), "eyJ.token");
        for other in
            [mark("apis.example", "key-b"), mark("apis.sandbox.example", "key-a"), mark("apis.examplek", "ey-a")]
        {
            assert_eq!(token.for_key(other).unwrap_err(), TokenOfAnotherKey);
        }
        let error = ProviderError::from(TokenOfAnotherKey);
        assert_eq!((error.commit, error.retry), (CommitClass::NotSent, RetryClass::Never));
        assert_eq!(format!("{token:?}"), "CustomerToken { token: Opaque([secret]), made_by: [key] }");
    }
}
