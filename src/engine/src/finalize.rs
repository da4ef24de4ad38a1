//! What a customer signed is confirmed by the gateway: once, by the worker that saw it, and never again on a guess.
//!
//! The intent is stored before the call. A confirmation without a known outcome, be it that its answer was lost or that its
//! sender died, is asked for a few times more with growing pauses, each time telling the adapter that it may have been sent;
//! then it is a person's. The attempt stays where it is meanwhile, so that nobody else is started.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::provider::Found;
use lendport_core::{
    Ability, Attempt, AttemptId, AttemptState, AttentionDraft, AttentionKind, CallContext, CallLog, CheckoutId,
    CheckoutRecord, EventType, Finalized, Operation, OperationKind, Phase, ProviderAccount, ProviderError, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::call_outcome::may_have_committed;
use crate::command_start::EXCLUSIVE;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::found::{take_found, word_of};
use crate::polling::after;
use crate::refresh::Looked;
use crate::take_in::Draft;

/// Seconds that have to pass after the latest confirmation without a known outcome, by how many there were. After one more it
/// is left to a person.
const PAUSES_S: [i64; 4] = [5, 30, 120, 600];

/// So many refusals that say nothing of the order, such as a wrong key, and a person is asked. Each time it is asked for again
/// after that, one is enough.
const REFUSALS_MAX: usize = 5;
/// The calls of one confirmation, at most: an adapter looks, confirms and, where that is refused, undoes.
const CALLS: i32 = 3;

const FENCED: &str =
    "the customer signed here after another financer committed; it is not confirmed: cancel it at this one";
const NOT_CONFIRMED: &str = "what was signed was not confirmed";

/// What earlier confirmations of an attempt came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Earlier {
    /// How many there were.
    sent: usize,
    /// How many of them are known to have come to nothing.
    failed: usize,
    /// How many of them have no known outcome.
    unknown: usize,
    /// Since when nothing more is known of the latest of those.
    unclear_since: Option<Timestamp>,
}

impl Earlier {
    /// How long the next one has to wait: nothing where no outcome is open. None when there were enough of them.
    fn rest(&self, now: Timestamp) -> Option<SignedDuration> {
        let Some(since) = self.unclear_since else { return Some(SignedDuration::ZERO) };
        let pause = SignedDuration::from_secs(*PAUSES_S.get(self.unknown.saturating_sub(1))?);
        // Where the clock was set back meanwhile, it is waited for no longer than that.
        Some(pause.saturating_sub(now.duration_since(since)).clamp(SignedDuration::ZERO, pause))
    }
}

impl Engine {
    /// Confirms what the customer signed, unless that is under way, a person's, or not allowed by the commit fence.
    pub(crate) async fn finalize(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let known = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        let waits = known.state == AttemptState::AwaitingMerchant;
        if !waits || self.require(&known.provider, Ability::Finalize).is_err() {
            return Ok(());
        }
        let Some(earlier) = self.earlier_confirmations(tenant, id, attempt).await? else { return Ok(()) };
        match earlier.rest(self.clock.now()) {
            None => return Ok(()),
            Some(rest) if rest.is_zero() => {}
            Some(rest) => return self.look_at(tenant, id, attempt, after(self.clock.steady(), rest)).await,
        }
        let account = self.account(tenant, &known.provider).await?;
        let Some(operation) = self.begin_finalize(tenant, &record, attempt).await? else { return Ok(()) };
        let (answered, calls) = self.send_finalize(tenant, &account, &record, &known, earlier.unknown > 0).await?;
        let mut operation = operation;
        operation.calls = calls.records();
        (operation.phase, operation.error) = outcome(&answered);
        tracing::info!(
            checkout.id = %id, %attempt, provider = %known.provider, phase = operation.phase.as_str(),
            "confirmation answered"
        );
        let tools = self.tools.clone();
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                // Given up as interrupted meanwhile; a later try, or a person, settles it.
                if loaded.operation.is_none_or(|stored| stored.phase != Phase::Sent) {
                    return (Change::abort(), Ok(None));
                }
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                match record_finalize(&mut draft, &known, &operation, &answered, earlier) {
                    Ok(looked) => (draft.finish(), Ok(Some(looked))),
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        match result.unwrap_or(Ok(None))? {
            // What had no known outcome before has one now.
            Some(looked) => self.settle_unknown_commands(tenant, id, attempt, looked).await,
            None => Ok(()),
        }
    }

    /// What earlier confirmations came to; none while any exclusive command of the attempt is under way.
    async fn earlier_confirmations(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<Option<Earlier>, EngineError> {
        let mut earlier = Earlier::default();
        for kind in EXCLUSIVE {
            let sent = self.store.operations(tenant, id, *kind).await?;
            for one in sent.iter().filter(|one| one.attempt == attempt) {
                match (kind, one.phase) {
                    (OperationKind::Finalize, Phase::Unknown) => {
                        earlier.unknown += 1;
                        earlier.unclear_since = earlier.unclear_since.max(Some(one.updated_at));
                    }
                    (_, Phase::Settled | Phase::Failed) => {}
                    _ => return Ok(None),
                }
                earlier.sent += usize::from(*kind == OperationKind::Finalize);
                earlier.failed += usize::from((*kind, one.phase) == (OperationKind::Finalize, Phase::Failed));
            }
        }
        Ok(Some(earlier))
    }

    /// Stores the intent, on the very checkout that was looked at. None when it changed, when a person has to look first,
    /// or when another financer committed.
    async fn begin_finalize(
        self: &Arc<Self>,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: AttemptId,
    ) -> Result<Option<Operation>, EngineError> {
        let operation = self.new_operation(record.checkout.id, attempt, OperationKind::Finalize);
        let operation = Operation { lease_until: self.lease_end_of(CALLS), ..operation };
        let (stored, tools, seen) = (operation.clone(), self.tools.clone(), record.checkout.version);
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, begun) = self
            .change(tenant, record.checkout.id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                if loaded.record.checkout.version != seen || draft.is_open(attempt, AttentionKind::AgreementMismatch) {
                    return (Change::abort(), Ok(false));
                }
                if loaded.record.attempts.iter().any(|other| other.id != attempt && other.state.holds_the_fence()) {
                    let flagged = draft.flag(attempt, AttentionDraft::new(AttentionKind::LateApproval, FENCED));
                    return match flagged {
                        Ok(()) => (draft.finish(), Ok(false)),
                        Err(error) => (Change::abort(), Err(error)),
                    };
                }
                draft.touch();
                draft.change.operations.push(stored.clone());
                (draft.finish(), Ok(true))
            })
            .await?;
        Ok(begun.unwrap_or(Ok(false))?.then_some(operation))
    }

    async fn send_finalize(
        &self,
        tenant: Tenant,
        account: &ProviderAccount,
        record: &CheckoutRecord,
        attempt: &Attempt,
        sent_before: bool,
    ) -> Result<(Result<Finalized, ProviderError>, CallLog), EngineError> {
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let provider = self.provider(&attempt.provider)?;
        let call = provider.finalize(context, &record.checkout, attempt, sent_before);
        let answered = self.counted(tenant, &attempt.provider, call).await;
        Ok((answered, calls))
    }
}

fn outcome(answered: &Result<Finalized, ProviderError>) -> (Phase, Option<String>) {
    use lendport_core::Claim::State;
    match answered {
        Ok(done) => match done.retrieved.claim {
            State { state, .. } if state.is_committed() || state.is_over() => (Phase::Settled, None),
            _ => (Phase::Failed, Some(NOT_CONFIRMED.to_owned())),
        },
        Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
        Err(error) => (Phase::Failed, Some(error.message.clone())),
    }
}

/// Writes what came of it. Where nothing did, the next look comes the later the more there were.
fn record_finalize(
    draft: &mut Draft,
    asked: &Attempt,
    operation: &Operation,
    answered: &Result<Finalized, ProviderError>,
    earlier: Earlier,
) -> Result<Looked, EngineError> {
    let operation = Operation { updated_at: draft.now, ..operation.clone() };
    let looked = match answered {
        Ok(done) => {
            let reference = asked.reference.clone().unwrap_or(lendport_core::ProviderRef(String::new()));
            let found = Found { reference, retrieved: done.retrieved.clone(), others: 0 };
            // It is what binds, whatever was said before.
            if let Some(echoed) = found.retrieved.amount_echoed.filter(|echoed| asked.amount_echoed != Some(*echoed)) {
                draft.amend(asked.id, |attempt| {
                    attempt.amount_accepted &= echoed == attempt.amount;
                    attempt.amount_echoed = Some(echoed);
                });
            }
            let (word, details) = (word_of(&found.retrieved, 0), found.retrieved.details.clone());
            let looked = take_found(draft, asked, &found, Source::Answer, details, (word, None))?;
            if !looked.news {
                // The operation tells that it was tried; a try a minute would fill the history.
                draft.change.observations.clear();
            }
            if let Some(attention) = &done.attention {
                draft.flag(asked.id, attention.clone())?;
            }
            looked
        }
        Err(error) => {
            draft.announce(&[EventType::OperationFailed])?;
            if operation.phase == Phase::Failed && earlier.failed + 1 >= REFUSALS_MAX {
                let detail = format!("what the customer signed cannot be confirmed: {}", error.message);
                draft.flag(asked.id, AttentionDraft::new(AttentionKind::AgreementMismatch, detail))?;
            }
            if operation.phase == Phase::Unknown {
                draft.flag_unknown_command(&operation)?;
            }
            Looked::default()
        }
    };
    if draft.record.attempt(asked.id).is_some_and(|now| now.state == AttemptState::AwaitingMerchant) {
        draft.schedule(asked.id, u32::try_from(earlier.sent).unwrap_or(u32::MAX).saturating_add(1));
    }
    draft.change.operations.push(operation);
    Ok(looked)
}
