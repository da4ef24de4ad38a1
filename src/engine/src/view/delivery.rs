//! Deliveries as merchants see them, with every try.

use jiff::Timestamp;
use lendport_core::{Delivery, DeliveryAttempt, Mode};
use serde::Serialize;
use utoipa::ToSchema;

/// One event on its way to one endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// Its id.
    #[schema(example = "dlv_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `delivery`.
    #[schema(example = "delivery")]
    pub object: &'static str,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// The endpoint. It may have been deleted since.
    pub endpoint: String,
    /// The event; also the `webhook-id`.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    #[schema(example = "checkout.ready_to_fulfill")]
    pub kind: &'static str,
    /// The checkout it tells of; null where it tells of none.
    pub checkout: Option<String>,
    /// `pending` (tried now or later), `delivered`, or `failed` (every try failed, or its endpoint is gone).
    #[schema(example = "delivered")]
    pub state: &'static str,
    /// Tries made since it was last put in the queue.
    pub tries: u32,
    /// When it is tried next; null when it is not pending.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// Every try, oldest first.
    pub attempts: Vec<DeliveryAttemptView>,
    /// When it was put in the queue first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// One try.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct DeliveryAttemptView {
    /// Its id.
    #[schema(example = "dla_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// What was sent; the body is the event.
    pub request: DeliveryRequestView,
    /// What the receiver answered; null when it did not.
    pub response: Option<DeliveryResponseView>,
    /// Milliseconds until the answer, or until we gave up.
    pub latency_ms: u64,
    /// Why there was no answer, or none that counts: `timeout`, `refused_address`, `dns`, `tls`, `connect`, `reset` or
    /// `redirect`. Null otherwise.
    pub error: Option<String>,
}

/// What was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryRequest)]
pub struct DeliveryRequestView {
    /// Where it went; the endpoint may have moved since.
    pub url: String,
    /// Its headers, without the signature.
    pub headers: DeliveryHeadersView,
}

/// Headers of a try.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryHeaders)]
pub struct DeliveryHeadersView {
    /// The event's id.
    #[serde(rename = "webhook-id")]
    pub id: String,
    /// When the try began, in seconds since 1970.
    #[serde(rename = "webhook-timestamp")]
    #[schema(example = "1795262400")]
    pub timestamp: String,
}

/// What a receiver answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryResponse)]
pub struct DeliveryResponseView {
    /// HTTP status.
    #[schema(example = 200)]
    pub status: u16,
    /// The first 4,096 bytes of the body. Bytes that are no text are shown as U+FFFD.
    pub body: String,
}

impl DeliveryView {
    /// Shows a delivery.
    pub fn of(delivery: &Delivery, tries: &[DeliveryAttempt], mode: Mode) -> Self {
        Self {
            id: delivery.id.to_string(),
            object: "delivery",
            mode: mode.as_str(),
            endpoint: delivery.endpoint.to_string(),
            event: delivery.event.to_string(),
            kind: delivery.kind.as_str(),
            checkout: delivery.checkout.map(|id| id.to_string()),
            state: delivery.state.as_str(),
            tries: delivery.tries,
            next_at: delivery.next_at,
            attempts: tries.iter().map(|tried| DeliveryAttemptView::of(delivery, tried)).collect(),
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

impl DeliveryAttemptView {
    fn of(delivery: &Delivery, tried: &DeliveryAttempt) -> Self {
        let body = String::from_utf8_lossy(&tried.response).into_owned();
        Self {
            id: tried.id.to_string(),
            started_at: tried.started_at,
            request: DeliveryRequestView {
                url: tried.url.clone(),
                headers: DeliveryHeadersView {
                    id: delivery.event.to_string(),
                    timestamp: tried.started_at.as_second().to_string(),
                },
            },
            response: tried.status.map(|status| DeliveryResponseView { status, body }),
            latency_ms: tried.latency_ms,
            error: tried.error.clone(),
        }
    }
}
