//! When a provider is asked again, and when its silence is worth telling.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    Ability, Attempt, AttemptId, AttemptState, AttentionKind, FinancingProvider, IdSource, ProviderId, Support,
};

use crate::take_in::Draft;
use crate::upkeep::UpkeepSettings;

/// What is known of the providers and of the pauses between two questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Polling {
    readable: BTreeSet<ProviderId>,
    findable: BTreeSet<ProviderId>,
    pushing: BTreeSet<ProviderId>,
    pauses_s: Vec<u32>,
    silent_after: SignedDuration,
}

impl Polling {
    pub(crate) fn new(providers: &BTreeMap<ProviderId, Arc<dyn FinancingProvider>>, settings: &UpkeepSettings) -> Self {
        let native = |ability: Ability| -> BTreeSet<ProviderId> {
            let has =
                |provider: &dyn FinancingProvider| provider.descriptor().capability(ability).support == Support::Native;
            providers.iter().filter(|(_, provider)| has(provider.as_ref())).map(|(id, _)| id.clone()).collect()
        };
        Self {
            readable: native(Ability::Retrieve),
            findable: native(Ability::Find),
            pushing: native(Ability::Notifications),
            pauses_s: settings.poll_pauses_s.clone(),
            silent_after: SignedDuration::from_hours(i64::from(settings.silent_after_hours)),
        }
    }

    /// True when the provider can be asked about this attempt: by its own id, or by ours where it gave none yet.
    pub(crate) fn can_ask(&self, attempt: &Attempt) -> bool {
        let way = if attempt.reference.is_some() { &self.readable } else { &self.findable };
        way.contains(&attempt.provider)
    }

    /// True when an answer is due from the provider itself, so that its silence says something.
    pub(crate) fn owes_an_answer(state: AttemptState) -> bool {
        matches!(state, AttemptState::Indeterminate | AttemptState::UnderReview | AttemptState::Preapproved)
    }

    /// When to look at the attempt next; none when nothing is due from the provider. `unsettled` says that the outcome
    /// of a command to it is not known.
    pub(crate) fn next(
        &self,
        attempt: &Attempt,
        unsettled: bool,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Option<Timestamp> {
        let owes = Self::owes_an_answer(attempt.state);
        let waits_unheard =
            attempt.state == AttemptState::AwaitingCustomer && !self.pushing.contains(&attempt.provider);
        // A commitment whose amount nobody named. Not every provider names it, so it is asked so many times only.
        let unnamed = attempt.state.is_committed() && attempt.amount_echoed.is_none() && !attempt.amount_accepted;
        let names = unnamed && usize::try_from(attempt.polls).is_ok_and(|polls| polls < self.pauses_s.len());
        let asked = self.can_ask(attempt) && (owes || waits_unheard || names || unsettled && !attempt.state.is_over());
        let pause = match (asked, owes) {
            (true, _) => self.pause(attempt.polls, ids),
            (false, true) => self.silent_after,
            (false, false) => return None,
        };
        Some(now.saturating_add(pause).unwrap_or(Timestamp::MAX))
    }

    /// The pause after so many questions without news, a fifth more or less, so that replicas do not march in step.
    fn pause(&self, polls: u32, ids: &dyn IdSource) -> SignedDuration {
        let at = usize::try_from(polls).unwrap_or(usize::MAX).min(self.pauses_s.len().saturating_sub(1));
        let seconds = self.pauses_s.get(at).copied().unwrap_or(3_600).max(1);
        // Random bits of a UUIDv7 are at its end.
        let jitter = i64::try_from(ids.uuid().as_u128() % 401).unwrap_or(200);
        SignedDuration::from_millis(i64::from(seconds).saturating_mul(800 + jitter))
    }
}

impl Draft {
    /// There was news of the attempt: asking starts over.
    pub(crate) fn reschedule(&mut self, attempt: AttemptId) {
        self.schedule(attempt, 0);
    }

    /// Sets when the attempt is looked at next, after so many questions without news.
    pub(crate) fn schedule(&mut self, id: AttemptId, polls: u32) {
        let unsettled = self.is_open(id, AttentionKind::UnknownCommand);
        let tools = self.tools.clone();
        let now = tools.clock.steady();
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        let before = (attempt.polls, attempt.poll_at);
        attempt.polls = polls;
        attempt.poll_at = tools.polling.next(attempt, unsettled, now, tools.ids.as_ref());
        if attempt.poll_at.is_none() {
            attempt.polls = 0;
        }
        if before != (attempt.polls, attempt.poll_at) {
            self.scheduled.insert(id);
        }
    }

    /// An attempt that was looked at is not due any more, whatever the look brought.
    pub(crate) fn put_off(&mut self, id: AttemptId) {
        let now = self.tools.clock.steady();
        let due = self.record.attempt(id).filter(|known| known.poll_at.is_some_and(|at| at <= now));
        if let Some(polls) = due.map(|known| known.polls) {
            self.schedule(id, polls.saturating_add(1));
        }
    }

    /// A person wants the provider asked now, or its silence told anew.
    pub(crate) fn ask_again(&mut self, id: AttemptId) {
        let tools = self.tools.clone();
        let now = tools.clock.steady();
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        attempt.polls = 0;
        attempt.poll_at = match tools.polling.can_ask(attempt) && !attempt.state.is_over() {
            true => Some(now),
            false => tools.polling.next(attempt, false, now, tools.ids.as_ref()),
        };
        self.scheduled.insert(id);
    }

    /// Nothing more is due from the provider, or its silence was told.
    pub(crate) fn stop_asking(&mut self, id: AttemptId) {
        if let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) {
            (attempt.polls, attempt.poll_at) = (0, None);
            self.scheduled.insert(id);
        }
    }
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
