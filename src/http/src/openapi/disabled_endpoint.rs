//! An endpoint as the merchant's other endpoints hear of it: `lendport_core::DisabledEndpoint`, described.

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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lendport_core::{EndpointSecret, EndpointState, Mode, Secret, WebhookEndpoint};
    use serde_json::to_value;

    use super::*;

    #[test]
    fn the_sample_says_what_a_real_one_would() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (url, description, failing_since) in [
            ("https://shop.example/hook?token=t", Some("orders"), Some(at(1))),
            ("https://shop.example:8443/hook", None, None),
        ] {
            let gone = WebhookEndpoint {
                id: "whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap(),
                url: url.to_owned(),
                description: description.map(str::to_owned),
                events: Vec::new(),
                secrets: vec![EndpointSecret { text: Secret::from("whsec_b2xk"), expires_at: None }],
                state: EndpointState::Gone,
                failing_since,
                version: 2,
                created_at: at(0),
                updated_at: at(2),
            };
            for mode in [Mode::Test, Mode::Live] {
                let sample = DisabledEndpoint::if_gone(&EndpointView::of(&gone, mode, at(3)));
                let told = lendport_core::DisabledEndpoint::of(&gone, mode);
                assert_eq!(to_value(&sample).unwrap(), to_value(&told).unwrap());
            }
        }
    }
}
