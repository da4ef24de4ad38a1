//! A gateway inside the test's own process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lendport::config::{Config, Flag};
use lendport::dev::{self, Dev};
use lendport::gateway::{Ambient, Gateway, SectionOverrides, bind};
use lendport::{registry, simulators, tenants};
use lendport_core::{AccountSettings, MerchantId, Mode, Pointer, Secret};
use lendport_storage::{Store, Tenant};
use lendport_testkit::postgres::Cluster;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::binary::{ENCRYPTION_KEY, SECRET_KEY, SHOP};
use super::provider::{MERCHANT_ID, PASSWORD, USERNAME};
use super::{DELIVERY_LIMIT_MS, Lender, Merchant};

/// Settings that count requests.
pub(crate) const NO_LIMITS: [&str; 7] = [
    "limits.key_reads_per_second",
    "limits.key_writes_per_second",
    "limits.merchant_reads_per_second",
    "limits.merchant_writes_per_second",
    "limits.strays_per_minute",
    "limits.page_per_second",
    "limits.pushes_per_second",
];

/// As long as a merchant waits for an answer, PostgreSQL is waited for: nothing has to come again because the machine is slow.
pub(crate) const PATIENT: [(&str, &str); 2] =
    [("storage.connection_wait_ms", "60000"), ("storage.statement_timeout_ms", "60000")];

/// In the place of a value: the one that the gateway is delivered with.
pub(crate) const USUAL: &str = "as delivered";

fn config(folder: &TempDir, more: &[(&'static str, &str)]) -> Config {
    let url = format!("sqlite:{}", folder.path().join("lendport.db").display());
    let delivery_limit = DELIVERY_LIMIT_MS.to_string();
    let mut settings = vec![
        ("server.bind", "127.0.0.1:0"),
        ("storage.url", url.as_str()),
        ("security.encryption_key", ENCRYPTION_KEY),
        ("engine.expiry_sweep_interval_ms", "1000"),
        ("simulator.resend_interval_ms", "200"),
        ("delivery.allow_loopback_in_test_mode", "true"),
        ("delivery.poll_interval_ms", "50"),
        ("delivery.timeout_ms", delivery_limit.as_str()),
    ];
    // Clocks that are moved by hand give nothing back of what was counted; tests about limits set their own.
    settings.extend(NO_LIMITS.map(|key| (key, "0")));
    settings.extend(more);
    let usual: Vec<&str> = more.iter().filter(|(_, value)| *value == USUAL).map(|(key, _)| *key).collect();
    settings.retain(|(key, _)| !usual.contains(key));
    let flags: Vec<Flag> =
        settings.iter().map(|(key, value)| Flag { name: "--test", key, value: (*value).to_owned() }).collect();
    Config::load_with(None, [], &flags).unwrap()
}

/// The development gateway: simulators, a test merchant and its key.
pub(crate) struct TestGateway {
    pub(crate) merchant: Merchant,
    pub(crate) lender: Lender,
    pub(crate) dev: Dev,
    _folder: TempDir,
}

impl TestGateway {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With settings by their dotted keys.
    pub(crate) async fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = dev::start(&config(&folder, settings), None).await.unwrap();
        let merchant = Merchant::new(&dev.gateway.public_url, dev.key.expose());
        let simulator = dev.simulators.iter().find(|simulator| simulator.provider == "wegetfinancing");
        let lender = Lender::new(&simulator.unwrap().url);
        Self { merchant, lender, dev, _folder: folder }
    }

    /// Sets fields of the merchant's account beside its credentials.
    pub(crate) async fn set_account(&self, fields: &[(&str, &str)]) {
        self.set_account_of(self.dev.merchant, fields).await;
    }

    async fn set_account_of(&self, merchant: MerchantId, fields: &[(&str, &str)]) {
        let ambient = Ambient::system();
        let mut values: BTreeMap<String, Secret<String>> = account().collect();
        values.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))));
        let known = registry::registration("wegetfinancing").unwrap().descriptor.account_fields;
        let settings = AccountSettings::new(values, known, &Pointer::root()).unwrap();
        let tenant = Tenant { merchant, mode: Mode::Test };
        let store = self.dev.gateway.store.as_ref();
        tenants::store_account(store, ambient.ids.as_ref(), ambient.clock.now(), tenant, "wegetfinancing", settings)
            .await
            .unwrap();
    }

    /// Another shop with a key and an account of its own.
    pub(crate) async fn another_merchant(&self, name: &str) -> Merchant {
        let ambient = Ambient::system();
        let (store, ids, clock) = (self.dev.gateway.store.as_ref(), ambient.ids.as_ref(), ambient.clock.as_ref());
        let merchant = tenants::merchant_named(store, ids, clock, name).await.unwrap();
        let key = tenants::new_key(ids, Mode::Test);
        tenants::store_key(store, ids, clock.now(), merchant.id, &key, "another").await.unwrap();
        self.set_account_of(merchant.id, &[]).await;
        Merchant::new(&self.merchant.url, key.expose())
    }
}

fn account() -> impl Iterator<Item = (String, Secret<String>)> {
    let fields = [("merchant_id", MERCHANT_ID), ("username", USERNAME), ("password", PASSWORD)];
    fields.into_iter().map(|(name, value)| (name.to_owned(), Secret::from(value)))
}

/// An empty database on the PostgreSQL that this test process started.
pub(crate) async fn postgres_url() -> String {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = Cluster::shared();
        cluster.url(&cluster.create_database())
    });
    made.await.unwrap()
}

/// A gateway without simulators, whose provider's address is given.
pub(crate) struct ServedGateway {
    pub(crate) merchant: Merchant,
    gateway: Gateway,
    folder: TempDir,
}

impl ServedGateway {
    /// The provider is at `provider_url`, and each call to it may take so long.
    pub(crate) async fn start(provider_url: &str, limit_ms: u64) -> Self {
        Self::start_with(provider_url, limit_ms, &Ambient::system()).await
    }

    /// The same with another clock.
    pub(crate) async fn start_with(provider_url: &str, limit_ms: u64, ambient: &Ambient) -> Self {
        let limit = limit_ms.to_string();
        let limits = [
            ("providers.wegetfinancing.request_timeout_ms", limit.as_str()),
            ("providers.wegetfinancing.connect_timeout_ms", limit.as_str()),
        ];
        Self::start_on(provider_url, ambient, &limits).await
    }

    /// With settings by their dotted keys; every gateway started so has the same shop and the same keys.
    pub(crate) async fn start_on(provider_url: &str, ambient: &Ambient, settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![
            ("merchant.name", SHOP),
            ("merchant.secret_key", SECRET_KEY),
            ("merchant.accounts.wegetfinancing.test.merchant_id", MERCHANT_ID),
            ("merchant.accounts.wegetfinancing.test.username", USERNAME),
            ("merchant.accounts.wegetfinancing.test.password", PASSWORD),
            ("providers.wegetfinancing.sandbox_base_url", provider_url),
            ("providers.wegetfinancing.sandbox_v3_base_url", provider_url),
        ];
        all.extend(settings);
        let config = config(&folder, &all);
        let listener = bind(config.server.bind).await.unwrap();
        let gateway = Gateway::start(&config, ambient, listener, &SectionOverrides::new()).await.unwrap();
        let merchant = Merchant::new(&format!("http://{}", gateway.address), SECRET_KEY);
        Self { merchant, gateway, folder }
    }

    /// Another shop with a key, and an account of its own at one provider.
    pub(crate) async fn another_merchant(&self, name: &str, provider: &str, fields: &[(&str, &str)]) -> Merchant {
        let ambient = Ambient::system();
        let (store, ids, clock) = (self.gateway.store.as_ref(), ambient.ids.as_ref(), ambient.clock.as_ref());
        let merchant = tenants::merchant_named(store, ids, clock, name).await.unwrap();
        let key = tenants::new_key(ids, Mode::Test);
        tenants::store_key(store, ids, clock.now(), merchant.id, &key, "another").await.unwrap();
        let values = fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let known = registry::registration(provider).unwrap().descriptor.account_fields;
        let settings = AccountSettings::new(values, known, &Pointer::root()).unwrap();
        let tenant = Tenant { merchant: merchant.id, mode: Mode::Test };
        tenants::store_account(store, ids, clock.now(), tenant, provider, settings).await.unwrap();
        Merchant::new(&self.merchant.url, key.expose())
    }

    /// What it stores things in.
    pub(crate) fn store(&self) -> &dyn Store {
        self.gateway.store.as_ref()
    }

    /// Its database, where that is a file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("lendport.db")
    }

    /// Stops as after a stop signal.
    pub(crate) async fn stop(self) {
        self.gateway.stop().await.unwrap();
    }
}

/// The simulator of the made-up provider by itself, until `stop`; settings that lead a gateway to it.
#[cfg(feature = "sandbox")]
pub(crate) async fn lone_sandbox(stop: &CancellationToken) -> [(&'static str, String); 4] {
    let setup = simulators::Setup {
        bind: ([127, 0, 0, 1], 0).into(),
        resend_interval_ms: 200,
        account: BTreeMap::new(),
        ambient: &Ambient::system(),
        stop,
    };
    let running = simulators::start(&registry::registration("sandbox").unwrap(), setup).await.unwrap();
    [
        ("providers.sandbox.enabled", "true".to_owned()),
        ("providers.sandbox.base_url", running.url),
        ("merchant.accounts.sandbox.test.api_key", "sandbox-key".to_owned()),
        ("merchant.accounts.sandbox.test.push_secret", "sandbox-push-secret".to_owned()),
    ]
}

/// A simulator of WeGetFinancing by itself, which outlives any gateway.
pub(crate) struct LoneSimulator {
    pub(crate) lender: Lender,
    _stop: CancellationToken,
}

impl LoneSimulator {
    /// On a free port, or where `address` says.
    pub(crate) async fn start(address: Option<std::net::SocketAddr>) -> Self {
        let stop = CancellationToken::new();
        let setup = simulators::Setup {
            bind: address.unwrap_or_else(|| ([127, 0, 0, 1], 0).into()),
            resend_interval_ms: 200,
            account: account().collect(),
            ambient: &Ambient::system(),
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("wegetfinancing").unwrap(), setup).await.unwrap();
        Self { lender: Lender::new(&running.url), _stop: stop }
    }
}
