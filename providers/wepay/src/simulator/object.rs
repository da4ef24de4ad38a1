//! The checkout as the API shows it, by version (wepay.md 4.9 and 5).

use rust_decimal::Decimal;

use super::checkout::{Address, Checkout};
use super::dialect::{Dialect, Version};
use super::hosted::{COLORS, Hosted, Theme};
use super::order::Method;
use super::rules::{Absent, Rules};
use lendport_simulation::Json;

/// Fields that may have no value.
const OPTIONAL: [&str; 4] = ["long_description", "callback_uri", "reference_id", "delivery_type"];

pub(super) fn checkout(checkout: &Checkout, version: Version, base: &str, rules: &Rules) -> Json {
    let order = &checkout.order;
    let dialect = version.dialect();
    let mut shown = Json::object([
        ("checkout_id", checkout.id.into()),
        ("account_id", order.account_id.into()),
        ("type", order.kind.as_str().into()),
        ("short_description", order.short_description.as_str().into()),
        ("currency", order.currency.as_str().into()),
        ("amount", order.amount.into()),
        ("state", checkout.word(dialect).into()),
        ("soft_descriptor", format!("WPY*{}", rules.account_name).into()),
        (if dialect == Dialect::A { "auto_capture" } else { "auto_release" }, order.automatic.into()),
        ("create_time", checkout.created.as_second().into()),
        ("delivery_type", order.delivery_type.as_deref().into()),
        ("long_description", order.long_description.as_deref().into()),
        ("callback_uri", checkout.callback_uri.as_deref().into()),
        ("reference_id", order.reference_id.as_deref().into()),
        ("fee", fee(checkout)),
        ("gross", checkout.paid.map_or(Decimal::ZERO, |(_, sums)| sums.gross).into()),
        ("chargeback", chargeback(checkout, base)),
        ("refund", refund(checkout)),
    ]);
    match &order.method {
        Method::Hosted(hosted) => {
            shown.set("payment_method", Json::Null);
            shown.set("hosted_checkout", hosted_checkout(checkout, hosted, version, base));
        }
        method => {
            shown.set("payment_method", payment_method(method, dialect, rules));
            shown.set("hosted_checkout", Json::Null);
        }
    }
    let payer = checkout.payer.as_ref();
    shown.set(
        "payer",
        Json::object([
            ("name", payer.map(|payer| payer.name.as_str()).into()),
            ("email", payer.map(|payer| payer.email.as_str()).into()),
            ("home_address", Json::Null),
        ]),
    );
    for (since, name, value) in [
        ("2016-03-30", "payment_error", Json::Null),
        ("2016-03-30", "npo_information", Json::Null),
        ("2016-06-22", "in_review", in_review(checkout).into()),
        ("2019-04-03", "initiated_by", "none".into()),
    ] {
        if version.since(since) {
            shown.set(name, value);
        }
    }
    leave_out(&mut shown, dialect, rules);
    shown
}

/// Drops what has no value, as the rules say. As documented: the seed leaves out the way of paying that was not taken.
fn leave_out(shown: &mut Json, dialect: Dialect, rules: &Rules) {
    let ways = match (rules.absent, dialect) {
        (Absent::Missing, _) | (Absent::AsDocumented, Dialect::A) => ["payment_method", "hosted_checkout"].as_slice(),
        _ => &[],
    };
    let others = if rules.absent == Absent::Missing { OPTIONAL.as_slice() } else { &[] };
    for name in ways.iter().chain(others) {
        if shown.get(name) == Some(&Json::Null) {
            shown.drop_member(name);
        }
    }
}

fn in_review(checkout: &Checkout) -> bool {
    checkout.review != super::checkout::Review::Done
}

fn fee(checkout: &Checkout) -> Json {
    Json::object([
        ("app_fee", checkout.order.app_fee.into()),
        ("processing_fee", checkout.paid.map_or(Decimal::ZERO, |(_, sums)| sums.processing_fee).into()),
        ("fee_payer", checkout.order.fee_payer.word().into()),
    ])
}

/// The payer of a hosted checkout can dispute it once it is paid.
fn chargeback(checkout: &Checkout, base: &str) -> Json {
    let hosted = matches!(checkout.order.method, Method::Hosted(_));
    let offered = checkout.credited_at.is_some() && hosted || checkout.charged_back > Decimal::ZERO;
    let uri = offered.then(|| format!("{base}/dispute/payer_create/{}/{}", checkout.id, checkout.token));
    Json::object([("amount_charged_back", checkout.charged_back.into()), ("dispute_uri", uri.into())])
}

fn refund(checkout: &Checkout) -> Json {
    Json::object([
        ("amount_refunded", checkout.refunded.into()),
        ("refund_reason", checkout.refund_reason.as_deref().into()),
    ])
}

fn payment_method(method: &Method, dialect: Dialect, rules: &Rules) -> Json {
    let (kind, id) = match method {
        Method::Card { id, .. } => ("credit_card", *id),
        Method::Preapproval { id } => ("preapproval", *id),
        Method::Bank { id } => ("payment_bank", *id),
        Method::Hosted(_) => return Json::Null,
    };
    let mut named = Json::object([("id", id.into())]);
    if let Method::Card { charged, .. } = method
        && (dialect == Dialect::B || rules.absent == Absent::Null)
    {
        named.set("data", Json::object([("emv_receipt", Json::Null), ("signature_url", Json::Null)]));
        if dialect == Dialect::B {
            named.set("auto_capture", (*charged).into());
        }
    }
    Json::object([("type", kind.into()), (kind, named)])
}

/// Where the payer pays.
pub(super) fn page_path(checkout: &Checkout) -> String {
    match &checkout.order.method {
        Method::Hosted(hosted) if hosted.iframe => {
            format!("/api/iframe/{}/{}/api_checkout", checkout.id, checkout.token)
        }
        _ => format!("/api/checkout/{}/{}", checkout.id, checkout.token),
    }
}

fn hosted_checkout(checkout: &Checkout, hosted: &Hosted, version: Version, base: &str) -> Json {
    let query = if hosted.iframe { "?iframe=1" } else { "" };
    let address = checkout.payer.as_ref().and_then(|payer| payer.address.as_ref());
    Json::object([
        ("checkout_uri", format!("{base}{}{query}", page_path(checkout)).into()),
        ("redirect_uri", hosted.redirect_uri.as_deref().into()),
        ("shipping_fee", hosted.shipping_fee.into()),
        ("require_shipping", hosted.require_shipping.into()),
        ("shipping_address", address.map_or(Json::Null, |address| shipping_address(address, version))),
        ("theme_object", hosted.theme.as_ref().map_or(Json::Null, |theme| shown_theme(checkout, theme))),
        ("mode", if hosted.iframe { "iframe" } else { "regular" }.into()),
    ])
}

/// `state` and `zip` in the United States, `region` and `postcode` elsewhere; later `region` and `postal_code`.
fn shipping_address(address: &Address, version: Version) -> Json {
    let mut shown = Json::object([
        ("name", address.name.as_str().into()),
        ("address1", address.street.as_str().into()),
        ("address2", "".into()),
        ("city", address.city.as_str().into()),
        ("country", address.country.as_str().into()),
    ]);
    let (region, postcode) = match (version.since("2016-06-22"), address.country.as_str()) {
        (true, _) => ("region", "postal_code"),
        (false, "US") => ("state", "zip"),
        (false, _) => ("region", "postcode"),
    };
    shown.set(region, address.region.as_str().into());
    shown.set(postcode, address.postcode.as_str().into());
    shown
}

fn shown_theme(checkout: &Checkout, theme: &Theme) -> Json {
    let mut shown = Json::object([("theme_id", checkout.id.into()), ("name", theme.name.as_deref().into())]);
    for (name, color) in COLORS.into_iter().zip(&theme.colors) {
        shown.set(name, color.as_deref().into());
    }
    shown
}
