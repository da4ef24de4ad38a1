//! A create goes out for a stored try, and what came of it is stored: an unknown outcome stays unknown.

use std::sync::Arc;

use lendport_core::{
    Attempt, AttemptState, AttentionDraft, AttentionKind, CallContext, CallLog, CallRecord, Checkout, Claim,
    CreateRequest, Created, Details, ErrorKind, Grade, Operation, Phase, ProviderAccount, ProviderError, Reason,
    Source,
};
use lendport_storage::{Change, ChangeAsk, Loaded, Tenant};

use crate::attempt_start::Start;
use crate::breaker::Admission;
use crate::call_outcome::{commit_word, kind_word, may_have_committed, send_of};
use crate::cascade::{Following, Next, follow_at};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::take_in::{Draft, Fact};
use crate::ticket::{Reply, Ticket};

/// What came of a call for a try.
pub(crate) enum Called {
    /// The merchant is answered.
    Answered(Reply),
    /// Nobody waits for an answer.
    Stored,
    /// The next financer was stored with it, and has to be called.
    Follows(Box<Following>),
}

/// What a provider answered to a create.
pub(crate) type Answered = Result<Created, ProviderError>;

impl Engine {
    /// Calls the provider for a stored try and stores what came of it, the answer to the merchant included. Where others
    /// follow by themselves, the answer is that of the last one.
    pub(crate) async fn call_create(
        self: &Arc<Self>,
        tenant: Tenant,
        first: Following,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let mut next = first;
        loop {
            match self.call_once(tenant, next, Some(&ticket)).await? {
                Called::Answered(reply) => return Ok(reply),
                Called::Follows(following) => next = *following,
                Called::Stored => return Err(EngineError::Internal("an answer was not written down".to_owned())),
            }
        }
    }

    /// Calls for one try, and stores what came of it: together with the answer to the merchant where one waits for it, or
    /// with the try that follows.
    pub(crate) async fn call_once(
        self: &Arc<Self>,
        tenant: Tenant,
        following: Following,
        ticket: Option<&Ticket>,
    ) -> Result<Called, EngineError> {
        let Following { checkout, start, account, admission } = following;
        let accounts = self.accounts_to_follow(tenant, &checkout).await;
        let (answered, calls) = self.send_create(tenant, &checkout, &start, &account, admission).await?;
        let Start { attempt, operation, .. } = start;
        let mut operation = operation;
        operation.calls = calls;
        operation.updated_at = self.clock.now();
        (operation.phase, operation.error) = match &answered {
            Ok(_) => (Phase::Settled, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) if error.kind == ErrorKind::Declined => (Phase::Settled, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        let engine = Arc::clone(self);
        let closing = ticket.cloned();
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, checkout.id, ask, move |loaded| {
                // It took so long that it was taken for interrupted and sent again: that send says what became of it.
                let sent_again = |stored: &Operation| stored.interruptions() > 0 && stored.phase != Phase::Unknown;
                if answered.is_err() && loaded.operation.as_ref().is_some_and(sent_again) {
                    return (Change::abort(), Err(EngineError::KeyInFlight));
                }
                match engine.record_create(loaded, &attempt, &operation, &answered) {
                    Err(error) => (Change::abort(), Err(error)),
                    Ok((mut draft, failure)) => {
                        let mut operation = operation.clone();
                        if operation.phase == Phase::Unknown {
                            operation.phase = draft.phase_of_unanswered(&operation);
                        }
                        draft.change.operations.push(operation);
                        engine.go_on_or_answer(tenant, draft, failure, accounts.as_deref(), closing.as_ref())
                    }
                }
            })
            .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    /// Ends a change that has stored what became of a create: the next financer is started with it where one follows by
    /// itself, else the merchant is answered.
    fn go_on_or_answer(
        &self,
        tenant: Tenant,
        mut draft: Draft,
        failure: Option<EngineError>,
        accounts: Option<&[ProviderAccount]>,
        ticket: Option<&Ticket>,
    ) -> (Change, Result<Called, EngineError>) {
        // Without knowing the accounts nobody is passed over, and nobody is begun when the process is about to end: a worker
        // finds what is to follow.
        let accounts = accounts.filter(|_| !self.takes_no_more());
        let next = accounts.map_or(Ok(Next::Nobody), |accounts| self.add_follower(&mut draft, tenant, accounts));
        match next {
            Err(error) => (Change::abort(), Err(error)),
            Ok(Next::Starts(starts)) => {
                let (start, account, admission) = *starts;
                draft.change.claimed_operation = ticket.map(|_| start.operation.id);
                draft.change.claim = ticket.map(|ticket| ticket.hold(self));
                let (change, checkout) = draft.finish_to_see(|record| record.checkout.clone());
                let following = Following { checkout, start, account, admission: Some(admission) };
                (change, Ok(Called::Follows(Box::new(following))))
            }
            Ok(stays) => {
                let (mut change, called) = match ticket {
                    None => (draft.finish(), Called::Stored),
                    Some(ticket) => {
                        let (change, reply) = self.answer(draft, failure, ticket);
                        (change, Called::Answered(reply))
                    }
                };
                if let Next::Later(at) = stays {
                    follow_at(&mut change, at);
                }
                (change, Ok(called))
            }
        }
    }

    /// Sends a create: for the first time, or again where its sender died before.
    pub(crate) async fn send_create(
        &self,
        tenant: Tenant,
        checkout: &Checkout,
        start: &Start,
        account: &ProviderAccount,
        admission: Option<Admission>,
    ) -> Result<(Answered, Vec<CallRecord>), EngineError> {
        let Start { attempt, operation, token, hints } = start;
        let provider = Arc::clone(self.provider(&attempt.provider)?);
        let calls = CallLog::new();
        let callback_url = self.callback_url(&attempt.provider, token);
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let checkout = self.returning_here(tenant, checkout.clone(), attempt);
        let request = CreateRequest { checkout: &checkout, attempt, callback_url: &callback_url, hints: *hints };
        let sends = operation.sends();
        let answered = match sends {
            0 => self.admitted(tenant, &attempt.provider, admission, &calls, provider.create(context, request)).await,
            // It may be there already, so that nothing new is begun.
            _ => self.looked(tenant, &attempt.provider, &calls, provider.create_again(context, request)).await,
        };
        tracing::info!(
            checkout.id = %checkout.id, attempt.id = %attempt.id, provider = %attempt.provider, sends = sends + 1,
            outcome = answered.as_ref().map_or_else(|error| commit_word(error.commit), |_| "accepted"),
            "create answered"
        );
        Ok((answered, calls.records()))
    }

    /// What an answer to create does to the checkout, and what went wrong with it.
    pub(crate) fn record_create(
        &self,
        loaded: Loaded<'_>,
        attempt: &Attempt,
        operation: &Operation,
        answered: &Answered,
    ) -> Result<(Draft, Option<EngineError>), EngineError> {
        let record = loaded.record;
        let mut draft = Draft::of(&self.tools, record).knowing(loaded.open_items);
        // A notice came before this answer. What it told of may be younger than the answer is.
        let noticed = record
            .attempt(attempt.id)
            .is_some_and(|known| known.state == AttemptState::Initiating && known.poll_at.is_some());
        // A commitment that came before this answer was not flagged for its amount: the answer might have said it.
        let waited = loaded.operation.as_ref().is_some_and(|stored| stored.phase == Phase::Sent)
            && record
                .attempt(attempt.id)
                .is_some_and(|known| known.state == AttemptState::Initiating || known.state.is_committed());
        let fact = |claim, details, raw_status, reference| Fact {
            attempt: attempt.id,
            grade: Grade::Fetched,
            source: Source::Answer,
            claim,
            details,
            raw_status,
            reference,
            dedupe_key: format!("answer:{}", send_of(operation)),
        };
        match answered {
            Ok(created) => {
                let differs = created.amount_echoed.is_some_and(|echoed| echoed != attempt.amount);
                let stop = differs && created.mismatch_stops;
                draft.amend(attempt.id, |stored| {
                    // What a person accepted was not this.
                    stored.amount_accepted &= created.amount_echoed.is_none_or(|echoed| echoed == stored.amount);
                    stored.amount_echoed = created.amount_echoed;
                    stored.expires_at = created.expires_at.or(stored.expires_at);
                    stored.capture_by = created.capture_by.or(stored.capture_by);
                    if !stop {
                        stored.next_action.clone_from(&created.next_action);
                    }
                });
                // A push may have told us of a commitment meanwhile; it stays one, and the sums block the shipment.
                let committed = draft.record.attempt(attempt.id).is_some_and(|known| known.state.is_committed());
                let claim = if stop && !committed {
                    Claim::State { state: AttemptState::Failed, reason: Some(Reason::new("amount_mismatch")) }
                } else {
                    Claim::state(created.state)
                };
                let reference = Some(created.reference.clone());
                draft.observe(fact(claim, created.details.clone(), created.raw_status.clone(), reference))?;
                // A push that came first had the provider asked for what this answer says.
                draft.reschedule(attempt.id);
                if noticed {
                    draft.look_now(attempt.id);
                }
                let kept = draft.record.attempt(attempt.id).and_then(|known| known.reference.as_ref());
                if kept.is_some_and(|kept| *kept != created.reference) {
                    let detail =
                        "the answer to create names another request than a message did; the first name is kept";
                    draft.flag(attempt.id, AttentionDraft::new(AttentionKind::ContradictingEvidence, detail))?;
                }
                if waited {
                    draft.flag_unverified_amount(attempt.id)?;
                }
                if let Some(answered) = created.amount_echoed.filter(|_| differs) {
                    let detail = format!("asked for {}, the provider says {answered}", attempt.amount);
                    draft.flag(attempt.id, AttentionDraft::new(AttentionKind::AmountMismatch, detail))?;
                    if stop {
                        let checkout = reference_to(&draft.record);
                        let provider = attempt.provider.clone();
                        let asked = attempt.amount;
                        let failure = EngineError::AmountMismatch { provider, asked, answered, checkout };
                        return Ok((draft, Some(failure)));
                    }
                }
            }
            Err(error) => {
                let state = match error.kind {
                    _ if may_have_committed(error) => AttemptState::Indeterminate,
                    // Its no is an answer, and others may be asked.
                    ErrorKind::Declined => AttemptState::Declined,
                    _ => AttemptState::Failed,
                };
                let claim = Claim::State { state, reason: Some(Reason::new(kind_word(&error.kind))) };
                draft.observe(fact(claim, Details::default(), None, None))?;
                if waited {
                    draft.flag_unverified_amount(attempt.id)?;
                }
                let now_at = draft.record.attempt(attempt.id).map(|attempt| attempt.state);
                // A push may have told us better while the call was on its way.
                if matches!(now_at, Some(AttemptState::Failed | AttemptState::Indeterminate)) {
                    let checkout = Some(reference_to(&draft.record));
                    let (provider, error) = (attempt.provider.clone(), Box::new(error.clone()));
                    return Ok((draft, Some(EngineError::Provider { provider, error, checkout })));
                }
            }
        }
        Ok((draft, None))
    }
}
