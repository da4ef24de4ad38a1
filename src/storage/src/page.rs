//! Pages: newest first, by id, which sorts by time.

use jiff::Timestamp;
use lendport_core::{CheckoutStatus, ProviderId};

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
