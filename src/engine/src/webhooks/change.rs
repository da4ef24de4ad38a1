//! One transaction about the outbox, with or without an idempotency key.

use std::sync::Arc;

use lendport_storage::{
    ChangeOutcome, Claim, ClaimState, ClaimWrite, OutboxAsk, OutboxChange, OutboxLoaded, Tenant, change_outbox_with,
};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Standing, Ticket};

/// A decision and what comes of it. A refusal writes nothing, so that a repeat is judged anew.
pub(super) type Judged<T> = Result<(OutboxChange, T), EngineError>;

impl Engine {
    /// Decides and writes.
    pub(super) async fn change_outbox<T: Send + 'static>(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        mut decide: impl FnMut(OutboxLoaded<'_>) -> Judged<T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let changed = change_outbox_with(self.outbox.as_ref(), tenant, ask, move |loaded| match decide(loaded) {
            Ok((change, result)) => (change, Ok(result)),
            Err(error) => (OutboxChange::abort(), Err(error)),
        });
        match changed.await? {
            (ChangeOutcome::Done, Some(result)) => result,
            (ChangeOutcome::NotFound, _) => Err(EngineError::NotFound),
            // Nobody asked for a claim, and a change that is done was decided on.
            (ChangeOutcome::Claimed(_) | ChangeOutcome::Done, _) => {
                Err(EngineError::Internal("a change of the outbox did not run".to_owned()))
            }
        }
    }

    /// Decides, writes, and stores the answer in the same transaction; a repeat hears that answer.
    pub(super) async fn answer_outbox(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        ticket: Ticket,
        decide: impl Fn(OutboxLoaded<'_>) -> Judged<Effect> + Send + Sync + 'static,
    ) -> Result<Reply, EngineError> {
        let work = Work { tenant, ask, ticket, decide: Arc::new(decide) };
        let row = match self.run(&work, Some(work.ticket.claim(self))).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(row)) => row,
            Err(EngineError::Store(error)) => return self.finished_or(error, tenant, &work.ticket).await,
            Err(error) => return Err(error),
        };
        match work.ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => Ok(reply),
            Standing::Resume { .. } => {
                let result = match self.run(&work, None).await {
                    Ok(Ok(reply)) => return Ok(reply),
                    Ok(Err(_)) => EngineError::KeyInFlight,
                    Err(error) => error,
                };
                self.give_back(tenant, &work.ticket).await?;
                Err(result)
            }
        }
    }

    async fn run(
        &self,
        work: &Work,
        claim: Option<Claim>,
    ) -> Result<Result<Reply, lendport_storage::IdempotencyRow>, EngineError> {
        let (ticket, decide, owner) = (work.ticket.clone(), Arc::clone(&work.decide), self.settings.owner.clone());
        let ask = OutboxAsk { claim, ..work.ask.clone() };
        let changed = change_outbox_with(self.outbox.as_ref(), work.tenant, ask, move |loaded| match decide(loaded) {
            Ok((mut change, effect)) => {
                let (rendered, claim) = ticket.close(&owner, &Ok(effect));
                change.claim = Some(claim);
                (change, Ok(rendered.into()))
            }
            Err(error) => (OutboxChange::abort(), Err(error)),
        });
        match changed.await? {
            (ChangeOutcome::Done, Some(result)) => result.map(Ok),
            (ChangeOutcome::Claimed(row), _) => Ok(Err(row)),
            (ChangeOutcome::NotFound, _) => Err(EngineError::NotFound),
            (ChangeOutcome::Done, None) => Err(EngineError::Internal("a change of the outbox did not run".to_owned())),
        }
    }

    /// Gives a claim that was taken over back, so that its key is not stuck until the lease ends.
    async fn give_back(&self, tenant: Tenant, ticket: &Ticket) -> Result<(), EngineError> {
        let Claim { route, key, owner, .. } = ticket.claim(self);
        let claim = ClaimWrite { route, key, owner, state: ClaimState::Resumable };
        self.change_outbox(tenant, OutboxAsk::default(), move |_| {
            Ok((OutboxChange { claim: Some(claim.clone()), ..OutboxChange::default() }, ()))
        })
        .await
    }
}

type Decision = dyn Fn(OutboxLoaded<'_>) -> Judged<Effect> + Send + Sync;

struct Work {
    tenant: Tenant,
    ask: OutboxAsk,
    ticket: Ticket,
    decide: Arc<Decision>,
}
