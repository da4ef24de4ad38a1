//! The trait, method by method: each takes a connection for its question, or hands its change to the writer.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use deadpool_postgres::Object;
use jiff::Timestamp;
use lendport_core::{
    AttentionId, AuditEntry, CheckoutId, CheckoutRecord, MerchantId, Operation, OperationKind, ProviderAccount,
    ProviderId, RoutingProfileId,
};

use super::connection::{Statements as _, Transaction};
use super::job::{Job, Outcome, Work};
use super::{
    PostgresStore, account_rows, attention_pages, due_work, idempotency_rows, load, locate, operation_rows, pages,
    room, routing_rows, sweep_rows, tenant_rows, timeline, trim_observations,
};
use crate::change::{AttentionItem, Change, Decide, PushRecord};
use crate::error::StoreError;
use crate::fault::Fault;
use crate::idempotency::{Claim, IdempotencyRow};
use crate::page::{AttentionFilter, CheckoutFilter, Page, PageAsk};
use crate::routing::RoutingVersion;
use crate::rules;
use crate::store::{
    Addressee, ChangeAsk, ChangeOutcome, FairAsk, InsertOutcome, InterruptedCall, Located, Store, Timeline, WorkAsk,
};
use crate::sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
use crate::tenant::{ApiKey, Merchant, Tenant};

#[async_trait]
impl Store for PostgresStore {
    async fn put_merchant(&self, merchant: &Merchant) -> Result<(), StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::put_merchant(&db, merchant).await }).await
    }

    async fn merchant_by_name(&self, name: &str) -> Result<Option<Merchant>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::merchant_by_name(&db, name).await }).await
    }

    async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        let found = self.session.repeatable(|db| async move { tenant_rows::merchant(&db, id).await }).await?;
        Ok(found.map(|known| known.row))
    }

    async fn put_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::put_key(&db, key).await }).await
    }

    async fn key_by_digest(&self, digest: &str) -> Result<Option<ApiKey>, StoreError> {
        self.session.repeatable(|db| async move { tenant_rows::key_by_digest(&db, digest).await }).await
    }

    async fn put_account(&self, account: &ProviderAccount) -> Result<(), StoreError> {
        let vault = &self.session.vault;
        self.session.repeatable(|db| async move { account_rows::put(&db, vault, account).await }).await
    }

    async fn account(&self, tenant: Tenant, provider: &ProviderId) -> Result<Option<ProviderAccount>, StoreError> {
        let vault = &self.session.vault;
        let of = |db: Object| async move { account_rows::of(&db, vault, tenant, Some(provider)).await };
        Ok(self.session.repeatable(of).await?.pop().map(|known| known.row))
    }

    async fn accounts(&self, tenant: Tenant) -> Result<Vec<ProviderAccount>, StoreError> {
        let vault = &self.session.vault;
        let all = |db: Object| async move { account_rows::of(&db, vault, tenant, None).await };
        Ok(self.session.repeatable(all).await?.into_iter().map(|known| known.row).collect())
    }

    async fn put_routing(
        &self,
        tenant: Tenant,
        after: u64,
        next: &RoutingVersion,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let work = |held: Transaction| async move {
            let written = routing_rows::put(&held, tenant, after, next, told).await?;
            Ok((held, written, written))
        };
        self.session.once(work).await
    }

    async fn routing(&self, tenant: Tenant) -> Result<Option<RoutingVersion>, StoreError> {
        self.session.repeatable(|db| async move { routing_rows::active(&db, tenant).await }).await
    }

    async fn routing_versions(
        &self,
        tenant: Tenant,
        page: PageAsk<RoutingProfileId>,
    ) -> Result<Page<RoutingVersion>, StoreError> {
        self.session.repeatable(|db| async move { routing_rows::page(&db, tenant, page).await }).await
    }

    async fn insert_checkout(
        &self,
        tenant: Tenant,
        claim: Option<Claim>,
        change: Change,
    ) -> Result<InsertOutcome, StoreError> {
        if let Err(Fault(error)) = rules::opened(tenant, &change) {
            // A key replays its answer whatever comes with it.
            let Some(claim) = claim else { return Err(error) };
            let row = self.idempotency(tenant, &claim.route, &claim.key).await?;
            return row.map(InsertOutcome::Claimed).ok_or(error);
        }
        let work = Work::Insert(claim, Box::new(change));
        match self.writer.submit(Job { tenant, number: self.number_or_new(tenant).await?, work }).await? {
            Outcome::Claimed(row) => Ok(InsertOutcome::Claimed(row)),
            Outcome::Done | Outcome::NotFound => Ok(InsertOutcome::Inserted),
        }
    }

    async fn change_checkout(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ask: ChangeAsk,
        decide: Box<Decide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(ChangeOutcome::NotFound) };
        let work = Work::Change(id, Box::new(ask), Mutex::new(decide));
        match self.writer.submit(Job { tenant, number, work }).await? {
            Outcome::Claimed(row) => Ok(ChangeOutcome::Claimed(row)),
            Outcome::NotFound => Ok(ChangeOutcome::NotFound),
            Outcome::Done => Ok(ChangeOutcome::Done),
        }
    }

    async fn checkout(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<CheckoutRecord>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        let vault = &self.session.vault;
        self.session.in_transaction(|held| async move { load::one(held, vault, (tenant, number), id).await }).await
    }

    async fn checkouts(
        &self,
        tenant: Tenant,
        filter: &CheckoutFilter,
        page: PageAsk<CheckoutId>,
    ) -> Result<Page<CheckoutRecord>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(pages::nothing()) };
        let vault = &self.session.vault;
        let ask =
            |held: Transaction| async move { pages::checkouts(held, vault, (tenant, number), filter, page).await };
        self.session.in_transaction(ask).await
    }

    async fn timeline(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<Timeline>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        let vault = &self.session.vault;
        self.session.in_transaction(|held| async move { timeline::of(held, vault, number, id).await }).await
    }

    async fn operations(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        kind: OperationKind,
    ) -> Result<Vec<Operation>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(Vec::new()) };
        let vault = &self.session.vault;
        let ask = |db: Object| async move { operation_rows::of(&db, vault, number, id, kind).await };
        self.session.repeatable(ask).await
    }

    async fn locate_callback(&self, provider: &ProviderId, digest: &str) -> Result<Option<Addressee>, StoreError> {
        self.look_ups.callback(&self.session, provider, digest).await
    }

    async fn record_refused_push(&self, tenant: Tenant, push: PushRecord) -> Result<(), StoreError> {
        let checkout = push.checkout;
        let change = Change { push: Some(push), ..Change::default() };
        let decide = Box::new(move |_: crate::change::Loaded<'_>| change.clone());
        match self.change_checkout(tenant, checkout, ChangeAsk::default(), decide).await? {
            ChangeOutcome::Done => Ok(()),
            _ => Err(StoreError::Database(format!("{checkout} is not a checkout of this tenant"))),
        }
    }

    async fn idempotency(&self, tenant: Tenant, route: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        let vault = &self.session.vault;
        let ask = |db: Object| async move { idempotency_rows::find(&db, vault, (tenant, number), route, key).await };
        self.session.repeatable(ask).await
    }

    async fn take_over_claim(&self, tenant: Tenant, claim: &Claim) -> Result<bool, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(false) };
        self.session.repeatable(|db| async move { idempotency_rows::take_over(&db, number, claim).await }).await
    }

    async fn trim_idempotency(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.session.repeatable(|db| async move { idempotency_rows::trim(&db, before, batch).await }).await
    }

    async fn attention_item(&self, tenant: Tenant, id: AttentionId) -> Result<Option<AttentionItem>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        self.session.repeatable(|db| async move { attention_pages::find(&db, number, id).await }).await
    }

    async fn attention(
        &self,
        tenant: Tenant,
        filter: &AttentionFilter,
        page: PageAsk<AttentionId>,
    ) -> Result<Page<AttentionItem>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(pages::nothing()) };
        self.session.repeatable(|db| async move { attention_pages::page(&db, number, filter, page).await }).await
    }

    async fn due_for_expiry(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        let (kind, ask, turn) = (&due_work::OVERDUE, &ask, &self.turns.expiry);
        self.session.repeatable(|db| async move { due_work::take(&db, kind, ask, turn).await }).await
    }

    async fn due_for_poll(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        let (kind, ask, turn) = (&due_work::TO_POLL, &ask, &self.turns.polls);
        self.session.repeatable(|db| async move { due_work::take(&db, kind, ask, turn).await }).await
    }

    async fn interrupted_calls(&self, ask: WorkAsk) -> Result<Vec<InterruptedCall>, StoreError> {
        let vault = &self.session.vault;
        self.session.repeatable(|db| async move { locate::interrupted(&db, vault, ask).await }).await
    }

    async fn trim_observations(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.session.repeatable(|db| async move { trim_observations::trim(&db, before, batch).await }).await
    }

    async fn put_sweep_entry(&self, entry: &SweepEntry) -> Result<(), StoreError> {
        let unknown = || StoreError::Database(format!("{} is not a checkout of this tenant", entry.checkout));
        let number = self.number(entry.tenant).await?.ok_or_else(unknown)?;
        self.session.repeatable(|db| async move { sweep_rows::put(&db, number, entry).await }).await
    }

    async fn marked(&self, tenant: Tenant, marks: &[SweepMark]) -> Result<Vec<Marked>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(Vec::new()) };
        self.session.repeatable(|db| async move { sweep_rows::marked(&db, tenant, number, marks).await }).await
    }

    async fn take_sweep(&self, ask: WorkAsk) -> Result<Option<SweepTurn>, StoreError> {
        self.session.repeatable(|db| async move { sweep_rows::take(&db, ask).await }).await
    }

    async fn end_sweep(&self, turn: &SweepTurn, next: &SweepNext) -> Result<bool, StoreError> {
        self.session.repeatable(|db| async move { sweep_rows::end(&db, turn, next).await }).await
    }

    async fn trim_sweep_marks(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.session.repeatable(|db| async move { sweep_rows::trim(&db, before, batch).await }).await
    }

    fn exclusive(&self) -> bool {
        false
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // A server that cannot write refuses to number a transaction.
        const SQL: &str = "SELECT 1 FROM schema_migrations WHERE pg_current_xact_id() IS NOT NULL LIMIT 1";
        self.session.repeatable(|db| async move { db.row(SQL, &[]).await }).await?;
        if self.session.room.ran_out() {
            self.session.in_transaction(room::trial).await?;
            self.session.room.is_back();
        }
        Ok(())
    }

    async fn close(&self) {
        self.writer.close().await;
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        self.session.pool.close();
    }
}

impl PostgresStore {
    /// The tenant's number; none when nothing was ever stored for it.
    pub(super) async fn number(&self, tenant: Tenant) -> Result<Option<i64>, StoreError> {
        if self.session.pool.is_closed() {
            return Err(StoreError::Unavailable("the database is closed".to_owned()));
        }
        if let Some(number) = self.tenants.known(tenant) {
            return Ok(Some(number));
        }
        self.session.repeatable(|db| async move { self.tenants.find(&db, tenant).await }).await
    }

    /// The tenant's number, a new one where it has none.
    pub(super) async fn number_or_new(&self, tenant: Tenant) -> Result<i64, StoreError> {
        if let Some(number) = self.tenants.known(tenant) {
            return Ok(number);
        }
        self.session.repeatable(|db| async move { self.tenants.find_or_make(&db, tenant).await }).await
    }
}
