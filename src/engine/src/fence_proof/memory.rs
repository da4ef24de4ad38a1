//! A store that is a value: rows of one checkout that can be taken out, kept, and put back, so that every order of signals
//! starts from the very state it needs. It keeps to what [`Store`] promises; the databases are tried by the shared suite.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{
    AttemptId, AttentionId, AuditEntry, AuditId, CheckoutId, CheckoutRecord, EventType, KeyId, MerchantId,
    ObservationId, Operation, OperationKind, ProviderAccount, ProviderId, Quotas, RoutingProfileId,
};
use lendport_storage::{
    Addressee, AdminAsk, AdminDecide, Administration, ApiKey, AttentionFilter, AttentionItem, AuditFilter, Audited,
    Change, ChangeAsk, ChangeOutcome, CheckoutCounts, CheckoutFilter, Claim, Decide, FairAsk, IdempotencyRow,
    InsertOutcome, InterruptedCall, Loaded, Located, Marked, Merchant, Page, PageAsk, PushRecord, RoutingVersion,
    SigningKey, Store, StoreError, SweepEntry, SweepMark, SweepNext, SweepTurn, Tenant, Timeline, TokenRows, Versioned,
    WorkAsk,
};

use super::laws;

/// A fact as far as later decisions ask for it.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) id: ObservationId,
    pub(super) attempt: AttemptId,
    pub(super) key: String,
    pub(super) outcome: String,
    pub(super) detail: Option<String>,
}

/// Everything stored of the one checkout.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) record: CheckoutRecord,
    pub(super) operations: Vec<Operation>,
    pub(super) heard: Vec<Heard>,
    pub(super) items: Vec<AttentionItem>,
    pub(super) events: Vec<EventType>,
    /// What was wrong in a state that was committed.
    pub(super) wrong: Vec<String>,
}

impl Rows {
    pub(super) fn of(record: CheckoutRecord) -> Self {
        Self {
            record,
            operations: Vec::new(),
            heard: Vec::new(),
            items: Vec::new(),
            events: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub(super) fn open_items(&self) -> impl Iterator<Item = &AttentionItem> {
        self.items.iter().filter(|item| item.resolution.is_none())
    }

    fn loaded(&self, ask: &ChangeAsk) -> Loaded<'_> {
        let same =
            |heard: &&Heard| ask.dedupe.as_ref().is_some_and(|(id, key)| heard.attempt == *id && heard.key == *key);
        let idle = ask.dedupe.as_ref().and_then(|(id, _)| {
            let nothing =
                |heard: &&Heard| heard.attempt == *id && !matches!(heard.outcome.as_str(), "moved" | "changed_amounts");
            let kept: Vec<_> = self.heard.iter().filter(nothing).collect();
            Some((u64::try_from(kept.len()).unwrap(), kept.last()?.id))
        });
        let open = ask.open_items || ask.attention.is_some();
        Loaded {
            record: &self.record,
            seen: self.heard.iter().find(same).map(|heard| (heard.id, 0)),
            idle,
            operation: self.operations.iter().find(|one| Some(one.id) == ask.operation).cloned(),
            attention: self.items.iter().find(|one| Some(one.id) == ask.attention).cloned(),
            open_items: if open { self.open_items().cloned().collect() } else { Vec::new() },
        }
    }

    fn write(&mut self, change: Change) {
        if change.abort {
            return;
        }
        if let Some(checkout) = change.checkout {
            self.record.checkout = *checkout;
        }
        put(&mut self.record.attempts, change.attempts, |one, other| one.id == other.id);
        put(&mut self.operations, change.operations, |one, other| one.id == other.id);
        put(&mut self.items, change.attention, |one, other| one.id == other.id);
        self.record.ledger.0.extend(change.ledger);
        self.events.extend(change.events.iter().map(|event| event.kind));
        self.heard.extend(change.observations.into_iter().map(|row| Heard {
            id: row.observation.id,
            attempt: row.observation.attempt,
            key: row.observation.dedupe_key,
            outcome: row.outcome,
            detail: row.outcome_detail,
        }));
        self.wrong.extend(laws::of_a_state(self));
    }
}

fn put<T>(rows: &mut Vec<T>, new: Vec<T>, same: impl Fn(&T, &T) -> bool) {
    for row in new {
        match rows.iter_mut().find(|known| same(known, &row)) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }
}

pub(super) struct Memory {
    pub(super) rows: Mutex<Rows>,
    accounts: Vec<ProviderAccount>,
}

impl Memory {
    pub(super) fn new(rows: Rows, accounts: Vec<ProviderAccount>) -> Self {
        Self { rows: Mutex::new(rows), accounts }
    }

    pub(super) fn rows(&self) -> Rows {
        self.rows.lock().unwrap().clone()
    }
}

fn elsewhere<T>() -> Result<T, StoreError> {
    panic!("no use case of this proof asks for that")
}

#[async_trait]
impl Store for Memory {
    async fn change_checkout(
        &self,
        _: Tenant,
        id: CheckoutId,
        ask: ChangeAsk,
        mut decide: Box<Decide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        assert_eq!(rows.record.checkout.id, id);
        let change = decide(rows.loaded(&ask));
        rows.write(change);
        Ok(ChangeOutcome::Done)
    }
    async fn checkout(&self, _: Tenant, _: CheckoutId) -> Result<Option<CheckoutRecord>, StoreError> {
        Ok(Some(self.rows.lock().unwrap().record.clone()))
    }
    async fn operations(&self, _: Tenant, _: CheckoutId, kind: OperationKind) -> Result<Vec<Operation>, StoreError> {
        Ok(self.rows.lock().unwrap().operations.iter().filter(|one| one.kind == kind).cloned().collect())
    }
    async fn locate_callback(&self, provider: &ProviderId, digest: &str) -> Result<Option<Addressee>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let checkout = &rows.record.checkout;
        let tenant = Tenant { merchant: checkout.merchant, mode: checkout.mode };
        let named = rows.record.attempts.iter().find(|one| one.provider == *provider && one.callback_digest == digest);
        Ok(named.cloned().map(|attempt| Addressee { tenant, attempt }))
    }
    async fn attention_item(&self, _: Tenant, id: AttentionId) -> Result<Option<AttentionItem>, StoreError> {
        Ok(self.rows.lock().unwrap().items.iter().find(|item| item.id == id).cloned())
    }
    async fn account(&self, _: Tenant, provider: &ProviderId) -> Result<Option<ProviderAccount>, StoreError> {
        Ok(self.accounts.iter().find(|account| account.provider == *provider).cloned())
    }
    async fn accounts(&self, _: Tenant) -> Result<Vec<ProviderAccount>, StoreError> {
        Ok(self.accounts.clone())
    }
    /// Every signal has a key of its own.
    async fn idempotency(&self, _: Tenant, _: &str, _: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        Ok(None)
    }
    fn exclusive(&self) -> bool {
        true
    }

    async fn put_merchant(&self, _: &Merchant) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn merchant_by_name(&self, _: &str) -> Result<Option<Merchant>, StoreError> {
        elsewhere()
    }
    async fn merchant(&self, _: MerchantId) -> Result<Option<Merchant>, StoreError> {
        elsewhere()
    }
    async fn put_key(&self, _: &ApiKey) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn key_by_digest(&self, _: &str) -> Result<Option<ApiKey>, StoreError> {
        elsewhere()
    }
    async fn put_account(&self, _: &ProviderAccount) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn insert_checkout(&self, _: Tenant, _: Option<Claim>, _: Change) -> Result<InsertOutcome, StoreError> {
        elsewhere()
    }
    async fn checkouts(
        &self,
        _: Tenant,
        _: &CheckoutFilter,
        _: PageAsk<CheckoutId>,
    ) -> Result<Page<CheckoutRecord>, StoreError> {
        elsewhere()
    }
    async fn timeline(&self, _: Tenant, _: CheckoutId) -> Result<Option<Timeline>, StoreError> {
        elsewhere()
    }
    async fn record_refused_push(&self, _: Tenant, _: PushRecord) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn take_over_claim(&self, _: Tenant, _: &Claim) -> Result<bool, StoreError> {
        elsewhere()
    }
    async fn trim_idempotency(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        elsewhere()
    }
    async fn attention(
        &self,
        _: Tenant,
        filter: &AttentionFilter,
        _: PageAsk<AttentionId>,
    ) -> Result<Page<AttentionItem>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let wanted = |item: &&AttentionItem| {
            filter.open.is_none_or(|open| open == item.resolution.is_none())
                && filter.kind.is_none_or(|kind| kind == item.kind)
        };
        Ok(Page { rows: rows.items.iter().filter(wanted).cloned().collect(), has_more: false })
    }
    async fn due_for_expiry(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let checkout = &rows.record.checkout;
        let tenant = Tenant { merchant: checkout.merchant, mode: checkout.mode };
        let due = Located { tenant, checkout: checkout.id, attempt: None };
        Ok((checkout.expires_at <= ask.work.now).then_some(due).into_iter().collect())
    }
    async fn due_for_poll(&self, _: FairAsk) -> Result<Vec<Located>, StoreError> {
        elsewhere()
    }
    async fn interrupted_calls(&self, _: WorkAsk) -> Result<Vec<InterruptedCall>, StoreError> {
        elsewhere()
    }
    async fn trim_observations(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        elsewhere()
    }
    async fn put_sweep_entry(&self, _: &SweepEntry) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn marked(&self, _: Tenant, _: &[SweepMark]) -> Result<Vec<Marked>, StoreError> {
        elsewhere()
    }
    async fn take_sweep(&self, _: WorkAsk) -> Result<Option<SweepTurn>, StoreError> {
        elsewhere()
    }
    async fn end_sweep(&self, _: &SweepTurn, _: &SweepNext) -> Result<bool, StoreError> {
        elsewhere()
    }
    async fn trim_sweep_marks(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        elsewhere()
    }
    async fn ready(&self) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn put_routing(&self, _: Tenant, _: u64, _: &RoutingVersion, _: &AuditEntry) -> Result<bool, StoreError> {
        elsewhere()
    }
    async fn routing(&self, _: Tenant) -> Result<Option<RoutingVersion>, StoreError> {
        Ok(None)
    }
    async fn routing_versions(
        &self,
        _: Tenant,
        _: PageAsk<RoutingProfileId>,
    ) -> Result<Page<RoutingVersion>, StoreError> {
        elsewhere()
    }
    async fn close(&self) {}
}

/// No tokens are given here.
#[async_trait]
impl TokenRows for Memory {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        elsewhere()
    }
    async fn add_signing_key(&self, _: &SigningKey, _: Timestamp, _: &AuditEntry) -> Result<bool, StoreError> {
        elsewhere()
    }
    async fn use_token(&self, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        elsewhere()
    }
    async fn trim_tokens(&self, _: Timestamp) -> Result<u64, StoreError> {
        elsewhere()
    }
}

/// Nobody is administered here.
#[async_trait]
impl Administration for Memory {
    async fn administer(
        &self,
        _: Tenant,
        _: AdminAsk,
        _: Box<AdminDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        elsewhere()
    }
    async fn merchant_row(&self, _: MerchantId) -> Result<Option<Versioned<Merchant>>, StoreError> {
        elsewhere()
    }
    async fn merchants(&self, _: PageAsk<MerchantId>) -> Result<Page<Versioned<Merchant>>, StoreError> {
        elsewhere()
    }
    async fn quotas(&self, _: MerchantId) -> Result<Quotas, StoreError> {
        Ok(Quotas::default())
    }
    async fn count_checkouts(&self, _: Tenant, _: Timestamp, _: u32) -> Result<CheckoutCounts, StoreError> {
        elsewhere()
    }
    async fn key(&self, _: Tenant, _: KeyId) -> Result<Option<ApiKey>, StoreError> {
        elsewhere()
    }
    async fn keys(&self, _: Tenant, _: PageAsk<KeyId>) -> Result<Page<ApiKey>, StoreError> {
        elsewhere()
    }
    async fn note_key_uses(&self, _: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        elsewhere()
    }
    async fn account_rows(
        &self,
        _: Tenant,
        _: Option<&ProviderId>,
    ) -> Result<Vec<Versioned<ProviderAccount>>, StoreError> {
        elsewhere()
    }
    async fn audit(&self, _: Audited, _: AuditFilter, _: PageAsk<AuditId>) -> Result<Page<AuditEntry>, StoreError> {
        elsewhere()
    }
}
