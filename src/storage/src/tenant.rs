//! Whose rows: every query over tenant data takes a [`Tenant`] first, so a query without its owner cannot be written.

use jiff::Timestamp;
use lendport_core::{KeyId, MerchantId, Mode, ShopPage};

/// A merchant in one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The merchant.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
}

/// A tenant's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Ours.
    pub id: MerchantId,
    /// Unique among merchants.
    pub name: String,
    /// How its customers see it.
    pub page: ShopPage,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// A secret key's row; the key itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Ours.
    pub id: KeyId,
    /// Whose.
    pub merchant: MerchantId,
    /// Which world it opens.
    pub mode: Mode,
    /// SHA-256 (hex) of the key.
    pub digest: String,
    /// What the merchant calls it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped working.
    pub revoked_at: Option<Timestamp>,
}
