//! Taking a step that is stored, and writing down what came of it. Nothing that the customer said is written.

use std::sync::Arc;

use lendport_core::provider::Found;
use lendport_core::{
    Attempt, AttemptState, CallContext, CallLog, CascadeHints, Claim, EventType, NextActionKind, Operation,
    OperationKind, Phase, ProviderError, ProviderRef, Source, Stepped,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use super::begin::Started;
use super::view::AgreementView;
use super::{DOCUMENT, StepAsk};
use crate::call_outcome::may_have_committed;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::found::{take_found, word_of};
use crate::ship::failed;
use crate::take_in::Draft;
use crate::ticket::{Effect, Reply, Ticket};

const NO_AGREEMENT: &str = "no agreement can be made as things stand; read the offer";
const PAYMENT_FIRST: &str = "a payment is due first: hand on another means of payment, then the signature again";
pub(super) const EXPIRED: &str = "the agreement has expired; start the next attempt";
const NOT_SIGNED: &str = "it could not be signed as things stand; read the agreement again";

/// A step that is stored and waits to be taken. It holds what the customer said, and shows nothing of it.
pub struct StepWork {
    engine: Arc<Engine>,
    tenant: Tenant,
    started: Started,
    asked: StepAsk,
}

impl std::fmt::Debug for StepWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepWork").field("operation", &self.started.operation.id).finish_non_exhaustive()
    }
}

impl StepWork {
    pub(super) fn of(engine: Arc<Engine>, tenant: Tenant, started: Started, asked: StepAsk) -> Self {
        Self { engine, tenant, started, asked }
    }

    /// Takes the step. What comes of it is told by events and by the checkout.
    pub async fn run(self) {
        let checkout = self.started.record.checkout.id;
        if let Err(error) = self.take(None).await {
            tracing::error!(checkout.id = %checkout, %error, "what came of a step could not be written; it will be looked for");
        }
    }

    /// Takes the step, and answers when it is done.
    pub(super) async fn answer(self, ticket: Ticket) -> Result<Reply, EngineError> {
        self.take(Some(ticket)).await?.ok_or(EngineError::NotFound)
    }

    async fn take(self, ticket: Option<Ticket>) -> Result<Option<Reply>, EngineError> {
        let Self { engine, tenant, started, asked } = self;
        let Started { record, attempt, mut operation, account } = started;
        // What was stored with the intent stays with it.
        let (calls, id) = (CallLog::after(operation.calls), record.checkout.id);
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: engine.clock.now(), calls: &calls };
        let hints = CascadeHints::of(&record.attempts, &attempt);
        let call = engine.stepwise(&attempt)?.step(context, &record.checkout, &attempt, asked.step(hints));
        let answered = engine.counted(tenant, &attempt.provider, call).await;
        note(&calls, &answered);
        // From here on nobody needs what the customer said.
        drop(asked);
        operation.calls = calls.records();
        (operation.phase, operation.error) = outcome(operation.kind, &answered);
        tracing::info!(
            checkout.id = %id, attempt.id = %attempt.id, provider = %attempt.provider, step = operation.kind.as_str(),
            phase = operation.phase.as_str(), "step answered"
        );
        let (own, attempt_id) = (Arc::clone(&engine), attempt.id);
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = engine
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&own.tools, loaded.record).knowing(loaded.open_items);
                let operation = known_better(&operation, loaded.operation);
                if let Err(error) = record_step(&mut draft, &attempt, &operation, &answered) {
                    return (Change::abort(), Err(error));
                }
                let Some(ticket) = &ticket else { return (draft.finish(), Ok(None)) };
                let (change, reply) = own.answer_step(draft, &attempt, operation.kind, &answered, ticket);
                (change, Ok(Some(reply)))
            })
            .await?;
        // What was signed is confirmed at once.
        engine.wake_settling(true);
        let reply = result.unwrap_or(Err(EngineError::NotFound))?;
        engine.settle_unknown_steps(tenant, id, attempt_id).await?;
        Ok(reply)
    }
}

/// Adds to the operation's record which document there is to sign.
fn note(calls: &CallLog, answered: &Result<Stepped, ProviderError>) {
    if let Ok(Stepped { agreement: Some(agreement), .. }) = answered {
        calls.note(DOCUMENT, &agreement.document_sha256);
    }
}

fn state_of(stepped: &Stepped) -> Option<AttemptState> {
    match stepped.retrieved.claim {
        Claim::State { state, .. } => Some(state),
        _ => None,
    }
}

/// Why a step that was answered did not do what it is for.
fn shortcoming(kind: OperationKind, stepped: &Stepped) -> Option<&'static str> {
    let state = state_of(stepped);
    let signed = state.is_some_and(|state| state == AttemptState::AwaitingMerchant || state.is_committed());
    let next = stepped.retrieved.next_action.as_ref().map(|action| action.kind);
    match kind {
        OperationKind::Agree if state == Some(AttemptState::Expired) => Some(EXPIRED),
        OperationKind::Agree if stepped.agreement.is_none() && !signed => Some(NO_AGREEMENT),
        OperationKind::Sign if signed => None,
        OperationKind::Sign if state == Some(AttemptState::Expired) => Some(EXPIRED),
        OperationKind::Sign if next == Some(NextActionKind::Pay) => Some(PAYMENT_FIRST),
        OperationKind::Sign => Some(NOT_SIGNED),
        _ => None,
    }
}

fn outcome(kind: OperationKind, answered: &Result<Stepped, ProviderError>) -> (Phase, Option<String>) {
    match answered {
        Ok(stepped) => match shortcoming(kind, stepped) {
            None => (Phase::Settled, None),
            Some(why) => (Phase::Failed, Some(why.to_owned())),
        },
        Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
        Err(error) => (Phase::Failed, Some(error.message.clone())),
    }
}

/// An answer that tells nothing takes nothing back that a look has found out meanwhile.
fn known_better(operation: &Operation, stored: Option<Operation>) -> Operation {
    let concluded = stored.filter(|stored| matches!(stored.phase, Phase::Settled | Phase::Failed));
    match concluded {
        Some(Operation { phase, error, .. }) if operation.phase == Phase::Unknown => {
            Operation { phase, error, ..operation.clone() }
        }
        _ => operation.clone(),
    }
}

/// Takes in how the request stands after the step; of one without a known outcome the next look tells.
pub(super) fn record_step(
    draft: &mut Draft,
    asked: &Attempt,
    operation: &Operation,
    answered: &Result<Stepped, ProviderError>,
) -> Result<(), EngineError> {
    let operation = Operation { updated_at: draft.now, ..operation.clone() };
    match answered {
        Ok(stepped) => take_stepped(draft, asked, stepped, Source::Answer)?,
        Err(error) => {
            if !may_have_committed(error) {
                draft.announce(&[EventType::OperationFailed])?;
            }
            draft.reschedule(asked.id);
            draft.look_at(asked.id, operation.lease_until);
        }
    }
    if draft.record.attempt(asked.id).is_some_and(|now| now.state == AttemptState::AwaitingMerchant) {
        draft.look_now(asked.id);
    }
    draft.change.operations.push(operation);
    Ok(())
}

/// Takes in what a step says of the request.
pub(super) fn take_stepped(
    draft: &mut Draft,
    asked: &Attempt,
    stepped: &Stepped,
    source: Source,
) -> Result<(), EngineError> {
    let reference = asked.reference.clone().unwrap_or(ProviderRef(String::new()));
    let found = Found { reference, retrieved: stepped.retrieved.clone(), others: 0 };
    let (word, details) = (word_of(&found.retrieved, 0), found.retrieved.details.clone());
    take_found(draft, asked, &found, source, details, (word, None)).map(drop)
}

impl Engine {
    fn answer_step(
        &self,
        draft: Draft,
        attempt: &Attempt,
        kind: OperationKind,
        answered: &Result<Stepped, ProviderError>,
        ticket: &Ticket,
    ) -> (Change, Reply) {
        let failure = match answered {
            Err(error) => Some(failed(&attempt.provider, error, &draft.record)),
            Ok(stepped) => shortcoming(kind, stepped)
                .map(|wanted| EngineError::WrongState { checkout: reference_to(&draft.record), wanted }),
        };
        let agreement = answered.as_ref().ok().and_then(|stepped| stepped.agreement.as_ref());
        let (Some(agreement), None, OperationKind::Agree) = (agreement, &failure, kind) else {
            return self.answer(draft, failure, ticket);
        };
        // The document names the customer, and this answer is kept for repeats: who shows it reads it.
        let (mut change, view) = draft.finish_to_see(|record| AgreementView::of(record, agreement).without_document());
        let (rendered, claim) = ticket.close(&self.settings.owner, &Ok(Effect::Agreement(Box::new(view))));
        change.claim = Some(claim);
        (change, rendered.into())
    }
}
