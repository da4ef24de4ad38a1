//! A merchant's account at the simulated provider, and engines on one SQLite file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use lendport::gateway::Ambient;
use lendport::registry;
use lendport_core::{
    AccountSettings, Clock as _, FinancingProvider, MerchantId, Mode, Pointer, ProviderAccount, ProviderAccountId,
    ProviderId, Quotas, Secret, ShopPage,
};
use lendport_engine::{CallbackKey, Engine, EngineParts, EngineSettings, UpkeepSettings, WebhookSettings};
use lendport_outbound::{ClientSettings, Outbound, Request, SimulatorSetup, Url};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Database, Merchant, Outbox, Store, Tenant, Vault};
use lendport_testkit::{ManualClock, SeededIds};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::PROVIDER;
use crate::Fault;
use crate::process::thread_cpu_us;

/// The name of the simulator's thread: the kernel keeps fifteen characters.
const THREAD: &str = "simulator";

/// The provider's simulator on a thread of its own, with the same clock.
pub(super) struct Simulated {
    url: String,
    calls: Outbound,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulated {
    pub(super) fn start(clock: &ManualClock) -> Result<Self, Fault> {
        let known = registry::registration(PROVIDER).ok_or("the provider is not built in")?;
        let simulator = known.simulator.ok_or("it has no simulator")?;
        let (told, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let clock = clock.clone();
        let serve = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::bind("127.0.0.1:0").await else { return };
                let Ok(address) = listener.local_addr() else { return };
                let Ok(outbound) = Outbound::live(ClientSettings::default()) else { return };
                let account = simulator.account.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value)));
                let setup = SimulatorSetup {
                    account: account.collect(),
                    resend_interval_ms: 60_000,
                    outbound,
                    clock: Arc::new(clock),
                    listener,
                    shutdown: Box::pin(async move {
                        let _ = stopped.await;
                    }),
                };
                if told.send(format!("http://{address}")).is_ok() {
                    let _ = (simulator.serve)(setup).await;
                }
            });
        };
        let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn(serve)?;
        let url = address.recv().map_err(|_| "the simulator does not start")?;
        let calls = Outbound::live(ClientSettings::default())?;
        Ok(Self { url, calls, stop: Some(stop), thread: Some(thread) })
    }

    /// Asks its control API.
    pub(super) async fn control(&self, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let url = Url::parse(&format!("{}/_sim/{path}", self.url))?;
        let request = body.map_or_else(|| Request::get(url.clone()), |body| Request::post(url.clone()).json(body));
        let calls = lendport_core::CallLog::new();
        let answer = self.calls.call(request, &calls).await.map_err(|error| error.into_provider_error().message)?;
        if !answer.is_success() {
            return Err(format!("/_sim/{path} answers {}", answer.status).into());
        }
        Ok(serde_json::from_slice(&answer.body).unwrap_or(json!(null)))
    }

    /// Processor time of this process without the simulator's thread, in microseconds.
    pub(super) fn cpu_us_beside(&self) -> Result<u64, Fault> {
        let all = crate::process::Process(std::process::id()).cpu_us()?;
        Ok(all.saturating_sub(thread_cpu_us(THREAD)?))
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The merchant.
pub(super) struct Account {
    pub(super) store: Arc<dyn Store>,
    pub(super) tenant: Tenant,
    outbox: Arc<dyn Outbox>,
    provider: Arc<dyn FinancingProvider>,
    ambient: Ambient,
    // Dropped last: the file goes after the store.
    _folder: TempDir,
}

impl Account {
    pub(super) async fn open(at: &Simulated, clock: &ManualClock) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        let vault = Vault::new(Secret::new([1; 32]));
        let opened = SqliteStore::open(&SqliteSettings::new(folder.path().join("lendport.db")), vault)?;
        let Database { store, outbox } = Database::of(Arc::new(opened));
        let ids = SeededIds::new(1);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let page = ShopPage::default();
        let merchant = Merchant { id: tenant.merchant, name: "shop".to_owned(), page, created_at: clock.now() };
        store.put_merchant(&merchant).await?;
        let known = registry::registration(PROVIDER).ok_or("the provider is not built in")?;
        let fields = known.simulator.ok_or("it has no simulator")?.account;
        let values: BTreeMap<String, Secret<String>> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let settings = AccountSettings::new(values, known.descriptor.account_fields, &Pointer::root())
            .map_err(|invalid| invalid.to_string())?;
        let provider = ProviderId::parse(PROVIDER).ok_or("not a name")?;
        let id = ProviderAccountId::mint(&ids);
        let account = ProviderAccount { id, merchant: tenant.merchant, provider, mode: tenant.mode, settings };
        store.put_account(&account).await?;
        let section = json!({ "enabled": true, "sandbox_base_url": at.url, "sandbox_plugin_url": at.url });
        let provider = (known.build)(&section, &|settings| Outbound::live(settings))?;
        let ambient = Ambient { clock: Arc::new(clock.clone()), ids: Arc::new(ids) };
        Ok(Self { store, tenant, outbox, provider, ambient, _folder: folder })
    }

    /// A process with this budget.
    pub(super) fn engine(&self, looks_per_minute: u32) -> Arc<Engine> {
        Arc::new(Engine::new(EngineParts {
            store: Arc::clone(&self.store),
            outbox: Arc::clone(&self.outbox),
            providers: vec![Arc::clone(&self.provider)],
            clock: Arc::clone(&self.ambient.clock),
            ids: Arc::clone(&self.ambient.ids),
            returns: None,
            settings: EngineSettings {
                public_url: "https://gateway.example".to_owned(),
                callback_key: CallbackKey::new(Secret::new([5; 32])),
                checkout_expires_after_hours: 168,
                operation_lease_ms: 60_000,
                idempotency_keep_days: 7,
                owner: format!("with {looks_per_minute}"),
                webhooks: WebhookSettings::default(),
                quotas: Quotas::default(),
                upkeep: UpkeepSettings { looks_per_minute, ..UpkeepSettings::default() },
            },
        }))
    }
}
