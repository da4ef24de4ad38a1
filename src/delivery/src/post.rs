//! One try of one delivery: the document, its signatures, the send, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lendport_core::{
    Clock, DeliveryAttempt, DeliveryAttemptId, EndpointState, GuardPolicy, IdSource, WebhookEndpoint, event_document,
};
use lendport_outbound::{GuardedClient, GuardedError, GuardedRequest, GuardedTry};
use lendport_storage::{LeasedDelivery, Outbox, TriedDelivery};
use tokio::time::Instant;

use crate::follow_up::{FollowUp, Heard, follow_up};
use crate::load::Pace;
use crate::refusal::{refusals_enough, refused_last};
use crate::schedule::Unit;
use crate::signature::{SigningSecret, sign};

/// What posting needs.
pub(crate) struct Poster {
    pub(crate) client: Arc<GuardedClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// Read for what became of earlier tries.
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) slow_after: Duration,
    pub(crate) loopback_in_test_mode: bool,
}

/// What a try came to.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) tried: TriedDelivery,
    pub(crate) switch_off: Option<EndpointState>,
    /// How it went; none when it ended soon without an answer.
    pub(crate) pace: Option<Pace>,
}

/// What is noted of a try.
#[derive(Debug, Default)]
struct Note {
    status: Option<u16>,
    error: Option<&'static str>,
    response: Vec<u8>,
    latency_ms: u64,
}

impl Poster {
    /// Tries once.
    pub(crate) async fn post(&self, leased: &LeasedDelivery) -> Posted {
        let (started_at, began) = (self.clock.now(), Instant::now());
        let (note, heard) = match self.send(leased, started_at).await {
            Ok(tried) => read(tried),
            Err(word) => (Note { error: Some(word), ..Note::default() }, Heard { status: None, retry_after: None }),
        };
        let slow = began.elapsed() > self.slow_after || note.error == Some(GuardedError::Timeout.word());
        let quick = heard.status.map(|_| Pace::Quick);
        let pace = if slow { Some(Pace::Slow) } else { quick };
        let refusals = self.refusals(leased, heard.status).await;
        let FollowUp { after, switch_off } = follow_up(leased, heard, refusals, self.clock.steady(), self.unit());
        let attempt = DeliveryAttempt {
            id: DeliveryAttemptId::mint(self.ids.as_ref()),
            url: leased.endpoint.url.clone(),
            started_at,
            latency_ms: note.latency_ms,
            status: note.status,
            error: note.error.map(str::to_owned),
            response: note.response,
        };
        let tried = TriedDelivery {
            tenant: leased.tenant,
            delivery: leased.delivery.id,
            endpoint: leased.endpoint.id,
            leased: leased.delivery.updated_at,
            attempt,
            after,
        };
        Posted { tried, switch_off, pace }
    }

    /// An error is the word for what kept us from sending; it is our fault, so it is logged.
    async fn send(&self, leased: &LeasedDelivery, now: Timestamp) -> Result<GuardedTry, &'static str> {
        let LeasedDelivery { tenant, delivery, endpoint, event, .. } = leased;
        let body = event_document(event, tenant.mode).map_err(|error| {
            tracing::error!(delivery = %delivery.id, %error, "a stored event cannot be sent");
            "unwritable"
        })?;
        let secrets = valid_secrets(endpoint, now);
        if secrets.is_empty() {
            tracing::error!(endpoint = %endpoint.id, "no stored secret of this endpoint can sign");
            return Err("unsigned");
        }
        let signed = sign(event.id, now, body.as_bytes(), &secrets);
        let [id, timestamp, signature] = signed.pairs();
        let headers = [("content-type", "application/json"), id, timestamp, signature];
        let policy = GuardPolicy::of(tenant.mode, self.loopback_in_test_mode);
        let request = GuardedRequest { url: &endpoint.url, headers: &headers, body: body.into_bytes(), policy, now };
        Ok(self.client.send(request).await)
    }

    /// Refusals in a row, this one included. The log is read only where it may have enough of them.
    async fn refusals(&self, leased: &LeasedDelivery, status: Option<u16>) -> u32 {
        let Some(enough) = refusals_enough(status) else { return 0 };
        let (since_queued, id) = (leased.delivery.tries, leased.delivery.id);
        if since_queued.saturating_add(1) < enough {
            return 0;
        }
        match self.outbox.delivery(leased.tenant, id).await {
            Ok(found) => found.map_or(0, |(_, tries)| refused_last(&tries, since_queued)).saturating_add(1),
            Err(error) => {
                tracing::warn!(delivery = %id, %error, "earlier tries cannot be read; later events go on waiting");
                0
            }
        }
    }

    fn unit(&self) -> Unit {
        // The end of a UUIDv7 is random.
        let [.., a, b, c, d] = *self.ids.uuid().as_bytes();
        Unit::from_random(u32::from_be_bytes([a, b, c, d]))
    }
}

/// Those that sign at this moment: the current one, and one that it replaces until that expires.
fn valid_secrets(endpoint: &WebhookEndpoint, now: Timestamp) -> Vec<SigningSecret> {
    let valid = endpoint.secrets.iter().filter(|secret| secret.expires_at.is_none_or(|at| at > now));
    valid.filter_map(|secret| SigningSecret::parse(&secret.text).ok()).collect()
}

fn read(tried: GuardedTry) -> (Note, Heard) {
    let latency_ms = u64::try_from(tried.latency.as_millis()).unwrap_or(u64::MAX);
    match tried.result {
        Ok(answer) => {
            let error = (300..400).contains(&answer.status).then_some("redirect");
            let note = Note { status: Some(answer.status), error, response: answer.first_bytes, latency_ms };
            (note, Heard { status: Some(answer.status), retry_after: answer.retry_after })
        }
        Err(error) => {
            let note = Note { error: Some(error.word()), latency_ms, ..Note::default() };
            (note, Heard { status: None, retry_after: None })
        }
    }
}
