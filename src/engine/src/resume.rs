//! Going on with a key whose create ended without a lasting answer.

use std::sync::Arc;

use lendport_core::{Attempt, AttemptState, CheckoutId, CheckoutRecord, OperationId, OperationKind};
use lendport_storage::Tenant;

use crate::attempt_start::{Key, On};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Ticket};

/// Looks at a checkout that changes all the time before the caller is asked to come again.
const LOOKS_MAX: u32 = 8;

impl Engine {
    /// Goes on with a checkout whose create ended without a lasting answer.
    pub(crate) async fn resume_open(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        operation: Option<OperationId>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        self.settle_interrupted(tenant, id, operation).await?;
        // An earlier try may have come through meanwhile, with the latest one still unknown.
        let choose = |record: &CheckoutRecord| {
            record.attempts.iter().find(|one| came_through(one)).or(record.attempts.last()).cloned()
        };
        Box::pin(self.resume(tenant, id, choose, ticket)).await
    }

    /// Goes on with the try that this key started, whichever financer it was with.
    pub(crate) async fn resume_start(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        operation: Option<OperationId>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        self.settle_interrupted(tenant, id, operation).await?;
        let creates = self.store.operations(tenant, id, OperationKind::Create).await?;
        let started = creates.iter().find(|known| Some(known.id) == operation).map(|known| known.attempt);
        let choose = |record: &CheckoutRecord| {
            let earlier = started.and_then(|attempt| record.attempt(attempt))?;
            let known = |attempt: &&Attempt| attempt.provider == earlier.provider && came_through(attempt);
            Some(record.attempts.iter().find(known).unwrap_or(earlier).clone())
        };
        Box::pin(self.resume(tenant, id, choose, ticket)).await
    }

    /// Goes on from the chosen attempt. What was decided on an older version of the checkout is decided again: a push may
    /// have told meanwhile what became of the create.
    async fn resume(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        choose: impl Fn(&CheckoutRecord) -> Option<Attempt> + Send + Sync,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        for _ in 0..LOOKS_MAX {
            let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
            let seen = record.checkout.version;
            let Some(earlier) = choose(&record) else {
                return Err(EngineError::Internal("an idempotency key of an attempt that is not there".to_owned()));
            };
            let result = Box::pin(self.resume_from(tenant, record, &earlier, ticket.clone())).await;
            if !matches!(result, Err(EngineError::CommitFence { .. } | EngineError::PreconditionFailed)) {
                return result;
            }
            let now = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
            if now.checkout.version == seen {
                return result;
            }
        }
        Err(EngineError::KeyInFlight)
    }

    /// Tries again at the same financer where that is safe; shows the checkout where the earlier try came through.
    async fn resume_from(
        self: &Arc<Self>,
        tenant: Tenant,
        record: CheckoutRecord,
        earlier: &Attempt,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let harmless = self.provider(&earlier.provider)?.may_repeat_create(&record.checkout);
        match earlier.state {
            AttemptState::Failed => {}
            AttemptState::Indeterminate if harmless => {}
            AttemptState::Initiating | AttemptState::Indeterminate => {
                let checkout = reference_to(&record);
                return Err(EngineError::CommitFence { checkout, holder: earlier.state });
            }
            _ => {
                let result = self.view(&record).map(|view| Effect::Checkout(Box::new(view)));
                return self.close_ticket(tenant, record.checkout.id, ticket, result).await;
            }
        }
        let on = On { if_match: Some(record.checkout.version), leaving: None };
        self.start_on(tenant, record, &earlier.provider, on, Key::TakenOver, ticket).await
    }
}

/// The provider has it, as far as anybody knows.
fn came_through(attempt: &Attempt) -> bool {
    match attempt.state {
        AttemptState::Initiating | AttemptState::Indeterminate => false,
        AttemptState::Refunded | AttemptState::ChargedBack => true,
        state => !state.is_over(),
    }
}
