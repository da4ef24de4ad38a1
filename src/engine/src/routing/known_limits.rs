//! What financers said of their limits a moment ago. However many ask at the same time, an account's financer is asked once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::AmountLimits;
use lendport_storage::Tenant;

use crate::budget::AccountKey;

/// For how long an answer is believed, and that there was none.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(5);
/// Accounts that are remembered at most.
const ACCOUNTS_MAX: usize = 10_000;

/// What was said, and when it was asked for. None: nothing was.
type Said = Option<(Timestamp, Option<AmountLimits>)>;
/// Held while the financer is asked: whoever else wants to know waits, and hears the same.
type Slot = Arc<tokio::sync::Mutex<Said>>;

/// By account.
#[derive(Default)]
pub(crate) struct KnownLimits(Mutex<HashMap<AccountKey, Slot>>);

impl KnownLimits {
    /// What the financer of an account said less than five seconds ago, or says now. `now` reads the steady clock.
    pub(crate) async fn of(
        &self,
        account: &AccountKey,
        now: impl Fn() -> Timestamp + Send,
        ask: impl Future<Output = Option<AmountLimits>> + Send,
    ) -> Option<AmountLimits> {
        let slot = self.slot(account);
        let mut said = slot.lock().await;
        let asked = now();
        if let Some((at, limits)) = *said
            && asked.duration_since(at) < BELIEVED_FOR
        {
            return limits;
        }
        let limits = ask.await;
        *said = Some((asked, limits));
        limits
    }

    /// Has a tenant's financers asked again: its accounts have just changed.
    pub(crate) fn forget(&self, tenant: Tenant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(whose, _), _| *whose != tenant);
    }

    fn slot(&self, account: &AccountKey) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= ACCOUNTS_MAX && !slots.contains_key(account) {
            // Those that nobody asks about now; the others are no more than there are requests.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(account.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use lendport_core::{MerchantId, Mode, ProviderId};
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;

    use super::*;

    fn account(ids: &SeededIds) -> AccountKey {
        let tenant = Tenant { merchant: MerchantId::mint(ids), mode: Mode::Test };
        (tenant, ProviderId::parse("made_up").unwrap())
    }

    struct Asked(KnownLimits, AtomicU32);

    impl Asked {
        async fn at(&self, account: &AccountKey, ms: i64) {
            let answer = async {
                self.1.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                None
            };
            self.0.of(account, || START + SignedDuration::from_millis(ms), answer).await;
        }

        fn times(&self) -> u32 {
            self.1.swap(0, Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn many_at_once_ask_once_and_so_do_those_who_come_soon_after() {
        let (ids, asked) = (SeededIds::new(1), Asked(KnownLimits::default(), AtomicU32::new(0)));
        let (ours, theirs) = (account(&ids), account(&ids));
        join_all((0..50).map(|_| asked.at(&ours, 0))).await;
        asked.at(&ours, 4_999).await;
        assert_eq!(asked.times(), 1, "also where it did not tell");
        asked.at(&theirs, 0).await;
        asked.at(&ours, 5_000).await;
        assert_eq!(asked.times(), 2);
        asked.0.forget(ours.0);
        asked.at(&ours, 5_001).await;
        asked.at(&theirs, 4_000).await;
        assert_eq!(asked.times(), 1);
    }

    #[tokio::test]
    async fn there_are_never_more_than_so_many() {
        let (ids, asked) = (SeededIds::new(1), Asked(KnownLimits::default(), AtomicU32::new(0)));
        for _ in 0..=ACCOUNTS_MAX {
            asked.at(&account(&ids), 0).await;
        }
        assert_eq!(asked.0.0.lock().unwrap().len(), 1);
    }
}
