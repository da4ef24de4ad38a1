//! Merchants, keys, accounts and the audit log, where they are administered. Changes of one merchant come one after the
//! other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditEntry, AuditId, KeyId, MerchantId, ProviderAccount, ProviderId, Quotas};

use super::columns::Rows;
use super::connection::{Db, Statements as _, Transaction};
use super::fault::{Done, Failure};
use super::{PostgresStore, account_rows, audit_rows, idempotency_rows, outbox_apply, quota_rows, tenant_rows};
use crate::administration::{
    AdminAsk, AdminChange, AdminDecide, AdminLoaded, Administration, AuditFilter, Audited, CheckoutCounts, Versioned,
    refusal,
};
use crate::error::StoreError;
use crate::page::{Page, PageAsk};
use crate::store::ChangeOutcome;
use crate::tenant::{ApiKey, Merchant, Tenant};
use crate::vault::Vault;

/// A connection inside a transaction, with what a change needs.
#[derive(Clone, Copy)]
struct Writing<'a> {
    db: &'a Db,
    vault: &'a Vault,
    tenant: Tenant,
    /// The number of the tenant that claims a key.
    claimant: i64,
}

impl Writing<'_> {
    /// Loads, lets the decision look, writes what it says; answers whether anything was written.
    async fn change(self, ask: &AdminAsk, decide: &Mutex<Box<AdminDecide<'static>>>) -> Done<(ChangeOutcome, bool)> {
        let Self { db, vault, tenant, claimant } = self;
        db.row(tenant_rows::HOLD, &[&tenant.merchant.uuid()]).await?;
        if let Some((by, claim)) = &ask.claim
            && let Some(row) = outbox_apply::claim_key(db, vault, (*by, claimant), claim).await?
        {
            return Ok((ChangeOutcome::Claimed(row), false));
        }
        let merchant = tenant_rows::merchant(db, tenant.merchant).await?;
        let name_taken = match &ask.name {
            Some(name) => tenant_rows::name_is_taken(db, name, tenant.merchant).await?,
            None => false,
        };
        let key = match ask.key {
            Some(id) => tenant_rows::key(db, tenant, id).await?,
            None => None,
        };
        let account = match &ask.account {
            Some(provider) => account_rows::of(db, vault, tenant, Some(provider)).await?.pop(),
            None => None,
        };
        let keys = match ask.keys_at {
            Some((mode, now)) => tenant_rows::how_many_keys(db, Tenant { mode, ..tenant }, now).await?,
            None => 0,
        };
        let accounts = match ask.accounts_in {
            Some(mode) => account_rows::how_many(db, Tenant { mode, ..tenant }).await?,
            None => 0,
        };
        let (merchant, key, known) = (merchant.as_ref(), key.as_ref(), account.as_ref());
        let loaded = AdminLoaded { merchant, name_taken, key, account: known, keys, accounts };
        let change = {
            let mut decide = decide.lock().unwrap_or_else(PoisonError::into_inner);
            catch_unwind(AssertUnwindSafe(|| decide(loaded)))
                .map_err(|_| Failure::broken("a change panicked; nothing of it was written"))?
        };
        if change.abort {
            return Ok((ChangeOutcome::Done, false));
        }
        self.write(&change, account.as_ref()).await?;
        if let (Some((by, _)), Some(write)) = (&ask.claim, &change.claim) {
            let mut settled = Rows::default();
            settled.push(idempotency_rows::settle_row(vault, (*by, claimant), write, None)?);
            db.write(idempotency_rows::SETTLE, &settled.values()).await?;
        }
        Ok((ChangeOutcome::Done, true))
    }

    async fn write(self, change: &AdminChange, account: Option<&Versioned<ProviderAccount>>) -> Done<()> {
        let Self { db, vault, tenant, .. } = self;
        if let Some(why) = refusal(tenant, change) {
            return Err(Failure::broken(why));
        }
        if let Some(merchant) = &change.merchant {
            tenant_rows::put_merchant(db, merchant).await?;
        }
        if let Some(quotas) = &change.quotas {
            quota_rows::put(db, tenant.merchant, quotas).await?;
        }
        for key in &change.keys {
            tenant_rows::put_key(db, key).await?;
        }
        if let Some(account) = &change.account {
            account_rows::put(db, vault, account).await?;
        }
        if change.remove_account {
            let Some(old) = account else { return Err(Failure::broken("nothing was loaded to be deleted")) };
            account_rows::remove(db, tenant, &old.row.provider).await?;
        }
        let mut entries = Rows::default();
        for entry in &change.audit {
            entries.push(audit_rows::row(tenant, entry)?);
        }
        if !entries.is_empty() {
            db.write(audit_rows::INSERT, &entries.values()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Administration for PostgresStore {
    async fn administer(
        &self,
        tenant: Tenant,
        ask: AdminAsk,
        decide: Box<AdminDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let claimant = match &ask.claim {
            Some((by, _)) => self.number_or_new(*by).await?,
            None => 0,
        };
        let (vault, decide, ask) = (&self.session.vault, &Mutex::new(decide), &ask);
        let work = |held: Transaction| async move {
            let (outcome, wrote) = Writing { db: &held, vault, tenant, claimant }.change(ask, decide).await?;
            Ok((held, outcome, wrote))
        };
        self.session.once(work).await
    }

    async fn merchant_row(&self, id: MerchantId) -> Result<Option<Versioned<Merchant>>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::merchant(&db, id).await }).await
    }

    async fn merchants(&self, page: PageAsk<MerchantId>) -> Result<Page<Versioned<Merchant>>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::merchants(&db, page).await }).await
    }

    async fn quotas(&self, merchant: MerchantId) -> Result<Quotas, StoreError> {
        self.session.repeatable(|db| async move { quota_rows::of(&db, merchant).await }).await
    }

    async fn count_checkouts(&self, tenant: Tenant, since: Timestamp, most: u32) -> Result<CheckoutCounts, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(CheckoutCounts::default()) };
        self.session.repeatable(|db| async move { quota_rows::count(&db, number, since, most).await }).await
    }

    async fn key(&self, tenant: Tenant, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::key(&db, tenant, id).await }).await
    }

    async fn keys(&self, tenant: Tenant, page: PageAsk<KeyId>) -> Result<Page<ApiKey>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::keys(&db, tenant, page).await }).await
    }

    async fn note_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::note_uses(&db, uses).await }).await
    }

    async fn account_rows(
        &self,
        tenant: Tenant,
        provider: Option<&ProviderId>,
    ) -> Result<Vec<Versioned<ProviderAccount>>, StoreError> {
        let vault = &self.session.vault;
        self.session.repeatable(|db| async move { account_rows::of(&db, vault, tenant, provider).await }).await
    }

    async fn audit(
        &self,
        whose: Audited,
        filter: AuditFilter,
        page: PageAsk<AuditId>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.session.repeatable(|db| async move { audit_rows::page(&db, whose, filter, page).await }).await
    }
}
