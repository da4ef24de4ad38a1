//! A create whose sender died before an answer was there, and of which the provider's own search knows nothing: it is sent
//! again with the same content and the same token of idempotency, so that there is one request whatever became of the
//! first send. Only where the provider's descriptor says that this is safe, a few times, and for a while; everything else
//! waits for evidence, or for a person.

use std::sync::Arc;

use lendport_core::{
    Attempt, AttemptId, AttemptState, CascadeHints, CheckoutId, CommitClass, Operation, OperationKind, Phase,
    ResendVerdict, RetryClass,
};
use lendport_storage::{Change, ChangeAsk, Loaded, Tenant};

use crate::attempt_start::Start;
use crate::create_call::Answered;
use crate::engine::{Engine, digest};
use crate::error::EngineError;
use crate::take_in::Draft;

impl Engine {
    /// Sends the attempt's create again where that is safe; a look has just found nothing of it.
    pub(crate) async fn send_again(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        let creates = self.store.operations(tenant, id, OperationKind::Create).await?;
        let interrupted = |create: &&Operation| create.attempt == attempt.id && create.is_interrupted();
        let Some(create) = creates.iter().find(interrupted).filter(|_| is_nowhere(&attempt)) else { return Ok(()) };
        let account = self.account(tenant, &attempt.provider).await?;
        let Some(rule) = self.provider(&attempt.provider)?.resend(&record.checkout, &account.settings) else {
            return Ok(());
        };
        let token = self.settings.callback_key.token(attempt.id);
        // Pushes to the address that the first send named have to be heard.
        if account.id != attempt.account || digest(token.expose()) != attempt.callback_digest {
            return Ok(());
        }
        let now = self.clock.now();
        match rule.verdict(attempt.created_at, create.updated_at, create.sends(), now) {
            ResendVerdict::Never => return Ok(()),
            ResendVerdict::NotBefore(at) => return self.look_at(tenant, id, attempt.id, at).await,
            ResendVerdict::Now => {}
        }
        let again = Operation {
            phase: Phase::Sent,
            error: None,
            lease_until: self.lease_end(),
            updated_at: now,
            ..create.clone()
        };
        let hints = CascadeHints::of(&record.attempts, &attempt);
        let start = Start { attempt, operation: again, token, hints };
        if self.store_send(tenant, create.clone(), &start).await? {
            let (answered, calls) = self.send_create(tenant, &record.checkout, &start, &account, None).await?;
            let mut operation = start.operation.clone();
            operation.calls.extend(calls);
            self.store_answer(tenant, start.attempt, operation, answered).await?;
        }
        Ok(())
    }

    /// Stores that the create goes out again, unless anything was heard or decided since it was looked at. Says whether it
    /// does.
    async fn store_send(&self, tenant: Tenant, create: Operation, start: &Start) -> Result<bool, EngineError> {
        let (tools, again, id) = (self.tools.clone(), start.operation.clone(), start.attempt.id);
        let ask = ChangeAsk { operation: Some(create.id), ..ChangeAsk::default() };
        let (_, begun) = self
            .change(tenant, create.checkout, ask, move |loaded| {
                let alone = loaded
                    .record
                    .attempts
                    .iter()
                    .all(|other| if other.id == id { is_nowhere(other) } else { other.state.is_over() });
                if loaded.operation.as_ref() != Some(&create) || !alone {
                    return (Change::abort(), false);
                }
                let mut draft = Draft::of(&tools, loaded.record);
                draft.touch();
                draft.change.operations.push(again.clone());
                (draft.finish(), true)
            })
            .await?;
        Ok(begun == Some(true))
    }

    /// Stores what came of it. An error says nothing of the first send: the attempt stays of unknown outcome.
    async fn store_answer(
        self: &Arc<Self>,
        tenant: Tenant,
        attempt: Attempt,
        operation: Operation,
        answered: Answered,
    ) -> Result<(), EngineError> {
        let engine = Arc::clone(self);
        let id = operation.checkout;
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, written) = self
            .change(tenant, id, ask, move |loaded| {
                match engine.answer_of_resend(loaded, &attempt, operation.clone(), &answered) {
                    Ok(Some(draft)) => (draft.finish(), Ok(())),
                    Ok(None) => (Change::abort(), Ok(())),
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        written.unwrap_or(Err(EngineError::NotFound))
    }

    fn answer_of_resend(
        &self,
        loaded: Loaded<'_>,
        attempt: &Attempt,
        mut operation: Operation,
        answered: &Answered,
    ) -> Result<Option<Draft>, EngineError> {
        let now = self.clock.now();
        operation.updated_at = now;
        let error = match answered {
            Ok(_) => {
                operation.phase = Phase::Settled;
                let (mut draft, _) = self.record_create(loaded, attempt, &operation, answered)?;
                draft.change.operations.push(operation);
                return Ok(Some(draft));
            }
            Err(error) => error,
        };
        // Whoever took this send for interrupted goes on with it.
        let ours = |stored: &Operation| stored.phase == Phase::Sent && stored.lease_until == operation.lease_until;
        if !loaded.operation.as_ref().is_some_and(ours) {
            return Ok(None);
        }
        let mut draft = Draft::of(&self.tools, loaded.record).knowing(loaded.open_items);
        match (error.commit, error.retry) {
            // Nobody knows as much as before, and the token may be used again.
            (CommitClass::NotSent, _) | (CommitClass::Unknown, RetryClass::SameRequest) => operation.interrupt(now),
            _ => (operation.phase, operation.error) = (Phase::Unknown, Some(error.message.clone())),
        }
        operation.phase = draft.phase_of_unanswered(&operation);
        draft.change.operations.push(operation);
        Ok(Some(draft))
    }
}

/// Nobody knows of it, here or there.
fn is_nowhere(attempt: &Attempt) -> bool {
    attempt.state == AttemptState::Indeterminate && attempt.reference.is_none()
}
