//! The requests a merchant makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::sample::{CART, MERCHANT_ID, SECRET_KEY};

/// The n-th request of a load; `None` when there are no more.
pub(crate) type Supply = Arc<dyn Fn(u64) -> Option<Bytes> + Send + Sync>;

/// Creates of the declared shop, each with a key of its own.
pub(crate) fn creates(count: &Arc<AtomicU64>) -> Supply {
    creates_of(count, SECRET_KEY)
}

/// Creates of the shop with this secret key.
pub(crate) fn creates_of(count: &Arc<AtomicU64>, secret_key: &str) -> Supply {
    let secret_key = secret_key.to_owned();
    let count = Arc::clone(count);
    Arc::new(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Some(Bytes::from(format!(
            "POST /v1/checkouts HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {secret_key}\r\n\
             idempotency-key: bench-{number}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{CART}",
            CART.len()
        )))
    })
}

/// What the adapter would send, sent straight to the upstream.
pub(crate) fn direct() -> Supply {
    let request = Bytes::from(format!(
        "POST /merchant/{MERCHANT_ID}/requests HTTP/1.1\r\nhost: upstream\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{CART}",
        CART.len()
    ));
    Arc::new(move |_| Some(request.clone()))
}

/// Reads of these checkouts in turn.
pub(crate) fn reads(ids: &[String]) -> Supply {
    let requests: Vec<Bytes> = ids.iter().map(|id| get(&format!("/v1/checkouts/{id}"))).collect();
    Arc::new(move |number| {
        let at = usize::try_from(number).ok()?.checked_rem(requests.len())?;
        requests.get(at).cloned()
    })
}

/// The first page of the list, twenty rows.
pub(crate) fn lists() -> Supply {
    let request = get("/v1/checkouts");
    Arc::new(move |_| Some(request.clone()))
}

/// Requests made before, each once.
pub(crate) fn queued(queue: Vec<Bytes>) -> Supply {
    Arc::new(move |number| queue.get(usize::try_from(number).ok()?).cloned())
}

/// At most so many of a supply.
pub(crate) fn at_most(count: u64, supply: Supply) -> Supply {
    Arc::new(move |number| if number < count { supply(number) } else { None })
}

/// A webhook endpoint of the shop with this secret key, for every type.
pub(crate) fn endpoint(secret_key: &str, number: usize, url: &str) -> Bytes {
    let body = format!(r#"{{"url":"{url}"}}"#);
    Bytes::from(format!(
        "POST /v1/webhook_endpoints HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {secret_key}\r\n\
         idempotency-key: bench-endpoint-{number}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn get(path: &str) -> Bytes {
    Bytes::from(format!("GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {SECRET_KEY}\r\n\r\n"))
}
