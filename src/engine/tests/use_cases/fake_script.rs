//! More of what a test tells its financer: when to answer, and what becomes of lines.

use std::sync::Arc;

use lendport_core::provider::{Found, ShipmentConfirmed};
use lendport_core::{LineReport, LineUnits, ProviderError, Shipment};
use tokio::sync::Notify;

use crate::fake::Fake;

impl Fake {
    /// From now on every shipment is paid for.
    pub(crate) fn pay_for_shipments(&self) {
        let paid = |shipment: Shipment| ShipmentConfirmed { paid: shipment.lines, ..ShipmentConfirmed::default() };
        *self.on_ship.lock().unwrap() = Arc::new(move |shipment| Box::pin(std::future::ready(Ok(paid(shipment)))));
    }

    /// From now on no shipment is answered.
    pub(crate) fn never_answer_ships(&self) {
        *self.on_ship.lock().unwrap() = Arc::new(|_| Box::pin(std::future::pending()));
    }

    /// From now on commands on lines are answered so.
    pub(crate) fn answer_lines(
        &self,
        answer: impl Fn(&[LineUnits]) -> Result<LineReport, ProviderError> + Send + Sync + 'static,
    ) {
        *self.on_lines.lock().unwrap() = Arc::new(answer);
    }

    /// From now on it does not answer how a request stands.
    pub(crate) fn fail_retrieve(&self, error: ProviderError) {
        *self.retrieved.lock().unwrap() = Err(error);
    }

    /// From now on it finds this request by our reference.
    pub(crate) fn answer_find(&self, found: Option<Found>) {
        *self.found.lock().unwrap() = found;
    }

    /// From now on a command is answered only when this is notified.
    pub(crate) fn hold_commands(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    /// From now on a look is answered only when this is notified, as things stood when it was asked.
    pub(crate) fn hold_looks(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        *self.look_gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    /// From now on commands are answered at once.
    pub(crate) fn let_commands_pass(&self) {
        *self.gate.lock().unwrap() = None;
    }

    /// From now on looks are answered at once.
    pub(crate) fn let_looks_pass(&self) {
        *self.look_gate.lock().unwrap() = None;
    }

    pub(crate) async fn obey_lines(&self, word: &str, lines: &[LineUnits]) -> Result<LineReport, ProviderError> {
        let units: Vec<_> = lines.iter().map(|units| units.quantity.to_string()).collect();
        self.obey(format!("{word} {}", units.join("+"))).await?;
        let answer = Arc::clone(&self.on_lines.lock().unwrap());
        answer(lines)
    }
}
