//! Cancel, capture and refund: asked of the provider where it can, refused with the reason where it cannot.

use std::sync::Arc;

use lendport_core::{
    Ability, Attempt, AttemptState, Cart, CheckoutId, CheckoutRecord, Invalid, LedgerKind, LineId, LineStanding,
    LineWay, LineWork, Money, OperationKind, Pointer,
};
use lendport_storage::Tenant;
use rust_decimal::Decimal;

use crate::command_start::{Asked, Command};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::lines;
use crate::ticket::{Reply, Ticket};
use crate::view::RefundView;

const NOTHING_LEFT: &str = "nothing of it is left to cancel; take back what was shipped with a refund";
const PART_SHIPPED: &str = "a part of it was shipped: name the lines that are not to be sent any more, and take back what was \
                            shipped with a refund";
const NOT_AUTHORIZED: &str = "lines can be canceled once it is authorized; until then cancel the whole checkout";
const NOTHING_SHIPPED: &str = "nothing of it was shipped that could be taken back; cancel what is not to be sent";

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

/// A part by lines needs a financer whose money follows lines; acting on the whole instead would be worse than a refusal.
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

/// What a cancel is, where money follows lines: of the whole while nothing happened to any line, else of units.
fn cancel_by_line(
    record: &CheckoutRecord,
    attempt: &Attempt,
    lines: Vec<LineStanding>,
    named: &[(LineId, u32)],
) -> Result<Option<LineWork>, EngineError> {
    let refuse = |wanted| Err(EngineError::WrongState { checkout: reference_to(record), wanted });
    if named.is_empty() && !lines.iter().any(LineStanding::is_touched) {
        return Ok(None);
    }
    if attempt.state != AttemptState::Authorized {
        return refuse(NOT_AUTHORIZED);
    }
    if !named.is_empty() {
        return Ok(lines::named(LineWay::Cancel, lines, named).map(Some)?);
    }
    if lines.iter().any(|line| line.shipped.unwrap_or(0) > 0) {
        return refuse(PART_SHIPPED);
    }
    match lines::rest(LineWay::Cancel, lines) {
        None => refuse(NOTHING_LEFT),
        work => Ok(work),
    }
}

/// What a return is, where money follows lines: of the named units, or of all that were shipped.
fn return_by_line(
    record: &CheckoutRecord,
    lines: Vec<LineStanding>,
    named: &[(LineId, u32)],
) -> Result<LineWork, EngineError> {
    if !named.is_empty() {
        return Ok(lines::named(LineWay::Return, lines, named)?);
    }
    let nothing = || EngineError::WrongState { checkout: reference_to(record), wanted: NOTHING_SHIPPED };
    lines::rest(LineWay::Return, lines).ok_or_else(nothing)
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
        let plan = move |record: &CheckoutRecord, attempt: &Attempt, lines: Option<Vec<LineStanding>>| {
            let reason = asked.reason.clone();
            let stopped = lines.iter().flatten().map(|line| line.stopped()).collect();
            let work = match lines {
                Some(lines) => cancel_by_line(record, attempt, lines, &asked.lines)?,
                None => whole(record, attempt, ability, &asked.lines).map(|()| None)?,
            };
            Ok(match work {
                Some(work) => {
                    let (checkout, named) = (Box::new(record.checkout.clone()), !asked.lines.is_empty());
                    Command::Lines { checkout, work, reason, named }
                }
                None => Command::Cancel { reason, lines: stopped },
            })
        };
        let by_line = Some(Ability::CancelPartial);
        let asked = Asked { kind: OperationKind::Cancel, ability, by_line, if_match, plan: &plan };
        self.command(tenant, id, asked, ticket).await
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
        let plan = move |record: &CheckoutRecord, attempt: &Attempt, _: Option<Vec<LineStanding>>| {
            whole(record, attempt, ability, &asked.lines).map(|()| Command::Capture)
        };
        let asked = Asked { kind: OperationKind::Capture, ability, by_line: None, if_match, plan: &plan };
        self.command(tenant, id, asked, ticket).await
    }

    /// Gives an amount back, or takes units back where the financer's money follows lines.
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
        // Such a financer gives no amounts.
        let by_line = asked.amount.is_none().then_some(Ability::ReturnLines);
        let plan = move |record: &CheckoutRecord, attempt: &Attempt, lines: Option<Vec<LineStanding>>| {
            if let Some(lines) = lines {
                let work = return_by_line(record, lines, &asked.lines)?;
                let checkout = Box::new(record.checkout.clone());
                let (reason, named) = (asked.reason.clone(), !asked.lines.is_empty());
                return Ok(Command::Lines { checkout, work, reason, named });
            }
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
        let asked = Asked { kind: OperationKind::Refund, ability, by_line, if_match, plan: &plan };
        self.command(tenant, id, asked, ticket).await
    }

    /// The refunds booked so far, oldest first.
    pub async fn refunds(&self, tenant: Tenant, id: CheckoutId) -> Result<Vec<RefundView>, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(record.ledger.0.iter().filter(|entry| entry.kind == LedgerKind::Refunded).map(RefundView::of).collect())
    }
}
