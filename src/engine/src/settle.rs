//! What is not known yet is looked at again: by look-ups where the provider can be asked, by waiting where it pushes.
//! Nothing fails by age alone.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{
    AttemptId, AttemptState, AttentionKind, CheckoutId, CheckoutRecord, Operation, OperationKind, Phase, Source,
    cascade,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::due_work::Kind;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::look_turn::LookTurn;
use crate::polling::Polling;
use crate::refresh::Looked;
use crate::resolve::conclude;
use crate::schedule::Look;
use crate::seen_in_state::{SEEN_IN_STATE, outcome_of};
use crate::take_in::Draft;
use crate::undo::ended_here;

impl Engine {
    /// Looks at every attempt that is due: asks the provider, or tells a person of its silence. Says how many were looked
    /// at. One that cannot be asked does not keep the others; a provider that is down is asked again later.
    pub async fn settle_due(self: &Arc<Self>) -> Result<u64, EngineError> {
        self.work_off(Kind::Looks).await
    }

    /// Settles one; whatever happens, it is not due again at once.
    pub(crate) async fn settle_or_put_off(
        self: &Arc<Self>,
        tenant: Tenant,
        checkout: CheckoutId,
        attempt: AttemptId,
    ) -> Result<LookTurn, EngineError> {
        match self.settle_one(tenant, checkout, attempt).await {
            Err(EngineError::Provider { provider, error, .. }) => {
                tracing::warn!(checkout.id = %checkout, attempt.id = %attempt, %provider, %error, "look-up failed");
                Ok(LookTurn::Looked)
            }
            Err(error) => {
                tracing::error!(checkout.id = %checkout, attempt.id = %attempt, %error, "cannot be settled");
                if let Err(error) = self.put_off(tenant, checkout, attempt).await {
                    tracing::error!(checkout.id = %checkout, attempt.id = %attempt, %error, "still due");
                }
                Err(error)
            }
            done => done,
        }
    }

    async fn settle_one(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<LookTurn, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let known = record.attempt(attempt).ok_or(EngineError::NotFound)?;
        let now = self.clock.steady();
        if known.poll_at.is_none_or(|at| at > now) {
            return Ok(LookTurn::Passed);
        }
        let latest = record.attempts.last().is_some_and(|latest| latest.id == attempt);
        let to_be_followed = latest && cascade::is_due(&record.checkout, &record.attempts, self.clock.now());
        // Whoever looks at a late approval may undo it, after which the next one follows.
        if to_be_followed && !self.is_held(tenant, &record).await? {
            self.start_follower(tenant, id).await?;
            return Ok(LookTurn::Looked);
        }
        if !self.tools.polling.can_ask(known) {
            let told = self.tell_of_silence(tenant, id, attempt).await?;
            return Ok(if told { LookTurn::Looked } else { LookTurn::Passed });
        }
        if !self.may_look(tenant, id, known, now).await? {
            return Ok(LookTurn::Later);
        }
        if known.polls == 0 {
            self.enter_in_list(tenant, &record, known).await?;
        }
        self.look_and_settle(tenant, &record, attempt).await?;
        Ok(LookTurn::Looked)
    }

    /// Looks, follows, and settles a late approval where the profile says how.
    pub(crate) async fn look_and_settle(
        self: &Arc<Self>,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let undone = self.look_and_follow(tenant, record.checkout.id, attempt).await?;
        if undone { Ok(()) } else { self.unwind_by_policy(tenant, record, attempt).await }
    }

    /// Looks, and does what has to be done about what is seen. Says whether that was something to be undone anyhow.
    pub(crate) async fn look_and_follow(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<bool, EngineError> {
        let looked = self.fetch_attempt(tenant, id, attempt, Source::Poll).await?;
        if let Some(stands) = looked.unwanted {
            self.undo(tenant, id, attempt, stands).await?;
        }
        if looked.nowhere {
            self.send_again(tenant, id, attempt).await?;
        }
        if looked.stands == Some(AttemptState::AwaitingMerchant) {
            self.finalize(tenant, id, attempt).await?;
        }
        Ok(looked.unwanted.is_some())
    }

    /// Lets an attempt wait that could not even be looked at.
    async fn put_off(&self, tenant: Tenant, id: CheckoutId, attempt: AttemptId) -> Result<(), EngineError> {
        let tools = self.tools.clone();
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        self.change(tenant, id, ask, move |loaded| {
            let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
            draft.put_off(attempt, Look::Failed { retry_after_s: None });
            (draft.finish(), ())
        })
        .await?;
        Ok(())
    }

    /// The provider cannot be asked and an answer is due: a person is told, once.
    async fn tell_of_silence(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<bool, EngineError> {
        let tools = self.tools.clone();
        let hours = self.settings.upkeep.silent_after_hours;
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let Some(known) = loaded.record.attempt(attempt) else { return (Change::abort(), Ok(false)) };
                if known.poll_at.is_none_or(|at| at > draft.tools.clock.steady()) {
                    return (Change::abort(), Ok(false));
                }
                match draft.tell_deadline(attempt) {
                    // A notice may be there before the answer to create, which says whom to ask.
                    Ok(told) if told || known.state == AttemptState::Initiating => {
                        draft.put_off(attempt, Look::Answered);
                        return (draft.finish(), Ok(true));
                    }
                    Ok(_) => draft.stop_asking(attempt),
                    Err(error) => return (Change::abort(), Err(error)),
                }
                if Polling::owes_an_answer(known)
                    && let Err(error) = draft.flag_silence(attempt, hours)
                {
                    return (Change::abort(), Err(error));
                }
                (draft.finish(), Ok(true))
            })
            .await?;
        result.unwrap_or(Ok(false))
    }

    /// Settles the attempt's commands whose outcome or effect is not known and that its state answers, and the items about
    /// them. `looked` is what a look just brought. One whose effect does not show for long becomes one of unknown outcome.
    pub(crate) async fn settle_unknown_commands(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        looked: Looked,
    ) -> Result<(), EngineError> {
        let patience = SignedDuration::from_hours(i64::from(self.settings.upkeep.silent_after_hours));
        for unknown in self.unknown_operations(tenant, id, attempt, SEEN_IN_STATE).await? {
            let tools = self.tools.clone();
            let ask = ChangeAsk { operation: Some(unknown.id), open_items: true, ..ChangeAsk::default() };
            let (_, result) = self
                .change(tenant, id, ask, move |loaded| {
                    let stored =
                        loaded.operation.filter(|stored| matches!(stored.phase, Phase::Unknown | Phase::Acknowledged));
                    let (Some(operation), Some(known)) = (stored, loaded.record.attempt(attempt)) else {
                        return (Change::abort(), Ok(()));
                    };
                    // What ended here says nothing of the provider.
                    let state = if ended_here(known) { looked.stands } else { Some(known.state) };
                    let outcome = match &operation.lines {
                        // A state says nothing of single units, but the books do.
                        Some(work) => work.is_booked(known, &loaded.record.ledger).then_some(Phase::Settled),
                        None => state.and_then(|state| outcome_of(operation.kind, state, looked.refunded)),
                    };
                    let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                    let lasts = draft.now.duration_since(operation.updated_at);
                    let settled = match outcome {
                        Some(phase) => settle_command(&mut draft, operation, phase),
                        None if operation.phase == Phase::Acknowledged && lasts >= patience => draft.give_up(operation),
                        None => return (Change::abort(), Ok(())),
                    };
                    // It has ended there too, so the command is all there was to learn.
                    if known.is_canceled_locally() && looked.stands.is_some_and(AttemptState::is_over) {
                        draft.stop_asking(attempt);
                    }
                    match settled {
                        Ok(()) => (draft.finish(), Ok(())),
                        Err(error) => (Change::abort(), Err(error)),
                    }
                })
                .await?;
            result.unwrap_or(Ok(()))?;
        }
        Ok(())
    }
}

/// Writes what became of a command, and settles the item about it.
pub(crate) fn settle_command(draft: &mut Draft, operation: Operation, phase: Phase) -> Result<(), EngineError> {
    let (attempt, kind, asked_at) = (operation.attempt, operation.kind, operation.updated_at);
    let about = |item: &&lendport_storage::AttentionItem| {
        item.attempt == attempt && item.kind == AttentionKind::UnknownCommand && item.opened_at == asked_at
    };
    let item = draft.open_items.iter().find(about).cloned();
    conclude(draft, operation, phase)?;
    draft.touch();
    draft.await_no_more(attempt, kind);
    if let Some(item) = item {
        let word = if phase == Phase::Settled { "took effect" } else { "took no effect" };
        draft.close_by_evidence(&item, &format!("the financer's own state says that the {} {word}", kind.as_str()))?;
    }
    draft.reschedule(attempt);
    Ok(())
}

impl Draft {
    /// The effect of a command that was taken in does not show: what became of it is a person's to find out.
    fn give_up(&mut self, operation: Operation) -> Result<(), EngineError> {
        let operation = Operation { phase: Phase::Unknown, updated_at: self.now, ..operation };
        // An approval that goes away at last was taken back here all the same.
        if operation.kind != OperationKind::Cancel {
            self.await_no_more(operation.attempt, operation.kind);
        }
        self.flag_unknown_command(&operation)?;
        self.change.operations.push(operation);
        Ok(())
    }
}
