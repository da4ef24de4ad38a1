//! The body of a webhook: what happened, and the checkout as it was then (`api.md`, Events out).

use jiff::Timestamp;
use lendport_core::{Event, EventId, Mode};
use serde::Serialize;
use serde_json::value::RawValue;

/// The stored snapshot is not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot of {event} is not a JSON object")]
pub struct DocumentError {
    /// The event it belongs to.
    pub event: EventId,
}

#[derive(Serialize)]
struct Document<'a> {
    id: EventId,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: Timestamp,
    mode: &'static str,
    sequence: u64,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    checkout: &'a RawValue,
}

/// Writes the body. The snapshot stands in it byte for byte, so a repeat of the delivery has the same signature base
/// however much the words of the merchant API have changed since.
pub fn body(event: &Event, mode: Mode) -> Result<String, DocumentError> {
    let wrong = || DocumentError { event: event.id };
    if !event.snapshot.starts_with('{') {
        return Err(wrong());
    }
    let snapshot: &RawValue = serde_json::from_str(&event.snapshot).map_err(|_| wrong())?;
    let document = Document {
        id: event.id,
        kind: event.kind.as_str(),
        created_at: event.created_at,
        mode: mode.as_str(),
        sequence: event.sequence,
        data: Data { checkout: snapshot },
    };
    serde_json::to_string(&document).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use lendport_core::{About, EventType};

    use super::*;

    fn event(snapshot: &str) -> Event {
        Event {
            id: "evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap(),
            about: About::Checkout("chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap()),
            test: false,
            kind: EventType::CheckoutReadyToFulfill,
            sequence: 4,
            snapshot: snapshot.to_owned(),
            created_at: Timestamp::constant(1_795_262_400, 0),
        }
    }

    #[test]
    fn the_snapshot_stands_in_the_body_byte_for_byte() {
        // Spaces, the order of the keys and digits of the amount are those of the snapshot.
        let snapshot =
            r#"{"status": "authorized",  "amounts":{"total":"1420.00"}, "sequence":4, "id":"chk_1", "n":1.50}"#;
        let written = body(&event(snapshot), Mode::Test).unwrap();
        let expected = format!(
            r#"{{"id":"evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b","type":"checkout.ready_to_fulfill","created_at":"2026-11-21T12:00:00Z","mode":"test","sequence":4,"data":{{"checkout":{snapshot}}}}}"#
        );
        assert_eq!(written, expected);
        assert_eq!(body(&event(snapshot), Mode::Test).unwrap(), written);
    }

    #[test]
    fn a_snapshot_that_is_no_object_is_refused() {
        for wrong in ["", "null", "[]", "\"text\"", "{", "{} {}", "{}}, \"mode\":\"live\""] {
            let error = body(&event(wrong), Mode::Live).unwrap_err();
            assert_eq!(error.to_string(), "the snapshot of evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b is not a JSON object");
        }
    }
}
