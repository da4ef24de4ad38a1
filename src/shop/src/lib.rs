#![doc = include_str!("../README.md")]

mod carts;
mod gateway;
mod orders;
mod site;
mod webhook;

use std::sync::Arc;

use lendport_core::{Clock, IdSource, Secret};
use lendport_outbound::{ClientSettings, Outbound};
use tokio::sync::Mutex;

use gateway::Endpoint;
use orders::Orders;

pub use site::router;

/// What a shop is opened with.
pub struct ShopSettings {
    /// The gateway's address without a trailing slash.
    pub gateway_url: String,
    /// The shop's secret key at the gateway.
    pub key: Secret<String>,
    /// Where the gateway reaches the shop's own site, without a trailing slash.
    pub own_url: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Numbers of orders.
    pub ids: Arc<dyn IdSource>,
}

/// The shop. It tells the gateway where its webhooks go with its first order.
pub struct Shop {
    settings: ShopSettings,
    http: Outbound,
    orders: Orders,
    endpoint: Mutex<Option<Endpoint>>,
}

/// Why the shop cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The gateway was not reached, or its address is none.
    #[error("the gateway: {0}")]
    Unreached(String),
    /// The gateway said no.
    #[error("the gateway answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its body.
        body: serde_json::Value,
    },
}

impl Shop {
    /// Opens the shop; nobody is called yet.
    pub fn open(settings: ShopSettings) -> Result<Arc<Self>, ShopError> {
        let client = ClientSettings { request_timeout_ms: 60_000, ..ClientSettings::default() };
        let http = Outbound::live(client).map_err(|error| ShopError::Unreached(error.to_string()))?;
        Ok(Arc::new(Self { settings, http, orders: Orders::default(), endpoint: Mutex::default() }))
    }
}
