//! The trait, method by method: each hands its question to the readers or its change to the writer.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{
    AttentionId, AuditEntry, CheckoutId, CheckoutRecord, MerchantId, Operation, OperationKind, ProviderAccount,
    ProviderId, RoutingProfileId,
};

use super::apply::Writing;
use super::{
    SqliteStore, account_rows, attention_rows, checkout_rows, due_work, event_rows, idempotency_rows, locate,
    observation_rows, operation_rows, pages, push_rows, routing_rows, sweep_rows, tenant_rows, trim_observations,
};
use crate::change::{AttentionItem, Change, Decide, PushRecord};
use crate::error::StoreError;
use crate::idempotency::{Claim, IdempotencyRow};
use crate::page::{AttentionFilter, CheckoutFilter, Page, PageAsk};
use crate::routing::RoutingVersion;
use crate::store::{
    Addressee, ChangeAsk, ChangeOutcome, FairAsk, InsertOutcome, InterruptedCall, Located, Store, Timeline, WorkAsk,
};
use crate::sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
use crate::tenant::{ApiKey, Merchant, Tenant};

#[async_trait]
impl Store for SqliteStore {
    async fn put_merchant(&self, merchant: &Merchant) -> Result<(), StoreError> {
        let merchant = merchant.clone();
        self.write(move |db| tenant_rows::put_merchant(db, &merchant)).await
    }

    async fn merchant_by_name(&self, name: &str) -> Result<Option<Merchant>, StoreError> {
        let name = name.to_owned();
        self.read(move |db| tenant_rows::merchant_by_name(db, &name)).await
    }

    async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        self.read(move |db| Ok(tenant_rows::merchant(db, id)?.map(|known| known.row))).await
    }

    async fn put_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |db| tenant_rows::put_key(db, &key)).await
    }

    async fn key_by_digest(&self, digest: &str) -> Result<Option<ApiKey>, StoreError> {
        let digest = digest.to_owned();
        self.read(move |db| tenant_rows::key_by_digest(db, &digest)).await
    }

    async fn put_account(&self, account: &ProviderAccount) -> Result<(), StoreError> {
        let (vault, account) = (self.vault.clone(), account.clone());
        self.write(move |db| account_rows::put(db, &vault, &account)).await
    }

    async fn account(&self, tenant: Tenant, provider: &ProviderId) -> Result<Option<ProviderAccount>, StoreError> {
        let (vault, provider) = (self.vault.clone(), provider.clone());
        self.read(move |db| Ok(account_rows::of(db, &vault, tenant, Some(&provider))?.pop().map(|known| known.row)))
            .await
    }

    async fn accounts(&self, tenant: Tenant) -> Result<Vec<ProviderAccount>, StoreError> {
        let vault = self.vault.clone();
        let rows = self.read(move |db| account_rows::of(db, &vault, tenant, None)).await?;
        Ok(rows.into_iter().map(|known| known.row).collect())
    }

    async fn put_routing(
        &self,
        tenant: Tenant,
        after: u64,
        next: &RoutingVersion,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (next, told) = (next.clone(), told.clone());
        self.write(move |db| routing_rows::put(db, tenant, after, &next, &told)).await
    }

    async fn routing(&self, tenant: Tenant) -> Result<Option<RoutingVersion>, StoreError> {
        self.read(move |db| routing_rows::active(db, tenant)).await
    }

    async fn routing_versions(
        &self,
        tenant: Tenant,
        page: PageAsk<RoutingProfileId>,
    ) -> Result<Page<RoutingVersion>, StoreError> {
        self.read(move |db| routing_rows::page(db, tenant, page)).await
    }

    async fn insert_checkout(
        &self,
        tenant: Tenant,
        claim: Option<Claim>,
        change: Change,
    ) -> Result<InsertOutcome, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| Writing { db, vault: &vault, memory: &memory, tenant }.insert(claim.as_ref(), &change))
            .await
    }

    async fn change_checkout(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ask: ChangeAsk,
        mut decide: Box<Decide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| Writing { db, vault: &vault, memory: &memory, tenant }.change(id, &ask, &mut *decide))
            .await
    }

    async fn checkout(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<CheckoutRecord>, StoreError> {
        let vault = self.vault.clone();
        self.read(move |db| Ok(checkout_rows::load(db, &vault, tenant, id)?.map(|(_, record)| record))).await
    }

    async fn checkouts(
        &self,
        tenant: Tenant,
        filter: &CheckoutFilter,
        page: PageAsk<CheckoutId>,
    ) -> Result<Page<CheckoutRecord>, StoreError> {
        let (vault, filter) = (self.vault.clone(), filter.clone());
        self.read(move |db| pages::checkouts(db, &vault, tenant, &filter, page)).await
    }

    async fn timeline(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<Timeline>, StoreError> {
        let vault = self.vault.clone();
        self.read(move |db| {
            let Some(pk) = checkout_rows::key_of(db, tenant, id)? else { return Ok(None) };
            Ok(Some(Timeline {
                observations: observation_rows::of(db, pk)?,
                operations: operation_rows::of(db, &vault, pk, id, None)?,
                events: event_rows::of(db, pk)?,
                attention: attention_rows::of(db, pk, false)?,
                refused_pushes: push_rows::refused(db, pk)?,
            }))
        })
        .await
    }

    async fn operations(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        kind: OperationKind,
    ) -> Result<Vec<Operation>, StoreError> {
        let vault = self.vault.clone();
        self.read(move |db| match checkout_rows::key_of(db, tenant, id)? {
            Some(pk) => operation_rows::of(db, &vault, pk, id, Some(kind)),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn locate_callback(&self, provider: &ProviderId, digest: &str) -> Result<Option<Addressee>, StoreError> {
        if let Some((tenant, attempt)) = self.memory.recent.addressed(provider, digest) {
            return Ok(Some(Addressee { tenant, attempt }));
        }
        let (provider, digest) = (provider.clone(), digest.to_owned());
        self.read(move |db| locate::callback(db, &provider, &digest)).await
    }

    async fn record_refused_push(&self, tenant: Tenant, push: PushRecord) -> Result<(), StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| Writing { db, vault: &vault, memory: &memory, tenant }.refused_push(&push)).await
    }

    async fn idempotency(&self, tenant: Tenant, route: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let (vault, route, key) = (self.vault.clone(), route.to_owned(), key.to_owned());
        self.read(move |db| idempotency_rows::find(db, &vault, tenant, &route, &key)).await
    }

    async fn take_over_claim(&self, tenant: Tenant, claim: &Claim) -> Result<bool, StoreError> {
        let claim = claim.clone();
        self.write(move |db| idempotency_rows::take_over(db, tenant, &claim)).await
    }

    async fn trim_idempotency(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.write(move |db| idempotency_rows::trim(db, before, batch)).await
    }

    async fn attention_item(&self, tenant: Tenant, id: AttentionId) -> Result<Option<AttentionItem>, StoreError> {
        self.read_of(tenant, None, move |db, _, known| attention_rows::find(db, known.pk, id)).await
    }

    async fn attention(
        &self,
        tenant: Tenant,
        filter: &AttentionFilter,
        page: PageAsk<AttentionId>,
    ) -> Result<Page<AttentionItem>, StoreError> {
        let (filter, nothing) = (filter.clone(), Page { rows: Vec::new(), has_more: false });
        self.read_of(tenant, nothing, move |db, _, known| attention_rows::page(db, tenant, known.pk, &filter, page))
            .await
    }

    async fn due_for_poll(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        let memory = Arc::clone(&self.memory);
        self.read(move |db| due_work::to_poll(db, &memory.turns, &ask)).await
    }

    async fn trim_observations(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let memory = Arc::clone(&self.memory);
        let facts = self
            .read(move |db| {
                let mut cursor = memory.trimmed_facts.lock().unwrap_or_else(PoisonError::into_inner);
                trim_observations::find(db, &mut cursor, before, batch)
            })
            .await?;
        self.write(move |db| trim_observations::delete(db, before, batch, &facts)).await
    }

    async fn due_for_expiry(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        let memory = Arc::clone(&self.memory);
        self.read(move |db| due_work::overdue(db, &memory.turns, &ask)).await
    }

    async fn interrupted_calls(&self, ask: WorkAsk) -> Result<Vec<InterruptedCall>, StoreError> {
        let vault = self.vault.clone();
        self.read(move |db| operation_rows::interrupted(db, &vault, ask.now, ask.limit)).await
    }

    async fn put_sweep_entry(&self, entry: &SweepEntry) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.write(move |db| sweep_rows::put(db, &entry)).await
    }

    async fn marked(&self, tenant: Tenant, marks: &[SweepMark]) -> Result<Vec<Marked>, StoreError> {
        let marks = marks.to_vec();
        self.read(move |db| sweep_rows::marked(db, tenant, &marks)).await
    }

    async fn take_sweep(&self, ask: WorkAsk) -> Result<Option<SweepTurn>, StoreError> {
        if self.read(move |db| sweep_rows::is_due(db, ask.now)).await? {
            return self.write(move |db| sweep_rows::take(db, ask)).await;
        }
        Ok(None)
    }

    async fn end_sweep(&self, turn: &SweepTurn, next: &SweepNext) -> Result<bool, StoreError> {
        let (turn, next) = (turn.clone(), next.clone());
        self.write(move |db| sweep_rows::end(db, &turn, &next)).await
    }

    async fn trim_sweep_marks(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.write(move |db| sweep_rows::trim(db, before, batch)).await
    }

    fn exclusive(&self) -> bool {
        true
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.read(|db| Ok(db.query_row("SELECT 1 FROM schema_migrations", [], |_| Ok(()))?)).await?;
        // A row is written as it is: some databases that cannot be written let a transaction begin.
        self.write(|db| Ok(db.execute("UPDATE vault_check SET sealed = sealed WHERE id = 1", []).map(drop)?)).await
    }

    async fn close(&self) {
        let threads = self.hang_up();
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(super::join)).await;
        if let Err(error) = joined {
            tracing::error!(%error, "closing the database failed");
        }
    }
}
