//! Postbacks as the provider sends them: dialect 1.9, signed. Built before the clock starts.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::sample::{PASSWORD, USERNAME, hex};
use crate::upstream::Accepted;

/// The one that commits.
pub(crate) const APPROVED: &str = "approved";
/// The two that an order gets, in this order.
const STATUSES: [&str; 2] = ["preapproved", APPROVED];
const TIMESTAMP: &str = "1700000000";

/// Postbacks of these requests in an order that `connections` senders at a time do not turn round: a repeat, or the
/// next status, comes only after everybody has moved on. With `twice`, every one is sent twice.
pub(crate) fn queue(accepted: &[Accepted], connections: usize, twice: bool) -> Vec<Bytes> {
    let repeats = if twice { 2 } else { 1 };
    let mut queue = Vec::with_capacity(accepted.len() * STATUSES.len() * repeats);
    for block in accepted.chunks((connections * 2).max(1)) {
        for status in STATUSES {
            let messages: Vec<Bytes> = block.iter().map(|accepted| message(accepted, status)).collect();
            for _ in 0..repeats {
                queue.extend(messages.iter().cloned());
            }
        }
    }
    queue
}

/// The postback of one request.
pub(crate) fn message(accepted: &Accepted, status: &str) -> Bytes {
    let path = accepted.postback_url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, p)| p);
    let body = format!(
        r#"{{"version":"1.9","request_token":"{}","updates":{{"status":"{status}"}},"merchant_transaction_id":"order"}}"#,
        accepted.reference
    );
    let signature = sign(TIMESTAMP, body.as_bytes());
    Bytes::from(format!(
        "POST /{path} HTTP/1.1\r\nhost: gateway\r\naccept: *\r\ncontent-type: application/json\r\n\
         x-timestamp: {TIMESTAMP}\r\nx-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// The provider's signature (`wegetfinancing.md` 6.2).
pub(crate) fn sign(timestamp: &str, body: &[u8]) -> String {
    let hash = Sha256::new().chain_update(timestamp).chain_update(USERNAME).chain_update(body).chain_update(PASSWORD);
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_come_after_the_whole_block() {
        let accepted: Vec<Accepted> = (0..3)
            .map(|n| Accepted {
                reference: n.to_string(),
                postback_url: format!("http://h/callbacks/p/{n}"),
                checkout: format!("chk_{n}"),
            })
            .collect();
        assert_eq!(queue(&accepted, 8, false).len(), 6);
        let queue = queue(&accepted, 8, true);
        assert_eq!(queue.len(), 12);
        assert_eq!(queue[0], queue[3]);
        assert!(queue[0].starts_with(b"POST /callbacks/p/0 HTTP/1.1\r\n"));
        assert!(String::from_utf8_lossy(&queue[6]).contains(r#""status":"approved""#));
    }
}
