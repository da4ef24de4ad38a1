//! Is the lease that a customer signed the one that the checkout asks for? Customer, products and money are compared with the
//! stored checkout before it is confirmed (questions 5 and 10). What differs is undone; what cannot be told is a person's.

use std::collections::BTreeMap;
use std::fmt;

use lendport_core::{Checkout, Money, MoneyError};

use crate::field::{Field, Private};
use crate::order::Order;
use crate::wire::{Customer, Item, Transaction};

/// Where a signed lease is another than the checkout's. Shown to merchants: no names, no texts of FlexShopper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another person signed.
    Customer,
    /// A product that the checkout has is missing.
    MissingProduct,
    /// It has a product that the checkout has not.
    UnknownProduct,
    /// Another number of units.
    Quantity,
    /// Another price of one.
    Price,
    /// Another price of shipping.
    Shipping,
    /// Another sum.
    Total {
        /// What FlexShopper says.
        said: Money,
        /// Goods and shipping of the checkout.
        asked: Money,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer => f.write_str("another customer signed"),
            Self::MissingProduct => f.write_str("a product is missing"),
            Self::UnknownProduct => f.write_str("there is a product that is not in the checkout"),
            Self::Quantity => f.write_str("the number of units differs"),
            Self::Price => f.write_str("the price of a product differs"),
            Self::Shipping => f.write_str("the price of shipping differs"),
            Self::Total { said, asked } => write!(f, "the sum is {said} instead of {asked}"),
        }
    }
}

/// What comparing brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the checkout's, for the sum that was asked for.
    Fits(Money),
    /// It is not.
    Differs(Vec<Difference>),
    /// These fields are missing or cannot be read, and nothing differs beside them.
    CannotTell(Vec<&'static str>),
}

/// Compares. `check_customer` is the account's wish.
pub(crate) fn compare(order: &Order<'_>, checkout: &Checkout, signed: &Transaction, check_customer: bool) -> Verdict {
    let mut differences = Vec::new();
    let mut unclear = Vec::new();
    if check_customer && !is_the_customer(checkout, &signed.customer) {
        differences.push(Difference::Customer);
    }
    match &signed.items {
        Field::Value(items) => products(order, items, &mut differences, &mut unclear),
        Field::Absent | Field::Unreadable => unclear.push("items"),
    }
    let financed = match total(order, signed, &mut differences, &mut unclear) {
        Ok(financed) => financed,
        Err(_) => {
            unclear.push("purchaseTotal");
            None
        }
    };
    match (differences.is_empty(), unclear.is_empty(), financed) {
        (true, true, Some(financed)) => Verdict::Fits(financed),
        (false, ..) => Verdict::Differs(differences),
        _ => Verdict::CannotTell(unclear),
    }
}

/// The e-mail address, or the whole name, has to be the checkout's. A customer signs in with an account of FlexShopper's, so
/// one of the two may be another; what is not said is not compared.
fn is_the_customer(checkout: &Checkout, signed: &Field<Customer>) -> bool {
    let Some(person) = signed.value() else { return true };
    let same = |told: &Field<Private>, ours: &str| {
        told.value().map(|told| told.expose().trim().to_lowercase() == ours.trim().to_lowercase())
    };
    let ours = &checkout.customer;
    let email = same(&person.email, ours.email.expose());
    let first = same(&person.first_name, ours.first_name.expose());
    let last = same(&person.last_name, ours.last_name.expose());
    let name = match (first, last) {
        (Some(first), Some(last)) => Some(first && last),
        (one, other) => one.or(other),
    };
    match (email, name) {
        (None, None) => true,
        (email, name) => email == Some(true) || name == Some(true),
    }
}

fn products(order: &Order<'_>, items: &[Item], differences: &mut Vec<Difference>, unclear: &mut Vec<&'static str>) {
    let mut signed: BTreeMap<&str, u64> = BTreeMap::new();
    for item in items {
        let (Some(sku), Some(quantity)) = (item.sku.value(), item.quantity.value()) else {
            unclear.push("items[].sku and items[].quantity");
            continue;
        };
        let count = signed.entry(sku.as_str()).or_default();
        *count = count.saturating_add(u64::from(quantity.0));
        let Some(line) = order.by_sku(sku.as_str()) else {
            differences.push(Difference::UnknownProduct);
            continue;
        };
        match &item.cost {
            Field::Value(cost) if cost.money().ok() == Some(line.cost) => {}
            Field::Value(_) => differences.push(Difference::Price),
            Field::Unreadable => unclear.push("items[].cost"),
            // The sum is compared all the same.
            Field::Absent => {}
        }
    }
    for line in &order.lines {
        match signed.get(line.sku.as_str()) {
            None => differences.push(Difference::MissingProduct),
            Some(count) if *count != u64::from(line.line.quantity) => differences.push(Difference::Quantity),
            Some(_) => {}
        }
    }
}

/// The sum that was asked for, where FlexShopper's is that. `purchaseTotal` may leave out shipping and may hold FlexShopper's own
/// sales tax, which is none that was asked for (question 10); anything else differs. A sum without shipping fits only where
/// shipping is said beside it, or costs nothing.
fn total(
    order: &Order<'_>,
    signed: &Transaction,
    differences: &mut Vec<Difference>,
    unclear: &mut Vec<&'static str>,
) -> Result<Option<Money>, MoneyError> {
    let Some(said) = signed.purchase_total.value() else {
        unclear.push("purchaseTotal");
        return Ok(None);
    };
    let said = said.money()?;
    let tax = signed.purchase_sales_tax.value().map(|tax| tax.money()).transpose()?;
    let tax = tax.unwrap_or(Money::zero(said.currency()));
    let shipping = signed.shipping_cost.value().map(|shipping| shipping.money()).transpose()?;
    if signed.purchase_sales_tax.is_unreadable() || signed.shipping_cost.is_unreadable() {
        unclear.push("purchaseSalesTax and shippingCost");
    }
    if shipping.is_some_and(|shipping| shipping != order.shipping) {
        differences.push(Difference::Shipping);
    }
    let (goods, asked) = (order.goods, order.asked()?);
    let with_shipping = said == asked || said == asked.plus(tax)?;
    let without = said == goods || said == goods.plus(tax)?;
    match (with_shipping, without, shipping) {
        (true, ..) | (false, true, Some(_)) => Ok(Some(asked)),
        (false, true, None) => {
            unclear.push("shippingCost");
            Ok(None)
        }
        (false, false, _) => {
            differences.push(Difference::Total { said, asked });
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::Currency;
    use lendport_testkit::{Sample, SeededIds, samples};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::account::Account;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap()
    }

    fn sample() -> Sample {
        let mut sample = Sample::usa();
        sample.cart.items =
            vec![samples::item(Some("A"), "TV", 1, "400", "0"), samples::item(Some("B"), "Cable", 3, "10.10", "0")];
        sample.cart.shipping = lendport_core::parse_decimal("20").ok();
        sample
    }

    fn signed() -> Value {
        json!({
            "customer": { "firstName": "John", "lastName": "Doe", "email": "JOHN@example.com" },
            "shippingCost": 20,
            "lease": { "id": "eyJ", "status": "signed" },
            "items": [
                { "sku": "A", "cost": 400, "quantity": 1 },
                { "sku": "B", "cost": 10.10, "quantity": 3 }
            ],
            "purchaseTotal": 45_030,
            "purchaseSalesTax": 808
        })
    }

    fn verdict(change: impl FnOnce(&mut Value)) -> Verdict {
        let mut told = signed();
        change(&mut told);
        let told: Transaction = serde_json::from_str(&told.to_string()).unwrap();
        let checkout = sample().checkout(&SeededIds::default());
        let settings = samples::account(&[]);
        let order = Order::of(&checkout, Account(&settings)).unwrap();
        compare(&order, &checkout, &told, true)
    }

    #[test]
    fn every_sum_of_question_10_fits_and_no_other() {
        // Goods 430.30, shipping 20, tax 8.08.
        for cents in [45_030, 45_838, 43_030, 43_838] {
            assert_eq!(verdict(|told| told["purchaseTotal"] = json!(cents)), Verdict::Fits(usd("450.30")), "{cents}");
        }
        for cents in [45_029, 45_031, 43_029, 43_031, 45_837, 45_839, 0, 430, 451, 808] {
            let total =
                Difference::Total { said: Money::from_minor(cents, Currency::USD).unwrap(), asked: usd("450.30") };
            assert_eq!(verdict(|told| told["purchaseTotal"] = json!(cents)), Verdict::Differs(vec![total]), "{cents}");
        }
    }

    #[test]
    fn every_difference_is_found() {
        use Difference as D;
        let one = |difference| Verdict::Differs(vec![difference]);
        assert_eq!(verdict(|told| told["items"][1]["quantity"] = json!(2)), one(D::Quantity));
        assert_eq!(verdict(|told| told["items"][0]["cost"] = json!(399.99)), one(D::Price));
        assert_eq!(verdict(|told| told["shippingCost"] = json!(0)), one(D::Shipping));
        let other = verdict(|told| told["items"][1]["sku"] = json!("C"));
        assert_eq!(other, Verdict::Differs(vec![D::UnknownProduct, D::MissingProduct]));
        let stranger = json!({ "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com" });
        assert_eq!(verdict(|told| told["customer"] = stranger.clone()), one(D::Customer));
        let twice = verdict(|told| {
            let again = told["items"][0].clone();
            told["items"].as_array_mut().unwrap().push(again);
        });
        assert_eq!(twice, one(D::Quantity));
    }

    #[test]
    fn one_item_may_be_told_in_two_parts_and_a_customer_by_name_or_address() {
        let parts = verdict(|told| {
            let items = told["items"].as_array_mut().unwrap();
            items[1]["quantity"] = json!(1);
            items.push(json!({ "sku": "B", "cost": 10.1, "quantity": 2 }));
        });
        assert_eq!(parts, Verdict::Fits(usd("450.30")));
        for person in [
            json!({ "email": "john@example.com", "firstName": "J", "lastName": "D" }),
            json!({ "email": "other@example.com", "firstName": " john", "lastName": "DOE" }),
            json!({ "id": "7" }),
            Value::Null,
        ] {
            assert_eq!(verdict(|told| told["customer"] = person.clone()), Verdict::Fits(usd("450.30")), "{person}");
        }
    }

    #[test]
    fn what_is_not_said_is_neither_believed_nor_undone() {
        for (field, value, unclear) in [
            ("items", Value::Null, "items"),
            ("items", json!("all"), "items"),
            ("purchaseTotal", Value::Null, "purchaseTotal"),
            ("purchaseTotal", json!(450.5), "purchaseTotal"),
            ("purchaseSalesTax", json!({}), "purchaseSalesTax and shippingCost"),
        ] {
            let expected = Verdict::CannotTell(vec![unclear]);
            assert_eq!(verdict(|told| told[field] = value.clone()), expected, "{field} {value}");
        }
        let without_shipping = verdict(|told| {
            told["purchaseTotal"] = json!(43_030);
            told["shippingCost"] = Value::Null;
        });
        assert_eq!(without_shipping, Verdict::CannotTell(vec!["shippingCost"]));
    }

    proptest! {
        #[test]
        fn nothing_that_is_off_by_anything_fits(cents in 0_u64..200_000, quantity in 0_u32..6, cost in 0_u32..90_000) {
            let told = verdict(|told| {
                told["purchaseTotal"] = json!(cents);
                told["items"][1]["quantity"] = json!(quantity);
                told["items"][0]["cost"] = json!(format!("{}.{:02}", cost / 100, cost % 100));
            });
            let fits = matches!(cents, 45_030 | 45_838 | 43_030 | 43_838) && quantity == 3 && cost == 40_000;
            prop_assert_eq!(matches!(told, Verdict::Fits(_)), fits);
        }
    }
}
