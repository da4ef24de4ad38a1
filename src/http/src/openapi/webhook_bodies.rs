//! The request bodies of endpoints for events as the document shows them. The readers in `body::webhook` do the reading.

use utoipa::ToSchema;

use super::bodies::documented;
use super::event_document::{event_word, event_words, event_words_or_null};

documented! {
    /// An endpoint to set up.
    #[schema(example = super::examples::endpoint_request)]
    struct CreateWebhookEndpoint {
        /// Where events are posted to. `https` and public; in test mode the gateway may be configured to take `http` and
        /// its own machine as well.
        #[schema(max_length = 2048, format = "uri")]
        url: String,
        /// The types it is told of; all when absent, those to come included.
        #[schema(schema_with = event_words)]
        events: Option<Vec<String>>,
        /// Your own note.
        #[schema(max_length = 500)]
        description: Option<String>,
    }

    /// What is to be different; what is left out stays.
    struct UpdateWebhookEndpoint {
        /// Another address.
        #[schema(max_length = 2048, format = "uri")]
        url: Option<String>,
        /// Other types; null for all.
        #[schema(schema_with = event_words_or_null)]
        events: Option<Vec<String>>,
        /// Another note; null for none.
        #[schema(max_length = 500)]
        description: Option<String>,
        /// Whether it is told anything.
        #[schema(value_type = Option<EndpointStateInput>)]
        state: Option<EndpointStateInput>,
    }

    /// How the old secret goes out of use.
    struct RotateSecret {
        /// Hours for which the old secret signs beside the new one.
        #[schema(minimum = 0, maximum = 168, default = 24)]
        overlap_hours: Option<u32>,
    }

    /// A made-up event.
    struct TestEndpoint {
        /// Its type.
        #[schema(schema_with = event_word)]
        r#type: String,
    }

    /// What was missed.
    struct RecoverEndpoint {
        /// From when on, RFC 3339; not in the future.
        #[schema(format = DateTime, example = "2026-11-21T09:30:00Z")]
        since: String,
    }
}

/// Whether an endpoint is told anything.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a body; the readers in `body` read it")]
pub(crate) enum EndpointStateInput {
    Enabled,
    Disabled,
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;
    use crate::body::webhook;

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        for (documented, read) in [
            (CreateWebhookEndpoint::schema(), webhook::ENDPOINT),
            (UpdateWebhookEndpoint::schema(), webhook::ENDPOINT_CHANGE),
            (RotateSecret::schema(), webhook::ROTATE),
            (TestEndpoint::schema(), webhook::TEST),
            (RecoverEndpoint::schema(), webhook::RECOVER),
        ] {
            let documented = serde_json::to_value(&documented).unwrap();
            let names: Vec<_> = documented["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names, read);
            assert_eq!(documented["additionalProperties"], false);
        }
        let states = serde_json::to_value(EndpointStateInput::schema()).unwrap();
        assert_eq!(states["enum"], serde_json::json!(webhook::STATES));
    }
}
