//! What is configured of another issuer of tokens, such as the platform's own identity provider.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jsonwebtoken::Algorithm;
use lendport_core::{MerchantId, Mode, Scopes};

use super::unverified::is_of_a_pair;

/// Where the keys of an issuer are. How they are fetched is not this crate's: it has no HTTP client.
#[async_trait]
pub trait KeySetSource: Send + Sync + fmt::Debug {
    /// The document with the keys, at most 64 KiB of it; the error says why there is none.
    async fn fetch(&self) -> Result<Vec<u8>, String>;
}

/// Algorithms of signatures, each with a key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms(pub(super) Vec<Algorithm>);

impl Algorithms {
    /// Reads words with blanks between them, such as `EdDSA ES256 RS256`. The first word that is none is the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = |word: &str| word.parse().ok().filter(is_of_a_pair).ok_or_else(|| word.to_owned());
        text.split_ascii_whitespace().map(word).collect::<Result<_, _>>().map(Self)
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose rows a token of another issuer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MerchantOf {
    /// This merchant's, whatever the token says.
    Fixed(MerchantId),
    /// Those of the merchant whose id is in this claim.
    Claim(String),
}

/// Another issuer of tokens.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// What its tokens have as `iss`.
    pub issuer: String,
    /// What they have in `aud` when they are for this gateway.
    pub audience: String,
    /// How it may sign.
    pub algorithms: Algorithms,
    /// Which world its tokens open.
    pub mode: Mode,
    /// Whose rows they are about.
    pub merchant: MerchantOf,
    /// The claim that holds the rights of a token: words with blanks between them, or a list.
    pub scopes_claim: String,
    /// The most that its tokens may do, whatever they say.
    pub scopes: Scopes,
    /// Each of its tokens works once.
    pub require_jti: bool,
    /// Where its keys are.
    pub keys: Arc<dyn KeySetSource>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_algorithm_with_a_shared_secret_can_be_chosen() {
        assert_eq!(Algorithms::parse(" EdDSA  RS256 ").unwrap().0, [Algorithm::EdDSA, Algorithm::RS256]);
        for word in ["HS256", "HS384", "HS512", "none", "eddsa"] {
            assert_eq!(Algorithms::parse(&format!("EdDSA {word}")), Err(word.to_owned()));
        }
        assert!(Algorithms::parse("").unwrap().is_empty());
    }
}
