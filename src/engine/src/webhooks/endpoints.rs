//! Endpoints: set up, change, delete; a new secret; a test; and what was missed, again.

use jiff::Timestamp;
use lendport_core::{
    About, EndpointSecret, EndpointState, Event, EventId, EventType, GuardPolicy, Invalid, Pointer, Quota, UrlRefusal,
    WebhookEndpoint, WebhookEndpointId, check_url, limits,
};
use lendport_storage::{Audience, OutboxAsk, OutboxChange, Page, PageAsk, Tenant};

use super::refusal::EndpointRefusal;
use super::secret;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Ticket};
use crate::view::{EndpointView, RecoveryView, event_text};

/// An endpoint to set up.
#[derive(Clone, Debug, Default)]
pub struct EndpointAsk {
    /// Where events are posted to.
    pub url: Option<String>,
    /// The merchant's note.
    pub description: Option<String>,
    /// The types it wants; empty means all.
    pub events: Vec<EventType>,
}

/// What is to be different; absent parts stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    /// Another address.
    pub url: Option<String>,
    /// Another note, or none.
    pub description: Option<Option<String>>,
    /// Other types; empty means all.
    pub events: Option<Vec<EventType>>,
    /// On or off.
    pub state: Option<EndpointState>,
}

impl Engine {
    /// Sets an endpoint up. `shape` is what was wrong with the request so far.
    pub async fn create_endpoint(
        &self,
        tenant: Tenant,
        asked: EndpointAsk,
        shape: Invalid,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        self.judge_url(tenant, asked.url.as_deref(), shape)?;
        let url = asked.url.ok_or(EngineError::NotFound)?;
        let (description, events, tools) = (asked.description, asked.events, self.tools.clone());
        let quota = self.quotas_of(tenant.merchant).await?.webhook_endpoints;
        self.answer_outbox(tenant, OutboxAsk::default(), ticket, move |loaded| {
            if let Some(limit) = quota.filter(|limit| loaded.endpoints >= *limit) {
                let quota = Quota::WebhookEndpoints;
                return Err(EngineError::Quota { quota, limit, used: loaded.endpoints });
            }
            if loaded.endpoints >= limits::ENDPOINTS_MAX {
                return Err(EndpointRefusal::TooMany.into());
            }
            let now = tools.clock.now();
            let text = secret::mint(tools.ids.as_ref());
            let endpoint = WebhookEndpoint {
                id: WebhookEndpointId::mint(tools.ids.as_ref()),
                url: url.clone(),
                description: description.clone(),
                events: events.clone(),
                secrets: vec![EndpointSecret { text, expires_at: None }],
                state: EndpointState::Enabled,
                failing_since: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let view = EndpointView::of(&endpoint, tenant.mode, now).with_secret(&endpoint);
            Ok((storing(endpoint), Effect::Endpoint(Box::new(view))))
        })
        .await
    }

    /// Changes an endpoint. `shape` is what was wrong with the request so far.
    pub async fn update_endpoint(
        &self,
        tenant: Tenant,
        id: WebhookEndpointId,
        if_match: Option<u64>,
        patch: EndpointPatch,
        shape: Invalid,
    ) -> Result<EndpointView, EngineError> {
        self.judge_url(tenant, patch.url.as_deref(), shape)?;
        let clock = self.tools.clone().clock;
        self.change_outbox(tenant, asking(id), move |loaded| {
            let old = loaded.endpoint.ok_or(EngineError::NotFound)?;
            require(old, if_match)?;
            let (now, patch) = (clock.now(), patch.clone());
            let endpoint = WebhookEndpoint {
                url: patch.url.unwrap_or_else(|| old.url.clone()),
                description: patch.description.unwrap_or_else(|| old.description.clone()),
                events: patch.events.unwrap_or_else(|| old.events.clone()),
                state: patch.state.unwrap_or(old.state),
                ..old.clone()
            };
            let same = (&endpoint.url, &endpoint.description, &endpoint.events, endpoint.state)
                == (&old.url, &old.description, &old.events, old.state);
            if same {
                return Ok((OutboxChange::default(), EndpointView::of(old, tenant.mode, now)));
            }
            let failing_since = old.failing_since.filter(|_| endpoint.state == old.state);
            let endpoint = WebhookEndpoint { failing_since, ..moved_on(endpoint, now) };
            let view = EndpointView::of(&endpoint, tenant.mode, now);
            Ok((storing(endpoint), view))
        })
        .await
    }

    /// Deletes an endpoint. What it was sent stays readable until it is trimmed by age.
    pub async fn delete_endpoint(
        &self,
        tenant: Tenant,
        id: WebhookEndpointId,
        if_match: Option<u64>,
    ) -> Result<(), EngineError> {
        self.change_outbox(tenant, asking(id), move |loaded| {
            require(loaded.endpoint.ok_or(EngineError::NotFound)?, if_match)?;
            Ok((OutboxChange { remove: true, ..OutboxChange::default() }, ()))
        })
        .await
    }

    /// Gives an endpoint a new secret, which signs at once; the old one goes on signing for so many hours.
    pub async fn rotate_secret(
        &self,
        tenant: Tenant,
        id: WebhookEndpointId,
        if_match: Option<u64>,
        overlap_hours: u32,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let tools = self.tools.clone();
        self.answer_outbox(tenant, asking(id), ticket, move |loaded| {
            let old = loaded.endpoint.ok_or(EngineError::NotFound)?;
            require(old, if_match)?;
            let now = tools.clock.now();
            let secrets = secret::replace(&old.secrets, secret::mint(tools.ids.as_ref()), overlap_hours, now)?;
            let endpoint = moved_on(WebhookEndpoint { secrets, ..old.clone() }, now);
            let view = EndpointView::of(&endpoint, tenant.mode, now).with_secret(&endpoint);
            Ok((storing(endpoint), Effect::Endpoint(Box::new(view))))
        })
        .await
    }

    /// Sends an endpoint an event that tells of nothing that happened. `data` makes the sample out of the endpoint.
    pub async fn test_endpoint(
        &self,
        tenant: Tenant,
        id: WebhookEndpointId,
        kind: EventType,
        data: impl Fn(&EndpointView) -> String + Send + Sync + 'static,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let tools = self.tools.clone();
        self.answer_outbox(tenant, asking(id), ticket, move |loaded| {
            let endpoint = enabled(loaded.endpoint)?;
            let now = tools.clock.now();
            let event = Event {
                id: EventId::mint(tools.ids.as_ref()),
                about: About::Endpoint(id),
                kind,
                sequence: 0,
                test: true,
                snapshot: data(&EndpointView::of(endpoint, tenant.mode, now)),
                created_at: now,
            };
            let effect = Effect::Event(event_text(&event, tenant.mode)?);
            let events = vec![(event, Audience::Only(id))];
            Ok((OutboxChange { events, ..OutboxChange::default() }, effect))
        })
        .await
    }

    /// Queues again what an endpoint wants and has not accepted, from this moment on.
    pub async fn recover_endpoint(
        &self,
        tenant: Tenant,
        id: WebhookEndpointId,
        since: Timestamp,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        if since > self.clock.now() {
            let at = Pointer::root().child("since");
            return Err(Invalid::one(&at, "out_of_range", "must not be in the future").into());
        }
        self.answer_outbox(tenant, asking(id), ticket, move |loaded| {
            enabled(loaded.endpoint)?;
            let effect = Effect::Recovery(RecoveryView::of(id, since));
            Ok((OutboxChange { recover_since: Some(since), ..OutboxChange::default() }, effect))
        })
        .await
    }

    /// Reads one endpoint.
    pub async fn read_endpoint(&self, tenant: Tenant, id: WebhookEndpointId) -> Result<EndpointView, EngineError> {
        let endpoint = self.outbox.endpoint(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(EndpointView::of(&endpoint, tenant.mode, self.clock.now()))
    }

    /// Reads a page of endpoints, newest first.
    pub async fn list_endpoints(
        &self,
        tenant: Tenant,
        page: PageAsk<WebhookEndpointId>,
    ) -> Result<Page<EndpointView>, EngineError> {
        let (page, now) = (self.outbox.endpoints(tenant, page).await?, self.clock.now());
        let rows = page.rows.iter().map(|endpoint| EndpointView::of(endpoint, tenant.mode, now)).collect();
        Ok(Page { rows, has_more: page.has_more })
    }

    /// Adds what is wrong with an address to what is wrong already, and answers with all of it.
    fn judge_url(&self, tenant: Tenant, url: Option<&str>, shape: Invalid) -> Result<(), EngineError> {
        let mut invalid = shape;
        let policy = GuardPolicy::of(tenant.mode, self.settings.webhooks.allow_loopback);
        if let Some(Err((code, detail))) = url.map(|url| judge_url(url, policy)) {
            invalid.note(&Pointer::root().child("url"), code, detail);
        }
        Ok(invalid.finish()?)
    }
}

/// What is wrong with an address. Names are looked up when something is sent, and not here.
fn judge_url(url: &str, policy: GuardPolicy) -> Result<(), (&'static str, String)> {
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(("invalid_url", "must not contain blanks or control characters".to_owned()));
    }
    check_url(url, policy).map(drop).map_err(|refusal| {
        let code = match refusal {
            UrlRefusal::TooLong => "too_long",
            UrlRefusal::Unreadable | UrlRefusal::Scheme | UrlRefusal::Credentials => "invalid_url",
            UrlRefusal::Address(_) => "private_address",
        };
        (code, refusal.to_string())
    })
}

fn asking(id: WebhookEndpointId) -> OutboxAsk {
    OutboxAsk { endpoint: Some(id), ..OutboxAsk::default() }
}

fn storing(endpoint: WebhookEndpoint) -> OutboxChange {
    OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() }
}

fn moved_on(endpoint: WebhookEndpoint, now: Timestamp) -> WebhookEndpoint {
    WebhookEndpoint { version: endpoint.version + 1, updated_at: now, ..endpoint }
}

fn require(endpoint: &WebhookEndpoint, if_match: Option<u64>) -> Result<(), EngineError> {
    if if_match.is_some_and(|version| version != endpoint.version) {
        Err(EngineError::PreconditionFailed)
    } else {
        Ok(())
    }
}

fn enabled(endpoint: Option<&WebhookEndpoint>) -> Result<&WebhookEndpoint, EngineError> {
    let endpoint = endpoint.ok_or(EngineError::NotFound)?;
    match endpoint.state {
        EndpointState::Enabled => Ok(endpoint),
        other => Err(EndpointRefusal::NotEnabled(other).into()),
    }
}
