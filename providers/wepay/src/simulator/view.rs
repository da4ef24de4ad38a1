//! What the control API shows of a checkout. Amounts are texts here, so that nobody reads them as floats.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::checkout::{Checkout, Dispute, Review};
use super::dialect::Dialect;
use super::notice::Notice;
use super::order::Method;

/// One line of the list.
pub(super) fn summary(checkout: &Checkout) -> Value {
    let order = &checkout.order;
    json!({
        "checkout_id": checkout.id,
        "account_id": order.account_id,
        "state": checkout.word(Dialect::A),
        "state_b": checkout.word(Dialect::B),
        "amount": order.amount.to_string(),
        "currency": order.currency,
        "reference_id": order.reference_id,
        "version": checkout.version.text(),
        "created_at": checkout.created.to_string(),
        "postbacks": checkout.notices.len(),
    })
}

/// Everything about one checkout.
pub(super) fn detail(checkout: &Checkout, page: &str) -> Value {
    let mut shown = summary(checkout);
    let order = &checkout.order;
    let moves: Vec<Value> = checkout
        .moves
        .iter()
        .map(|(at, state)| json!({ "at": at.to_string(), "state": state.word(Dialect::A) }))
        .collect();
    let more = json!({
        "body": checkout.body,
        "body_complete": serde_json::from_str::<&RawValue>(&checkout.body).is_ok(),
        "unknown_parameters": order.unknown,
        "page": matches!(order.method, Method::Hosted(_)).then_some(page),
        "callback_uri": checkout.callback_uri,
        "gross": checkout.sums().gross.to_string(),
        "net": checkout.sums().net.to_string(),
        "processing_fee": checkout.sums().processing_fee.to_string(),
        "paid": checkout.paid.is_some(),
        "in_review": checkout.review != Review::Done,
        "refunded": checkout.refunded.to_string(),
        "charged_back": checkout.charged_back.to_string(),
        "dispute": match checkout.dispute {
            Dispute::None => "none",
            Dispute::Open => "open",
            Dispute::Won => "won",
            Dispute::Lost => "lost",
        },
        "next_at": checkout.due().map(|due| due.to_string()),
        "moves": moves,
        "postbacks": checkout.notices.iter().map(|notice| postback(checkout, notice)).collect::<Vec<_>>(),
    });
    if let (Some(members), Value::Object(more)) = (shown.as_object_mut(), more) {
        members.extend(more);
    }
    shown
}

fn postback(checkout: &Checkout, notice: &Notice) -> Value {
    let tries: Vec<Value> = notice
        .tries
        .iter()
        .map(|tried| json!({ "at": tried.at.to_string(), "status": tried.status, "failure": tried.failure }))
        .collect();
    json!({
        "url": checkout.callback_uri,
        "content_type": notice.content_type,
        "body": String::from_utf8_lossy(&notice.body),
        "delivered": notice.delivered,
        "dropped": notice.dropped,
        "given_up": notice.given_up,
        "tries_total": notice.tries.len(),
        "tries": tries,
    })
}
