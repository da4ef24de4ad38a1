//! The storage trait. SQLite and PostgreSQL implement it.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{
    Attempt, AttemptId, AttentionId, AuditEntry, CheckoutId, CheckoutRecord, Event, MerchantId, Operation, OperationId,
    OperationKind, ProviderAccount, ProviderId, RoutingProfileId,
};

use crate::administration::Administration;
use crate::change::{AttentionItem, Change, Decide, Loaded, ObservationRow, PushRecord};
use crate::error::StoreError;
use crate::idempotency::{Claim, IdempotencyRow};
use crate::page::{AttentionFilter, CheckoutFilter, Page, PageAsk};
use crate::routing::RoutingVersion;
use crate::sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
use crate::tenant::{ApiKey, Merchant, Tenant};
use crate::tokens::TokenRows;

/// What a change needs besides the checkout.
#[derive(Clone, Debug, Default)]
pub struct ChangeAsk {
    /// Claim this idempotency key in the same transaction.
    pub claim: Option<Claim>,
    /// Look for an earlier observation with this key on this attempt.
    pub dedupe: Option<(AttemptId, String)>,
    /// Read this operation as it stands in the transaction.
    pub operation: Option<OperationId>,
    /// Read this item as it stands in the transaction, and the open ones of its checkout.
    pub attention: Option<AttentionId>,
    /// Read the open items of the checkout.
    pub open_items: bool,
}

/// What became of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertOutcome {
    /// Written.
    Inserted,
    /// The key was claimed before; nothing was written.
    Claimed(IdempotencyRow),
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// The decision ran; what it said was written.
    Done,
    /// No such checkout of this tenant.
    NotFound,
    /// The key was claimed before; the decision did not run.
    Claimed(IdempotencyRow),
}

/// Where work is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Whose.
    pub tenant: Tenant,
    /// Which checkout.
    pub checkout: CheckoutId,
    /// Which attempt, where the work is about one.
    pub attempt: Option<AttemptId>,
}

/// Whom a provider's push is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Whose.
    pub tenant: Tenant,
    /// The attempt whose callback address it came to.
    pub attempt: Attempt,
}

/// A call whose process may have died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterruptedCall {
    /// Whose.
    pub tenant: Tenant,
    /// The operation, in phase `sent`.
    pub operation: Operation,
}

/// Everything that happened to a checkout.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Facts, each with how often it was told again (0 = once).
    pub observations: Vec<(ObservationRow, u64)>,
    /// Commands.
    pub operations: Vec<Operation>,
    /// What merchants were told.
    pub events: Vec<Event>,
    /// Items for a person.
    pub attention: Vec<AttentionItem>,
    /// Refused pushes: verdict and time.
    pub refused_pushes: Vec<(AttemptId, String, Timestamp)>,
}

/// A worker's question for due work. What is taken is not handed to another worker before `until`; where only one
/// process can hold the store, that needs no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkAsk {
    /// The current moment.
    pub now: Timestamp,
    /// When the worker that takes it counts as dead.
    pub until: Timestamp,
    /// Rows at most.
    pub limit: u32,
}

/// A question for work that takes its time, which no tenant is to take all of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FairAsk {
    /// The question.
    pub work: WorkAsk,
    /// Rows at most of each tenant that `rooms` does not name.
    pub each: u32,
    /// Rows at most of these tenants: fewer, where the asking process has some of theirs in hand.
    pub rooms: Vec<(Tenant, u32)>,
}

impl FairAsk {
    /// As many rows as are nobody's too many, whoever has them.
    pub(crate) fn harmless(&self) -> u32 {
        self.rooms.iter().map(|(_, room)| *room).fold(self.work.limit.min(self.each), u32::min)
    }
}

impl From<WorkAsk> for FairAsk {
    /// Without a limit for any tenant.
    fn from(work: WorkAsk) -> Self {
        Self { work, each: u32::MAX, rooms: Vec::new() }
    }
}

/// Repositories and transactions. Every method over tenant data takes the [`Tenant`] first; those without one are
/// for set-up, for finding whose a token is, and for workers, and hand the tenant back.
#[async_trait]
pub trait Store: Administration + TokenRows {
    /// Stores a merchant, or replaces its name and page; an error when the name is taken by another id. Says nothing in the
    /// audit log, as [`Store::put_key`] and [`Store::put_account`]: for tests, which begin with rows that are there.
    async fn put_merchant(&self, merchant: &Merchant) -> Result<(), StoreError>;
    /// Finds a merchant by its unique name.
    async fn merchant_by_name(&self, name: &str) -> Result<Option<Merchant>, StoreError>;
    /// Finds a merchant by its id.
    async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError>;
    /// Stores or replaces a key's row.
    async fn put_key(&self, key: &ApiKey) -> Result<(), StoreError>;
    /// Finds a key that was not revoked by its digest.
    async fn key_by_digest(&self, digest: &str) -> Result<Option<ApiKey>, StoreError>;

    /// Stores or replaces a provider account; settings are sealed.
    async fn put_account(&self, account: &ProviderAccount) -> Result<(), StoreError>;
    /// The tenant's account at a provider.
    async fn account(&self, tenant: Tenant, provider: &ProviderId) -> Result<Option<ProviderAccount>, StoreError>;
    /// All of the tenant's accounts, by provider name.
    async fn accounts(&self, tenant: Tenant) -> Result<Vec<ProviderAccount>, StoreError>;

    /// Stores the next version of the tenant's routing profile and makes it the active one, where the latest version is
    /// `after` (0 for none), and writes with it who did it. False where it is another; nothing is written then.
    async fn put_routing(
        &self,
        tenant: Tenant,
        after: u64,
        next: &RoutingVersion,
        told: &AuditEntry,
    ) -> Result<bool, StoreError>;
    /// The tenant's active routing profile.
    async fn routing(&self, tenant: Tenant) -> Result<Option<RoutingVersion>, StoreError>;
    /// A page of the versions of the tenant's routing profile, shorter than asked for where documents are large.
    async fn routing_versions(
        &self,
        tenant: Tenant,
        page: PageAsk<RoutingProfileId>,
    ) -> Result<Page<RoutingVersion>, StoreError>;

    /// Stores a new checkout with all that belongs to it, and claims the key with it. `change.checkout` is required.
    async fn insert_checkout(
        &self,
        tenant: Tenant,
        claim: Option<Claim>,
        change: Change,
    ) -> Result<InsertOutcome, StoreError>;
    /// Loads a checkout, lets `decide` look at it, and writes what it says: one transaction.
    /// Callers use [`change_with`], which hands a result out of the decision.
    async fn change_checkout(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ask: ChangeAsk,
        decide: Box<Decide<'static>>,
    ) -> Result<ChangeOutcome, StoreError>;
    /// Reads a checkout.
    async fn checkout(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<CheckoutRecord>, StoreError>;
    /// Reads a page of checkouts.
    async fn checkouts(
        &self,
        tenant: Tenant,
        filter: &CheckoutFilter,
        page: PageAsk<CheckoutId>,
    ) -> Result<Page<CheckoutRecord>, StoreError>;
    /// Reads everything that happened to a checkout.
    async fn timeline(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<Timeline>, StoreError>;
    /// Reads a checkout's operations of one kind, oldest first.
    async fn operations(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        kind: OperationKind,
    ) -> Result<Vec<Operation>, StoreError>;

    /// Whose a provider's callback token is, by its digest.
    async fn locate_callback(&self, provider: &ProviderId, digest: &str) -> Result<Option<Addressee>, StoreError>;
    /// Remembers a push that was refused.
    async fn record_refused_push(&self, tenant: Tenant, push: PushRecord) -> Result<(), StoreError>;

    /// The row of an idempotency key.
    async fn idempotency(&self, tenant: Tenant, route: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError>;
    /// Takes over a claim that is resumable, or in flight with its lock passed; on an [`Store::exclusive`] store also
    /// one in flight by another owner, who must be dead. False when somebody was quicker, or it is still worked on.
    async fn take_over_claim(&self, tenant: Tenant, claim: &Claim) -> Result<bool, StoreError>;
    /// Deletes keys older than this, a batch at a time; says how many.
    async fn trim_idempotency(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError>;

    /// An item for a person.
    async fn attention_item(&self, tenant: Tenant, id: AttentionId) -> Result<Option<AttentionItem>, StoreError>;
    /// A page of items.
    async fn attention(
        &self,
        tenant: Tenant,
        filter: &AttentionFilter,
        page: PageAsk<AttentionId>,
    ) -> Result<Page<AttentionItem>, StoreError>;

    /// Takes checkouts whose own deadline has passed and that may expire, at most `ask.limit`.
    async fn due_for_expiry(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError>;
    /// Takes attempts whose [`lendport_core::Attempt::poll_at`] has passed, at most `ask.limit`, whatever their state.
    async fn due_for_poll(&self, ask: FairAsk) -> Result<Vec<Located>, StoreError>;
    /// Takes operations in phase `sent` whose lease ended before `ask.now`, at most `ask.limit`. A row that cannot be
    /// read is logged and keeps no other back.
    async fn interrupted_calls(&self, ask: WorkAsk) -> Result<Vec<InterruptedCall>, StoreError>;
    /// Deletes bodies of providers' pushes received before this, and observations that no state rests on, a batch at a
    /// time; says how many rows.
    async fn trim_observations(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError>;

    /// Keeps what a provider's list may show an attempt by, and has the account's list read. Repeating it changes nothing.
    async fn put_sweep_entry(&self, entry: &SweepEntry) -> Result<(), StoreError>;
    /// The tenant's attempts that have one of these marks and wait for a customer.
    async fn marked(&self, tenant: Tenant, marks: &[SweepMark]) -> Result<Vec<Marked>, StoreError>;
    /// Takes the account whose list has waited longest to be read, until `ask.until`; `ask.limit` does not count.
    async fn take_sweep(&self, ask: WorkAsk) -> Result<Option<SweepTurn>, StoreError>;
    /// Ends a turn. False when its lease was over and somebody else has it: nothing is written then.
    async fn end_sweep(&self, turn: &SweepTurn, next: &SweepNext) -> Result<bool, StoreError>;
    /// Deletes marks that were put before this, a batch at a time; says how many.
    async fn trim_sweep_marks(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError>;

    /// True when only one process at a time can hold this store, so that every other owner is gone.
    fn exclusive(&self) -> bool;
    /// `Ok` when a trivial read and the writer both answer.
    async fn ready(&self) -> Result<(), StoreError>;
    /// Finishes what is queued and closes. Later calls answer `Unavailable`.
    async fn close(&self);
}

/// [`Store::change_checkout`] with a result handed out of the decision; `None` when it did not run.
pub async fn change_with<T: Send + 'static>(
    store: &dyn Store,
    tenant: Tenant,
    id: CheckoutId,
    ask: ChangeAsk,
    mut decide: impl FnMut(Loaded<'_>) -> (Change, T) + Send + 'static,
) -> Result<(ChangeOutcome, Option<T>), StoreError> {
    let slot = std::sync::Arc::new(Mutex::new(None));
    let filled = std::sync::Arc::clone(&slot);
    let outcome = store
        .change_checkout(
            tenant,
            id,
            ask,
            Box::new(move |loaded| {
                let (change, result) = decide(loaded);
                *filled.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
                change
            }),
        )
        .await?;
    let result = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    Ok((outcome, result))
}
