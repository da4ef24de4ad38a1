//! What is under way in this process, by endpoint, and how many places each endpoint has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::{MerchantId, WebhookEndpointId};
use tokio::sync::Notify;

/// Places of an endpoint whose latest try took long, and of one that nothing is known of: it may be one that hangs.
const UNSURE_SHARE: u32 = 1;
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

/// Counts deliveries: of their endpoint until it answered, in all until their result is written.
#[derive(Debug, Default)]
pub(crate) struct Load {
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: u32,
    by_endpoint: HashMap<WebhookEndpointId, UnderWay>,
    known: HashMap<WebhookEndpointId, Known>,
    notes: u64,
}

#[derive(Debug)]
struct UnderWay {
    merchant: MerchantId,
    count: u32,
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
    /// Of those, the ones that answer soon: they do not count for their merchant.
    pub(crate) quick: BTreeSet<WebhookEndpointId>,
    /// Of all others of one merchant together.
    pub(crate) per_merchant: u32,
    /// Of all others of these merchants, of which some are busy.
    pub(crate) merchants: BTreeMap<MerchantId, u32>,
}

/// For whom there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// For those alone whose latest try was quick.
    Quick,
    /// For everybody.
    All,
}

impl Load {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What fits in beside what is under way, for each question to the queue, one after the other. Only an endpoint that
    /// answers soon has the full share, and all others together have half of the places: however many hang, those that
    /// answer soon go on, again and again and right after a start. Of that half one merchant has half, in both modes together:
    /// however many of its endpoints hang, others are tried.
    pub(crate) fn whom(&self, limit: u32) -> &'static [Whom] {
        let counts = self.counts();
        let (free, unsure) = (counts.free(limit), counts.free_for_unsure(limit));
        // While there is room for most of what can be taken, one question does.
        match unsure {
            _ if free == 0 => &[],
            0 => &[Whom::Quick],
            _ if unsure.saturating_mul(2) < free => &[Whom::Quick, Whom::All],
            _ => &[Whom::All],
        }
    }

    /// The room for these; of those that may hang only as many as are left to them.
    pub(crate) fn room(&self, whom: Whom, limit: u32, full_share: u32) -> Room {
        let counts = self.counts();
        let (all, unsure_share) = match whom {
            Whom::Quick => (counts.free(limit), 0),
            Whom::All => (counts.free(limit).min(counts.free_for_unsure(limit)), full_share.min(UNSURE_SHARE)),
        };
        let share = |id| if counts.is_quick(id) { full_share } else { unsure_share };
        let under_way = |id| counts.by_endpoint.get(id).map_or(0, |known| known.count);
        let ids = || counts.known.keys().chain(counts.by_endpoint.keys());
        let named = ids().map(|id| (*id, share(id).saturating_sub(under_way(id)))).collect();
        let quick = ids().copied().filter(|id| counts.is_quick(id)).collect();
        let per_merchant = limit.div_ceil(4);
        let mut merchants = BTreeMap::new();
        for (_, known) in counts.unsure() {
            let left = merchants.entry(known.merchant).or_insert(per_merchant);
            *left = left.saturating_sub(known.count);
        }
        Room { all, unknown: unsure_share, named, quick, per_merchant, merchants }
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

    /// Counts one more, of its endpoint until it answered and in all until the slot is dropped.
    pub(crate) fn take(self: &Arc<Self>, merchant: MerchantId, endpoint: WebhookEndpointId) -> Slot {
        let mut counts = self.counts();
        counts.all += 1;
        counts.by_endpoint.entry(endpoint).or_insert(UnderWay { merchant, count: 0 }).count += 1;
        Slot { load: Arc::clone(self), endpoint: Some(endpoint) }
    }

    /// Completes when a slot was dropped since the last call.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Counts {
    fn is_quick(&self, id: &WebhookEndpointId) -> bool {
        self.known.get(id).is_some_and(|known| known.pace == Pace::Quick)
    }

    fn free(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.all)
    }

    fn leave(&mut self, endpoint: Option<WebhookEndpointId>) {
        let Some(endpoint) = endpoint else { return };
        if let Some(known) = self.by_endpoint.get_mut(&endpoint) {
            known.count -= 1;
            if known.count == 0 {
                self.by_endpoint.remove(&endpoint);
            }
        }
    }

    /// Busy endpoints that are not known to be quick.
    fn unsure(&self) -> impl Iterator<Item = (&WebhookEndpointId, &UnderWay)> {
        self.by_endpoint.iter().filter(|(id, _)| !self.is_quick(id))
    }

    /// Half of the places belong to those that are not known to be quick; of one place, that one.
    fn free_for_unsure(&self, limit: u32) -> u32 {
        limit.div_ceil(2).saturating_sub(self.unsure().map(|(_, known)| known.count).sum())
    }
}

/// One delivery under way.
#[derive(Debug)]
pub(crate) struct Slot {
    load: Arc<Load>,
    /// Until it answered.
    endpoint: Option<WebhookEndpointId>,
}

impl Slot {
    /// The endpoint has nothing to do with it any more: the place there is free, that among all is not.
    pub(crate) fn answered(&mut self) {
        self.load.counts().leave(self.endpoint.take());
        self.load.freed.notify_one();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.load.counts();
        counts.all = counts.all.saturating_sub(1);
        counts.leave(self.endpoint.take());
        drop(counts);
        self.load.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    fn merchant() -> MerchantId {
        MerchantId::of_bytes([7; 16])
    }

    fn endpoints<const N: usize>() -> [WebhookEndpointId; N] {
        let ids = SeededIds::new(5);
        [(); N].map(|()| WebhookEndpointId::mint(&ids))
    }

    #[tokio::test]
    async fn slots_count_until_they_are_dropped() {
        let load = Arc::new(Load::default());
        let [a, b] = endpoints();
        let room = |limit| load.room(Whom::All, limit, 8);
        let slots = [load.take(merchant(), a), load.take(merchant(), b)];
        let named = [(a, 0), (b, 0)].into();
        let none =
            Room { all: 1, unknown: 1, named, quick: [].into(), per_merchant: 2, merchants: [(merchant(), 0)].into() };
        assert_eq!(room(6), none);
        assert_eq!((room(2).all, load.whom(2)), (0, [].as_slice()));
        drop(slots);
        load.freed().await;
        assert_eq!(room(6), Room { all: 3, named: [].into(), merchants: [].into(), ..none });
    }

    #[test]
    fn an_endpoint_that_answered_is_free_before_that_is_written() {
        let load = Arc::new(Load::default());
        let [a] = endpoints();
        load.note(a, Pace::Quick);
        let mut slot = load.take(merchant(), a);
        slot.answered();
        let room = || load.room(Whom::Quick, 64, 8);
        assert_eq!((room().all, room().named.get(&a)), (63, Some(&8)));
        drop(slot);
        assert_eq!((room().all, room().named.get(&a)), (64, Some(&8)));
    }

    #[test]
    fn the_latest_try_decides_on_the_share() {
        let load = Arc::new(Load::default());
        let [a] = endpoints();
        let room = |full_share| load.room(Whom::All, 64, full_share).named.get(&a).copied();
        assert_eq!(room(8), None);
        let slot = load.take(merchant(), a);
        assert_eq!(room(8), Some(0));
        load.note(a, Pace::Quick);
        assert_eq!(room(8), Some(7));
        load.note(a, Pace::Slow);
        assert_eq!(room(8), Some(0));
        drop(slot);
        assert_eq!(room(8), Some(1));
        load.note(a, Pace::Quick);
        assert_eq!(room(8), Some(8));
        // Nobody has more than the share that is set.
        assert_eq!((room(1), load.room(Whom::All, 64, 1).unknown), (Some(1), 1));
    }

    #[test]
    fn those_that_may_hang_have_half_of_the_places() {
        let load = Arc::new(Load::default());
        let [quick, slow, unknown, others @ ..]: [_; 32] = endpoints();
        load.note(quick, Pace::Quick);
        load.note(slow, Pace::Slow);
        assert_eq!((load.whom(64), load.room(Whom::All, 64, 8).all), ([Whom::All].as_slice(), 32));
        let mut slots = [load.take(merchant(), slow), load.take(merchant(), unknown)]
            .into_iter()
            .chain(others.map(|id| load.take(merchant(), id)))
            .collect::<Vec<_>>();
        // One of the thirty-two is left, and thirty-three in all.
        assert_eq!((load.whom(64), load.room(Whom::All, 64, 8).all), ([Whom::Quick, Whom::All].as_slice(), 1));
        let [another] = endpoints::<40>().last().copied().into_iter().collect::<Vec<_>>().try_into().unwrap();
        slots.push(load.take(merchant(), another));
        assert_eq!(load.whom(64), [Whom::Quick]);
        let room = load.room(Whom::Quick, 64, 8);
        assert_eq!((room.all, room.unknown, room.named.get(&quick)), (32, 0, Some(&8)));
        assert!(room.named.iter().all(|(id, room)| *id == quick || *room == 0));
        // What turned out to be quick counts no more.
        load.note(unknown, Pace::Quick);
        assert_eq!(load.room(Whom::All, 64, 8).all, 1);
        drop(slots);
        assert_eq!(
            (load.whom(64), load.whom(1), load.room(Whom::All, 1, 8).all),
            ([Whom::All].as_slice(), [Whom::All].as_slice(), 1)
        );
    }

    #[test]
    fn one_merchant_has_half_of_what_those_have_that_may_hang() {
        let load = Arc::new(Load::default());
        let [quick, slow, unknown, others @ ..]: [_; 9] = endpoints();
        let other = MerchantId::of_bytes([8; 16]);
        load.note(quick, Pace::Quick);
        load.note(slow, Pace::Slow);
        let mut slots = vec![load.take(merchant(), slow), load.take(merchant(), unknown), load.take(merchant(), quick)];
        slots.push(load.take(other, others[0]));
        let room = || load.room(Whom::All, 16, 8);
        assert_eq!((room().per_merchant, room().merchants), (4, [(merchant(), 2), (other, 3)].into()));
        assert_eq!(room().quick, [quick].into());
        slots.extend(others[1..].iter().map(|id| load.take(merchant(), *id)));
        assert_eq!((room().merchants[&merchant()], room().merchants[&other]), (0, 3));
        drop(slots);
        assert_eq!(room().merchants, [].into());
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
        let named = load.room(Whom::All, 64, 8).named;
        assert_eq!(named.len(), KNOWN_MAX);
        assert_eq!([first, second, third].map(|id| named.get(&id).copied()), [Some(8), None, None]);
    }
}
