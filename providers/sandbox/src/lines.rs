//! Applications that are paid for by shipment: their money follows lines, which the provider knows by their place in the cart.

use lendport_core::provider::Retrieved;
use lendport_core::{Checkout, Line, LineReport, LineStanding, LineUnits};

use crate::wire::{LineCount, LineCounts, LinesAnswer, WireLine};

/// Totals whose cents make an application one that is paid for by shipment.
const BY_SHIPMENT: u64 = 38;

/// True of an application that is paid for by shipment.
pub(crate) fn by_shipment(checkout: &Checkout) -> bool {
    checkout.cart.total.minor() % 100 == BY_SHIPMENT
}

/// Every line with what one unit of it is worth.
pub(crate) fn financed(checkout: &Checkout) -> Option<Vec<LineStanding>> {
    let line = |line: &Line| LineStanding::of(line.id, line.quantity, line.unit_gross);
    by_shipment(checkout).then(|| checkout.cart.lines.iter().map(line).collect())
}

/// Units as they are on the wire.
pub(crate) fn lines_for<'c>(checkout: &'c Checkout, units: &[LineUnits]) -> Vec<WireLine<'c>> {
    let wire = |units: &LineUnits| {
        let (place, line) = (1..).zip(&checkout.cart.lines).find(|(_, line)| line.id == units.line)?;
        Some(WireLine { line: place, sku: line.sku.as_deref(), quantity: units.quantity })
    };
    units.iter().filter_map(wire).collect()
}

/// Units that an answer tells of; none for a place that no line has.
pub(crate) fn units_from(checkout: &Checkout, counts: &[LineCount]) -> Option<Vec<LineUnits>> {
    let units = |count: &LineCount| {
        let line = at(checkout, count.line)?;
        Some(LineUnits { line: line.id, quantity: count.quantity })
    };
    counts.iter().filter(|count| count.quantity > 0).map(units).collect()
}

/// What became of the asked units. What the answer leaves out it does not say.
pub(crate) fn report_from(checkout: &Checkout, asked: &[LineUnits], answer: &LinesAnswer) -> Option<LineReport> {
    let (done, failed) = (units_from(checkout, &answer.done)?, units_from(checkout, &answer.failed)?);
    let mut report = LineReport { done, failed, not_said: Vec::new() };
    for units in asked {
        let told = |list: &[LineUnits]| lendport_core::lines::units_of(list, units.line);
        let rest = units.quantity.checked_sub(told(&report.done))?.checked_sub(told(&report.failed))?;
        if rest > 0 {
            report.not_said.push(LineUnits { line: units.line, quantity: rest });
        }
    }
    Some(report)
}

/// What is read back, with what became of each line.
pub(crate) fn with_lines(checkout: &Checkout, counts: &[LineCounts], told: Retrieved) -> Retrieved {
    let Some(mut lines) = financed(checkout).filter(|_| !counts.is_empty()) else { return told };
    for told in counts {
        let known = at(checkout, told.line).and_then(|line| lines.iter_mut().find(|known| known.line == line.id));
        if let Some(known) = known {
            let counts = (Some(told.shipped), Some(told.canceled), Some(told.returned));
            (known.shipped, known.canceled, known.returned) = counts;
        }
    }
    Retrieved { details: lendport_core::Details { lines, ..told.details }, ..told }
}

fn at(checkout: &Checkout, place: u32) -> Option<&Line> {
    let place = usize::try_from(place).ok()?.checked_sub(1)?;
    checkout.cart.lines.get(place)
}
