#![doc = include_str!("README.md")]

mod api;
mod bend;
mod calls;
mod checkout;
mod control;
mod create;
mod decide;
mod dialect;
mod dials;
mod endpoint;
mod errors;
mod faults;
mod fields;
mod find;
mod form;
mod hosted;
mod html;
mod magic;
mod money;
mod notice;
mod object;
mod order;
mod page;
mod refund;
mod rules;
mod setup;
mod state;
mod unique;
mod view;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use lendport_core::{Clock, Secret};
use lendport_outbound::Outbound;
use tokio::net::TcpListener;

use lendport_simulation::{Reply, STOP_LIMIT};
use state::Sim;

pub use setup::{ACCOUNT, press, serve};

/// How often timers and waiting notices are looked at.
const TURN: Duration = Duration::from_millis(20);

/// What one simulated app with its one merchant account looks like.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// The merchant's access token.
    pub access_token: Secret<String>,
    /// The account that money goes to.
    pub account_id: u64,
    /// The API version of the app, for calls without an `Api-Version` header.
    pub api_version: String,
    /// Milliseconds of real time before the first retry of a notice; 900,000 at WePay. Later ones stay in proportion.
    pub resend_interval_ms: u64,
    /// Base of `checkout_uri` as payers reach it, such as `https://sim.example`; else the address listened on.
    pub public_url: Option<String>,
    /// Milliseconds that an action asked for by a magic name waits after the checkout was created.
    pub action_delay_ms: u64,
}

impl SimulatorSettings {
    /// One account with the provider's habits.
    pub fn new(access_token: Secret<String>, account_id: u64) -> Self {
        Self {
            access_token,
            account_id,
            api_version: "2015-11-18".to_owned(),
            resend_interval_ms: 900_000,
            public_url: None,
            action_delay_ms: 100,
        }
    }
}

/// A WePay that answers on a local port: the API, the payer's page, notices and a control API.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// A simulator that sends its notices through `outbound` and whose own time begins at `clock`.
    pub fn new(settings: SimulatorSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { sim: Arc::new(Sim::new(settings, outbound, clock)) }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/v2/{*path}", any(api::handle))
            .route("/api/checkout/{id}/{token}", get(page::show))
            .route("/api/checkout/{id}/{token}/decide", post(page::decide))
            .route("/api/iframe/{id}/{token}/api_checkout", get(page::show))
            .route("/api/iframe/{id}/{token}/api_checkout/decide", post(page::decide))
            .route("/dispute/payer_create/{id}/{token}", get(page::dispute))
            .route("/min/js/iframe.wepay.js", get(page::widget))
            .route("/js/iframe.wepay.js", get(page::widget))
            .route("/js/complete.js", get(page::complete))
            .merge(control::routes())
            .merge(dials::routes())
            .fallback(nowhere)
            .with_state(Arc::clone(&self.sim))
    }

    /// Serves until `shutdown` comes true, then ends connections and background work.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        // A wildcard address is no place to send a payer to; the `Host` header then says where we were reached.
        if !address.ip().is_unspecified() {
            let _unset_before = self.sim.bound.set(format!("http://{address}"));
        }
        let own = Arc::clone(&self.sim);
        self.sim.tasks.spawn(async move { turns(&own).await });
        let outcome = lendport_simulation::serve(listener, self.router(), self.sim.stop.clone(), shutdown).await;
        self.sim.stop.cancel();
        self.sim.tasks.close();
        let _in_time = tokio::time::timeout(STOP_LIMIT, self.sim.tasks.wait()).await;
        outcome
    }
}

/// Lets timers run and sends what is due, until the simulator stops.
async fn turns(sim: &Arc<Sim>) {
    loop {
        tokio::select! {
            () = sim.stop.cancelled() => return,
            () = tokio::time::sleep(TURN) => {}
        }
        sim.settle_all();
        notice::send_due(sim);
    }
}

async fn nowhere() -> Reply {
    let body =
        "<h1>Nothing here</h1><p>The API is below <code>/v2/</code>, the manual at <a href=\"/_sim/\">/_sim/</a>.</p>";
    Reply::html(StatusCode::NOT_FOUND, html::frame("Nothing here", body))
}
