//! Reading an order: of a create-lease call (flexshopper.md 4.13), or from the plugin (section 6).

use rust_decimal::Decimal;

use super::errors::Refusal;
use super::fields::Fields;
use super::goods::Line;
use super::money;
use super::transaction::Cart;

const ITEM: [&str; 9] = ["brand", "sku", "productId", "description", "cost", "condition", "quantity", "mpn", "gtin"];
const CONDITIONS: [&str; 3] = ["new", "used", "refurbished"];
/// Longer ids were not allowed in any edition.
const ID_MAX: usize = 256;

/// The members of a create-lease body.
pub(super) const LEASE: [&str; 6] =
    ["transactionId", "orderId", "items", "shipping", "payTomorrowTaxTotal", "totalDiscount"];

/// The cart of a create-lease call. Names that no document knows go into `strange`.
pub(super) fn of_lease(fields: &Fields<'_>, strange: &mut Vec<String>) -> Result<Cart, Refusal> {
    let transaction_id = id(fields)?;
    let order_id = fields.text("orderId")?;
    let entries = fields.list("items")?.ok_or_else(|| fields.missing("items"))?;
    let mut lines = Vec::new();
    for entry in &entries {
        entry.unknown(&ITEM, strange);
        entry.word("condition", &CONDITIONS)?;
        for member in ["productId", "mpn", "gtin"] {
            entry.text(member)?;
        }
        lines.push(line(entry, entry.required_text("brand")?)?);
    }
    let mut shipping = Decimal::ZERO;
    if let Some(given) = fields.inner("shipping")? {
        given.unknown(&["cost", "date", "method", "store"], strange);
        given.text("date")?;
        given.text("method")?;
        shipping = given.amount("cost")?.unwrap_or_default();
    }
    let discount = fields.amount("totalDiscount")?.unwrap_or_default();
    let pay_tomorrow_tax = fields.amount("payTomorrowTaxTotal")?;
    let cart = Cart { transaction_id, order_id, lines, shipping, pay_tomorrow_tax, stated_cost: None };
    whole(cart, discount)
}

/// The cart of a plugin's order, whose shipping is told with each item.
pub(super) fn of_plugin(fields: &Fields<'_>, strange: &mut Vec<String>) -> Result<Cart, Refusal> {
    fields.unknown(&["cost", "transactionId", "items"], strange);
    let transaction_id = id(fields)?;
    let stated_cost = fields.amount("cost")?;
    let entries = fields.list("items")?.ok_or_else(|| fields.missing("items"))?;
    let (mut lines, mut shipping) = (Vec::new(), Decimal::ZERO);
    for entry in &entries {
        entry.unknown(&["description", "sku", "cost", "brand", "condition", "quantity", "images", "shipping"], strange);
        entry.word("condition", &CONDITIONS)?;
        lines.push(line(entry, entry.required_text("brand")?)?);
        if let Some(given) = entry.inner("shipping")? {
            given.unknown(&["cost", "date", "method"], strange);
            given.text("date")?;
            given.text("method")?;
            shipping += given.amount("cost")?.unwrap_or_default();
        }
    }
    whole(Cart { transaction_id, order_id: None, lines, shipping, pay_tomorrow_tax: None, stated_cost }, Decimal::ZERO)
}

fn id(fields: &Fields<'_>) -> Result<String, Refusal> {
    let id = fields.required_text("transactionId")?;
    if id.chars().count() > ID_MAX {
        return Err(Refusal::Invalid(format!("\"transactionId\" must be {ID_MAX} characters or less")));
    }
    Ok(id)
}

fn line(entry: &Fields<'_>, brand: String) -> Result<Line, Refusal> {
    Ok(Line::new(
        entry.required_text("description")?,
        entry.required_text("sku")?,
        brand,
        entry.required_amount("cost")?,
        entry.required_quantity("quantity")?,
    ))
}

/// Spreads the discount, and refuses a cart without anything in it.
fn whole(mut cart: Cart, discount: Decimal) -> Result<Cart, Refusal> {
    if cart.lines.is_empty() {
        return Err(Refusal::Invalid("\"items\" must contain at least 1 items".to_owned()));
    }
    if discount > cart.subtotal() {
        return Err(Refusal::rejected("the discount is larger than what it is taken off"));
    }
    let prices: Vec<(Decimal, u32)> = cart.lines.iter().map(|line| (line.cost, line.quantity)).collect();
    for (line, cost) in cart.lines.iter_mut().zip(money::discounted(&prices, discount)) {
        line.cost = cost;
    }
    Ok(cart)
}
