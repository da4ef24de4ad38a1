//! Whose a token is.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{KeyId, MerchantId};
use lendport_storage::{SigningKey, Tenant};
use sha2::{Digest as _, Sha256};

use super::signing::{self, SigningPlan};
use crate::engine::{Engine, KeyHolder, digest_of};
use crate::error::EngineError;

/// Says that these bytes name a subject of another issuer, and nothing else.
const SUBJECT: &[u8] = b"lendport subject 1\0";
/// The same of a token that works once.
const USED: &[u8] = b"lendport token 1\0";

impl Engine {
    /// The holder of a key of this tenant; none where it was revoked or never was. It may have expired, which its holder is
    /// told.
    pub async fn holder_of_key(&self, tenant: Tenant, key: KeyId) -> Result<Option<KeyHolder>, EngineError> {
        let found = self.store.key(tenant, key).await?.filter(|key| key.revoked_at.is_none());
        let Some(key) = found else { return Ok(None) };
        let now = self.clock.now();
        if key.works(now) {
            self.key_uses.note(&key, now);
        }
        let expires_at = key.expires_at;
        Ok(Some(KeyHolder { tenant, key: key.id, scopes: Arc::new(key.scopes), expires_at }))
    }

    /// How a subject of another issuer is named where a key would be: the same id for the same subject, always.
    pub fn id_of_subject(issuer: &str, subject: &str) -> KeyId {
        let hash = Sha256::new_with_prefix(SUBJECT).chain_update(issuer).chain_update([0]).chain_update(subject);
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
        KeyId::of_bytes(bytes)
    }

    /// Whether a token of another issuer is used for the first time, on whatever replica. `until` is when it has expired.
    pub async fn first_use(&self, issuer: &str, id: &str, until: Timestamp) -> Result<bool, EngineError> {
        let digest = digest_of(&[USED, issuer.as_bytes(), &[0], id.as_bytes()]);
        Ok(self.store.use_token(&digest, until).await?)
    }

    /// The keys that sign tokens, newest first, with the next one made where that is due.
    pub async fn tend_signing_keys(&self, plan: &SigningPlan) -> Result<Vec<SigningKey>, EngineError> {
        Ok(signing::tend(self.store.as_ref(), self.tools.ids.as_ref(), self.clock.now(), plan).await?)
    }

    /// Deletes keys and uses that matter no more; says how many.
    pub async fn trim_tokens(&self) -> Result<u64, EngineError> {
        Ok(self.store.trim_tokens(self.clock.now()).await?)
    }

    /// A merchant that a token of another issuer names, where there is one.
    pub async fn merchant_named(&self, text: &str) -> Result<Option<MerchantId>, EngineError> {
        let Ok(id) = text.parse() else { return Ok(None) };
        Ok(self.merchant_exists(id).await?.then_some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_apart_and_are_always_the_same() {
        let known = Engine::id_of_subject("https://a.example", "1");
        assert_eq!(known, Engine::id_of_subject("https://a.example", "1"));
        assert_ne!(known, Engine::id_of_subject("https://a.example", "2"));
        assert_ne!(Engine::id_of_subject("a", "bc"), Engine::id_of_subject("ab", "c"));
    }
}
