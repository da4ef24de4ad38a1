//! Switching an endpoint off, and telling the merchant's other endpoints once.

use jiff::Timestamp;
use lendport_core::{
    About, DisabledEndpoint, EndpointState, Event, EventId, EventType, IdSource, Mode, WebhookEndpoint,
    WebhookEndpointId,
};
use lendport_storage::{
    Audience, Outbox, OutboxAsk, OutboxChange, OutboxLoaded, StoreError, Tenant, change_outbox_with,
};
use serde::Serialize;

use crate::follow_up::is_failing;

/// Which endpoint, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) tenant: Tenant,
    pub(crate) endpoint: WebhookEndpointId,
    /// Where the try went that failed.
    pub(crate) url: String,
    /// [`EndpointState::Gone`] or [`EndpointState::Failing`].
    pub(crate) state: EndpointState,
}

/// Switches the endpoint off where what was seen still holds inside the transaction; says whether it did. However many
/// tries fail at the same moment, one of them does it and the event is written once.
pub(crate) async fn switch_off(
    outbox: &dyn Outbox,
    ids: &dyn IdSource,
    now: Timestamp,
    verdict: Verdict,
) -> Result<bool, StoreError> {
    let ask = OutboxAsk { endpoint: Some(verdict.endpoint), ..OutboxAsk::default() };
    let (tenant, event) = (verdict.tenant, EventId::mint(ids));
    let decide =
        move |loaded: OutboxLoaded<'_>| match loaded.endpoint.and_then(|found| decide(found, &verdict, event, now)) {
            Some(change) => (change, true),
            None => (OutboxChange::abort(), false),
        };
    let (_, done) = change_outbox_with(outbox, tenant, ask, decide).await?;
    Ok(done.unwrap_or(false))
}

fn decide(found: &WebhookEndpoint, verdict: &Verdict, event: EventId, now: Timestamp) -> Option<OutboxChange> {
    // The merchant may have moved it meanwhile, and another try may have been accepted.
    let holds = found.state == EndpointState::Enabled
        && found.url == verdict.url
        && (verdict.state != EndpointState::Failing || is_failing(found, now));
    if !holds {
        return None;
    }
    let mut endpoint = found.clone();
    endpoint.state = verdict.state;
    endpoint.version += 1;
    endpoint.updated_at = now;
    let event = Event {
        id: event,
        about: About::Endpoint(endpoint.id),
        kind: EventType::WebhookEndpointDisabled,
        sequence: 0,
        test: false,
        snapshot: snapshot(&endpoint, verdict.tenant.mode)?,
        created_at: now,
    };
    Some(OutboxChange {
        endpoint: Some(endpoint),
        events: vec![(event, Audience::Subscribed)],
        ..OutboxChange::default()
    })
}

#[derive(Serialize)]
struct Data {
    webhook_endpoint: DisabledEndpoint,
}

fn snapshot(endpoint: &WebhookEndpoint, mode: Mode) -> Option<String> {
    serde_json::to_string(&Data { webhook_endpoint: DisabledEndpoint::of(endpoint, mode) }).ok()
}
