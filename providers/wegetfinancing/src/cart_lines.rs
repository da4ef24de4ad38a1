//! A cart as cart items whose prices are positive and whose sum is exactly ours (`wegetfinancing.md` 4.6, 4.8 rules 4
//! and 5).

use lendport_core::{Cart, Line, Money, MoneyError};

use crate::wire::CartItem;

/// The lines to send and the shipping beside them: `sum(unit_price x quantity) + shipping` is the cart's total.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CartLines {
    pub(crate) items: Vec<CartItem>,
    pub(crate) shipping: Money,
}

/// Spreads the discount over the lines, then splits lines that do not divide into whole cents.
pub(crate) fn cart_lines(cart: &Cart) -> Result<CartLines, MoneyError> {
    let totals: Vec<u64> = cart.lines.iter().map(|line| line.total.minor()).collect();
    let shares = spread(cart.discount.minor(), &totals);
    let mut items = Vec::new();
    for ((line, total), share) in cart.lines.iter().zip(&totals).zip(&shares) {
        push_line(&mut items, line, *total, total.saturating_sub(*share))?;
    }
    if items.is_empty() {
        // The discount ate all goods. An empty list may be refused and a price of zero is, so shipping becomes the item.
        let shipping = CartItem {
            sku: "shipping".to_owned(),
            display_name: "Shipping".to_owned(),
            quantity: 1,
            unit_price: cart.shipping,
            unit_tax: Money::zero(cart.currency),
            category: None,
        };
        return Ok(CartLines { items: vec![shipping], shipping: Money::zero(cart.currency) });
    }
    Ok(CartLines { items, shipping: cart.shipping })
}

/// What the provider calls a line: the merchant's code, else our id of it.
pub(crate) fn sku_of(line: &Line) -> String {
    line.sku.clone().unwrap_or_else(|| line.id.to_string())
}

/// Product name with its brand in front (seed 000: "including brand and product name").
fn display_name(line: &Line) -> String {
    match &line.brand {
        Some(brand) if !line.name.to_lowercase().starts_with(&brand.to_lowercase()) => format!("{brand} {}", line.name),
        _ => line.name.clone(),
    }
}

/// One line as one item, or as two whose prices differ by a cent; units that cost nothing are left out.
fn push_line(items: &mut Vec<CartItem>, line: &Line, before: u64, net: u64) -> Result<(), MoneyError> {
    let currency = line.total.currency();
    let units = u64::from(line.quantity).max(1);
    let (price, dearer) = (net / units, net % units);
    let tax = match before {
        0 => 0,
        _ => scaled(line.unit_tax.minor(), net, before),
    };
    for (count, unit_price) in [(units - dearer, price), (dearer, price + 1)] {
        if count > 0 && unit_price > 0 {
            items.push(CartItem {
                sku: sku_of(line),
                display_name: display_name(line),
                quantity: u32::try_from(count).map_err(|_| MoneyError::OutOfRange)?,
                unit_price: Money::from_minor(unit_price, currency)?,
                unit_tax: Money::from_minor(tax, currency)?,
                category: line.category.clone(),
            });
        }
    }
    Ok(())
}

/// Shares of `discount` in proportion to `totals`, adding up exactly: whole cents first, then one more cent each to
/// the largest remainders. No share is larger than its total as long as the discount is not larger than their sum.
fn spread(discount: u64, totals: &[u64]) -> Vec<u64> {
    let sum: u128 = totals.iter().copied().map(u128::from).sum();
    if discount == 0 || sum == 0 {
        return vec![0; totals.len()];
    }
    let discount = u128::from(discount).min(sum);
    let mut shares: Vec<u128> = totals.iter().map(|total| discount * u128::from(*total) / sum).collect();
    let mut by_remainder: Vec<(u128, usize)> =
        totals.iter().enumerate().map(|(at, total)| (discount * u128::from(*total) % sum, at)).collect();
    by_remainder.sort_by(|(one, one_at), (other, other_at)| other.cmp(one).then(one_at.cmp(other_at)));
    let left = discount - shares.iter().sum::<u128>();
    for (_, at) in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        if let Some(share) = shares.get_mut(at) {
            *share += 1;
        }
    }
    shares.into_iter().map(|share| u64::try_from(share).unwrap_or(u64::MAX)).collect()
}

/// `value * part / whole`, rounded down; `whole` is not zero.
fn scaled(value: u64, part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(part) / u128::from(whole)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use lendport_core::parse_decimal;
    use lendport_testkit::SeededIds;
    use lendport_testkit::samples::{self, Sample};
    use proptest::prelude::*;

    use super::*;

    fn cart(items: &[(&str, &str, u32)], discount: &str, shipping: &str) -> Cart {
        let items = items.iter().map(|(price, tax, count)| samples::item(Some("S"), "Thing", *count, price, tax));
        let mut sample = Sample { cart: samples::cart(items.collect(), true, shipping), ..Sample::usa() };
        sample.cart.discount = Some(parse_decimal(discount).unwrap());
        sample.checkout(&SeededIds::default()).cart
    }

    fn shown(lines: &CartLines) -> Vec<(u32, String, String)> {
        let item = |item: &CartItem| (item.quantity, item.unit_price.to_string(), item.unit_tax.to_string());
        lines.items.iter().map(item).collect()
    }

    fn row(count: u32, price: &str, tax: &str) -> (u32, String, String) {
        (count, price.to_owned(), tax.to_owned())
    }

    #[test]
    fn lines_that_do_not_divide_are_split() {
        // 10.02 less 0.02 for three: the example of 4.8 rule 4.
        let lines = cart_lines(&cart(&[("3.34", "0.30", 3)], "0.02", "0")).unwrap();
        assert_eq!(shown(&lines), [row(2, "3.33", "0.29"), row(1, "3.34", "0.29")]);
    }

    #[test]
    fn free_lines_are_left_out_and_a_free_cart_sends_its_shipping() {
        let lines = cart_lines(&cart(&[("0", "0", 2), ("5", "0", 1)], "0", "1")).unwrap();
        assert_eq!(shown(&lines), [row(1, "5.00", "0.00")]);
        let lines = cart_lines(&cart(&[("0.01", "0", 3)], "0.01", "0")).unwrap();
        assert_eq!(shown(&lines), [row(2, "0.01", "0.00")]);
        let lines = cart_lines(&cart(&[("5", "1", 1)], "5", "7.50")).unwrap();
        assert_eq!(shown(&lines), [row(1, "7.50", "0.00")]);
        assert!(lines.shipping.is_zero());
    }

    #[test]
    fn brands_stand_before_names_once() {
        let mut cart = cart(&[("1", "0", 1)], "0", "0");
        cart.lines[0].brand = Some("Samsung".into());
        assert_eq!(display_name(&cart.lines[0]), "Samsung Thing");
        cart.lines[0].name = "samsung TV 9340".into();
        assert_eq!(display_name(&cart.lines[0]), "samsung TV 9340");
    }

    proptest! {
        #[test]
        fn the_sum_is_exact_and_every_price_positive(
            goods in proptest::collection::vec((0_u64..5_000_000, 0_u64..100, 1_u32..200), 1..12),
            cut in 0_u64..=1_000,
            shipping in 0_u64..50_000,
            net in any::<bool>(),
        ) {
            let currency = lendport_core::Currency::USD;
            let money = |minor| Money::from_minor(minor, currency).unwrap();
            let mut sample = Sample::usa();
            sample.cart.tax_inclusive = !net;
            sample.cart.items = goods.iter().map(|(price, tax, count)| {
                let tax = if net { *tax } else { price * tax / 100 };
                samples::item(None, "Thing", *count, &money(*price).to_string(), &money(tax).to_string())
            }).collect();
            sample.cart.shipping = Some(money(shipping).amount());
            sample.cart.discount = None;
            let Ok(full) = sample.try_checkout(&SeededIds::default()) else { return Ok(()) };
            let goods_total = full.cart.total.minor() - shipping;
            sample.cart.discount = Some(money(scaled(goods_total, cut, 1_000)).amount());
            let Ok(checkout) = sample.try_checkout(&SeededIds::default()) else { return Ok(()) };

            let lines = cart_lines(&checkout.cart).unwrap();
            let sum = lines.items.iter().map(|item| item.unit_price.minor() * u64::from(item.quantity)).sum::<u64>();
            prop_assert_eq!(sum + lines.shipping.minor(), checkout.cart.total.minor());
            prop_assert!(!lines.items.is_empty());
            for item in &lines.items {
                prop_assert!(!item.unit_price.is_zero() && item.quantity > 0);
                prop_assert!(item.unit_price.covers(item.unit_tax));
            }
        }

        #[test]
        fn shares_add_up_and_never_exceed_their_line(
            totals in proptest::collection::vec(0_u64..900_000_000_000, 1..40), part in 0_u64..=1_000,
        ) {
            let sum: u64 = totals.iter().sum();
            let discount = scaled(sum, part, 1_000);
            let shares = spread(discount, &totals);
            prop_assert_eq!(shares.iter().sum::<u64>(), discount);
            prop_assert!(shares.iter().zip(&totals).all(|(share, total)| share <= total));
        }
    }
}
