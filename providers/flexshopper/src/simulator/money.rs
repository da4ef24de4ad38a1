//! Exact amounts: reading them, and what a lease comes to (flexshopper.md 1.6 and 4.13).

use rust_decimal::{Decimal, RoundingStrategy};

/// Larger numbers than this are refused as amounts, so that sums cannot overflow.
const AMOUNT_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// Weeks that a lease runs, as in the printed example.
pub(super) const TERM_WEEKS: u32 = 52;
/// What renting costs, as a share of the cash price: 440 for 400 in the printed example.
const RENTAL_RATE: Decimal = Decimal::from_parts(11, 0, 0, false, 1);
const HUNDRED: Decimal = Decimal::ONE_HUNDRED;

/// Reads the text of an amount. No separators, no blanks, no `+`; an exponent is understood.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let plain = text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_digit() || b".-eE+".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if !plain {
        return None;
    }
    let read = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    let amount = read.ok()?.normalize();
    (amount.abs() <= AMOUNT_MAX).then_some(amount)
}

/// To the cent, halves upwards.
pub(super) fn to_cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Dollars as a whole number of cents, as two fields of a transaction are written.
pub(super) fn cents(amount: Decimal) -> Decimal {
    (to_cents(amount) * HUNDRED).normalize()
}

/// A percentage of an amount, to the cent.
pub(super) fn percent(amount: Decimal, percent: Decimal) -> Decimal {
    to_cents(amount * percent / HUNDRED)
}

/// What a lease costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// What the goods cost when paid at once.
    pub(super) cash_price: Decimal,
    /// What renting costs on top.
    pub(super) rental: Decimal,
    /// One weekly payment, tax included.
    pub(super) payment: Decimal,
}

/// The terms for goods of this price, with so many percent of tax on each payment.
pub(super) fn terms(cash_price: Decimal, tax_percent: Decimal) -> Terms {
    let rental = to_cents(cash_price * RENTAL_RATE);
    let weekly = (cash_price + rental) / Decimal::from(TERM_WEEKS);
    Terms { cash_price, rental, payment: to_cents(weekly + weekly * tax_percent / HUNDRED) }
}

/// Unit prices after a discount that is spread over lines of (unit price, quantity) in proportion. The last line bears
/// what rounding leaves.
pub(super) fn discounted(lines: &[(Decimal, u32)], discount: Decimal) -> Vec<Decimal> {
    let total: Decimal = lines.iter().map(|(cost, quantity)| *cost * Decimal::from(*quantity)).sum();
    if discount.is_zero() || total.is_zero() {
        return lines.iter().map(|(cost, _)| *cost).collect();
    }
    let mut left = discount;
    let mut costs = Vec::new();
    for (place, (cost, quantity)) in lines.iter().enumerate() {
        let quantity = Decimal::from(*quantity);
        let last = place + 1 == lines.len();
        let share = if last { left } else { to_cents(discount * *cost * quantity / total) };
        left -= share;
        costs.push(to_cents((*cost * quantity - share) / quantity));
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    #[test]
    fn the_printed_terms() {
        let terms = terms(d("400"), d("7"));
        assert_eq!((terms.rental, terms.payment), (d("440"), d("17.28")));
    }

    #[test]
    fn dollars_as_cents() {
        assert_eq!((cents(d("37.95")), cents(d("8.08")), cents(d("0"))), (d("3795"), d("808"), d("0")));
        assert_eq!((percent(d("100.23"), d("7.25")), to_cents(d("0.005"))), (d("7.27"), d("0.01")));
    }

    #[test]
    fn a_discount_is_spread_and_nothing_is_lost() {
        let lines = [(d("10"), 1), (d("20"), 1), (d("30"), 1)];
        assert_eq!(discounted(&lines, d("10")), [d("8.33"), d("16.67"), d("25")]);
        assert_eq!(discounted(&lines, Decimal::ZERO), [d("10"), d("20"), d("30")]);
        assert_eq!(discounted(&[(d("10"), 4)], d("10")), [d("7.5")]);
    }

    #[test]
    fn amounts_are_plain_numbers() {
        for (text, read) in [("20", Some("20")), ("20.00", Some("20")), ("1e2", Some("100")), ("-1", Some("-1"))] {
            assert_eq!(parse(text), read.map(d), "{text}");
        }
        for text in ["", " 1", "+1", "1,000", "NaN", "0x1", "1e30", "1000000001", ".5", "1.2.3"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
