//! After a crash: calls that were under way become unknown, never failed.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{
    AttemptState, CallRecord, CheckoutId, Claim, Details, Grade, Operation, OperationId, OperationKind, Phase, Reason,
    Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::call_outcome::send_of;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::expire::is_full;
use crate::settle::settle_command;
use crate::take_in::{Draft, Fact};

impl Engine {
    /// Marks interrupted calls as unknown. At start, on a store that only one process can hold, every call that was
    /// under way was interrupted; later only those whose lease has passed. Says how many there were.
    pub async fn recover_interrupted(self: &Arc<Self>, at_start: bool) -> Result<u64, EngineError> {
        let before = if at_start && self.store.exclusive() { Timestamp::MAX } else { self.leases_over() };
        let (mut recovered, mut failed) = (0, None);
        loop {
            let found = self.store.interrupted_calls(self.work(before)).await?;
            let (full, already) = (is_full(found.len()), recovered);
            for call in found {
                // One that cannot be marked does not keep the others.
                match self.mark_unknown(call.tenant, call.operation).await {
                    Ok(true) => recovered += 1,
                    // It was settled while we came to it.
                    Ok(false) => {}
                    Err(error) => failed = Some(error),
                }
            }
            if !full || recovered == already {
                return failed.map_or(Ok(recovered), Err);
            }
        }
    }

    /// Marks the interrupted create of a claim that was taken over as unknown: nobody works on it. Creates of other
    /// keys may be under way and are left alone.
    pub(crate) async fn settle_interrupted(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        claimed: Option<OperationId>,
    ) -> Result<(), EngineError> {
        for operation in self.store.operations(tenant, id, OperationKind::Create).await? {
            if operation.phase == Phase::Sent && Some(operation.id) == claimed {
                self.mark_unknown(tenant, operation).await?;
            }
        }
        Ok(())
    }

    /// Marks one call, unless its answer or another recovery was quicker; says which.
    pub(crate) async fn mark_unknown(
        self: &Arc<Self>,
        tenant: Tenant,
        operation: Operation,
    ) -> Result<bool, EngineError> {
        let tools = self.tools.clone();
        let id = operation.checkout;
        let (attempt, operation) = (operation.attempt, operation.id);
        let ask = ChangeAsk { operation: Some(operation), open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let Some(mut operation) = loaded.operation.filter(|stored| stored.phase == Phase::Sent) else {
                    return (Change::abort(), Ok(false));
                };
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                operation.interrupt(draft.now);
                operation.calls.push(CallRecord::interrupted());
                if let Some(phase) = draft.told_by_state(&operation) {
                    return match settle_command(&mut draft, operation, phase) {
                        Ok(()) => (draft.finish(), Ok(true)),
                        Err(error) => (Change::abort(), Err(error)),
                    };
                }
                let taken = match operation.kind {
                    OperationKind::Create => draft
                        .observe(Fact {
                            attempt: operation.attempt,
                            grade: Grade::Operator,
                            source: Source::Gateway,
                            claim: Claim::State {
                                state: AttemptState::Indeterminate,
                                reason: Some(Reason::new("interrupted")),
                            },
                            details: Details::default(),
                            raw_status: None,
                            reference: None,
                            dedupe_key: format!("interrupted:{}", send_of(&operation)),
                        })
                        .and_then(|_| draft.flag_unverified_amount(operation.attempt)),
                    // Reading has no effect that could be unknown.
                    OperationKind::Retrieve => Ok(()),
                    // The financer's own state tells, once nothing of it can still be on its way.
                    OperationKind::Apply | OperationKind::AddPayment | OperationKind::Agree | OperationKind::Sign => {
                        draft.reschedule(attempt);
                        draft.look_at(attempt, operation.lease_until);
                        Ok(())
                    }
                    OperationKind::Capture
                    | OperationKind::Cancel
                    | OperationKind::Refund
                    | OperationKind::Shipment
                    | OperationKind::Finalize
                    | OperationKind::Amend => draft.flag_unknown_command(&operation),
                };
                operation.phase = match operation.kind {
                    OperationKind::Create => draft.phase_of_unanswered(&operation),
                    _ => operation.phase,
                };
                draft.change.operations.push(operation);
                match taken {
                    Ok(()) => (draft.finish(), Ok(true)),
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        if let Some(Ok(true)) = result {
            tracing::warn!(checkout.id = %id, attempt.id = %attempt, operation.id = %operation, "interrupted call is now unknown");
        }
        result.unwrap_or(Ok(false))
    }
}
