//! What became of steps whose process died or whose answer was lost: the financer's own state tells, once nothing of them
//! can still be on its way.

use std::sync::Arc;

use lendport_core::{Attempt, AttemptId, AttemptState, CheckoutId, EventType, NextActionKind, OperationKind, Phase};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::resolve::conclude;
use crate::take_in::Draft;

const LEFT_NO_TRACE: &str = "it left no trace at the financer; ask for it again";

impl Engine {
    /// Settles what a look tells of. Whoever calls has just looked.
    pub(crate) async fn settle_unknown_steps(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        for unknown in self.unknown_operations(tenant, id, attempt, OperationKind::STEPS).await? {
            let (tools, now) = (self.tools.clone(), self.clock.steady());
            let ask = ChangeAsk { operation: Some(unknown.id), ..ChangeAsk::default() };
            let (_, result) = self
                .change(tenant, id, ask, move |loaded| {
                    let stored = loaded.operation.filter(|stored| stored.phase == Phase::Unknown);
                    let (Some(mut operation), Some(known)) = (stored, loaded.record.attempt(attempt)) else {
                        return (Change::abort(), Ok(()));
                    };
                    let phase = match took_effect(operation.kind, known) {
                        true => Phase::Settled,
                        false if operation.lease_until <= now => Phase::Failed,
                        // It may still be on its way.
                        false => return (Change::abort(), Ok(())),
                    };
                    let mut draft = Draft::of(&tools, loaded.record);
                    let told = match phase {
                        Phase::Failed => {
                            operation.error = Some(LEFT_NO_TRACE.to_owned());
                            draft.announce(&[EventType::OperationFailed])
                        }
                        _ => Ok(()),
                    };
                    match told.and_then(|()| conclude(&mut draft, operation, phase)) {
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

/// True when the attempt has come to where the step leads.
fn took_effect(kind: OperationKind, attempt: &Attempt) -> bool {
    let next = attempt.next_action.as_ref().map(|action| action.kind);
    let waits_for = |kinds: &[NextActionKind]| {
        attempt.state == AttemptState::AwaitingCustomer && next.is_some_and(|next| kinds.contains(&next))
    };
    match kind {
        OperationKind::Apply => !waits_for(&[NextActionKind::Apply]),
        OperationKind::Agree => {
            let unsigned = waits_for(&[NextActionKind::SignAgreement, NextActionKind::Pay]);
            unsigned || signed(attempt.state)
        }
        OperationKind::Sign => signed(attempt.state),
        // Nothing shows whether it was taken in; the next signature tells.
        _ => false,
    }
}

fn signed(state: AttemptState) -> bool {
    use AttemptState::{AwaitingMerchant, ChargedBack, Refunded};
    state.is_committed() || matches!(state, AwaitingMerchant | Refunded | ChargedBack)
}
