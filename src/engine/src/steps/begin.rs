//! A step is stored before it is taken, on the checkout that was looked at, and one of a kind at a time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::step::refuses;
use lendport_core::{
    Ability, Attempt, CheckoutId, CheckoutRecord, Operation, OperationId, OperationKind, Phase, ProviderAccount,
    Stepwise,
};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Tenant};

use super::StepAsk;
use super::consent;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::ticket::{Reply, Ticket};

/// Looks at a checkout that changes all the time before the caller is asked to look again.
const STARTS_MAX: u32 = 8;

const UNDER_WAY: &str = "an earlier step of this kind is under way, or it is not known yet what became of it; wait for \
                         its event, or try again in a few minutes";

/// A step that is stored and may be taken.
pub(super) struct Started {
    pub(super) record: CheckoutRecord,
    pub(super) attempt: Attempt,
    pub(super) operation: Operation,
    pub(super) account: ProviderAccount,
}

/// The same, with the answer where one is given before the step is taken.
pub(super) struct Begun {
    pub(super) started: Started,
    pub(super) answered: Option<Reply>,
}

impl Engine {
    /// The attempt that speaks for a checkout, where its application is carried by the merchant's own pages.
    pub(super) async fn carried(
        &self,
        tenant: Tenant,
        id: CheckoutId,
    ) -> Result<(CheckoutRecord, Attempt, ProviderAccount), EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?.clone();
        self.refuse_past_the_fence(&record, &attempt)?;
        self.require(&attempt.provider, Ability::Application)?;
        let account = self.account(tenant, &attempt.provider).await?;
        let carries = self.stepwise(&attempt)?.carries(&account.settings, tenant.mode);
        carries.map_err(|note| EngineError::NotSupported {
            provider: attempt.provider.clone(),
            ability: Ability::Application,
            note,
        })?;
        Ok((record, attempt, account))
    }

    /// Nothing is asked for, and nothing signed, once another try has committed: that one speaks for the checkout then.
    fn refuse_past_the_fence(&self, record: &CheckoutRecord, leading: &Attempt) -> Result<(), EngineError> {
        let waits = |other: &&Attempt| {
            other.id != leading.id
                && !other.state.is_over()
                && self.require(&other.provider, Ability::Application).is_ok()
        };
        if leading.state.is_committed() && record.attempts.iter().any(|other| waits(&other)) {
            return Err(EngineError::CommitFence { checkout: reference_to(record), holder: leading.state });
        }
        Ok(())
    }

    pub(super) fn stepwise(&self, attempt: &Attempt) -> Result<&dyn Stepwise, EngineError> {
        let missing = || EngineError::Internal(format!("{} declares steps and has none", attempt.provider));
        self.provider(&attempt.provider)?.steps().ok_or_else(missing)
    }

    /// Stores the intent; an application is answered in the same transaction.
    pub(super) async fn begin_step(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        asked: &StepAsk,
        ticket: &Ticket,
        claims: bool,
    ) -> Result<Begun, EngineError> {
        for _ in 0..STARTS_MAX {
            let (record, attempt, account) = self.carried(tenant, id).await?;
            if let Some(wanted) = refuses(asked.kind(), &attempt) {
                return Err(EngineError::WrongState { checkout: reference_to(&record), wanted });
            }
            if let StepAsk::Sign(consent) = asked {
                self.judge_consent(tenant, &attempt, consent).await?;
            }
            self.refuse_beside_a_step(tenant, &record, &attempt, asked.kind()).await?;
            let mut operation = self.new_operation(id, attempt.id, asked.kind());
            operation.calls = consent::beforehand(asked);
            let limit = SignedDuration::from_secs(i64::from(self.stepwise(&attempt)?.limit_s(asked.kind())));
            let ends = self.clock.steady().saturating_add(limit).unwrap_or(Timestamp::MAX);
            operation.lease_until = operation.lease_until.max(ends);

            let ask = ChangeAsk { claim: claims.then(|| ticket.claim(self)), ..ChangeAsk::default() };
            let held = (!claims).then(|| ticket.hold(self));
            let at_once = matches!(asked, StepAsk::Apply(_));
            let (engine, own, stored) = (Arc::clone(self), ticket.clone(), operation.clone());
            let seen = record.checkout.version;
            let (outcome, result) = self
                .change(tenant, id, ask, move |loaded| {
                    let version = loaded.record.checkout.version;
                    if if_match.is_some_and(|wanted| wanted != version) {
                        return (Change::abort(), Err(EngineError::PreconditionFailed));
                    }
                    if version != seen {
                        return (Change::abort(), Ok(None));
                    }
                    let mut draft = Draft::of(&engine.tools, loaded.record);
                    draft.touch();
                    draft.change.operations.push(stored.clone());
                    draft.change.claimed_operation = Some(stored.id);
                    draft.change.claim.clone_from(&held);
                    if at_once {
                        let (change, reply) = engine.answer(draft, None, &own);
                        return (change, Ok(Some(Some(reply))));
                    }
                    (draft.finish(), Ok(Some(None)))
                })
                .await?;
            match (outcome, result) {
                (ChangeOutcome::Done, Some(Ok(Some(answered)))) => {
                    let started = Started { record, attempt, operation, account };
                    return Ok(Begun { started, answered });
                }
                (ChangeOutcome::Done, Some(Ok(None))) => {}
                (ChangeOutcome::Done, Some(Err(error))) => return Err(error),
                (ChangeOutcome::Claimed(_), _) => return Err(EngineError::KeyInFlight),
                _ => return Err(EngineError::NotFound),
            }
        }
        Err(EngineError::PreconditionFailed)
    }

    /// One of a kind at a time. What may still be on its way to the financer is waited for: no look says yet that it had no
    /// effect.
    async fn refuse_beside_a_step(
        self: &Arc<Self>,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: &Attempt,
        kind: OperationKind,
    ) -> Result<(), EngineError> {
        for one in self.store.operations(tenant, record.checkout.id, kind).await? {
            let open = one.attempt == attempt.id && matches!(one.phase, Phase::Sent | Phase::Unknown);
            // The agreement is found by its own id whenever it comes into being.
            let found_anyhow = one.phase == Phase::Unknown && kind == OperationKind::Agree;
            if open && !found_anyhow && one.lease_until > self.clock.steady() {
                return Err(EngineError::WrongState { checkout: reference_to(record), wanted: UNDER_WAY });
            }
            if open && one.phase == Phase::Sent {
                self.mark_unknown(tenant, one).await?;
            }
        }
        Ok(())
    }

    /// Nobody waits for the answer of a step whose key was taken over.
    pub(super) async fn give_up_step(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        kind: OperationKind,
        operation: OperationId,
    ) -> Result<(), EngineError> {
        let known = self.store.operations(tenant, id, kind).await?;
        if let Some(sent) = known.into_iter().find(|one| one.id == operation && one.phase == Phase::Sent) {
            self.mark_unknown(tenant, sent).await?;
        }
        Ok(())
    }
}
