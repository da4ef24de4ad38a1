//! The provider's field names as pointers into our caller's request, and its reasons as something one may show
//! (`wegetfinancing.md` 5.1, 5.4, Q9, Q13).

use lendport_core::{Checkout, FieldError, Pointer};
use serde_json::Value;

use crate::ID;
use crate::wire::ErrorBody;

/// Longest reason that is passed on.
const REASON_MAX_CHARS: usize = 200;
/// Most fields that are named.
const FIELDS_MAX: usize = 50;
/// Digits from which a reason may be quoting a phone number, a ZIP code or an id.
const DIGITS_MAX: usize = 5;

/// What the provider's body says is wrong.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// Fields that are the caller's.
    pub(crate) fields: Vec<FieldError>,
    /// Names of fields that are ours, such as `version`: the caller cannot mend them.
    pub(crate) ours: Vec<&'static str>,
}

/// Joins `subjects` (or `subject`) with `reasons` and translates the names.
pub(crate) fn refused_fields(body: &ErrorBody, checkout: Option<&Checkout>) -> Refused {
    let mut refused = Refused::default();
    if let Some(field) = country_text(body) {
        refused.fields.push(field);
        return refused;
    }
    let code = match body.error.as_str() {
        Some("missing_parameters") => "missing",
        Some("unknown_parameters") => "unknown_field",
        _ => "refused_by_provider",
    };
    for name in names(body) {
        match owner(&name, checkout) {
            Owner::Caller(pointer) => {
                let reason = body.reasons.get(&name).and_then(Value::as_str);
                let detail = reason.and_then(|text| showable(text, checkout)).unwrap_or_else(|| usual(code).to_owned());
                refused.fields.push(FieldError::new(&pointer, code, detail));
            }
            Owner::Ours(field) => refused.ours.push(field),
            Owner::Nobody => {
                let detail = match showable(&name, checkout) {
                    Some(name) => format!("the provider names a field we do not know: {name}"),
                    None => "the provider names a field we do not know".to_owned(),
                };
                refused.fields.push(FieldError::new(&Pointer::root(), code, detail));
            }
        }
    }
    refused
}

fn usual(code: &str) -> &'static str {
    match code {
        "missing" => "the provider needs this field",
        "unknown_field" => "the provider does not know this field",
        _ => "the provider refused this value",
    }
}

/// Names from `subjects`, `subject` and the keys of `reasons`; a single text counts as a list of one.
fn names(body: &ErrorBody) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if names.len() < FIELDS_MAX && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    for list in [&body.subjects, &body.subject] {
        match list {
            Value::String(name) => add(name),
            Value::Array(list) => list.iter().filter_map(Value::as_str).for_each(&mut add),
            _ => {}
        }
    }
    if let Value::Object(reasons) = &body.reasons {
        reasons.keys().for_each(|name| add(name));
    }
    names
}

enum Owner {
    Caller(Pointer),
    Ours(&'static str),
    Nobody,
}

fn owner(name: &str, checkout: Option<&Checkout>) -> Owner {
    let root = Pointer::root();
    // A cart line has no place in our request once lines are split, so anything about one points at the items.
    let head = name.split(['.', '[']).next().unwrap_or(name);
    let rest = name.split_once('.').map(|(_, rest)| rest);
    // Without a shipping address of its own the checkout sent the billing address twice.
    let separate = checkout.is_none_or(|checkout| checkout.shipping.is_some());
    let address = if head == "shipping_address" && separate { "shipping_address" } else { "billing_address" };
    let options = || root.child("provider_options").child(ID).child(head);
    Owner::Caller(match head {
        "first_name" | "last_name" | "email" | "phone" => root.child("customer").child(head),
        "billing_address" | "shipping_address" => {
            let at = root.child(address);
            match rest {
                Some("street1") => at.child("line1"),
                Some("zipcode") => at.child("postal_code"),
                Some(field @ ("city" | "state" | "country")) => at.child(field),
                _ => at,
            }
        }
        "cart_items" | "amount" | "tax_amount" => root.child("items"),
        "shipping_amount" | "currency" => root.child(head),
        "success_url" => root.child("return_urls").child("success"),
        "failure_url" => root.child("return_urls").child("failure"),
        "sent_to_consumer" | "software_name" | "software_version" => options(),
        "merchant_transaction_id" => return Owner::Ours("merchant_transaction_id"),
        "postback_url" => return Owner::Ours("postback_url"),
        "version" => return Owner::Ours("version"),
        "software_plugin_version" => return Owner::Ours("software_plugin_version"),
        _ => return Owner::Nobody,
    })
}

/// A reason as it may be shown: one line, not endless, and quoting nobody. When in doubt, nothing.
fn showable(text: &str, checkout: Option<&Checkout>) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let lower = line.to_lowercase();
    let quotes =
        checkout.is_none_or(|checkout| personal(checkout).iter().any(|value| lower.contains(&value.to_lowercase())));
    if line.is_empty() || digits >= DIGITS_MAX || line.contains('@') || quotes {
        return None;
    }
    Some(line.chars().take(REASON_MAX_CHARS).collect())
}

fn personal(checkout: &Checkout) -> Vec<&str> {
    let customer = &checkout.customer;
    let mut values = vec![customer.first_name.expose(), customer.last_name.expose(), customer.email.expose()];
    values.extend(customer.phone.as_ref().map(|phone| phone.expose()));
    for address in [&checkout.billing, checkout.ship_to()] {
        values.extend([address.line1.expose(), address.city.expose(), address.postal_code.expose()]);
        values.extend(address.line2.as_ref().map(|line2| line2.expose()));
    }
    values.into_iter().map(String::as_str).collect()
}

/// The documented country and currency texts, wherever the provider puts them (Q9).
fn country_text(body: &ErrorBody) -> Option<FieldError> {
    let root = Pointer::root();
    let known = [
        ("Unsupported country:", root.child("billing_address").child("country"), "unsupported_country"),
        ("Mismatched billing/shipping countries:", root.child("shipping_address").child("country"), "country_mismatch"),
        ("Invalid country/currency pairing:", root.child("currency"), "unsupported_currency"),
    ];
    let reasons = body.reasons.as_object().into_iter().flat_map(|reasons| reasons.values());
    let texts = reasons.chain([&body.reasons, &body.debug, &body.message]).filter_map(Value::as_str);
    for text in texts {
        for (start, pointer, code) in &known {
            if let Some((_, told)) = text.split_once(start) {
                let told: String = told.chars().filter(|c| !c.is_control()).take(60).collect();
                return Some(FieldError::new(pointer, code, format!("{start}{told}")));
            }
        }
    }
    None
}
