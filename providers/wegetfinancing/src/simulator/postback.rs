//! Sending postbacks: signature, first try, resending until 2xx (wegetfinancing.md 6.1 and 6.2).

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lendport_core::CallLog;
use lendport_outbound::Request;
use sha2::{Digest, Sha256};

use super::state::{PER_REQUEST_MAX, Sim};

/// Tries of one postback that are kept to be shown; the rest is counted.
const TRIES_KEPT: usize = 50;

/// How a postback is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Signing {
    /// As documented.
    Valid,
    /// Well formed, made with another password.
    Wrong,
    /// No signature headers.
    None,
}

/// A postback about to be recorded.
pub(super) struct Message {
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) signing: Signing,
    /// The text of `X-Timestamp` instead of the current Unix second.
    pub(super) timestamp: Option<String>,
}

/// A postback and what became of it. Body and headers stay the same at every try.
pub(super) struct Sent {
    pub(super) url: Option<String>,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    /// `X-Timestamp` and `X-Signature`.
    pub(super) signature: Option<(String, String)>,
    pub(super) tries: Vec<Try>,
    pub(super) tries_total: u64,
    pub(super) delivered: bool,
}

/// One delivery try.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) at: Timestamp,
    /// HTTP status of the answer.
    pub(super) status: Option<u16>,
    /// Why there was no answer.
    pub(super) failure: Option<String>,
}

impl Try {
    fn delivered(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Lower-case hex SHA-256 of `timestamp + username + body + password`: no HMAC, no separators.
pub(super) fn signature(timestamp: &str, username: &str, body: &[u8], password: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(timestamp.as_bytes());
    hash.update(username.as_bytes());
    hash.update(body);
    hash.update(password.as_bytes());
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

/// Records a postback; the answer is its place in the request's list. `None`: no such request, or its list is full.
pub(super) fn record(sim: &Sim, inv_id: &str, message: Message) -> Option<usize> {
    let timestamp = message.timestamp.unwrap_or_else(|| sim.clock.now().as_second().to_string());
    let password = sim.settings.password.expose();
    let signed = |password: &str| signature(&timestamp, &sim.settings.username, &message.body, password);
    let signature = match message.signing {
        Signing::Valid => Some(signed(password)),
        Signing::Wrong => Some(signed(&format!("{password}-wrong"))),
        Signing::None => None,
    };
    let mut store = sim.store();
    let record = store.get_mut(inv_id).filter(|record| record.postbacks.len() < PER_REQUEST_MAX)?;
    record.postbacks.push(Sent {
        url: record.order.postback_url.clone(),
        content_type: message.content_type,
        body: message.body,
        signature: signature.map(|hex| (timestamp, hex)),
        tries: Vec::new(),
        tries_total: 0,
        delivered: false,
    });
    Some(record.postbacks.len() - 1)
}

/// Tries each recorded postback once, in order or all together, and leaves the failed ones to be resent.
///
/// Runs to its end even when nobody waits for the answer any more.
pub(super) async fn deliver(sim: &Arc<Sim>, inv_id: &str, places: Vec<usize>, parallel: bool) -> Vec<Option<Try>> {
    let mut running = Vec::new();
    if parallel {
        for place in places {
            let (own, inv_id) = (Arc::clone(sim), inv_id.to_owned());
            running.push(sim.tasks.spawn(async move { vec![first_try(&own, &inv_id, place).await] }));
        }
    } else {
        let (own, inv_id) = (Arc::clone(sim), inv_id.to_owned());
        running.push(sim.tasks.spawn(async move {
            let mut tries = Vec::with_capacity(places.len());
            for place in places {
                tries.push(first_try(&own, &inv_id, place).await);
            }
            tries
        }));
    }
    let mut tries = Vec::new();
    for task in running {
        tries.extend(task.await.unwrap_or_default());
    }
    tries
}

async fn first_try(sim: &Arc<Sim>, inv_id: &str, place: usize) -> Option<Try> {
    let tried = send(sim, inv_id, place).await?;
    if !tried.delivered() {
        let (own, inv_id) = (Arc::clone(sim), inv_id.to_owned());
        sim.tasks.spawn(async move { resend(&own, &inv_id, place).await });
    }
    Some(tried)
}

/// Ends with a 2xx, with the simulator, or when the request is forgotten.
async fn resend(sim: &Sim, inv_id: &str, place: usize) {
    let interval = Duration::from_millis(sim.settings.resend_interval_ms.max(1));
    loop {
        tokio::select! {
            () = sim.stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        match send(sim, inv_id, place).await {
            Some(tried) if !tried.delivered() => {}
            _ => return,
        }
    }
}

/// One try. `None`: the simulator stops, the request is forgotten, or there is no address to send to.
async fn send(sim: &Sim, inv_id: &str, place: usize) -> Option<Try> {
    let request = {
        let store = sim.store();
        let sent = store.get(inv_id)?.postbacks.get(place)?;
        let url = sent.url.as_deref()?.parse().ok()?;
        // A bare `*` is what the provider sends, and what strict content negotiation trips over.
        let plain = Request::post(url).secret_path().accept("*").bytes(sent.content_type.clone(), sent.body.clone());
        match &sent.signature {
            Some((timestamp, hex)) => plain.header("x-timestamp", timestamp.clone()).header("x-signature", hex.clone()),
            None => plain,
        }
    };
    let call = async {
        let _slot = sim.slots.acquire().await.ok()?;
        Some(sim.outbound.call(request, &CallLog::new()).await)
    };
    let outcome = tokio::select! {
        () = sim.stop.cancelled() => return None,
        outcome = call => outcome?,
    };
    let (status, failure) = match outcome {
        Ok(answer) => (Some(answer.status), None),
        Err(error) => (error.status(), Some(error.word().to_owned())),
    };
    let tried = Try { at: sim.clock.now(), status, failure };
    tracing::debug!(provider = "wegetfinancing", status, "simulated postback tried");
    let mut store = sim.store();
    let sent = store.get_mut(inv_id)?.postbacks.get_mut(place)?;
    sent.tries_total += 1;
    sent.delivered = tried.delivered();
    if sent.tries.len() >= TRIES_KEPT {
        sent.tries.remove(0);
    }
    sent.tries.push(tried.clone());
    Some(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_vector_of_the_reference() {
        let body = br#"{"version":"1.9","request_token":"0991dfd815ad17e530d88728ce046c4c","updates":{"status":"approved"},"merchant_transaction_id":"order_1234"}"#;
        assert_eq!(body.len(), 139);
        assert_eq!(
            signature("1700000000", "cdx_merchantname", body, "moa24phoPh"),
            "4992a82e7fc3ec2a011f1331501e560f377c15e5520fb88346b8f65d46657525"
        );
    }
}
