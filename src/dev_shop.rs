//! The demo shop beside the development gateway: below `/demo` of the gateway itself, and on a site of its own.

use std::io;
use std::sync::Arc;

use axum::Router;
use lendport_core::{Secret, ShopPage};
use lendport_shop::{Shop, ShopSettings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::failure::Failure;
use crate::gateway::{Ambient, bind};

const NAME: &str = "Demo TV";
const ACCENT: &str = "#7a3ea1";

/// The shop on a site of its own.
pub struct ShopSite {
    /// Its page.
    pub url: String,
    origin: String,
    server: JoinHandle<io::Result<()>>,
}

/// How the development shop looks where the settings do not say.
pub(crate) fn own_page(set: &ShopPage) -> ShopPage {
    let or = |set: &Option<String>, own: &str| set.clone().or_else(|| Some(own.to_owned()));
    ShopPage { display_name: or(&set.display_name, NAME), accent: or(&set.accent, ACCENT), ..set.clone() }
}

impl ShopSite {
    /// Opens the shop on its own site; the routes are for the gateway's address as well.
    pub(crate) async fn open(
        config: &Config,
        ambient: &Ambient,
        gateway_url: &str,
        key: &Secret<String>,
        stop: &CancellationToken,
    ) -> Result<(Self, Router), Failure> {
        let listener = bind(config.simulator.shop_bind).await?;
        let address = listener.local_addr().map_err(|cause| Failure::socket("listening", cause))?;
        let origin = format!("http://{address}");
        let settings = ShopSettings {
            gateway_url: gateway_url.to_owned(),
            key: key.clone(),
            own_url: origin.clone(),
            clock: Arc::clone(&ambient.clock),
            ids: Arc::clone(&ambient.ids),
        };
        let shop = Shop::open(settings).map_err(|error| Failure::other(error.to_string()))?;
        let own = lendport_shop::router(Arc::clone(&shop), &origin);
        let grace = u64::try_from(config.server.shutdown_grace().as_millis()).unwrap_or(u64::MAX);
        let server = tokio::spawn(lendport_http::serve(listener, own, stop.clone(), TaskTracker::new(), grace));
        let url = format!("{origin}/demo");
        Ok((Self { url, origin, server }, lendport_shop::router(shop, gateway_url)))
    }

    /// The page's settings with both of the shop's sites allowed.
    pub(crate) fn allowed(&self, mut page: ShopPage, gateway_url: &str) -> ShopPage {
        for site in [Some(self.origin.clone()), lendport_core::url_origin(gateway_url)].into_iter().flatten() {
            if !page.allowed_origins.contains(&site) {
                page.allowed_origins.push(site);
            }
        }
        page
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) -> Result<(), Failure> {
        let ended = self.server.await.map_err(|error| Failure::other(format!("demo shop: {error}")))?;
        ended.map_err(|cause| Failure::socket("demo shop", cause))
    }
}
