//! Wire <-> core, pure functions. The same four names in every provider: `request_for`, `state_from`, `amounts_from`,
//! `reference_from`.

use lendport_core::{
    Address, AttemptState, Claim, Country, CreateRequest, Currency, Invalid, Money, MoneyError, NextAction,
    NextActionKind, Pointer, ProviderRef, limits, parse_decimal,
};
use lendport_outbound::Url;
use serde_json::value::RawValue;

use crate::ID;
use crate::account::Account;
use crate::cart_lines::cart_lines;
use crate::options::Options;
use crate::wire::{CreateAnswer, CreateBody, VERSION, WireAddress};

/// Our name towards the provider, unless a checkout's options name the shop's software.
const SOFTWARE_NAME: &str = "lendport";
const SOFTWARE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest id of a request that we keep; every sample has 32 characters.
const REFERENCE_MAX_CHARS: usize = 200;

/// The create request's body (4.8).
pub(crate) fn request_for<'a>(request: CreateRequest<'a>, account: Account<'_>) -> Result<CreateBody<'a>, Invalid> {
    let CreateRequest { checkout, attempt, callback_url, .. } = request;
    let options = options_of(checkout)?;
    let lines = cart_lines(&checkout.cart)
        .map_err(|error| Invalid::one(&Pointer::root().child("items"), error.code(), error.to_string()))?;
    let canada = checkout.billing.country == Country::Ca;
    let with_country = canada || account.always_sends_country();
    let address = |address: &'a Address| WireAddress {
        street1: address.street().expose().clone(),
        city: address.city.expose(),
        state: address.state.code(),
        zipcode: address.postal_code.expose(),
        country: with_country.then(|| address.country.code()),
    };
    Ok(CreateBody {
        first_name: checkout.customer.first_name.expose(),
        last_name: checkout.customer.last_name.expose(),
        email: checkout.customer.email.expose(),
        phone: checkout.customer.phone.as_ref().map(|phone| phone.expose().as_str()),
        billing_address: address(&checkout.billing),
        shipping_address: address(checkout.ship_to()),
        cart_items: lines.items,
        shipping_amount: lines.shipping,
        currency: with_country.then(|| checkout.cart.currency.code()),
        version: VERSION,
        merchant_transaction_id: &attempt.merchant_reference,
        postback_url: callback_url.expose(),
        success_url: checkout.return_urls.success.as_deref(),
        failure_url: checkout.return_urls.failure.as_deref(),
        sent_to_consumer: options.sent_to_consumer,
        software_name: options.software_name.unwrap_or_else(|| SOFTWARE_NAME.to_owned()),
        software_version: options.software_version.unwrap_or_else(|| SOFTWARE_VERSION.to_owned()),
        software_plugin_version: SOFTWARE_VERSION,
    })
}

/// The checkout's part of `provider_options`; it was checked when the checkout was opened.
pub(crate) fn options_of(checkout: &lendport_core::Checkout) -> Result<Options, Invalid> {
    let at = Pointer::root().child("provider_options").child(ID);
    checkout.provider_options.get(ID).map_or_else(|| Ok(Options::default()), |text| Options::read(text, &at))
}

/// A postback's status (6.3, 6.6). `refund` is not a state and anything not named here is not known.
pub(crate) fn state_from(status: &str) -> Claim {
    match status {
        "preapproved" => Claim::state(AttemptState::Preapproved),
        "approved" => Claim::state(AttemptState::Authorized),
        "rejected" | "void" => Claim::state(AttemptState::Declined),
        _ => Claim::UnknownStatus,
    }
}

/// An amount on the wire, string or number, read digit by digit. `None` when it is absent.
pub(crate) fn amounts_from(amount: Option<&RawValue>, currency: Currency) -> Option<Result<Money, MoneyError>> {
    let written = amount?.get();
    let read = if written.starts_with('"') {
        serde_json::from_str::<String>(written)
            .map_err(|_| MoneyError::NotANumber)
            .and_then(|text| parse_decimal(&text))
    } else {
        parse_decimal(written)
    };
    Some(read.and_then(|amount| Money::new(amount, currency)))
}

/// The request's id: `inv_id`, or `request_token` where that is missing (Q12).
pub(crate) fn reference_from(answer: &CreateAnswer) -> Option<ProviderRef> {
    reference(answer.inv_id.as_deref().or(answer.request_token.as_deref())?)
}

/// An id as we may keep it: opaque text, not blank, not endless, without control characters or blanks.
pub(crate) fn reference(text: &str) -> Option<ProviderRef> {
    let fits = !matches!(text, "" | "." | "..")
        && text.chars().count() <= REFERENCE_MAX_CHARS
        && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    fits.then(|| ProviderRef(text.to_owned()))
}

/// Where the customer goes: an http(s) address without credentials and of a length that a browser takes.
pub(crate) fn next_action_from(answer: &CreateAnswer) -> Option<NextAction> {
    let href = answer.href.as_deref()?;
    if href.chars().count() > limits::URL_MAX_CHARS || href.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(href).ok()?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    fits.then(|| NextAction {
        kind: NextActionKind::Lightbox,
        url: href.to_owned(),
        also: vec![NextActionKind::Redirect],
        expires_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn amounts_are_read_exactly_from_strings_and_numbers() {
        let read = |json: &str| amounts_from(Some(&raw(json)), Currency::USD).unwrap();
        for json in ["\"1420.00\"", "1420.00", "1420", "\"1420\"", "1.42e3", "1420.000"] {
            assert_eq!(read(json).unwrap().to_string(), "1420.00", "{json}");
        }
        assert_eq!(read("0.07").unwrap().minor(), 7);
        for json in
            ["\"\"", "\"1,420.00\"", "\"$1420\"", "true", "[]", "{}", "1420.001", "-1", "1e400", "\"NaN\"", "null"]
        {
            assert!(read(json).is_err(), "{json}");
        }
        assert_eq!(amounts_from(None, Currency::USD), None);
    }

    #[test]
    fn every_documented_status_is_named() {
        let state = |status| match state_from(status) {
            Claim::State { state, .. } => Some(state),
            _ => None,
        };
        assert_eq!(state("preapproved"), Some(AttemptState::Preapproved));
        assert_eq!(state("approved"), Some(AttemptState::Authorized));
        assert_eq!(state("rejected"), Some(AttemptState::Declined));
        assert_eq!(state("void"), Some(AttemptState::Declined));
        for other in ["", "Approved", " approved", "refund", "funded"] {
            assert_eq!(state_from(other), Claim::UnknownStatus, "{other}");
        }
    }

    #[test]
    fn addresses_that_no_browser_should_open_are_refused() {
        let action = |href: &str| {
            let answer: CreateAnswer =
                serde_json::from_value(serde_json::json!({ "inv_id": "a", "href": href })).unwrap();
            next_action_from(&answer).map(|action| action.url)
        };
        let fine =
            "https://partner.sandbox.wegetfinancing.com/partner.sandbox/lc/info/df0c3186b69be8aad35ff837a841d347";
        assert_eq!(action(fine).as_deref(), Some(fine));
        for wrong in [
            "",
            "/lc/info/1",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a.example/1",
            "https://user:secret@a.example/1",
            "https://user@a.example/1",
            "https://a.example/\n1",
            " https://a.example/1",
        ] {
            assert_eq!(action(wrong), None, "{wrong}");
        }
        assert_eq!(action(&format!("https://a.example/{}", "a".repeat(2_048))), None);
    }

    #[test]
    fn ids_are_opaque_but_not_anything() {
        assert_eq!(reference("0e1234"), Some(ProviderRef("0e1234".into())));
        for wrong in ["", "..", " ", "a b", "a\n", &"a".repeat(201)] {
            assert_eq!(reference(wrong), None);
        }
    }
}
