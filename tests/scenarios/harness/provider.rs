//! The lender's side: the simulator's control API, and postbacks made by hand.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Merchant, carts};

/// The simulator's usual account.
pub(crate) const USERNAME: &str = "cdx_demo";
pub(crate) const PASSWORD: &str = "simulated-password";
pub(crate) const MERCHANT_ID: &str = "1234";

/// Whoever decides at the simulated provider.
#[derive(Clone)]
pub(crate) struct Lender {
    http: reqwest::Client,
    pub(crate) url: String,
}

impl Lender {
    pub(crate) fn new(url: &str) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), url: url.to_owned() }
    }

    async fn control(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn look(&self, path: &str) -> Value {
        self.control(self.http.get(format!("{}/_sim/{path}", self.url))).await
    }

    async fn tell(&self, path: &str, body: &Value) -> Value {
        self.control(self.http.post(format!("{}/_sim/{path}", self.url)).json(body)).await
    }

    /// Calls received per endpoint: `create`, `shipping`, `shipping_v3`, `auth`.
    pub(crate) async fn calls(&self, endpoint: &str) -> u64 {
        self.look("calls").await[endpoint].as_u64().unwrap()
    }

    /// Disturbs the next calls.
    pub(crate) async fn fault(&self, fault: Value) {
        self.tell("faults", &fault).await;
    }

    /// Ids of the requests it took in, newest first.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let list = self.look("requests").await;
        list["requests"].as_array().unwrap().iter().map(|row| row["inv_id"].as_str().unwrap().to_owned()).collect()
    }

    /// All it knows of a request.
    pub(crate) async fn request(&self, inv_id: &str) -> Value {
        self.look(&format!("requests/{inv_id}")).await
    }

    /// The create body as it arrived.
    pub(crate) async fn received(&self, inv_id: &str) -> Value {
        serde_json::from_str(self.request(inv_id).await["body"].as_str().unwrap()).unwrap()
    }

    /// Decides and waits for the first delivery; the statuses that the gateway answered.
    pub(crate) async fn decide(&self, inv_id: &str, decision: Value) -> Vec<u64> {
        let mut decision = decision;
        decision["await"] = json!(true);
        let told = self.tell(&format!("requests/{inv_id}/decide"), &decision).await;
        let deliveries = told["deliveries"].as_array().unwrap();
        deliveries.iter().map(|delivery| delivery["status"].as_u64().unwrap_or(0)).collect()
    }
}

/// A checkout that is waiting for its customer, with what the lender knows of it.
pub(crate) struct Loan {
    pub(crate) merchant: Merchant,
    pub(crate) id: String,
    pub(crate) inv_id: String,
    /// Where postbacks go.
    pub(crate) callback: String,
    /// `merchant_transaction_id`.
    pub(crate) reference: String,
}

/// How the gateway answered a postback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Loan {
    /// Opens the usual cart.
    pub(crate) async fn open(merchant: &Merchant, lender: &Lender) -> Self {
        Self::open_cart(merchant, lender, &carts::usa()).await
    }

    pub(crate) async fn open_cart(merchant: &Merchant, lender: &Lender, cart: &Value) -> Self {
        let made = merchant.open(cart).await;
        made.ok(201);
        Self::of(merchant, lender, &made).await
    }

    /// The loan behind an answer to create.
    pub(crate) async fn of(merchant: &Merchant, lender: &Lender, made: &Answer) -> Self {
        let inv_id = made.str("/attempt/provider_reference");
        Self::behind(merchant, lender, inv_id, made.id()).await
    }

    /// What the lender took in, whether or not its answer arrived, for this checkout.
    pub(crate) async fn behind(merchant: &Merchant, lender: &Lender, inv_id: &str, id: String) -> Self {
        let received = lender.received(inv_id).await;
        let text = |name: &str| received[name].as_str().unwrap().to_owned();
        Self {
            merchant: merchant.clone(),
            id,
            inv_id: inv_id.to_owned(),
            callback: text("postback_url"),
            reference: text("merchant_transaction_id"),
        }
    }

    /// A body of dialect 1.9 with these updates.
    pub(crate) fn body(&self, updates: &Value) -> Value {
        json!({
            "version": "1.9", "request_token": self.inv_id, "updates": updates,
            "merchant_transaction_id": self.reference
        })
    }

    /// Sends a signed postback of dialect 1.9 with a status.
    pub(crate) async fn tell(&self, status: &str) -> Receipt {
        self.push(&self.body(&json!({ "status": status }))).await
    }

    /// Sends a signed JSON postback; the timestamp is new each time.
    pub(crate) async fn push(&self, body: &Value) -> Receipt {
        self.push_raw("application/json", body.to_string().as_bytes(), Some(&super::fresh())).await
    }

    /// Sends a JSON postback without a signature.
    pub(crate) async fn push_unsigned(&self, body: &Value) -> Receipt {
        self.push_raw("application/json", body.to_string().as_bytes(), None).await
    }

    /// Sends bytes, signed when there is a timestamp to sign with.
    pub(crate) async fn push_raw(&self, content_type: &str, body: &[u8], timestamp: Option<&str>) -> Receipt {
        let mut request = self.request(content_type, body);
        if let Some(timestamp) = timestamp {
            request = request.header("x-timestamp", timestamp).header("x-signature", signature(timestamp, body));
        }
        receipt(request).await
    }

    /// A postback in the making, as the provider sends it: with a bare `*` in `Accept`.
    pub(crate) fn request(&self, content_type: &str, body: &[u8]) -> reqwest::RequestBuilder {
        let request = self.merchant.http.post(&self.callback).header("accept", "*");
        request.header("content-type", content_type).body(body.to_vec())
    }

    pub(crate) async fn seen(&self) -> Answer {
        self.merchant.read(&self.id).await
    }

    pub(crate) async fn status(&self) -> String {
        self.merchant.status(&self.id).await
    }
}

/// Sends a postback and keeps what matters of the answer.
pub(crate) async fn receipt(request: reqwest::RequestBuilder) -> Receipt {
    let response = request.send().await.unwrap();
    let content_type = response.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    Receipt { status: response.status().as_u16(), content_type, body: response.text().await.unwrap() }
}

/// `X-Signature`: SHA-256 over timestamp, user name, body and password, nothing between them.
pub(crate) fn signature(timestamp: &str, body: &[u8]) -> String {
    let hash = Sha256::new().chain_update(timestamp).chain_update(USERNAME).chain_update(body).chain_update(PASSWORD);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
