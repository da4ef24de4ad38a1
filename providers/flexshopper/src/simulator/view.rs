//! What the control API shows. Amounts are texts here, so that nobody reads them as floats.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::goods::{Line, Parcel};
use super::object;
use super::person::User;
use super::state::Store;
use super::transaction::{Transaction, Way};

fn text(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// One line of the list of transactions.
pub(super) fn summary(transaction: &Transaction, now: Timestamp) -> Value {
    json!({
        "transaction_id": transaction.id(),
        "order_id": transaction.cart.order_id,
        "account": transaction.account,
        "user_id": transaction.user,
        "made_by": match transaction.way { Way::Api => "api", Way::Plugin => "plugin" },
        "lease_number": transaction.number,
        "status": transaction.status(),
        "signed": transaction.signed.is_some(),
        "expired": transaction.expired(now),
        "finalized": transaction.finalized.is_some(),
        "cash_price": text(transaction.terms.cash_price),
        "created_at": transaction.created.to_string(),
    })
}

/// Everything about one transaction.
pub(super) fn detail(transaction: &Transaction, now: Timestamp) -> Value {
    let mut shown = summary(transaction, now);
    let signature = transaction.signed.as_ref().map(|signature| {
        json!({
            "at": signature.at.to_string(),
            "ip_address": signature.ip_address,
            "timestamp": signature.timestamp,
        })
    });
    let moves: Vec<Value> =
        transaction.moves.iter().map(|(at, what)| json!({ "at": at.to_string(), "what": what })).collect();
    let more = json!({
        "lease_id": transaction.lease_id,
        "agreement_id": transaction.agreement_id,
        "sign_until": transaction.until.to_string(),
        "signature": signature,
        "finalized_at": transaction.finalized.map(|at| at.to_string()),
        "void": transaction.void,
        "consumer": transaction.consumer,
        "shipping": text(transaction.cart.shipping),
        "stated_cost": transaction.cart.stated_cost.map(text),
        "lines": transaction.goods.lines.iter().map(line).collect::<Vec<_>>(),
        "parcels": transaction.goods.parcels.iter().map(parcel).collect::<Vec<_>>(),
        "stuck": transaction.goods.stuck,
        "earned": text(transaction.earned()),
        "past_due": text(transaction.past_due),
        "calls": transaction.calls,
        "moves": moves,
    });
    if let (Some(members), Value::Object(more)) = (shown.as_object_mut(), more) {
        members.extend(more);
    }
    shown
}

fn line(line: &Line) -> Value {
    json!({
        "sku": line.sku,
        "description": line.description,
        "brand": line.brand,
        "cost": text(line.cost),
        "quantity": line.quantity,
        "left": line.left,
        "delivered": line.delivered,
        "canceled": line.canceled,
        "returned": line.returned,
    })
}

fn parcel(parcel: &Parcel) -> Value {
    json!({
        "sku": parcel.sku,
        "quantity": parcel.quantity,
        "carrier": parcel.carrier,
        "date": parcel.date,
        "tracking_number": parcel.tracking_number,
        "tracking_link": parcel.tracking_link,
        "delivered": parcel.delivered,
    })
}

/// A customer. Of the application only names of members and kinds of values are known.
pub(super) fn person(store: &Store, user: &User, now: Timestamp) -> Value {
    let application: serde_json::Map<String, Value> =
        user.application.iter().map(|(name, kind)| (name.clone(), Value::from(kind.as_str()))).collect();
    let decision = user.decision.as_ref().map(|decision| {
        json!({
            "status": decision.verdict(now),
            "limit": text(decision.limit),
            "due": decision.due.to_string(),
        })
    });
    json!({
        "user_id": user.id,
        "email": user.email,
        "accounts": user.accounts,
        "decision": decision,
        "balance": text(object::balance(store, user, now)),
        "verification": user.identity,
        "hold": user.hold,
        "payment_methods": user.methods.len(),
        "can_pay": user.can_pay(),
        "applications": user.applications,
        "application": application,
    })
}
