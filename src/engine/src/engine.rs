//! The engine's parts and the small things every use case needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    CheckoutRecord, Clock, Descriptor, FinancingProvider, IdSource, Invalid, KeyId, Pointer, ProviderAccount,
    ProviderId, Quotas, Scopes, Secret, hex,
};
use lendport_storage::{Outbox, Store, Tenant};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::breaker::Breakers;
use crate::budget::Budget;
use crate::callback_key::CallbackKey;
use crate::error::{CheckoutRef, EngineError};
use crate::followers::Followers;
use crate::health::Health;
use crate::known_accounts::{Accounts, KnownAccounts};
use crate::news::News;
use crate::polling::Polling;
use crate::return_links::ReturnLinks;
use crate::routing::{KnownLimits, KnownProfiles};
use crate::sweep::SeenRows;
use crate::tenancy::{KeyUses, KnownMerchants, QuotaUse};
use crate::upkeep::UpkeepSettings;
use crate::view::CheckoutView;

/// Settings of the engine; section `[engine]` of the configuration.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Where providers and customers reach us, without a trailing slash.
    pub public_url: String,
    /// What callback tokens are worked out from.
    pub callback_key: CallbackKey,
    /// Hours until a checkout nobody decided on expires by our own timer.
    pub checkout_expires_after_hours: u32,
    /// Milliseconds that a provider call may take altogether before it counts as interrupted.
    pub operation_lease_ms: u64,
    /// Days an idempotency key is kept.
    pub idempotency_keep_days: u32,
    /// This process; tells its claims from those of a dead one.
    pub owner: String,
    /// What merchants may set up as an endpoint.
    pub webhooks: WebhookSettings,
    /// How much a merchant may have that has no quotas of its own.
    pub quotas: Quotas,
    /// What workers do by the clock.
    pub upkeep: UpkeepSettings,
}

/// Whose a secret key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The merchant, in the key's mode.
    pub tenant: Tenant,
    /// The key's id: who decided, where a decision is kept.
    pub key: KeyId,
    /// What may be done with it.
    pub scopes: Arc<Scopes>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// What merchants may set up as an endpoint for events; section `[webhooks]` of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Test endpoints may be on this machine, and without TLS. Live ones never are.
    pub allow_loopback: bool,
}

/// What the engine is put together from.
pub struct EngineParts {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// Events and their way out, of the same database.
    pub outbox: Arc<dyn Outbox>,
    /// Providers that are switched on.
    pub providers: Vec<Arc<dyn FinancingProvider>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and tokens.
    pub ids: Arc<dyn IdSource>,
    /// Where financers send the browser back to. None: to the merchant's own addresses.
    pub returns: Option<Arc<dyn ReturnLinks>>,
    /// Settings.
    pub settings: EngineSettings,
}

/// Clock and ids, for decisions that run inside a transaction.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) polling: Arc<Polling>,
}

/// The use cases. Holds trait objects and no provider's name.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) providers: BTreeMap<ProviderId, Arc<dyn FinancingProvider>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tools: Tools,
    pub(crate) settings: EngineSettings,
    pub(crate) returns: Option<Arc<dyn ReturnLinks>>,
    pub(crate) news: Arc<News>,
    pub(crate) budget: Budget,
    pub(crate) seen: SeenRows,
    pub(crate) profiles: Arc<KnownProfiles>,
    pub(crate) limits: KnownLimits,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) followers: Followers,
    settling: Notify,
    /// The process is about to end.
    pub(crate) closing: AtomicBool,
    pub(crate) accounts: KnownAccounts,
    pub(crate) merchants: KnownMerchants,
    pub(crate) key_uses: KeyUses,
    pub(crate) quota_use: Arc<QuotaUse>,
}

impl Engine {
    /// Puts the parts together. A provider whose name is not a valid id is left out.
    pub fn new(parts: EngineParts) -> Self {
        let EngineParts { store, outbox, providers, clock, ids, returns, settings } = parts;
        let providers: BTreeMap<_, _> = providers
            .into_iter()
            .filter_map(|provider| Some((ProviderId::parse(provider.descriptor().id)?, provider)))
            .collect();
        let polling = Arc::new(Polling::new(&providers, &settings.upkeep));
        let tools = Tools { clock: Arc::clone(&clock), ids, polling };
        let breakers = Arc::new(Breakers::new(settings.upkeep.breaker, Arc::clone(&clock)));
        let health: Arc<dyn Health> = Arc::<Breakers>::clone(&breakers);
        let budget = Budget::new(settings.upkeep.looks_per_minute);
        Self {
            store,
            outbox,
            providers,
            clock,
            tools,
            settings,
            returns,
            news: Arc::default(),
            budget,
            seen: SeenRows::default(),
            profiles: Arc::default(),
            limits: KnownLimits::default(),
            health,
            breakers,
            followers: Followers::default(),
            settling: Notify::new(),
            closing: AtomicBool::new(false),
            accounts: KnownAccounts::default(),
            merchants: KnownMerchants::default(),
            key_uses: KeyUses::default(),
            quota_use: Arc::default(),
        }
    }

    /// The same engine, told by this how financers stand.
    #[must_use]
    pub fn with_health(self, health: Arc<dyn Health>) -> Self {
        Self { health, ..self }
    }

    /// Waits until this process has something to look at that should not wait for the next turn.
    pub async fn settling_wanted(&self) {
        self.settling.notified().await;
    }

    /// Wakes the worker that asks providers, where `wanted`.
    pub(crate) fn wake_settling(&self, wanted: bool) {
        if wanted {
            self.settling.notify_one();
        }
    }

    /// What each provider is and can do, by name.
    pub fn descriptors(&self) -> impl Iterator<Item = &'static Descriptor> {
        self.providers.values().map(|provider| provider.descriptor())
    }

    /// Whose a secret key is, if anybody's. It may have expired, which its holder is told.
    pub async fn tenant_of_key(&self, key: &str) -> Result<Option<KeyHolder>, EngineError> {
        let Some(key) = self.store.key_by_digest(&digest(key)).await? else { return Ok(None) };
        let now = self.clock.now();
        if key.works(now) {
            self.key_uses.note(&key, now);
        }
        let (tenant, expires_at) = (key.tenant(), key.expires_at);
        Ok(Some(KeyHolder { tenant, key: key.id, scopes: Arc::new(key.scopes), expires_at }))
    }

    /// `Ok` when storage answers.
    pub async fn ready(&self) -> Result<(), EngineError> {
        Ok(self.store.ready().await?)
    }

    pub(crate) fn provider(&self, id: &ProviderId) -> Result<&Arc<dyn FinancingProvider>, EngineError> {
        self.providers.get(id).ok_or_else(|| EngineError::Internal(format!("provider {id} is not switched on")))
    }

    /// All accounts of a tenant, as they were a second ago at most.
    pub(crate) async fn accounts(&self, tenant: Tenant) -> Result<Accounts, EngineError> {
        let asked = self.clock.now();
        if let Some(known) = self.accounts.get(tenant, asked) {
            return Ok(known);
        }
        let found: Accounts = self.store.accounts(tenant).await?.into();
        if !found.is_empty() {
            self.accounts.put(tenant, Arc::clone(&found), asked);
        }
        Ok(found)
    }

    pub(crate) async fn account(&self, tenant: Tenant, provider: &ProviderId) -> Result<ProviderAccount, EngineError> {
        let accounts = self.accounts(tenant).await?;
        accounts.iter().find(|account| account.provider == *provider).cloned().ok_or_else(|| {
            let detail = format!("there is no {} account at {provider}; set one up first", tenant.mode.as_str());
            EngineError::Invalid(Invalid::one(&Pointer::root().child("provider"), "no_account", detail))
        })
    }

    /// When a lease ends that begins now.
    pub(crate) fn lease_end(&self) -> Timestamp {
        self.lease_end_of(1)
    }

    /// The same for a command that makes so many calls in a row.
    pub(crate) fn lease_end_of(&self, calls: i32) -> Timestamp {
        let lease = SignedDuration::from_millis(i64::try_from(self.settings.operation_lease_ms).unwrap_or(i64::MAX));
        self.clock.steady().saturating_add(lease.saturating_mul(calls)).unwrap_or(Timestamp::MAX)
    }

    /// What has a lease that ended before this is nobody's. Where other processes may have it, our own clock must say so
    /// too: a call that is under way elsewhere must not be taken for interrupted because we were ahead once.
    pub(crate) fn leases_over(&self) -> Timestamp {
        if self.store.exclusive() { self.clock.steady() } else { self.clock.now() }
    }

    /// Knows a request again whose body must not be guessed from what is stored of it: a keyed digest (hex).
    pub fn mark_of(&self, parts: &[&[u8]]) -> String {
        self.settings.callback_key.mark(parts)
    }

    pub(crate) fn view(&self, record: &CheckoutRecord) -> Result<CheckoutView, EngineError> {
        Ok(CheckoutView::of(record, self.clock.now())?)
    }

    pub(crate) fn callback_url(&self, provider: &ProviderId, token: &Secret<String>) -> Secret<String> {
        Secret::new(format!("{}/callbacks/{provider}/{}", self.settings.public_url, token.expose()))
    }
}

pub(crate) fn reference_to(record: &CheckoutRecord) -> CheckoutRef {
    CheckoutRef { id: record.checkout.id, status: record.status() }
}

/// SHA-256 in lower-case hex: how keys and tokens are looked up without being stored.
pub fn digest(secret: &str) -> String {
    digest_of(&[secret.as_bytes()])
}

/// SHA-256 in lower-case hex over parts put one after the other.
pub fn digest_of(parts: &[&[u8]]) -> String {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
    hex(&hash.finalize())
}
