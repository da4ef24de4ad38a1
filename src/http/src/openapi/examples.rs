//! Examples of the document: the cart of a provider's own published sample, in our words.

use serde_json::Value;

pub(crate) fn create_request() -> Value {
    read(include_str!("examples/create.json"))
}

pub(crate) fn checkout() -> Value {
    read(include_str!("examples/checkout.json"))
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

    #[test]
    fn examples_are_requests_we_accept() {
        for (text, shipment) in
            [(include_str!("examples/create.json"), false), (include_str!("examples/shipment.json"), true)]
        {
            let mut notes = Invalid::none();
            let node = body::parse(text.as_bytes(), &mut notes).unwrap();
            if shipment {
                assert!(body::shipment::read(&node, &mut notes).is_some());
            } else {
                body::checkout::read(&node, &mut notes);
            }
            assert_eq!(notes, Invalid::none());
        }
        assert!(checkout()["id"].is_string());
    }
}
