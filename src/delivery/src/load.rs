//! What is under way in this process, by endpoint, and how many places each endpoint has.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::WebhookEndpointId;
use tokio::sync::Notify;

/// Places of an endpoint that nothing is known of: it may be one that hangs.
const UNKNOWN_SHARE: u32 = 2;
/// Places of one whose latest try took long.
const SLOW_SHARE: u32 = 1;
/// Endpoints that are remembered. Of more, those not heard from for the longest are unknown again.
const KNOWN_MAX: usize = 1_000;

/// How the latest try of an endpoint went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It answered soon, whatever it said.
    Quick,
    /// It took long, however that ended.
    Slow,
}

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
    known: HashMap<WebhookEndpointId, Known>,
    notes: u64,
}

#[derive(Debug)]
struct Known {
    pace: Pace,
    /// The number of the note; the lowest is the oldest.
    note: u64,
}

/// How much more fits in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) all: u32,
    /// Of each endpoint that is not named.
    pub(crate) unknown: u32,
    /// Of those that are busy or known.
    pub(crate) named: BTreeMap<WebhookEndpointId, u32>,
}

impl Load {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What fits in beside what is under way. Only an endpoint that answers soon has the full share, so a few that are
    /// slow cannot hold every place, neither again and again nor right after a start.
    pub(crate) fn room(&self, limit: u32, full_share: u32) -> Room {
        let counts = self.counts();
        let share = |id| match counts.known.get(id).map(|known| known.pace) {
            Some(Pace::Quick) => full_share,
            Some(Pace::Slow) => full_share.min(SLOW_SHARE),
            None => full_share.min(UNKNOWN_SHARE),
        };
        let under_way = |id| counts.by_endpoint.get(id).copied().unwrap_or(0);
        let ids = counts.known.keys().chain(counts.by_endpoint.keys());
        let named = ids.map(|id| (*id, share(id).saturating_sub(under_way(id)))).collect();
        Room { all: limit.saturating_sub(counts.all), unknown: full_share.min(UNKNOWN_SHARE), named }
    }

    /// Notes how a try went.
    pub(crate) fn note(&self, endpoint: WebhookEndpointId, pace: Pace) {
        let mut counts = self.counts();
        counts.notes += 1;
        let known = Known { pace, note: counts.notes };
        counts.known.insert(endpoint, known);
        if counts.known.len() > KNOWN_MAX {
            let oldest = counts.known.iter().min_by_key(|(_, known)| known.note).map(|(id, _)| *id);
            oldest.and_then(|id| counts.known.remove(&id));
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
    use lendport_testkit::SeededIds;

    use super::*;

    fn endpoints<const N: usize>() -> [WebhookEndpointId; N] {
        let ids = SeededIds::new(5);
        [(); N].map(|()| WebhookEndpointId::mint(&ids))
    }

    #[tokio::test]
    async fn slots_count_until_they_are_dropped() {
        let load = Arc::new(Load::default());
        let [a, b] = endpoints();
        let slots = [load.take(a), load.take(a), load.take(b)];
        assert_eq!(load.room(4, 8), Room { all: 1, unknown: 2, named: [(a, 0), (b, 1)].into() });
        assert_eq!(load.room(2, 8).all, 0);
        drop(slots);
        load.freed().await;
        assert_eq!(load.room(4, 8), Room { all: 4, unknown: 2, named: [].into() });
    }

    #[test]
    fn the_latest_try_decides_on_the_share() {
        let load = Arc::new(Load::default());
        let [a] = endpoints();
        let room = |full_share| load.room(64, full_share).named.get(&a).copied();
        assert_eq!(room(8), None);
        let slot = load.take(a);
        assert_eq!(room(8), Some(1));
        load.note(a, Pace::Quick);
        assert_eq!(room(8), Some(7));
        load.note(a, Pace::Slow);
        assert_eq!(room(8), Some(0));
        drop(slot);
        assert_eq!(room(8), Some(1));
        load.note(a, Pace::Quick);
        assert_eq!(room(8), Some(8));
        // Nobody has more than the share that is set.
        load.note(a, Pace::Slow);
        assert_eq!((room(1), load.room(64, 1).unknown), (Some(1), 1));
    }

    #[test]
    fn those_not_heard_from_for_the_longest_are_forgotten() {
        let load = Load::default();
        let all: [_; KNOWN_MAX + 2] = endpoints();
        let [first, second, third, ..] = all;
        for id in all {
            load.note(id, Pace::Slow);
            load.note(first, Pace::Quick);
        }
        let named = load.room(64, 8).named;
        assert_eq!(named.len(), KNOWN_MAX);
        assert_eq!([first, second, third].map(|id| named.get(&id).copied()), [Some(8), None, None]);
    }
}
