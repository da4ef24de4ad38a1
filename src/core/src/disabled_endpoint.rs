//! What a merchant's other endpoints are told of one that was switched off.

use jiff::Timestamp;
use serde::Serialize;

use crate::mode::Mode;
use crate::webhook::WebhookEndpoint;
use crate::webhook_url::url_origin;

/// An endpoint that was switched off. Of its URL the origin alone is told, as the rest may hold a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisabledEndpoint {
    /// Its id.
    pub id: String,
    /// Always `webhook_endpoint`.
    pub object: &'static str,
    /// `test` or `live`.
    pub mode: &'static str,
    /// Scheme and host of its URL, and the port where it is not the usual one.
    pub origin: Option<String>,
    /// The merchant's note.
    pub description: Option<String>,
    /// Why it was switched off.
    pub state: &'static str,
    /// Since when every try has failed.
    pub failing_since: Option<Timestamp>,
}

impl DisabledEndpoint {
    /// Tells of an endpoint as it is now.
    pub fn of(endpoint: &WebhookEndpoint, mode: Mode) -> Self {
        Self {
            id: endpoint.id.to_string(),
            object: "webhook_endpoint",
            mode: mode.as_str(),
            origin: url_origin(&endpoint.url),
            description: endpoint.description.clone(),
            state: endpoint.state.as_str(),
            failing_since: endpoint.failing_since,
        }
    }
}
