//! What merchants receive: the payloads of outgoing webhooks, as an OpenAPI 3.1 document with `webhooks`.

use lendport_core::EventType;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::event_document::EventDocument;
use crate::conventions::VERSION;

const ABOUT: &str = "\
What the gateway sends to a merchant's endpoints. Signed as Standard Webhooks asks: `webhook-id`, `webhook-timestamp` \
and `webhook-signature` (`v1,` and base64 of HMAC-SHA256 over id, timestamp and body, joined by dots). Any 2xx is success; \
everything else is sent again. At least once: drop repeats by `webhook-id`, and stale ones by `sequence`, where it is not \
0. Events of one checkout come in order as long as your endpoint accepts them. What says `\"test\": true` tells of nothing \
that happened.";

/// The document as it is committed: stable, with a line end.
pub fn events_schema_json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn document() -> Value {
    let webhooks: Map<_, _> = EventType::ALL.iter().map(|kind| (kind.as_str().to_owned(), webhook(*kind))).collect();
    let mut schemas = Vec::new();
    EventDocument::schemas(&mut schemas);
    let mut named: Map<_, _> = schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    named.insert(EventDocument::name().into_owned(), json!(EventDocument::schema()));
    named.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Lendport events", "version": VERSION, "description": ABOUT },
        "webhooks": webhooks,
        "components": { "schemas": named }
    })
}

fn webhook(kind: EventType) -> Value {
    let header = |name: &str, about: &str| json!({ "name": name, "in": "header", "required": true, "description": about, "schema": { "type": "string" } });
    json!({
        "post": {
            "operationId": kind.as_str(),
            "summary": meaning(kind),
            "parameters": [
                header("webhook-id", "The event's id"),
                header("webhook-timestamp", "Seconds since 1970 at which it was sent"),
                header("webhook-signature", "One or more signatures, separated by blanks")
            ],
            "requestBody": {
                "required": true,
                "content": { "application/json": {
                    "schema": {
                        "allOf": [
                            { "$ref": "#/components/schemas/Event" },
                            { "type": "object", "properties": { "type": { "const": kind.as_str() } } }
                        ]
                    }
                } }
            },
            "responses": {
                "2XX": { "description": "Taken in" },
                "410": { "description": "Not wanted any more: the endpoint is switched off" }
            }
        }
    })
}

fn meaning(kind: EventType) -> &'static str {
    match kind {
        EventType::CheckoutCreated => "A checkout was opened",
        EventType::CheckoutUpdated => "Something about a checkout changed that has no type of its own",
        EventType::CheckoutReadyToFulfill => "Ship: told exactly once per checkout",
        EventType::CheckoutDeclined => "Every financer said no",
        EventType::CheckoutCanceled => "A checkout was stopped before capture, or withdrawn by the financer",
        EventType::CheckoutExpiring => "The financer ends a checkout soon unless the customer acts: told once before",
        EventType::CheckoutExpired => "A deadline passed",
        EventType::CheckoutCaptureDue => "The last moment to capture comes: told once before, four days at most",
        EventType::CheckoutCaptured => "The merchant is paid, or entitled to be",
        EventType::CheckoutRefunded => "An amount was given back, a part or all",
        EventType::CheckoutChargedBack => "An amount was taken back through a dispute",
        EventType::AttemptCreated => "A financer took the request in",
        EventType::AttemptPreapproved => "Positive, not final: do not ship",
        EventType::AttemptDeclined => "A financer said no, and others may follow",
        EventType::AttemptLateApproval => "A financer came back after its no, or after the checkout had expired",
        EventType::AttemptIndeterminate => "The outcome of a call is not known",
        EventType::OperationFailed => "A command to a financer failed",
        EventType::ShipmentConfirmed => "The financer was told of a shipment",
        EventType::DisputeOpened => "Money is disputed: do not ship what is not shipped yet",
        EventType::DisputeClosed => "A dispute was won or lost",
        EventType::AttentionOpened => "Something needs a person",
        EventType::AttentionResolved => "A person settled it, or evidence did",
        EventType::WebhookEndpointDisabled => "An endpoint is not told anything any more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_payload_and_every_reference_leads_somewhere() {
        let document = document();
        assert_eq!(document["webhooks"].as_object().unwrap().len(), EventType::ALL.len());
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
