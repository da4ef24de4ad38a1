//! Lines and units that a request names: they must be of the cart, and they have a price.

use lendport_core::{Cart, Invalid, LineId, Money, MoneyError, Pointer};

/// Refuses lines that the cart has not, twice named ones, and more units than were bought; names all of them.
pub(crate) fn judge(cart: &Cart, lines: &[(LineId, u32)]) -> Result<(), Invalid> {
    let at = Pointer::root().child("lines");
    let mut invalid = Invalid::none();
    for (position, (id, quantity)) in lines.iter().enumerate() {
        let at = at.index(position);
        match cart.line(*id) {
            None => invalid.note(&at.child("line_id"), "unknown_line", "is not a line of this checkout"),
            Some(line) if *quantity == 0 || *quantity > line.quantity => {
                let detail = format!("must be from 1 to {}", line.quantity);
                invalid.note(&at.child("quantity"), "out_of_range", detail);
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
