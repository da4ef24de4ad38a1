//! Examples of the document: the cart of a provider's own published sample, in our words.

use serde_json::Value;

pub(crate) fn create_request() -> Value {
    read(include_str!("examples/create.json"))
}

pub(crate) fn checkout() -> Value {
    read(include_str!("examples/checkout.json"))
}

/// A checkout as events tell of it: without what leads to the customer's page.
pub(crate) fn told_checkout() -> Value {
    let mut checkout = checkout();
    if let Some(members) = checkout.as_object_mut() {
        members.shift_remove("client_token");
        members.shift_remove("checkout_url");
    }
    checkout
}

pub(crate) fn event() -> Value {
    serde_json::json!({
        "id": "evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b",
        "type": "attempt.created",
        "created_at": "2026-11-21T09:30:01Z",
        "mode": "test",
        "sequence": 2,
        "data": { "checkout": told_checkout() }
    })
}

pub(crate) fn eligibility_request() -> Value {
    serde_json::json!({
        "currency": "USD",
        "billing_address": { "state": "NJ", "country": "US" },
        "items": [{ "name": "TV", "quantity": 1, "unit_price": "1370.00", "category": "electronics" }],
        "shipping_amount": "50.00"
    })
}

pub(crate) fn endpoint_request() -> Value {
    read(include_str!("examples/endpoint_request.json"))
}

pub(crate) fn endpoint() -> Value {
    read(include_str!("examples/endpoint.json"))
}

/// The endpoint as the answer that makes it shows it.
pub(crate) fn created_endpoint() -> Value {
    let mut endpoint = endpoint();
    if let Some(members) = endpoint.as_object_mut() {
        // The example of the Standard Webhooks documents.
        members.insert("secret".to_owned(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into());
    }
    endpoint
}

pub(crate) fn delivery() -> Value {
    read(include_str!("examples/delivery.json"))
}

pub(crate) fn shipment_request() -> Value {
    read(include_str!("examples/shipment.json"))
}

/// The files are compiled in; a test reads each.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use lendport_core::Invalid;

    use super::*;
    use crate::body;

    fn wrong_with(example: &str, read: impl Fn(&body::Node<'_>, &mut Invalid)) -> Invalid {
        let mut notes = Invalid::none();
        let node = body::parse(example.as_bytes(), &mut notes).unwrap();
        read(&node, &mut notes);
        notes
    }

    #[test]
    fn examples_are_requests_we_accept() {
        for notes in [
            wrong_with(include_str!("examples/create.json"), |node, notes| _ = body::checkout::read(node, notes)),
            wrong_with(include_str!("examples/shipment.json"), |node, notes| {
                assert!(body::shipment::read(node, notes).is_some());
            }),
            wrong_with(include_str!("examples/endpoint_request.json"), |node, notes| {
                _ = body::webhook::endpoint(node, notes);
            }),
        ] {
            assert_eq!(notes, Invalid::none());
        }
        for example in [checkout(), endpoint(), delivery()] {
            assert!(example["id"].is_string());
        }
    }
}
