//! Lines and units that a request names: they must be of the cart, and there must be as many left of them.

use lendport_core::lines::units_of;
use lendport_core::{
    Ability, Attempt, Cart, CheckoutRecord, Choice, Invalid, LineId, LineStanding, LineUnits, LineWay, LineWork, Money,
    MoneyError, Operation, Pointer,
};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::error::EngineError;

/// Refuses lines that the cart has not, twice named ones, and more units than were bought; names all of them.
pub(crate) fn judge(cart: &Cart, lines: &[(LineId, u32)]) -> Result<(), Invalid> {
    let bought = |id| cart.line(id).map(|line| line.quantity);
    judge_units(lines, bought, |most| format!("must be from 1 to {most}"))
}

fn judge_units(
    lines: &[(LineId, u32)],
    most: impl Fn(LineId) -> Option<u32>,
    range: impl Fn(u32) -> String,
) -> Result<(), Invalid> {
    let at = Pointer::root().child("lines");
    let mut invalid = Invalid::none();
    for (position, (id, quantity)) in lines.iter().enumerate() {
        let at = at.index(position);
        match most(*id) {
            None => invalid.note(&at.child("line_id"), "unknown_line", "is not a line of this checkout"),
            Some(most) if *quantity == 0 || *quantity > most => {
                invalid.note(&at.child("quantity"), "out_of_range", range(most));
            }
            Some(_) if lines.iter().take(position).any(|(earlier, _)| earlier == id) => {
                invalid.note(&at.child("line_id"), "repeated", "is named twice");
            }
            Some(_) => {}
        }
    }
    invalid.finish()
}

/// What the lines cost, tax inside. Lines were judged before.
pub(crate) fn price(cart: &Cart, lines: &[(LineId, u32)]) -> Result<Money, MoneyError> {
    lines.iter().try_fold(Money::zero(cart.currency), |sum, (id, quantity)| match cart.line(*id) {
        Some(line) => sum.plus(line.unit_gross.times(*quantity)?),
        None => Ok(sum),
    })
}

/// The work of these units; refuses more than are left for it.
pub(crate) fn named(way: LineWay, lines: Vec<LineStanding>, named: &[(LineId, u32)]) -> Result<LineWork, Invalid> {
    let left = |id| lines.iter().find(|line| line.line == id).map(|line| way.left(line));
    judge_units(named, left, |most| match (way, most) {
        (LineWay::Ship, 0) => "none of it is left to ship".to_owned(),
        (LineWay::Cancel, 0) => "none of it is left to cancel; take back what was shipped with a refund".to_owned(),
        (LineWay::Return, 0) => "none of it was shipped and not returned; cancel what is not shipped".to_owned(),
        (LineWay::Ship | LineWay::Cancel, most) => format!("must be from 1 to the {most} that are not shipped"),
        (LineWay::Return, most) => format!("must be from 1 to the {most} that were shipped and not returned"),
    })?;
    let asked = units(named);
    Ok(LineWork { way, lines, asked, report: None })
}

/// Units as a caller names them.
pub(crate) fn units(named: &[(LineId, u32)]) -> Vec<LineUnits> {
    named.iter().map(|(line, quantity)| LineUnits { line: *line, quantity: *quantity }).collect()
}

/// Refuses units that a person says a command took effect for, where it asked for others, or was about none. A shipment is
/// taken in as a whole, or not.
pub(crate) fn judge_part(
    choice: Choice,
    operation: Option<&Operation>,
    named: &[(LineId, u32)],
) -> Result<(), Invalid> {
    let work = operation.and_then(|operation| operation.lines.as_ref()).filter(|work| work.way != LineWay::Ship);
    let Some(work) = work.filter(|_| choice.takes_lines()) else {
        let detail = "only of a cancel or return of lines that took effect the units can be named";
        return Err(Invalid::one(&Pointer::root().child("lines"), "unexpected", detail));
    };
    let open = |line| Some(units_of(work.open(), line)).filter(|units| *units > 0);
    judge_units(named, open, |most| format!("must be from 1 to the {most} that were asked for and are not settled"))
}

/// The work of all units that are left for it; none where none is.
pub(crate) fn rest(way: LineWay, lines: Vec<LineStanding>) -> Option<LineWork> {
    let units = |line: &LineStanding| LineUnits { line: line.line, quantity: way.left(line) };
    let asked: Vec<_> = lines.iter().map(units).filter(|units| units.quantity > 0).collect();
    (!asked.is_empty()).then_some(LineWork { way, lines, asked, report: None })
}

impl Engine {
    /// Every line with what is booked of it, where the financer's money follows lines and it can do this for them.
    pub(crate) async fn lines_of(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: &Attempt,
        ability: Ability,
    ) -> Result<Option<Vec<LineStanding>>, EngineError> {
        let provider = self.provider(&attempt.provider)?;
        if provider.descriptor().require(ability).is_err() {
            return Ok(None);
        }
        let account = self.account(tenant, &attempt.provider).await?;
        let lines = provider.lines_financed(&record.checkout, &account.settings);
        let booked = |line: LineStanding| line.booked(attempt, &record.ledger);
        Ok(lines.map(|lines| lines.into_iter().map(booked).collect()))
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::Currency;

    use super::*;

    fn line(number: u8, ordered: u32, shipped: u32, canceled: u32, returned: u32) -> LineStanding {
        let price = Money::from_minor(1_000, Currency::USD).unwrap();
        LineStanding {
            shipped: Some(shipped),
            canceled: Some(canceled),
            returned: Some(returned),
            ..LineStanding::of(LineId::of_bytes([number; 16]), ordered, price)
        }
    }

    #[test]
    fn no_more_units_are_asked_for_than_are_left() {
        let lines = || vec![line(1, 5, 2, 1, 1), line(2, 1, 1, 0, 0)];
        let (first, second) = (LineId::of_bytes([1; 16]), LineId::of_bytes([2; 16]));
        for (way, most, other) in [(LineWay::Ship, 2, 0), (LineWay::Cancel, 2, 0), (LineWay::Return, 1, 1)] {
            let work = named(way, lines(), &[(first, most)]).unwrap();
            assert_eq!(work.asked, [LineUnits { line: first, quantity: most }]);
            let refused = named(way, lines(), &[(first, most + 1), (second, other + 1)]).unwrap_err();
            let codes: Vec<_> = refused.0.iter().map(|error| error.code.as_str()).collect();
            assert_eq!(codes, ["out_of_range", "out_of_range"], "{way:?}");
        }
        let stranger = LineId::of_bytes([3; 16]);
        let refused = named(LineWay::Ship, lines(), &[(first, 1), (first, 1), (stranger, 1)]).unwrap_err();
        let codes: Vec<_> = refused.0.iter().map(|error| error.code.as_str()).collect();
        assert_eq!(codes, ["repeated", "unknown_line"]);
    }

    #[test]
    fn the_rest_is_what_is_left_of_each_line() {
        let units = |way| rest(way, vec![line(1, 5, 2, 1, 1), line(2, 1, 1, 0, 0)]).unwrap().asked;
        assert_eq!(units(LineWay::Ship).iter().map(|units| units.quantity).collect::<Vec<_>>(), [2]);
        assert_eq!(units(LineWay::Return).iter().map(|units| units.quantity).collect::<Vec<_>>(), [1, 1]);
        assert!(rest(LineWay::Ship, vec![line(1, 5, 4, 1, 0)]).is_none());
    }
}
