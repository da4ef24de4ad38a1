//! Keys that sign tokens, and tokens that work once.

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditEntry, Secret, SigningKeyId};

use crate::error::StoreError;

/// A key that signs tokens; its private half is sealed at rest. Nobody's in particular: a gateway has one row of them.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Ours; the `kid` of what it signs.
    pub id: SigningKeyId,
    /// Its place among all that there were; the first is 1.
    pub number: u32,
    /// What the key pair is made from.
    pub seed: Secret<[u8; 32]>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs. It is published before.
    pub active_from: Timestamp,
    /// When nothing that it signed is believed any more, where that is known.
    pub retire_at: Option<Timestamp>,
}

/// The rows of tokens. Part of every [`Store`](crate::Store).
#[async_trait]
pub trait TokenRows: Send + Sync {
    /// All keys that sign tokens or did a while ago, newest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;
    /// Stores a key as the next one, and says until when those before it are believed; one that ends earlier stays so.
    /// `told` says who did it. False, with nothing written, where there is a key of this number: another process was faster.
    async fn add_signing_key(
        &self,
        key: &SigningKey,
        others_until: Timestamp,
        told: &AuditEntry,
    ) -> Result<bool, StoreError>;
    /// Remembers until then that a token was used, which this digest (SHA-256, hex) names. False where it was used before.
    async fn use_token(&self, digest: &str, until: Timestamp) -> Result<bool, StoreError>;
    /// Deletes keys that nobody believes and uses whose tokens have expired; says how many.
    async fn trim_tokens(&self, now: Timestamp) -> Result<u64, StoreError>;
}
