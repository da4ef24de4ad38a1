//! Endpoints as merchants see them. A secret is shown by the answer that makes it, and by no other.

use jiff::Timestamp;
use lendport_core::{Mode, Secret, WebhookEndpoint, WebhookEndpointId};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// An address that is told of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// Its id.
    #[schema(example = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `webhook_endpoint`.
    #[schema(example = "webhook_endpoint")]
    pub object: &'static str,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// Where events are posted to.
    #[schema(example = "https://shop.example/lendport")]
    pub url: String,
    /// Your own note.
    pub description: Option<String>,
    /// The types it is told of; null means all, those to come included.
    pub events: Option<Vec<&'static str>>,
    /// `enabled`, `disabled` (by you), `failing` (switched off after days of nothing but failure) or `gone` (switched off
    /// because it answered 410).
    #[schema(example = "enabled")]
    pub state: &'static str,
    /// Since when every try has failed; null when the latest did not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// The secret that signs, `whsec_` and base64. Shown once, by the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret<String>>,
    /// Until when a secret that was replaced goes on signing beside the current one; null when none does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_secret_expires_at: Option<Timestamp>,
    /// When it was set up.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The version behind the ETag; not part of the body.
    #[serde(skip)]
    #[schema(ignore)]
    pub version: u64,
}

fn exposed<S: Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl EndpointView {
    /// Shows an endpoint without its secrets.
    pub fn of(endpoint: &WebhookEndpoint, mode: Mode, now: Timestamp) -> Self {
        let wanted = endpoint.events.iter().map(|kind| kind.as_str()).collect();
        let replaced = endpoint.secrets.iter().filter_map(|secret| secret.expires_at).filter(|at| *at > now);
        Self {
            id: endpoint.id.to_string(),
            object: "webhook_endpoint",
            mode: mode.as_str(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: (!endpoint.events.is_empty()).then_some(wanted),
            state: endpoint.state.as_str(),
            failing_since: endpoint.failing_since,
            secret: None,
            previous_secret_expires_at: replaced.max(),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            version: endpoint.version,
        }
    }

    /// Adds the current secret, for the answer that made it.
    pub(crate) fn with_secret(self, endpoint: &WebhookEndpoint) -> Self {
        Self { secret: endpoint.secrets.first().map(|secret| secret.text.clone()), ..self }
    }
}

/// That an endpoint is told again what it missed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recovery)]
pub struct RecoveryView {
    /// Always `recovery`.
    #[schema(example = "recovery")]
    pub object: &'static str,
    /// The endpoint.
    #[schema(example = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub endpoint: String,
    /// From when on. What it accepted since is not sent again.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

impl RecoveryView {
    pub(crate) fn of(endpoint: WebhookEndpointId, since: Timestamp) -> Self {
        Self { object: "recovery", endpoint: endpoint.to_string(), since }
    }
}
