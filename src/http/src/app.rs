//! What every handler needs, and the one way a use case is run.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lendport_core::{Clock, IdSource, KeyId};
use lendport_engine::{Engine, EngineError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::client_token::ClientTokens;
use crate::known_keys::KnownKeys;
use crate::page::{Live, Looks};
use crate::problem::{Code, Problem};
use crate::rates::{RateSettings, Rates};
use crate::tokens::{TokenSettings, Tokens};

/// Settings of the HTTP side; section `[server]` of the configuration.
#[derive(Debug)]
pub struct HttpSettings {
    /// Where customers and merchants reach us, without a trailing slash.
    pub public_url: String,
    /// Milliseconds until a request is answered with a time-out while its work goes on.
    pub request_timeout_ms: u64,
    /// Bytes of a request body on the merchant API.
    pub body_max_bytes: u64,
    /// Signs the tokens of the customers' pages.
    pub tokens: Arc<ClientTokens>,
    /// Tokens in the place of secret keys.
    pub auth: TokenSettings,
    /// Browsers that are told of changes as they come, at most.
    pub live_updates_max: usize,
    /// How often may be asked.
    pub rates: RateSettings,
    /// Ends what would go on for ever, such as event streams.
    pub stop: CancellationToken,
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) public_url: String,
    pub(crate) timeout: Duration,
    pub(crate) body_max_bytes: usize,
    pub(crate) tokens: Arc<ClientTokens>,
    pub(crate) keys: KnownKeys,
    pub(crate) auth: Tokens,
    pub(crate) live: Arc<Live>,
    pub(crate) looks: Looks,
    pub(crate) rates: Rates,
    pub(crate) stop: CancellationToken,
    tasks: TaskTracker,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        engine: Arc<Engine>,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
        settings: HttpSettings,
        tasks: TaskTracker,
    ) -> Self {
        let public_url = settings.public_url.trim_end_matches('/').to_owned();
        let rates = Rates::new(settings.rates, &clock);
        Self(Arc::new(Shared {
            engine,
            ids,
            clock,
            tokens: settings.tokens,
            auth: Tokens::new(settings.auth),
            keys: KnownKeys::default(),
            live: Live::new(settings.live_updates_max),
            looks: Looks::default(),
            rates,
            stop: settings.stop,
            public_url,
            timeout: Duration::from_millis(settings.request_timeout_ms),
            body_max_bytes: usize::try_from(settings.body_max_bytes).unwrap_or(usize::MAX),
            tasks,
        }))
    }

    /// Has a key looked up again, and with it the tokens that were given for it: it has just changed.
    pub(crate) fn forget_key(&self, key: KeyId) {
        self.keys.forget(key);
        self.auth.holders.forget(key);
    }

    /// Goes on with work whose request is answered already; a stop waits for it.
    pub(crate) fn go_on(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn(work.in_current_span()));
    }

    /// Runs a use case to its end, whoever hangs up. The caller is answered within the time limit.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, Problem> {
        let task = self.tasks.spawn(work.in_current_span());
        match tokio::time::timeout(self.timeout, task).await {
            Ok(Ok(result)) => result.map_err(|error| Problem::from(&error)),
            Ok(Err(broken)) => {
                tracing::error!(panicked = broken.is_panic(), "a use case did not end");
                Err(Problem::plain(Code::Internal))
            }
            Err(_) => Err(Problem::plain(Code::GatewayTimeout)),
        }
    }
}
