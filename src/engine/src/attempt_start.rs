//! One try at a provider: the intent is stored before the call, the result after it, and an unknown outcome stays so.

use std::sync::Arc;

use lendport_core::{
    Attempt, AttemptId, AttemptState, AttentionDraft, AttentionKind, CallContext, CallLog, Checkout, CheckoutId,
    CheckoutRecord, Claim, CreateRequest, Created, Details, ErrorKind, Grade, Operation, OperationId, OperationKind,
    Phase, ProviderAccount, ProviderError, ProviderId, Reason, Secret, Source, limits,
};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Loaded, Tenant, change_with};

use crate::call_outcome::{commit_word, kind_word, may_have_committed};
use crate::engine::{Engine, digest, reference_to};
use crate::error::EngineError;
use crate::take_in::{Draft, Fact};
use crate::ticket::{Reply, Standing, Ticket};

/// A try that is about to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) attempt: Attempt,
    pub(crate) operation: Operation,
    token: Secret<String>,
}

/// Where the key of a try stands. Whoever calls knows it: looking it up again would take another request's claim for
/// one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// To be claimed with the try.
    New,
    /// Claimed earlier, and taken over by this request.
    TakenOver,
}

impl Engine {
    /// Plans the next try; nothing is stored or sent yet.
    pub(crate) fn plan_attempt(&self, checkout: &Checkout, number: u32, account: &ProviderAccount) -> Start {
        let ids = self.tools.ids.as_ref();
        let now = self.clock.now();
        let token = ids.token();
        let capture =
            self.providers.get(&account.provider).map_or(checkout.capture, |known| match known.descriptor().capture {
                lendport_core::CaptureMode::ProviderManaged => lendport_core::CaptureMode::ProviderManaged,
                _ => checkout.capture,
            });
        let attempt = Attempt {
            id: AttemptId::mint(ids),
            checkout: checkout.id,
            number,
            provider: account.provider.clone(),
            account: account.id,
            state: AttemptState::Initiating,
            reason: None,
            evidence: None,
            reference: None,
            raw_status: None,
            callback_digest: digest(token.expose()),
            // Unguessable by its UUID, and new for every try (wegetfinancing.md 4.8 rule 11).
            merchant_reference: format!("{}-{number}", checkout.id),
            next_action: None,
            amount: checkout.cart.total,
            amount_echoed: None,
            capture,
            capture_by: None,
            amount_accepted: false,
            approval_confirmed: false,
            review_open: false,
            deadline_told: None,
            acknowledged: None,
            poll_at: None,
            polls: 0,
            expires_at: None,
            created_at: now,
            updated_at: now,
        };
        let operation = self.new_operation(checkout.id, attempt.id, OperationKind::Create);
        Start { attempt, operation, token }
    }

    pub(crate) fn new_operation(&self, checkout: CheckoutId, attempt: AttemptId, kind: OperationKind) -> Operation {
        let now = self.clock.now();
        Operation {
            id: OperationId::mint(self.tools.ids.as_ref()),
            checkout,
            attempt,
            kind,
            phase: Phase::Sent,
            shipment: None,
            calls: Vec::new(),
            error: None,
            lease_until: self.lease_end(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Starts the next, or a named, financer of a checkout. Refused by the commit fence.
    pub async fn start_attempt(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        provider: Option<String>,
        if_match: Option<u64>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        if let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? {
            let operation = match ticket.standing(self, tenant, row).await? {
                Standing::Replay(reply) => return Ok(reply),
                Standing::Resume { operation, .. } => operation,
            };
            let result = Box::pin(self.resume_start(tenant, id, operation, ticket.clone())).await;
            return self.release_on_error(tenant, id, ticket, result).await;
        }
        self.choose_and_start(tenant, id, provider, if_match, ticket).await
    }

    async fn choose_and_start(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        provider: Option<String>,
        if_match: Option<u64>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let chosen = match provider {
            Some(name) => ProviderId::parse(&name).filter(|id| self.providers.contains_key(id)),
            None => {
                let tried = |id: &&ProviderId| record.attempts.iter().any(|attempt| attempt.provider == **id);
                record.checkout.route.providers.iter().find(|id| !tried(id)).cloned()
            }
        };
        let Some(chosen) = chosen else {
            let at = lendport_core::Pointer::root().child("provider");
            let detail = "no financer of this checkout is left; name one that is set up";
            return Err(lendport_core::Invalid::one(&at, "unknown_provider", detail).into());
        };
        self.start_on(tenant, record, &chosen, if_match, Key::New, ticket).await
    }

    /// Stores the next try under the fence, then calls.
    pub(crate) async fn start_on(
        self: &Arc<Self>,
        tenant: Tenant,
        record: CheckoutRecord,
        provider: &ProviderId,
        if_match: Option<u64>,
        key: Key,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let account = self.account(tenant, provider).await?;
        let adapter = self.provider(provider)?;
        adapter.check(&record.checkout, &account.settings)?;
        let harmless = adapter.may_repeat_create(&record.checkout);
        let number = record.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(0) + 1;
        if number > limits::ATTEMPTS_MAX {
            let wanted = "it has had as many attempts as a checkout may have; open a new one";
            return Err(EngineError::WrongState { checkout: reference_to(&record), wanted });
        }
        let start = self.plan_attempt(&record.checkout, number, &account);
        let tools = self.tools.clone();
        let planned = start.clone();
        let id = record.checkout.id;
        let (claim, held) = match key {
            Key::New => (Some(ticket.claim(self)), None),
            Key::TakenOver => (None, Some(ticket.hold(self))),
        };
        let ask = ChangeAsk { claim, open_items: true, ..ChangeAsk::default() };
        let (outcome, result) = change_with(self.store.as_ref(), tenant, id, ask, move |loaded| {
            let refuse = |error| (Change::abort(), Err(error));
            if if_match.is_some_and(|version| version != loaded.record.checkout.version) {
                return refuse(EngineError::PreconditionFailed);
            }
            // A repeated create that nobody saw is no commitment; anything else that may be one stops us.
            let blocks = |attempt: &&Attempt| match attempt.state {
                AttemptState::Indeterminate => !(harmless && attempt.provider == planned.attempt.provider),
                state => state.holds_the_fence() || !state.is_over(),
            };
            if let Some(holder) = loaded.record.attempts.iter().find(blocks) {
                return refuse(EngineError::CommitFence {
                    checkout: reference_to(loaded.record),
                    holder: holder.state,
                });
            }
            if loaded.record.attempts.iter().any(|attempt| attempt.number >= planned.attempt.number) {
                return refuse(EngineError::PreconditionFailed);
            }
            let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
            draft.add_attempt(planned.attempt.clone());
            if let Err(error) = draft.supersede_by(&planned.attempt) {
                return refuse(error);
            }
            draft.change.operations.push(planned.operation.clone());
            draft.change.claimed_operation = Some(planned.operation.id);
            draft.change.claim.clone_from(&held);
            let (change, checkout) = draft.finish_to_see(|record| record.checkout.clone());
            (change, Ok(checkout))
        })
        .await?;
        match (outcome, result) {
            (ChangeOutcome::Done, Some(Ok(checkout))) => {
                self.call_create(tenant, checkout, start, account, ticket).await
            }
            (ChangeOutcome::Done, Some(Err(error))) => Err(error),
            (ChangeOutcome::Claimed(_), _) => Err(EngineError::KeyInFlight),
            (ChangeOutcome::NotFound, _) | (ChangeOutcome::Done, None) => Err(EngineError::NotFound),
        }
    }

    /// Calls the provider for a stored try and stores what came of it, the answer to the merchant included.
    pub(crate) async fn call_create(
        self: &Arc<Self>,
        tenant: Tenant,
        checkout: Checkout,
        start: Start,
        account: ProviderAccount,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let Start { attempt, operation, token } = start;
        let provider = Arc::clone(self.provider(&attempt.provider)?);
        let calls = CallLog::new();
        let callback_url = self.callback_url(&attempt.provider, &token);
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let request = CreateRequest { checkout: &checkout, attempt: &attempt, callback_url: &callback_url };
        let answered = provider.create(context, request).await;
        tracing::info!(
            checkout.id = %checkout.id, attempt.id = %attempt.id, provider = %attempt.provider,
            outcome = answered.as_ref().map_or_else(|error| commit_word(error.commit), |_| "accepted"),
            "create answered"
        );
        let mut operation = operation;
        operation.calls = calls.records();
        operation.updated_at = self.clock.now();
        (operation.phase, operation.error) = match &answered {
            Ok(_) => (Phase::Settled, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) if error.kind == ErrorKind::Declined => (Phase::Settled, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        let engine = Arc::clone(self);
        let closing = ticket.clone();
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = change_with(self.store.as_ref(), tenant, checkout.id, ask, move |loaded| {
            let settled = engine.record_create(loaded, &attempt, &operation, &answered);
            match settled {
                Err(error) => (Change::abort(), Err(error)),
                Ok((mut draft, failure)) => {
                    let mut operation = operation.clone();
                    if operation.phase == Phase::Unknown {
                        operation.phase = draft.phase_of_unanswered(&operation);
                    }
                    draft.change.operations.push(operation);
                    let (change, reply) = engine.answer(draft, failure, &closing);
                    (change, Ok(reply))
                }
            }
        })
        .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    /// What an answer to create does to the checkout, and what went wrong with it.
    fn record_create(
        &self,
        loaded: Loaded<'_>,
        attempt: &Attempt,
        operation: &Operation,
        answered: &Result<Created, ProviderError>,
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
            dedupe_key: format!("answer:{}", operation.id),
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
