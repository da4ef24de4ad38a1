//! An engine on a SQLite file of its own, one merchant with an account at each made-up financer, and a clock by hand.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{
    AccountSettings, Attempt, AttemptId, AttemptState, CheckoutId, CheckoutRecord, FinancingProvider, Invalid,
    MerchantId, Mode, NoticeAnswer, Operation, OperationKind, ProviderAccount, ProviderAccountId, ProviderId, Quotas,
    ReturnUrls, Secret, ShopPage,
};
use lendport_engine::{
    BreakerSettings, CallbackKey, Effect, Engine, EngineError, EngineParts, EngineSettings, IncomingPush, OpenCheckout,
    Rendered, Reply, ReturnLinks, Ticket, UpkeepSettings, WebhookSettings, digest,
};
use lendport_storage::postgres::{PostgresSettings, PostgresStore};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{ClaimState, Database, IdempotencyRow, Merchant, Outbox, Store, Tenant, Timeline, Vault};
use lendport_testkit::postgres::Cluster;
use lendport_testkit::{ManualClock, Sample, SeededIds};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::Fake;
use crate::financers::{ABLE, EASY, LISTED, STRICT, SURE, WATCHED};

pub(crate) const LEASE_MS: u64 = 60_000;
pub(crate) const OPEN: &str = "POST /v1/checkouts";

fn vault() -> Vault {
    Vault::new(Secret::new([1; 32]))
}

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: ManualClock,
    pub(crate) ids: SeededIds,
    pub(crate) tenant: Tenant,
    pub(crate) easy: Arc<Fake>,
    pub(crate) strict: Arc<Fake>,
    pub(crate) able: Arc<Fake>,
    pub(crate) watched: Arc<Fake>,
    pub(crate) sure: Arc<Fake>,
    pub(crate) listed: Arc<Fake>,
    // Dropped last: the file goes after the store.
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::over(|store| store).await
    }

    /// With something between the engine and SQLite.
    pub(crate) async fn over(wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("lendport.db"));
        let opened = SqliteStore::open(&settings, vault()).unwrap();
        let Database { store, outbox } = Database::of(Arc::new(opened));
        Self::on(Database { store: wrap(store), outbox }, Some(folder)).await
    }

    /// On PostgreSQL, in this new database.
    pub(crate) async fn on_postgresql(server: &Cluster, database: &str) -> Self {
        let settings = PostgresSettings::new(Secret::from(server.url(database).as_str()));
        let opened = PostgresStore::open(&settings, vault()).await.unwrap();
        Self::on(Database::of(Arc::new(opened)), None).await
    }

    async fn on(Database { store, outbox }: Database, folder: Option<TempDir>) -> Self {
        let both = Database { store: Arc::clone(&store), outbox: Arc::clone(&outbox) };
        let (clock, ids) = (ManualClock::new(), SeededIds::new(1));
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let [easy, strict, able, watched, sure, listed] =
            [&EASY, &STRICT, &ABLE, &WATCHED, &SURE, &LISTED].map(|descriptor| Arc::new(Fake::new(descriptor)));
        let world = Self {
            engine: engine(
                both,
                [&easy, &strict, &able, &watched, &sure, &listed].map(as_provider).to_vec(),
                &clock,
                &ids,
                "first process",
                unguarded(),
            ),
            store,
            outbox,
            clock,
            ids,
            tenant,
            easy,
            strict,
            able,
            watched,
            sure,
            listed,
            _folder: folder,
        };
        let now = lendport_core::Clock::now(&world.clock);
        let merchant =
            Merchant { id: tenant.merchant, name: "shop".to_owned(), page: ShopPage::default(), created_at: now };
        world.store.put_merchant(&merchant).await.unwrap();
        for provider in [EASY.id, STRICT.id, ABLE.id, WATCHED.id, SURE.id, LISTED.id] {
            let account = ProviderAccount {
                id: ProviderAccountId::mint(&world.ids),
                merchant: tenant.merchant,
                provider: ProviderId::parse(provider).unwrap(),
                mode: tenant.mode,
                settings: AccountSettings::default(),
            };
            world.store.put_account(&account).await.unwrap();
        }
        world
    }

    /// The process died and another one starts on the same file.
    pub(crate) fn restarted(&self, owner: &str) -> Arc<Engine> {
        self.with_upkeep(owner, unguarded())
    }

    /// Another process on the same file with other settings.
    pub(crate) fn with_upkeep(&self, owner: &str, upkeep: UpkeepSettings) -> Arc<Engine> {
        self.with_providers(owner, upkeep, &[])
    }

    /// Another process on the same file that knows more financers.
    pub(crate) fn with_providers(
        &self,
        owner: &str,
        upkeep: UpkeepSettings,
        more: &[Arc<dyn FinancingProvider>],
    ) -> Arc<Engine> {
        let both = Database { store: Arc::clone(&self.store), outbox: Arc::clone(&self.outbox) };
        let fakes = [&self.easy, &self.strict, &self.able, &self.watched, &self.sure, &self.listed].map(as_provider);
        engine(both, [fakes.as_slice(), more].concat(), &self.clock, &self.ids, owner, upkeep)
    }

    /// Opens seed 002's checkout at `easy`.
    pub(crate) async fn open(&self, key: &str) -> Reply {
        self.open_at("easy", key).await.unwrap()
    }

    pub(crate) async fn open_at(&self, provider: &str, key: &str) -> Result<Reply, EngineError> {
        self.engine.open_checkout(self.tenant, asked(provider), Invalid::none(), ticket(OPEN, key, provider)).await
    }

    /// Opens one that has to work, and says which it is.
    pub(crate) async fn opened(&self, key: &str) -> CheckoutId {
        let reply = self.open(key).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        id_of(&reply)
    }

    /// Opens one and has it approved.
    pub(crate) async fn authorized(&self, key: &str) -> CheckoutId {
        let id = self.opened(key).await;
        self.push(json!({ "state": "authorized" })).await;
        assert_eq!(self.state(id).await, AttemptState::Authorized);
        id
    }

    /// Pushes to the latest attempt at `easy`; has to be stored.
    pub(crate) async fn push(&self, body: Value) {
        let answer = self.push_to(&self.easy.last().token, body).await;
        assert_eq!((answer.status, answer.body), (200, "OK"));
    }

    /// Opens one at `able` and has it approved.
    pub(crate) async fn approved_by_able(&self, key: &str) -> CheckoutId {
        let id = id_of(&self.open_at("able", key).await.unwrap());
        let token = self.able.last().token;
        assert_eq!(push_at(&self.engine, "able", &token, json!({ "state": "authorized" })).await.status, 200);
        id
    }

    pub(crate) async fn push_to(&self, token: &str, body: Value) -> NoticeAnswer {
        push_through(&self.engine, token, body).await
    }

    pub(crate) async fn record(&self, id: CheckoutId) -> CheckoutRecord {
        self.store.checkout(self.tenant, id).await.unwrap().unwrap()
    }

    /// The latest attempt.
    pub(crate) async fn attempt(&self, id: CheckoutId) -> Attempt {
        self.record(id).await.attempts.last().unwrap().clone()
    }

    pub(crate) async fn state(&self, id: CheckoutId) -> AttemptState {
        self.attempt(id).await.state
    }

    pub(crate) async fn timeline(&self, id: CheckoutId) -> Timeline {
        self.store.timeline(self.tenant, id).await.unwrap().unwrap()
    }

    /// The types of the events so far.
    pub(crate) async fn events(&self, id: CheckoutId) -> Vec<&'static str> {
        self.timeline(id).await.events.iter().map(|event| event.kind.as_str()).collect()
    }

    /// The kinds of the items opened for a person so far.
    pub(crate) async fn attention(&self, id: CheckoutId) -> Vec<&'static str> {
        self.timeline(id).await.attention.iter().map(|item| item.kind.as_str()).collect()
    }

    /// The latest operation of a kind.
    pub(crate) async fn operation(&self, id: CheckoutId, kind: OperationKind) -> Operation {
        self.store.operations(self.tenant, id, kind).await.unwrap().last().unwrap().clone()
    }

    pub(crate) async fn key(&self, route: &str, key: &str) -> Option<IdempotencyRow> {
        self.store.idempotency(self.tenant, route, key).await.unwrap()
    }

    /// `in_flight`, `completed`, `resumable`, or `none`.
    pub(crate) async fn key_state(&self, key: &str) -> &'static str {
        match self.key(OPEN, key).await.map(|row| row.state) {
            None => "none",
            Some(ClaimState::InFlight { .. }) => "in_flight",
            Some(ClaimState::Completed { .. }) => "completed",
            Some(ClaimState::Resumable) => "resumable",
        }
    }

    /// The only checkout there is.
    pub(crate) async fn only(&self) -> CheckoutId {
        let page = lendport_storage::PageAsk { limit: 100, after: None };
        let rows =
            self.store.checkouts(self.tenant, &lendport_storage::CheckoutFilter::default(), page).await.unwrap().rows;
        let [only] = rows.as_slice() else { panic!("{} checkouts", rows.len()) };
        only.checkout.id
    }
}

fn as_provider(fake: &Arc<Fake>) -> Arc<dyn FinancingProvider> {
    Arc::<Fake>::clone(fake)
}

/// Financers fail on purpose here, as often as a test likes; what their breakers do is told in `breaker`.
fn unguarded() -> UpkeepSettings {
    let usual = UpkeepSettings::default();
    UpkeepSettings { breaker: BreakerSettings { failures: 0, ..usual.breaker }, ..usual }
}

fn engine(
    Database { store, outbox }: Database,
    providers: Vec<Arc<dyn FinancingProvider>>,
    clock: &ManualClock,
    ids: &SeededIds,
    owner: &str,
    upkeep: UpkeepSettings,
) -> Arc<Engine> {
    Arc::new(Engine::new(EngineParts {
        store,
        outbox,
        providers,
        clock: Arc::new(clock.clone()),
        ids: Arc::new(ids.clone()),
        returns: Some(Arc::new(Links)),
        settings: EngineSettings {
            public_url: "https://gateway.example".to_owned(),
            callback_key: CallbackKey::new(Secret::new([5; 32])),
            checkout_expires_after_hours: 72,
            operation_lease_ms: LEASE_MS,
            idempotency_keep_days: 7,
            owner: owner.to_owned(),
            webhooks: WebhookSettings::default(),
            quotas: Quotas::default(),
            upkeep,
        },
    }))
}

/// Addresses that tell of everything they were made from.
struct Links;

impl ReturnLinks for Links {
    fn return_urls(
        &self,
        tenant: Tenant,
        checkout: CheckoutId,
        attempt: AttemptId,
        started: Timestamp,
        deadline: Timestamp,
    ) -> ReturnUrls {
        let mode = tenant.mode.as_str();
        let link = |how| {
            format!(
                "https://gateway.example/{how}/{}/{mode}/{checkout}/{attempt}/{started}/{deadline}",
                tenant.merchant
            )
        };
        ReturnUrls { success: Some(link("complete")), failure: Some(link("abort")) }
    }
}

pub(crate) async fn push_through(engine: &Arc<Engine>, token: &str, body: Value) -> NoticeAnswer {
    push_at(engine, "easy", token, body).await
}

pub(crate) async fn push_at(engine: &Arc<Engine>, provider: &str, token: &str, body: Value) -> NoticeAnswer {
    let push = IncomingPush {
        method: "POST".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        query: String::new(),
        body: body.to_string().into_bytes(),
    };
    engine.take_in_push(provider, token, push).await
}

/// Seed 002's cart at one financer.
pub(crate) fn asked(provider: &str) -> OpenCheckout {
    let sample = Sample::usa();
    OpenCheckout {
        reference: Some("ORDER-123".to_owned()),
        provider: Some(provider.to_owned()),
        currency: Some("USD".to_owned()),
        customer: sample.customer,
        billing: sample.billing,
        cart: Some(sample.cart),
        ..OpenCheckout::default()
    }
}

/// A request with a key; equal contents have equal fingerprints.
pub(crate) fn ticket(route: &str, key: &str, content: &str) -> Ticket {
    Ticket {
        route: route.to_owned(),
        key: key.to_owned(),
        fingerprint: digest(&format!("{route}\n{content}")),
        render: Arc::new(render),
    }
}

/// The words that `api.md` fixes, without the rest of a problem document.
fn render(result: &Result<Effect, EngineError>) -> Rendered {
    let (status, body) = match result {
        Ok(Effect::Checkout(view)) => (201, serde_json::to_value(view).unwrap()),
        Ok(Effect::Shipment(view)) => (201, serde_json::to_value(view).unwrap()),
        Ok(Effect::Attention(view)) => (200, serde_json::to_value(view).unwrap()),
        Ok(Effect::Agreement(view)) => (200, serde_json::to_value(view).unwrap()),
        Ok(other) => panic!("{other:?} is not of these use cases"),
        Err(error) => {
            let status = match error {
                EngineError::Invalid(_) | EngineError::NotSupported { .. } | EngineError::KeyReused => 422,
                EngineError::CommitFence { .. } | EngineError::WrongState { .. } | EngineError::KeyInFlight => 409,
                EngineError::Provider { .. } | EngineError::AmountMismatch { .. } => 502,
                _ => 500,
            };
            (status, json!({ "error": word(error), "detail": error.to_string() }))
        }
    };
    Rendered { status, body: body.to_string(), version: None }
}

/// One word for an error.
pub(crate) fn word(error: &EngineError) -> &'static str {
    match error {
        EngineError::Invalid(_) => "invalid",
        EngineError::NotFound => "not_found",
        EngineError::Provider { .. } => "provider",
        EngineError::AmountMismatch { .. } => "provider_amount_mismatch",
        EngineError::NotSupported { .. } => "operation_not_supported",
        EngineError::WrongState { .. } => "wrong_state",
        EngineError::CommitFence { .. } => "commit_fence",
        EngineError::PreconditionFailed => "precondition_failed",
        EngineError::AlreadySettled { .. } => "already_settled",
        EngineError::Endpoint(_) => "endpoint",
        EngineError::KeyReused => "key_reused",
        EngineError::KeyInFlight => "key_in_flight",
        EngineError::Store(_) => "store",
        EngineError::MissingScope(_) => "missing_scope",
        EngineError::LiveKeyNeeded => "live_key_needed",
        EngineError::Key(_) => "key",
        EngineError::Quota { .. } => "quota",
        EngineError::AccountInUse { .. } => "account_in_use",
        EngineError::Internal(_) => "internal",
    }
}

pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

pub(crate) fn id_of(reply: &Reply) -> CheckoutId {
    body(reply)["id"].as_str().unwrap().parse().unwrap()
}
