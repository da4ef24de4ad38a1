//! When an attempt is looked at next, as part of a change to its checkout.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AttemptId, AttemptState, AttentionKind};

use crate::error::EngineError;
use crate::polling::{OpenMatters, after};
use crate::take_in::Draft;

/// Looks that fail before what is over is left alone, about four days.
const FAILED_LOOKS_MAX: u32 = 20;
/// Longest wait that a provider can ask for.
const WAIT_MAX_S: u32 = 86_400;
/// The least that tells two moments apart in a row.
const TICK: SignedDuration = SignedDuration::from_micros(1);

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The provider answered with news: asking starts over.
    News,
    /// It answered nothing new.
    Answered,
    /// It did not, and may have said when to come again.
    Failed {
        /// Seconds.
        retry_after_s: Option<u32>,
    },
}

impl Draft {
    /// There was news of the attempt: asking starts over. A look that is due stays due: whatever asked for it may know
    /// more than this news.
    pub(crate) fn reschedule(&mut self, id: AttemptId) {
        let now = self.tools.clock.steady();
        let due = self.record.attempt(id).is_some_and(|known| {
            let can_be_asked = self.tools.polling.can_ask(known) || known.state == AttemptState::Initiating;
            known.poll_at.is_some_and(|at| at <= now) && can_be_asked
        });
        if !due {
            self.schedule(id, 0);
        }
    }

    /// Sets when the attempt is looked at next, after so many questions without news.
    pub(crate) fn schedule(&mut self, id: AttemptId, polls: u32) {
        let open = OpenMatters {
            unsettled: self.is_open(id, AttentionKind::UnknownCommand),
            unwanted: self.is_open(id, AttentionKind::PaidAfterCancel),
            late: self.is_open(id, AttentionKind::LateApproval),
            undone_by_policy: self.is_undone_by_policy(id),
        };
        let tools = self.tools.clone();
        let now = tools.clock.steady();
        let checkout = &self.record.checkout;
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        let before = (attempt.polls, attempt.poll_at);
        // Nobody waits for a look at what was left open, unless something asks for it.
        attempt.polls = if attempt.is_left_open() { polls.max(1) } else { polls };
        attempt.poll_at = tools.polling.next(attempt, checkout, open, now, tools.ids.as_ref());
        if attempt.poll_at.is_none() {
            attempt.polls = 0;
        }
        if before != (attempt.polls, attempt.poll_at) {
            self.scheduled.insert(id);
        }
    }

    /// An attempt that was looked at is not due any more. A look that failed is tried again, for whatever asked for it
    /// waits; so is one that came before the answer to create, which tells what there is to look at.
    pub(crate) fn put_off(&mut self, id: AttemptId, look: Look) {
        let now = self.tools.clock.steady();
        let Some(known) = self.record.attempt(id).filter(|known| known.poll_at.is_some_and(|at| at <= now)) else {
            return;
        };
        let polls = if look == Look::News { 0 } else { known.polls.saturating_add(1) };
        let state = known.state;
        self.schedule(id, polls);
        match look {
            Look::Failed { retry_after_s } => self.insist(id, polls, now, retry_after_s),
            Look::Answered if state == AttemptState::Initiating => self.insist(id, polls, now, None),
            Look::News | Look::Answered => {}
        }
    }

    fn insist(&mut self, id: AttemptId, polls: u32, now: Timestamp, retry_after_s: Option<u32>) {
        let pause = after(now, self.tools.polling.pause(polls, self.tools.ids.as_ref()));
        let wait = SignedDuration::from_secs(i64::from(retry_after_s.unwrap_or(0).min(WAIT_MAX_S)));
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        if attempt.poll_at.is_none() && attempt.state.is_over() && polls > FAILED_LOOKS_MAX {
            return;
        }
        let next = attempt.poll_at.map_or(pause, |at| at.min(pause));
        (attempt.polls, attempt.poll_at) = (polls, Some(next.max(after(now, wait))));
        self.scheduled.insert(id);
    }

    /// Something says that there is news at the provider: it is asked as soon as a worker comes, also about what is over.
    /// A look that began before this does not count for it: what was due already is due a tick earlier, which is another
    /// time for whoever looks, and not a later one on a clock that stands still.
    pub(crate) fn look_now(&mut self, id: AttemptId) {
        let now = self.tools.clock.steady();
        let tools = self.tools.clone();
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        if tools.polling.can_ask(attempt) || attempt.state == AttemptState::Initiating {
            let due = attempt.poll_at.filter(|at| *at <= now);
            let at = due.map_or(now, |at| at.saturating_sub(TICK).unwrap_or(at));
            (attempt.polls, attempt.poll_at) = (0, Some(at));
            self.scheduled.insert(id);
        }
    }

    /// A look that the budget has no room for waits for its moment; news that came meanwhile stand.
    pub(crate) fn wait_until(&mut self, id: AttemptId, due: Option<Timestamp>, at: Timestamp) {
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        if attempt.poll_at == due && due.is_some() {
            attempt.poll_at = Some(at);
            self.scheduled.insert(id);
        }
    }

    /// The attempt is looked at no later than at this moment.
    pub(crate) fn look_at(&mut self, id: AttemptId, at: Timestamp) {
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) else { return };
        if attempt.poll_at.is_none_or(|due| due > at) {
            attempt.poll_at = Some(at);
            self.scheduled.insert(id);
        }
    }

    /// A person wants the provider asked now, or its silence told anew.
    pub(crate) fn ask_again(&mut self, id: AttemptId) {
        let asked = |known: &&lendport_core::Attempt| self.tools.polling.can_ask(known) && !known.state.is_over();
        match self.record.attempt(id).filter(asked) {
            Some(_) => self.look_now(id),
            None => self.schedule(id, 0),
        }
    }

    /// Nothing more is due from the provider, or its silence was told.
    pub(crate) fn stop_asking(&mut self, id: AttemptId) {
        if let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) {
            (attempt.polls, attempt.poll_at) = (0, None);
            self.scheduled.insert(id);
        }
    }

    /// Keeps the deadlines that the provider names; what it does not name stays as it was.
    pub(crate) fn learn_deadlines(
        &mut self,
        id: AttemptId,
        expires_at: Option<Timestamp>,
        capture_by: Option<Timestamp>,
    ) {
        let Some(known) = self.record.attempt(id) else { return };
        let told = (expires_at.or(known.expires_at), capture_by.or(known.capture_by));
        if told != (known.expires_at, known.capture_by) {
            self.amend(id, |attempt| (attempt.expires_at, attempt.capture_by) = told);
        }
    }

    /// Tells the merchant of the deadline that comes, once. Says whether it did.
    pub(crate) fn tell_deadline(&mut self, id: AttemptId) -> Result<bool, EngineError> {
        // The clock that says when it is due.
        let now = self.tools.clock.steady();
        let untold = self.record.attempt(id).and_then(lendport_core::Attempt::untold_deadline);
        let Some(deadline) = untold.filter(|deadline| deadline.told_from <= now && now < deadline.at) else {
            return Ok(false);
        };
        self.amend(id, |attempt| attempt.deadline_told = Some(deadline.at));
        self.announce(&[deadline.event])?;
        Ok(true)
    }
}
