//! The disk fails at the worst moment: the financer has said yes and we cannot write it down.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    AttemptState, AttentionId, AuditEntry, AuditId, CheckoutId, CheckoutRecord, ErrorKind, KeyId, MerchantId,
    Operation, OperationKind, Phase, ProviderAccount, ProviderError, ProviderId, Quotas, RoutingProfileId,
};
use lendport_engine::EngineError;
use lendport_storage::{
    Addressee, AdminAsk, AdminDecide, Administration, ApiKey, AttentionFilter, AttentionItem, AuditFilter, Audited,
    Change, ChangeAsk, ChangeOutcome, CheckoutCounts, CheckoutFilter, Claim, Decide, FairAsk, IdempotencyRow,
    InsertOutcome, InterruptedCall, Located, Marked, Merchant, Page, PageAsk, PushRecord, RoutingVersion, SigningKey,
    Store, StoreError, SweepEntry, SweepMark, SweepNext, SweepTurn, Tenant, Timeline, TokenRows, Versioned, WorkAsk,
};
use serde_json::json;

use crate::by_line::{approved, ship};
use crate::world::{LEASE_MS, World, body, id_of, push_through, ticket};

/// Passes everything on, fails the next so many inserts and changes, and does not find the next so many keys.
struct Flaky {
    inner: Arc<dyn Store>,
    meanwhile: Meanwhile,
    failures: Arc<AtomicUsize>,
    blind: Arc<AtomicUsize>,
    full: Arc<AtomicUsize>,
}

/// What somebody else does right before the next change.
type Meanwhile = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

/// Counts down; true while there was something left.
fn one_more(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

macro_rules! passed_on {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Flaky {
            $(async fn $name(&self, $($arg: $kind),*) -> $answer { self.inner.$name($($arg),*).await })*

            async fn change_checkout(
                &self,
                tenant: Tenant,
                id: CheckoutId,
                ask: ChangeAsk,
                decide: Box<Decide<'static>>,
            ) -> Result<ChangeOutcome, StoreError> {
                let meanwhile = self.meanwhile.lock().unwrap().take();
                if let Some(meanwhile) = meanwhile {
                    meanwhile.await;
                }
                if one_more(&self.failures) {
                    return Err(StoreError::Full);
                }
                self.inner.change_checkout(tenant, id, ask, decide).await
            }

            async fn insert_checkout(
                &self,
                tenant: Tenant,
                claim: Option<Claim>,
                change: Change,
            ) -> Result<InsertOutcome, StoreError> {
                if one_more(&self.full) {
                    return Err(StoreError::Full);
                }
                self.inner.insert_checkout(tenant, claim, change).await
            }

            async fn idempotency(
                &self,
                tenant: Tenant,
                route: &str,
                key: &str,
            ) -> Result<Option<IdempotencyRow>, StoreError> {
                if one_more(&self.blind) {
                    return Ok(None);
                }
                self.inner.idempotency(tenant, route, key).await
            }

            fn exclusive(&self) -> bool {
                self.inner.exclusive()
            }
        }
    };
}

#[async_trait]
impl Administration for Flaky {
    async fn administer(
        &self,
        tenant: Tenant,
        ask: AdminAsk,
        decide: Box<AdminDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        self.inner.administer(tenant, ask, decide).await
    }

    async fn merchant_row(&self, id: MerchantId) -> Result<Option<Versioned<Merchant>>, StoreError> {
        self.inner.merchant_row(id).await
    }

    async fn merchants(&self, page: PageAsk<MerchantId>) -> Result<Page<Versioned<Merchant>>, StoreError> {
        self.inner.merchants(page).await
    }

    async fn quotas(&self, merchant: MerchantId) -> Result<Quotas, StoreError> {
        self.inner.quotas(merchant).await
    }

    async fn count_checkouts(&self, tenant: Tenant, since: Timestamp, most: u32) -> Result<CheckoutCounts, StoreError> {
        self.inner.count_checkouts(tenant, since, most).await
    }

    async fn key(&self, tenant: Tenant, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        self.inner.key(tenant, id).await
    }

    async fn keys(&self, tenant: Tenant, page: PageAsk<KeyId>) -> Result<Page<ApiKey>, StoreError> {
        self.inner.keys(tenant, page).await
    }

    async fn note_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        self.inner.note_key_uses(uses).await
    }

    async fn account_rows(
        &self,
        tenant: Tenant,
        provider: Option<&ProviderId>,
    ) -> Result<Vec<Versioned<ProviderAccount>>, StoreError> {
        self.inner.account_rows(tenant, provider).await
    }

    async fn audit(
        &self,
        whose: Audited,
        filter: AuditFilter,
        page: PageAsk<AuditId>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.inner.audit(whose, filter, page).await
    }
}

#[async_trait]
impl TokenRows for Flaky {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        self.inner.signing_keys().await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        others_until: Timestamp,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.inner.add_signing_key(key, others_until, told).await
    }

    async fn use_token(&self, digest: &str, until: Timestamp) -> Result<bool, StoreError> {
        self.inner.use_token(digest, until).await
    }

    async fn trim_tokens(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.inner.trim_tokens(now).await
    }
}

passed_on! {
    fn put_merchant(merchant: &Merchant) -> Result<(), StoreError>;
    fn merchant_by_name(name: &str) -> Result<Option<Merchant>, StoreError>;
    fn merchant(id: MerchantId) -> Result<Option<Merchant>, StoreError>;
    fn put_key(key: &ApiKey) -> Result<(), StoreError>;
    fn key_by_digest(digest: &str) -> Result<Option<ApiKey>, StoreError>;
    fn put_account(account: &ProviderAccount) -> Result<(), StoreError>;
    fn account(tenant: Tenant, provider: &ProviderId) -> Result<Option<ProviderAccount>, StoreError>;
    fn accounts(tenant: Tenant) -> Result<Vec<ProviderAccount>, StoreError>;
    fn put_routing(tenant: Tenant, after: u64, next: &RoutingVersion, told: &AuditEntry) -> Result<bool, StoreError>;
    fn routing(tenant: Tenant) -> Result<Option<RoutingVersion>, StoreError>;
    fn routing_versions(tenant: Tenant, page: PageAsk<RoutingProfileId>) -> Result<Page<RoutingVersion>, StoreError>;
    fn checkout(tenant: Tenant, id: CheckoutId) -> Result<Option<CheckoutRecord>, StoreError>;
    fn checkouts(tenant: Tenant, filter: &CheckoutFilter, page: PageAsk<CheckoutId>) -> Result<Page<CheckoutRecord>, StoreError>;
    fn timeline(tenant: Tenant, id: CheckoutId) -> Result<Option<Timeline>, StoreError>;
    fn operations(tenant: Tenant, id: CheckoutId, kind: OperationKind) -> Result<Vec<Operation>, StoreError>;
    fn locate_callback(provider: &ProviderId, digest: &str) -> Result<Option<Addressee>, StoreError>;
    fn record_refused_push(tenant: Tenant, push: PushRecord) -> Result<(), StoreError>;
    fn take_over_claim(tenant: Tenant, claim: &Claim) -> Result<bool, StoreError>;
    fn trim_idempotency(before: Timestamp, batch: u32) -> Result<u64, StoreError>;
    fn due_for_expiry(ask: FairAsk) -> Result<Vec<Located>, StoreError>;
    fn due_for_poll(ask: FairAsk) -> Result<Vec<Located>, StoreError>;
    fn trim_observations(before: Timestamp, batch: u32) -> Result<u64, StoreError>;
    fn attention_item(tenant: Tenant, id: AttentionId) -> Result<Option<AttentionItem>, StoreError>;
    fn attention(tenant: Tenant, filter: &AttentionFilter, page: PageAsk<AttentionId>) -> Result<Page<AttentionItem>, StoreError>;
    fn interrupted_calls(ask: WorkAsk) -> Result<Vec<InterruptedCall>, StoreError>;
    fn put_sweep_entry(entry: &SweepEntry) -> Result<(), StoreError>;
    fn marked(tenant: Tenant, marks: &[SweepMark]) -> Result<Vec<Marked>, StoreError>;
    fn take_sweep(ask: WorkAsk) -> Result<Option<SweepTurn>, StoreError>;
    fn end_sweep(turn: &SweepTurn, next: &SweepNext) -> Result<bool, StoreError>;
    fn trim_sweep_marks(before: Timestamp, batch: u32) -> Result<u64, StoreError>;
    fn ready() -> Result<(), StoreError>;
    fn close() -> ();
}

pub(crate) async fn world() -> (World, Arc<AtomicUsize>) {
    let (world, failures, ..) = flaky().await;
    (world, failures)
}

/// The world, with the counters of failing changes, of keys not found and of failing inserts.
async fn flaky() -> (World, Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let [failures, blind, full] = [0; 3].map(|none| Arc::new(AtomicUsize::new(none)));
    let (failing, blinded, filled) = (Arc::clone(&failures), Arc::clone(&blind), Arc::clone(&full));
    let over =
        |inner| Flaky { inner, meanwhile: Meanwhile::default(), failures: failing, blind: blinded, full: filled };
    let world = World::over(|inner| Arc::new(over(inner))).await;
    (world, failures, blind, full)
}

#[tokio::test]
async fn a_finished_create_is_replayed_while_nothing_can_be_written() {
    let (world, _, _, full) = flaky().await;
    let first = world.open("key").await;
    assert_eq!((first.status, first.replayed), (201, false));
    world.easy.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
    assert_eq!(world.open("unknown").await.status, 502);
    full.store(usize::MAX, Ordering::SeqCst);
    let again = world.open("key").await;
    assert_eq!((again.status, again.replayed, &again.body), (first.status, true, &first.body));
    // What has to be written is not said to be done.
    for key in ["another", "unknown"] {
        assert_eq!(world.open_at("easy", key).await, Err(EngineError::Store(StoreError::Full)), "{key}");
    }
    assert_eq!(world.open_at("strict", "key").await, Err(EngineError::KeyReused));
    full.store(0, Ordering::SeqCst);
    world.easy.accept_create();
    assert_eq!(world.open("another").await.status, 201);
    assert_eq!(world.easy.asked().len(), 3, "nobody was called for what could not be stored");
}

#[tokio::test]
async fn an_attempt_whose_look_could_not_be_stored_is_put_off() {
    let (world, failures) = world().await;
    let id = world.only_under_review().await;
    world.clock.advance(SignedDuration::from_secs(7));
    failures.store(1, Ordering::SeqCst);
    assert_eq!(world.engine.settle_due().await, Err(EngineError::Store(StoreError::Full)));
    assert!(world.attempt(id).await.poll_at.unwrap() > lendport_core::Clock::now(&world.clock), "later, not at once");
    assert_eq!((world.engine.settle_due().await, world.able.looks()), (Ok(0), 1));
    assert_eq!(world.later(40).await, 1);
}

#[tokio::test]
async fn a_deadline_that_could_not_be_written_is_told_by_the_next_process_and_once() {
    let (world, failures) = world().await;
    let id = crate::choosing::opened(&world).await;
    world.clock.advance(SignedDuration::from_hours(72));
    failures.store(1, Ordering::SeqCst);
    assert_eq!(world.engine.expire_due().await, Err(EngineError::Store(StoreError::Full)));
    assert_eq!(world.events(id).await, ["checkout.created"], "nothing of it");
    let next = world.restarted("the next process");
    assert_eq!((next.expire_due().await, next.expire_due().await), (Ok(1), Ok(0)));
    assert_eq!(world.events(id).await, ["checkout.created", "checkout.expired"]);
}

#[tokio::test]
async fn a_push_between_the_look_and_the_repeat_of_a_create_is_what_the_key_shows() {
    for told in ["authorized", "declined", "preapproved"] {
        let meanwhile = Meanwhile::default();
        let meddling = Arc::clone(&meanwhile);
        let flaky = |inner| Flaky {
            inner,
            meanwhile: meddling,
            failures: Arc::default(),
            blind: Arc::default(),
            full: Arc::default(),
        };
        let world = World::over(|inner| Arc::new(flaky(inner))).await;
        world.easy.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
        assert_eq!(world.open("key").await.status, 502);
        let (engine, token) = (Arc::clone(&world.engine), world.easy.last().token);
        *meanwhile.lock().unwrap() = Some(Box::pin(async move {
            let push = push_through(&engine, &token, json!({ "state": told, "reference": "r" })).await;
            assert_eq!(push.status, 200);
        }));
        let reply = world.open("key").await;
        assert!(meanwhile.lock().unwrap().is_none(), "it came in between");
        assert_eq!((reply.status, &body(&reply)["status"]), (201, &told.into()), "{}", reply.body);
        assert_eq!((world.easy.asked().len(), world.key_state("key").await), (1, "completed"));
    }
}

#[tokio::test]
async fn an_acceptance_that_could_not_be_stored_is_unknown_and_settled_later() {
    let (world, failures) = world().await;
    failures.store(1, Ordering::SeqCst);
    let lost = world.open_at("easy", "key").await;
    assert_eq!(lost, Err(EngineError::Store(StoreError::Full)));
    let id = world.only().await;
    assert_eq!(world.state(id).await, AttemptState::Initiating, "as it was before the call");
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Sent);
    assert_eq!(world.open_at("easy", "key").await, Err(EngineError::KeyInFlight), "until the lease ends");

    world.clock.advance(SignedDuration::from_millis(i64::try_from(LEASE_MS).unwrap() + 1));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(1));
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    // The financer did take it in, and pushes to the address of the first attempt.
    let first = world.easy.asked()[0].token.clone();
    let reply = world.open("key").await;
    assert_eq!((reply.status, id_of(&reply)), (201, id));
    assert_eq!(world.push_to(&first, json!({ "state": "authorized" })).await.status, 200);
    let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Authorized, AttemptState::AwaitingCustomer]);
    assert_eq!(world.record(id).await.status().as_str(), "authorized");
}

#[tokio::test]
async fn a_push_that_could_not_be_stored_is_asked_for_again() {
    let (world, failures) = world().await;
    let id = world.opened("key").await;
    let token = world.easy.last().token;
    failures.store(1, Ordering::SeqCst);
    assert_eq!(world.push_to(&token, json!({ "state": "authorized" })).await.status, 503);
    assert_eq!(world.state(id).await, AttemptState::AwaitingCustomer);
    assert_eq!(world.push_to(&token, json!({ "state": "authorized" })).await.status, 200);
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert_eq!(world.events(id).await, ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]);
}

#[tokio::test]
async fn a_key_that_another_request_claims_meanwhile_starts_nothing() {
    let (world, _, blind, _) = flaky().await;
    let id = world.opened("key").await;
    world.push(json!({ "state": "declined" })).await;
    world.strict.fail_create(ProviderError::new(ErrorKind::Invalid, "the phone is wrong"));
    let start = || {
        let ticket = ticket(&format!("POST /v1/checkouts/{id}/attempts"), "next", "strict");
        world.engine.start_attempt(world.tenant, id, Some("strict".to_owned()), None, ticket)
    };
    let first = start().await.unwrap();
    assert_eq!((first.status, first.replayed), (502, false));
    // Looked for its key before the first had stored it, and goes on after the first was answered.
    blind.store(1, Ordering::SeqCst);
    assert_eq!(start().await, Err(EngineError::KeyInFlight));
    let replay = start().await.unwrap();
    assert_eq!((replay.replayed, replay.body), (true, first.body));
    assert_eq!(world.strict.asked().len(), 1, "one key, one call");
}

#[tokio::test]
async fn one_checkout_that_cannot_be_expired_does_not_keep_the_others() {
    let (world, failures) = world().await;
    let ids = [world.opened("first").await, world.opened("second").await];
    world.clock.advance(SignedDuration::from_hours(72));
    failures.store(1, Ordering::SeqCst);
    assert_eq!(world.engine.expire_due().await, Err(EngineError::Store(StoreError::Full)));
    assert_eq!(world.state(ids[0]).await, AttemptState::AwaitingCustomer);
    assert_eq!(world.state(ids[1]).await, AttemptState::Expired);
    assert_eq!(world.engine.expire_due().await, Ok(1));
}

#[tokio::test]
async fn an_equal_shipment_that_was_quicker_is_no_other_shipment() {
    let (world, _, blind, _) = flaky().await;
    let id = approved(&world).await;
    let first = ship(&world, id, "key", [2, 0]).await.unwrap();
    // Looked for its key before the first had stored it; by now none of the units is left.
    blind.store(1, Ordering::SeqCst);
    assert_eq!(ship(&world, id, "key", [2, 0]).await, Err(EngineError::KeyInFlight));
    let replay = ship(&world, id, "key", [2, 0]).await.unwrap();
    assert_eq!((replay.replayed, replay.body, world.watched.shipped().len()), (true, first.body, 1));
}
