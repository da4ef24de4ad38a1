//! Whose rows: every query over tenant data takes a [`Tenant`] first, so a query without its owner cannot be written.

use jiff::Timestamp;
use lendport_core::{KeyId, MerchantId, Mode, Scopes, ShopPage};

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
    /// What may be done with it.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// About when it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The key that was made in its place.
    pub replaced_by: Option<KeyId>,
    /// When it was made to stop working.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// A key that may do everything within its merchant, and does not expire.
    pub fn new(id: KeyId, tenant: Tenant, digest: String, label: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id,
            merchant: tenant.merchant,
            mode: tenant.mode,
            digest,
            label: label.into(),
            scopes: Scopes::of_merchant(),
            created_at,
            expires_at: None,
            last_used_at: None,
            replaced_by: None,
            revoked_at: None,
        }
    }

    /// Whose it is.
    pub fn tenant(&self) -> Tenant {
        Tenant { merchant: self.merchant, mode: self.mode }
    }

    /// Whether it works at this moment.
    pub fn works(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
