//! What is under way in this process, by endpoint, and which endpoints hang.

use std::collections::{HashMap, HashSet};
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
    /// Their last try here ran into the time limit.
    hanging: HashSet<WebhookEndpointId>,
}

impl Load {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more fit in, and what is to be taken off each endpoint's share: what is under way, and of one that
    /// hangs all but one. So a few that hang cannot hold every place for as long as the time limit, again and again.
    pub(crate) fn room(&self, limit: u32, per_endpoint: u32) -> (u32, Vec<(WebhookEndpointId, u32)>) {
        let counts = self.counts();
        let all_but_one = |id| if counts.hanging.contains(id) { per_endpoint.saturating_sub(1) } else { 0 };
        let under_way = counts.by_endpoint.iter().map(|(id, count)| (*id, count + all_but_one(id)));
        let idle = counts.hanging.iter().filter(|id| !counts.by_endpoint.contains_key(id));
        let busy = under_way.chain(idle.map(|id| (*id, all_but_one(id)))).collect();
        (limit.saturating_sub(counts.all), busy)
    }

    /// Notes how a try ended: in the time limit or not.
    pub(crate) fn note(&self, endpoint: WebhookEndpointId, hangs: bool) {
        let mut counts = self.counts();
        if hangs {
            counts.hanging.insert(endpoint);
        } else {
            counts.hanging.remove(&endpoint);
        }
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
        let (room, mut busy) = load.room(4, 8);
        busy.sort();
        assert_eq!((room, busy), (1, vec![(a, 2), (b, 1)]));
        assert_eq!(load.room(2, 8).0, 0);
        drop(slots);
        load.freed().await;
        assert_eq!(load.room(4, 8), (4, Vec::new()));
    }

    #[test]
    fn of_an_endpoint_that_hangs_one_place_is_left() {
        let load = Arc::new(Load::default());
        let a = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0a".parse().unwrap();
        let share =
            |busy: Vec<(WebhookEndpointId, u32)>| 8_u32.saturating_sub(busy.iter().map(|(_, count)| count).sum());
        assert_eq!(share(load.room(64, 8).1), 8);
        load.note(a, true);
        assert_eq!(share(load.room(64, 8).1), 1);
        let slot = load.take(a);
        assert_eq!(share(load.room(64, 8).1), 0);
        drop(slot);
        load.note(a, false);
        assert_eq!(share(load.room(64, 8).1), 8);
        load.note(a, true);
        assert_eq!(load.room(64, 1).1.iter().map(|(_, count)| count).sum::<u32>(), 0);
    }
}
