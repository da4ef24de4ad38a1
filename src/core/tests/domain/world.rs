//! One checkout as the engine keeps it: observations are put to `reduce`, and what it decides is applied.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use lendport_core::fence::Fence;
use lendport_core::{
    Attempt, AttemptState, CaptureMode, CheckoutId, Claim, Currency, Decision, Details, Dispute, Grade, IdSource,
    Ledger, LedgerEntry, LedgerKind, Money, Observation, ProviderId, Secret, Source, reduce, reduce::Move,
};
use proptest::prelude::ProptestConfig;
use uuid::Uuid;

/// What every attempt asks for, in cents.
pub(crate) const ASKED_CENTS: u64 = 142_000;

/// Ids that count.
pub(crate) struct Ids(AtomicU64);

impl IdSource for Ids {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }

    fn token(&self) -> Secret<String> {
        Secret::new(self.uuid().to_string())
    }
}

/// Amounts in cents of USD.
pub(crate) fn cents(minor: u64) -> Money {
    Money::from_minor(minor, Currency::USD).unwrap()
}

/// A fact before it has ids; attempts are counted from 0.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) attempt: usize,
    pub(crate) grade: Grade,
    pub(crate) claim: Claim,
    pub(crate) details: Details,
    pub(crate) key: String,
    /// Days since the beginning.
    pub(crate) day: i64,
}

impl Told {
    pub(crate) fn new(attempt: usize, grade: Grade, claim: Claim, key: impl Into<String>) -> Self {
        Self { attempt, grade, claim, details: Details::default(), key: key.into(), day: 0 }
    }

    /// The same with what is told beside the state.
    pub(crate) fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }
}

/// What one fact did.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) attempt: usize,
    pub(crate) before: AttemptState,
    pub(crate) after: AttemptState,
    pub(crate) fence: Fence,
    pub(crate) decision: Decision,
}

/// What one attempt's amounts have to be, in cents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// The sum a person accepted of the commitment that stands or comes next.
    pub(crate) accepted: Option<u64>,
    /// What the latest commitment is, or was, for; before one, what is asked for.
    pub(crate) stands_for: u64,
    /// The most it ever stood for.
    pub(crate) most: u64,
}

impl Expected {
    pub(crate) fn accept(&mut self, sum: u64, committed: bool) {
        self.accepted = Some(sum);
        self.most = self.most.max(sum);
        if committed {
            self.stands_for = sum;
        }
    }

    fn follow(&mut self, moved: &Move) {
        if !stands(moved.from) && stands(moved.to) {
            self.stands_for = self.accepted.unwrap_or(self.stands_for);
        }
        if moved.from.is_committed() && !moved.to.is_committed() {
            self.accepted = None;
        }
    }
}

/// Money was committed and not withdrawn, whatever became of it.
pub(crate) fn stands(state: AttemptState) -> bool {
    use AttemptState::*;
    matches!(state, Authorized | Captured | Refunded | ChargedBack)
}

/// A checkout with its attempts and its ledger.
pub(crate) struct World {
    ids: Ids,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) ledger: Ledger,
    pub(crate) dispute: Dispute,
    seen: BTreeSet<(usize, String)>,
    /// Every state that each attempt has been in.
    pub(crate) was: Vec<BTreeSet<AttemptState>>,
    /// What the amounts of each attempt have to be.
    pub(crate) expected: Vec<Expected>,
}

impl World {
    /// Attempts in these states, of which only `initiating` can be without a history.
    pub(crate) fn with(states: &[AttemptState]) -> Self {
        let ids = Ids(AtomicU64::new(1));
        let checkout = CheckoutId::mint(&ids);
        let attempts = states.iter().zip(1..).map(|(state, number)| attempt(&ids, checkout, number, *state)).collect();
        let was = states.iter().map(|state| BTreeSet::from([*state])).collect();
        let asked = Expected { accepted: None, stands_for: ASKED_CENTS, most: ASKED_CENTS };
        let expected = vec![asked; states.len()];
        let (ledger, dispute) = (Ledger::default(), Dispute::None);
        Self { ids, attempts, ledger, dispute, seen: BTreeSet::new(), was, expected }
    }

    /// As the engine does it: a repeat is dropped, the fence comes from the other attempts, then the rows are written.
    pub(crate) fn tell(&mut self, told: &Told) -> Option<Step> {
        if !self.seen.insert((told.attempt, told.key.clone())) {
            return None;
        }
        let about = &self.attempts[told.attempt];
        let observation = Observation {
            id: lendport_core::ObservationId::mint(&self.ids),
            attempt: about.id,
            grade: told.grade,
            source: Source::Push,
            claim: told.claim.clone(),
            details: told.details.clone(),
            raw_status: None,
            reference: None,
            dedupe_key: told.key.clone(),
            received_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * told.day),
        };
        let fence = self.fence_of(told.attempt);
        let before = about.state;
        let decision = reduce(about, &observation, &self.ledger, fence, self.dispute).unwrap();
        let about = &mut self.attempts[told.attempt];
        if let Some(moved) = &decision.moved {
            moved.apply(about);
            self.was[told.attempt].insert(moved.to);
            self.expected[told.attempt].follow(moved);
        }
        about.review_open = decision.review.unwrap_or(about.review_open);
        self.dispute = decision.dispute.unwrap_or(self.dispute);
        let by_line = decision.lines.iter().map(|moved| (moved.kind, moved.amount, Some(moved.units), false));
        let counted = decision.ledger.iter().map(|(kind, amount)| (*kind, *amount, None, false));
        let pending = decision.pending_refund.iter().map(|amount| (LedgerKind::Refunded, *amount, None, true));
        for (kind, amount, units, pending) in by_line.chain(counted).chain(pending) {
            self.ledger.0.push(LedgerEntry {
                id: lendport_core::LedgerId::mint(&self.ids),
                attempt: about.id,
                kind,
                amount,
                units,
                pending,
                observation: observation.id,
                recorded_at: observation.received_at,
            });
        }
        Some(Step { attempt: told.attempt, before, after: about.state, fence, decision })
    }

    /// What the other attempts leave free.
    pub(crate) fn fence_of(&self, attempt: usize) -> Fence {
        let mut others = self.attempts.iter().enumerate().filter(|(at, _)| *at != attempt);
        let holder = others.find(|(_, other)| other.state.is_committed());
        holder.map_or(Fence::Free, |(_, other)| Fence::HeldBy(other.id))
    }

    /// Writes a movement that does not come from the reducer.
    pub(crate) fn post(&mut self, attempt: usize, kind: LedgerKind, amount: Money, pending: bool) {
        self.ledger.0.push(LedgerEntry {
            id: lendport_core::LedgerId::mint(&self.ids),
            attempt: self.attempts[attempt].id,
            kind,
            amount,
            units: None,
            pending,
            observation: lendport_core::ObservationId::mint(&self.ids),
            recorded_at: Timestamp::UNIX_EPOCH,
        });
    }

    /// The sum of a kind on one attempt, in cents.
    pub(crate) fn sum(&self, attempt: usize, kind: LedgerKind) -> u64 {
        self.ledger.sum(self.attempts[attempt].id, kind, Currency::USD).unwrap().minor()
    }
}

/// An attempt that stands there, and nothing else about it.
pub(crate) fn attempt_in(state: AttemptState) -> Attempt {
    let ids = Ids(AtomicU64::new(1));
    attempt(&ids, CheckoutId::mint(&ids), 1, state)
}

fn attempt(ids: &Ids, checkout: CheckoutId, number: u32, state: AttemptState) -> Attempt {
    Attempt {
        id: lendport_core::AttemptId::mint(ids),
        checkout,
        number,
        provider: ProviderId::parse("made_up").unwrap(),
        account: lendport_core::ProviderAccountId::mint(ids),
        state,
        reason: None,
        evidence: None,
        reference: None,
        raw_status: None,
        callback_digest: "0".repeat(64),
        merchant_reference: format!("{checkout}-{number}"),
        next_action: None,
        amount: cents(ASKED_CENTS),
        amount_echoed: Some(cents(ASKED_CENTS)),
        capture: CaptureMode::ProviderManaged,
        capture_by: None,
        amount_accepted: false,
        approval_confirmed: false,
        review_open: false,
        deadline_told: None,
        awaited: None,
        poll_at: None,
        polls: 0,
        expires_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

/// As many cases as were measured to be worth their time, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(wanted: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let library_default = 256;
    let cases = if given.cases == library_default { wanted } else { given.cases };
    ProptestConfig { cases, failure_persistence: None, ..given }
}
