//! What we ask FlexShopper to lease: the stored checkout in its terms. The plugin's order and the comparison before a lease is
//! confirmed are both made from this, and from nothing that a browser said.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use lendport_core::{Attempt, Checkout, Line, LineId, Money, MoneyError, ProviderError};
use serde::Serialize;

use crate::account::{Account, setup};
use crate::medusa::{LeaseItem, LeaseOrder, LeaseShipping};
use crate::money::Dollars;
use crate::options::Options;

/// Sent where the merchant names no maker, because `brand` may not be missing (4.13).
const NO_BRAND: &str = "n/a";

/// A checkout as FlexShopper sees it.
#[derive(Clone, Debug)]
pub(crate) struct Order<'c> {
    /// One per line of the cart, each with a code of its own.
    pub(crate) lines: Vec<OrderLine<'c>>,
    /// What the lines cost together.
    pub(crate) goods: Money,
    /// What sending them costs.
    pub(crate) shipping: Money,
    options: Options,
    day: Date,
}

/// A line of the cart.
#[derive(Clone, Debug)]
pub(crate) struct OrderLine<'c> {
    pub(crate) line: &'c Line,
    /// The code it is known by. FlexShopper knows lines by it only, so no two have the same.
    pub(crate) sku: String,
    /// Price of one, with or without tax as the account says (question 11).
    pub(crate) cost: Money,
}

impl<'c> Order<'c> {
    pub(crate) fn of(checkout: &'c Checkout, account: Account<'_>) -> Result<Self, ProviderError> {
        let options = Options::of(checkout).map_err(|_| setup("The checkout's FlexShopper options cannot be read."))?;
        let with_tax = account.item_cost_includes_tax();
        let (lines, goods) = priced(checkout, with_tax)
            .map_err(|_| setup("The checkout's prices cannot be told to FlexShopper in dollars and cents."))?;
        let day = checkout.created_at.to_zoned(TimeZone::UTC).date();
        Ok(Self { lines, goods, shipping: checkout.cart.shipping, options, day })
    }

    /// What FlexShopper is asked to pay: goods and shipping.
    pub(crate) fn asked(&self) -> Result<Money, MoneyError> {
        self.goods.plus(self.shipping)
    }

    /// The line with this code.
    pub(crate) fn by_sku(&self, sku: &str) -> Option<&OrderLine<'c>> {
        self.lines.iter().find(|line| line.sku == sku)
    }

    /// The line with this id.
    pub(crate) fn by_id(&self, id: LineId) -> Option<&OrderLine<'c>> {
        self.lines.iter().find(|line| line.line.id == id)
    }

    /// The order as the plugin's `createOrder` hands it on (section 6): JSON text, for a float must not touch the prices.
    pub(crate) fn plugin_json(&self, transaction_id: &str) -> Result<String, ProviderError> {
        let written = self.plugin_order(transaction_id).ok().and_then(|order| serde_json::to_string(&order).ok());
        written.ok_or_else(|| setup("The checkout's prices cannot be told to FlexShopper in dollars and cents."))
    }

    /// The order as a lease is asked for (4.13), with the checkout's id to know it by.
    pub(crate) fn lease(&self, transaction_id: &str, order_id: &str) -> Result<LeaseOrder, ProviderError> {
        let item = |line: &OrderLine<'c>| {
            Ok(LeaseItem {
                brand: line.line.brand.as_deref().unwrap_or(NO_BRAND).to_owned(),
                sku: line.sku.clone(),
                description: line.line.name.clone(),
                cost: Dollars::try_from(line.cost)?,
                condition: self.options.condition,
                quantity: line.line.quantity,
            })
        };
        let unusable =
            |_: MoneyError| setup("The checkout's prices cannot be told to FlexShopper in dollars and cents.");
        Ok(LeaseOrder {
            transaction_id: transaction_id.to_owned(),
            order_id: order_id.to_owned(),
            items: self.lines.iter().map(item).collect::<Result<_, MoneyError>>().map_err(unusable)?,
            shipping: Some(LeaseShipping {
                cost: Dollars::try_from(self.shipping).map_err(unusable)?,
                method: Some(self.options.shipping_method.to_owned()),
            }),
            total_discount: None,
        })
    }

    fn plugin_order<'o>(&'o self, transaction_id: &'o str) -> Result<PluginOrder<'o>, MoneyError> {
        let item = |(position, line): (usize, &'o OrderLine<'c>)| {
            // All of it on the first item, as FlexShopper's own plugin does.
            let cost = if position == 0 { self.shipping } else { Money::zero(self.shipping.currency()) };
            Ok(PluginItem {
                description: &line.line.name,
                sku: &line.sku,
                brand: line.line.brand.as_deref().unwrap_or(NO_BRAND),
                cost: Dollars::try_from(line.cost)?,
                condition: self.options.condition,
                quantity: line.line.quantity,
                shipping: PluginShipping {
                    cost: Dollars::try_from(cost)?,
                    date: self.day,
                    method: self.options.shipping_method,
                },
            })
        };
        let items = self.lines.iter().enumerate().map(item).collect::<Result<_, MoneyError>>()?;
        Ok(PluginOrder { cost: Dollars::try_from(self.goods)?, transaction_id, items })
    }
}

fn priced(checkout: &Checkout, with_tax: bool) -> Result<(Vec<OrderLine<'_>>, Money), MoneyError> {
    let mut lines: Vec<OrderLine<'_>> = Vec::new();
    let mut goods = Money::zero(checkout.cart.currency);
    for line in &checkout.cart.lines {
        let cost = if with_tax { line.unit_gross } else { line.unit_gross.minus(line.unit_tax)? };
        goods = goods.plus(cost.times(line.quantity)?)?;
        let own = line.sku.as_deref().filter(|sku| lines.iter().all(|earlier| earlier.sku != *sku));
        let sku = own.map_or_else(|| line.id.to_string(), str::to_owned);
        lines.push(OrderLine { line, sku, cost });
    }
    Ok((lines, goods))
}

/// Our id of the order at FlexShopper, as it was stored when the order was made: the attempt's own reference in letters, digits
/// and `-`, for it stands in paths (1.7).
pub(crate) fn transaction_id(attempt: &Attempt) -> String {
    if let Some(stored) = &attempt.reference {
        return stored.0.clone();
    }
    attempt.merchant_reference.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginOrder<'o> {
    cost: Dollars,
    transaction_id: &'o str,
    items: Vec<PluginItem<'o>>,
}

#[derive(Serialize)]
struct PluginItem<'o> {
    description: &'o str,
    sku: &'o str,
    brand: &'o str,
    cost: Dollars,
    condition: &'static str,
    quantity: u32,
    shipping: PluginShipping,
}

#[derive(Serialize)]
struct PluginShipping {
    cost: Dollars,
    date: Date,
    method: &'static str,
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use serde_json::Value;

    use super::*;

    fn plugin(sample: &Sample, account: &[(&str, &str)]) -> String {
        let ids = SeededIds::default();
        let checkout = sample.checkout(&ids);
        let attempt = samples::attempt(&checkout, crate::ID, &ids);
        let settings = samples::account(account);
        let order = Order::of(&checkout, Account(&settings)).unwrap();
        order.plugin_json(&transaction_id(&attempt)).unwrap()
    }

    #[test]
    fn the_plugin_gets_the_members_of_the_published_order() {
        let mut sample = Sample::usa();
        sample.cart.items = vec![samples::item(Some("ABC123"), "Macbook Pro 13", 1, "120.34", "0")];
        sample.cart.items[0].brand = Some("Apple".to_owned());
        sample.cart.shipping = lendport_core::parse_decimal("10.33").ok();
        sample.provider_options.insert(crate::ID.to_owned(), r#"{"shipping_method": "UPS"}"#.to_owned());
        let text = plugin(&sample, &[]);
        let order: Value = serde_json::from_str(&text).unwrap();
        // Seed 004, createOrder, with our own id and day.
        let id = order["transactionId"].as_str().unwrap().to_owned();
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
        assert_eq!(
            text,
            format!(
                r#"{{"cost":120.34,"transactionId":"{id}","items":[{{"description":"Macbook Pro 13","sku":"ABC123","brand":"Apple","cost":120.34,"condition":"new","quantity":1,"shipping":{{"cost":10.33,"date":"2026-11-21","method":"UPS"}}}}]}}"#
            )
        );
    }

    #[test]
    fn tax_is_left_out_unless_the_account_wants_it() {
        // Seed 002's TV: 1370.00, of which 52.69 are tax.
        let cost = |account: &[(&str, &str)]| {
            let order: Value = serde_json::from_str(&plugin(&Sample::usa(), account)).unwrap();
            (order["cost"].to_string(), order["items"][0]["cost"].to_string(), order["items"][0]["brand"].to_string())
        };
        let expected = |cost: &str| (cost.to_owned(), cost.to_owned(), "\"n/a\"".to_owned());
        assert_eq!(cost(&[]), expected("1317.31"));
        assert_eq!(cost(&[("item_cost_includes_tax", "true")]), expected("1370"));
    }

    #[test]
    fn no_two_lines_share_a_code_and_shipping_is_said_once() {
        let mut sample = Sample::usa();
        let item = |sku, price| samples::item(sku, "Thing", 2, price, "0");
        sample.cart.items = vec![item(Some("A"), "10"), item(Some("A"), "30"), item(None, "5"), item(Some("B"), "1")];
        let order: Value = serde_json::from_str(&plugin(&sample, &[])).unwrap();
        let items = order["items"].as_array().unwrap();
        let mut skus: Vec<&str> = items.iter().map(|item| item["sku"].as_str().unwrap()).collect();
        assert_eq!((skus[0], skus[3]), ("A", "B"));
        assert!(skus[1].starts_with("lin_") && skus[2].starts_with("lin_"));
        skus.sort_unstable();
        skus.dedup();
        assert_eq!(skus.len(), 4);
        let shipping: Vec<String> = items.iter().map(|item| item["shipping"]["cost"].to_string()).collect();
        assert_eq!(
            (shipping.as_slice(), order["cost"].to_string()),
            (&["50", "0", "0", "0"].map(str::to_owned)[..], "92".to_owned())
        );
    }

    proptest! {
        #[test]
        fn the_items_add_up_to_the_cost_to_the_cent(lines in proptest::collection::vec((1_i64..9_999_999, 0_i64..999, 1_u32..40), 1..12), tax in any::<bool>()) {
            let mut sample = Sample::usa();
            let decimal = |minor: i64| Decimal::new(minor, 2).to_string();
            sample.cart.items = lines
                .iter()
                .map(|(price, tax, quantity)| samples::item(None, "x", *quantity, &decimal(*price + *tax), &decimal(*tax)))
                .collect();
            let account: &[(&str, &str)] = if tax { &[("item_cost_includes_tax", "true")] } else { &[] };
            let text = plugin(&sample, account);
            let numbers: Vec<Decimal> = text
                .split("\"cost\":")
                .skip(1)
                .map(|rest| lendport_core::parse_decimal(rest.split([',', '}']).next().unwrap()).unwrap())
                .collect();
            // The order's, then for each item its own and its shipping's.
            let items = numbers[1..].iter().step_by(2);
            let sum: Decimal = items.zip(&lines).map(|(cost, (_, _, quantity))| *cost * Decimal::from(*quantity)).sum();
            prop_assert_eq!(sum, numbers[0]);
        }
    }
}
