//! Everything that can happen next in a state: to whom, and what is said. Financers may say anything at any time, true or not.

use lendport_core::routing::{Follow, LateApproval, Policies};
use lendport_core::{AttemptState, Choice};

use super::financer::{Answer, KINDS};
use super::world::Point;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// The merchant starts a financer.
    Start { kind: usize },
    /// The customer chooses one; the page that is left is asked first and says `look`.
    Choose { kind: usize, look: AttemptState },
    /// The same, answered before anything else happens.
    Open { kind: usize, answer: Answer },
    /// Whoever is to follow by itself is started.
    Follow,
    /// A create that is under way is answered.
    Answer { number: u32, answer: Answer },
    /// The process that sent a create died.
    Interrupted { number: u32 },
    /// A financer pushes.
    Push { number: u32, state: AttemptState },
    /// A financer is asked. What is sent because of that ends like `then`; `meanwhile` another one pushes its yes.
    Look { number: u32, state: AttemptState, then: Answer, meanwhile: Option<u32> },
    /// A worker's whole turn: the same as a look, and the profile's policy for late approvals after it.
    Turn { number: u32, state: AttemptState, then: Answer },
    /// The merchant cancels; before the answer comes `meanwhile` pushes its yes, or its no.
    Cancel { answer: Answer, meanwhile: Option<(u32, AttemptState)> },
    /// The merchant gives everything back.
    Refund { answer: Answer },
    /// Our own deadline passes; a financer that is asked last says `look`.
    Deadline { look: AttemptState },
    /// A person settles the n-th open item.
    Settle { item: usize, choice: Choice },
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Signals one after the other at most.
    pub(super) depth: usize,
    /// What financers push.
    pub(super) pushes: &'static [AttemptState],
    /// What they say when they are asked.
    pub(super) looks: &'static [AttemptState],
    /// How creates are answered.
    pub(super) creates: &'static [Answer],
    /// How commands end.
    pub(super) commands: &'static [Answer],
    /// True when creates are answered before anything else happens.
    pub(super) at_once: bool,
    /// True where the policy starts the next financer.
    pub(super) by_itself: bool,
    /// True where the policy has late approvals undone.
    pub(super) unwinds: bool,
    /// So many different states at least: fewer would mean that something is not tried any more.
    pub(super) states: usize,
    /// The attempts there may be: each with one of these financers.
    pub(super) attempts: &'static [&'static [usize]],
}

impl Scope {
    /// The checkout's policies.
    pub(super) fn policies(&self) -> Option<Policies> {
        let follow = if self.by_itself { Follow::Automatic } else { Policies::default().after_decline };
        let late_approval = if self.unwinds { LateApproval::Unwind } else { Policies::default().late_approval };
        let (after_decline, after_expiry, after_failure) = (follow, follow, follow);
        let policies = Policies { after_decline, after_expiry, after_failure, late_approval };
        (self.by_itself || self.unwinds).then_some(policies)
    }

    /// What can happen next.
    pub(super) fn signals(&self, at: &Point) -> Vec<Signal> {
        let mut all = Vec::new();
        let record = &at.rows.record;
        let started = record.attempts.len();
        let kind_of =
            |provider: &lendport_core::ProviderId| KINDS.iter().position(|kind| kind.id == provider.as_str()).unwrap();
        let asked = |kind: usize| kind != 0;
        if let Some(kinds) = self.attempts.get(started) {
            for kind in kinds.iter().copied() {
                if self.at_once {
                    all.extend(self.creates.iter().map(|answer| Signal::Open { kind, answer: *answer }));
                    continue;
                }
                all.push(Signal::Start { kind });
                all.push(Signal::Choose { kind, look: AttemptState::AwaitingCustomer });
                let left = record.attempts.last().map(|latest| kind_of(&latest.provider));
                if left.is_some_and(asked) {
                    all.push(Signal::Choose { kind, look: AttemptState::Authorized });
                }
                if left == Some(2) && self.looks.contains(&AttemptState::AwaitingMerchant) {
                    all.push(Signal::Choose { kind, look: AttemptState::AwaitingMerchant });
                }
            }
        }
        if self.by_itself {
            all.push(Signal::Follow);
        }
        for start in &at.under_way {
            let number = start.attempt.number;
            all.extend(self.creates.iter().map(|answer| Signal::Answer { number, answer: *answer }));
            let state = record.attempt(start.attempt.id).unwrap().state;
            if state == AttemptState::Initiating {
                all.push(Signal::Interrupted { number });
            }
        }
        let pushers = || record.attempts.iter().filter(|one| kind_of(&one.provider) != 2).map(|one| one.number);
        for attempt in &record.attempts {
            let (number, kind) = (attempt.number, kind_of(&attempt.provider));
            if kind != 2 {
                all.extend(self.pushes.iter().map(|state| Signal::Push { number, state: *state }));
            }
            if asked(kind) {
                self.looks_at(number, kind, attempt.is_canceled_locally(), pushers(), &mut all);
            }
        }
        if let Some(leading) = record.leading_attempt().filter(|leading| asked(kind_of(&leading.provider))) {
            for answer in self.commands {
                all.push(Signal::Cancel { answer: *answer, meanwhile: None });
                let told = |number, state| Signal::Cancel { answer: *answer, meanwhile: Some((number, state)) };
                all.extend(pushers().map(|number| told(number, AttemptState::Authorized)));
                if self.by_itself {
                    all.extend(pushers().map(|number| told(number, AttemptState::Declined)));
                }
                if !matches!(answer, Answer::Locally | Answer::Over) && kind_of(&leading.provider) == 1 {
                    all.push(Signal::Refund { answer: *answer });
                }
            }
        }
        all.push(Signal::Deadline { look: AttemptState::AwaitingCustomer });
        if record.attempts.iter().any(|one| kind_of(&one.provider) == 2) {
            all.push(Signal::Deadline { look: AttemptState::AwaitingMerchant });
        }
        for (item, open) in at.rows.open_items().enumerate() {
            let state = record.attempt(open.attempt).unwrap().state;
            all.extend(open.kind.choices_in(state).iter().map(|choice| Signal::Settle { item, choice: *choice }));
        }
        all
    }

    fn looks_at(
        &self,
        number: u32,
        kind: usize,
        canceled: bool,
        pushers: impl Iterator<Item = u32>,
        all: &mut Vec<Signal>,
    ) {
        let others: Vec<_> = pushers.filter(|other| *other != number).map(Some).collect();
        for state in self.looks.iter().copied().filter(|state| kind == 2 || *state != AttemptState::AwaitingMerchant) {
            let look = |then, meanwhile| Signal::Look { number, state, then, meanwhile };
            all.push(look(Answer::Done, None));
            if self.unwinds {
                all.push(Signal::Turn { number, state, then: Answer::Done });
            }
            let binds = matches!(state, AttemptState::Authorized | AttemptState::Captured);
            if state == AttemptState::AwaitingMerchant || binds && canceled {
                all.push(look(Answer::Unknown, None));
                all.push(look(Answer::Refused, None));
                all.extend(others.iter().map(|other| look(Answer::Done, *other)));
            }
        }
    }
}
