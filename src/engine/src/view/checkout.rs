//! The merchant's view of a checkout: the same words in answers and in events (`api.md`). Holds no personal data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lendport_core::{AttemptState, CheckoutRecord, Event, LedgerKind, Money, MoneyError};
use serde::Serialize;
use utoipa::ToSchema;

use super::lines::{LineOutcomeView, booked};
use super::route::RouteView;

/// The sums of a checkout, decimal strings in its currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AmountsView {
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
    /// What the shopper owes: lines gross, plus shipping, less discount.
    #[schema(example = "1420.00")]
    pub total: String,
    /// Tax inside the total.
    #[schema(example = "52.69")]
    pub tax: String,
    /// Shipping inside the total.
    #[schema(example = "50.00")]
    pub shipping: String,
    /// Discount already taken off the total.
    #[schema(example = "0.00")]
    pub discount: String,
    /// Committed by a financer: the sum we asked for, or the financer's own once a person has accepted that.
    #[schema(example = "0.00")]
    pub authorized: String,
    /// Paid to the merchant, or owed. A financer that never reports it leaves it at zero.
    #[schema(example = "0.00")]
    pub captured: String,
    /// Given back.
    #[schema(example = "0.00")]
    pub refunded: String,
    /// Taken back through a dispute.
    #[schema(example = "0.00")]
    pub charged_back: String,
}

/// What the customer does next.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextActionView {
    /// The preferred way: `lightbox`, `redirect`, `iframe` or `plugin`; or a step that your own pages carry: `apply`,
    /// `verify`, `sign_agreement`, `pay`.
    #[serde(rename = "type")]
    #[schema(example = "lightbox")]
    pub kind: String,
    /// The financer's page; its script for `plugin`; null for a step.
    pub url: Option<String>,
    /// Other ways that work with the same URL.
    pub also: Vec<String>,
    /// When the URL stops working, where known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// One financer's try.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// Its id.
    #[schema(example = "att_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// The financer.
    #[schema(example = "wegetfinancing")]
    pub provider: String,
    /// Where it stands.
    #[schema(example = "awaiting_customer")]
    pub status: String,
    /// Why, when there is something to say, such as `withdrawn_by_provider`.
    pub reason: Option<String>,
    /// The financer's id of the request.
    pub provider_reference: Option<String>,
    /// The financer's latest status in its own word.
    pub provider_status: Option<String>,
    /// How the status was learnt: `token`, `signed`, `fetched`, `operator`; null before the first answer.
    pub evidence: Option<String>,
    /// What the financer was asked for, in the checkout's currency.
    #[schema(example = "1420.00")]
    pub amount: String,
    /// What the financer said it was asked for, or what a person read there; null when nobody has said. Where it is
    /// another sum, `amounts` follow it once a person has accepted it.
    #[schema(example = "1420.00")]
    pub amount_echoed: Option<String>,
    /// Who captures: `automatic`, `manual` or `provider_managed`.
    pub capture: String,
}

/// Moments by which something must happen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeadlinesView {
    /// When the checkout expires by our own timer, or the financer's page does, where that comes first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Last moment to capture, where the financer has one.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub capture_by: Option<Timestamp>,
    /// Last moment to ship, where the financer has one.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ship_by: Option<Timestamp>,
}

/// One line of the cart with its id.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineView {
    /// Its id, for shipments and partial operations.
    pub id: String,
    /// The merchant's product code.
    pub sku: Option<String>,
    /// Product name.
    pub name: String,
    /// Units.
    pub quantity: u32,
    /// Price of one unit, tax inside.
    pub unit_gross: String,
    /// Tax on one unit.
    pub unit_tax: String,
    /// `unit_gross` times quantity.
    pub total: String,
    /// Units that were shipped and are paid for, where the financer's money follows lines; else 0, as are the next two. All
    /// three are absent in events that were told before units were counted: an event stays what it was when it was told.
    #[schema(required = false)]
    pub shipped: u32,
    /// Units that were canceled before they were shipped.
    #[schema(required = false)]
    pub canceled: u32,
    /// Units that were returned.
    #[schema(required = false)]
    pub returned: u32,
}

/// A checkout.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
pub struct CheckoutView {
    /// Its id.
    #[schema(example = "chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `checkout`.
    #[schema(example = "checkout")]
    pub object: &'static str,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// The derived status.
    #[schema(example = "requires_customer_action")]
    pub status: &'static str,
    /// True when the order may be shipped.
    pub can_fulfill: bool,
    /// Why not, in machine words; empty when `can_fulfill` is true. Before a commitment it is the attempt's status, or
    /// `awaiting_choice` while the customer has not chosen a financer, or `expired` once the deadline has ended the
    /// checkout. After it: `amount_mismatch` (the financer says another sum), `amount_unverified` (it said none),
    /// `another_attempt_unsettled` (another financer is being asked, or signed with, and may be bound too), `refund_unsettled`
    /// (a refund came before the approval, or without an amount), `approval_after_withdrawal` (approved, taken back,
    /// approved again), `risk_review_open` (the financer may still take it back), `evidence_too_weak`, `dispute_open`,
    /// `dispute_lost`, `capture_deadline_passed`.
    pub blockers: Vec<String>,
    /// The sums.
    pub amounts: AmountsView,
    /// `none`, `partial`, `shipped`, `delivered`, `partially_returned` or `returned`.
    #[schema(example = "none")]
    pub fulfillment: &'static str,
    /// `none`, `open`, `won` or `lost`.
    #[schema(example = "none")]
    pub dispute: &'static str,
    /// Where somebody can look after a dispute. Only in the answer to a refresh, for the financer may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute_uri: Option<String>,
    /// What the customer does next; null when nothing.
    pub next_action: Option<NextActionView>,
    /// The financer that speaks for the checkout.
    pub provider: Option<String>,
    /// Its attempt.
    pub attempt: Option<AttemptView>,
    /// All attempts, oldest first; only with `expand=attempts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<AttemptView>>,
    /// All events, oldest first; only with `expand=events`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventView>>,
    /// The lines with their ids.
    pub items: Vec<LineView>,
    /// What became of each line that was named; only in the answer to a cancel or refund by lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LineOutcomeView>>,
    /// How the financer was chosen.
    pub route: RouteView,
    /// The token of the customer's page; absent in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// The customer's page; absent in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_url: Option<String>,
    /// Moments by which something must happen.
    pub deadlines: DeadlinesView,
    /// The merchant's notes.
    pub metadata: BTreeMap<String, String>,
    /// Position of the latest event in this checkout's history.
    pub sequence: u64,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The version behind the ETag; not part of the body.
    #[serde(skip)]
    #[schema(ignore)]
    pub version: u64,
}

/// An event in a checkout's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its id.
    pub id: String,
    /// Its type, such as `checkout.ready_to_fulfill`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Position in the checkout's history.
    pub sequence: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

fn text(money: Money) -> String {
    money.to_string()
}

impl CheckoutView {
    /// Shows a checkout.
    pub fn of(record: &CheckoutRecord, now: Timestamp) -> Result<Self, MoneyError> {
        let checkout = &record.checkout;
        let cart = &checkout.cart;
        let sums = record.ledger.amounts(cart.currency)?;
        let blockers: Vec<String> =
            lendport_core::readiness::blockers(record, now).into_iter().map(str::to_owned).collect();
        let leading = record.leading_attempt();
        let next_action = leading.filter(|attempt| !attempt.state.is_over() && !attempt.state.is_committed());
        Ok(Self {
            id: checkout.id.to_string(),
            object: "checkout",
            mode: checkout.mode.as_str(),
            reference: checkout.reference.clone(),
            status: record.status().as_str(),
            can_fulfill: blockers.is_empty(),
            blockers,
            amounts: AmountsView {
                currency: cart.currency.code().to_owned(),
                total: text(cart.total),
                tax: text(cart.tax),
                shipping: text(cart.shipping),
                discount: text(cart.discount),
                authorized: text(sums.authorized),
                captured: text(sums.captured),
                refunded: text(sums.refunded),
                charged_back: text(sums.charged_back),
            },
            fulfillment: checkout.fulfilment.as_str(),
            dispute: checkout.dispute.as_str(),
            dispute_uri: None,
            next_action: next_action.and_then(|attempt| attempt.next_action.as_ref()).map(|action| NextActionView {
                kind: action.kind.as_str().to_owned(),
                url: Some(action.url.clone()).filter(|url| !url.is_empty()),
                also: action.also.iter().map(|kind| kind.as_str().to_owned()).collect(),
                expires_at: action.expires_at,
            }),
            provider: leading
                .map(|attempt| attempt.provider.to_string())
                .or_else(|| checkout.route.providers.first().map(ToString::to_string)),
            attempt: leading.map(AttemptView::of),
            attempts: None,
            events: None,
            items: cart
                .lines
                .iter()
                .map(|line| LineView {
                    id: line.id.to_string(),
                    sku: line.sku.clone(),
                    name: line.name.clone(),
                    quantity: line.quantity,
                    unit_gross: text(line.unit_gross),
                    unit_tax: text(line.unit_tax),
                    total: text(line.total),
                    shipped: booked(record, LedgerKind::Captured, line.id),
                    canceled: leading.map_or(0, |attempt| record.ledger.canceled_units(attempt.id, line.id)),
                    returned: booked(record, LedgerKind::Refunded, line.id),
                })
                .collect(),
            lines: None,
            route: RouteView::of(&checkout.route),
            client_token: None,
            checkout_url: None,
            deadlines: DeadlinesView {
                expires_at: Some(
                    next_action
                        .and_then(|attempt| attempt.expires_at)
                        .map_or(checkout.expires_at, |at| at.min(checkout.expires_at)),
                ),
                capture_by: leading
                    .filter(|attempt| attempt.state == AttemptState::Authorized)
                    .and_then(|attempt| attempt.capture_by),
                ship_by: None,
            },
            metadata: checkout.metadata.clone(),
            sequence: checkout.sequence,
            created_at: checkout.created_at,
            updated_at: checkout.updated_at,
            version: checkout.version,
        })
    }
}

impl AttemptView {
    /// Shows an attempt.
    pub fn of(attempt: &lendport_core::Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            provider: attempt.provider.to_string(),
            status: attempt.state.as_str().to_owned(),
            reason: attempt.reason.as_ref().map(|reason| reason.0.clone()),
            provider_reference: attempt.reference.as_ref().map(|reference| reference.0.clone()),
            provider_status: attempt.raw_status.clone(),
            evidence: attempt.evidence.map(|evidence| evidence.grade.as_str().to_owned()),
            amount: text(attempt.amount),
            amount_echoed: attempt.amount_echoed.map(text),
            capture: attempt.capture.as_str().to_owned(),
        }
    }
}

impl EventView {
    /// Shows an event.
    pub fn of(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.as_str(),
            sequence: event.sequence,
            created_at: event.created_at,
        }
    }
}
