//! Merchants, keys, accounts and the audit log, where they are administered.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditEntry, AuditId, KeyId, MerchantId, ProviderAccount, ProviderId, Quotas};

use super::apply::Writing;
use super::fault::{Done, Fault};
use super::{SqliteStore, account_rows, audit_rows, idempotency_rows, quota_rows, tenant_rows};
use crate::administration::{
    AdminAsk, AdminChange, AdminDecide, AdminLoaded, Administration, AuditFilter, Audited, CheckoutCounts, Versioned,
    refusal,
};
use crate::error::StoreError;
use crate::page::{Page, PageAsk};
use crate::store::ChangeOutcome;
use crate::tenant::{ApiKey, Merchant, Tenant};

impl Writing<'_> {
    /// Loads, lets the decision look, writes what it says.
    fn administer(self, ask: &AdminAsk, decide: &mut AdminDecide<'static>) -> Done<ChangeOutcome> {
        if let Some((by, claim)) = &ask.claim
            && let Some(row) = (Writing { tenant: *by, ..self }).claimed(Some(claim))?
        {
            return Ok(ChangeOutcome::Claimed(row));
        }
        let (db, tenant) = (self.db, self.tenant);
        let merchant = tenant_rows::merchant(db, tenant.merchant)?;
        let name_taken = match &ask.name {
            Some(name) => tenant_rows::name_is_taken(db, name, tenant.merchant)?,
            None => false,
        };
        let key = ask.key.map(|id| tenant_rows::key(db, tenant, id)).transpose()?.flatten();
        let account = match &ask.account {
            Some(provider) => account_rows::of(db, self.vault, tenant, Some(provider))?.pop(),
            None => None,
        };
        let keys = match ask.keys_at {
            Some((mode, now)) => tenant_rows::how_many_keys(db, Tenant { mode, ..tenant }, now)?,
            None => 0,
        };
        let accounts = match ask.accounts_in {
            Some(mode) => account_rows::how_many(db, Tenant { mode, ..tenant })?,
            None => 0,
        };
        let (merchant, key, known) = (merchant.as_ref(), key.as_ref(), account.as_ref());
        let loaded = AdminLoaded { merchant, name_taken, key, account: known, keys, accounts };
        let change = decide(loaded);
        if change.abort {
            return Ok(ChangeOutcome::Done);
        }
        self.write_administered(&change, account.as_ref())?;
        let Some((by, claim)) = &ask.claim else { return Ok(ChangeOutcome::Done) };
        if !idempotency_rows::insert(db, *by, claim, None, None)? {
            return Err(Fault::broken("a key was claimed twice in one transaction"));
        }
        if let Some(write) = &change.claim {
            idempotency_rows::settle(db, self.vault, *by, write, None, None)?;
        }
        Ok(ChangeOutcome::Done)
    }

    fn write_administered(self, change: &AdminChange, account: Option<&Versioned<ProviderAccount>>) -> Done<()> {
        let Self { db, vault, tenant, .. } = self;
        if let Some(why) = refusal(tenant, change) {
            return Err(Fault::broken(why));
        }
        if let Some(merchant) = &change.merchant {
            tenant_rows::put_merchant(db, merchant)?;
        }
        if let Some(quotas) = &change.quotas {
            quota_rows::put(db, tenant.merchant, quotas)?;
        }
        for key in &change.keys {
            tenant_rows::put_key(db, key)?;
        }
        if let Some(account) = &change.account {
            account_rows::put(db, vault, account)?;
        }
        if change.remove_account {
            let Some(old) = account else { return Err(Fault::broken("nothing was loaded to be deleted")) };
            account_rows::remove(db, tenant, &old.row.provider)?;
        }
        for entry in &change.audit {
            audit_rows::insert(db, tenant, entry)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Administration for SqliteStore {
    async fn administer(
        &self,
        tenant: Tenant,
        ask: AdminAsk,
        mut decide: Box<AdminDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| Writing { db, vault: &vault, memory: &memory, tenant }.administer(&ask, &mut *decide))
            .await
    }

    async fn merchant_row(&self, id: MerchantId) -> Result<Option<Versioned<Merchant>>, StoreError> {
        self.read(move |db| tenant_rows::merchant(db, id)).await
    }

    async fn merchants(&self, page: PageAsk<MerchantId>) -> Result<Page<Versioned<Merchant>>, StoreError> {
        self.read(move |db| tenant_rows::merchants(db, page)).await
    }

    async fn quotas(&self, merchant: MerchantId) -> Result<Quotas, StoreError> {
        self.read(move |db| quota_rows::of(db, merchant)).await
    }

    async fn count_checkouts(&self, tenant: Tenant, since: Timestamp, most: u32) -> Result<CheckoutCounts, StoreError> {
        self.read(move |db| quota_rows::count(db, tenant, since, most)).await
    }

    async fn key(&self, tenant: Tenant, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        self.read(move |db| tenant_rows::key(db, tenant, id)).await
    }

    async fn keys(&self, tenant: Tenant, page: PageAsk<KeyId>) -> Result<Page<ApiKey>, StoreError> {
        self.read(move |db| tenant_rows::keys(db, tenant, page)).await
    }

    async fn note_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(move |db| tenant_rows::note_uses(db, &uses)).await
    }

    async fn account_rows(
        &self,
        tenant: Tenant,
        provider: Option<&ProviderId>,
    ) -> Result<Vec<Versioned<ProviderAccount>>, StoreError> {
        let (vault, provider) = (self.vault.clone(), provider.cloned());
        self.read(move |db| account_rows::of(db, &vault, tenant, provider.as_ref())).await
    }

    async fn audit(
        &self,
        whose: Audited,
        filter: AuditFilter,
        page: PageAsk<AuditId>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.read(move |db| audit_rows::page(db, whose, filter, page)).await
    }
}
