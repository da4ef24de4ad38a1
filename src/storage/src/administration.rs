//! Merchants, their keys and their accounts, and the log of who changed them: what a platform administers.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditAction, AuditEntry, AuditId, KeyId, MerchantId, Mode, ProviderAccount, ProviderId, Quotas};

use crate::error::StoreError;
use crate::idempotency::{Claim, ClaimWrite};
use crate::page::{Page, PageAsk};
use crate::store::{ChangeOutcome, Store};
use crate::tenant::{ApiKey, Merchant, Tenant};

/// A row with the number of its version, which grows whenever it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The row.
    pub row: T,
    /// Its version; the first is 1.
    pub version: u64,
}

/// What a change of a merchant, a key or an account starts from.
#[derive(Clone, Debug, Default)]
pub struct AdminAsk {
    /// Claim this idempotency key of this tenant, who is the one that asks, in the same transaction.
    pub claim: Option<(Tenant, Claim)>,
    /// Say whether another merchant than the loaded one has this name.
    pub name: Option<String>,
    /// Load this key of the tenant.
    pub key: Option<KeyId>,
    /// Count the merchant's keys of this mode that work at this moment.
    pub keys_at: Option<(Mode, Timestamp)>,
    /// Count the merchant's accounts of this mode.
    pub accounts_in: Option<Mode>,
    /// Load the tenant's account at this provider.
    pub account: Option<ProviderId>,
}

/// What a decision may look at.
#[derive(Clone, Copy, Debug)]
pub struct AdminLoaded<'a> {
    /// The tenant's merchant; none when there is no such merchant yet.
    pub merchant: Option<&'a Versioned<Merchant>>,
    /// True when another merchant has the asked name.
    pub name_taken: bool,
    /// The asked key.
    pub key: Option<&'a ApiKey>,
    /// The asked account.
    pub account: Option<&'a Versioned<ProviderAccount>>,
    /// How many keys of the merchant work in the asked mode at the asked moment.
    pub keys: u32,
    /// How many accounts the merchant has in the asked mode.
    pub accounts: u32,
}

/// Everything one transaction writes. Rows of another tenant than the one that was asked about are refused.
#[derive(Clone, Debug, Default)]
pub struct AdminChange {
    /// Write nothing at all, claim included.
    pub abort: bool,
    /// The merchant, new or changed; its version grows.
    pub merchant: Option<Merchant>,
    /// Keys, new or changed.
    pub keys: Vec<ApiKey>,
    /// The account, new or changed; its version grows.
    pub account: Option<ProviderAccount>,
    /// Delete the account that was loaded.
    pub remove_account: bool,
    /// The merchant's own quotas, all of them; its version grows.
    pub quotas: Option<Quotas>,
    /// Who did it, and what. A change of anything above without an entry is refused.
    pub audit: Vec<AuditEntry>,
    /// What becomes of the claim.
    pub claim: Option<ClaimWrite>,
}

impl AdminChange {
    /// Writes nothing; a claim asked for with it is given up too.
    pub fn abort() -> Self {
        Self { abort: true, ..Self::default() }
    }
}

/// How many checkouts a tenant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckoutCounts {
    /// Those that nobody has decided on.
    pub open: u32,
    /// Those made after the asked moment.
    pub since: u32,
}

/// Decides what to write. May be run again when the transaction has to be repeated.
pub type AdminDecide<'a> = dyn FnMut(AdminLoaded<'_>) -> AdminChange + Send + 'a;

/// Whose entries of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// One merchant's, in one mode, with those that are about both.
    Of(Tenant),
    /// Those of all merchants and of the gateway as a whole, in one mode, with those that are about both.
    All(Mode),
}

/// Which entries of the audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this action.
    pub action: Option<AuditAction>,
}

/// The rows of merchants, keys and accounts, where they are administered. Part of every [`Store`].
#[async_trait]
pub trait Administration: Send + Sync {
    /// Loads, lets `decide` look, writes what it says: one transaction. Changes of one merchant come one after the other.
    /// Callers use [`administer_with`].
    async fn administer(
        &self,
        tenant: Tenant,
        ask: AdminAsk,
        decide: Box<AdminDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError>;
    /// A merchant with its version.
    async fn merchant_row(&self, id: MerchantId) -> Result<Option<Versioned<Merchant>>, StoreError>;
    /// A page of all merchants, newest first.
    async fn merchants(&self, page: PageAsk<MerchantId>) -> Result<Page<Versioned<Merchant>>, StoreError>;
    /// The merchant's own quotas.
    async fn quotas(&self, merchant: MerchantId) -> Result<Quotas, StoreError>;
    /// How many checkouts the tenant has that nobody has decided on, and how many made after that moment; each counted up to
    /// `most`.
    async fn count_checkouts(&self, tenant: Tenant, since: Timestamp, most: u32) -> Result<CheckoutCounts, StoreError>;
    /// One key of the tenant, whether it still works or not.
    async fn key(&self, tenant: Tenant, id: KeyId) -> Result<Option<ApiKey>, StoreError>;
    /// A page of the tenant's keys, newest first, with those that work no more.
    async fn keys(&self, tenant: Tenant, page: PageAsk<KeyId>) -> Result<Page<ApiKey>, StoreError>;
    /// Remembers when keys were last used; a moment before the known one changes nothing.
    async fn note_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError>;
    /// The tenant's accounts with their versions, by provider name; at one provider, or all.
    async fn account_rows(
        &self,
        tenant: Tenant,
        provider: Option<&ProviderId>,
    ) -> Result<Vec<Versioned<ProviderAccount>>, StoreError>;
    /// A page of the audit log, newest first.
    async fn audit(
        &self,
        whose: Audited,
        filter: AuditFilter,
        page: PageAsk<AuditId>,
    ) -> Result<Page<AuditEntry>, StoreError>;
}

/// [`Administration::administer`] with a result handed out of the decision; `None` when it did not run.
pub async fn administer_with<T: Send + 'static>(
    store: &dyn Store,
    tenant: Tenant,
    ask: AdminAsk,
    mut decide: impl FnMut(AdminLoaded<'_>) -> (AdminChange, T) + Send + 'static,
) -> Result<(ChangeOutcome, Option<T>), StoreError> {
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let decide = Box::new(move |loaded: AdminLoaded<'_>| {
        let (change, result) = decide(loaded);
        *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        change
    });
    let outcome = store.administer(tenant, ask, decide).await?;
    let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((outcome, result))
}

/// What an administrative change must not be, whatever decided on it: about somebody else than it was asked for, or without
/// a word of who made it.
pub(crate) fn refusal(tenant: Tenant, change: &AdminChange) -> Option<String> {
    let Tenant { merchant, mode } = tenant;
    let other_merchant = change.merchant.iter().any(|row| row.id != merchant);
    let other_key = change.keys.iter().any(|row| (row.merchant, row.mode) != (merchant, mode));
    let other_account = change.account.iter().any(|row| (row.merchant, row.mode) != (merchant, mode));
    let other_audit =
        change.audit.iter().any(|row| row.merchant != Some(merchant) || row.mode.is_some_and(|known| known != mode));
    if other_merchant || other_key || other_account || other_audit {
        return Some(format!("a change of {merchant} is about another merchant or mode"));
    }
    let changed = change.merchant.is_some()
        || !change.keys.is_empty()
        || change.account.is_some()
        || change.remove_account
        || change.quotas.is_some();
    (changed && change.audit.is_empty()).then(|| format!("a change of {merchant} does not say who made it"))
}
