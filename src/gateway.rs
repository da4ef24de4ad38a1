//! The composition root: configuration becomes storage, providers, engine, HTTP and workers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use lendport_core::{Clock, FinancingProvider, IdSource, Quotas, Secret};
use lendport_engine::{
    BreakerSettings, CallbackKey, Engine, EngineParts, EngineSettings, UpkeepSettings, WebhookSettings,
};
use lendport_http::{ClientTokens, HttpSettings, RateSettings};
use lendport_outbound::{Outbound, Registration};
use lendport_storage::{Database, Store, Vault};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ambient::{SystemClock, SystemIds};
use crate::config::Config;
use crate::database::Opened;
use crate::failure::Failure;
use crate::workers::Workers;
use crate::{database, declared, issuers, registry};

/// Keys of a provider's section that replace the configured ones, by provider; `dev` points them at simulators.
pub type SectionOverrides = BTreeMap<&'static str, BTreeMap<&'static str, String>>;

/// Clock and ids of the running program.
#[derive(Clone)]
pub struct Ambient {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and tokens.
    pub ids: Arc<dyn IdSource>,
}

impl Ambient {
    /// The machine's own.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock::start()), ids: Arc::new(SystemIds) }
    }
}

/// A gateway that answers.
pub struct Gateway {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// Its storage.
    pub store: Arc<dyn Store>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the outside reaches it.
    pub public_url: String,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    workers: TaskTracker,
}

/// Builds the adapters that are switched on.
pub fn build_providers(
    config: &Config,
    overrides: &SectionOverrides,
) -> Result<Vec<Arc<dyn FinancingProvider>>, Failure> {
    let enabled = |known: &Registration| {
        config.provider_enabled(known.descriptor.id) || overrides.contains_key(known.descriptor.id)
    };
    registry::registrations()
        .into_iter()
        .filter(enabled)
        .map(|known| build_provider(config, known, overrides))
        .collect()
}

/// A provider's section as JSON, with `dev`'s replacements.
pub fn section_of(config: &Config, known: &Registration, overrides: &SectionOverrides) -> Result<Value, Failure> {
    let name = known.descriptor.id;
    let mut section: Value = config.provider_section(name).map_err(|error| Failure::other(error.to_string()))?;
    if let (Some(section), Some(replaced)) = (section.as_object_mut(), overrides.get(name)) {
        for (key, value) in replaced {
            section.insert((*key).to_owned(), Value::String(value.clone()));
        }
    }
    Ok(section)
}

fn build_provider(
    config: &Config,
    known: Registration,
    overrides: &SectionOverrides,
) -> Result<Arc<dyn FinancingProvider>, Failure> {
    let section = section_of(config, &known, overrides)?;
    (known.build)(&section, &Outbound::live)
        .map_err(|error| Failure::other(format!("providers.{}: {error}", known.descriptor.id)))
}

impl Gateway {
    /// Starts everything on a listener that is already bound, so that port 0 works.
    pub async fn start(
        config: &Config,
        ambient: &Ambient,
        listener: TcpListener,
        overrides: &SectionOverrides,
    ) -> Result<Self, Failure> {
        Self::start_beside(config, ambient, listener, overrides, Router::new()).await
    }

    /// The same, with routes at the same address that are not the gateway's own and go before it.
    pub async fn start_beside(
        config: &Config,
        ambient: &Ambient,
        listener: TcpListener,
        overrides: &SectionOverrides,
        beside: Router,
    ) -> Result<Self, Failure> {
        let address = listener.local_addr().map_err(|cause| Failure::socket("listening", cause))?;
        let public_url = config.server.base_url(address);
        let Opened { database: Database { store, outbox, .. }, keys, vault } = database::open_with_keys(config).await?;
        declared::bring_in(store.as_ref(), ambient.ids.as_ref(), ambient.clock.as_ref(), config).await?;
        let tokens =
            ClientTokens::new(&key_for("client token 1", &vault)?, &public_url, config.page.client_token_minutes);
        let tokens = Arc::new(tokens);
        let owner = ambient.ids.uuid().simple().to_string();
        let engine = Arc::new(Engine::new(EngineParts {
            store: Arc::clone(&store),
            outbox: Arc::clone(&outbox),
            providers: build_providers(config, overrides)?,
            clock: Arc::clone(&ambient.clock),
            ids: Arc::clone(&ambient.ids),
            returns: Some(tokens.clone()),
            settings: EngineSettings {
                public_url: public_url.clone(),
                callback_key: CallbackKey::new(key_for("callback token 1", &vault)?),
                checkout_expires_after_hours: config.engine.checkout_expires_after_hours,
                operation_lease_ms: config.engine.operation_lease_ms,
                idempotency_keep_days: config.engine.idempotency_keep_days,
                owner: owner.clone(),
                webhooks: WebhookSettings { allow_loopback: config.delivery.allow_loopback_in_test_mode },
                quotas: usual_quotas(config),
                upkeep: UpkeepSettings {
                    looks_per_minute: config.engine.looks_per_minute,
                    silent_after_hours: config.engine.silent_after_hours,
                    breaker: BreakerSettings {
                        window_s: config.engine.breaker_window_s,
                        failures: config.engine.breaker_failures,
                        percent: config.engine.breaker_percent,
                        open_s: config.engine.breaker_open_s,
                    },
                    events_keep_days: config.engine.events_keep_days,
                    observations_keep_days: config.engine.observations_keep_days,
                    ..UpkeepSettings::default()
                },
            },
        }));
        match engine.recover_interrupted(true).await {
            Ok(0) => {}
            Ok(interrupted) => {
                tracing::warn!(interrupted, "calls that a crash interrupted are now of unknown outcome");
            }
            // One row that cannot be read keeps nobody else waiting; the worker tries again.
            Err(error) => tracing::error!(%error, "an interrupted call could not be marked as unknown"),
        }

        let auth = issuers::token_settings(config)?;
        // The first start makes the key that signs tokens, so that it is there before anybody asks for one.
        engine
            .tend_signing_keys(&auth.plan())
            .await
            .map_err(|error| Failure::other(format!("signing keys: {error}")))?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let router = lendport_http::router(
            Arc::clone(&engine),
            Arc::clone(&ambient.ids),
            Arc::clone(&ambient.clock),
            HttpSettings {
                public_url: public_url.clone(),
                request_timeout_ms: config.server.request_timeout_ms,
                body_max_bytes: config.server.body_max_bytes,
                tokens,
                auth,
                live_updates_max: config.page.live_updates_max,
                rates: rates(config),
                stop: stop.clone(),
            },
            tasks.clone(),
        );
        let grace = u64::try_from(config.server.shutdown_grace().as_millis()).unwrap_or(u64::MAX);
        let router = beside.fallback_service(router);
        let server = tokio::spawn(lendport_http::serve(listener, router, stop.clone(), tasks, grace));
        let workers =
            Workers { engine: &engine, outbox: &outbox, keys: &keys, ambient, config, owner: &owner }.start(&stop)?;
        tracing::info!(%address, "gateway answers");
        Ok(Self { engine, store, address, public_url, stop, server, workers })
    }

    /// Stops taking requests, finishes what is under way, and closes the database.
    pub async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        let served = self.server.await.map_err(|error| Failure::other(format!("server: {error}")))?;
        self.workers.close();
        self.workers.wait().await;
        self.store.close().await;
        served.map_err(|cause| Failure::socket("serving", cause))
    }

    /// Runs until the process is told to stop, then stops in order.
    pub async fn run_until_stopped(self) -> Result<(), Failure> {
        stop_signal().await;
        tracing::info!("stopping: finishing what is under way");
        self.stop().await
    }
}

/// Completes on SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Binds, with a sentence that says what to do when the port is taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|cause| {
        let hint = if cause.kind() == std::io::ErrorKind::AddrInUse {
            " (choose another with --bind or server.bind)"
        } else {
            ""
        };
        Failure::socket(format!("listening on {address}{hint}"), cause)
    })
}

/// How often may be asked.
fn rates(config: &Config) -> RateSettings {
    let limits = &config.limits;
    RateSettings {
        key_reads_per_second: limits.key_reads_per_second,
        key_writes_per_second: limits.key_writes_per_second,
        merchant_reads_per_second: limits.merchant_reads_per_second,
        merchant_writes_per_second: limits.merchant_writes_per_second,
        tokens_per_minute: limits.tokens_per_minute,
        strays_per_minute: limits.strays_per_minute,
        page_per_second: limits.page_per_second,
        pushes_per_second: limits.pushes_per_second,
        trusted_proxies: limits.trusted_proxies,
    }
}

/// How much a merchant may have that has no quotas of its own.
fn usual_quotas(config: &Config) -> Quotas {
    let limit = |number: u32| (number > 0).then_some(number);
    Quotas {
        open_checkouts: limit(config.quotas.open_checkouts),
        checkouts_per_day: limit(config.quotas.checkouts_per_day),
        webhook_endpoints: limit(config.quotas.webhook_endpoints),
    }
}

/// A key of its own for each use, so that no key has two. It stays the same while the configured keys change, so that
/// addresses and tokens that are out stay good.
fn key_for(usage: &str, vault: &Vault) -> Result<Secret<[u8; 32]>, Failure> {
    vault.derive(usage).ok_or_else(|| Failure::other("the database gave no key to derive others from"))
}
