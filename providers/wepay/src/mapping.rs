//! Wire <-> core, pure functions. The same four names in every provider: `request_for`, `state_from`, `amounts_from`,
//! `reference_from`; here the states and amounts of an answer are read in `standing.rs`.

use jiff::Timestamp;
use lendport_core::{
    AttemptState, CaptureMode, Checkout, Claim, CreateRequest, Created, Invalid, Money, NextAction, NextActionKind,
    Pointer, ProviderError, ProviderRef, limits,
};
use lendport_outbound::Url;

use crate::ID;
use crate::account::Account;
use crate::amount::{Amount, Flag};
use crate::callback::callback_uri;
use crate::connection::Connection;
use crate::dialect::{ApiVersion, Dialect};
use crate::error;
use crate::options::Options;
use crate::prefill;
use crate::standing::Standing;
use crate::text::Text;
use crate::wire::{self, CreateBody, Fee, HostedBody};
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
        let (total, capture) = (checkout.cart.total, checkout.capture);
        invalid.keep(options.check(total, capture, version, app_fee_max_percent, &options_at()));
    }
    invalid.finish()
}

/// The create request's body. `amount` is the whole cart, shipping included: nothing of it is asked for on top.
pub(crate) fn request_for(
    request: CreateRequest<'_>,
    to: &Connection<'_>,
    options: &Options,
) -> Result<CreateBody, ProviderError> {
    let CreateRequest { checkout, attempt, callback_url, .. } = request;
    let ours =
        |text: &str| Text::new(text).ok_or_else(|| crate::account::setup("Our own reference is too long for WePay."));
    let fee_payer = options.fee_payer.or(to.account.fee_payer());
    // An authorised card is let go by its capture already: holding it as well would ask for a second call.
    let lets_go = Some(Flag::from(attempt.capture != CaptureMode::Manual || options.only_authorises()));
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
    let mode = options.mode.unwrap_or(to.account.page());
    // Where cookies are blocked in frames, the browser goes to WePay and from there to a page that shows the same checkout
    // again (`wepay.md` 5.3): where somebody goes who has not paid.
    let again = checkout.return_urls.failure.as_deref().filter(|_| mode == PageMode::Iframe).and_then(Text::new);
    HostedBody {
        redirect_uri: checkout.return_urls.success.as_deref().and_then(Text::new),
        mode: Some(mode),
        fallback_uri: options.fallback_uri.clone().or(again),
        shipping_fee: None,
        require_shipping: options.require_shipping,
        prefill_info: options
            .prefill
            .unwrap_or(true)
            .then(|| prefill::of(&checkout.customer, &checkout.billing, to.version)),
        funding_sources: options.funding_sources.clone(),
        theme_object: options.theme.clone(),
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
pub(crate) fn created_from(
    checkout: &wire::Checkout,
    standing: Standing,
    asked: Money,
) -> Result<Created, ProviderError> {
    let Claim::State { state, .. } = standing.claim else {
        return Err(error::foreign("a new checkout in a state that the account's api_version does not have"));
    };
    let details = standing.details(asked);
    let next_action = standing.next_action;
    if state == AttemptState::AwaitingCustomer && next_action.is_none() {
        return Err(error::foreign("a new checkout without a page that can be opened"));
    }
    Ok(Created {
        reference: reference_from(checkout),
        state,
        raw_status: Some(standing.raw_status),
        next_action,
        amount_echoed: standing.amount,
        mismatch_stops: true,
        details,
        expires_at: standing.expires_at,
        capture_by: standing.capture_by,
    })
}

/// WePay's number as our text.
pub(crate) fn reference_from(checkout: &wire::Checkout) -> ProviderRef {
    ProviderRef(checkout.checkout_id.to_string())
}

/// Where the customer pays: an http(s) address without credentials and of a length that a browser takes.
pub(crate) fn next_action_from(checkout: &wire::Checkout, expires_at: Option<Timestamp>) -> Option<NextAction> {
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
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jiff::Timestamp;
    use lendport_core::{CallContext, CallLog, Currency, LineInput, Mode, Money, Secret, parse_decimal};
    use lendport_outbound::{ClientSettings, Outbound};
    use lendport_testkit::{Sample, SeededIds, samples};
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::config::ProviderConfig;
    use crate::throttle::Throttle;

    /// Never called here, and too slow to make for each case.
    static OUTBOUND: LazyLock<Outbound> = LazyLock::new(|| Outbound::live(ClientSettings::default()).unwrap());

    /// The body of a create for this cart, as text.
    fn body(sample: &Sample) -> (Checkout, String) {
        let ids = SeededIds::default();
        let checkout = sample.checkout(&ids);
        let attempt = samples::attempt(&checkout, ID, &ids);
        let account = samples::account(&[("account_id", "235810395803"), ("access_token", "t")]);
        let (config, calls, throttle) = (ProviderConfig::default(), CallLog::new(), Throttle::new(0, 0));
        let ctx = CallContext { account: &account, mode: Mode::Test, now: Timestamp::UNIX_EPOCH, calls: &calls };
        let to = Connection::open(ctx, &config, &OUTBOUND, &throttle).unwrap();
        let callback_url = Secret::from("https://gateway.example/callbacks/wepay/t");
        let request = CreateRequest {
            checkout: &checkout,
            attempt: &attempt,
            callback_url: &callback_url,
            hints: lendport_core::CascadeHints::FIRST,
        };
        let options = options_of(&checkout).unwrap();
        let body = request_for(request, &to, &options).unwrap();
        (checkout, serde_json::to_string(&body).unwrap())
    }

    fn with_lines(names: &[&str]) -> Sample {
        let mut sample = Sample::usa();
        let line = |name: &&str| LineInput { name: Some((*name).to_owned()), ..sample.cart.items[0].clone() };
        sample.cart.items = names.iter().map(line).collect();
        sample
    }

    #[test]
    fn the_payer_always_has_something_to_read() {
        let described_as = |sample: &Sample| {
            let mut checkout = sample.checkout(&SeededIds::default());
            let with = described(&checkout).as_str().to_owned();
            checkout.reference = None;
            (with, described(&checkout).as_str().to_owned())
        };
        assert_eq!(described_as(&with_lines(&["TV"])), ("Order ORDER-123".to_owned(), "TV".to_owned()));
        let long = "ä".repeat(200);
        let (_, text) = described_as(&with_lines(&[&long, "TV", "TV"]));
        assert!(text.ends_with(" and 2 more") && text.chars().count() <= 255);
    }

    #[test]
    fn ids_and_the_shipping_are_as_they_are_meant() {
        let (_, text) = body(&Sample::usa());
        assert!(text.contains(r#""account_id":235810395803,"#) && text.contains(r#""amount":1420,"#), "{text}");
        assert!(!text.contains("shipping_fee") && !text.contains("null"), "{text}");
    }

    proptest! {
        #[test]
        fn any_total_is_sent_to_the_cent(price in 1_u64..99_999_999, quantity in 1_u32..40, shipping in 0_u64..99_999, fee in 0_u64..=20) {
            let mut sample = Sample::usa();
            let decimal = |minor: u64| Decimal::new(i64::try_from(minor).unwrap(), 2);
            sample.cart.items[0].unit_price = Some(decimal(price));
            sample.cart.items[0].unit_tax = None;
            sample.cart.items[0].quantity = Some(quantity);
            sample.cart.shipping = Some(decimal(shipping));
            let total = Money::from_minor(price * u64::from(quantity) + shipping, Currency::USD).unwrap();
            let app_fee = Money::from_minor(total.minor() * fee / 100, Currency::USD).unwrap();
            let options = format!(r#"{{ "fee": {{ "app_fee": "{app_fee}" }} }}"#);
            sample.provider_options.insert(ID.to_owned(), options);
            let (checkout, text) = body(&sample);
            let account = samples::account(&[]);
            prop_assert!(check(&checkout, Account(&account), 20).is_ok());
            let after = |name: &str| {
                let rest = text.split_once(&format!("\"{name}\":")).unwrap().1;
                rest.split([',', '}']).next().unwrap().to_owned()
            };
            // The digits themselves: no string, no exponent, no float.
            prop_assert_eq!(after("amount"), total.amount().normalize().to_string());
            prop_assert_eq!(parse_decimal(&after("app_fee")).unwrap(), app_fee.amount());
        }
    }
}
