//! When a provider is asked again, and when its silence is worth telling.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    Ability, Attempt, AttemptState, Checkout, FinancingProvider, IdSource, ProviderId, Support, SweepPlan,
};

use crate::upkeep::UpkeepSettings;

/// A deadline of the provider's may have passed there a little later than here.
const AFTER_DEADLINE: SignedDuration = SignedDuration::from_mins(5);
/// Longest pause while a customer may still pay for what was canceled here.
const WATCH_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// So long after its end is such a page watched, where the provider does not say that it has ended.
const WATCHED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So long after it was left open here is what a customer may still sign looked at, first after an hour, then every so often.
const SIGNED_LATE_FOR: SignedDuration = SignedDuration::from_hours(24);
const FIRST_LATE_LOOK_S: u32 = 3_600;
const LATE_LOOKS_S: u32 = 6 * 3_600;
/// So long after an attempt changed last is it read back without a notice.
const RECONCILED_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);

/// What is known of the providers and of the pauses between two questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Polling {
    readable: BTreeSet<ProviderId>,
    findable: BTreeSet<ProviderId>,
    pushing: BTreeSet<ProviderId>,
    finalizing: BTreeSet<ProviderId>,
    ending: BTreeSet<ProviderId>,
    reconcile: BTreeMap<ProviderId, &'static [(AttemptState, u32)]>,
    pauses: BTreeMap<ProviderId, &'static [(AttemptState, &'static [u32])]>,
    sweeps: BTreeMap<ProviderId, SweepPlan>,
    pauses_s: Vec<u32>,
    silent_after: SignedDuration,
}

/// What is open about an attempt beside its own row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenMatters {
    /// The outcome of a command to the provider is not known.
    pub(crate) unsettled: bool,
    /// The customer paid for what was canceled here, and it is not undone yet.
    pub(crate) unwanted: bool,
    /// The customer committed to it too late, and it is not settled yet.
    pub(crate) late: bool,
    /// So it is, and the checkout's profile has such a one undone without a person.
    pub(crate) undone_by_policy: bool,
}

impl Polling {
    pub(crate) fn new(providers: &BTreeMap<ProviderId, Arc<dyn FinancingProvider>>, settings: &UpkeepSettings) -> Self {
        let native = |ability: Ability| -> BTreeSet<ProviderId> {
            let has =
                |provider: &dyn FinancingProvider| provider.descriptor().capability(ability).support == Support::Native;
            providers.iter().filter(|(_, provider)| has(provider.as_ref())).map(|(id, _)| id.clone()).collect()
        };
        let having = |ability: Ability| -> BTreeSet<ProviderId> {
            let has = |provider: &dyn FinancingProvider| provider.descriptor().require(ability).is_ok();
            providers.iter().filter(|(_, provider)| has(provider.as_ref())).map(|(id, _)| id.clone()).collect()
        };
        let reconcile = providers.iter().map(|(id, provider)| (id.clone(), provider.descriptor().reconcile));
        let pauses = providers.iter().map(|(id, provider)| (id.clone(), provider.descriptor().pauses));
        let sweeps = providers.iter().filter_map(|(id, provider)| Some((id.clone(), provider.descriptor().sweep?)));
        Self {
            readable: native(Ability::Retrieve),
            findable: native(Ability::Find),
            pushing: native(Ability::Notifications),
            finalizing: having(Ability::Finalize),
            ending: having(Ability::CancelFull),
            reconcile: reconcile.collect(),
            pauses: pauses.collect(),
            sweeps: sweeps.collect(),
            pauses_s: settings.poll_pauses_s.clone(),
            silent_after: SignedDuration::from_hours(i64::from(settings.silent_after_hours)),
        }
    }

    /// True when the provider can be asked about this attempt: by its own id, or by ours where it gave none yet.
    pub(crate) fn can_ask(&self, attempt: &Attempt) -> bool {
        let way = if attempt.reference.is_some() { &self.readable } else { &self.findable };
        way.contains(&attempt.provider)
    }

    /// True when nothing but a look tells how the attempt stands, so that there is a last one before it expires here.
    pub(crate) fn is_asked_last(&self, attempt: &Attempt) -> bool {
        attempt.state.may_expire() && self.can_ask(attempt) && !self.pushing.contains(&attempt.provider)
    }

    /// True when the provider tells of changes by itself.
    pub(crate) fn sends_notices(&self, provider: &ProviderId) -> bool {
        self.pushing.contains(provider)
    }

    /// How the provider's list is read, where there is one.
    pub(crate) fn sweep_plan(&self, provider: &ProviderId) -> Option<SweepPlan> {
        self.sweeps.get(provider).copied()
    }

    /// True when an answer is due from the provider itself, so that its silence says something.
    pub(crate) fn owes_an_answer(attempt: &Attempt) -> bool {
        use AttemptState::{Indeterminate, Preapproved, UnderReview};
        matches!(attempt.state, Indeterminate | UnderReview | Preapproved) || attempt.review_open
    }

    /// When to look at the attempt next; none when nothing is due from the provider.
    pub(crate) fn next(
        &self,
        attempt: &Attempt,
        checkout: &Checkout,
        open: OpenMatters,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Option<Timestamp> {
        let question = self.question(attempt, open, now, ids);
        let watch = self.watch(attempt, checkout, now, ids);
        let late = self.signed_late(attempt, now, ids);
        let reconciliation = self.reconciliation(attempt, now, ids);
        let telling = attempt.untold_deadline().filter(|deadline| now < deadline.at);
        let telling = telling.map(|deadline| deadline.told_from.max(now));
        [question, watch, late, reconciliation, telling].into_iter().flatten().min()
    }

    /// What the provider owes, or may have to say.
    fn question(&self, attempt: &Attempt, open: OpenMatters, now: Timestamp, ids: &dyn IdSource) -> Option<Timestamp> {
        let owes = Self::owes_an_answer(attempt);
        // A provider that pushes says when the customer has acted, and not where the customer can act.
        let heard = self.pushing.contains(&attempt.provider) && attempt.next_action.is_some();
        let waits_unheard = attempt.state == AttemptState::AwaitingCustomer && !heard;
        // A commitment whose amount nobody named. Not every provider names it, so it is asked so many times only.
        let unnamed = attempt.state.is_committed() && attempt.amount_echoed.is_none() && !attempt.amount_accepted;
        let names = unnamed && usize::try_from(attempt.polls).is_ok_and(|polls| polls < self.pauses_s.len());
        let unsettled = (open.unsettled || attempt.awaited.is_some()) && !attempt.state.is_over();
        // What was signed is confirmed by whoever looks.
        let signed = attempt.state == AttemptState::AwaitingMerchant && self.finalizing.contains(&attempt.provider);
        let passed = attempt.deadline().map(|deadline| after(deadline.at, AFTER_DEADLINE));
        let overdue = passed.is_some_and(|passed| passed <= now);
        let late = open.late && attempt.is_signed_in_vain() && self.finalizing.contains(&attempt.provider);
        // Whoever looks has it undone, also where an earlier one died before that.
        let undone = open.undone_by_policy && self.ending.contains(&attempt.provider);
        let waits = owes || waits_unheard || signed || names || unsettled || open.unwanted || late || undone || overdue;
        let can_ask = self.can_ask(attempt);
        let pause = match (can_ask && waits, owes) {
            (true, _) => Some(after(now, self.pause_of(attempt, ids))),
            (false, true) => Some(after(now, self.silent_after)),
            (false, false) => None,
        };
        pause.into_iter().chain(passed.filter(|_| can_ask && !overdue)).min()
    }

    /// A page that was canceled here only is watched until it has ended at the provider, so that nobody pays unseen; one that
    /// was left for another financer less often, and until it should have ended: its provider tells of a payment by itself,
    /// unless the notice is lost.
    fn watch(&self, attempt: &Attempt, checkout: &Checkout, now: Timestamp, ids: &dyn IdSource) -> Option<Timestamp> {
        let left = attempt.is_left() && self.pushing.contains(&attempt.provider);
        if !(attempt.is_canceled_locally() || left) || !self.can_ask(attempt) {
            return None;
        }
        let ends = after(attempt.expires_at.unwrap_or(checkout.expires_at), AFTER_DEADLINE);
        let pause = self.pause(attempt.polls, ids);
        match now < ends {
            _ if left => Some(after(now, pause).min(ends)).filter(|_| now < ends),
            true => Some(after(now, pause.min(WATCH_PAUSE)).min(ends)),
            false => Some(after(now, pause)).filter(|_| now < after(ends, WATCHED_FOR)),
        }
    }

    /// The provider's page may have been open when it ended here, and nobody tells what was signed there: a list need not
    /// show it.
    fn signed_late(&self, attempt: &Attempt, now: Timestamp, ids: &dyn IdSource) -> Option<Timestamp> {
        let unheard = self.finalizing.contains(&attempt.provider) && !self.pushing.contains(&attempt.provider);
        if !unheard || !attempt.is_left_open() || !self.can_ask(attempt) {
            return None;
        }
        let pause = if attempt.polls <= 1 { FIRST_LATE_LOOK_S } else { LATE_LOOKS_S };
        let next = after(now, vary(pause, ids));
        Some(next).filter(|at| *at < after(attempt.updated_at, SIGNED_LATE_FOR))
    }

    /// A notice may have been lost.
    fn reconciliation(&self, attempt: &Attempt, now: Timestamp, ids: &dyn IdSource) -> Option<Timestamp> {
        let table = self.reconcile.get(&attempt.provider).filter(|_| self.can_ask(attempt))?;
        let (_, seconds) = table.iter().find(|(state, _)| *state == attempt.state)?;
        let young = now < after(attempt.updated_at, RECONCILED_FOR);
        young.then(|| after(now, vary(*seconds, ids)))
    }

    /// The pause after a look that brought nothing new, by the attempt's state.
    fn pause_of(&self, attempt: &Attempt, ids: &dyn IdSource) -> SignedDuration {
        let table = self.pauses.get(&attempt.provider).copied().unwrap_or_default();
        match table.iter().find(|(state, _)| *state == attempt.state) {
            Some((_, pauses)) => nth(pauses, attempt.polls, ids),
            None => self.pause(attempt.polls, ids),
        }
    }

    /// The pause after so many questions without news, a fifth more or less, so that replicas do not march in step.
    pub(crate) fn pause(&self, polls: u32, ids: &dyn IdSource) -> SignedDuration {
        nth(&self.pauses_s, polls, ids)
    }
}

fn nth(pauses: &[u32], polls: u32, ids: &dyn IdSource) -> SignedDuration {
    let at = usize::try_from(polls).unwrap_or(usize::MAX).min(pauses.len().saturating_sub(1));
    vary(pauses.get(at).copied().unwrap_or(3_600), ids)
}

/// So many seconds, a fifth more or less.
pub(crate) fn vary(seconds: u32, ids: &dyn IdSource) -> SignedDuration {
    // Random bits of a UUIDv7 are at its end.
    let jitter = i64::try_from(ids.uuid().as_u128() % 401).unwrap_or(200);
    SignedDuration::from_millis(i64::from(seconds.max(1)).saturating_mul(800 + jitter))
}

pub(crate) fn after(moment: Timestamp, wait: SignedDuration) -> Timestamp {
    moment.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn pauses_grow_to_the_last_and_vary_by_a_fifth() {
        let polling = Polling { pauses_s: vec![5, 30, 600], ..Polling::default() };
        for (polls, seconds) in [(0, 5), (1, 30), (2, 600), (3, 600), (u32::MAX, 600)] {
            let ids = SeededIds::new(u64::from(polls));
            for _ in 0..100 {
                let pause = polling.pause(polls, &ids).as_millis();
                assert!((seconds * 800..=seconds * 1_200).contains(&pause), "{pause} ms after {polls}");
            }
        }
    }
}
