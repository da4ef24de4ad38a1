//! Cancel, capture and refund: asked of the provider where it can, refused with the reason where it cannot.

use std::sync::Arc;

use lendport_core::{
    Ability, Attempt, CallContext, CallLog, Cart, CheckoutId, CheckoutRecord, EventType, Grade, Invalid, LedgerKind,
    LineId, Money, OperationId, OperationKind, Phase, Pointer, Source, provider::Retrieved,
    provider_error::ProviderError,
};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Tenant, change_with};
use rust_decimal::Decimal;

use crate::attempt_start::may_have_committed;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::lines;
use crate::ship::failed;
use crate::take_in::{Draft, Fact};
use crate::ticket::{Effect, Reply, Standing, Ticket};
use crate::view::RefundView;

/// What a cancel or capture is asked for.
#[derive(Clone, Debug, Default)]
pub struct CommandAsk {
    /// Lines and units; empty means all.
    pub lines: Vec<(LineId, u32)>,
    /// The merchant's reason.
    pub reason: Option<String>,
}

/// What a refund is asked for.
#[derive(Clone, Debug, Default)]
pub struct RefundAsk {
    /// How much, in major units; everything that is left when absent.
    pub amount: Option<Decimal>,
    /// Lines and units instead of an amount.
    pub lines: Vec<(LineId, u32)>,
    /// The merchant's reason.
    pub reason: Option<String>,
}

/// A part by lines needs an adapter that takes lines, and none of this version does; acting on the whole instead would
/// be worse than a refusal.
fn whole(
    record: &CheckoutRecord,
    attempt: &Attempt,
    ability: Ability,
    lines: &[(LineId, u32)],
) -> Result<(), EngineError> {
    if lines.is_empty() {
        return Ok(());
    }
    lines::judge(&record.checkout.cart, lines)?;
    let note = "lines cannot be handed to this financer; leave them out to act on the whole checkout";
    Err(EngineError::NotSupported { provider: attempt.provider.clone(), ability, note })
}

/// What the named lines cost. A discount on the whole cart belongs to no line, so such a cart is refunded by amount.
fn price_of(cart: &Cart, lines: &[(LineId, u32)], at: &Pointer) -> Result<Money, EngineError> {
    lines::judge(cart, lines)?;
    if !cart.discount.is_zero() {
        let detail = "the cart has a discount that belongs to no line; name an amount instead";
        return Err(Invalid::one(at, "discounted_cart", detail).into());
    }
    Ok(lines::price(cart, lines)?)
}

/// A command with its content worked out.
#[derive(Clone, Debug)]
enum Command {
    Cancel,
    Capture,
    Refund { amount: Money, reason: Option<String> },
}

impl Engine {
    /// Stops a checkout before capture.
    pub async fn cancel(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: CommandAsk,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let ability = if asked.lines.is_empty() { Ability::CancelFull } else { Ability::CancelPartial };
        let plan = move |record: &CheckoutRecord, attempt: &Attempt| {
            whole(record, attempt, ability, &asked.lines).map(|()| Command::Cancel)
        };
        self.command(tenant, id, if_match, ability, plan, ticket).await
    }

    /// Takes the authorized amount.
    pub async fn capture(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: CommandAsk,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let ability = if asked.lines.is_empty() { Ability::CaptureFull } else { Ability::CapturePartial };
        let plan = move |record: &CheckoutRecord, attempt: &Attempt| {
            whole(record, attempt, ability, &asked.lines).map(|()| Command::Capture)
        };
        self.command(tenant, id, if_match, ability, plan, ticket).await
    }

    /// Gives an amount back.
    pub async fn refund(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: RefundAsk,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let partial = asked.amount.is_some() || !asked.lines.is_empty();
        let ability = if partial { Ability::RefundPartial } else { Ability::RefundFull };
        let plan = move |record: &CheckoutRecord, attempt: &Attempt| {
            let currency = record.checkout.cart.currency;
            let refunded = record.ledger.sum(attempt.id, LedgerKind::Refunded, currency)?;
            let left = attempt.amount.minus(refunded)?;
            let root = Pointer::root();
            let at = root.child(if asked.lines.is_empty() { "amount" } else { "lines" });
            let amount = match (asked.amount, asked.lines.is_empty()) {
                (Some(_), false) => {
                    return Err(Invalid::one(&at, "conflict", "give either amount or lines, not both").into());
                }
                (Some(amount), true) => {
                    Money::new(amount, currency).map_err(|error| Invalid::one(&at, error.code(), error.to_string()))?
                }
                (None, false) => price_of(&record.checkout.cart, &asked.lines, &at)?,
                (None, true) => left,
            };
            if amount.is_zero() || !left.covers(amount) {
                let detail = format!("must be more than zero and at most the {left} that is left");
                return Err(Invalid::one(&at, "out_of_range", detail).into());
            }
            Ok(Command::Refund { amount, reason: asked.reason.clone() })
        };
        self.command(tenant, id, if_match, ability, plan, ticket).await
    }

    /// The refunds booked so far, oldest first.
    pub async fn refunds(&self, tenant: Tenant, id: CheckoutId) -> Result<Vec<RefundView>, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(record.ledger.0.iter().filter(|entry| entry.kind == LedgerKind::Refunded).map(RefundView::of).collect())
    }

    async fn command(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        ability: Ability,
        plan: impl Fn(&CheckoutRecord, &Attempt) -> Result<Command, EngineError>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? else {
            return self.command_now(tenant, id, if_match, ability, plan, ticket, true).await;
        };
        let earlier = match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => return Ok(reply),
            Standing::Resume { operation, .. } => operation,
        };
        let result = async {
            if let Some(reply) = self.settle_command(tenant, id, earlier, &ticket).await? {
                return Ok(reply);
            }
            self.command_now(tenant, id, if_match, ability, plan, ticket.clone(), false).await
        }
        .await;
        self.release_on_error(tenant, id, ticket, result).await
    }

    /// An earlier call of this command may have committed: look, never send again. `None` when it is known to have had
    /// no effect, so that sending is right.
    async fn settle_command(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        earlier: Option<OperationId>,
        ticket: &Ticket,
    ) -> Result<Option<Reply>, EngineError> {
        let mut found = None;
        for kind in [OperationKind::Cancel, OperationKind::Capture, OperationKind::Refund] {
            let known = self.store.operations(tenant, id, kind).await?;
            found = found.or_else(|| known.into_iter().find(|operation| Some(operation.id) == earlier));
        }
        let Some(operation) = found.filter(|operation| matches!(operation.phase, Phase::Unknown | Phase::Sent)) else {
            return Ok(None);
        };
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?;
        let wanted = "an earlier call of this command has no known outcome yet; look at the checkout's timeline";
        if self.require(&attempt.provider, Ability::Retrieve).is_err() {
            return Err(EngineError::WrongState { checkout: reference_to(&record), wanted });
        }
        self.fetch_attempt(tenant, id, operation.attempt).await?;
        let now = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let changed = now.ledger.0.len() > record.ledger.0.len() || now.status() != record.status();
        if !changed {
            return Err(EngineError::WrongState { checkout: reference_to(&now), wanted });
        }
        let result = self.view(&now).map(|view| Effect::Checkout(Box::new(view)));
        self.close_ticket(tenant, id, ticket.clone(), result).await.map(Some)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one command, passed on once")]
    async fn command_now(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        ability: Ability,
        plan: impl Fn(&CheckoutRecord, &Attempt) -> Result<Command, EngineError>,
        ticket: Ticket,
        claims: bool,
    ) -> Result<Reply, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?.clone();
        self.require(&attempt.provider, ability)?;
        let command = plan(&record, &attempt)?;
        let kind = match command {
            Command::Cancel => OperationKind::Cancel,
            Command::Capture => OperationKind::Capture,
            Command::Refund { .. } => OperationKind::Refund,
        };
        let operation = self.new_operation(id, attempt.id, kind);
        let ask = ChangeAsk { claim: claims.then(|| ticket.claim(self)), ..ChangeAsk::default() };
        // Going on with a key: it has to name this operation from now on, and its first try has changed the version.
        let held = (!claims).then(|| ticket.hold(self));
        let if_match = if_match.filter(|_| claims);
        let stored = operation.clone();
        let tools = self.tools.clone();
        let state = attempt.state;
        let (outcome, result) = change_with(self.store.as_ref(), tenant, id, ask, move |loaded| {
            let changed = loaded.record.attempt(stored.attempt).is_none_or(|known| known.state != state);
            if changed || if_match.is_some_and(|version| version != loaded.record.checkout.version) {
                return (Change::abort(), Err(EngineError::PreconditionFailed));
            }
            let mut draft = Draft::of(&tools, loaded.record);
            draft.change.operations.push(stored.clone());
            draft.change.claimed_operation = Some(stored.id);
            draft.change.claim.clone_from(&held);
            (draft.finish().0, Ok(()))
        })
        .await?;
        match (outcome, result) {
            (ChangeOutcome::Done, Some(Ok(()))) => {}
            (ChangeOutcome::Done, Some(Err(error))) => return Err(error),
            (ChangeOutcome::Claimed(_), _) => return Err(EngineError::KeyInFlight),
            _ => return Err(EngineError::NotFound),
        }
        let (answered, calls) = self.send(tenant, &attempt, &command).await?;
        let mut operation = operation;
        operation.calls = calls.records();
        operation.updated_at = self.clock.now();
        (operation.phase, operation.error) = match &answered {
            Ok(_) => (Phase::Settled, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        let engine = Arc::clone(self);
        let (_, result) = change_with(self.store.as_ref(), tenant, id, ChangeAsk::default(), move |loaded| {
            let mut draft = Draft::of(&engine.tools, loaded.record);
            draft.change.operations.push(operation.clone());
            let taken = match &answered {
                Ok(found) => draft
                    .observe(Fact {
                        attempt: attempt.id,
                        grade: Grade::Fetched,
                        source: Source::Answer,
                        claim: found.claim.clone(),
                        raw_status: found.raw_status.clone(),
                        reference: None,
                        dedupe_key: format!("answer:{}", operation.id),
                    })
                    .map(|_| None),
                Err(error) => draft
                    .announce(&[EventType::OperationFailed])
                    .map(|()| Some(failed(&attempt.provider, error, &draft.record))),
            };
            let failure = match taken {
                Ok(failure) => failure,
                Err(error) => return (Change::abort(), Err(error)),
            };
            let (change, reply) = engine.answer(draft, failure, &ticket);
            (change, Ok(reply))
        })
        .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    async fn send(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
        command: &Command,
    ) -> Result<(Result<Retrieved, ProviderError>, CallLog), EngineError> {
        let account = self.account(tenant, &attempt.provider).await?;
        let provider = self.provider(&attempt.provider)?;
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let answered = match command {
            Command::Cancel => provider.cancel(context, attempt).await,
            Command::Capture => provider.capture(context, attempt).await,
            Command::Refund { amount, reason } => provider.refund(context, attempt, *amount, reason.as_deref()).await,
        };
        Ok((answered, calls))
    }
}
