//! What a made-up event tells of: the example of the documents, in the state that its type announces.

use lendport_core::{Dispute, EventType};
use lendport_engine::view::EndpointView;
use serde_json::{Value, json};

use crate::openapi::disabled_endpoint::DisabledEndpoint;
use crate::openapi::examples;

/// The `data` of a made-up event, as JSON text.
pub(super) fn data(kind: EventType, endpoint: &EndpointView) -> String {
    match kind {
        EventType::WebhookEndpointDisabled => json!({ "webhook_endpoint": DisabledEndpoint::if_gone(endpoint) }),
        _ => json!({ "checkout": checkout(kind, endpoint.mode) }),
    }
    .to_string()
}

fn checkout(kind: EventType, mode: &str) -> Value {
    let mut checkout = examples::told_checkout();
    let total = checkout.pointer("/amounts/total").cloned().unwrap_or_default();
    set(&mut checkout, "/mode", mode.into());
    let Some(status) = status(kind) else { return checkout };
    let dispute = dispute(kind);
    set(&mut checkout, "/dispute", dispute.as_str().into());
    let ready = matches!(status, "authorized" | "captured") && dispute != Dispute::Open;
    let blocker = if dispute == Dispute::Open { "dispute_open" } else { status };
    set(&mut checkout, "/status", status.into());
    set(&mut checkout, "/attempt/status", status.into());
    set(&mut checkout, "/can_fulfill", ready.into());
    set(&mut checkout, "/blockers", if ready { json!([]) } else { json!([blocker]) });
    set(&mut checkout, "/next_action", Value::Null);
    let booked: &[&str] = match status {
        "authorized" => &["authorized"],
        "captured" => &["authorized", "captured"],
        "refunded" => &["authorized", "captured", "refunded"],
        "charged_back" => &["authorized", "captured", "charged_back"],
        _ => &[],
    };
    for amount in booked {
        set(&mut checkout, &format!("/amounts/{amount}"), total.clone());
    }
    checkout
}

/// The status that a type announces; none where the example's own will do.
fn status(kind: EventType) -> Option<&'static str> {
    match kind {
        EventType::CheckoutReadyToFulfill | EventType::AttemptLateApproval | EventType::CheckoutCaptureDue => {
            Some("authorized")
        }
        EventType::CheckoutCaptured
        | EventType::ShipmentConfirmed
        | EventType::DisputeOpened
        | EventType::DisputeClosed => Some("captured"),
        EventType::CheckoutRefunded => Some("refunded"),
        EventType::CheckoutChargedBack => Some("charged_back"),
        EventType::CheckoutDeclined | EventType::AttemptDeclined => Some("declined"),
        EventType::CheckoutCanceled => Some("canceled"),
        EventType::CheckoutExpired => Some("expired"),
        EventType::AttemptPreapproved => Some("preapproved"),
        EventType::AttemptIndeterminate => Some("indeterminate"),
        EventType::OperationFailed => Some("failed"),
        EventType::CheckoutCreated
        | EventType::CheckoutUpdated
        | EventType::CheckoutExpiring
        | EventType::AttemptCreated
        | EventType::AttentionOpened
        | EventType::AttentionResolved
        | EventType::WebhookEndpointDisabled => None,
    }
}

/// How the money is disputed where a type announces it; closed ones are won here.
fn dispute(kind: EventType) -> Dispute {
    match kind {
        EventType::DisputeOpened => Dispute::Open,
        EventType::DisputeClosed => Dispute::Won,
        _ => Dispute::None,
    }
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::CheckoutStatus;

    use super::*;

    #[test]
    fn each_type_has_a_checkout_in_its_state() {
        for kind in EventType::ALL {
            let sample = checkout(kind, "live");
            assert_eq!(sample["mode"], "live");
            assert!(CheckoutStatus::parse(sample["status"].as_str().unwrap()).is_some(), "{kind:?}");
            assert_eq!(sample["can_fulfill"], sample["blockers"].as_array().unwrap().is_empty(), "{kind:?}");
        }
        let ready = checkout(EventType::CheckoutReadyToFulfill, "test");
        assert_eq!(
            (&ready["can_fulfill"], &ready["next_action"], &ready["amounts"]["authorized"]),
            (&json!(true), &Value::Null, &json!("1420.00"))
        );
        let opened = checkout(EventType::DisputeOpened, "test");
        assert_eq!((&opened["dispute"], &opened["blockers"]), (&json!("open"), &json!(["dispute_open"])));
        let closed = checkout(EventType::DisputeClosed, "test");
        assert_eq!((&closed["dispute"], &closed["status"]), (&json!("won"), &json!("captured")));
        assert_eq!(checkout(EventType::CheckoutRefunded, "test")["amounts"]["refunded"], "1420.00");
    }
}
