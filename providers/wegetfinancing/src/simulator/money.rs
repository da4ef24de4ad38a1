//! Exact amounts and the sum of a request (wegetfinancing.md 4.4 and 4.6).

use rust_decimal::{Decimal, RoundingStrategy};

use super::json::Json;

/// Below it no lender of the simulated account lends.
pub(super) const LENDERS_MIN: Decimal = Decimal::from_parts(50, 0, 0, false, 0);
/// Above it no lender of the simulated account lends.
pub(super) const LENDERS_MAX: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);
/// Larger numbers than this are refused as amounts, so that sums cannot overflow.
const AMOUNT_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// Digits after the point that a unit price may have before it is refused.
const SCALE_MAX: u32 = 10;

/// A line of the cart as far as it is needed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) unit_price: Decimal,
    pub(super) unit_tax: Decimal,
}

/// Reads a JSON number or a numeric string; the text of the error is the reason sent back.
pub(super) fn decimal(value: &Json) -> Result<Decimal, &'static str> {
    let text = value.digits().ok_or("Not a decimal")?;
    parse(text)
}

/// Reads the text of an amount. No separators, no blanks, no `+`; an exponent is understood.
pub(super) fn parse(text: &str) -> Result<Decimal, &'static str> {
    let plain = text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_digit() || b".-eE+".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if !plain {
        return Err("Not a decimal");
    }
    let read = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    let amount = read.map_err(|_| "Not a decimal")?.normalize();
    if amount.abs() > AMOUNT_MAX || amount.scale() > SCALE_MAX {
        return Err("Out of range");
    }
    Ok(amount)
}

/// Reads a whole number above zero.
pub(super) fn quantity(value: &Json) -> Result<u32, &'static str> {
    let text = value.digits().ok_or("Not an integer")?;
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("Not an integer");
    }
    match text.parse::<u32>() {
        Ok(0) => Err("Must be greater than zero"),
        Ok(count) if count <= 1_000_000 => Ok(count),
        _ => Err("Out of range"),
    }
}

/// `sum(unit_price x quantity) + shipping`: prices are gross, tax is never added (wegetfinancing.md 4.6).
pub(super) fn total(lines: &[Line], shipping: Decimal) -> Option<Decimal> {
    let mut sum = shipping;
    for line in lines {
        sum = sum.checked_add(line.unit_price.checked_mul(Decimal::from(line.quantity))?)?;
    }
    Some(cents(sum))
}

/// The tax inside the prices: information only.
pub(super) fn tax(lines: &[Line]) -> Option<Decimal> {
    let mut sum = Decimal::ZERO;
    for line in lines {
        sum = sum.checked_add(line.unit_tax.checked_mul(Decimal::from(line.quantity))?)?;
    }
    Some(cents(sum))
}

/// Two decimals, as answers carry money.
pub(super) fn cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: u32, unit_price: &str) -> Line {
        let unit_price = parse(unit_price).unwrap();
        Line { name: "TV".into(), quantity, unit_price, unit_tax: parse("52.69").unwrap() }
    }

    #[test]
    fn sums_are_exact_and_tax_stays_inside() {
        assert_eq!(total(&[line(1, "1370")], parse("50").unwrap()).unwrap().to_string(), "1420.00");
        assert_eq!(total(&[line(2, "2500"), line(1, "1500")], Decimal::ZERO).unwrap().to_string(), "6500.00");
        assert_eq!(total(&[line(3, "0.1"), line(1, "0.2")], Decimal::ZERO).unwrap().to_string(), "0.50");
        assert_eq!(total(&[], Decimal::ZERO).unwrap().to_string(), "0.00");
        assert_eq!(tax(&[line(3, "100")]).unwrap().to_string(), "158.07");
    }

    #[test]
    fn odd_numbers_are_told_apart() {
        assert_eq!(parse("1e3").unwrap(), Decimal::from(1000));
        assert_eq!(parse("300.00").unwrap(), Decimal::from(300));
        for wrong in ["", "1,000.00", "1e400", "NaN", "--1", " 1", "+1", "0x10", "1.2.3", "99999999999", "1e-11"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(quantity(&Json::Text("2".into())), Ok(2));
        assert_eq!(quantity(&Json::Number("2.0".into())), Err("Not an integer"));
        assert_eq!(quantity(&Json::Number("0".into())), Err("Must be greater than zero"));
        assert_eq!(quantity(&Json::Number("-1".into())), Err("Not an integer"));
    }
}
