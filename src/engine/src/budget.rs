//! How many looks an account may take in a minute, so that a provider is not asked more than it bears, however many checkouts
//! are open. A look that takes several calls counts as so many. Commands are not counted and never wait.
//!
//! A look beyond the budget gets a moment of its own, after those that wait already: the wait is as long as the queue, and
//! nobody is passed over. A quarter of the budget is for looks that somebody waits for. The count is this process's: replicas
//! share a budget by each having its part of it, and a process that starts anew counts from nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, AttemptId, ProviderId};
use lendport_storage::Tenant;

use crate::polling::after;

/// Who comes so much later than at its moment has lost it.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// Longer than a minute by that: looks that all come late by that are within one minute no more than the budget.
const WINDOW: SignedDuration = SignedDuration::from_secs(65);
/// The smallest budget that can be divided.
const LEAST: usize = 8;
/// Moments kept before those that nobody came for are forgotten.
const KEPT: usize = 64;

/// An account.
pub(crate) type AccountKey = (Tenant, ProviderId);

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Looker {
    /// At an attempt.
    Attempt(AttemptId),
    /// At the account's list.
    List,
}

/// Whether somebody waits for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Haste {
    /// There may be news, or there was a moment ago.
    Urgent,
    /// The last look brought nothing.
    Routine,
}

impl Haste {
    /// How it is with an attempt that is due.
    pub(crate) fn of(attempt: &Attempt) -> Self {
        if attempt.polls == 0 { Self::Urgent } else { Self::Routine }
    }
}

/// The budgets of all accounts.
#[derive(Debug)]
pub(crate) struct Budget {
    per_minute: usize,
    accounts: Mutex<HashMap<AccountKey, Lanes>>,
}

#[derive(Debug)]
struct Lanes {
    urgent: Lane,
    routine: Lane,
    waiting: HashMap<Looker, Timestamp>,
    forget_at: usize,
}

/// The latest moments that were given away, in order.
#[derive(Debug)]
struct Lane {
    limit: usize,
    given: VecDeque<Timestamp>,
}

impl Budget {
    /// So many looks in a minute for each account; 0 means no limit.
    pub(crate) fn new(per_minute: u32) -> Self {
        let per_minute = usize::try_from(per_minute).unwrap_or(usize::MAX);
        Self { per_minute: if per_minute == 0 { 0 } else { per_minute.max(LEAST) }, accounts: Mutex::default() }
    }

    /// Counts a look of so many calls, or says when to come again: that moment is kept.
    pub(crate) fn admit(
        &self,
        account: &AccountKey,
        looker: Looker,
        (haste, calls): (Haste, usize),
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        if self.per_minute == 0 {
            return Ok(());
        }
        self.with(account, |lanes| lanes.admit(looker, (haste, calls), now))
    }

    /// Counts a look, or says that there is no room now: nothing is kept for whoever asks again by itself.
    pub(crate) fn has_room(&self, account: &AccountKey, calls: usize, now: Timestamp) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        self.with(account, |lanes| {
            let (lane, at) = lanes.next((Haste::Urgent, calls), now);
            if at <= now {
                lanes.lane(lane).give(at, calls);
            }
            at <= now
        })
    }

    fn with<T>(&self, account: &AccountKey, work: impl FnOnce(&mut Lanes) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        work(accounts.entry(account.clone()).or_insert_with(|| Lanes::of(self.per_minute)))
    }
}

impl Lanes {
    fn of(per_minute: usize) -> Self {
        let urgent = (per_minute / 4).max(1);
        let lane = |limit| Lane { limit, given: VecDeque::new() };
        Self { urgent: lane(urgent), routine: lane(per_minute - urgent), waiting: HashMap::new(), forget_at: KEPT }
    }

    fn admit(&mut self, looker: Looker, ask: (Haste, usize), now: Timestamp) -> Result<(), Timestamp> {
        if let Some(own) = self.waiting.remove(&looker) {
            if own > now {
                // It was woken before its moment, which stays its own unless a better one is free.
                return self.earlier(looker, own, ask, now);
            }
            if now <= after(own, LATE) {
                return Ok(());
            }
        }
        let (lane, at) = self.next(ask, now);
        self.lane(lane).give(at, ask.1);
        if at <= now {
            return Ok(());
        }
        self.wait(looker, at, now);
        Err(at)
    }

    /// A moment before `own`, where there is one. The own one is left unused then.
    fn earlier(
        &mut self,
        looker: Looker,
        own: Timestamp,
        ask: (Haste, usize),
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let (lane, at) = self.next(ask, now);
        let at = if at < own {
            self.lane(lane).give(at, ask.1);
            at
        } else {
            own
        };
        if at <= now {
            return Ok(());
        }
        self.wait(looker, at, now);
        Err(at)
    }

    /// The next free moment, and whose it is.
    fn next(&self, (haste, calls): (Haste, usize), now: Timestamp) -> (Haste, Timestamp) {
        let routine = self.routine.free_at(calls, now);
        match haste {
            Haste::Routine => (Haste::Routine, routine),
            Haste::Urgent => {
                let urgent = self.urgent.free_at(calls, now);
                if urgent <= routine { (Haste::Urgent, urgent) } else { (Haste::Routine, routine) }
            }
        }
    }

    fn lane(&mut self, haste: Haste) -> &mut Lane {
        match haste {
            Haste::Urgent => &mut self.urgent,
            Haste::Routine => &mut self.routine,
        }
    }

    fn wait(&mut self, looker: Looker, at: Timestamp, now: Timestamp) {
        if self.waiting.len() >= self.forget_at {
            self.waiting.retain(|_, own| after(*own, LATE) >= now);
            self.forget_at = (self.waiting.len() * 2).max(KEPT);
        }
        self.waiting.insert(looker, at);
    }
}

impl Lane {
    /// When so many calls are free. More than there are in a minute count as all of them.
    fn free_at(&self, calls: usize, now: Timestamp) -> Timestamp {
        // Of the latest, so many may still count beside them.
        let beside = self.limit.saturating_sub(calls.max(1));
        let past = self.given.len().checked_sub(beside + 1).and_then(|place| self.given.get(place));
        match past {
            Some(past) => after(*past, WINDOW).max(now),
            None => self.given.back().copied().map_or(now, |last| last.max(now)),
        }
    }

    fn give(&mut self, at: Timestamp, calls: usize) {
        self.given.extend(std::iter::repeat_n(at, calls.clamp(1, self.limit)));
        while self.given.len() > self.limit {
            self.given.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        START + SignedDuration::from_millis(ms)
    }

    fn account(ids: &SeededIds) -> AccountKey {
        let tenant = Tenant { merchant: MerchantId::mint(ids), mode: Mode::Test };
        (tenant, ProviderId::parse("made_up").unwrap())
    }

    #[test]
    fn without_a_budget_nobody_waits() {
        let (ids, budget) = (SeededIds::new(1), Budget::new(0));
        let account = account(&ids);
        for _ in 0..1_000 {
            assert_eq!(
                budget.admit(&account, Looker::Attempt(AttemptId::mint(&ids)), (Haste::Routine, 1), at(0)),
                Ok(())
            );
        }
    }

    #[test]
    fn who_waits_gets_a_moment_in_the_order_of_coming_and_keeps_it() {
        let (ids, budget) = (SeededIds::new(1), Budget::new(8));
        let merchant = account(&ids);
        let lookers: Vec<_> = (0..20).map(|_| Looker::Attempt(AttemptId::mint(&ids))).collect();
        let told: Vec<_> =
            lookers.iter().map(|one| budget.admit(&merchant, *one, (Haste::Routine, 1), at(0))).collect();
        // Two of the eight are for what is urgent.
        assert!(told[..6].iter().all(Result::is_ok));
        assert_eq!(
            told[6..],
            [[Err(at(65_000)); 6].as_slice(), &[Err(at(130_000)); 6], &[Err(at(195_000)); 2]].concat()
        );
        for urgent in [true, true, false] {
            let one = Looker::Attempt(AttemptId::mint(&ids));
            assert_eq!(budget.admit(&merchant, one, (Haste::Urgent, 1), at(1_000)).is_ok(), urgent);
        }
        // Nobody else takes it in between, and it is used once.
        let stranger = Looker::Attempt(AttemptId::mint(&ids));
        assert!(budget.admit(&merchant, stranger, (Haste::Routine, 1), at(65_000)).is_err());
        assert_eq!(budget.admit(&merchant, lookers[6], (Haste::Routine, 1), at(66_000)), Ok(()));
        assert!(budget.admit(&merchant, lookers[6], (Haste::Routine, 1), at(66_000)).is_err());
        // Who keeps no moment has none, and takes none from those who wait.
        assert!(budget.has_room(&merchant, 1, at(66_000)) && !budget.has_room(&merchant, 1, at(66_000)));
        // Another account has a budget of its own.
        let another = account(&ids);
        assert_eq!(budget.admit(&another, stranger, (Haste::Routine, 1), at(65_000)), Ok(()));
    }

    proptest! {
        /// Whatever comes when, and of however many calls: no minute has more of them than the budget, and everybody has its turn after those who came
        /// before.
        #[test]
        fn no_minute_has_more_than_the_budget_and_nobody_starves(
            arrivals in proptest::collection::vec((0_i64..2_000, any::<bool>(), 1_usize..=2), 1..120),
            per_minute in 8_u32..30, tick_ms in 200_i64..4_000,
        ) {
            let (ids, budget) = (SeededIds::new(1), Budget::new(per_minute));
            let account = account(&ids);
            let mut due: Vec<(Timestamp, Looker, (Haste, usize))> = Vec::new();
            let mut when = 0;
            for (gap, urgent, calls) in &arrivals {
                when += gap;
                let haste = if *urgent { Haste::Urgent } else { Haste::Routine };
                due.push((at(when), Looker::Attempt(AttemptId::mint(&ids)), (haste, *calls)));
            }
            let (mut looks, mut now) = (Vec::new(), 0);
            // As long as all of them take one after the other in the smaller lane.
            let end = when + 70_000 * (i64::try_from(arrivals.len()).unwrap() + 2);
            while !due.is_empty() && now < end {
                now += tick_ms;
                due.sort_by_key(|(at, ..)| *at);
                for (moment, looker, ask) in &mut due {
                    if *moment <= at(now) {
                        match budget.admit(&account, *looker, *ask, at(now)) {
                            Ok(()) => { looks.extend(std::iter::repeat_n(now, ask.1)); *moment = Timestamp::MAX; }
                            Err(later) => { prop_assert!(later > at(now)); *moment = later; }
                        }
                    }
                }
                due.retain(|(moment, ..)| *moment < Timestamp::MAX);
            }
            prop_assert!(due.is_empty(), "{} starved", due.len());
            for first in &looks {
                let inside = looks.iter().filter(|at| (*first..*first + 60_000).contains(*at)).count();
                prop_assert!(inside <= usize::try_from(per_minute).unwrap(), "{inside} calls in a minute");
            }
        }
    }
}
