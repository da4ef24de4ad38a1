//! A gateway without a socket, and how tests speak to it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use lendport_core::{
    AccountSettings, Clock, FinancingProvider, IdSource, KeyId, MerchantId, Mode, ProviderAccount, ProviderAccountId,
    ProviderId, Quotas, Scope, Secret, ShopPage,
};
use lendport_engine::{CallbackKey, Engine, EngineParts, EngineSettings, UpkeepSettings, WebhookSettings, digest};
use lendport_http::{ClientTokens, HttpSettings, RateSettings, TokenSettings};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{ApiKey, Database, Merchant, Outbox, Store, Tenant, Vault};
use lendport_testkit::{ManualClock, SeededIds};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::fake::Fake;

pub(crate) const KEY: &str = "lp_test_first";
pub(crate) const OTHER_KEY: &str = "lp_test_other";
pub(crate) const LIVE_KEY: &str = "lp_live_first";
pub(crate) const PLATFORM_KEY: &str = "lp_test_platform";
pub(crate) const PUBLIC_URL: &str = "https://gateway.example";

/// How long a link to the customer's page works.
pub(crate) const TOKEN_MINUTES: u32 = 30;

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) fake: Arc<Fake>,
    pub(crate) clock: ManualClock,
    pub(crate) ids: SeededIds,
    /// The first merchant in test mode, as [`KEY`] is.
    pub(crate) tenant: Tenant,
    pub(crate) tasks: TaskTracker,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) merchants: [MerchantId; 2],
    pub(crate) stop: CancellationToken,
    pub(crate) engine: Arc<Engine>,
    _folder: Option<TempDir>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and code of a problem, after judging what every problem has.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.header("request-id").unwrap());
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("{PUBLIC_URL}/problems/{code}"));
        for member in ["title", "detail"] {
            assert!(!problem[member].as_str().unwrap().is_empty());
        }
        assert!(problem["retryable"].is_boolean());
        (self.status.as_u16(), code)
    }

    /// `pointer code` of each error.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::within(10_000).await
    }

    /// With this many milliseconds for a request.
    pub(crate) async fn within(request_timeout_ms: u64) -> Self {
        Self::made(request_timeout_ms, TokenSettings::default(), RateSettings::default()).await
    }

    /// With these settings of tokens.
    pub(crate) async fn trusting(auth: TokenSettings) -> Self {
        Self::made(10_000, auth, RateSettings::default()).await
    }

    /// And with limits; there are none otherwise.
    pub(crate) async fn limited(request_timeout_ms: u64, rates: RateSettings) -> Self {
        Self::made(request_timeout_ms, TokenSettings::default(), rates).await
    }

    /// With all of them.
    pub(crate) async fn made(request_timeout_ms: u64, auth: TokenSettings, rates: RateSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("lendport.db"));
        let sqlite = SqliteStore::open(&settings, vault()).unwrap();
        Self::over(Database::of(Arc::new(sqlite)), Some(folder), request_timeout_ms, auth, rates).await
    }

    /// On this database.
    pub(crate) async fn over(
        database: Database,
        folder: Option<TempDir>,
        request_timeout_ms: u64,
        auth: TokenSettings,
        rates: RateSettings,
    ) -> Self {
        let Database { store, outbox } = database;
        let (clock, ids) = (ManualClock::new(), SeededIds::new(1));
        let fake = Arc::new(Fake::new());
        let merchants = [MerchantId::mint(&ids), MerchantId::mint(&ids)];
        for (name, merchant) in ["first", "other"].into_iter().zip(merchants) {
            let row =
                Merchant { id: merchant, name: name.to_owned(), page: ShopPage::default(), created_at: clock.now() };
            store.put_merchant(&row).await.unwrap();
        }
        for (key, merchant, mode) in [
            (KEY, merchants[0], Mode::Test),
            (OTHER_KEY, merchants[1], Mode::Test),
            (LIVE_KEY, merchants[0], Mode::Live),
        ] {
            set_up(store.as_ref(), &clock, &ids, key, Tenant { merchant, mode }).await;
        }
        let provider: Arc<dyn FinancingProvider> = fake.clone();
        let tokens = Arc::new(ClientTokens::new(&Secret::new([7; 32]), PUBLIC_URL, TOKEN_MINUTES));
        let engine = Arc::new(Engine::new(EngineParts {
            store: Arc::clone(&store),
            outbox: Arc::clone(&outbox),
            providers: vec![provider],
            clock: Arc::new(clock.clone()),
            ids: Arc::new(ids.clone()),
            returns: Some(tokens.clone()),
            settings: EngineSettings {
                public_url: PUBLIC_URL.to_owned(),
                callback_key: CallbackKey::new(Secret::new([5; 32])),
                checkout_expires_after_hours: 72,
                operation_lease_ms: 60_000,
                idempotency_keep_days: 7,
                owner: "test".to_owned(),
                webhooks: WebhookSettings { allow_loopback: true },
                quotas: Quotas::default(),
                upkeep: UpkeepSettings::default(),
            },
        }));
        let tenant = Tenant { merchant: merchants[0], mode: Mode::Test };
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let settings = HttpSettings {
            public_url: PUBLIC_URL.to_owned(),
            request_timeout_ms,
            body_max_bytes: 1024 * 1024,
            tokens,
            auth,
            live_updates_max: 10,
            rates,
            stop: stop.clone(),
        };
        let router = lendport_http::router(
            Arc::clone(&engine),
            Arc::new(ids.clone()),
            Arc::new(clock.clone()),
            settings,
            tasks.clone(),
        );
        Self { router, fake, clock, ids, tenant, tasks, store, outbox, merchants, stop, engine, _folder: folder }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(parts.headers.get("request-id").unwrap().to_str().unwrap().starts_with("req_"));
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A request with the first merchant's key and a JSON body.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let given = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !given("authorization") {
            request = request.header("authorization", format!("Bearer {KEY}"));
        }
        if !given("content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: impl Into<Body>) -> Answer {
        self.call(Method::POST, path, &[("idempotency-key", key)], body).await
    }

    /// Posts a cart with a key of its own.
    pub(crate) async fn create(&self, body: impl Into<Body>) -> Answer {
        self.post("/v1/checkouts", "a key", body).await
    }

    /// Opens a checkout that has to work; says its id.
    pub(crate) async fn opened(&self, key: &str) -> String {
        let answer = self.post("/v1/checkouts", key, sample().to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The address of a checkout's page, below the gateway's own.
    pub(crate) async fn page_of(&self, id: &str) -> String {
        let checkout = self.get(&format!("/v1/checkouts/{id}")).await.json();
        let url = checkout["checkout_url"].as_str().unwrap();
        assert!(url.ends_with(checkout["client_token"].as_str().unwrap()));
        url.strip_prefix(PUBLIC_URL).unwrap().to_owned()
    }

    /// Stores a key of this tenant with these scopes.
    pub(crate) async fn add_key(&self, text: &str, tenant: Tenant, scopes: &[Scope]) -> KeyId {
        let row = ApiKey::new(KeyId::mint(&self.ids), tenant, digest(text), text, self.clock.now());
        let row = ApiKey { scopes: scopes.iter().copied().collect(), ..row };
        self.store.put_key(&row).await.unwrap();
        row.id
    }

    /// Stores the platform's own merchant with a key that may do everything, [`PLATFORM_KEY`]; says whose it is.
    pub(crate) async fn platform(&self) -> Tenant {
        let tenant = Tenant { merchant: MerchantId::mint(&self.ids), mode: Mode::Test };
        let (name, page) = ("platform".to_owned(), ShopPage::default());
        let row = Merchant { id: tenant.merchant, name, page, created_at: self.clock.now() };
        self.store.put_merchant(&row).await.unwrap();
        self.add_key(PLATFORM_KEY, tenant, &[Scope::PlatformAdmin]).await;
        tenant
    }

    /// A request with this key. Whatever is sent has an Idempotency-Key of its own.
    pub(crate) async fn with_key(&self, key: &str, method: Method, path: &str, body: &Value) -> Answer {
        self.with_headers(key, method, path, &[], body).await
    }

    /// The same with these headers.
    pub(crate) async fn with_headers(
        &self,
        key: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let (bearer, fresh) = (format!("Bearer {key}"), self.ids.token().expose().clone());
        let mut all = vec![("authorization", bearer.as_str())];
        if method == Method::POST && !headers.iter().any(|(name, _)| *name == "idempotency-key") {
            all.push(("idempotency-key", &fresh));
        }
        all.extend_from_slice(headers);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, path, &all, text).await
    }

    /// A request as a browser without any key makes it.
    pub(crate) async fn browse(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Has a merchant's customers see its shop so.
    pub(crate) async fn set_page(&self, merchant: MerchantId, page: ShopPage) {
        let known = self.store.merchant(merchant).await.unwrap().unwrap();
        self.store.put_merchant(&Merchant { page, ..known }).await.unwrap();
    }

    /// Has the latest attempt pushed.
    pub(crate) async fn push(&self, body: &str) -> Answer {
        let path = format!("/callbacks/acme/{}", self.fake.token.lock().unwrap());
        self.send(Request::post(path).body(Body::from(body.to_owned())).unwrap()).await
    }
}

/// What the databases of these tests are sealed with.
pub(crate) fn vault() -> Vault {
    Vault::new(Secret::new([1; 32]))
}

async fn set_up(store: &dyn Store, clock: &ManualClock, ids: &dyn IdSource, key: &str, tenant: Tenant) {
    let row = ApiKey::new(KeyId::mint(ids), tenant, digest(key), "test", clock.now());
    store.put_key(&row).await.unwrap();
    let account = ProviderAccount {
        id: ProviderAccountId::mint(ids),
        merchant: tenant.merchant,
        provider: ProviderId::parse("acme").unwrap(),
        mode: tenant.mode,
        settings: AccountSettings::default(),
    };
    store.put_account(&account).await.unwrap();
}

/// Seed 002's cart in our words.
pub(crate) fn sample() -> Value {
    let mut sample: Value = serde_json::from_str(include_str!("../../src/openapi/examples/create.json")).unwrap();
    sample["provider"] = "acme".into();
    sample
}
