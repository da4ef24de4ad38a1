//! Wire <-> core, pure functions. The same four names in every provider: `request_for`, `state_from`, `amounts_from`,
//! `reference_from`; here the states and amounts of an answer are read in `standing.rs`.

use lendport_core::{
    Address, AttemptState, CaptureMode, Checkout, Claim, CreateRequest, Created, Customer, Invalid, NextAction,
    NextActionKind, Pointer, ProviderError, ProviderRef, limits,
};
use lendport_outbound::Url;

use crate::ID;
use crate::account::Account;
use crate::amount::{Amount, Flag};
use crate::callback::callback_uri;
use crate::connection::Connection;
use crate::dialect::{ApiVersion, Dialect, PrefilledAddress};
use crate::error;
use crate::maybe::Maybe;
use crate::options::Options;
use crate::standing::Standing;
use crate::text::Text;
use crate::wire::{self, CreateBody, Fee, HostedBody, Prefill, PrefillAddress};
use crate::words::PageMode;

/// The checkout's part of `provider_options`; it was checked when the checkout was opened.
pub(crate) fn options_of(checkout: &Checkout) -> Result<Options, Invalid> {
    checkout.provider_options.get(ID).map_or_else(|| Ok(Options::default()), |text| Options::read(text, &options_at()))
}

fn options_at() -> Pointer {
    Pointer::root().child("provider_options").child(ID)
}

/// Refuses what WePay would refuse: another currency, a fee above its limit, options that do not fit.
pub(crate) fn check(checkout: &Checkout, account: Account<'_>, app_fee_max_percent: u8) -> Result<(), Invalid> {
    let mut invalid = Invalid::none();
    if !account.takes(checkout.cart.currency) {
        let detail = format!("the WePay account takes no {}", checkout.cart.currency);
        invalid.note(&Pointer::root().child("currency"), "unsupported_currency", detail);
    }
    if let Some(options) = invalid.keep(options_of(checkout)) {
        let version = account.version().unwrap_or(ApiVersion::DEFAULT);
        invalid.keep(options.check(checkout.cart.total, version, app_fee_max_percent, &options_at()));
    }
    invalid.finish()
}

/// The create request's body. `amount` is the whole cart, shipping included: nothing of it is asked for on top.
pub(crate) fn request_for(
    request: CreateRequest<'_>,
    to: &Connection<'_>,
    options: &Options,
) -> Result<CreateBody, ProviderError> {
    let CreateRequest { checkout, attempt, callback_url } = request;
    let ours =
        |text: &str| Text::new(text).ok_or_else(|| crate::account::setup("Our own reference is too long for WePay."));
    let fee_payer = options.fee_payer.or(to.account.fee_payer());
    let lets_go = Some(Flag::from(attempt.capture != CaptureMode::Manual));
    let (auto_capture, auto_release) = match to.version.dialect() {
        Dialect::A => (lets_go, None),
        Dialect::B => (None, lets_go),
    };
    let tokenised = options.payment_method.is_some();
    let unique_id = if to.account.names_creates(tokenised) { Some(ours(&attempt.merchant_reference)?) } else { None };
    Ok(CreateBody {
        account_id: to.account_id,
        short_description: options.short_description.clone().unwrap_or_else(|| described(checkout)),
        kind: options.kind.unwrap_or(to.account.kind()),
        amount: Amount::from(attempt.amount),
        currency: Text::shortened(attempt.amount.currency().code()),
        long_description: options.long_description.clone(),
        email_message: options.email_message.clone(),
        fee: (options.app_fee.is_some() || fee_payer.is_some()).then(|| Fee { app_fee: options.wire_fee(), fee_payer }),
        callback_uri: Some(callback_uri(callback_url, &to.base)?),
        auto_capture,
        auto_release,
        reference_id: Some(ours(&attempt.merchant_reference)?),
        unique_id,
        hosted_checkout: (!tokenised).then(|| page(checkout, options, to)),
        payment_method: options.payment_method.clone(),
        delivery_type: options.delivery_type,
    })
}

fn page(checkout: &Checkout, options: &Options, to: &Connection<'_>) -> HostedBody {
    HostedBody {
        redirect_uri: checkout.return_urls.success.as_deref().and_then(Text::new),
        mode: Some(options.mode.unwrap_or(to.account.page())),
        fallback_uri: options.fallback_uri.clone(),
        shipping_fee: None,
        require_shipping: options.require_shipping,
        prefill_info: options
            .prefill
            .unwrap_or(true)
            .then(|| prefill(&checkout.customer, &checkout.billing, to.version)),
        funding_sources: options.funding_sources.clone(),
        theme_object: options.theme.clone(),
    }
}

/// What the payer need not type again. It is comfort: what does not fit is left out.
fn prefill(customer: &Customer, billing: &Address, version: ApiVersion) -> Prefill {
    let name = format!("{} {}", customer.first_name.expose(), customer.last_name.expose());
    let person = Prefill {
        name: Text::new(name),
        email: Text::new(customer.email.expose().clone()),
        phone_number: customer.phone.as_ref().and_then(|phone| Text::new(phone.expose().clone())),
        ..Prefill::default()
    };
    let country = billing.country.code();
    let (city, region) = (billing.city.expose().clone(), billing.state.code().to_owned());
    let code = billing.postal_code.expose().clone();
    let of_the_us = country == "US";
    match version.prefilled_address() {
        PrefilledAddress::Unclear => person,
        PrefilledAddress::Flat => Prefill {
            address: Some(PrefillAddress::Street(billing.street().expose().clone())),
            city: Some(city),
            state: of_the_us.then(|| region.clone()),
            region: (!of_the_us).then_some(region),
            zip: of_the_us.then(|| code.clone()),
            postcode: (!of_the_us).then_some(code),
            country: Some(country.to_string()),
            ..person
        },
        PrefilledAddress::Object => Prefill {
            address: Some(PrefillAddress::Whole(Box::new(wire::Address {
                address1: Maybe::Value(billing.line1.expose().clone()),
                address2: billing.line2.as_ref().map_or(Maybe::Absent, |line| Maybe::Value(line.expose().clone())),
                city: Maybe::Value(city),
                region: Maybe::Value(region),
                postal_code: Maybe::Value(code),
                country: Maybe::Value(country.to_string()),
                ..wire::Address::default()
            }))),
            ..person
        },
    }
}

/// The text that the payer reads when nobody gave one.
fn described(checkout: &Checkout) -> Text<255> {
    if let Some(reference) = &checkout.reference {
        return Text::shortened(&format!("Order {reference}"));
    }
    let first = checkout.cart.lines.first().map_or("Order", |line| line.name.as_str());
    match checkout.cart.lines.len() {
        0 | 1 => Text::shortened(first),
        more => {
            let rest = format!(" and {} more", more - 1);
            let room = 255_usize.saturating_sub(rest.chars().count());
            let first: String = first.chars().take(room).collect();
            Text::shortened(&format!("{first}{rest}"))
        }
    }
}

/// A checkout that WePay made for us.
pub(crate) fn created_from(checkout: &wire::Checkout, standing: Standing) -> Result<Created, ProviderError> {
    let Claim::State { state, .. } = standing.claim else {
        return Err(error::foreign("a new checkout in a state that the account's api_version does not have"));
    };
    let next_action = next_action_from(checkout, &standing);
    if state == AttemptState::AwaitingCustomer && next_action.is_none() {
        return Err(error::foreign("a new checkout without a page that can be opened"));
    }
    Ok(Created {
        reference: reference_from(checkout),
        state,
        raw_status: Some(standing.raw_status),
        next_action: next_action.filter(|_| state == AttemptState::AwaitingCustomer),
        amount_echoed: standing.amount,
        mismatch_stops: true,
    })
}

/// WePay's number as our text.
pub(crate) fn reference_from(checkout: &wire::Checkout) -> ProviderRef {
    ProviderRef(checkout.checkout_id.to_string())
}

/// Where the customer pays: an http(s) address without credentials and of a length that a browser takes.
fn next_action_from(checkout: &wire::Checkout, standing: &Standing) -> Option<NextAction> {
    let page = checkout.hosted_checkout.value()?;
    let text = page.checkout_uri.value()?;
    if text.chars().count() > limits::URL_MAX_CHARS || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    let framed = page.mode.value().is_some_and(|mode| PageMode::parse(mode) == Some(PageMode::Iframe));
    fits.then(|| NextAction {
        kind: if framed { NextActionKind::Iframe } else { NextActionKind::Redirect },
        url: text.clone(),
        also: Vec::new(),
        expires_at: standing.expires_at,
    })
}
