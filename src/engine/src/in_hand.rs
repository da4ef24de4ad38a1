//! What a worker has in hand of work that takes its time: so much at once, and so much of one tenant. Whoever's financer does
//! not answer has a share of the places, and no more.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AttemptId, CheckoutId};
use lendport_storage::{FairAsk, Located, Tenant, WorkAsk};

/// What was done is not done again before this has passed, even where it is due.
const REST: SignedDuration = SignedDuration::from_secs(1);
/// What waits for a financer's answer rests so long, so that what is due after it has its turn meanwhile.
const WAIT: SignedDuration = SignedDuration::from_mins(1);
/// So many that could not be done within that time are enough: something is wrong with all.
const UNDONE_MAX: usize = 200;

/// Places of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// In all.
    pub(crate) all: u32,
    /// Of one tenant: a third, so that one merchant with both its modes leaves some.
    pub(crate) each: u32,
}

/// What was done, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It is to be counted.
    Counted,
    /// It is due later.
    Changed,
    /// It may be due still.
    Unchanged,
    /// It is due still, and nothing is wrong but that a financer does not answer.
    Waits,
}

impl Done {
    const fn rest(self) -> SignedDuration {
        match self {
            Self::Waits => WAIT,
            Self::Counted | Self::Changed | Self::Unchanged => REST,
        }
    }
}

/// Whose work it is.
type Key = (CheckoutId, Option<AttemptId>);

fn key(one: &Located) -> Key {
    (one.checkout, one.attempt)
}

/// Work in hand, by the id of its task.
#[derive(Debug)]
pub(crate) struct InHand<T> {
    share: Share,
    /// Storage has no other worker, and hands out what is in hand as well.
    exclusive: bool,
    running: HashMap<T, Located>,
    rests: HashMap<Key, Rest>,
    /// Handed out to this worker alone, and without a place yet: somebody wanted again what is in hand, or has just been.
    kept: VecDeque<Located>,
}

#[derive(Debug)]
struct Rest {
    tenant: Tenant,
    since: Timestamp,
    done: Done,
}

impl<T: Eq + Hash> InHand<T> {
    pub(crate) fn new(share: Share, exclusive: bool) -> Self {
        Self { share, exclusive, running: HashMap::new(), rests: HashMap::new(), kept: VecDeque::new() }
    }

    /// Places that are free.
    pub(crate) fn free(&self) -> u32 {
        self.share.all.saturating_sub(number(self.running.len()))
    }

    /// True when it is worth a question: a quarter of the places is free.
    pub(crate) fn has_room(&self) -> bool {
        self.free() >= self.share.all.div_ceil(4)
    }

    /// The question for what there is room for, at this moment of the steady clock; none where there is no room, or nothing
    /// can be done.
    pub(crate) fn ask(&mut self, work: WorkAsk, now: Timestamp) -> Option<FairAsk> {
        self.rests.retain(|_, rest| now.duration_since(rest.since) < rest.done.rest());
        let undone = self.rests.values().filter(|rest| rest.done == Done::Unchanged).count();
        let free = self.free().saturating_sub(number(self.kept.len()));
        if free == 0 || undone >= UNDONE_MAX {
            return None;
        }
        let mut held: HashMap<Tenant, (u32, u32)> = HashMap::new();
        for one in self.running.values().chain(&self.kept) {
            let of = held.entry(one.tenant).or_default();
            *of = (of.0 + 1, of.1 + 1);
        }
        for rest in self.rests.values().filter(|rest| matches!(rest.done, Done::Unchanged | Done::Waits)) {
            held.entry(rest.tenant).or_default().1 += 1;
        }
        let also = |due: u32| if self.exclusive { due } else { 0 };
        let room = |(running, due): (u32, u32)| match self.share.each.saturating_sub(running) {
            0 => 0,
            left => left + also(due),
        };
        let all: u32 = held.values().map(|(_, due)| *due).sum();
        let rooms = held.into_iter().map(|(tenant, of)| (tenant, room(of))).collect();
        Some(FairAsk { work: WorkAsk { limit: free + also(all), ..work }, each: self.share.each, rooms })
    }

    /// Of what was found, or is kept from before, what can be begun now: it is not in hand, does not rest, and has a place. What
    /// cannot is kept where nobody else is given it; else it is found again.
    pub(crate) fn fresh(&mut self, found: Vec<Located>) -> Vec<Located> {
        let mut busy: HashSet<Key> = self.running.values().map(key).chain(self.rests.keys().copied()).collect();
        let mut held: HashMap<Tenant, u32> = HashMap::new();
        for one in self.running.values() {
            *held.entry(one.tenant).or_default() += 1;
        }
        let (mut free, mut begun, mut waits) = (self.free(), Vec::new(), HashSet::new());
        for one in std::mem::take(&mut self.kept).into_iter().chain(found) {
            let of = held.entry(one.tenant).or_default();
            if free > 0 && *of < self.share.each && !busy.contains(&key(&one)) {
                (free, *of) = (free - 1, *of + 1);
                busy.insert(key(&one));
                begun.push(one);
            } else if !self.exclusive && waits.insert(key(&one)) {
                self.kept.push_back(one);
            }
        }
        begun
    }

    /// True while something waits for a place.
    pub(crate) fn keeps_some(&self) -> bool {
        !self.kept.is_empty()
    }

    /// So much time has passed that what is kept need not rest any more.
    pub(crate) fn rested(&mut self) {
        for one in &self.kept {
            self.rests.remove(&key(one));
        }
    }

    pub(crate) fn begin(&mut self, task: T, one: Located) {
        self.running.insert(task, one);
    }

    pub(crate) fn end(&mut self, task: &T, done: Done, now: Timestamp) {
        if let Some(one) = self.running.remove(task) {
            self.rests.insert(key(&one), Rest { tenant: one.tenant, since: now, done });
        }
    }

    /// Ends what may be begun again at once.
    pub(crate) fn leave(&mut self, task: &T) {
        self.running.remove(task);
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};
    use lendport_testkit::SeededIds;

    use super::*;

    const SHARE: Share = Share { all: 6, each: 2 };

    fn work(second: i64) -> WorkAsk {
        let now = Timestamp::from_second(second).unwrap();
        WorkAsk { now, until: now, limit: 99 }
    }

    fn tenant(number: u8) -> Tenant {
        Tenant { merchant: MerchantId::of_bytes([number; 16]), mode: Mode::Test }
    }

    fn due(ids: &SeededIds, whose: u8) -> Located {
        Located { tenant: tenant(whose), checkout: CheckoutId::mint(ids), attempt: Some(AttemptId::mint(ids)) }
    }

    #[test]
    fn a_tenant_with_its_share_in_hand_is_passed_over_and_the_rest_is_for_others() {
        let (ids, mut hand) = (SeededIds::new(1), InHand::new(SHARE, false));
        let ask = hand.ask(work(0), work(0).now).unwrap();
        assert_eq!((ask.work.limit, ask.each, ask.rooms.len()), (6, 2, 0));
        for (task, whose) in [(1, 1), (2, 1), (3, 2)] {
            hand.begin(task, due(&ids, whose));
        }
        let mut ask = hand.ask(work(0), work(0).now).unwrap();
        ask.rooms.sort_by_key(|(tenant, _)| tenant.merchant.to_string());
        assert_eq!((ask.work.limit, ask.rooms), (3, vec![(tenant(1), 0), (tenant(2), 1)]));
        for task in 4..7 {
            hand.begin(task, due(&ids, 3));
        }
        assert!(hand.ask(work(0), work(0).now).is_none() && !hand.has_room());
        hand.end(&4, Done::Counted, work(0).now);
        assert!(
            hand.ask(work(0), work(0).now).is_some() && !hand.has_room(),
            "one place of six is worth no question at once"
        );
    }

    #[test]
    fn where_nobody_else_works_what_is_in_hand_is_asked_for_too_and_passed_over() {
        let (ids, mut hand) = (SeededIds::new(1), InHand::new(SHARE, true));
        let (one, two, three) = (due(&ids, 1), due(&ids, 1), due(&ids, 1));
        hand.begin(1, one.clone());
        let ask = hand.ask(work(0), work(0).now).unwrap();
        assert_eq!((ask.work.limit, ask.rooms), (6, vec![(tenant(1), 2)]), "one in hand, and one more");
        assert_eq!(hand.fresh(vec![one.clone(), two.clone()]), std::slice::from_ref(&two));
        hand.end(&1, Done::Unchanged, work(0).now);
        let ask = hand.ask(work(0), work(0).now).unwrap();
        assert_eq!((ask.work.limit, ask.rooms), (7, vec![(tenant(1), 3)]), "it is due still");
        assert_eq!(hand.fresh(vec![one.clone(), two.clone(), three]).len(), 2);
        // After a while it has another turn.
        hand.ask(work(1), work(1).now).unwrap();
        assert_eq!(hand.fresh(vec![one.clone()]), [one]);
        hand.begin(2, two.clone());
        hand.end(&2, Done::Changed, work(1).now);
        assert_eq!(hand.ask(work(1), work(1).now).unwrap().rooms, [], "what is due later takes no room");
        assert_eq!(hand.fresh(vec![two]), []);
    }

    #[test]
    fn what_is_handed_out_again_while_it_is_in_hand_is_done_after_it_and_takes_a_place() {
        let (ids, mut hand) = (SeededIds::new(1), InHand::new(SHARE, false));
        let (one, two) = (due(&ids, 1), due(&ids, 1));
        assert_eq!(hand.fresh(vec![one.clone()]), std::slice::from_ref(&one));
        hand.begin(1, one.clone());
        for _ in 0..2 {
            assert_eq!(hand.fresh(vec![one.clone()]), []);
        }
        let ask = hand.ask(work(0), work(0).now).unwrap();
        assert_eq!((ask.work.limit, ask.rooms), (4, vec![(tenant(1), 0)]), "one in hand, and it once more");
        hand.end(&1, Done::Counted, work(0).now);
        assert_eq!((hand.fresh(Vec::new()), hand.keeps_some()), (Vec::new(), true), "it rests");
        hand.ask(work(1), work(1).now).unwrap();
        assert_eq!((hand.fresh(Vec::new()), hand.keeps_some()), (vec![one.clone()], false));
        hand.begin(2, one.clone());
        hand.begin(3, two);
        assert_eq!(hand.fresh(vec![due(&ids, 1), due(&ids, 2)]).len(), 1, "the first one's tenant has its share");
        hand.leave(&3);
        assert_eq!(hand.fresh(vec![one.clone()]).len(), 1, "a place is free, and it was kept");
        hand.end(&2, Done::Counted, work(1).now);
        assert_eq!(hand.fresh(Vec::new()), []);
        hand.rested();
        assert_eq!(hand.fresh(Vec::new()), [one]);
    }

    #[test]
    fn where_nothing_can_be_done_no_more_is_asked_for() {
        let (ids, mut hand) = (SeededIds::new(1), InHand::new(SHARE, true));
        for task in 0..UNDONE_MAX {
            assert!(hand.ask(work(0), work(0).now).is_some());
            hand.begin(task, due(&ids, 1));
            hand.end(&task, Done::Unchanged, work(0).now);
        }
        assert!(hand.ask(work(0), work(0).now).is_none());
        assert!(hand.ask(work(1), work(1).now).is_some());
    }

    #[test]
    fn what_waits_for_a_financer_leaves_its_turn_to_what_is_due_after_it() {
        let (ids, mut hand) = (SeededIds::new(1), InHand::new(SHARE, true));
        let waits: Vec<_> = (0..2 * UNDONE_MAX).map(|_| due(&ids, 1)).collect();
        for (task, one) in waits.iter().enumerate() {
            hand.begin(task, one.clone());
            hand.end(&task, Done::Waits, work(0).now);
        }
        let after = due(&ids, 1);
        for second in [0, 59] {
            let ask = hand.ask(work(second), work(second).now).unwrap();
            assert_eq!((ask.work.limit, ask.rooms), (406, vec![(tenant(1), 402)]), "they are due still");
            let found = waits.iter().chain([&after]).cloned().collect();
            assert_eq!(hand.fresh(found), std::slice::from_ref(&after));
        }
        hand.ask(work(60), work(60).now).unwrap();
        assert_eq!(hand.fresh(waits.clone()), waits[..2]);
    }
}
