//! Pushes: signed, and sent again until somebody answers 2xx.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hmac::Mac as _;
use lendport_core::CallLog;
use lendport_outbound::{Request, Url};
use serde_json::json;

use super::state::{Application, Sim};
use crate::notification::{SIGNATURE, TIMESTAMP, mac};

/// Tries of one push: a day, at a minute each.
const TRIES: u32 = 1_440;
/// How long a push waits first, so that the answer which caused it is usually there before.
const HEAD_START: Duration = Duration::from_millis(50);

/// Sends in the background; `copies` above one plays a provider that repeats itself.
pub(super) fn tell(sim: &Arc<Sim>, application: &Application, refund_cents: Option<u64>, copies: usize) {
    let event_id = sim.next("evt");
    let body = match application.pushes_are_bare() {
        true => json!({ "event_id": event_id, "look_at": application.id, "reference": application.reference }),
        false => json!({ "event_id": event_id, "application": sim.shown(application), "refund_cents": refund_cents }),
    };
    let Ok(url) = Url::parse(&application.callback_url) else { return };
    let body = body.to_string().into_bytes();
    let mut tasks = sim.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    for _ in 0..copies {
        tasks.spawn(deliver(Arc::clone(sim), url.clone(), body.clone()));
    }
}

async fn deliver(sim: Arc<Sim>, url: Url, body: Vec<u8>) {
    tokio::time::sleep(HEAD_START).await;
    for _ in 0..TRIES {
        let timestamp = sim.clock.now().as_second().to_string();
        let Some(mac) = mac(&sim.settings.push_secret, &timestamp, &body) else { return };
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Request::post(url.clone())
            .secret_path()
            .bytes("application/json", body.clone())
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, signature);
        if sim.outbound.call(request, &CallLog::new()).await.is_ok_and(|answer| answer.is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(sim.settings.resend_interval_ms)).await;
    }
}
