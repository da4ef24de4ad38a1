//! Wire <-> core, pure functions. The same four names in every provider: `request_for`, `state_from`, `amounts_from`,
//! `reference_from`.

use lendport_core::operation::Shipment;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AttemptState, CaptureMode, Checkout, Claim, CreateRequest, Currency, Invalid, Line, Money, MoneyError, NextAction,
    NextActionKind, Pointer, ProviderRef, ShipmentStatus, limits,
};
use lendport_outbound::Url;

use crate::descriptor::DESCRIPTOR;
use crate::wire::{Application, NewApplication, ShipmentBody, WireCustomer, WireItem};

/// Refuses a country that is not served, then a currency that does not belong to it.
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
        Some(_) => Ok(()),
    }
}

/// The create request's body.
pub(crate) fn request_for(request: CreateRequest<'_>) -> NewApplication<'_> {
    let CreateRequest { checkout, attempt, callback_url } = request;
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
    }
}

fn item(line: &Line) -> WireItem<'_> {
    WireItem { name: &line.name, quantity: line.quantity, unit_cents: line.unit_gross.minor() }
}

/// A status. Anything not named here is not known.
pub(crate) fn state_from(status: &str) -> Claim {
    Claim::state(match status {
        "applying" => AttemptState::AwaitingCustomer,
        "reviewing" => AttemptState::UnderReview,
        "preapproved" => AttemptState::Preapproved,
        "approved" => AttemptState::Authorized,
        "captured" => AttemptState::Captured,
        "refunded" => AttemptState::Refunded,
        "declined" => AttemptState::Declined,
        "cancelled" => AttemptState::Canceled,
        "expired" => AttemptState::Expired,
        _ => return Claim::UnknownStatus,
    })
}

/// How an application stands.
pub(crate) fn retrieved_from(application: Application, currency: Currency) -> Result<Retrieved, MoneyError> {
    let refunded = application.refunded_cents.map(|cents| amounts_from(cents, currency)).transpose()?;
    Ok(Retrieved {
        claim: state_from(&application.status),
        amount_echoed: Some(amounts_from(application.amount_cents, currency)?),
        raw_status: Some(application.status),
        refunded,
    })
}

/// Whole cents as money.
pub(crate) fn amounts_from(cents: u64, currency: Currency) -> Result<Money, MoneyError> {
    Money::from_minor(cents, currency)
}

/// The application's id, when it can stand in an address.
pub(crate) fn reference_from(application: &Application) -> Option<ProviderRef> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = !application.id.is_empty() && application.id.len() <= 100 && application.id.chars().all(plain);
    fits.then(|| ProviderRef(application.id.clone()))
}

/// Where the customer goes: an http(s) address without credentials.
pub(crate) fn next_action_from(application: &Application) -> Option<NextAction> {
    let text = application.apply_url.as_deref().filter(|text| text.len() <= limits::URL_MAX_CHARS)?;
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    fits.then(|| NextAction {
        kind: NextActionKind::Redirect,
        url: text.to_owned(),
        also: Vec::new(),
        expires_at: None,
    })
}

/// A shipment's body. The provider has no word for an order that is only confirmed: none is sent then.
pub(crate) fn shipment_for(shipment: &Shipment) -> Option<ShipmentBody<'_>> {
    let status = match shipment.status {
        ShipmentStatus::PartiallyShipped => "partial",
        ShipmentStatus::Shipped => "shipped",
        ShipmentStatus::Delivered => "delivered",
        ShipmentStatus::Recalled | ShipmentStatus::OutOfStock => "stopped",
        ShipmentStatus::Confirmed => return None,
    };
    let Shipment { carrier, tracking_number, .. } = shipment;
    Some(ShipmentBody { status, carrier: carrier.as_deref(), tracking_number: tracking_number.as_deref() })
}
