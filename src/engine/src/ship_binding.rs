//! Shipments that move money: none is sent again on a guess, and none beside another one.

use std::sync::Arc;

use lendport_core::{Attempt, AttemptId, CheckoutId, CheckoutRecord, Operation, OperationKind, Phase};
use lendport_storage::Tenant;

use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::ticket::Effect;
use crate::view::ShipmentView;

const UNKNOWN: &str =
    "an earlier shipment has no known outcome yet; look at the checkout's timeline and at what needs a person";

impl Engine {
    /// True where telling of a shipment twice does harm.
    pub(crate) fn ships_once(&self, attempt: &Attempt) -> Result<bool, EngineError> {
        Ok(!self.provider(&attempt.provider)?.may_repeat_shipment())
    }

    /// Refuses while a shipment of the attempt is under way, or nobody knows what became of it.
    pub(crate) async fn refuse_beside_another(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let known = self.store.operations(tenant, record.checkout.id, OperationKind::Shipment).await?;
        let open = |one: &Operation| one.attempt == attempt && !matches!(one.phase, Phase::Settled | Phase::Failed);
        if known.iter().any(open) {
            return Err(EngineError::WrongState { checkout: reference_to(record), wanted: UNKNOWN });
        }
        Ok(())
    }

    /// What became of a shipment that is asked for again under its key; none where it had no effect, so that sending is
    /// right.
    pub(crate) async fn earlier_shipment(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        operation: &Operation,
    ) -> Result<Option<Effect>, EngineError> {
        if operation.phase == Phase::Sent {
            // The key was taken over, so nobody waits for the answer.
            self.mark_unknown(tenant, operation.clone()).await?;
        }
        match operation.phase {
            Phase::Failed => Ok(None),
            Phase::Settled => {
                let shown = ShipmentView::of(operation).map(|view| Effect::Shipment(Box::new(view)));
                let missing = || EngineError::Internal("a shipment operation without a shipment".to_owned());
                shown.map(Some).ok_or_else(missing)
            }
            _ => {
                let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
                Err(EngineError::WrongState { checkout: reference_to(&record), wanted: UNKNOWN })
            }
        }
    }
}

impl Draft {
    /// Asks a person what became of a shipment; the item is found by the operation's moment.
    pub(crate) fn ask_about_shipment(&mut self, operation: &mut Operation) -> Result<(), EngineError> {
        operation.updated_at = self.now;
        self.flag_unknown_command(operation)
    }
}
