//! A person settles an item: the choice becomes a ruling, the ruling a fact of grade operator, and the reducer decides.

use std::sync::Arc;

use lendport_core::{
    AttentionId, AttentionKind, Case, CheckoutRecord, Choice, Claim, Details, EventType, Grade, Invalid, LedgerKind,
    LineId, LineStanding, Money, Operation, OperationKind, Phase, Pointer, Resolution, Ruling, RulingError, Source,
    limits,
};
use lendport_storage::{AttentionItem, Change, ChangeAsk, ChangeOutcome, Loaded, Tenant};
use rust_decimal::Decimal;

use crate::command_start::STARTS_MAX;
use crate::commanded::Commanded;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::lines;
use crate::ship;
use crate::take_in::{Draft, Fact};
use crate::tenancy::Doer;
use crate::ticket::{Effect, Reply, Standing, Ticket};

/// How a person settles an item.
#[derive(Clone, Debug)]
pub struct ResolveAsk {
    /// One of the item's choices.
    pub choice: String,
    /// Why; kept with the item for ever.
    pub reason: String,
    /// The amount the choice needs, in major units of the checkout's currency.
    pub amount: Option<Decimal>,
    /// The units that a cancel or return of lines took effect for; empty means all of them.
    pub lines: Vec<(LineId, u32)>,
    /// Who.
    pub by: Doer,
}

impl Engine {
    /// Settles an item. Its checkout, its events and the audit are written in one change, or nothing is.
    pub async fn resolve_attention(
        self: &Arc<Self>,
        tenant: Tenant,
        id: AttentionId,
        asked: ResolveAsk,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let taken_over = match self.store.idempotency(tenant, &ticket.route, &ticket.key).await? {
            None => false,
            Some(row) => match ticket.standing(self, tenant, row).await? {
                Standing::Replay(reply) => return Ok(reply),
                Standing::Resume { .. } => true,
            },
        };
        let item = self.store.attention_item(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let unknown = self.unknown_operation(tenant, &item).await?;
        let stopped = match &unknown {
            Some(operation) if operation.kind == OperationKind::Cancel && operation.lines.is_none() => {
                self.lines_to_stop(tenant, &item).await?
            }
            _ => Vec::new(),
        };
        let operation = unknown.map(|operation| operation.id);
        let mut looks = 0;
        let (outcome, result) = loop {
            let commanded = self.commanded(tenant, &item).await?;
            let (engine, closing) = (Arc::clone(self), ticket.clone());
            let (asked, stopped) = (asked.clone(), stopped.clone());
            let ask = ChangeAsk {
                claim: (!taken_over).then(|| ticket.claim(self)),
                operation,
                attention: Some(id),
                open_items: true,
                ..ChangeAsk::default()
            };
            let ended = self
                .change(tenant, item.checkout, ask, move |loaded| {
                    match engine.settle_item(tenant, loaded, &asked, stopped.clone(), commanded, &closing) {
                        Ok((change, reply)) => (change, Ok(reply)),
                        Err(error) => (Change::abort(), Err(error)),
                    }
                })
                .await?;
            looks += 1;
            match ended {
                // It changed meanwhile: a command may be under way by now.
                (_, Some(Err(EngineError::PreconditionFailed))) if looks < STARTS_MAX => {}
                ended => break ended,
            }
        };
        let result = match (outcome, result) {
            (ChangeOutcome::Claimed(row), _) => match ticket.standing(self, tenant, row).await? {
                Standing::Replay(reply) => Ok(reply),
                Standing::Resume { .. } => Err(EngineError::KeyInFlight),
            },
            (ChangeOutcome::Done, Some(result)) => result,
            (ChangeOutcome::NotFound, _) | (ChangeOutcome::Done, None) => Err(EngineError::NotFound),
        };
        self.wake_settling(result.is_ok());
        if taken_over { self.release_on_error(tenant, item.checkout, ticket, result).await } else { result }
    }

    /// What settling writes, the answer included.
    fn settle_item(
        &self,
        tenant: Tenant,
        loaded: Loaded<'_>,
        asked: &ResolveAsk,
        stopped: Vec<LineStanding>,
        commanded: Commanded,
        ticket: &Ticket,
    ) -> Result<(Change, Reply), EngineError> {
        let item = loaded.attention.ok_or(EngineError::NotFound)?;
        if let Some(settled) = &item.resolution {
            return Err(EngineError::AlreadySettled { item: item.id, choice: settled.choice.clone() });
        }
        if item.kind == AttentionKind::UnknownOutcome
            && loaded.operation.as_ref().is_some_and(|create| create.phase == Phase::Sent)
        {
            let wanted = "its create is under way again; wait until that is answered";
            return Err(EngineError::WrongState { checkout: reference_to(loaded.record), wanted });
        }
        let mut operation = loaded.operation.filter(|known| matches!(known.phase, Phase::Unknown | Phase::Sent));
        let attempt = loaded.record.attempt(item.attempt).ok_or(EngineError::NotFound)?;
        let (choice, reason) = judged(&self.offered(&item, attempt), asked)?;
        if choice == Choice::ApprovalHolds {
            commanded.lets_it_hold(loaded.record)?;
        }
        if !asked.lines.is_empty() {
            lines::judge_part(choice, operation.as_ref(), &asked.lines)?;
        }
        let case = Case {
            kind: item.kind,
            attempt,
            ledger: &loaded.record.ledger,
            announced: Some(announced(loaded.record, &item, &loaded.open_items)?),
            command: operation.as_ref().map(|known| known.kind),
            by_line: operation.as_ref().is_some_and(|known| known.lines.is_some()),
        };
        let amount = asked.amount.map(|amount| amount_of(amount, loaded.record)).transpose()?;
        let ruling = case.rule(choice, amount).map_err(|error| refused(&item, error, loaded.record))?;
        let mut draft = Draft::of(&self.tools, loaded.record).knowing(loaded.open_items);
        let resolution =
            Resolution { choice: choice.as_str().to_owned(), reason, by: asked.by.actor.key(), at: draft.now };
        let settled = draft.close_item(&item, resolution);
        draft.tell_of_settling(asked.by, tenant, &item, choice);
        match &ruling.claim {
            None => draft.announce(&[EventType::AttentionResolved])?,
            Some(claim) => self.follow(&mut draft, &item, &ruling, claim.clone(), stopped)?,
        }
        if let Some(work) =
            operation.as_mut().and_then(|known| known.lines.as_mut()).filter(|_| !asked.lines.is_empty())
        {
            work.close_as(&lines::units(&asked.lines));
        }
        if let (Some(phase), Some(operation)) = (ruling.command, operation) {
            draft.await_no_more(item.attempt, operation.kind);
            conclude(&mut draft, operation, phase)?;
        }
        if ruling.undoes {
            draft.have_it_undone(item.attempt)?;
        } else if ruling.asks_again {
            draft.ask_again(item.attempt);
        } else if item.kind == AttentionKind::UnknownCommand {
            draft.reschedule(item.attempt);
        }
        let result = Ok(Effect::Attention(Box::new(self.item_view(&settled, Some(&draft.record))?)));
        let (rendered, claim) = ticket.close(&self.settings.owner, &result);
        draft.change.claim = Some(claim);
        Ok((draft.finish(), rendered.into()))
    }

    /// The person's word, or a policy's, goes to the reducer; a move it refuses settles nothing.
    pub(crate) fn follow(
        &self,
        draft: &mut Draft,
        item: &AttentionItem,
        ruling: &Ruling,
        claim: Claim,
        lines: Vec<LineStanding>,
    ) -> Result<(), EngineError> {
        let before = reference_to(&draft.record);
        let fact = Fact {
            attempt: item.attempt,
            grade: Grade::Operator,
            source: Source::Operator,
            claim,
            details: Details { lines, ..Details::default() },
            raw_status: None,
            reference: None,
            dedupe_key: format!("resolved:{}", item.id),
        };
        let decision = draft.observe_ruling(fact, ruling)?;
        let Some(refusal) = decision.refused else { return Ok(()) };
        let committed =
            draft.record.attempts.iter().find(|other| other.id != item.attempt && other.state.is_committed());
        match committed {
            Some(holder) if refusal.to.is_committed() => {
                Err(EngineError::CommitFence { checkout: before, holder: holder.state })
            }
            _ => Err(EngineError::WrongState { checkout: before, wanted: "this choice cannot follow from there" }),
        }
    }
}

/// What became of a command is known now.
pub(crate) fn conclude(draft: &mut Draft, mut operation: Operation, phase: Phase) -> Result<(), EngineError> {
    operation.phase = draft.conclude_lines(&mut operation, phase)?;
    operation.updated_at = draft.now;
    let shipped = operation.shipment.is_some() && operation.phase == Phase::Settled;
    if shipped {
        ship::deliver(&mut draft.record, &operation);
        draft.announce(&[EventType::ShipmentConfirmed])?;
    }
    draft.change.operations.push(operation);
    Ok(())
}

/// Refuses what is wrong with the request itself, all at once.
fn judged(offered: &[Choice], asked: &ResolveAsk) -> Result<(Choice, String), EngineError> {
    let root = Pointer::root();
    let mut invalid = Invalid::none();
    let choice = offered.iter().copied().find(|choice| choice.as_str() == asked.choice);
    if choice.is_none() {
        let words: Vec<_> = offered.iter().map(|choice| choice.as_str()).collect();
        invalid.note(&root.child("choice"), "not_offered", format!("this item offers {}", words.join(", ")));
    }
    let reason = asked.reason.trim();
    if reason.is_empty() {
        invalid.note(&root.child("reason"), "missing", "say why; it is kept with the decision");
    } else if reason.chars().count() > limits::MESSAGE_MAX_CHARS {
        let detail = format!("has at most {} characters", limits::MESSAGE_MAX_CHARS);
        invalid.note(&root.child("reason"), "too_long", detail);
    }
    match (choice, asked.amount) {
        (Some(choice), None) if choice.needs_amount() => {
            invalid.note(&root.child("amount"), "missing", RulingError::AmountMissing.to_string());
        }
        (Some(choice), Some(_)) if !choice.needs_amount() => {
            invalid.note(&root.child("amount"), "unexpected", RulingError::AmountUnused.to_string());
        }
        _ => {}
    }
    invalid.finish()?;
    Ok((choice.ok_or(EngineError::NotFound)?, reason.to_owned()))
}

fn amount_of(amount: Decimal, record: &CheckoutRecord) -> Result<Money, EngineError> {
    let at = Pointer::root().child("amount");
    let money = Money::new(amount, record.checkout.cart.currency);
    money.map_err(|error| Invalid::one(&at, error.code(), error.to_string()).into())
}

fn refused(item: &AttentionItem, error: RulingError, record: &CheckoutRecord) -> EngineError {
    let root = Pointer::root();
    let at = |field: &str, code: &str| Invalid::one(&root.child(field), code, error.to_string()).into();
    match error {
        RulingError::NotOffered => at("choice", "not_offered"),
        RulingError::AmountMissing => at("amount", "missing"),
        RulingError::AmountUnused => at("amount", "unexpected"),
        RulingError::AmountOutOfRange(_) | RulingError::AmountZero => at("amount", "out_of_range"),
        RulingError::Impossible(wanted) => EngineError::WrongState { checkout: reference_to(record), wanted },
        RulingError::Money(error) => EngineError::Internal(format!("{}: amount {error}", item.id)),
    }
}

/// What the item's message announced as a refund and is not settled. The last open item of a refund on its attempt
/// stands for all that is left.
fn announced(record: &CheckoutRecord, item: &AttentionItem, open: &[AttentionItem]) -> Result<Money, EngineError> {
    let currency = record.checkout.cart.currency;
    let left = record.ledger.pending_refunds(item.attempt, currency)?;
    let announces = |kind| matches!(kind, AttentionKind::RefundWithoutAmount | AttentionKind::RefundNotApproved);
    let others = open.iter().any(|one| one.id != item.id && one.attempt == item.attempt && announces(one.kind));
    if !others {
        return Ok(left);
    }
    // An announcement and its item are written in one change, hence at one moment.
    let entries = record.ledger.0.iter().filter(|entry| {
        entry.pending
            && entry.attempt == item.attempt
            && entry.kind == LedgerKind::Refunded
            && entry.recorded_at == item.opened_at
    });
    let told = entries.map(|entry| entry.amount).try_fold(Money::zero(currency), |sum, amount| sum.plus(amount))?;
    Ok(told.least(left)?)
}
