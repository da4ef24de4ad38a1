//! The floor: what any server must do for a create and for a postback, and nothing else. Bare axum, one upstream call
//! through the same client as the gateway's; with or without the two commits, and the way out to a receiver.

mod courier;
mod postgres;
mod sqlite;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Param, State};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use http::{HeaderMap, StatusCode, header};
use lendport::gateway::Ambient;
use lendport_core::{CallLog, Secret};
use lendport_outbound::{ClientSettings, Outbound, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

use crate::Fault;
use crate::arguments::FloorCommand;
use crate::child::{announce, input_ended};
use crate::floor::store::{Change, FloorStore, Outcome};
use crate::postback::sign;
use crate::sample::{MERCHANT_ID, PASSWORD, PROVIDER, SECRET_KEY, USERNAME, hex};

struct Floor {
    outbound: Outbound,
    requests: Url,
    own: String,
    key: [u8; 32],
    ambient: Ambient,
    store: Option<FloorStore>,
    /// Wakes the courier.
    work: Arc<Notify>,
}

/// Serves until standard input ends.
pub(crate) async fn serve(asked: FloorCommand) -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let work = Arc::new(Notify::new());
    let mut store = None;
    if let Some(url) = &asked.store {
        let (opened, outbox) = FloorStore::open(url).await?;
        if let Some(sink) = &asked.sink {
            let outbound = Outbound::live(ClientSettings::default())?;
            tokio::spawn(courier::run(opened.clone(), outbox, outbound, sink.parse()?, Arc::clone(&work)));
        }
        store = Some(opened);
    }
    let floor = Floor {
        outbound: Outbound::live(ClientSettings::default())?,
        requests: format!("{}/merchant/{MERCHANT_ID}/requests", asked.upstream).parse()?,
        own: format!("http://{address}"),
        key: Sha256::digest(SECRET_KEY).into(),
        ambient: Ambient::system(),
        store,
        work,
    };
    let router = Router::new()
        .route("/v1/checkouts", post(create))
        .route("/callbacks/{provider}/{token}", post(callback))
        .with_state(Arc::new(floor));
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    announce(address);
    tokio::select! {
        ended = async { axum::serve(listener, router).await } => Ok(ended?),
        () = input_ended() => Ok(()),
    }
}

#[derive(Deserialize, Serialize)]
struct Person {
    first_name: String,
    last_name: String,
    email: String,
    phone: String,
}

#[derive(Deserialize, Serialize)]
struct Place {
    line1: String,
    city: String,
    state: String,
    postal_code: String,
    country: String,
}

#[derive(Deserialize, Serialize)]
struct Item {
    name: String,
    quantity: u32,
    unit_price: String,
    unit_tax: String,
}

#[derive(Deserialize)]
struct Cart {
    customer: Person,
    billing_address: Place,
    items: Vec<Item>,
    currency: String,
    shipping_amount: String,
}

#[derive(Deserialize)]
struct Created {
    inv_id: String,
    href: String,
    amount: String,
}

impl Cart {
    /// The sum in cents, where every amount can be read.
    fn total(&self) -> Option<u64> {
        let lines = self.items.iter().map(|item| Some(cents(&item.unit_price)? * u64::from(item.quantity)));
        lines.sum::<Option<u64>>()?.checked_add(cents(&self.shipping_amount)?)
    }
}

fn cents(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    Some(whole.parse::<u64>().ok()? * 100 + part.parse::<u64>().ok().filter(|_| part.len() == 2)?)
}

type Answered = Result<(StatusCode, [(header::HeaderName, &'static str); 1], String), StatusCode>;

async fn create(State(floor): State<Arc<Floor>>, headers: HeaderMap, body: Bytes) -> Answered {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given =
        text("authorization").and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    if <[u8; 32]>::from(Sha256::digest(given)) != floor.key {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let key = text("idempotency-key").ok_or(StatusCode::BAD_REQUEST)?.to_owned();
    let cart: Cart = serde_json::from_slice(&body).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let total = cart.total().ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let id = format!("chk_{}", floor.ambient.ids.uuid().simple());
    let token = floor.ambient.ids.token();
    if let Some(store) = &floor.store {
        let change = Change::Intend {
            id: id.clone(),
            key,
            fingerprint: hex(&Sha256::digest(&body)),
            token: hex(&Sha256::digest(token.expose())),
            cart: String::from_utf8(body.to_vec()).map_err(|_| StatusCode::BAD_REQUEST)?,
        };
        let outcome = store.commit(change).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        if outcome == Outcome::Repeated {
            return Err(StatusCode::CONFLICT);
        }
    }
    let created = floor.call(&cart, &id, &token).await.ok_or(StatusCode::BAD_GATEWAY)?;
    if cents(&created.amount) != Some(total) {
        return Err(StatusCode::BAD_GATEWAY);
    }
    let answer = json!({
        "id": id, "status": "requires_customer_action", "amount": created.amount, "currency": cart.currency,
        "next_action": { "url": created.href },
    })
    .to_string();
    if let Some(store) = &floor.store {
        let change = Change::Settle { id, reference: created.inv_id, answer: answer.clone() };
        store.commit(change).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        floor.work.notify_one();
    }
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], answer))
}

impl Floor {
    async fn call(&self, cart: &Cart, id: &str, token: &Secret<String>) -> Option<Created> {
        let (customer, place) = (&cart.customer, &cart.billing_address);
        let address = json!({
            "street1": place.line1, "city": place.city, "state": place.state, "zipcode": place.postal_code,
            "country": place.country,
        });
        let item = |item: &Item| {
            json!({
                "display_name": item.name, "quantity": item.quantity, "unit_price": item.unit_price,
                "unit_tax": item.unit_tax,
            })
        };
        let items: Vec<_> = cart.items.iter().map(item).collect();
        let body = json!({
            "first_name": customer.first_name, "last_name": customer.last_name, "email": customer.email,
            "phone": customer.phone, "billing_address": address, "shipping_address": address,
            "cart_items": items, "shipping_amount": cart.shipping_amount, "currency": cart.currency,
            "version": "1.9", "merchant_transaction_id": id,
            "postback_url": format!("{}/callbacks/{PROVIDER}/{}", self.own, token.expose()),
        });
        let request = Request::post(self.requests.clone())
            .basic_auth(USERNAME, &Secret::from(PASSWORD))
            .accept("application/json")
            .json(&body);
        let answer = self.outbound.call(request, &CallLog::new()).await.ok().filter(|answer| answer.is_success())?;
        serde_json::from_slice(&answer.body).ok()
    }
}

#[derive(Deserialize)]
struct Postback {
    request_token: String,
    updates: Updates,
}

#[derive(Deserialize)]
struct Updates {
    status: String,
}

async fn callback(
    State(floor): State<Arc<Floor>>,
    Param((_, token)): Param<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let timestamp = text("x-timestamp");
    if sign(timestamp, &body) != text("x-signature") {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(told) = serde_json::from_slice::<Postback>(&body) else { return StatusCode::BAD_REQUEST };
    let Some(store) = &floor.store else { return StatusCode::OK };
    let change = Change::Observe {
        token: hex(&Sha256::digest(token)),
        message: format!("{} {} {timestamp}", told.request_token, told.updates.status),
        status: told.updates.status,
        body: body.to_vec(),
    };
    match store.commit(change).await {
        Ok(Outcome::Done) => {
            floor.work.notify_one();
            StatusCode::OK
        }
        Ok(Outcome::Repeated) => StatusCode::OK,
        Ok(Outcome::Unknown) => StatusCode::NOT_FOUND,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
