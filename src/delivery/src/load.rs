//! What is under way in this process, by endpoint.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::WebhookEndpointId;
use tokio::sync::Notify;

/// Counts deliveries from their lease until their result is written.
#[derive(Debug, Default)]
pub(crate) struct Load {
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: u32,
    by_endpoint: HashMap<WebhookEndpointId, u32>,
}

impl Load {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more fit in, and what is under way by endpoint.
    pub(crate) fn room(&self, limit: u32) -> (u32, Vec<(WebhookEndpointId, u32)>) {
        let counts = self.counts();
        let busy = counts.by_endpoint.iter().map(|(id, count)| (*id, *count)).collect();
        (limit.saturating_sub(counts.all), busy)
    }

    /// Counts one more, until the slot is dropped.
    pub(crate) fn take(self: &Arc<Self>, endpoint: WebhookEndpointId) -> Slot {
        let mut counts = self.counts();
        counts.all += 1;
        *counts.by_endpoint.entry(endpoint).or_default() += 1;
        Slot { load: Arc::clone(self), endpoint }
    }

    /// Completes when a slot was dropped since the last call.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// One delivery under way.
#[derive(Debug)]
pub(crate) struct Slot {
    load: Arc<Load>,
    endpoint: WebhookEndpointId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.load.counts();
        counts.all = counts.all.saturating_sub(1);
        if let Some(count) = counts.by_endpoint.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                counts.by_endpoint.remove(&self.endpoint);
            }
        }
        drop(counts);
        self.load.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_count_until_they_are_dropped() {
        let load = Arc::new(Load::default());
        let a = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0a".parse().unwrap();
        let b = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
        let slots = [load.take(a), load.take(a), load.take(b)];
        let (room, mut busy) = load.room(4);
        busy.sort();
        assert_eq!((room, busy), (1, vec![(a, 2), (b, 1)]));
        assert_eq!(load.room(2).0, 0);
        drop(slots);
        load.freed().await;
        assert_eq!(load.room(4), (4, Vec::new()));
    }
}
