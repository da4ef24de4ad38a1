//! The lines of the cart. Whatever is wrong with one, `cart_items` as a whole is the subject (wegetfinancing.md 5.4).

use rust_decimal::Decimal;

use super::fields::Fields;
use super::json::Json;
use super::money::{self, Line};

const ITEM: &[&str] = &["display_name", "unit_price", "quantity", "sku", "unit_tax", "category"];
const ITEM_REQUIRED: &[&str] = &["display_name", "unit_price", "quantity"];

/// Reads the cart; an absent one is empty, a bad one is refused with its first problem.
pub(super) fn cart(given: Option<&Json>, fields: &mut Fields<'_, '_>) -> Option<Vec<Line>> {
    let Some(given) = given else { return Some(Vec::new()) };
    let Some(entries) = given.list() else {
        fields.refuse("cart_items", "Not a list");
        return None;
    };
    let mut lines = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        match item(entry) {
            Ok(line) => lines.push(line),
            Err(reason) => {
                fields.refuse("cart_items", &format!("Item {place}: {reason}"));
                return None;
            }
        }
    }
    Some(lines)
}

fn item(entry: &Json) -> Result<Line, String> {
    let members = entry.object().ok_or("Not an item")?;
    if let Some(absent) = ITEM_REQUIRED.iter().find(|name| !members.contains_key(**name)) {
        return Err(format!("{absent}: Missing required parameter"));
    }
    if let Some(strange) = members.keys().find(|name| !ITEM.contains(&name.as_str())) {
        return Err(format!("{strange}: Unknown parameter"));
    }
    let text = |name: &'static str| match members.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) if !text.trim().is_empty() || name == "category" => Ok(Some(text.clone())),
        Some(Json::Text(_)) => Err(format!("{name}: Must not be blank")),
        Some(_) => Err(format!("{name}: Not a string")),
    };
    let number = |name: &'static str| match members.get(name) {
        None => Ok(Decimal::ZERO),
        Some(value) => money::decimal(value).map_err(|reason| format!("{name}: {reason}")),
    };
    let name = text("display_name")?.unwrap_or_default();
    text("sku")?;
    text("category")?;
    let (unit_price, unit_tax) = (number("unit_price")?, number("unit_tax")?);
    let quantity = members.get("quantity").ok_or("Not an integer").and_then(money::quantity);
    let quantity = quantity.map_err(|reason| format!("quantity: {reason}"))?;
    if unit_price <= Decimal::ZERO {
        return Err("unit_price: Must be greater than zero".to_owned());
    }
    if unit_tax < Decimal::ZERO {
        return Err("unit_tax: Must not be negative".to_owned());
    }
    Ok(Line { name, quantity, unit_price, unit_tax })
}
