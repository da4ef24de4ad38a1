//! What the control API shows of a request.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::postback::Sent;
use super::state::Record;

/// One line of the list.
pub(super) fn summary(record: &Record) -> Value {
    let order = &record.order;
    json!({
        "inv_id": record.inv_id,
        "state": record.state.word(),
        "amount": order.amount.to_string(),
        "currency": order.currency,
        "country": order.country,
        "version": order.dialect.version(),
        "merchant_transaction_id": order.merchant_transaction_id,
        "created_at": record.created.to_string(),
        "postbacks": record.postbacks.len(),
        "shipping_updates": record.shipping.len(),
    })
}

/// Everything about one request.
pub(super) fn detail(record: &Record) -> Value {
    let mut shown = summary(record);
    if let Some(members) = shown.as_object_mut() {
        // Numbers in the body are shown as text, so that nobody mistakes a float for what was sent.
        let whole = serde_json::from_str::<&RawValue>(&record.body).is_ok();
        members.insert("body".into(), record.body.clone().into());
        members.insert("body_complete".into(), whole.into());
        members.insert("billing_state".into(), record.order.state.into());
        members.insert("tax".into(), record.order.tax.to_string().into());
        members.insert("refunded".into(), record.refunded.to_string().into());
        members.insert("sent_to_consumer".into(), record.order.sent_to_consumer.into());
        members.insert("postbacks".into(), record.postbacks.iter().map(postback).collect());
        members.insert("shipping_updates".into(), record.shipping.iter().cloned().collect());
    }
    shown
}

fn postback(sent: &Sent) -> Value {
    let tries: Vec<Value> = sent
        .tries
        .iter()
        .map(|tried| json!({ "at": tried.at.to_string(), "status": tried.status, "failure": tried.failure }))
        .collect();
    json!({
        "url": sent.url,
        "content_type": sent.content_type,
        "body": String::from_utf8_lossy(&sent.body),
        "x_timestamp": sent.signature.as_ref().map(|(timestamp, _)| timestamp),
        "x_signature": sent.signature.as_ref().map(|(_, signature)| signature),
        "delivered": sent.delivered,
        "tries_total": sent.tries_total,
        "tries": tries,
    })
}
