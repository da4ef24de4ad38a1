//! What is bought. Prices are per unit; `tax_inclusive` says whether tax is inside them.

use rust_decimal::Decimal;

use crate::customer::plain_text;
use crate::id::LineId;
use crate::invalid::{Invalid, Pointer};
use crate::limits::{CART_LINES_MAX, LINE_QUANTITY_MAX, TEXT_MAX_CHARS};
use crate::money::{Currency, Money};

/// A line as a caller wrote it; amounts are bare decimals in major units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInput {
    /// The merchant's product code.
    pub sku: Option<String>,
    /// Product name.
    pub name: Option<String>,
    /// Maker.
    pub brand: Option<String>,
    /// Units.
    pub quantity: Option<u32>,
    /// Price of one unit.
    pub unit_price: Option<Decimal>,
    /// Tax on one unit.
    pub unit_tax: Option<Decimal>,
    /// The merchant's product category.
    pub category: Option<String>,
}

/// A cart as a caller wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartInput {
    /// Lines, in the caller's order.
    pub items: Vec<LineInput>,
    /// True when tax is inside the unit prices.
    pub tax_inclusive: bool,
    /// Shipping, tax on it included.
    pub shipping: Option<Decimal>,
    /// A discount on the whole cart.
    pub discount: Option<Decimal>,
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Ours, stable for the life of the checkout.
    pub id: LineId,
    /// The merchant's product code.
    pub sku: Option<String>,
    /// Product name.
    pub name: String,
    /// Maker.
    pub brand: Option<String>,
    /// Units, at least one.
    pub quantity: u32,
    /// Price of one unit as the caller gave it.
    pub unit_price: Money,
    /// Tax on one unit.
    pub unit_tax: Money,
    /// Price of one unit, tax inside.
    pub unit_gross: Money,
    /// `unit_gross` times quantity.
    pub total: Money,
    /// The merchant's product category.
    pub category: Option<String>,
}

/// A cart whose sums were checked. `total = sum(line gross) + shipping - discount` (`api.md`, Money rules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// Currency of every amount in it.
    pub currency: Currency,
    /// Lines, at least one.
    pub lines: Vec<Line>,
    /// True when tax is inside the unit prices as given.
    pub tax_inclusive: bool,
    /// Shipping, tax on it included.
    pub shipping: Money,
    /// Discount on the whole cart.
    pub discount: Money,
    /// Sum of all unit taxes times their quantities; information, already inside `total`.
    pub tax: Money,
    /// What the shopper owes.
    pub total: Money,
}

impl Cart {
    /// Checks and sums up. `root` points at the object that holds `items`, `shipping_amount` and `discount_amount`;
    /// `line_ids` mints one id per line.
    pub fn new(
        input: &CartInput,
        currency: Currency,
        root: &Pointer,
        line_ids: &mut dyn FnMut() -> LineId,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let items_at = root.child("items");
        if input.items.is_empty() {
            invalid.note(&items_at, "too_few", "name at least one item");
        }
        if input.items.len() > CART_LINES_MAX {
            return Err(Invalid::one(&items_at, "too_many", format!("name at most {CART_LINES_MAX} items")));
        }
        let lines: Vec<Line> = input
            .items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let line = Line::new(item, currency, input.tax_inclusive, &items_at.index(at), line_ids());
                invalid.keep(line)
            })
            .collect();
        let shipping = money(&mut invalid, input.shipping, currency, &root.child("shipping_amount"));
        let discount = money(&mut invalid, input.discount, currency, &root.child("discount_amount"));
        let (Some(shipping), Some(discount)) = (shipping, discount) else { return Err(invalid) };
        invalid.finish()?;

        let out_of_range = |at: &Pointer| Invalid::one(at, "out_of_range", "the sum is larger than any we handle");
        let sum = |pick: fn(&Line) -> Result<Money, crate::MoneyError>| {
            lines.iter().try_fold(Money::zero(currency), |sum, line| sum.plus(pick(line)?))
        };
        let goods = sum(|line| Ok(line.total)).map_err(|_| out_of_range(&items_at))?;
        let tax = sum(|line| line.unit_tax.times(line.quantity)).map_err(|_| out_of_range(&items_at))?;
        if !goods.covers(discount) {
            let detail = "must not be more than the items cost together";
            return Err(Invalid::one(&root.child("discount_amount"), "too_large", detail));
        }
        let before_discount = goods.plus(shipping).map_err(|_| out_of_range(&items_at))?;
        let total = before_discount.minus(discount).map_err(|_| out_of_range(&items_at))?;
        if total.is_zero() {
            return Err(Invalid::one(&items_at, "nothing_to_pay", "the total is zero; there is nothing to finance"));
        }
        Ok(Self { currency, lines, tax_inclusive: input.tax_inclusive, shipping, discount, tax, total })
    }

    /// The line with this id.
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }
}

impl Line {
    /// Checks one line; also the way a stored line is read back.
    pub fn new(
        input: &LineInput,
        currency: Currency,
        tax_inclusive: bool,
        at: &Pointer,
        id: LineId,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let name = match input.name.as_deref() {
            Some(name) => invalid.keep(plain_text(name, &at.child("name"), TEXT_MAX_CHARS)),
            None => {
                invalid.note(&at.child("name"), "missing", "is required");
                None
            }
        };
        let mut optional = |text: &Option<String>, field: &str| {
            text.as_deref().and_then(|text| invalid.keep(plain_text(text, &at.child(field), TEXT_MAX_CHARS)))
        };
        let sku = optional(&input.sku, "sku");
        let brand = optional(&input.brand, "brand");
        let category = optional(&input.category, "category");
        let quantity = match input.quantity {
            Some(quantity) if (1..=LINE_QUANTITY_MAX).contains(&quantity) => Some(quantity),
            Some(_) => {
                let detail = format!("must be a whole number from 1 to {LINE_QUANTITY_MAX}");
                invalid.note(&at.child("quantity"), "out_of_range", detail);
                None
            }
            None => {
                invalid.note(&at.child("quantity"), "missing", "is required");
                None
            }
        };
        if input.unit_price.is_none() {
            invalid.note(&at.child("unit_price"), "missing", "is required");
        }
        let unit_price = money(&mut invalid, input.unit_price, currency, &at.child("unit_price"));
        let unit_tax = money(&mut invalid, input.unit_tax, currency, &at.child("unit_tax"));
        let (Some(name), Some(quantity), Some(unit_price), Some(unit_tax)) = (name, quantity, unit_price, unit_tax)
        else {
            return Err(invalid);
        };
        if tax_inclusive && input.unit_price.is_some() && !unit_price.covers(unit_tax) {
            let detail = "is more than the unit price that includes it; set tax_inclusive to false if prices are net";
            invalid.note(&at.child("unit_tax"), "too_large", detail);
        }
        let unit_gross = if tax_inclusive { Ok(unit_price) } else { unit_price.plus(unit_tax) };
        let total = unit_gross.and_then(|gross| gross.times(quantity));
        if total.is_err() {
            invalid.note(at, "out_of_range", "the line total is larger than any we handle");
        }
        match (unit_gross, total) {
            (Ok(unit_gross), Ok(total)) if invalid.0.is_empty() => {
                Ok(Self { id, sku, name, brand, quantity, unit_price, unit_tax, unit_gross, total, category })
            }
            _ => Err(invalid),
        }
    }
}

fn money(invalid: &mut Invalid, amount: Option<Decimal>, currency: Currency, at: &Pointer) -> Option<Money> {
    match amount {
        None => Some(Money::zero(currency)),
        Some(amount) => match Money::new(amount, currency) {
            Ok(money) => Some(money),
            Err(error) => {
                invalid.note(at, error.code(), error.to_string());
                None
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn item(price: &str, tax: &str, quantity: u32) -> LineInput {
        LineInput {
            name: Some("TV".into()),
            quantity: Some(quantity),
            unit_price: Some(crate::parse_decimal(price).unwrap()),
            unit_tax: Some(crate::parse_decimal(tax).unwrap()),
            ..LineInput::default()
        }
    }

    fn cart(items: Vec<LineInput>, tax_inclusive: bool, shipping: &str) -> Result<Cart, Invalid> {
        let shipping = Some(crate::parse_decimal(shipping).unwrap());
        let input = CartInput { items, tax_inclusive, shipping, discount: None };
        let mut ids = || format!("lin_{}", Uuid::nil().simple()).parse().unwrap();
        Cart::new(&input, Currency::USD, &Pointer::root(), &mut ids)
    }

    #[test]
    fn the_documented_sums() {
        // wegetfinancing.md 4.6: seed 002 is gross, seed 000's reply only fits net prices.
        assert_eq!(cart(vec![item("1370", "52.69", 1)], true, "50").unwrap().total.to_string(), "1420.00");
        assert_eq!(cart(vec![item("2500", "300.00", 1)], false, "200.00").unwrap().total.to_string(), "3000.00");
        assert_eq!(
            cart(vec![item("2500", "250", 2), item("1500", "150", 1)], true, "0").unwrap().total.to_string(),
            "6500.00"
        );
    }

    #[test]
    fn wrong_lines_are_all_named() {
        let invalid = cart(vec![item("1.005", "0", 0), item("1", "2", 1)], true, "0").unwrap_err();
        let found: Vec<_> = invalid.0.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        assert_eq!(
            found,
            [
                ("/items/0/quantity", "out_of_range"),
                ("/items/0/unit_price", "too_many_digits"),
                ("/items/1/unit_tax", "too_large")
            ]
        );
    }

    #[test]
    fn an_unreadable_price_is_one_mistake() {
        let unreadable = LineInput { unit_price: None, ..item("1", "2", 1) };
        let invalid = cart(vec![unreadable], true, "0").unwrap_err();
        let found: Vec<_> = invalid.0.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        assert_eq!(found, [("/items/0/unit_price", "missing")]);
    }

    proptest! {
        #[test]
        fn total_is_the_exact_sum(cents in proptest::collection::vec((1_u64..10_000_000, 1_u32..50), 1..20), shipping in 0_u64..100_000) {
            let items = cents.iter().map(|(price, quantity)| LineInput {
                name: Some("x".into()), quantity: Some(*quantity),
                unit_price: Some(Money::from_minor(*price, Currency::USD).unwrap().amount()),
                ..LineInput::default()
            }).collect();
            let expected: u64 = cents.iter().map(|(price, quantity)| price * u64::from(*quantity)).sum::<u64>() + shipping;
            let shipping = Money::from_minor(shipping, Currency::USD).unwrap();
            let cart = cart(items, true, &shipping.to_string()).unwrap();
            prop_assert_eq!(cart.total.minor(), expected);
        }
    }
}
