//! Provider accounts that were looked up a moment ago, so that not every request opens sealed settings anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::ProviderAccount;
use lendport_storage::Tenant;

/// For how long accounts are believed. Every process looks again after it, so that new settings hold everywhere then.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(1);
/// Tenants whose accounts are remembered at most.
const TENANTS_MAX: usize = 10_000;

/// All accounts of a tenant, by provider name.
pub(crate) type Accounts = Arc<[ProviderAccount]>;

/// The accounts of the tenants of the latest requests.
#[derive(Default)]
pub(crate) struct KnownAccounts(Mutex<HashMap<Tenant, (Accounts, Timestamp)>>);

impl KnownAccounts {
    /// The accounts, where they were looked up less than a second ago.
    pub(crate) fn get(&self, tenant: Tenant, now: Timestamp) -> Option<Accounts> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).filter(|(_, asked)| is_fresh(*asked, now)).map(|(accounts, _)| Arc::clone(accounts))
    }

    /// Has a tenant's accounts looked up again: they have just changed.
    pub(crate) fn forget(&self, tenant: Tenant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }

    /// Remembers what the database said. `asked` is the moment before it was asked: it may have changed since then.
    pub(crate) fn put(&self, tenant: Tenant, accounts: Accounts, asked: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS_MAX {
            known.retain(|_, (_, looked_up)| is_fresh(*looked_up, asked));
        }
        if known.len() < TENANTS_MAX {
            known.insert(tenant, (accounts, asked));
        }
    }
}

/// A clock that was set back makes nothing younger: what was looked up later than now is looked up again.
fn is_fresh(looked_up: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(looked_up);
    !age.is_negative() && age < BELIEVED_FOR
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};
    use lendport_testkit::SeededIds;

    use super::*;

    fn tenant(ids: &SeededIds) -> Tenant {
        Tenant { merchant: MerchantId::mint(ids), mode: Mode::Test }
    }

    #[test]
    fn accounts_are_believed_for_a_second_from_before_the_question() {
        let (known, start, ids) = (KnownAccounts::default(), Timestamp::UNIX_EPOCH, SeededIds::new(1));
        let (ours, theirs) = (tenant(&ids), tenant(&ids));
        known.put(ours, Arc::default(), start);
        assert!(known.get(ours, start + SignedDuration::from_millis(999)).is_some());
        assert!(known.get(ours, start + BELIEVED_FOR).is_none());
        assert!(known.get(ours, start - SignedDuration::from_millis(1)).is_none());
        assert!(known.get(theirs, start).is_none());
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let (known, start, ids) = (KnownAccounts::default(), Timestamp::UNIX_EPOCH, SeededIds::new(1));
        for _ in 0..=TENANTS_MAX {
            known.put(tenant(&ids), Arc::default(), start);
        }
        assert_eq!(known.0.lock().unwrap().len(), TENANTS_MAX);
        let (late, later) = (tenant(&ids), start + BELIEVED_FOR);
        known.put(late, Arc::default(), later);
        assert!(known.get(late, later).is_some());
        assert_eq!(known.0.lock().unwrap().len(), 1, "old ones make room");
    }
}
