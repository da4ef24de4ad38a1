//! Puts observations to a checkout: the decision of `reduce` becomes rows, in one change.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lendport_core::{
    About, Attempt, AttemptId, AttemptState, CheckoutRecord, Claim, Decision, Details, Event, EventId, EventType,
    Evidence, Grade, LedgerEntry, LedgerId, LedgerKind, LineUnits, Money, Observation, ObservationId, ProviderRef,
    RefusalWhy, Ruling, Source, reduce,
};
use lendport_storage::{AttentionItem, Change, ObservationRow};

use crate::announce::{dispute_event, events_for};
use crate::book_lines::goods_after;
use crate::cascade::came_by_itself;
use crate::engine::Tools;
use crate::error::EngineError;
use crate::view::CheckoutView;

/// A fact as a use case hands it in.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) attempt: AttemptId,
    pub(crate) grade: Grade,
    pub(crate) source: Source,
    pub(crate) claim: Claim,
    pub(crate) details: Details,
    pub(crate) raw_status: Option<String>,
    pub(crate) reference: Option<ProviderRef>,
    pub(crate) dedupe_key: String,
}

/// How a movement is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Booked {
    Final,
    /// For units of a line.
    Line(LineUnits),
    /// Announced only.
    Pending,
}

/// A change to one checkout as it takes shape.
pub(crate) struct Draft {
    pub(crate) tools: Tools,
    pub(crate) now: Timestamp,
    /// The checkout as it will be.
    pub(crate) record: CheckoutRecord,
    pub(crate) change: Change,
    /// The checkout's open items, as far as they were asked for, with those opened here.
    pub(crate) open_items: Vec<AttentionItem>,
    /// Attempts that are to be looked at at another time; that alone is no new version.
    pub(crate) scheduled: BTreeSet<AttemptId>,
    touched: bool,
}

impl Draft {
    /// Starts from what the transaction loaded.
    pub(crate) fn of(tools: &Tools, record: &CheckoutRecord) -> Self {
        Self::on(tools, record.clone())
    }

    /// Starts from a checkout that is not stored yet.
    pub(crate) fn on(tools: &Tools, record: CheckoutRecord) -> Self {
        let now = tools.clock.now();
        Self {
            tools: tools.clone(),
            now,
            record,
            change: Change::default(),
            open_items: Vec::new(),
            scheduled: BTreeSet::new(),
            touched: false,
        }
    }

    /// The checkout gets a new version though nothing in it changed: whoever decides on the old one is refused.
    pub(crate) fn touch(&mut self) {
        self.touched = true;
    }

    /// Changes an attempt's facts that are not its state.
    pub(crate) fn amend(&mut self, id: AttemptId, amend: impl FnOnce(&mut Attempt)) {
        let now = self.now;
        if let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == id) {
            amend(attempt);
            attempt.updated_at = now;
            self.touched = true;
        }
    }

    /// The deadline has passed: no other financer follows.
    pub(crate) fn close_route(&mut self) {
        self.record.checkout.route.closed = true;
        self.touched = true;
    }

    /// Adds an attempt that starts now.
    pub(crate) fn add_attempt(&mut self, attempt: Attempt) {
        self.record.attempts.push(attempt);
        self.touched = true;
    }

    /// Takes a fact in: the reducer decides, the rows follow. Returns the observation's id and the decision.
    pub(crate) fn observe(&mut self, fact: Fact) -> Result<(ObservationId, Decision), EngineError> {
        self.take(fact, None)
    }

    /// Takes in what a person ruled; told of as resolved, together with what follows.
    pub(crate) fn observe_ruling(&mut self, fact: Fact, ruling: &Ruling) -> Result<Decision, EngineError> {
        self.apply_ruling(fact.attempt, ruling);
        Ok(self.take(fact, Some(ruling))?.1)
    }

    /// What the reducer would say to a fact; nothing is taken in.
    pub(crate) fn foresee(&self, fact: Fact) -> Result<Decision, EngineError> {
        let observation = self.observation(fact);
        let Some(attempt) = self.record.attempt(observation.attempt) else { return Ok(Decision::default()) };
        Ok(reduce(
            attempt,
            &observation,
            &self.record.ledger,
            self.record.fence_for(attempt.id),
            self.record.checkout.dispute,
        )?)
    }

    fn observation(&self, fact: Fact) -> Observation {
        Observation {
            id: ObservationId::mint(self.tools.ids.as_ref()),
            attempt: fact.attempt,
            grade: fact.grade,
            source: fact.source,
            claim: fact.claim,
            details: fact.details,
            raw_status: fact.raw_status,
            reference: fact.reference,
            dedupe_key: fact.dedupe_key,
            received_at: self.now,
        }
    }

    fn take(&mut self, fact: Fact, ruling: Option<&Ruling>) -> Result<(ObservationId, Decision), EngineError> {
        let attempt_id = fact.attempt;
        let observation = self.observation(fact);
        let id = observation.id;
        if let Some(settled) = ruling.and_then(|ruling| ruling.settles).filter(|amount| !amount.is_zero()) {
            self.post(attempt_id, LedgerKind::RefundSettled, settled, Booked::Final, id);
            self.touched = true;
        }
        let corrections = ruling.map(|ruling| ruling.corrections.as_slice()).unwrap_or_default();
        for (kind, amount) in corrections {
            self.post(attempt_id, *kind, *amount, Booked::Final, id);
            self.touched = true;
        }
        let fence = self.record.fence_for(attempt_id);
        let Some(attempt) = self.record.attempts.iter_mut().find(|attempt| attempt.id == attempt_id) else {
            return Ok((id, Decision::default()));
        };
        let decision = reduce(attempt, &observation, &self.record.ledger, fence, self.record.checkout.dispute)?;
        self.touched |= !decision.changes_nothing();
        if attempt.reference.is_none() && observation.reference.is_some() {
            attempt.reference.clone_from(&observation.reference);
            self.touched = true;
        }
        let mut given_up = false;
        if let Some(moved) = &decision.moved {
            given_up = moved.to == AttemptState::Canceled && attempt.is_being_canceled();
            moved.apply(attempt);
            attempt.evidence = Some(Evidence { observation: id, grade: observation.grade });
            attempt.updated_at = self.now;
        }
        if let Some(open) = decision.review {
            attempt.review_open = open;
            attempt.updated_at = self.now;
        }
        if decision.refused.is_none()
            && observation.raw_status.is_some()
            && attempt.raw_status != observation.raw_status
        {
            attempt.raw_status.clone_from(&observation.raw_status);
            self.touched = true;
        }
        if given_up {
            self.give_up_beside(attempt_id);
        }
        if let Some(dispute) = decision.dispute {
            self.record.checkout.dispute = dispute;
        }
        self.record.checkout.fulfilment = goods_after(self.record.checkout.fulfilment, &decision);
        for moved in &decision.lines {
            self.post(attempt_id, moved.kind, moved.amount, Booked::Line(moved.units), id);
        }
        for (kind, amount) in &decision.ledger {
            self.post(attempt_id, *kind, *amount, Booked::Final, id);
        }
        if let Some(amount) = decision.pending_refund {
            self.post(attempt_id, LedgerKind::Refunded, amount, Booked::Pending, id);
        }
        let source = observation.source;
        self.change.observations.push(row(observation, &decision, corrections));
        let mut events = events_for(&self.record, &decision, self.now);
        // Who follows only where the customer goes is told in that word too.
        let opened = decision.moved.as_ref().is_some_and(|moved| opens(moved.from, moved.to));
        if opened && came_by_itself(self, self.record.attempt(attempt_id)) {
            events.push(EventType::CheckoutUpdated);
        }
        if let Some(ruling) = ruling {
            events.splice(0..0, [EventType::AttentionResolved].into_iter().chain(dispute_event(ruling.dispute)));
        }
        self.announce(&events)?;
        self.settle_by_evidence(attempt_id, source, &decision)?;
        for draft in &decision.attention {
            self.flag(attempt_id, draft.clone())?;
        }
        // A push is news, whatever it says; a look-up only when something came of it.
        if decision.moved.is_some() || decision.review.is_some() || source == Source::Push {
            self.reschedule(attempt_id);
        }
        // What is to be undone is looked at first; whoever looks on a schedule does that.
        let ended_here =
            |why| matches!(why, RefusalWhy::CanceledLocally | RefusalWhy::ExpiredHere | RefusalWhy::SignedLate);
        let unwanted = decision.refused.as_ref().is_some_and(|refused| ended_here(refused.why));
        if unwanted && source != Source::Poll {
            self.look_now(attempt_id);
        }
        if decision.refused.as_ref().is_some_and(|refused| refused.why == RefusalWhy::Fenced) {
            self.look_at_what_is_unwanted(attempt_id);
        }
        Ok((id, decision))
    }

    fn post(
        &mut self,
        attempt: AttemptId,
        kind: LedgerKind,
        amount: Money,
        booked: Booked,
        observation: ObservationId,
    ) {
        let entry = LedgerEntry {
            id: LedgerId::mint(self.tools.ids.as_ref()),
            attempt,
            kind,
            amount,
            units: match booked {
                Booked::Line(units) => Some(units),
                Booked::Final | Booked::Pending => None,
            },
            pending: booked == Booked::Pending,
            observation,
            recorded_at: self.now,
        };
        self.record.ledger.0.push(entry.clone());
        self.change.ledger.push(entry);
    }

    /// Writes events with the checkout as it is now.
    pub(crate) fn announce(&mut self, kinds: &[EventType]) -> Result<(), EngineError> {
        for kind in kinds {
            let checkout = &mut self.record.checkout;
            checkout.sequence += 1;
            checkout.updated_at = self.now;
            checkout.ready_announced |= *kind == EventType::CheckoutReadyToFulfill;
            self.touched = true;
            let view = CheckoutView::of(&self.record, self.now)?;
            self.change.events.push(Event {
                id: EventId::mint(self.tools.ids.as_ref()),
                about: About::Checkout(self.record.checkout.id),
                test: false,
                kind: *kind,
                sequence: self.record.checkout.sequence,
                snapshot: serde_json::to_string(&view).map_err(|error| EngineError::Internal(error.to_string()))?,
                created_at: self.now,
            });
        }
        Ok(())
    }

    /// The finished change. The checkout's version grows only when something about it changed.
    pub(crate) fn finish(self) -> Change {
        self.finish_to_see(|_| ()).0
    }

    /// The same, with what is to be seen of the checkout as it will be.
    pub(crate) fn finish_to_see<T>(mut self, see: impl FnOnce(&CheckoutRecord) -> T) -> (Change, T) {
        self.have_it_followed();
        if self.touched {
            self.record.checkout.version += 1;
            self.record.checkout.updated_at = self.now;
            self.change.status = Some(self.record.status());
        } else {
            let scheduled = self.record.attempts.iter().filter(|attempt| self.scheduled.contains(&attempt.id));
            self.change.attempts = scheduled.cloned().collect();
        }
        let seen = see(&self.record);
        if self.touched {
            self.change.checkout = Some(Box::new(self.record.checkout));
            self.change.attempts = self.record.attempts;
        }
        (self.change, seen)
    }
}

/// True for the answer that gives a customer something to do, or to wait for.
fn opens(from: AttemptState, to: AttemptState) -> bool {
    let waits = matches!(to, AttemptState::AwaitingCustomer | AttemptState::UnderReview | AttemptState::Preapproved);
    from == AttemptState::Initiating && waits
}

/// What a decision changed beside state and amounts.
fn beside(decision: &Decision) -> Option<String> {
    let review = decision.review.map(|open| if open { "risk review opened" } else { "risk review closed" });
    let dispute = decision.dispute.map(|dispute| format!("dispute {}", dispute.as_str()));
    let told: Vec<_> = review.map(str::to_owned).into_iter().chain(dispute).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn row(observation: Observation, decision: &Decision, corrections: &[(LedgerKind, Money)]) -> ObservationRow {
    let (outcome, outcome_detail) = match (&decision.moved, &decision.refused) {
        (Some(moved), _) => ("moved", Some(format!("{} -> {}", moved.from.as_str(), moved.to.as_str()))),
        (None, Some(refused)) => (refused.why.as_str(), Some(refused.to_string())),
        (None, None) if !corrections.is_empty() => {
            let told = corrections.iter().map(|(kind, amount)| format!("{} {amount}", kind.as_str()));
            ("changed_amounts", Some(told.collect::<Vec<_>>().join(", ")))
        }
        (None, None) if !decision.ledger.is_empty() || !decision.lines.is_empty() => ("changed_amounts", None),
        (None, None) if decision.review.is_some() || decision.dispute.is_some() => ("changed", None),
        (None, None) => ("nothing", None),
    };
    let outcome_detail = match (outcome_detail, beside(decision)) {
        (Some(told), Some(beside)) => Some(format!("{told}, {beside}")),
        (told, beside) => told.or(beside),
    };
    ObservationRow { observation, outcome: outcome.to_owned(), outcome_detail }
}
