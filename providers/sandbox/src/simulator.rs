//! The made-up provider as a small server with state: the API, the customer's page, and signed pushes.
//!
//! The cents of an application's amount decide what happens by itself; see the crate's README. Everything is forgotten
//! when it stops.

mod api;
mod lines;
mod list;
mod oddities;
mod page;
mod push;
mod state;
mod steps;

use std::future::Future;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::routing::{get, post};
use lendport_core::{Clock, Secret};
use lendport_outbound::Outbound;
use tokio::net::TcpListener;

use state::Sim;

/// What the simulated account looks like.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// The only key that is accepted.
    pub api_key: Secret<String>,
    /// What pushes are signed with.
    pub push_secret: Secret<String>,
    /// Milliseconds between two tries of a push that was not answered with 2xx.
    pub resend_interval_ms: u64,
}

impl SimulatorSettings {
    /// An account whose pushes are sent again every second.
    pub fn new(api_key: Secret<String>, push_secret: Secret<String>) -> Self {
        Self { api_key, push_secret, resend_interval_ms: 1_000 }
    }
}

/// The made-up provider on a local port.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// A simulator that sends its pushes through `outbound` and dates them by `clock`.
    pub fn new(settings: SimulatorSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { sim: Arc::new(Sim::new(settings, outbound, clock)) }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/v1/applications", post(api::create).get(list::list))
            .route("/v1/applications/{id}", get(api::show))
            .route("/v1/applications/by_reference/{reference}", get(api::find))
            .route("/v1/applications/{id}/capture", post(api::capture))
            .route("/v1/applications/{id}/finalize", post(api::finalize))
            .route("/v1/applications/{id}/cancel", post(api::cancel))
            .route("/v1/applications/{id}/callback", post(api::amend))
            .route("/v1/applications/{id}/refunds", post(api::refund))
            .route("/v1/applications/{id}/shipments", post(api::ship))
            .route("/v1/applications/{id}/lines/cancel", post(lines::cancel))
            .route("/v1/applications/{id}/lines/return", post(lines::take_back))
            .route("/v1/applications/{id}/apply", post(steps::apply))
            .route("/v1/applications/{id}/agreement", post(steps::agree).get(steps::show))
            .route("/v1/applications/{id}/sign", post(steps::sign))
            .route("/apply/{id}", get(page::show))
            .route("/apply/{id}/decide", post(page::decide))
            .route("/apply/{id}/script.js", get(page::script))
            .with_state(Arc::clone(&self.sim))
    }

    /// Serves until `shutdown` completes; pushes that are still being sent end with it.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
        let _unset_before = self.sim.base.set(format!("http://{host}:{}", address.port()));
        let outcome = axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await;
        self.sim.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        outcome
    }
}
