//! A merchant's server: calls the gateway as its documents say, and holds every answer to the published contract.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::until;
use crate::contract;

/// A new idempotency key.
pub(crate) fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An answer of the gateway. `body` is null when it is not JSON.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// A string of the body; empty when it is absent.
    pub(crate) fn str(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    pub(crate) fn id(&self) -> String {
        self.str("/id").to_owned()
    }

    /// The body of a checkout without its link to the page, which every answer makes anew.
    pub(crate) fn facts(&self) -> Value {
        let mut facts = self.body.clone();
        for link in ["client_token", "checkout_url"] {
            facts.as_object_mut().unwrap().remove(link).unwrap();
        }
        facts
    }

    pub(crate) fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    /// `errors[]` as pairs of pointer and detail.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let field = |error: &Value, name: &str| error[name].as_str().unwrap_or("").to_owned();
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (field(error, "pointer"), field(error, "detail"))).collect()
    }

    /// Fails the test unless status and problem code are these.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.str("/code")), (status, code), "{}", self.text);
        self
    }

    /// Fails the test unless the status is this.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// Whoever holds a secret key.
#[derive(Clone)]
pub(crate) struct Merchant {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: String,
}

impl Merchant {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .unwrap();
        Self { http, url: url.to_owned(), key: key.to_owned() }
    }

    /// A request with the key in it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// Opens a checkout with a new key.
    pub(crate) async fn open(&self, cart: &Value) -> Answer {
        self.post("/v1/checkouts", &fresh(), cart).await
    }

    /// Tells of a shipment with a new key.
    pub(crate) async fn ship(&self, id: &str, shipment: &Value) -> Answer {
        self.post(&format!("/v1/checkouts/{id}/shipments"), &fresh(), shipment).await
    }

    pub(crate) async fn read(&self, id: &str) -> Answer {
        self.get(&format!("/v1/checkouts/{id}?expand=attempts,events")).await.ok(200).clone()
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        self.read(id).await.str("/status").to_owned()
    }

    /// Waits until the checkout has this status.
    pub(crate) async fn until_status(&self, id: &str, status: &str) -> Answer {
        let found = async || Some(self.read(id).await).filter(|seen| seen.str("/status") == status);
        until(&format!("status {status}"), found).await
    }

    /// The types of a checkout's events, oldest first.
    pub(crate) async fn events(&self, id: &str) -> Vec<String> {
        let seen = self.read(id).await;
        let events = seen.body["events"].as_array().unwrap();
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn timeline(&self, id: &str) -> Vec<Value> {
        let heard = self.get(&format!("/v1/checkouts/{id}/timeline")).await;
        heard.ok(200).body["data"].as_array().unwrap().clone()
    }

    /// The kinds of attention items, open and settled, as the timeline shows them.
    pub(crate) async fn attention(&self, id: &str) -> Vec<String> {
        let entries = self.timeline(id).await;
        let items = entries.iter().filter(|entry| entry["kind"] == "attention");
        items.map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
    }

    /// Sends and checks what holds for every answer of the API.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().as_str().to_owned(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, body, text };
        assert!(answer.header("request-id").starts_with("req_"), "{method} {path}: no Request-Id");
        if path.starts_with("/v1/") {
            let media_type = answer.header("content-type");
            if let Err(wrong) = contract::holds(&method, &path, status, media_type, &answer.body) {
                panic!("{method} {path} {status} is not as documented: {wrong}\n{}", answer.text);
            }
        }
        if status >= 400 && answer.header("content-type") == "application/problem+json" {
            assert_eq!(answer.body["status"], status);
            // A replay is the stored answer, with the id of the request that it answered first.
            assert_eq!(answer.str("/request_id") == answer.header("request-id"), !answer.replayed());
        }
        answer
    }
}
