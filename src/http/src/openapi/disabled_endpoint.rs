//! An endpoint as the merchant's other endpoints hear of it. `switch_off.rs` in `lendport-delivery` writes the same.

use jiff::Timestamp;
use lendport_core::url_origin;
use lendport_engine::view::EndpointView;
use serde::Serialize;
use utoipa::ToSchema;

/// An endpoint that was switched off. Its URL is not told to others, as it may hold a token: read it by the id.
#[derive(Serialize, ToSchema)]
#[schema(as = DisabledEndpoint)]
pub(crate) struct DisabledEndpoint {
    /// Its id.
    #[schema(example = "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    id: String,
    /// Always `webhook_endpoint`.
    #[schema(example = "webhook_endpoint")]
    object: &'static str,
    /// `test` or `live`.
    #[schema(example = "test")]
    mode: &'static str,
    /// Scheme and host of its URL, and the port where it is not the usual one.
    #[schema(example = "https://shop.example")]
    origin: Option<String>,
    /// Your own note.
    description: Option<String>,
    /// `failing` (switched off after days of nothing but failure) or `gone` (switched off because it answered 410).
    #[schema(example = "gone")]
    state: &'static str,
    /// Since when every try has failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
}

impl DisabledEndpoint {
    /// What would be told of this endpoint if it answered 410.
    pub(crate) fn if_gone(endpoint: &EndpointView) -> Self {
        Self {
            id: endpoint.id.clone(),
            object: endpoint.object,
            mode: endpoint.mode,
            origin: url_origin(&endpoint.url),
            description: endpoint.description.clone(),
            state: lendport_core::EndpointState::Gone.as_str(),
            failing_since: endpoint.failing_since,
        }
    }
}
