//! The checks of a create request in the documented order: missing, unknown, invalid (wegetfinancing.md 5.4).
//!
//! Only the first failing group is reported. Nested names carry dots; a bad cart line makes `cart_items` the subject.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::dialect::Dialect;
use super::errors::Refusal;
use super::fields::{Fields, Reasons};
use super::items;
use super::json::Json;
use super::money::{self, Line};
use super::region::Country;

const ROOT: &[&str] = &[
    "first_name",
    "last_name",
    "email",
    "phone",
    "billing_address",
    "shipping_address",
    "cart_items",
    "shipping_amount",
    "tax_amount",
    "amount",
    "currency",
    "version",
    "merchant_transaction_id",
    "postback_url",
    "success_url",
    "failure_url",
    "sent_to_consumer",
    "software_name",
    "software_version",
    "software_plugin_version",
    "preapproval_only",
];
const ROOT_REQUIRED: &[&str] = &["first_name", "last_name", "email", "billing_address"];
const ADDRESSES: &[&str] = &["billing_address", "shipping_address"];
const ADDRESS: &[&str] = &["street1", "city", "state", "zipcode", "country"];
const ADDRESS_REQUIRED: &[&str] = &["street1", "city", "state", "zipcode"];

/// A request that passed all checks.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) last_name: String,
    pub(super) email: String,
    pub(super) country: &'static str,
    pub(super) state: &'static str,
    pub(super) currency: &'static str,
    pub(super) lines: Vec<Line>,
    pub(super) amount: Decimal,
    pub(super) tax: Decimal,
    pub(super) dialect: Dialect,
    pub(super) merchant_transaction_id: Option<String>,
    pub(super) postback_url: Option<String>,
    pub(super) success_url: Option<String>,
    pub(super) failure_url: Option<String>,
    pub(super) sent_to_consumer: bool,
}

type Members = BTreeMap<String, Json>;

/// Reads a create body, or says what is wrong with the first failing group.
pub(super) fn order(root: &Members) -> Result<Order, Refusal> {
    let missing = missing(root);
    if !missing.is_empty() {
        return Err(Refusal::Missing(missing));
    }
    let unknown = unknown(root);
    if !unknown.is_empty() {
        return Err(Refusal::Unknown(unknown));
    }
    let mut reasons = Reasons::new();
    match read(root, &mut reasons) {
        Some(order) if reasons.is_empty() => Ok(order),
        _ => Err(Refusal::Invalid(reasons)),
    }
}

/// The addresses that were sent as objects, with their names.
fn addresses(root: &Members) -> impl Iterator<Item = (&'static str, &Members)> {
    ADDRESSES.iter().filter_map(|name| Some((*name, root.get(*name)?.object()?)))
}

fn missing(root: &Members) -> Reasons {
    let mut names: Vec<String> =
        ROOT_REQUIRED.iter().filter(|name| !root.contains_key(**name)).map(|name| (*name).to_owned()).collect();
    if !root.contains_key("cart_items") && !root.contains_key("amount") {
        names.push("cart_items".to_owned());
    }
    for (address, members) in addresses(root) {
        let absent = ADDRESS_REQUIRED.iter().filter(|name| !members.contains_key(**name));
        names.extend(absent.map(|name| format!("{address}.{name}")));
    }
    names.into_iter().map(|name| (name, "Missing required parameter".to_owned())).collect()
}

fn unknown(root: &Members) -> Reasons {
    let mut names: Vec<String> = root.keys().filter(|name| !ROOT.contains(&name.as_str())).cloned().collect();
    for (address, members) in addresses(root) {
        let strange = members.keys().filter(|name| !ADDRESS.contains(&name.as_str()));
        names.extend(strange.map(|name| format!("{address}.{name}")));
    }
    names.into_iter().map(|name| (name, "Unknown parameter".to_owned())).collect()
}

fn read(root: &Members, reasons: &mut Reasons) -> Option<Order> {
    let mut fields = Fields::new("", root, reasons);
    if root.contains_key("preapproval_only") {
        fields.refuse("preapproval_only", "No longer supported");
    }
    let _first_name = fields.required("first_name");
    let last_name = fields.required("last_name");
    let email = fields.email("email");
    let phone = fields.optional("phone");
    if phone.is_some_and(|phone| phone.len() != 10 || !phone.bytes().all(|b| b.is_ascii_digit())) {
        fields.refuse("phone", "Not a 10-digit phone number");
    }
    let merchant_transaction_id = fields.optional("merchant_transaction_id");
    let postback_url = fields.url("postback_url");
    let success_url = fields.url("success_url");
    let failure_url = fields.url("failure_url");
    for name in ["software_name", "software_version", "software_plugin_version"] {
        let _software = fields.optional(name);
    }
    let sent_to_consumer = fields.flag("sent_to_consumer");
    let dialect = match root.get("version") {
        None => Some(Dialect::V02),
        Some(version) => version.text().and_then(Dialect::parse),
    };
    if dialect.is_none() {
        fields.refuse("version", "Must be one of 0.2, 1.0, 1.9");
    }
    let shipping_amount = fields.amount("shipping_amount");
    let tax_amount = fields.amount("tax_amount");
    let stated = fields.amount("amount");
    let lines = items::cart(root.get("cart_items"), &mut fields);
    let place = places(root, reasons);
    let currency = place.and_then(|(country, _)| currency(root, country, reasons));

    let lines = lines?;
    let (country, state) = place?;
    let Some(computed) = money::total(&lines, shipping_amount.unwrap_or_default()) else {
        reasons.insert("cart_items".into(), "Out of range".into());
        return None;
    };
    // "Auto-calculated from cart_items if omitted": a stated amount is the total.
    let amount = stated.map_or(computed, money::cents);
    let tax = tax_amount.or_else(|| money::tax(&lines)).unwrap_or_default();
    Some(Order {
        last_name: last_name?,
        email: email?,
        country: country.code(),
        state,
        currency: currency?,
        lines,
        amount,
        tax,
        dialect: dialect?,
        merchant_transaction_id: merchant_transaction_id.map(str::to_owned),
        postback_url,
        success_url,
        failure_url,
        sent_to_consumer,
    })
}

/// Checks both addresses and answers the loan's country and state, which are the billing address's.
fn places(root: &Members, reasons: &mut Reasons) -> Option<(Country, &'static str)> {
    let mut found = Vec::new();
    for name in ADDRESSES {
        match root.get(*name) {
            None => {}
            Some(Json::Object(members)) => found.push(place(name, members, reasons)),
            Some(_) => {
                reasons.insert((*name).to_owned(), "Not an address".to_owned());
                found.push(None);
            }
        }
    }
    let billing = found.first().copied().flatten();
    let shipping = found.get(1).copied().unwrap_or(billing);
    if let (Some((from, _)), Some((to, _))) = (billing, shipping)
        && from != to
    {
        let text = format!("Mismatched billing/shipping countries: {} vs {}", from.code(), to.code());
        reasons.insert("shipping_address.country".into(), text);
    }
    let (country, state) = billing?;
    Some((country, state.unwrap_or_default()))
}

/// One address. The state is `None` when it was refused.
fn place(name: &str, members: &Members, reasons: &mut Reasons) -> Option<(Country, Option<&'static str>)> {
    let mut fields = Fields::new(name, members, reasons);
    let _street = fields.required("street1");
    let _city = fields.required("city");
    let state = fields.required("state");
    let zipcode = fields.required("zipcode");
    let code = match members.get("country") {
        None => "US",
        Some(given) => match given.text() {
            Some(code) => code,
            None => {
                fields.refuse("country", "Not a string");
                return None;
            }
        },
    };
    let Some(country) = Country::parse(code) else {
        fields.refuse("country", &format!("Unsupported country: '{code}'"));
        return None;
    };
    let state = state.and_then(|given| {
        let known = country.state(&given);
        if known.is_none() {
            fields.refuse("state", country.state_reason());
        }
        known
    });
    if zipcode.is_some_and(|given| country.zipcode(&given).is_none()) {
        fields.refuse("zipcode", country.zipcode_reason());
    }
    Some((country, state))
}

/// Both countries are funded in US dollars today (wegetfinancing.md 4.5).
fn currency(root: &Members, country: Country, reasons: &mut Reasons) -> Option<&'static str> {
    let given = match root.get("currency") {
        None => return Some("USD"),
        Some(given) => given.text().map(str::to_ascii_uppercase),
    };
    match given.as_deref() {
        Some("USD") => return Some("USD"),
        Some("CAD") => {
            let code = country.code();
            let text = format!("Invalid country/currency pairing: {code}/CAD. Expected {code}/USD.");
            reasons.insert("currency".into(), text);
        }
        _ => {
            reasons.insert("currency".into(), "Must be one of USD, CAD".into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let names = ROOT.iter().chain(ADDRESS).chain(&["unit_price", "quantity", "display_name"]).copied();
        let name = prop_oneof![prop::sample::select(names.collect::<Vec<_>>()).prop_map(str::to_owned), ".*"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            "[0-9.eE+-]{0,12}".prop_map(Value::from),
            Just(json!("CA")),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..20)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_body_is_judged_without_a_panic(value in json()) {
            let body = Json::parse(value.to_string().as_bytes()).unwrap();
            if let Some(root) = body.object() {
                prop_assert!(order(root).is_err());
            }
        }

        #[test]
        fn a_good_body_with_one_other_member_is_judged_too(place in 0..ROOT.len(), value in json()) {
            let mut body = json!({
                "first_name": "John", "last_name": "Doe", "email": "john@example.com",
                "billing_address": {"street1": "x", "city": "y", "state": "NJ", "zipcode": "07740"},
                "cart_items": [{"display_name": "TV", "quantity": 1, "unit_price": 1370}],
            });
            body[ROOT[place]] = value;
            let body = Json::parse(body.to_string().as_bytes()).unwrap();
            let _judged = order(body.object().unwrap());
        }

        #[test]
        fn arbitrary_bytes_are_json_or_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _read = Json::parse(&bytes);
        }
    }
}
