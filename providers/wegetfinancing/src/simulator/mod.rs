#![doc = include_str!("README.md")]

mod api;
mod checks;
mod control;
mod create;
mod decide;
mod dialect;
mod errors;
mod faults;
mod fields;
mod items;
mod json;
mod magic;
mod money;
mod page;
mod postback;
mod region;
mod shipping;
mod state;
mod view;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use lendport_core::{Clock, Secret};
use lendport_outbound::Outbound;
use serde_json::json;
use tokio::net::TcpListener;

use errors::Refusal;
use faults::Endpoint;
use lendport_simulation::{Reply, STOP_LIMIT};
use state::Sim;

/// What one simulated merchant account looks like.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// API user name, for Basic authentication and for signatures.
    pub username: String,
    /// API password, likewise.
    pub password: Secret<String>,
    /// The only merchant id that is known.
    pub merchant_id: String,
    /// Milliseconds between two tries of a postback that was not answered with 2xx; 60,000 at the provider.
    pub resend_interval_ms: u64,
    /// Base of `href` as customers reach it, such as `https://sim.example`; else the address listened on.
    pub public_url: Option<String>,
    /// Whether postbacks carry `X-Signature` and `X-Timestamp`.
    pub sign_postbacks: bool,
    /// Milliseconds that a decision asked for by a magic last name waits after the request was accepted.
    pub postback_delay_ms: u64,
}

impl SimulatorSettings {
    /// One account with the provider's habits: signed postbacks, resent every minute, automatic decisions at once.
    pub fn new(username: impl Into<String>, password: Secret<String>, merchant_id: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password,
            merchant_id: merchant_id.into(),
            resend_interval_ms: 60_000,
            public_url: None,
            sign_postbacks: true,
            postback_delay_ms: 100,
        }
    }
}

/// A WeGetFinancing that answers on a local port: the API, the customer's page, postbacks and a control API.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// A simulator that sends its postbacks through `outbound` and dates them by `clock`.
    pub fn new(settings: SimulatorSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { sim: Arc::new(Sim::new(settings, outbound, clock)) }
    }

    /// All routes, for whoever listens himself.
    ///
    /// Behind another listener than [`Simulator::serve`] a reset connection looks like a closed one, and resending
    /// goes on until [`Simulator::stop`] is called or the runtime ends.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/merchant/{merchant_id}/requests", post(create::handle))
            .route("/merchant/{merchant_id}/shipping", post(shipping::v1))
            .route("/v3/auth", post(shipping::auth))
            .route("/v3/lead/{inv_id}/shipping_status", post(shipping::v3))
            .route("/integration/{token}/ppe", get(ppe))
            .route("/partner.sandbox/lc/info/{inv_id}", get(page::show))
            .route("/partner.sandbox/lc/info/{inv_id}/decide", post(page::decide))
            .merge(control::routes())
            .fallback(nowhere)
            .method_not_allowed_fallback(wrong_method)
            .with_state(Arc::clone(&self.sim))
    }

    /// Ends all background work; answers that are held back end too.
    pub fn stop(&self) {
        self.sim.stop.cancel();
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
        // A wildcard address is no place to send a customer to; the `Host` header then says where we were reached.
        if !address.ip().is_unspecified() {
            let _unset_before = self.sim.bound.set(format!("http://{address}"));
        }
        let outcome = lendport_simulation::serve(listener, self.router(), self.sim.stop.clone(), shutdown).await;
        self.sim.stop.cancel();
        self.sim.tasks.close();
        let _in_time = tokio::time::timeout(STOP_LIMIT, self.sim.tasks.wait()).await;
        outcome
    }
}

/// E6, what the price widget asks for: tokens that start with `bad` are wrong, with `none` have no lenders.
async fn ppe(State(sim): State<Arc<Sim>>, Path(token): Path<String>, request: Request) -> Response {
    api::run(&sim, Endpoint::Ppe, request, |_call| {
        let body = match token.as_str() {
            token if token.starts_with("bad") => json!({ "error": "Invalid merchant token" }),
            token if token.starts_with("none") => json!([]),
            _ => json!([{ "max_amount": money::LENDERS_MAX.to_string() }]),
        };
        Reply::json(StatusCode::OK, &body).into()
    })
    .await
}

async fn nowhere(State(sim): State<Arc<Sim>>, headers: HeaderMap) -> Reply {
    Refusal::Http(StatusCode::NOT_FOUND).reply(&headers, sim.stamp())
}

async fn wrong_method(State(sim): State<Arc<Sim>>, headers: HeaderMap) -> Reply {
    Refusal::Http(StatusCode::METHOD_NOT_ALLOWED).reply(&headers, sim.stamp())
}
