//! Shipments that move money: none is sent again on a guess, and none beside another one. Where money follows lines, each unit
//! is sent once.

use std::sync::Arc;

use lendport_core::{
    Ability, Attempt, AttemptId, CheckoutId, CheckoutRecord, LineId, LineStanding, LineWay, LineWork, Operation,
    OperationKind, Phase, Shipment, ShipmentStatus, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::command_start::EXCLUSIVE;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::lines;
use crate::take_in::Draft;
use crate::ticket::{Effect, Ticket};
use crate::view::ShipmentView;

const UNKNOWN: &str = "an earlier shipment, or another command, is under way or has no known outcome yet; look at the checkout's \
                       timeline and at what needs a person";
const NOTHING_LEFT: &str = "nothing of it is left to ship";

impl Engine {
    /// True where telling of a shipment twice does harm.
    pub(crate) fn ships_once(&self, attempt: &Attempt) -> Result<bool, EngineError> {
        Ok(!self.provider(&attempt.provider)?.may_repeat_shipment())
    }

    /// Why a shipment is refused. An equal request that was quicker is not another shipment: its answer is this one's too, once
    /// it is there.
    pub(crate) async fn unless_in_flight(&self, tenant: Tenant, ticket: &Ticket, error: EngineError) -> EngineError {
        match self.store.idempotency(tenant, &ticket.route, &ticket.key).await {
            Ok(Some(_)) => EngineError::KeyInFlight,
            _ => error,
        }
    }

    /// Every line with what is booked of it, where the financer pays for what this shipment tells of.
    pub(crate) async fn financed_by_line(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: &Attempt,
        shipment: &Shipment,
    ) -> Result<Option<Vec<LineStanding>>, EngineError> {
        use ShipmentStatus::{Delivered, PartiallyShipped, Shipped};
        match shipment.status {
            PartiallyShipped | Shipped | Delivered => {
                self.lines_of(tenant, record, attempt, Ability::ConfirmShipment).await
            }
            _ => Ok(None),
        }
    }

    /// Refuses while a shipment of the attempt, or a command that may concern the same units, is under way, or nobody knows
    /// what became of it.
    pub(crate) async fn refuse_beside_another(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let open = |one: &Operation| one.attempt == attempt && !matches!(one.phase, Phase::Settled | Phase::Failed);
        for kind in [OperationKind::Shipment].iter().chain(EXCLUSIVE) {
            let known = self.store.operations(tenant, record.checkout.id, *kind).await?;
            if known.iter().any(open) {
                return Err(EngineError::WrongState { checkout: reference_to(record), wanted: UNKNOWN });
            }
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
        let operation = self.looked_after(tenant, id, operation).await?;
        match operation.phase {
            Phase::Failed => Ok(None),
            Phase::Settled => {
                let shown = ShipmentView::of(&operation).map(|view| Effect::Shipment(Box::new(view)));
                let missing = || EngineError::Internal("a shipment operation without a shipment".to_owned());
                shown.map(Some).ok_or_else(missing)
            }
            _ => {
                let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
                Err(EngineError::WrongState { checkout: reference_to(&record), wanted: UNKNOWN })
            }
        }
    }

    /// Stores that a shipment is sent once more that is known to have had no effect, with the books as they are now.
    pub(crate) async fn send_anew(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        mut operation: Operation,
    ) -> Result<Operation, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?;
        self.refuse_beside_another(tenant, &record, attempt.id).await?;
        if let (Some(work), Some(shipment)) = (&operation.lines, &operation.shipment) {
            let lines = self.financed_by_line(tenant, &record, attempt, shipment).await?;
            let asked: Vec<_> = work.asked.iter().map(|units| (units.line, units.quantity)).collect();
            operation.lines = lines.map(|lines| lines::named(LineWay::Ship, lines, &asked)).transpose()?;
        }
        (operation.phase, operation.error) = (Phase::Sent, None);
        (operation.lease_until, operation.updated_at) = (self.lease_end(), self.clock.now());
        let (stored, tools, seen) = (operation.clone(), self.tools.clone(), record.checkout.version);
        let ask = ChangeAsk { operation: Some(operation.id), ..ChangeAsk::default() };
        let (_, begun) = self
            .change(tenant, id, ask, move |loaded| {
                let failed = loaded.operation.is_some_and(|known| known.phase == Phase::Failed);
                if !failed || loaded.record.checkout.version != seen {
                    return (Change::abort(), false);
                }
                let mut draft = Draft::of(&tools, loaded.record);
                draft.touch();
                draft.change.operations.push(stored.clone());
                (draft.finish(), true)
            })
            .await?;
        match begun {
            Some(true) => Ok(operation),
            _ => Err(EngineError::WrongState { checkout: reference_to(&record), wanted: UNKNOWN }),
        }
    }

    /// The shipment as it is known now: one whose outcome is not known may show in what the financer says of the lines.
    async fn looked_after(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        operation: &Operation,
    ) -> Result<Operation, EngineError> {
        if operation.phase == Phase::Sent {
            // The key was taken over, so nobody waits for the answer.
            self.mark_unknown(tenant, operation.clone()).await?;
        }
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?;
        let open = matches!(operation.phase, Phase::Sent | Phase::Unknown);
        if open && operation.lines.is_some() && self.tools.polling.can_ask(attempt) {
            self.fetch_attempt(tenant, id, operation.attempt, Source::Fetch).await?;
        }
        let known = self.store.operations(tenant, id, OperationKind::Shipment).await?;
        known.into_iter().find(|one| one.id == operation.id).ok_or(EngineError::NotFound)
    }
}

/// The units that are sent: those that are named, or all that are left.
pub(crate) fn units_to_ship(
    record: &CheckoutRecord,
    lines: Vec<LineStanding>,
    named: &[(LineId, u32)],
) -> Result<LineWork, EngineError> {
    if !named.is_empty() {
        return Ok(lines::named(LineWay::Ship, lines, named)?);
    }
    let nothing = || EngineError::WrongState { checkout: reference_to(record), wanted: NOTHING_LEFT };
    lines::rest(LineWay::Ship, lines).ok_or_else(nothing)
}

impl Draft {
    /// Asks a person what became of a shipment; the item is found by the operation's moment.
    pub(crate) fn ask_about_shipment(&mut self, operation: &mut Operation) -> Result<(), EngineError> {
        operation.updated_at = self.now;
        self.flag_unknown_command(operation)
    }
}
