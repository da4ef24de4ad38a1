//! What the shop's server says to the gateway. Each call has the secret key, and each that creates something a key of its
//! own, so that it may be repeated.

use lendport_core::{CallLog, Secret};
use lendport_delivery::SigningSecret;
use lendport_outbound::{Request, Url};
use serde_json::{Value, json};

use crate::carts::Cart;
use crate::orders::{Card, Order};
use crate::{Shop, ShopError};

/// What the shop's endpoint is called at the gateway, so that one of an earlier run is found again.
const ENDPOINT: &str = "The demo shop";

/// Where the gateway sends what happened, and what it signs that with.
pub(crate) struct Endpoint {
    pub(crate) secret: SigningSecret,
}

/// What the page asks for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    pub(crate) cart: String,
    /// Financers among whom the customer chooses; all when none is named.
    #[serde(default)]
    pub(crate) financers: Option<Vec<String>>,
    /// Handed on to the gateway as it is.
    #[serde(default)]
    pub(crate) provider_options: Option<Value>,
}

impl Shop {
    /// The time, as cards show it.
    pub(crate) fn now(&self) -> String {
        self.settings.clock.now().to_string()
    }

    /// Opens a checkout for a cart. `page` is where the customer comes back to, without the order's number.
    pub(crate) async fn order(&self, cart: &Cart, wish: &Wish, page: &str) -> Result<Order, ShopError> {
        self.listen().await?;
        let number = self.settings.ids.uuid().simple().to_string();
        let order = format!("ord_{number}");
        let mut body = cart.order(&order, &format!("{page}?order={order}"));
        if let (Some(body), Some(financers)) = (body.as_object_mut(), &wish.financers) {
            body.insert("providers".to_owned(), json!(financers));
        }
        if let (Some(body), Some(options)) = (body.as_object_mut(), &wish.provider_options) {
            body.insert("provider_options".to_owned(), options.clone());
        }
        self.orders.begin(&order);
        self.tell(&order, Card::new("shop", "request", "POST /v1/checkouts", body.clone()));
        // The order's number is the key: however often this is sent, there is one checkout.
        let (status, made) = self.call("POST", "/v1/checkouts", Some(&body), Some(&order)).await?;
        let card = Card { status: Some(status), ..Card::new("gateway", "answer", "The checkout", made.clone()) };
        self.tell(&order, card);
        let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if status >= 300 {
            return Err(ShopError::Refused { status, body: made });
        }
        let known = Order {
            order,
            checkout: text("id"),
            client_token: text("client_token"),
            checkout_url: text("checkout_url"),
            status: text("status"),
            shipped: false,
            sequence: made.get("sequence").and_then(Value::as_u64).unwrap_or(0),
        };
        self.orders.keep(known.clone());
        Ok(known)
    }

    /// Has a new link made for an order's customer.
    pub(crate) async fn fresh_token(&self, order: &Order) -> Result<Order, ShopError> {
        let path = format!("/v1/checkouts/{}/client_token", order.checkout);
        let (status, made) = self.call("POST", &path, None, None).await?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(client_token), Some(checkout_url)) = (text("client_token"), text("checkout_url")) else {
            return Err(ShopError::Refused { status, body: made });
        };
        let fresh = Order { client_token, checkout_url, ..order.clone() };
        self.orders.change(&order.order, |known| {
            known.client_token.clone_from(&fresh.client_token);
            known.checkout_url.clone_from(&fresh.checkout_url);
        });
        Ok(fresh)
    }

    /// The financers that the gateway offers, as id and name.
    pub(crate) async fn financers(&self) -> Result<Vec<Value>, ShopError> {
        let (status, list) = self.call("GET", "/v1/providers", None, None).await?;
        let Some(rows) = list.get("data").and_then(Value::as_array) else {
            return Err(ShopError::Refused { status, body: list });
        };
        Ok(rows.iter().map(|row| json!({ "id": row.get("id"), "name": row.get("name") })).collect())
    }

    /// Tells the gateway where events go, once. An endpoint of an earlier run is replaced, for its secret is gone.
    async fn listen(&self) -> Result<(), ShopError> {
        let mut endpoint = self.endpoint.lock().await;
        if endpoint.is_some() {
            return Ok(());
        }
        let (_, known) = self.call("GET", "/v1/webhook_endpoints", None, None).await?;
        let rows = known.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        for row in rows.iter().filter(|row| row.get("description").and_then(Value::as_str) == Some(ENDPOINT)) {
            if let Some(id) = row.get("id").and_then(Value::as_str) {
                self.call("DELETE", &format!("/v1/webhook_endpoints/{id}"), None, None).await?;
            }
        }
        let body = json!({ "url": format!("{}/demo/webhooks", self.settings.own_url), "description": ENDPOINT });
        let key = self.settings.ids.uuid().simple().to_string();
        let (status, made) = self.call("POST", "/v1/webhook_endpoints", Some(&body), Some(&key)).await?;
        let secret = made.get("secret").and_then(Value::as_str).map(|text| Secret::new(text.to_owned()));
        match secret.as_ref().map(SigningSecret::parse) {
            Some(Ok(secret)) => {
                *endpoint = Some(Endpoint { secret });
                Ok(())
            }
            _ => Err(ShopError::Refused { status, body: made }),
        }
    }

    pub(crate) fn tell(&self, order: &str, card: Card) {
        self.orders.tell(order, self.now(), card);
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<(u16, Value), ShopError> {
        let unreached = |text: String| ShopError::Unreached(text);
        let url = Url::parse(&format!("{}{path}", self.settings.gateway_url))
            .map_err(|error| unreached(error.to_string()))?;
        let method = method.parse().map_err(|_| unreached(format!("{method} is no method")))?;
        let mut request = Request::new(method, url)
            .secret_header("authorization", &Secret::new(format!("Bearer {}", self.settings.key.expose())));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let answer = self.http.call(request, &CallLog::new()).await.map_err(|error| unreached(error.to_string()))?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
    }
}
