//! Who in this process waits for a checkout to change, and every change's way into the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lendport_core::CheckoutId;
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Loaded, StoreError, Tenant, change_with};
use tokio::sync::watch;

use crate::cascade::leaves_one_to_follow;
use crate::engine::Engine;

/// The checkouts that somebody waits for.
#[derive(Default)]
pub(crate) struct News(Mutex<HashMap<CheckoutId, watch::Sender<()>>>);

/// News of one checkout, for as long as this lives.
pub struct Watched {
    checkout: CheckoutId,
    heard: watch::Receiver<()>,
    news: Arc<News>,
}

impl News {
    fn watch(self: &Arc<Self>, checkout: CheckoutId) -> Watched {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = watched.entry(checkout).or_insert_with(|| watch::channel(()).0).subscribe();
        Watched { checkout, heard, news: Arc::clone(self) }
    }

    fn tell(&self, checkout: CheckoutId) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(teller) = watched.get(&checkout) {
            teller.send_replace(());
        }
    }
}

impl Watched {
    /// Completes when this process has changed the checkout since this was made, or since it completed last. Changes by
    /// other processes are not heard here.
    pub async fn changed(&mut self) {
        // The teller lives as long as anybody listens.
        let _ = self.heard.changed().await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watched = self.news.0.lock().unwrap_or_else(PoisonError::into_inner);
        // This one still counts.
        if watched.get(&self.checkout).is_some_and(|teller| teller.receiver_count() <= 1) {
            watched.remove(&self.checkout);
        }
    }
}

impl Engine {
    /// News of a checkout from now on.
    pub fn watch(&self, checkout: CheckoutId) -> Watched {
        self.news.watch(checkout)
    }

    /// True when nobody but this process can change a checkout, so that [`Engine::watch`] hears of everything.
    pub fn hears_all(&self) -> bool {
        self.store.exclusive()
    }

    /// Changes a checkout, tells who waits for it, and has the next financer started where one is to follow.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ask: ChangeAsk,
        mut decide: impl FnMut(Loaded<'_>) -> (Change, T) + Send + 'static,
    ) -> Result<(ChangeOutcome, Option<T>), StoreError> {
        let (clock, to_follow) = (Arc::clone(&self.clock), Arc::new(AtomicBool::new(false)));
        let seen = Arc::clone(&to_follow);
        let decide = move |loaded: Loaded<'_>| {
            let (change, found) = decide(loaded);
            seen.store(leaves_one_to_follow(&change, clock.as_ref()), Ordering::Relaxed);
            (change, found)
        };
        let changed = change_with(self.store.as_ref(), tenant, id, ask, decide).await?;
        self.news.tell(id);
        if to_follow.load(Ordering::Relaxed) {
            self.followers.add(tenant, id);
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn who_waits_hears_of_its_own_checkout_and_is_forgotten_afterwards() {
        let (news, ids) = (Arc::new(News::default()), SeededIds::new(1));
        let (ours, theirs) = (CheckoutId::mint(&ids), CheckoutId::mint(&ids));
        let (mut first, mut second) = (news.watch(ours), news.watch(ours));
        news.tell(theirs);
        assert!(first.changed().now_or_never().is_none());
        // Told before it was waited for, and twice: heard once.
        news.tell(ours);
        news.tell(ours);
        assert!(first.changed().now_or_never().is_some() && second.changed().now_or_never().is_some());
        assert!(first.changed().now_or_never().is_none());
        drop(first);
        news.tell(ours);
        assert!(second.changed().now_or_never().is_some());
        drop(second);
        assert!(news.0.lock().unwrap().is_empty());
    }
}
