//! Wire <-> core, pure functions. The same four names in every provider: `request_for`, `state_from`, `amounts_from`,
//! `reference_from`.

use jiff::Timestamp;
use lendport_core::operation::Shipment;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AmountLimits, Attempt, AttemptState, CaptureMode, Checkout, Claim, CreateRequest, Currency, Details, Dispute,
    Invalid, Line, Money, MoneyError, NextAction, NextActionKind, Pointer, ProviderRef, ShipmentStatus, Swept,
    SweptRow, limits,
};
use lendport_outbound::Url;

use crate::descriptor::DESCRIPTOR;
use crate::lines;
use crate::wire::{
    Application, ApplicationPage, EarlierLenders, NewApplication, PluginOrder, ShipmentBody, WireCustomer, WireItem,
};

/// Largest total, in major units of any currency it funds in.
const TOTAL_MAX: i64 = 1_000_000;

/// The totals that it takes: its application form ends there.
pub(crate) fn amount_limits(currency: Currency) -> AmountLimits {
    AmountLimits { min: None, max: Money::new(TOTAL_MAX.into(), currency).ok() }
}

/// Refuses a country that is not served, then a currency that does not belong to it, then a total that is too large.
pub(crate) fn check(checkout: &Checkout) -> Result<(), Invalid> {
    let (root, country) = (Pointer::root(), checkout.billing.country.code());
    match DESCRIPTOR.currency_of(&country) {
        None => {
            let at = root.child("billing_address").child("country");
            Err(Invalid::one(&at, "unsupported_country", "this provider serves the US and Canada"))
        }
        Some(currency) if currency != checkout.cart.currency.code() => {
            let detail = format!("this provider funds {country} in {currency}");
            Err(Invalid::one(&root.child("currency"), "unsupported_currency", detail))
        }
        Some(_) => match amount_limits(checkout.cart.currency).judge(checkout.cart.total) {
            Some(found) => Err(Invalid::one(&root.child("items"), &found.code, found.detail)),
            None => Ok(()),
        },
    }
}

/// The create request's body.
pub(crate) fn request_for(request: CreateRequest<'_>) -> NewApplication<'_> {
    let CreateRequest { checkout, attempt, callback_url, hints } = request;
    let (first, last) = (checkout.customer.first_name.expose(), checkout.customer.last_name.expose());
    NewApplication {
        reference: &attempt.merchant_reference,
        amount_cents: attempt.amount.minor(),
        currency: attempt.amount.currency().code(),
        country: checkout.billing.country.code(),
        capture: match attempt.capture {
            CaptureMode::Manual => "manual",
            CaptureMode::Automatic | CaptureMode::ProviderManaged => "automatic",
        },
        callback_url: callback_url.expose(),
        success_url: checkout.return_urls.success.as_deref(),
        failure_url: checkout.return_urls.failure.as_deref(),
        customer: WireCustomer { name: format!("{first} {last}"), email: checkout.customer.email.expose() },
        items: checkout.cart.lines.iter().map(item).collect(),
        earlier: (!hints.first_glance).then_some(EarlierLenders { declined: hints.declines }),
    }
}

/// What the script of a plugin is handed; none before there is an application.
pub(crate) fn plugin_order<'a>(checkout: &'a Checkout, attempt: &'a Attempt) -> Option<PluginOrder<'a>> {
    let application = attempt.reference.as_ref()?;
    let items = checkout.cart.lines.iter().map(item).collect();
    Some(PluginOrder { application: &application.0, amount_cents: attempt.amount.minor(), items })
}

fn item(line: &Line) -> WireItem<'_> {
    WireItem { name: &line.name, quantity: line.quantity, unit_cents: line.unit_gross.minor() }
}

/// A status. Anything not named here is not known.
pub(crate) fn state_from(status: &str) -> Claim {
    Claim::state(match status {
        "applying" | "agreed" => AttemptState::AwaitingCustomer,
        "reviewing" => AttemptState::UnderReview,
        "preapproved" => AttemptState::Preapproved,
        "signed" => AttemptState::AwaitingMerchant,
        "approved" => AttemptState::Authorized,
        "captured" => AttemptState::Captured,
        "refunded" => AttemptState::Refunded,
        "charged_back" => AttemptState::ChargedBack,
        "declined" => AttemptState::Declined,
        "cancelled" => AttemptState::Canceled,
        "expired" => AttemptState::Expired,
        _ => return Claim::UnknownStatus,
    })
}

/// How an application stands.
pub(crate) fn retrieved_from(application: Application, currency: Currency) -> Result<Retrieved, MoneyError> {
    Ok(Retrieved {
        claim: state_from(&application.status),
        amount_echoed: Some(amounts_from(application.amount_cents, currency)?),
        details: details_from(&application, currency)?,
        next_action: next_action_from(&application),
        dispute_uri: application.dispute_url.filter(|text| text.len() <= limits::URL_MAX_CHARS),
        expires_at: moment_from(application.expires_at),
        capture_by: moment_from(application.capture_by),
        raw_status: Some(application.status),
    })
}

/// A page of the list. Applications are known by our reference; one that has none is nobody's.
pub(crate) fn swept_from(page: ApplicationPage) -> Swept {
    let row = |application: Application| SweptRow {
        version: format!("{} {}", application.id, application.status),
        marks: application.reference.into_iter().collect(),
        made_at: None,
    };
    Swept { rows: page.applications.into_iter().map(row).collect(), next: page.next }
}

/// What an application tells beside its status.
pub(crate) fn details_from(application: &Application, currency: Currency) -> Result<Details, MoneyError> {
    let sum = |cents: Option<u64>| cents.map(|cents| amounts_from(cents, currency)).transpose();
    Ok(Details {
        review_open: application.review_open,
        refunded: sum(application.refunded_cents)?,
        charged_back: sum(application.charged_back_cents)?,
        dispute: application.dispute.as_deref().and_then(Dispute::parse),
        lines: Vec::new(),
    })
}

/// Seconds since 1970 as a moment; none where there is no such moment.
pub(crate) fn moment_from(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// Whole cents as money.
pub(crate) fn amounts_from(cents: u64, currency: Currency) -> Result<Money, MoneyError> {
    Money::from_minor(cents, currency)
}

/// The application's id, when it can stand in an address.
pub(crate) fn reference_from(application: &Application) -> Option<ProviderRef> {
    reference_of(&application.id)
}

/// An id, when it can stand in an address.
pub(crate) fn reference_of(id: &str) -> Option<ProviderRef> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = !id.is_empty() && id.len() <= 100 && id.chars().all(plain);
    fits.then(|| ProviderRef(id.to_owned()))
}

/// Where the customer goes: an http(s) address without credentials, or the step that the merchant's own pages carry next.
pub(crate) fn next_action_from(application: &Application) -> Option<NextAction> {
    match application.next_step.as_deref() {
        Some("apply") => return Some(NextAction::step(NextActionKind::Apply)),
        Some("sign") => return Some(NextAction::step(NextActionKind::SignAgreement)),
        _ => {}
    }
    let text = application.apply_url.as_deref().filter(|text| text.len() <= limits::URL_MAX_CHARS)?;
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    fits.then(|| NextAction {
        kind: match application.shown_by.as_deref() {
            Some("plugin") => NextActionKind::Plugin,
            _ => NextActionKind::Redirect,
        },
        url: text.to_owned(),
        also: Vec::new(),
        expires_at: None,
    })
}

/// A shipment's body. The provider has no word for an order that is only confirmed: none is sent then.
pub(crate) fn shipment_for<'a>(checkout: &'a Checkout, shipment: &'a Shipment) -> Option<ShipmentBody<'a>> {
    let status = match shipment.status {
        ShipmentStatus::PartiallyShipped => "partial",
        ShipmentStatus::Shipped => "shipped",
        ShipmentStatus::Delivered => "delivered",
        ShipmentStatus::Recalled | ShipmentStatus::OutOfStock => "stopped",
        ShipmentStatus::Confirmed => return None,
    };
    let Shipment { carrier, tracking_number, .. } = shipment;
    let lines = match lines::by_shipment(checkout) {
        true => lines::lines_for(checkout, &shipment.lines),
        false => Vec::new(),
    };
    Some(ShipmentBody { status, carrier: carrier.as_deref(), tracking_number: tracking_number.as_deref(), lines })
}
