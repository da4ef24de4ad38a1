//! A cart as JSON, its names a letter each. Sums are not stored: they are worked out again when it is read.

use std::borrow::Cow;

use lendport_core::{Cart, CartInput, Currency, Line, LineId, LineInput, Pointer, parse_decimal};
use serde::{Deserialize, Serialize};

use crate::codec::{json, json_fault};
use crate::fault::{Done, Fault};

#[derive(Serialize, Deserialize)]
struct StoredCart<'a> {
    #[serde(rename = "t")]
    tax_inclusive: bool,
    #[serde(rename = "s")]
    shipping: String,
    #[serde(rename = "d")]
    discount: String,
    #[serde(rename = "l")]
    lines: Vec<StoredLine<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredLine<'a> {
    #[serde(rename = "i")]
    id: LineId,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    sku: Option<Cow<'a, str>>,
    #[serde(rename = "n")]
    name: Cow<'a, str>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    brand: Option<Cow<'a, str>>,
    #[serde(rename = "q")]
    quantity: u32,
    #[serde(rename = "p")]
    price: String,
    #[serde(rename = "x")]
    tax: String,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    category: Option<Cow<'a, str>>,
}

/// Writes a cart.
pub(crate) fn write(cart: &Cart) -> Done<String> {
    json(&StoredCart {
        tax_inclusive: cart.tax_inclusive,
        shipping: cart.shipping.amount().to_string(),
        discount: cart.discount.amount().to_string(),
        lines: cart.lines.iter().map(stored).collect(),
    })
}

fn stored(line: &Line) -> StoredLine<'_> {
    StoredLine {
        id: line.id,
        sku: line.sku.as_deref().map(Cow::Borrowed),
        name: Cow::Borrowed(&line.name),
        brand: line.brand.as_deref().map(Cow::Borrowed),
        quantity: line.quantity,
        price: line.unit_price.amount().to_string(),
        tax: line.unit_tax.amount().to_string(),
        category: line.category.as_deref().map(Cow::Borrowed),
    }
}

/// Reads a cart and checks it as if it came in anew; its lines keep their ids.
/// `bad` names the column for whatever is refused.
pub(crate) fn read(currency: Currency, text: &str, bad: impl Fn(String) -> Fault) -> Done<Cart> {
    let stored: StoredCart<'_> = serde_json::from_str(text).map_err(|error| bad(json_fault(&error)))?;
    let amount = |text: &str| parse_decimal(text).map(Some).map_err(|error| bad(error.to_string()));
    let mut ids = Vec::with_capacity(stored.lines.len());
    let mut items = Vec::with_capacity(stored.lines.len());
    for line in stored.lines {
        ids.push(line.id);
        items.push(LineInput {
            sku: line.sku.map(Cow::into_owned),
            name: Some(line.name.into_owned()),
            brand: line.brand.map(Cow::into_owned),
            quantity: Some(line.quantity),
            unit_price: amount(&line.price)?,
            unit_tax: amount(&line.tax)?,
            category: line.category.map(Cow::into_owned),
        });
    }
    let Some(&first) = ids.first() else { return Err(bad("no lines".to_owned())) };
    let input = CartInput {
        items,
        tax_inclusive: stored.tax_inclusive,
        shipping: amount(&stored.shipping)?,
        discount: amount(&stored.discount)?,
    };
    let mut ids = ids.into_iter();
    Cart::new(&input, currency, &Pointer::root(), &mut || ids.next().unwrap_or(first))
        .map_err(|invalid| bad(invalid.to_string()))
}
