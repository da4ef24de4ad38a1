#![doc = include_str!("README.md")]

mod account;
mod agreements;
mod api;
mod apply;
mod bend;
mod cart;
mod contract;
mod control;
mod dials;
mod endpoint;
mod errors;
mod faults;
mod fields;
mod fulfil;
mod gateways;
mod goods;
#[cfg(test)]
mod goods_tests;
mod html;
mod lease;
mod magic;
mod money;
mod object;
mod page;
mod pages;
mod payment_methods;
mod people;
mod person;
mod plugin;
mod rules;
mod session;
mod setup;
mod state;
mod transaction;
mod transactions;
mod users;
mod view;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use lendport_core::{Clock, Secret};
use tokio::net::TcpListener;

use lendport_simulation::Reply;
use state::Sim;

pub use setup::{ACCOUNT, press, serve};

/// What one simulated merchant looks like.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// The merchant's API key, `Authorization` of every call.
    pub api_key: Secret<String>,
    /// The merchant's `authKey` of the plugin's script; no secret.
    pub auth_key: String,
    /// Base of addresses as customers reach them, such as `https://sim.example`; else the address listened on.
    pub public_url: Option<String>,
}

impl SimulatorSettings {
    /// One merchant with these keys.
    pub fn new(api_key: Secret<String>, auth_key: impl Into<String>) -> Self {
        Self { api_key, auth_key: auth_key.into(), public_url: None }
    }
}

/// A FlexShopper that answers on a local port: the API, the plugin with its pages, and a control API.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// A simulator whose own time begins at `clock`.
    pub fn new(settings: SimulatorSettings, clock: Arc<dyn Clock>) -> Self {
        Self { sim: Arc::new(Sim::new(settings, clock)) }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/v3/{*path}", any(api::handle))
            .merge(plugin::routes())
            .merge(control::routes())
            .merge(dials::routes())
            .fallback(nowhere)
            .with_state(Arc::clone(&self.sim))
    }

    /// Serves until `shutdown` comes true, then ends connections.
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
        let (router, stop) = (self.router(), self.sim.stop.clone());
        lendport_simulation::serve(listener, router, stop, shutdown).await
    }
}

async fn nowhere() -> Reply {
    let body =
        "<h1>Nothing here</h1><p>The API is below <code>/v3/</code>, the manual at <a href=\"/_sim/\">/_sim/</a>.</p>";
    Reply::html(StatusCode::NOT_FOUND, html::frame("Nothing here", body))
}
