//! One try of one delivery: the document, its signatures, the send, and what comes of it.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{
    Clock, DeliveryAttempt, DeliveryAttemptId, EndpointState, GuardPolicy, IdSource, WebhookEndpoint, event_document,
};
use lendport_outbound::{GuardedClient, GuardedError, GuardedRequest, GuardedTry};
use lendport_storage::{LeasedDelivery, TriedDelivery};

use crate::follow_up::{FollowUp, Heard, follow_up};
use crate::schedule::Unit;
use crate::signature::{SigningSecret, sign};

/// What posting needs.
pub(crate) struct Poster {
    pub(crate) client: Arc<GuardedClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) loopback_in_test_mode: bool,
}

/// What a try came to.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) tried: TriedDelivery,
    pub(crate) switch_off: Option<EndpointState>,
    /// The time limit ended it.
    pub(crate) hung: bool,
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
        let started_at = self.clock.now();
        let (note, heard) = match self.send(leased, started_at).await {
            Ok(tried) => read(tried),
            Err(word) => (Note { error: Some(word), ..Note::default() }, Heard { status: None, retry_after: None }),
        };
        let FollowUp { after, switch_off } = follow_up(leased, heard, self.clock.now(), self.unit());
        let hung = note.error == Some(GuardedError::Timeout.word());
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
        Posted { tried, switch_off, hung }
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
