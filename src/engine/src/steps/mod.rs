//! The steps of an application that the merchant's own pages carry: apply, pay, ask for the agreement, sign.
//!
//! What a customer says passes through: an operation tells that a step was taken and never with what. Each intent is stored
//! before the call; of a step whose process died or whose answer was lost the financer's own state tells, and the adapter
//! looks before it repeats anything, so there is one application and one agreement however often a step is asked for.

mod begin;
mod consent;
mod read;
mod run;
mod settle;
mod view;

use std::sync::Arc;

use lendport_core::{Application, CascadeHints, CheckoutId, Consent, MeansOfPayment, OperationKind, Step};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Reply, Standing, Ticket};

pub use run::StepWork;
pub use view::{AgreementView, OfferView, TermsView};

/// The field of an operation's record that names the document that was handed out.
const DOCUMENT: &str = "document_sha256";

/// A step that a merchant asks for.
#[derive(Debug)]
pub enum StepAsk {
    /// Hand the application on. A decision may take minutes, so this one is answered before it is sent.
    Apply(Box<Application>),
    /// Hand on what the customer pays with.
    AddPayment(Box<MeansOfPayment>),
    /// Ask for the agreement.
    Agree,
    /// Hand the signature on.
    Sign(Consent),
}

impl StepAsk {
    fn step(&self, hints: CascadeHints) -> Step<'_> {
        match self {
            Self::Apply(application) => Step::Apply(application, hints),
            Self::AddPayment(means) => Step::AddPayment(means),
            Self::Agree => Step::Agree,
            Self::Sign(consent) => Step::Sign(consent),
        }
    }

    fn kind(&self) -> OperationKind {
        self.step(CascadeHints::FIRST).kind()
    }
}

impl Engine {
    /// Takes a step. An application is answered as soon as the intent is stored; the rest of it is the work that is handed
    /// back, to be run whoever hangs up. Every other step is answered when it is done.
    pub async fn take_step(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: StepAsk,
        ticket: Ticket,
    ) -> Result<(Reply, Option<StepWork>), EngineError> {
        let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? else {
            return self.step_now(tenant, id, if_match, asked, ticket, true).await;
        };
        match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => return Ok((reply, None)),
            // What its first try did is found by looking, as for any other key.
            Standing::Resume { operation, .. } => {
                if let Some(operation) = operation {
                    self.give_up_step(tenant, id, asked.kind(), operation).await?;
                }
            }
        }
        match self.step_now(tenant, id, None, asked, ticket.clone(), false).await {
            Ok(done) => Ok(done),
            Err(error) => self.release_on_error(tenant, id, ticket, Err(error)).await.map(|reply| (reply, None)),
        }
    }

    async fn step_now(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: StepAsk,
        ticket: Ticket,
        claims: bool,
    ) -> Result<(Reply, Option<StepWork>), EngineError> {
        let begun = self.begin_step(tenant, id, if_match, &asked, &ticket, claims).await?;
        let work = StepWork::of(Arc::clone(self), tenant, begun.started, asked);
        match begun.answered {
            Some(reply) => Ok((reply, Some(work))),
            None => Ok((work.answer(ticket).await?, None)),
        }
    }
}
