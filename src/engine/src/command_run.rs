//! One command to a financer: what goes on with a key that started it, sending it, and what came of it. It is never sent
//! again on a guess.

use std::sync::Arc;

use lendport_core::provider::Retrieved;
use lendport_core::{
    Attempt, AttemptState, CallContext, CallLog, CheckoutId, Claim, EventType, Grade, Operation, OperationId,
    OperationKind, Phase, ProviderAccount, ProviderError, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::call_outcome::may_have_committed;
use crate::command_start::{Asked, Command, EXCLUSIVE, Started};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::settle::settle_command;
use crate::ship::failed;
use crate::take_in::{Draft, Fact};
use crate::ticket::{Effect, Reply, Standing, Ticket};

const UNKNOWN: &str = "an earlier call of this command has no known outcome yet; look at the checkout's timeline";

impl Engine {
    /// Carries a command out, or goes on with the one that this key started.
    pub(crate) async fn command(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        asked: Asked<'_>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? else {
            return self.command_now(tenant, id, asked, ticket, true).await;
        };
        let earlier = match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => return Ok(reply),
            Standing::Resume { operation, .. } => operation,
        };
        let result = async {
            if let Some(reply) = self.settle_earlier(tenant, id, earlier, &ticket).await? {
                return Ok(reply);
            }
            // Its first try has changed the version.
            let asked = Asked { if_match: None, ..asked };
            self.command_now(tenant, id, asked, ticket.clone(), false).await
        }
        .await;
        self.release_on_error(tenant, id, ticket, result).await
    }

    /// An earlier call of this command may have committed: look, never send again. `None` when it is known to have had
    /// no effect, so that sending is right.
    async fn settle_earlier(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        earlier: Option<OperationId>,
        ticket: &Ticket,
    ) -> Result<Option<Reply>, EngineError> {
        let Some(operation) = self.earlier(tenant, id, earlier).await? else { return Ok(None) };
        if operation.phase == Phase::Sent {
            // The key was taken over, so nobody waits for the answer.
            self.mark_unknown(tenant, operation.clone()).await?;
        }
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?;
        if matches!(operation.phase, Phase::Sent | Phase::Unknown) && self.tools.polling.can_ask(attempt) {
            self.fetch_attempt(tenant, id, operation.attempt, Source::Fetch).await?;
        }
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        match self.earlier(tenant, id, earlier).await?.map(|now| (now.phase, now)) {
            Some((Phase::Settled | Phase::Acknowledged, now)) => {
                let result = self.view(&record).map(|view| Effect::Checkout(Box::new(view.with_lines(&now))));
                self.close_ticket(tenant, id, ticket.clone(), result).await.map(Some)
            }
            Some((Phase::Sent | Phase::Unknown, _)) => {
                Err(EngineError::WrongState { checkout: reference_to(&record), wanted: UNKNOWN })
            }
            _ => Ok(None),
        }
    }

    async fn earlier(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        earlier: Option<OperationId>,
    ) -> Result<Option<Operation>, EngineError> {
        for kind in EXCLUSIVE {
            let known = self.store.operations(tenant, id, *kind).await?;
            if let Some(found) = known.into_iter().find(|operation| Some(operation.id) == earlier) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Stores the command, sends it, and stores what came of it.
    async fn command_now(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        asked: Asked<'_>,
        ticket: Ticket,
        claims: bool,
    ) -> Result<Reply, EngineError> {
        let started = self.start_command(tenant, id, asked, &ticket, claims).await;
        // An equal request that was quicker is not "another command": its answer is this one's too, once it is there.
        if started.is_err() && claims && self.store.idempotency(tenant, &ticket.route, &ticket.key).await?.is_some() {
            return Err(EngineError::KeyInFlight);
        }
        let started = started?;
        if matches!(started.command, Command::Lines { .. }) {
            return self.run_lines(tenant, id, started, ticket).await;
        }
        let Started { attempt, operation, command, account } = started;
        let (mut answered, calls) = self.send(tenant, &account, &attempt, &command).await?;
        if let (Command::Cancel { lines, .. }, Ok(told)) = (&command, &mut answered)
            && told.details.lines.is_empty()
            && matches!(told.claim, Claim::State { state: AttemptState::Canceled, .. })
        {
            told.details.lines.clone_from(lines);
        }
        let mut operation = operation;
        operation.calls = calls.records();
        let can_look = self.tools.polling.can_ask(&attempt);
        (operation.phase, operation.error) = match &answered {
            Ok(told) => (phase_of(operation.kind, &told.claim, can_look), None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        let engine = Arc::clone(self);
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let stored = loaded.operation;
                let mut draft = Draft::of(&engine.tools, loaded.record).knowing(loaded.open_items);
                match record_command(&mut draft, &attempt, stored, &operation, &answered) {
                    Ok(failure) => {
                        let (change, reply) = engine.answer(draft, failure, &ticket);
                        (change, Ok(reply))
                    }
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    pub(crate) async fn send(
        &self,
        tenant: Tenant,
        account: &ProviderAccount,
        attempt: &Attempt,
        command: &Command,
    ) -> Result<(Result<Retrieved, ProviderError>, CallLog), EngineError> {
        let provider = self.provider(&attempt.provider)?;
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let call = match command {
            Command::Cancel { reason, .. } => provider.cancel(context, attempt, reason.as_deref()),
            Command::Capture => provider.capture(context, attempt),
            Command::Lines { .. } => return Err(EngineError::Internal("lines sent as a whole".to_owned())),
            Command::Refund { amount, reason } => provider.refund(context, attempt, *amount, reason.as_deref()),
            Command::Amend { callback_url, .. } => provider.amend_callback(context, attempt, callback_url),
        };
        let answered = self.counted(tenant, &attempt.provider, call).await;
        Ok((answered, calls))
    }
}

/// How far a command has come that the provider took in: its effect may show later than its answer comes.
fn phase_of(kind: OperationKind, claim: &Claim, can_look: bool) -> Phase {
    use AttemptState::{Captured, ChargedBack, Refunded};
    let shows = match (kind, claim) {
        (OperationKind::Capture, Claim::State { state, .. }) => matches!(state, Captured | Refunded | ChargedBack),
        (OperationKind::Cancel, Claim::State { state, .. }) => state.is_over(),
        (OperationKind::Capture | OperationKind::Cancel, _) => false,
        _ => true,
    };
    if shows || !can_look { Phase::Settled } else { Phase::Acknowledged }
}

/// What an answer does to the checkout, and what went wrong with it. `stored` is the operation as it stands: where the
/// answer took so long that somebody else has settled it, its amounts are counted already.
fn record_command(
    draft: &mut Draft,
    attempt: &Attempt,
    stored: Option<Operation>,
    answered_operation: &Operation,
    answered: &Result<Retrieved, ProviderError>,
) -> Result<Option<EngineError>, EngineError> {
    let operation = Operation { updated_at: draft.now, ..answered_operation.clone() };
    let was = stored.as_ref().map(|stored| stored.phase);
    match answered {
        Ok(found) => {
            let counted = was == Some(Phase::Settled) && matches!(found.claim, Claim::Refund { .. });
            let details = draft.with_refund(attempt.id, found, &operation)?;
            let total = details.refunded.is_some();
            let fact = Fact {
                attempt: attempt.id,
                grade: Grade::Fetched,
                source: Source::Answer,
                claim: if counted && !total { Claim::Nothing } else { found.claim.clone() },
                details,
                raw_status: found.raw_status.clone(),
                reference: None,
                dedupe_key: format!("answer:{}", operation.id),
            };
            draft.learn_deadlines(attempt.id, found.expires_at, found.capture_by);
            draft.observe(fact)?;
        }
        Err(_) => draft.announce(&[EventType::OperationFailed])?,
    }
    if operation.kind == OperationKind::Amend {
        match operation.phase {
            // It still pushes to the address it had.
            Phase::Failed => draft.amend(attempt.id, |now| now.callback_digest.clone_from(&attempt.callback_digest)),
            // What it pushed to the old one in between was refused.
            _ => draft.look_now(attempt.id),
        }
    }
    match (was, operation.phase) {
        // It was given up as interrupted, and an item asks what became of it.
        (Some(Phase::Unknown), phase @ (Phase::Settled | Phase::Failed)) => {
            // The item was opened when it was given up.
            let updated_at = stored.map_or(operation.updated_at, |stored| stored.updated_at);
            settle_command(draft, Operation { updated_at, ..operation }, phase)?;
        }
        (Some(Phase::Settled), Phase::Unknown | Phase::Failed | Phase::Acknowledged) | (Some(Phase::Unknown), _) => {}
        (_, Phase::Unknown) => match draft.told_by_state(&operation) {
            // A notice of its effect was quicker than the answer that did not come.
            Some(phase) => settle_command(draft, operation, phase)?,
            None => {
                draft.flag_unknown_command(&operation)?;
                draft.change.operations.push(operation);
            }
        },
        (_, Phase::Acknowledged) => {
            // Looked at until the effect shows.
            draft.amend(attempt.id, |attempt| attempt.awaited = Some(operation.kind));
            draft.reschedule(attempt.id);
            draft.change.operations.push(operation);
        }
        _ => {
            draft.await_no_more(attempt.id, operation.kind);
            draft.change.operations.push(operation);
        }
    }
    Ok(answered.as_ref().err().map(|error| failed(&attempt.provider, error, &draft.record)))
}
