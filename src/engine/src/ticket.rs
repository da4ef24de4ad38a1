//! A request with its idempotency key, and the answer that is stored with the effect.

use std::sync::Arc;

use lendport_core::{CheckoutId, OperationId};
use lendport_storage::{Change, ChangeAsk, Claim, ClaimState, ClaimWrite, IdempotencyRow, StoreError, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::view::{
    AgreementView, AttentionView, CheckoutView, DeliveryView, EndpointView, KeyView, MerchantView, RecoveryView,
    ShipmentView,
};

/// What a use case brought about.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A checkout, new or changed.
    Checkout(Box<CheckoutView>),
    /// A shipment the provider was told of.
    Shipment(Box<ShipmentView>),
    /// An item for a person, settled.
    Attention(Box<AttentionView>),
    /// An endpoint with a new secret.
    Endpoint(Box<EndpointView>),
    /// An event as it is sent, JSON text.
    Event(String),
    /// A delivery that is queued again.
    Delivery(Box<DeliveryView>),
    /// A recovery that was asked for.
    Recovery(RecoveryView),
    /// A merchant, made.
    Merchant(Box<MerchantView>),
    /// A key, with itself.
    Key(Box<KeyView>),
    /// An agreement to show, without its document.
    Agreement(Box<AgreementView>),
}

/// An answer as it will be sent and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON text.
    pub body: String,
    /// The version of the resource it shows, for the ETag.
    pub version: Option<u64>,
}

impl Rendered {
    /// As it is kept for a repeat: the body, and in a line of its own the version, which no body shows. JSON that was
    /// written here has no line breaks.
    fn kept(&self) -> String {
        match self.version {
            Some(version) => format!("{}\n{version}", self.body),
            None => self.body.clone(),
        }
    }

    fn from_kept(status: u16, kept: String) -> Self {
        let parts = kept.rsplit_once('\n').and_then(|(body, version)| Some((body.to_owned(), version.parse().ok()?)));
        match parts {
            Some((body, version)) => Self { status, body, version: Some(version) },
            None => Self { status, body: kept, version: None },
        }
    }
}

/// Writes an answer down.
pub type Render = Arc<dyn Fn(&Result<Effect, EngineError>) -> Rendered + Send + Sync>;

/// The idempotency key of a request, and how its answer is written down.
#[derive(Clone)]
pub struct Ticket {
    /// Method and path, such as `POST /v1/checkouts`.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 (hex) of method, path and body.
    pub fingerprint: String,
    /// Writes the answer, so that it can be stored in the transaction of the effect.
    pub render: Render,
}

/// An answer to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON text.
    pub body: String,
    /// The version of the resource it shows, for the ETag.
    pub version: Option<u64>,
    /// True when it was stored earlier and nothing was done now.
    pub replayed: bool,
}

impl Reply {
    fn of(rendered: Rendered, replayed: bool) -> Self {
        let Rendered { status, body, version } = rendered;
        Self { status, body, version, replayed }
    }
}

/// An answer that was found just now.
impl From<Rendered> for Reply {
    fn from(rendered: Rendered) -> Self {
        Self::of(rendered, false)
    }
}

/// What an existing claim means for a new request with its key.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Answer this.
    Replay(Reply),
    /// Taken over: go on with this checkout and operation.
    Resume { checkout: Option<CheckoutId>, operation: Option<OperationId> },
}

impl Ticket {
    /// The row to claim.
    pub(crate) fn claim(&self, engine: &Engine) -> Claim {
        Claim {
            route: self.route.clone(),
            key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            owner: engine.settings.owner.clone(),
            locked_until: engine.lease_end(),
            now: engine.leases_over(),
        }
    }

    /// Keeps a claim that was taken over, so that whoever goes on later finds the operation of this change with it.
    pub(crate) fn hold(&self, engine: &Engine) -> ClaimWrite {
        let Claim { route, key, owner, locked_until, .. } = self.claim(engine);
        ClaimWrite { route, key, owner: owner.clone(), state: ClaimState::InFlight { owner, locked_until } }
    }

    /// Renders a result and says what becomes of the claim with it.
    pub(crate) fn close(&self, owner: &str, result: &Result<Effect, EngineError>) -> (Rendered, ClaimWrite) {
        let rendered = (self.render)(result);
        let lasting = result.as_ref().err().is_none_or(EngineError::is_lasting);
        let state = if lasting {
            ClaimState::Completed { status: rendered.status, body: rendered.kept() }
        } else {
            ClaimState::Resumable
        };
        (rendered, ClaimWrite { route: self.route.clone(), key: self.key.clone(), owner: owner.to_owned(), state })
    }

    /// Decides what an earlier claim means: replay, refuse, or go on where it stopped.
    pub(crate) async fn standing(
        &self,
        engine: &Engine,
        tenant: Tenant,
        row: IdempotencyRow,
    ) -> Result<Standing, EngineError> {
        if row.fingerprint != self.fingerprint {
            return Err(EngineError::KeyReused);
        }
        if let ClaimState::Completed { status, body } = row.state {
            return Ok(Standing::Replay(Reply::of(Rendered::from_kept(status, body), true)));
        }
        if engine.store.take_over_claim(tenant, &self.claim(engine)).await? {
            Ok(Standing::Resume { checkout: row.checkout, operation: row.operation })
        } else {
            Err(EngineError::KeyInFlight)
        }
    }
}

impl Engine {
    /// A key whose claim could not be written: a finished one is answered all the same, for that takes a read only. A
    /// new key costs no read beside its claim that way.
    pub(crate) async fn finished_or(
        &self,
        error: StoreError,
        tenant: Tenant,
        ticket: &Ticket,
    ) -> Result<Reply, EngineError> {
        let known = self.store.idempotency(tenant, &ticket.route, &ticket.key).await;
        let Ok(Some(row @ IdempotencyRow { state: ClaimState::Completed { .. }, .. })) = known else {
            return Err(error.into());
        };
        match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => Ok(reply),
            Standing::Resume { .. } => Err(error.into()),
        }
    }

    /// Ends a change that answers a ticket with the checkout, or with what went wrong. The answer shows what the change
    /// writes, its version included.
    pub(crate) fn answer(&self, draft: Draft, failure: Option<EngineError>, ticket: &Ticket) -> (Change, Reply) {
        let (mut change, view) = draft.finish_to_see(|record| match failure {
            Some(error) => Err(error),
            None => self.view(record),
        });
        let result = view.map(|view| Effect::Checkout(Box::new(view)));
        let (rendered, claim) = ticket.close(&self.settings.owner, &result);
        change.claim = Some(claim);
        (change, rendered.into())
    }

    /// A claim that was taken over is given back when going on failed; otherwise its key would be stuck until the lease ends.
    pub(crate) async fn release_on_error(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ticket: Ticket,
        result: Result<Reply, EngineError>,
    ) -> Result<Reply, EngineError> {
        match result {
            Err(error) if !matches!(error, EngineError::Store(_)) => {
                self.close_ticket(tenant, id, ticket, Err(error)).await
            }
            other => other,
        }
    }

    /// Stores the answer to a ticket when nothing else changes.
    pub(crate) async fn close_ticket(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        ticket: Ticket,
        result: Result<Effect, EngineError>,
    ) -> Result<Reply, EngineError> {
        let (rendered, claim) = ticket.close(&self.settings.owner, &result);
        self.change(tenant, id, ChangeAsk::default(), move |_| {
            (Change { claim: Some(claim.clone()), ..Change::default() }, ())
        })
        .await?;
        Ok(rendered.into())
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("route", &self.route).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_with_its_version() {
        for (body, version) in [(r#"{"a":"\n7"}"#, Some(7)), ("{}", None), ("{}", Some(u64::MAX)), ("", None)] {
            let rendered = Rendered { status: 201, body: body.to_owned(), version };
            assert_eq!(Rendered::from_kept(201, rendered.kept()), rendered);
        }
    }
}
