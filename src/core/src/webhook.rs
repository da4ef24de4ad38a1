//! Where merchants are told, and how far each telling has come (`api.md`, Events out).

use jiff::Timestamp;

use crate::event::EventType;
use crate::id::{CheckoutId, DeliveryAttemptId, DeliveryId, EventId, WebhookEndpointId};
use crate::secret::Secret;

/// Bytes of a receiver's answer that are kept.
pub const RESPONSE_KEPT_BYTES: usize = 4_096;

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// The merchant switched it off.
    Disabled,
    /// Nothing but failure for too long switched it off.
    Failing,
    /// It answered 410.
    Gone,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Disabled, Self::Failing, Self::Gone];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A signing secret of an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointSecret {
    /// `whsec_` and the base64 of the key.
    pub text: Secret<String>,
    /// When it stops signing; none for the current one.
    pub expires_at: Option<Timestamp>,
}

/// A merchant's address for events.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint {
    /// Ours.
    pub id: WebhookEndpointId,
    /// Where events are posted to.
    pub url: String,
    /// The merchant's note.
    pub description: Option<String>,
    /// The types it wants; empty means all.
    pub events: Vec<EventType>,
    /// Newest first; two while one replaces the other.
    pub secrets: Vec<EndpointSecret>,
    /// Whether it is told anything.
    pub state: EndpointState,
    /// Since when every try has failed; none when the last one did not.
    pub failing_since: Option<Timestamp>,
    /// Grows with every change a person or the gateway makes; the ETag.
    pub version: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl WebhookEndpoint {
    /// True when an event of this type goes to it.
    pub fn wants(&self, kind: EventType) -> bool {
        self.state == EndpointState::Enabled && is_subscribed(&self.events, kind)
    }
}

/// True when a filter lets a type through; an empty one lets everything through.
pub fn is_subscribed(filter: &[EventType], kind: EventType) -> bool {
    filter.is_empty() || filter.contains(&kind)
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// To be tried, now or later.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Every try of the schedule failed, or its endpoint is gone. It can be sent again by hand.
    Failed,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One event on its way to one endpoint. There is one per pair, ever: sending again changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Ours.
    pub id: DeliveryId,
    /// Where to.
    pub endpoint: WebhookEndpointId,
    /// What.
    pub event: EventId,
    /// Its type.
    pub kind: EventType,
    /// The checkout it tells of, if it does.
    pub checkout: Option<CheckoutId>,
    /// How far it has come.
    pub state: DeliveryState,
    /// Tries made since it was last put in the queue; the place in the schedule.
    pub tries: u32,
    /// When it is tried next; none when it is not pending.
    pub next_at: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Ours.
    pub id: DeliveryAttemptId,
    /// Where it went; the endpoint may have moved since.
    pub url: String,
    /// When it began; also the `webhook-timestamp`, in seconds.
    pub started_at: Timestamp,
    /// Milliseconds until the answer, or until we gave up.
    pub latency_ms: u64,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// Our word for the failure, where there was no status: `timeout`, `refused_address`, `refused_url`, `dns`, `tls`,
    /// `connect`, `reset`, `redirect`, and where nothing was sent by our own fault `unsigned`, `unwritable`.
    pub error: Option<String>,
    /// The first [`RESPONSE_KEPT_BYTES`] of the answer.
    pub response: Vec<u8>,
}
