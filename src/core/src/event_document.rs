//! What merchants are sent and what they can read for themselves: one document, written in one place (`api.md`, Events
//! out).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{About, Event};
use crate::id::EventId;
use crate::mode::Mode;

/// The stored snapshot is not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Checkout { checkout: &'a RawValue },
    Whole(&'a RawValue),
}

/// Writes the document. The snapshot stands in it byte for byte, so a repeat of the delivery has the same signature base
/// however much the words of the merchant API have changed since.
pub fn event_document(event: &Event, mode: Mode) -> Result<String, DocumentError> {
    let wrong = |_| DocumentError { event: event.id };
    if !event.snapshot.starts_with('{') {
        return Err(DocumentError { event: event.id });
    }
    let snapshot: &RawValue = serde_json::from_str(&event.snapshot).map_err(wrong)?;
    let document = Document {
        id: event.id,
        kind: event.kind.as_str(),
        created_at: event.created_at,
        mode: mode.as_str(),
        sequence: event.sequence,
        test: event.test,
        data: match event.about {
            About::Checkout(_) => Data::Checkout { checkout: snapshot },
            About::Endpoint(_) => Data::Whole(snapshot),
        },
    };
    serde_json::to_string(&document).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;

    fn event(snapshot: &str) -> Event {
        Event {
            id: "evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap(),
            about: About::Checkout("chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap()),
            kind: EventType::CheckoutReadyToFulfill,
            sequence: 4,
            test: false,
            snapshot: snapshot.to_owned(),
            created_at: Timestamp::constant(1_795_262_400, 0),
        }
    }

    #[test]
    fn the_snapshot_stands_in_the_document_byte_for_byte() {
        // Spaces, the order of the keys and digits of the amount are those of the snapshot.
        let snapshot =
            r#"{"status": "authorized",  "amounts":{"total":"1420.00"}, "sequence":4, "id":"chk_1", "n":1.50}"#;
        let written = event_document(&event(snapshot), Mode::Test).unwrap();
        let expected = format!(
            r#"{{"id":"evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b","type":"checkout.ready_to_fulfill","created_at":"2026-11-21T12:00:00Z","mode":"test","sequence":4,"data":{{"checkout":{snapshot}}}}}"#
        );
        assert_eq!(written, expected);
        assert_eq!(event_document(&event(snapshot), Mode::Test).unwrap(), written);
    }

    #[test]
    fn what_is_about_an_endpoint_is_the_whole_of_data_and_a_test_says_so() {
        let about = About::Endpoint("whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap());
        let snapshot = r#"{"webhook_endpoint": {"n":1.50}}"#;
        let event = Event { about, sequence: 0, test: true, ..event(snapshot) };
        let written = event_document(&event, Mode::Live).unwrap();
        let end = format!(r#""mode":"live","sequence":0,"test":true,"data":{snapshot}}}"#);
        assert!(written.ends_with(&end), "{written}");
    }

    #[test]
    fn a_snapshot_that_is_no_object_is_refused() {
        for wrong in ["", "null", "[]", "\"text\"", "{", "{} {}", "{}}, \"mode\":\"live\""] {
            let error = event_document(&event(wrong), Mode::Live).unwrap_err();
            assert_eq!(error.to_string(), "the snapshot of evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b is not a JSON object");
        }
    }
}
