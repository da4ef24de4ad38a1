//! Cancel, capture and refund: asked of the provider where it can, refused with the reason where it cannot.

use std::sync::Arc;

use lendport_core::{
    Ability, Attempt, Cart, CheckoutId, CheckoutRecord, Invalid, LedgerKind, LineId, Money, OperationKind, Pointer,
};
use lendport_storage::Tenant;
use rust_decimal::Decimal;

use crate::command_start::{Asked, Command};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::lines;
use crate::ticket::{Reply, Ticket};
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
            whole(record, attempt, ability, &asked.lines)?;
            Ok(Command::Cancel { reason: asked.reason.clone() })
        };
        self.command(tenant, id, Asked { kind: OperationKind::Cancel, ability, if_match, plan: &plan }, ticket).await
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
        self.command(tenant, id, Asked { kind: OperationKind::Capture, ability, if_match, plan: &plan }, ticket).await
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
            let left = record.ledger.left_to_refund(attempt)?;
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
        self.command(tenant, id, Asked { kind: OperationKind::Refund, ability, if_match, plan: &plan }, ticket).await
    }

    /// The refunds booked so far, oldest first.
    pub async fn refunds(&self, tenant: Tenant, id: CheckoutId) -> Result<Vec<RefundView>, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(record.ledger.0.iter().filter(|entry| entry.kind == LedgerKind::Refunded).map(RefundView::of).collect())
    }
}
