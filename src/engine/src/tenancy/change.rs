//! One transaction about a merchant, a key or an account, with or without an idempotency key.

use std::sync::Arc;

use lendport_storage::{AdminAsk, AdminChange, AdminLoaded, ChangeOutcome, IdempotencyRow, Tenant, administer_with};

use super::By;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Standing, Ticket};

/// A decision and what comes of it. A refusal writes nothing, so that a repeat is judged anew.
pub(super) type Judged<T> = Result<(AdminChange, T), EngineError>;

impl Engine {
    /// Decides and writes.
    pub(super) async fn administer<T: Send + 'static>(
        &self,
        tenant: Tenant,
        ask: AdminAsk,
        mut decide: impl FnMut(AdminLoaded<'_>) -> Judged<T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let changed = administer_with(self.store.as_ref(), tenant, ask, move |loaded| match decide(loaded) {
            Ok((change, result)) => (change, Ok(result)),
            Err(error) => (AdminChange::abort(), Err(error)),
        });
        match changed.await? {
            (ChangeOutcome::Done, Some(result)) => result,
            // Nobody asked for a claim, and a change that is done was decided on.
            _ => Err(EngineError::Internal("an administrative change did not run".to_owned())),
        }
    }

    /// Decides, writes, and stores the answer in the same transaction; a repeat of the same asker hears that answer.
    pub(super) async fn answer_administered(
        &self,
        by: &By,
        tenant: Tenant,
        ask: AdminAsk,
        ticket: Ticket,
        decide: impl Fn(AdminLoaded<'_>) -> Judged<Effect> + Send + Sync + 'static,
    ) -> Result<Reply, EngineError> {
        let work = Work { claimant: by.tenant, tenant, ask, ticket, decide: Arc::new(decide) };
        let row = match self.run_administered(&work).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(row)) => row,
            Err(EngineError::Store(error)) => return self.finished_or(error, by.tenant, &work.ticket).await,
            Err(error) => return Err(error),
        };
        match work.ticket.standing(self, by.tenant, row).await? {
            Standing::Replay(reply) => Ok(reply),
            // A claim is stored together with its answer here, or neither is: there is nothing to go on with.
            Standing::Resume { .. } => Err(EngineError::KeyInFlight),
        }
    }

    async fn run_administered(&self, work: &Work) -> Result<Result<Reply, IdempotencyRow>, EngineError> {
        let (ticket, decide, owner) = (work.ticket.clone(), Arc::clone(&work.decide), self.settings.owner.clone());
        let ask = AdminAsk { claim: Some((work.claimant, work.ticket.claim(self))), ..work.ask.clone() };
        let changed = administer_with(self.store.as_ref(), work.tenant, ask, move |loaded| match decide(loaded) {
            Ok((mut change, effect)) => {
                let (rendered, claim) = ticket.close(&owner, &Ok(effect));
                change.claim = Some(claim);
                (change, Ok(rendered.into()))
            }
            Err(error) => (AdminChange::abort(), Err(error)),
        });
        match changed.await? {
            (ChangeOutcome::Done, Some(result)) => result.map(Ok),
            (ChangeOutcome::Claimed(row), _) => Ok(Err(row)),
            _ => Err(EngineError::Internal("an administrative change did not run".to_owned())),
        }
    }
}

type Decision = dyn Fn(AdminLoaded<'_>) -> Judged<Effect> + Send + Sync;

struct Work {
    claimant: Tenant,
    tenant: Tenant,
    ask: AdminAsk,
    ticket: Ticket,
    decide: Arc<Decision>,
}
