//! What a create call asks for, checked (wepay.md 4.3 and 5).

use rust_decimal::Decimal;

use super::dialect::{Dialect, Version};
use super::errors::Refusal;
use super::fields::Fields;
use super::hosted::{self, Hosted};
use super::money::{APP_FEE_MAX, FeePayer};
use lendport_simulation::Json;

const TYPES: [&str; 5] = ["goods", "service", "donation", "event", "personal"];
const DELIVERY_TYPES: [&str; 8] = [
    "none",
    "fully_delivered",
    "point_of_sale",
    "shipping",
    "donation",
    "subscription",
    "partial_prepayment",
    "full_prepayment",
];
const MESSAGE_MAX: usize = 65_535;

/// A checkout as it was ordered.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) account_id: u64,
    pub(super) kind: String,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) short_description: String,
    pub(super) long_description: Option<String>,
    pub(super) app_fee: Decimal,
    pub(super) fee_payer: FeePayer,
    pub(super) callback_uri: Option<String>,
    /// `auto_capture` in dialect A, `auto_release` in B: money goes on to the payee by itself.
    pub(super) automatic: bool,
    pub(super) reference_id: Option<String>,
    pub(super) delivery_type: Option<String>,
    pub(super) method: Method,
    /// Dotted names of parameters that no document knows.
    pub(super) unknown: Vec<String>,
}

/// How the payer pays.
#[derive(Clone, Debug)]
pub(super) enum Method {
    Hosted(Box<Hosted>),
    /// `charged`: false when only authorised until `/checkout/capture` (dialect B).
    Card {
        id: u64,
        charged: bool,
    },
    Preapproval {
        id: u64,
    },
    Bank {
        id: u64,
    },
}

/// Reads the parameters of a create call in the order in which WePay asks for them.
pub(super) fn read(body: &Json, version: Version, refuse_local: bool) -> Result<Order, Refusal> {
    let fields = Fields::root(body);
    let automatic = match version.dialect() {
        Dialect::A => "auto_capture",
        Dialect::B => "auto_release",
    };
    let mut unknown = Vec::new();
    fields.unknown(
        &[
            "account_id",
            "short_description",
            "type",
            "amount",
            "currency",
            "long_description",
            "email_message",
            "fee",
            "callback_uri",
            automatic,
            "reference_id",
            "unique_id",
            "hosted_checkout",
            "payment_method",
            "delivery_type",
            "payer_rbits",
            "transaction_rbits",
        ],
        &mut unknown,
    );
    for name in ["account_id", "short_description", "type", "amount", "currency"] {
        if !fields.has(name) {
            return Err(fields.missing(name));
        }
    }
    let account_id = fields.required_integer("account_id")?;
    let short_description = fields.required_text("short_description", 255)?;
    let kind = fields.word("type", &TYPES)?.unwrap_or_default();
    let amount = fields.amount("amount")?.filter(|amount| !amount.is_zero());
    let amount = amount.ok_or_else(|| fields.bad("amount", "greater than zero"))?;
    let currencies: &[&str] = if version.since("2019-04-03") { &["USD", "CAD", "GBP"] } else { &["USD", "CAD"] };
    let currency = fields.word("currency", currencies)?.unwrap_or_default();
    if let Some(message) = fields.inner("email_message")? {
        message.unknown(&["to_payer", "to_payee"], &mut unknown);
        message.text("to_payer", MESSAGE_MAX)?;
        message.text("to_payee", MESSAGE_MAX)?;
    }
    let (app_fee, fee_payer) = fee(&fields, amount, &mut unknown)?;
    fields.text("unique_id", 255)?;
    if fields.has("hosted_checkout") && fields.has("payment_method") {
        return Err(Refusal::new(1003, "send either hosted_checkout or payment_method, not both"));
    }
    let method = match fields.inner("payment_method")? {
        Some(method) => payment_method(&method, version, &mut unknown)?,
        None => Method::Hosted(Box::new(match fields.inner("hosted_checkout")? {
            Some(hosted) => hosted::read(&hosted, version, &mut unknown)?,
            None => Hosted::default(),
        })),
    };
    Ok(Order {
        account_id,
        kind,
        amount,
        currency,
        short_description,
        long_description: fields.text("long_description", 2047)?,
        app_fee,
        fee_payer,
        callback_uri: fields.callback("callback_uri", refuse_local)?,
        automatic: fields.flag(automatic)?.unwrap_or(true),
        reference_id: fields.text("reference_id", 255)?,
        delivery_type: fields.word("delivery_type", &DELIVERY_TYPES)?,
        method,
        unknown,
    })
}

fn fee(fields: &Fields<'_>, amount: Decimal, unknown: &mut Vec<String>) -> Result<(Decimal, FeePayer), Refusal> {
    let Some(fee) = fields.inner("fee")? else { return Ok((Decimal::ZERO, FeePayer::Payer)) };
    fee.unknown(&["app_fee", "fee_payer"], unknown);
    let app_fee = fee.amount("app_fee")?.unwrap_or_default();
    if app_fee > amount * APP_FEE_MAX {
        return Err(fee.bad("app_fee", "20% of the amount or less"));
    }
    let words = FeePayer::ALL.map(FeePayer::word);
    let payer = fee.word("fee_payer", &words)?.and_then(|word| FeePayer::parse(&word));
    Ok((app_fee, payer.unwrap_or(FeePayer::Payer)))
}

fn payment_method(fields: &Fields<'_>, version: Version, unknown: &mut Vec<String>) -> Result<Method, Refusal> {
    let bank = version.since("2016-06-22");
    let words: &[&str] =
        if bank { &["credit_card", "preapproval", "payment_bank"] } else { &["credit_card", "preapproval"] };
    let mut known = words.to_vec();
    known.push("type");
    fields.unknown(&known, unknown);
    let kind = fields.word("type", words)?.ok_or_else(|| fields.missing("type"))?;
    let named = fields.inner(&kind)?.ok_or_else(|| fields.missing(&kind))?;
    let id = named.required_integer("id")?;
    if kind != "credit_card" {
        named.unknown(&["id"], unknown);
        return Ok(if kind == "payment_bank" { Method::Bank { id } } else { Method::Preapproval { id } });
    }
    let mut charged = true;
    match version.dialect() {
        Dialect::A => named.unknown(&["id", "data"], unknown),
        Dialect::B => {
            named.unknown(&["id", "data", "auto_capture"], unknown);
            charged = named.flag("auto_capture")?.unwrap_or(true);
        }
    }
    if let Some(data) = named.inner("data")? {
        data.unknown(&["transaction_token"], unknown);
        data.text("transaction_token", 255)?;
    }
    Ok(Method::Card { id, charged })
}
