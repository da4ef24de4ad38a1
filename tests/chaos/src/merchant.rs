//! The merchant's way to the public API, through the balancer like everybody else.

use std::time::Duration;

use serde_json::Value;

use crate::Fault;
use crate::wire::{self, Message, Request};

/// The key that the settings declare.
pub(crate) const SECRET_KEY: &str = "lp_test_made-up-for-the-chaos-shop-0001";
const LIMIT: Duration = Duration::from_secs(60);
/// How long a reading may be repeated before the driver gives up.
const PATIENCE_TRIES: u32 = 2_400;

/// A shop with a key.
#[derive(Clone)]
pub(crate) struct Merchant {
    address: String,
}

impl Merchant {
    /// A shop that reaches the gateway at `HOST:PORT`.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Posts once; an error is an answer that never came, or came by half.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Message, Fault> {
        let bearer = format!("Bearer {SECRET_KEY}");
        let headers = vec![("authorization", bearer.as_str()), ("idempotency-key", key)];
        wire::exchange(&self.address, &Request { method: "POST", path, headers, body: Some(body) }, LIMIT).await
    }

    /// Puts once.
    pub(crate) async fn put(&self, path: &str, if_match: &str, body: &Value) -> Result<Message, Fault> {
        let bearer = format!("Bearer {SECRET_KEY}");
        let headers = vec![("authorization", bearer.as_str()), ("if-match", if_match)];
        wire::exchange(&self.address, &Request { method: "PUT", path, headers, body: Some(body) }, LIMIT).await
    }

    /// Reads until it is answered with 200; reading again is always harmless.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Fault> {
        let bearer = format!("Bearer {SECRET_KEY}");
        let mut last = String::new();
        for _ in 0..PATIENCE_TRIES {
            let headers = vec![("authorization", bearer.as_str())];
            let request = Request { method: "GET", path, headers, body: None };
            match wire::exchange(&self.address, &request, LIMIT).await {
                Ok(answer) if answer.status() == 200 => return Ok(answer.json()),
                Ok(answer) if answer.status() < 500 && answer.status() != 429 => {
                    return Err(format!("GET {path}: {} {}", answer.status(), text(&answer)).into());
                }
                Ok(answer) => last = format!("{} {}", answer.status(), text(&answer)),
                Err(fault) => last = fault.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("GET {path}: no good answer in {PATIENCE_TRIES} tries; the last: {last}").into())
    }

    /// Every row of a list, newest first.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>, Fault> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=100{after}")).await?;
            rows.extend(page.get("data").and_then(Value::as_array).into_iter().flatten().cloned());
            match text_at(&page, "/next_cursor") {
                "" => return Ok(rows),
                cursor => after = format!("&after={cursor}"),
            }
        }
    }
}

/// The text at a JSON Pointer, empty when there is none.
pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The rows of an array member.
pub(crate) fn rows_at<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text(answer: &Message) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(300).collect()
}
