//! The body of `POST /v1/checkouts`: its shape is judged here, its meaning by the engine, and both come in one answer.

use std::collections::BTreeMap;

use lendport_core::{
    AddressInput, CaptureMode, CartInput, CustomerInput, Invalid, LineInput, Pointer, Product, ProviderId, ReturnUrls,
    limits,
};
use lendport_engine::OpenCheckout;

use super::fields::{Fields, wrong_type};
use super::node::{Node, shown};
use super::text::{metadata, web_address};

pub(crate) const CHECKOUT: &[&str] = &[
    "reference",
    "provider",
    "providers",
    "customer_chooses",
    "product_type",
    "currency",
    "customer",
    "billing_address",
    "shipping_address",
    "items",
    "tax_inclusive",
    "shipping_amount",
    "discount_amount",
    "return_urls",
    "capture",
    "metadata",
    "provider_options",
];
pub(crate) const CUSTOMER: &[&str] = &["first_name", "last_name", "email", "phone"];
pub(crate) const ADDRESS: &[&str] = &["line1", "line2", "city", "state", "postal_code", "country"];
pub(crate) const ITEM: &[&str] = &["sku", "name", "brand", "quantity", "unit_price", "unit_tax", "category"];
pub(crate) const RETURN_URLS: &[&str] = &["success", "failure"];

/// Providers one checkout may name.
const PROVIDERS_MAX: usize = 10;
/// Characters of a provider's name.
const PROVIDER_MAX_CHARS: usize = 40;

/// Bytes of JSON text of one provider's options.
const OPTIONS_MAX_BYTES: usize = 4096;

/// Reads the body; what does not fit is noted and left out.
pub(crate) fn read(node: &Node<'_>, notes: &mut Invalid) -> OpenCheckout {
    let body = Fields::open(node, Pointer::root(), CHECKOUT, notes);
    OpenCheckout {
        reference: body.text("reference", notes),
        provider: provider(&body, notes),
        providers: providers(&body, notes),
        customer_chooses: body.flag("customer_chooses", notes).unwrap_or(false),
        product_type: product_type(&body, notes),
        currency: body.text("currency", notes),
        customer: body.node("customer").map_or_else(CustomerInput::default, |node| customer(node, &body, notes)),
        billing: address(&body, "billing_address", notes).unwrap_or_default(),
        shipping: address(&body, "shipping_address", notes),
        cart: cart(&body, notes),
        return_urls: return_urls(&body, notes),
        capture: body.word("capture", &["automatic", "manual"], CaptureMode::parse, notes),
        metadata: metadata(&body, notes),
        provider_options: provider_options(&body, notes),
    }
}

/// Reads what a checkout would be decided on, and not where it goes.
pub(super) fn imagined(body: &Fields<'_, '_>, notes: &mut Invalid) -> OpenCheckout {
    OpenCheckout {
        reference: body.text("reference", notes),
        product_type: product_type(body, notes),
        currency: body.text("currency", notes),
        customer: body.node("customer").map_or_else(CustomerInput::default, |node| customer(node, body, notes)),
        billing: address(body, "billing_address", notes).unwrap_or_default(),
        shipping: address(body, "shipping_address", notes),
        cart: cart(body, notes),
        capture: body.word("capture", &["automatic", "manual"], CaptureMode::parse, notes),
        metadata: metadata(body, notes),
        provider_options: provider_options(body, notes),
        ..OpenCheckout::default()
    }
}

fn product_type(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<Product> {
    body.word("product_type", &Product::ALL.map(Product::as_str), Product::parse, notes)
}

fn provider(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<String> {
    let name = body.text("provider", notes)?;
    named(&name, &body.pointer("provider"), notes).then_some(name)
}

fn named(name: &str, at: &Pointer, notes: &mut Invalid) -> bool {
    let fits = name.chars().count() <= PROVIDER_MAX_CHARS;
    if !fits {
        notes.note(at, "too_long", format!("must have at most {PROVIDER_MAX_CHARS} characters"));
    }
    fits
}

fn providers(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<Vec<String>> {
    let at = body.pointer("providers");
    body.node("providers")?;
    // What is noted here is not called missing or too short as well: the engine leaves out what it finds at a pointer
    // that has its error already, so an unusable list is handed on as an empty one and a bad name as no name.
    let nodes = body.list("providers", notes).unwrap_or_default();
    if nodes.len() > PROVIDERS_MAX {
        notes.note(&at, "too_many", format!("name at most {PROVIDERS_MAX} providers"));
        return Some(Vec::new());
    }
    let mut names = Vec::with_capacity(nodes.len());
    for (position, node) in nodes.iter().enumerate() {
        match node {
            Node::Text(name) if named(name, &at.index(position), notes) => names.push(name.clone()),
            Node::Text(_) => names.push(String::new()),
            other => {
                wrong_type(&at.index(position), "a string", other, notes);
                names.push(String::new());
            }
        }
    }
    Some(names)
}

fn customer(node: &Node<'_>, body: &Fields<'_, '_>, notes: &mut Invalid) -> CustomerInput {
    let customer = Fields::open(node, body.pointer("customer"), CUSTOMER, notes);
    CustomerInput {
        first_name: customer.personal("first_name", notes),
        last_name: customer.personal("last_name", notes),
        email: customer.personal("email", notes),
        phone: customer.personal("phone", notes),
    }
}

pub(super) fn address(body: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<AddressInput> {
    let address = Fields::open(body.node(name)?, body.pointer(name), ADDRESS, notes);
    Some(AddressInput {
        line1: address.personal("line1", notes),
        line2: address.personal("line2", notes),
        city: address.personal("city", notes),
        state: address.text("state", notes),
        postal_code: address.personal("postal_code", notes),
        country: address.text("country", notes),
    })
}

fn cart(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<CartInput> {
    let tax_inclusive = body.flag("tax_inclusive", notes).unwrap_or(true);
    let shipping = body.amount("shipping_amount", notes);
    let discount = body.amount("discount_amount", notes);
    body.node("items")?;
    let at = body.pointer("items");
    let nodes = body.list("items", notes).unwrap_or_default();
    let items = if nodes.len() > limits::CART_LINES_MAX {
        let detail = format!("has {} items; at most {} are taken", nodes.len(), limits::CART_LINES_MAX);
        notes.note(&at, "too_many", detail);
        Vec::new()
    } else {
        nodes.iter().enumerate().map(|(position, node)| item(node, at.index(position), notes)).collect()
    };
    Some(CartInput { items, tax_inclusive, shipping, discount })
}

fn item(node: &Node<'_>, at: Pointer, notes: &mut Invalid) -> LineInput {
    let item = Fields::open(node, at, ITEM, notes);
    LineInput {
        sku: item.text("sku", notes),
        name: item.text("name", notes),
        brand: item.text("brand", notes),
        quantity: item.count("quantity", notes),
        unit_price: item.amount("unit_price", notes),
        unit_tax: item.amount("unit_tax", notes),
        category: item.text("category", notes),
    }
}

fn return_urls(body: &Fields<'_, '_>, notes: &mut Invalid) -> ReturnUrls {
    let Some(node) = body.node("return_urls") else { return ReturnUrls::default() };
    let urls = Fields::open(node, body.pointer("return_urls"), RETURN_URLS, notes);
    ReturnUrls { success: web_address(&urls, "success", notes), failure: web_address(&urls, "failure", notes) }
}

/// Kept as JSON text; the provider's adapter judges what is in it.
fn provider_options(body: &Fields<'_, '_>, notes: &mut Invalid) -> BTreeMap<String, String> {
    let at = body.pointer("provider_options");
    let entries = body.map("provider_options", notes).unwrap_or_default();
    if entries.len() > limits::PROVIDER_OPTIONS_MAX {
        notes.note(&at, "too_many", format!("may have at most {} entries", limits::PROVIDER_OPTIONS_MAX));
        return BTreeMap::new();
    }
    let mut options = BTreeMap::new();
    for (name, node) in entries {
        let here = at.child(&shown(name));
        match node {
            _ if ProviderId::parse(name).is_none() => notes.note(&here, "unknown_provider", "is not a provider's name"),
            Node::Object(_) => {
                let text = node.to_json();
                if text.len() > OPTIONS_MAX_BYTES {
                    notes.note(&here, "too_long", format!("must have at most {OPTIONS_MAX_BYTES} bytes as JSON"));
                } else {
                    options.insert(name.clone(), text);
                }
            }
            other => wrong_type(&here, "an object", other, notes),
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    #[test]
    fn providers_that_cannot_be_read_are_still_named() {
        let many = format!("[{}]", ["\"acme\""; 11].join(","));
        for (list, names, error) in [
            (many.as_str(), vec![], "/providers too_many"),
            ("\"acme\"", vec![], "/providers wrong_type"),
            ("[5]", vec![String::new()], "/providers/0 wrong_type"),
        ] {
            let mut notes = Invalid::none();
            let body = format!("{{\"providers\":{list}}}");
            let read = read(&parse(body.as_bytes(), &mut notes).unwrap(), &mut notes);
            assert_eq!(read.providers, Some(names), "{list}");
            let noted: Vec<_> = notes.0.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect();
            assert_eq!(noted, [error]);
        }
        let mut notes = Invalid::none();
        let absent = read(&parse(b"{\"providers\":null}", &mut notes).unwrap(), &mut notes);
        assert_eq!((absent.providers, notes), (None, Invalid::none()));
    }
}
