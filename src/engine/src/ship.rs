//! Telling a financer that goods were sent: stored before the call, answered after it.

use std::sync::Arc;

use lendport_core::{
    Ability, CallContext, CallLog, CheckoutId, CheckoutRecord, ErrorKind, EventType, Fulfilment, LineReport, Operation,
    OperationKind, Phase, ProviderAccount, ProviderError, Shipment, ShipmentStatus, Source,
};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, Tenant};

use crate::book_lines::leaves_nothing;
use crate::call_outcome::may_have_committed;
use crate::command_start::STARTS_MAX;
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::lines;
use crate::ship_binding::units_to_ship;
use crate::take_in::Draft;
use crate::ticket::{Effect, Reply, Standing, Ticket};
use crate::view::ShipmentView;

const COMMITTED: &str = "a shipment can be told of once it is authorized";

impl Engine {
    /// Tells the committed attempt's financer of a shipment. A repeat with the same key sends again only when the first
    /// call had no lasting answer and telling it twice does no harm: the financers have no idempotency key for it
    /// (`wegetfinancing.md` 7.3).
    pub async fn ship(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        shipment: Shipment,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        for _ in 0..STARTS_MAX {
            match self.ship_seen(tenant, id, if_match, shipment.clone(), ticket.clone()).await {
                // The checkout changed before it was stored, and the caller asked for no version of it.
                Err(EngineError::PreconditionFailed) if if_match.is_none() => {}
                done => return done,
            }
        }
        Err(EngineError::PreconditionFailed)
    }

    /// Ships against the checkout as it is seen now; refused where it changes before the shipment is stored.
    async fn ship_seen(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        if_match: Option<u64>,
        mut shipment: Shipment,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        if let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? {
            return self.ship_again(tenant, id, row, ticket).await;
        }
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let Some(attempt) = record.attempts.iter().find(|attempt| attempt.state.is_committed()) else {
            return Err(EngineError::WrongState { checkout: reference_to(&record), wanted: COMMITTED });
        };
        self.require(&attempt.provider, Ability::ConfirmShipment)?;
        let named: Vec<_> = shipment.lines.iter().map(|shipped| (shipped.line, shipped.quantity)).collect();
        lines::judge(&record.checkout.cart, &named)?;
        let by_line = self.financed_by_line(tenant, &record, attempt, &shipment).await?;
        let once = by_line.is_some() || self.ships_once(attempt)?;
        if once && let Err(error) = self.refuse_beside_another(tenant, &record, attempt.id).await {
            return Err(self.unless_in_flight(tenant, &ticket, error).await);
        }
        let mut operation = self.new_operation(id, attempt.id, OperationKind::Shipment);
        if let Some(lines) = by_line {
            let work = match units_to_ship(&record, lines, &named) {
                Ok(work) => work,
                Err(error) => return Err(self.unless_in_flight(tenant, &ticket, error).await),
            };
            shipment.lines.clone_from(&work.asked);
            operation.lines = Some(work);
        }
        operation.shipment = Some(shipment);
        // What cannot be sent leaves nothing behind.
        let account = self.account(tenant, &attempt.provider).await?;

        let ask = ChangeAsk { claim: Some(ticket.claim(self)), ..ChangeAsk::default() };
        let stored = operation.clone();
        let tools = self.tools.clone();
        // Of two at once, the second one has to see the first.
        let if_match = if once { if_match.or(Some(record.checkout.version)) } else { if_match };
        let (outcome, result) = self
            .change(tenant, id, ask, move |loaded| {
                if if_match.is_some_and(|version| version != loaded.record.checkout.version) {
                    return (Change::abort(), Err(EngineError::PreconditionFailed));
                }
                let still_committed =
                    loaded.record.attempt(stored.attempt).is_some_and(|known| known.state.is_committed());
                if !still_committed {
                    let error = EngineError::WrongState { checkout: reference_to(loaded.record), wanted: COMMITTED };
                    return (Change::abort(), Err(error));
                }
                let mut draft = Draft::of(&tools, loaded.record);
                if once {
                    draft.touch();
                }
                draft.change.operations.push(stored.clone());
                draft.change.claimed_operation = Some(stored.id);
                (draft.finish(), Ok(()))
            })
            .await?;
        match (outcome, result) {
            (ChangeOutcome::Done, Some(Ok(()))) => self.call_ship(tenant, &account, record, operation, ticket).await,
            (ChangeOutcome::Done, Some(Err(error))) => Err(error),
            (ChangeOutcome::Claimed(row), _) => self.ship_again(tenant, id, row, ticket).await,
            _ => Err(EngineError::NotFound),
        }
    }

    async fn ship_again(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        row: lendport_storage::IdempotencyRow,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let operation = match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => return Ok(reply),
            Standing::Resume { operation, .. } => operation,
        };
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let known = self.store.operations(tenant, id, OperationKind::Shipment).await?;
        let found = known.into_iter().find(|known| Some(known.id) == operation);
        let Some(mut operation) = found else {
            return Err(EngineError::Internal("an idempotency key of a shipment without its operation".to_owned()));
        };
        let shipper = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?;
        let once = operation.lines.is_some() || self.ships_once(shipper)?;
        if once {
            match self.earlier_shipment(tenant, id, &operation).await {
                Ok(None) => {}
                Ok(Some(told)) => return self.close_ticket(tenant, id, ticket, Ok(told)).await,
                Err(error) => return self.release_on_error(tenant, id, ticket, Err(error)).await,
            }
        }
        if !shipper.state.is_committed() {
            let error = EngineError::WrongState { checkout: reference_to(&record), wanted: COMMITTED };
            return self.release_on_error(tenant, id, ticket, Err(error)).await;
        }
        let account = match self.account(tenant, &shipper.provider).await {
            Ok(account) => account,
            Err(error) => return self.release_on_error(tenant, id, ticket, Err(error)).await,
        };
        if once {
            operation = match self.send_anew(tenant, id, operation).await {
                Ok(stored) => stored,
                Err(error) => return self.release_on_error(tenant, id, ticket, Err(error)).await,
            };
        } else {
            operation.phase = Phase::Sent;
            operation.lease_until = self.lease_end();
        }
        let result = self.call_ship(tenant, &account, record, operation, ticket.clone()).await;
        self.release_on_error(tenant, id, ticket, result).await
    }

    async fn call_ship(
        self: &Arc<Self>,
        tenant: Tenant,
        account: &ProviderAccount,
        record: CheckoutRecord,
        operation: Operation,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let attempt = record.attempt(operation.attempt).ok_or(EngineError::NotFound)?.clone();
        let Some(shipment) = operation.shipment.clone() else {
            return Err(EngineError::Internal("a shipment operation without a shipment".to_owned()));
        };
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let provider = self.provider(&attempt.provider)?;
        let call = provider.confirm_shipment(context, &record.checkout, &attempt, &shipment);
        let answered = self.counted(tenant, &attempt.provider, call).await;
        let mut operation = operation;
        operation.calls.extend(calls.records());
        operation.updated_at = self.clock.now();
        (operation.phase, operation.error) = match &answered {
            Ok(_) => (Phase::Settled, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        if let (Some(work), Ok(confirmed)) = (operation.lines.as_mut(), &answered) {
            work.report = Some(LineReport { done: confirmed.paid.clone(), ..LineReport::default() });
        }
        let (tools, owner) = (self.tools.clone(), self.settings.owner.clone());
        let once = operation.lines.is_some() || self.ships_once(&attempt)?;
        let asks = operation.phase == Phase::Unknown && once;
        let ask = ChangeAsk { open_items: asks, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, record.checkout.id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let mut operation = operation.clone();
                if asks && let Err(error) = draft.ask_about_shipment(&mut operation) {
                    return (Change::abort(), Err(error));
                }
                draft.change.operations.push(operation.clone());
                let kind = if answered.is_ok() { EventType::ShipmentConfirmed } else { EventType::OperationFailed };
                if answered.is_ok() {
                    deliver(&mut draft.record, &operation);
                }
                let told = draft.book_lines(&operation, Source::Answer).and_then(|()| draft.announce(&[kind]));
                if let Err(error) = told {
                    return (Change::abort(), Err(error));
                }
                let result = match &answered {
                    Ok(_) => ShipmentView::of(&operation)
                        .map(|view| Effect::Shipment(Box::new(view)))
                        .ok_or_else(|| EngineError::Internal("a shipment operation without a shipment".to_owned())),
                    Err(error) => Err(failed(&attempt.provider, error, &draft.record)),
                };
                let (rendered, claim) = ticket.close(&owner, &result);
                draft.change.claim = Some(claim);
                (draft.finish(), Ok(rendered.into()))
            })
            .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    /// The shipments told of, oldest first.
    pub async fn shipments(&self, tenant: Tenant, id: CheckoutId) -> Result<Vec<ShipmentView>, EngineError> {
        self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let operations = self.store.operations(tenant, id, OperationKind::Shipment).await?;
        Ok(operations.iter().filter_map(ShipmentView::of).collect())
    }
}

pub(crate) fn failed(
    provider: &lendport_core::ProviderId,
    error: &ProviderError,
    record: &CheckoutRecord,
) -> EngineError {
    if let ErrorKind::Unsupported { ability, note } = error.kind {
        return EngineError::NotSupported { provider: provider.clone(), ability, note };
    }
    let checkout = Some(reference_to(record));
    EngineError::Provider { provider: provider.clone(), error: Box::new(error.clone()), checkout }
}

/// The goods are where the shipment says.
pub(crate) fn deliver(record: &mut CheckoutRecord, operation: &Operation) {
    let Some(shipment) = &operation.shipment else { return };
    let (all, status) = match &operation.lines {
        // What was sent before counts too, and what is not sent any more is not waited for.
        Some(work) => match (leaves_nothing(work), shipment.status) {
            (true, ShipmentStatus::PartiallyShipped) => (true, ShipmentStatus::Shipped),
            (all, status) => (all, status),
        },
        None => (whole_cart(record, shipment), shipment.status),
    };
    record.checkout.fulfilment = reached(record.checkout.fulfilment, status, all);
}

/// True when the shipment names no lines, or all of them in full.
fn whole_cart(record: &CheckoutRecord, shipment: &Shipment) -> bool {
    let full = |line: &lendport_core::Line| {
        shipment.lines.iter().any(|shipped| shipped.line == line.id && shipped.quantity == line.quantity)
    };
    shipment.lines.is_empty() || record.checkout.cart.lines.iter().all(full)
}

/// Goods go forward; only a recall takes them back.
pub(crate) fn reached(now: Fulfilment, status: ShipmentStatus, whole_cart: bool) -> Fulfilment {
    let told = match status {
        ShipmentStatus::Confirmed | ShipmentStatus::OutOfStock => return now,
        ShipmentStatus::Recalled if whole_cart => return Fulfilment::Returned,
        ShipmentStatus::Recalled => return Fulfilment::PartiallyReturned,
        ShipmentStatus::PartiallyShipped => Fulfilment::Partial,
        ShipmentStatus::Shipped | ShipmentStatus::Delivered if !whole_cart => Fulfilment::Partial,
        ShipmentStatus::Shipped => Fulfilment::Shipped,
        ShipmentStatus::Delivered => Fulfilment::Delivered,
    };
    let rank = |state: Fulfilment| match state {
        Fulfilment::None | Fulfilment::PartiallyReturned | Fulfilment::Returned => 0,
        Fulfilment::Partial => 1,
        Fulfilment::Shipped => 2,
        Fulfilment::Delivered => 3,
    };
    if rank(told) > rank(now) { told } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_go_forward_and_only_a_recall_takes_them_back() {
        assert_eq!(reached(Fulfilment::None, ShipmentStatus::Confirmed, true), Fulfilment::None);
        assert_eq!(reached(Fulfilment::None, ShipmentStatus::Shipped, false), Fulfilment::Partial);
        assert_eq!(reached(Fulfilment::Delivered, ShipmentStatus::Shipped, true), Fulfilment::Delivered);
        assert_eq!(reached(Fulfilment::Shipped, ShipmentStatus::Recalled, true), Fulfilment::Returned);
    }
}
