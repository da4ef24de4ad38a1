//! When keys were last used, collected here and written by a worker: no request waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::KeyId;
use lendport_storage::ApiKey;

use crate::engine::Engine;
use crate::error::EngineError;

/// A use this soon after the known one is not worth a write.
const WORTH_A_WRITE: SignedDuration = SignedDuration::from_mins(1);
/// Keys that are remembered at most until the next turn; one more is noted at one of its next uses.
const KEYS_MAX: usize = 10_000;

/// Uses that were not written yet.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<KeyId, Timestamp>>);

impl KeyUses {
    /// Notes that a key was used now, unless that was written less than a minute ago.
    pub(crate) fn note(&self, key: &ApiKey, now: Timestamp) {
        let known = key.last_used_at.is_some_and(|at| now.duration_since(at) < WORTH_A_WRITE);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known && (uses.len() < KEYS_MAX || uses.contains_key(&key.id)) {
            uses.insert(key.id, now);
        }
    }

    fn take(&self) -> Vec<(KeyId, Timestamp)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}

impl Engine {
    /// Writes when keys were last used. Says how many. Uses that cannot be written now are noted again when the keys are
    /// used again.
    pub async fn write_key_uses(&self) -> Result<u64, EngineError> {
        let uses = self.key_uses.take();
        if !uses.is_empty() {
            self.store.note_key_uses(&uses).await?;
        }
        Ok(u64::try_from(uses.len()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};
    use lendport_storage::Tenant;
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn a_key_is_noted_once_a_minute() {
        let (ids, uses, start) = (SeededIds::new(1), KeyUses::default(), Timestamp::UNIX_EPOCH);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let key = ApiKey::new(KeyId::mint(&ids), tenant, String::new(), "x", start);
        uses.note(&key, start);
        uses.note(&key, start + SignedDuration::from_secs(3));
        assert_eq!(uses.take(), [(key.id, start + SignedDuration::from_secs(3))]);
        let written = ApiKey { last_used_at: Some(start), ..key };
        uses.note(&written, start + SignedDuration::from_secs(59));
        assert_eq!(uses.take(), []);
        uses.note(&written, start + SignedDuration::from_secs(60));
        assert_eq!(uses.take().len(), 1);
    }
}
