//! Pages: newest first, by id, which sorts by time.

use jiff::Timestamp;
use lendport_core::{
    AttentionKind, CheckoutId, CheckoutStatus, DeliveryState, EventId, EventType, ProviderId, WebhookEndpointId,
};

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAsk<I> {
    /// Rows wanted, 1 to `limits::PAGE_MAX`.
    pub limit: u32,
    /// Rows after (older than) this one.
    pub after: Option<I>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Rows, newest first.
    pub rows: Vec<T>,
    /// True when older rows follow.
    pub has_more: bool,
}

/// Which checkouts. An absent field lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckoutFilter {
    /// The merchant's reference, exactly.
    pub reference: Option<String>,
    /// The derived status.
    pub status: Option<CheckoutStatus>,
    /// The leading attempt's financer.
    pub provider: Option<ProviderId>,
    /// Stored at or after.
    pub created_after: Option<Timestamp>,
    /// Stored before.
    pub created_before: Option<Timestamp>,
}

/// Which events. An absent field lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these types; empty means all.
    pub kinds: Vec<EventType>,
    /// About this checkout.
    pub checkout: Option<CheckoutId>,
    /// Written at or after.
    pub created_after: Option<Timestamp>,
    /// Written before.
    pub created_before: Option<Timestamp>,
}

/// Which deliveries. An absent field lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// To this endpoint.
    pub endpoint: Option<WebhookEndpointId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// In this state.
    pub state: Option<DeliveryState>,
}

/// Which items. An absent field lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttentionFilter {
    /// Open ones, or settled ones.
    pub open: Option<bool>,
    /// About this checkout.
    pub checkout: Option<CheckoutId>,
    /// Of this kind.
    pub kind: Option<AttentionKind>,
}
