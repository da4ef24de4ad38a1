//! Keys that were looked up a moment ago, so that not every request asks the database whose its key is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lendport_core::KeyId;
use lendport_engine::{KeyHolder, digest};
use tokio::time::Instant;

/// For how long a key is believed. Every process looks again after it, so that a revoked key is refused everywhere then.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// Keys that are remembered at most.
const KEYS_MAX: usize = 10_000;

/// Whose the keys of the latest requests are, by the keys' digests. Only keys that are somebody's are remembered.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(Mutex<HashMap<String, (KeyHolder, Instant)>>);

impl KnownKeys {
    /// The holder, where the key was looked up less than a second ago.
    pub(crate) fn get(&self, key: &str, now: Instant) -> Option<KeyHolder> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&digest(key)).filter(|(_, looked_up)| is_fresh(*looked_up, now)).map(|(holder, _)| holder.clone())
    }

    /// Whether the key was somebody's when it was last looked up here, however long ago.
    pub(crate) fn has_worked(&self, key: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest(key))
    }

    /// The database says that it is nobody's.
    pub(crate) fn drop_key(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(key));
    }

    /// Has a key looked up again: it has just changed. Other processes look again within the second.
    pub(crate) fn forget(&self, key: KeyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (holder, _)| holder.key != key);
    }

    /// Remembers what the database said of a key. `asked` is the moment before it was asked: what it says may have
    /// changed since then.
    pub(crate) fn put(&self, key: &str, holder: KeyHolder, asked: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_MAX {
            known.retain(|_, (_, looked_up)| is_fresh(*looked_up, asked));
        }
        if known.len() < KEYS_MAX {
            known.insert(digest(key), (holder, asked));
        }
    }
}

fn is_fresh(looked_up: Instant, now: Instant) -> bool {
    now.duration_since(looked_up) < BELIEVED_FOR
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode, Scopes};
    use lendport_storage::Tenant;
    use lendport_testkit::SeededIds;

    use super::*;

    fn holder(ids: &SeededIds) -> KeyHolder {
        KeyHolder {
            tenant: Tenant { merchant: MerchantId::mint(ids), mode: Mode::Test },
            key: KeyId::mint(ids),
            scopes: Scopes::of_merchant().into(),
            expires_at: None,
        }
    }

    #[test]
    fn a_key_is_believed_for_a_second_from_before_the_question() {
        let (known, start, holder) = (KnownKeys::default(), Instant::now(), holder(&SeededIds::new(1)));
        assert!(known.get("lp_test_a", start).is_none());
        known.put("lp_test_a", holder.clone(), start);
        assert_eq!(known.get("lp_test_a", start + Duration::from_millis(999)).map(|found| found.key), Some(holder.key));
        assert!(known.get("lp_test_a", start + BELIEVED_FOR).is_none());
        assert!(known.get("lp_test_b", start).is_none());
        assert!(known.has_worked("lp_test_a") && !known.has_worked("lp_test_b"));
        known.forget(holder.key);
        assert!(known.get("lp_test_a", start).is_none() && !known.has_worked("lp_test_a"));
        known.put("lp_test_a", holder, start);
        known.drop_key("lp_test_a");
        assert!(!known.has_worked("lp_test_a"));
    }

    #[test]
    fn there_are_never_more_than_so_many_and_no_key_is_kept_as_it_is() {
        let (known, start, holder) = (KnownKeys::default(), Instant::now(), holder(&SeededIds::new(1)));
        for number in 0..=KEYS_MAX {
            known.put(&format!("lp_test_{number}"), holder.clone(), start);
        }
        assert_eq!(known.0.lock().unwrap().len(), KEYS_MAX);
        assert!(!format!("{known:?}").contains("lp_test_"));
        let later = start + BELIEVED_FOR;
        known.put("lp_test_later", holder, later);
        assert!(known.get("lp_test_later", later).is_some());
        assert_eq!(known.0.lock().unwrap().len(), 1, "old ones make room");
    }
}
