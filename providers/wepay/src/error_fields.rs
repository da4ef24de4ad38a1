//! Names of the provider's fields as places in our caller's request, and what of its texts may be shown.

use lendport_core::{Checkout, FieldError, Pointer};

use crate::ID;
use crate::error::Told;
use crate::verb::Verb;
use crate::wire::ErrorBody;

/// Longest text of the provider's that is passed on.
const TEXT_MAX_CHARS: usize = 200;
/// From so many digits on a text may hold a number of somebody's.
const DIGITS_MAX: usize = 5;
/// Fields of one answer that are named.
const FIELDS_MAX: usize = 20;

/// What was refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// Of the caller's.
    pub(crate) fields: Vec<FieldError>,
    /// Of what the gateway or its operator fills in.
    pub(crate) ours: Vec<String>,
}

enum Owner {
    Caller(Pointer),
    Ours,
    Nobody,
}

/// The fields that an error names.
pub(crate) fn refused_fields(body: &ErrorBody, told: Told<'_>) -> Refused {
    let order = told.order.map(|(checkout, _)| checkout);
    let mut refused = Refused::default();
    let missing = body.text().contains("is required");
    let mut add = |name: &str, text: &str| match owner(name, told.verb) {
        Owner::Ours if !refused.ours.iter().any(|known| known == name) => refused.ours.push(name.to_owned()),
        Owner::Caller(at) if refused.fields.len() < FIELDS_MAX => {
            let code = if missing { "missing" } else { "refused_by_provider" };
            let detail = match (missing, showable(text, order)) {
                (true, _) => "the provider needs this field".to_owned(),
                (false, Some(text)) => text,
                (false, None) => "the provider refused this value".to_owned(),
            };
            refused.fields.push(FieldError::new(&at, code, detail));
        }
        _ => {}
    };
    for detail in body.details() {
        add(&detail.target, &detail.message);
    }
    // "amount parameter is required", "invalid parameter amount".
    let words: Vec<&str> =
        body.text().split_whitespace().map(|word| word.trim_matches(['"', '\'', ':', ',', '.', '`'])).collect();
    if body.details().is_empty() {
        let beside = words.iter().enumerate().filter(|(_, word)| word.eq_ignore_ascii_case("parameter"));
        let near = beside.flat_map(|(at, _)| [at.checked_sub(1).and_then(|at| words.get(at)), words.get(at + 1)]);
        for name in near.flatten() {
            add(name, body.text());
        }
    }
    refused
}

fn owner(name: &str, verb: Verb) -> Owner {
    let root = Pointer::root();
    let options = root.child("provider_options").child(ID);
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    Owner::Caller(match (verb, last) {
        (Verb::Refund, "amount") => root.child("amount"),
        (Verb::Refund, "refund_reason") | (Verb::Cancel, "cancel_reason") => root.child("reason"),
        (_, "amount") => root.child("items"),
        (_, "currency") => root.child("currency"),
        (_, "redirect_uri") => root.child("return_urls").child("success"),
        (_, "email" | "name" | "phone_number" | "prefill_info") => root.child("customer"),
        (_, "address" | "address1" | "address2" | "city" | "region" | "zip" | "postcode" | "postal_code") => {
            root.child("billing_address")
        }
        (_, "app_fee" | "fee_payer") => options.child("fee").child(last),
        (_, "credit_card" | "preapproval" | "payment_bank") => options.child("payment_method").child(last),
        (
            _,
            "short_description" | "long_description" | "type" | "delivery_type" | "email_message" | "fee" | "mode"
            | "fallback_uri" | "require_shipping" | "funding_sources" | "theme_object" | "payment_method",
        ) => options.child(if last == "theme_object" { "theme" } else { last }),
        (
            _,
            "account_id" | "checkout_id" | "callback_uri" | "reference_id" | "unique_id" | "auto_capture"
            | "auto_release" | "hosted_checkout" | "client_id" | "refund_reason" | "cancel_reason",
        ) => return Owner::Ours,
        _ => return Owner::Nobody,
    })
}

/// A text as it may be shown: one line, not endless, and quoting nobody. When in doubt, nothing.
pub(crate) fn showable(text: &str, order: Option<&Checkout>) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = line.to_lowercase();
    let quotes = order.is_none_or(|order| personal(order).iter().any(|value| lower.contains(&value.to_lowercase())));
    let digits = line.chars().filter(char::is_ascii_digit).count();
    if line.is_empty() || digits >= DIGITS_MAX || line.contains('@') || quotes {
        return None;
    }
    Some(line.chars().take(TEXT_MAX_CHARS).collect())
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

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds};
    use serde_json::{Value, json};

    use super::*;

    fn fields(verb: Verb, body: &Value) -> (Vec<(String, String)>, Vec<String>) {
        let checkout = Sample::usa().checkout(&SeededIds::default());
        let body = ErrorBody::read(body.to_string().as_bytes()).unwrap();
        let refused = refused_fields(&body, Told { verb, order: Some((&checkout, false)) });
        (refused.fields.into_iter().map(|field| (field.pointer, field.code)).collect(), refused.ours)
    }

    fn said(text: &str) -> Value {
        json!({ "error": "invalid_request", "error_code": 1004, "error_description": text })
    }

    #[test]
    fn names_become_places_of_the_callers() {
        let at = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        for (verb, text, expected) in [
            (
                Verb::Create,
                "short_description parameter is required",
                at("/provider_options/wepay/short_description", "missing"),
            ),
            (Verb::Create, "amount parameter is required", at("/items", "missing")),
            (Verb::Refund, "amount parameter is required", at("/amount", "missing")),
            (Verb::Refund, "refund_reason parameter is required", at("/reason", "missing")),
            (Verb::Create, "Invalid parameter \"currency\": not supported", at("/currency", "refused_by_provider")),
            (Verb::Create, "something else", Vec::new()),
        ] {
            assert_eq!(fields(verb, &said(text)), (expected, Vec::new()), "{text}");
        }
        assert_eq!(
            fields(Verb::Create, &said("account_id parameter is required")),
            (Vec::new(), vec!["account_id".to_owned()])
        );
    }

    #[test]
    fn details_are_read_where_they_are() {
        let body = json!({ "error": "invalid_request", "error_code": 1003, "error_description": "bad", "details": [
            { "target": "fee.app_fee", "target_type": "HTTP_REQUEST_BODY", "reason_code": "X", "message": "JOHN is wrong" },
            { "target": "callback_uri", "message": "m" }, { "target": "new_field" } ] });
        let (named, ours) = fields(Verb::Create, &body);
        assert_eq!(named, [("/provider_options/wepay/fee/app_fee".to_owned(), "refused_by_provider".to_owned())]);
        assert_eq!(ours, ["callback_uri"]);
    }

    #[test]
    fn texts_that_may_quote_somebody_are_withheld() {
        let checkout = Sample::usa().checkout(&SeededIds::default());
        for text in ["john is wrong", "write to a@b.example", "card 41111", "Long branch", "", "\u{1}\n"] {
            assert_eq!(showable(text, Some(&checkout)), None, "{text}");
        }
        assert_eq!(showable("The amount\nis wrong", Some(&checkout)).as_deref(), Some("The amount is wrong"));
        assert_eq!(showable("The amount is wrong", None), None);
        assert_eq!(showable(&"x".repeat(999), Some(&checkout)).map(|text| text.len()), Some(200));
    }
}
