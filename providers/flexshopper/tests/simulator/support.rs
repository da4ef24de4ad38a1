//! A running simulator, and the calls of a merchant's server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use lendport_core::Secret;
use lendport_testkit::ManualClock;
pub(crate) use lendport_testkit::by_hand::{PATIENCE, Reply, call};
use provider_flexshopper::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "key-of-the-first-merchant";
pub(crate) const AUTH_KEY: &str = "auth key/1";

/// A simulator on a port of its own, whose base clock stands still.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

pub(crate) async fn start() -> Running {
    let settings = SimulatorSettings::new(Secret::from(KEY), AUTH_KEY);
    let simulator = Simulator::new(settings, Arc::new(ManualClock::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(simulator.serve(listener, async move { drop(stopped.await) }));
    Running { address, stop, task }
}

/// A customer of the first merchant.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Running {
    /// Ends it as a shutdown would.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        call(self.address, method, path, headers, body).await
    }

    /// A call as a client makes it: the bare key, a customer's token when there is one, JSON when there is a body.
    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> io::Result<Reply> {
        let mut headers = vec![("authorization", KEY), ("x-consumer-custom-id", "web:42")];
        headers.extend(token.map(|token| ("customer-token", token)));
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.raw(method, &format!("/v3/{path}"), &headers, text.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Reply {
        self.try_call("GET", path, token, &Value::Null).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Reply {
        self.try_call("POST", path, token, body).await.unwrap()
    }

    /// A read that has to work: what is under `data`, or the bare answer.
    pub(crate) async fn read(&self, path: &str, token: Option<&str>) -> Value {
        let reply = self.get(path, token).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        data(&reply)
    }

    /// A change that has to work.
    pub(crate) async fn ok(&self, path: &str, token: Option<&str>, body: &Value) -> Value {
        let reply = self.post(path, token, body).await;
        assert!((200..300).contains(&reply.status), "{path} {body}: {}", reply.text());
        data(&reply)
    }

    /// A change that has to be refused with an error object.
    pub(crate) async fn refused(&self, path: &str, token: Option<&str>, body: &Value) -> (u16, Value, String) {
        let reply = self.post(path, token, body).await;
        assert!(reply.status >= 400, "{path} {body}: {}", reply.text());
        reply.error()
    }

    /// Why the last call was refused, which a 400 hides.
    pub(crate) async fn why(&self) -> String {
        let notes = self.control("GET", "/notes", &Value::Null).await.json();
        notes["refusals"].as_array().unwrap().last().unwrap()["why"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn customer(&self, email: &str) -> Customer {
        let made = self.ok("users", None, &json!({"firstName": "Ada", "lastName": "Smith", "email": email})).await;
        Customer { id: text(&made["userId"]), token: text(&made["token"]) }
    }

    pub(crate) async fn applied(&self, email: &str) -> Customer {
        let customer = self.customer(email).await;
        self.ok("users/me/apply", Some(&customer.token), &application()).await;
        customer
    }

    /// Approved, with a card that works.
    pub(crate) async fn approved(&self, email: &str) -> Customer {
        let customer = self.applied(email).await;
        self.ok("paymentMethods/add", Some(&customer.token), &card("good-1")).await;
        customer
    }

    /// A lease for this cart; answers its id.
    pub(crate) async fn leased(&self, customer: &Customer, cart: &Value) -> String {
        text(&self.ok("leases", Some(&customer.token), cart).await["leaseId"])
    }

    pub(crate) async fn sign(&self, customer: &Customer, lease: &str) -> Reply {
        let body = json!({"ipAddress": "203.0.113.9", "timestamp": "2026-11-21T12:00:00Z", "signed": true});
        self.post(&format!("leases/{}/sign", in_path(lease)), Some(&customer.token), &body).await
    }

    /// A finalized lease of a new customer.
    pub(crate) async fn finalized(&self, cart: &Value) -> Customer {
        let customer = self.approved(&format!("{}@example.com", text(&cart["transactionId"]))).await;
        let lease = self.leased(&customer, cart).await;
        assert_eq!(self.sign(&customer, &lease).await.status, 200);
        self.ok(&format!("transactions/{}/finalize", text(&cart["transactionId"])), None, &Value::Null).await;
        customer
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, &format!("/_sim{path}"), &[], body.as_bytes()).await.unwrap()
    }

    /// A control call that has to work.
    pub(crate) async fn turn(&self, path: &str, body: Value) -> Value {
        let reply = self.control("POST", path, &body).await;
        assert!((200..300).contains(&reply.status), "{path} {body}: {}", reply.text());
        if reply.body.is_empty() { Value::Null } else { reply.json() }
    }

    pub(crate) async fn set(&self, settings: Value) {
        self.turn("/settings", settings).await;
    }

    /// Lets simulated time pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.turn("/clock", json!({ "advance_s": seconds })).await;
    }

    pub(crate) async fn seen(&self, transaction_id: &str) -> Value {
        self.control("GET", &format!("/requests/{transaction_id}"), &Value::Null).await.json()
    }

    pub(crate) async fn stored(&self) -> usize {
        self.control("GET", "/requests", &Value::Null).await.json()["requests"].as_array().unwrap().len()
    }
}

/// An answer that is an error object.
pub(crate) trait Refused {
    /// HTTP status, code and message of the object, which has to repeat the status.
    fn error(&self) -> (u16, Value, String);
}

impl Refused for Reply {
    fn error(&self) -> (u16, Value, String) {
        let body = self.json();
        assert_eq!(body["error"]["statusCode"], self.status, "{body}");
        assert_eq!(body["error"]["data"], json!({}), "{body}");
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        (self.status, body["error"]["code"].clone(), message)
    }
}

fn data(reply: &Reply) -> Value {
    let body = reply.json();
    body.get("data").cloned().unwrap_or(body)
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A lease's id as a path needs it: some begin with a quote.
pub(crate) fn in_path(id: &str) -> String {
    id.replace('"', "%22")
}

/// An application with everything that an adapter may send.
pub(crate) fn application() -> Value {
    json!({
        "street1": "12 Elm St.", "city": "Boca Raton", "regionAbbr": "FL", "postalCode": "33431", "country": "US",
        "mobilePhone": "6514447773", "dateOfBirth": "1990-10-10", "ssn": "987654321",
        "employmentInformation": {"name": "Acme", "phone": "5615550100", "monthlyIncome": 4321.5,
            "payFrequency": "biweekly", "lastPayDate": "2026-11-13", "nextPayDate": "2026-11-27"},
        "expectedPurchaseAmount": 400, "optInMarketing": false, "deviceFingerprint": "ZmluZ2VycHJpbnQ="
    })
}

pub(crate) fn card(token: &str) -> Value {
    json!({"primary": true, "label": "My Visa Card", "token": {"expirationDate": "2028-09", "cardType": "visa",
        "lastFour": "1234", "firstSix": "411111", "token": token, "billingZip": "33431"}})
}

/// A cart of (SKU, dollars, quantity).
pub(crate) fn cart(transaction_id: &str, items: &[(&str, &str, u32)]) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|(sku, cost, quantity)| {
            let cost: Value = serde_json::from_str(cost).unwrap();
            json!({"brand": "Acme", "sku": sku, "description": format!("Thing {sku}"), "cost": cost,
                "condition": "new", "quantity": quantity})
        })
        .collect();
    json!({"transactionId": transaction_id, "orderId": "2f962a52-df63-426f-abc7-617055dba2f7", "items": items})
}

/// A plugin's order of (SKU, dollars, quantity).
pub(crate) fn order(transaction_id: &str, items: &[(&str, &str, u32)]) -> Value {
    let mut order = cart(transaction_id, items);
    order.as_object_mut().unwrap().remove("orderId");
    order["cost"] = 100.into();
    order
}
