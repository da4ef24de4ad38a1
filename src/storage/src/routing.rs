//! Versions of a tenant's routing profile.

use jiff::Timestamp;
use lendport_core::RoutingProfileId;
use lendport_core::routing::Profile;

/// Bytes of documents that a page holds at most, where it holds more than one: a document may be as large as a request.
pub(crate) const PAGE_BYTES: u32 = 2 * 1024 * 1024;

/// One version, never changed but for being the active one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingVersion {
    /// Ours.
    pub id: RoutingProfileId,
    /// Counted from 1 for each tenant.
    pub version: u64,
    /// The one that decides; at most one of a tenant's is.
    pub active: bool,
    /// What it says.
    pub profile: Profile,
    /// Who put it: the id of a key, or what else is known of the caller.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}
