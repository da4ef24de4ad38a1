//! The shop's site: its page, what its script asks for, and where webhooks arrive.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lendport_ui::{DemoPage, render_demo};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::carts::{CARTS, Cart};
use crate::gateway::Wish;
use crate::orders::{Card, Order};
use crate::{Shop, ShopError};

/// Where the shop is on its site.
const BASE: &str = "/demo";
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The shop at one of its addresses.
#[derive(Clone)]
struct Site {
    shop: Arc<Shop>,
    /// This site's own address, without a trailing slash.
    url: String,
}

/// The shop's routes, all below `/demo`, on a site whose address is `url`.
pub fn router(shop: Arc<Shop>, url: &str) -> Router {
    Router::new()
        .route(BASE, get(page))
        .route("/demo/assets/{file}", get(asset))
        .route("/demo/api/carts", get(carts))
        .route("/demo/api/orders", post(buy))
        .route("/demo/api/orders/{order}", get(read))
        .route("/demo/api/orders/{order}/client_token", post(fresh_token))
        .route("/demo/api/orders/{order}/events", get(events))
        .route("/demo/webhooks", post(webhook))
        .with_state(Site { shop, url: url.trim_end_matches('/').to_owned() })
}

async fn page(State(site): State<Site>) -> Response {
    let gateway = site.shop.settings.gateway_url.clone();
    // The policy that a merchant's own page needs: the script from the gateway, and its page in a frame.
    let policy = format!(
        "default-src 'none'; script-src 'self' {gateway}; style-src 'self' {gateway}; img-src 'self' {gateway} data:; \
         connect-src 'self' {gateway}; frame-src {gateway}; base-uri 'none'; form-action 'none'"
    );
    let html = render_demo(&DemoPage { nonce: String::new(), gateway, base: BASE.to_owned() });
    let mut response = html.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn asset(Path(name): Path<String>) -> Response {
    match lendport_ui::file(&name) {
        Some(file) => {
            let headers = [(header::CONTENT_TYPE, file.media_type), (header::CACHE_CONTROL, "no-cache")];
            (headers, file.content).into_response()
        }
        None => unknown("there is no such file"),
    }
}

fn unknown(detail: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "detail": detail }))).into_response()
}

impl IntoResponse for ShopError {
    fn into_response(self) -> Response {
        let detail = self.to_string();
        let error = match self {
            Self::Refused { status, body } => json!({ "status": status, "body": body }),
            Self::Unreached(_) => Value::Null,
        };
        (StatusCode::BAD_GATEWAY, Json(json!({ "detail": detail, "error": error }))).into_response()
    }
}

async fn carts(State(site): State<Site>) -> Result<Json<Value>, ShopError> {
    let financers = site.shop.financers().await?;
    let data: Vec<_> = CARTS.iter().map(Cart::shown).collect();
    Ok(Json(json!({ "data": data, "financers": financers })))
}

async fn buy(State(site): State<Site>, Json(wish): Json<Wish>) -> Result<Response, ShopError> {
    let Some(cart) = Cart::find(&wish.cart) else { return Ok(unknown("there is no such cart")) };
    let order = site.shop.order(cart, &wish, &format!("{}{BASE}", site.url)).await?;
    Ok((StatusCode::CREATED, Json(order)).into_response())
}

async fn read(State(site): State<Site>, Path(order): Path<String>) -> Response {
    site.shop.orders.read(&order).map_or_else(|| unknown("there is no such order"), |order| Json(order).into_response())
}

async fn fresh_token(State(site): State<Site>, Path(order): Path<String>) -> Result<Response, ShopError> {
    let Some(order) = site.shop.orders.read(&order) else { return Ok(unknown("there is no such order")) };
    let fresh: Order = site.shop.fresh_token(&order).await?;
    Ok(Json(fresh).into_response())
}

async fn webhook(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if site.shop.hear(&headers, &body).await { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}

/// A page that watches an order.
struct Reader {
    site: Site,
    order: String,
    seen: usize,
    waiting: Vec<Card>,
    heard: watch::Receiver<usize>,
}

async fn events(State(site): State<Site>, Path(order): Path<String>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let seen: usize = last.unwrap_or(0);
    let Some((waiting, heard)) = site.shop.orders.cards(&order, seen) else {
        return unknown("there is no such order");
    };
    let reader = Reader { site, order, seen, waiting, heard };
    Sse::new(stream::unfold(reader, Reader::next)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        while self.waiting.is_empty() {
            self.heard.changed().await.ok()?;
            (self.waiting, self.heard) = self.site.shop.orders.cards(&self.order, self.seen)?;
        }
        let card = self.waiting.remove(0);
        self.seen = card.n;
        let data = serde_json::to_string(&card).unwrap_or_default();
        Some((Ok(Event::default().event("card").id(card.n.to_string()).data(data)), self))
    }
}
