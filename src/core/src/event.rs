//! What merchants are told, written in the same transaction as the change it tells of.

use jiff::Timestamp;

use crate::id::{CheckoutId, EventId, WebhookEndpointId};

/// The types of `api.md`, Events out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// A checkout was stored.
    CheckoutCreated,
    /// Something about it changed that has no type of its own.
    CheckoutUpdated,
    /// Ship. Exactly once per checkout, ever.
    CheckoutReadyToFulfill,
    /// Every route is exhausted.
    CheckoutDeclined,
    /// Stopped before capture.
    CheckoutCanceled,
    /// The financer ends it soon unless the customer acts.
    CheckoutExpiring,
    /// A deadline passed.
    CheckoutExpired,
    /// The last moment to capture comes.
    CheckoutCaptureDue,
    /// Paid.
    CheckoutCaptured,
    /// An amount was given back, a part or all.
    CheckoutRefunded,
    /// An amount was taken back.
    CheckoutChargedBack,
    /// A financer took the request in.
    AttemptCreated,
    /// Positive, not final.
    AttemptPreapproved,
    /// A financer said no, and others may follow.
    AttemptDeclined,
    /// A financer came back after its no.
    AttemptLateApproval,
    /// Outcome of a call unknown.
    AttemptIndeterminate,
    /// A command to a provider failed.
    OperationFailed,
    /// The provider was told of a shipment.
    ShipmentConfirmed,
    /// Money is disputed.
    DisputeOpened,
    /// A dispute was won or lost.
    DisputeClosed,
    /// Something needs a person.
    AttentionOpened,
    /// A person settled it, or evidence did.
    AttentionResolved,
    /// An endpoint is not told anything any more.
    WebhookEndpointDisabled,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 23] = [
        Self::CheckoutCreated,
        Self::CheckoutUpdated,
        Self::CheckoutReadyToFulfill,
        Self::CheckoutDeclined,
        Self::CheckoutCanceled,
        Self::CheckoutExpiring,
        Self::CheckoutExpired,
        Self::CheckoutCaptureDue,
        Self::CheckoutCaptured,
        Self::CheckoutRefunded,
        Self::CheckoutChargedBack,
        Self::AttemptCreated,
        Self::AttemptPreapproved,
        Self::AttemptDeclined,
        Self::AttemptLateApproval,
        Self::AttemptIndeterminate,
        Self::OperationFailed,
        Self::ShipmentConfirmed,
        Self::DisputeOpened,
        Self::DisputeClosed,
        Self::AttentionOpened,
        Self::AttentionResolved,
        Self::WebhookEndpointDisabled,
    ];

    /// The dotted name merchants see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckoutCreated => "checkout.created",
            Self::CheckoutUpdated => "checkout.updated",
            Self::CheckoutReadyToFulfill => "checkout.ready_to_fulfill",
            Self::CheckoutDeclined => "checkout.declined",
            Self::CheckoutCanceled => "checkout.canceled",
            Self::CheckoutExpiring => "checkout.expiring",
            Self::CheckoutExpired => "checkout.expired",
            Self::CheckoutCaptureDue => "checkout.capture_due",
            Self::CheckoutCaptured => "checkout.captured",
            Self::CheckoutRefunded => "checkout.refunded",
            Self::CheckoutChargedBack => "checkout.charged_back",
            Self::AttemptCreated => "attempt.created",
            Self::AttemptPreapproved => "attempt.preapproved",
            Self::AttemptDeclined => "attempt.declined",
            Self::AttemptLateApproval => "attempt.late_approval",
            Self::AttemptIndeterminate => "attempt.indeterminate",
            Self::OperationFailed => "operation.failed",
            Self::ShipmentConfirmed => "shipment.confirmed",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeClosed => "dispute.closed",
            Self::AttentionOpened => "attention.opened",
            Self::AttentionResolved => "attention.resolved",
            Self::WebhookEndpointDisabled => "webhook_endpoint.disabled",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// A checkout; the snapshot is that checkout.
    Checkout(CheckoutId),
    /// An endpoint of the merchant, or nothing but a test of it; the snapshot is the whole `data` object.
    Endpoint(WebhookEndpointId),
}

impl About {
    /// The checkout, where it is one.
    pub fn checkout(self) -> Option<CheckoutId> {
        match self {
            Self::Checkout(id) => Some(id),
            Self::Endpoint(_) => None,
        }
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Ours; merchants drop repeats by it.
    pub id: EventId,
    /// What it tells of.
    pub about: About,
    /// Its type.
    pub kind: EventType,
    /// Position in the checkout's history, from 1 without gaps; 0 where it is not about a checkout.
    pub sequence: u64,
    /// True when a merchant asked for it to try an endpoint; it tells of nothing that happened.
    pub test: bool,
    /// What it tells of, as it was then, in the words of the merchant API (JSON text). Holds no personal data.
    pub snapshot: String,
    /// When.
    pub created_at: Timestamp,
}
