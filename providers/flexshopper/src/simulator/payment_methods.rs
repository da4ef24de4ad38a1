//! Ways to pay (flexshopper.md 4.7 to 4.9). Numbers of accounts are looked at and only their last four digits kept.

use super::api::{self, Call};
use super::errors::{Refusal, data};
use super::fields::Fields;
use super::person::{PaymentKind, PaymentMethod};
use super::state::Sim;
use lendport_simulation::{Json, Reply};

/// Routing numbers that end so belong to banks that are not accepted, and that need verification.
const REFUSED_BANK: &str = "505";
const UNVERIFIED_BANK: &str = "506";
/// Account numbers that end so take no money.
const EMPTY_ACCOUNT: &str = "0002";
/// Account numbers that end so fail verification.
const UNKNOWN_ACCOUNT: &str = "0000";

/// POST `/v3/paymentMethods/add`
pub(super) fn add(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let fields = call.fields(sim, &["primary", "label", "ach", "token"])?;
    let primary = fields.flag("primary")?.ok_or_else(|| fields.missing("primary"))?;
    let label = fields.required_text("label")?;
    let method = match (fields.inner("ach")?, fields.inner("token")?) {
        (Some(ach), None) => {
            let account = ach.required_text("account")?;
            let routing = ach.required_text("routing")?;
            ach.word("accountType", &["checking", "savings"])?;
            bank(sim, &routing, &account, label, primary)?
        }
        (None, Some(token)) => {
            token.required_text("billingZip")?;
            card(sim, &token, &tokens(&token, "token", "name")?, label, primary)?
        }
        _ => return Err(Refusal::Invalid("\"value\" must contain exactly one of [ach, token]".to_owned())),
    };
    let mut store = sim.store();
    let user = store.people.get_mut(&user).ok_or(Refusal::NO_USER)?;
    user.add(method);
    Ok(Reply { status: axum::http::StatusCode::CREATED, ..data(Json::object([])) })
}

/// A bank account.
pub(super) fn bank(
    sim: &Sim,
    routing: &str,
    account: &str,
    label: String,
    primary: bool,
) -> Result<PaymentMethod, Refusal> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if routing.len() != 9 || !digits(routing) || account.len() < 4 || !digits(account) {
        return Err(Refusal::Invalid("\"ach\" must hold 9 digits of routing and the digits of an account".to_owned()));
    }
    if routing.ends_with(REFUSED_BANK) {
        return Err(Refusal::BANK_REFUSED);
    }
    if routing.ends_with(UNVERIFIED_BANK) {
        return Err(Refusal::BANK_UNVERIFIED);
    }
    let kind = PaymentKind::Bank { last_four: last_four(account) };
    Ok(PaymentMethod { id: sim.hex(24), label, primary, declines: account.ends_with(EMPTY_ACCOUNT), kind })
}

fn last_four(text: &str) -> String {
    let digits: Vec<char> = text.chars().collect();
    digits.get(digits.len().saturating_sub(4)..).unwrap_or_default().iter().collect()
}

/// A card of which tokens were made. A token that begins with `prepaid` is never the primary one, one that begins with
/// `decline` takes no money.
pub(super) fn card(
    sim: &Sim,
    fields: &Fields<'_>,
    tokens: &[String],
    label: String,
    primary: bool,
) -> Result<PaymentMethod, Refusal> {
    let words = ["american-express", "visa", "mastercard", "discover"];
    let brand = match fields.word("cardType", &words)?.as_deref() {
        Some("american-express") => "American Express",
        Some("mastercard") => "Mastercard",
        Some("discover") => "Discover",
        _ => "Visa",
    };
    fields.text("expirationDate")?;
    let digits = |name: &str| fields.text(name).map(Option::unwrap_or_default);
    let begins = |word: &str| tokens.iter().any(|token| token.starts_with(word));
    if primary && begins("prepaid") {
        return Err(Refusal::NOT_PRIMARY);
    }
    let kind =
        PaymentKind::Card { brand: brand.to_owned(), last_four: digits("lastFour")?, first_six: digits("firstSix")? };
    Ok(PaymentMethod { id: sim.hex(24), label, primary, declines: begins("decline"), kind })
}

/// The tokens of a card: a text, or a list of objects with the gateway's name and the token.
pub(super) fn tokens(fields: &Fields<'_>, member: &str, named: &str) -> Result<Vec<String>, Refusal> {
    match fields.raw(member) {
        Some(Json::Text(text)) if !text.is_empty() => Ok(vec![text.clone()]),
        Some(Json::List(_)) => {
            let entries = fields.list(member)?.unwrap_or_default();
            if entries.is_empty() {
                return Err(fields.missing(member));
            }
            let each = entries.iter().map(|entry| {
                entry.word(named, &["clover", "loanpaymentpro"])?.ok_or_else(|| entry.missing(named))?;
                entry.required_text("token")
            });
            each.collect()
        }
        _ => Err(fields.missing(member)),
    }
}

/// GET `/v3/customers/me/payment-methods`
pub(super) fn list(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = api::customer(sim, call)?;
    let store = sim.store();
    let user = store.people.get(&id).ok_or(Refusal::NO_USER)?;
    let methods: Json = user.methods.iter().map(shown).collect();
    Ok(bare(methods, store.rules.enveloped_lists))
}

/// A list as the samples show it, or as the schemas say.
pub(super) fn bare(list: Json, enveloped: bool) -> Reply {
    if enveloped { data(list) } else { Reply::exact(axum::http::StatusCode::OK, &list) }
}

fn shown(method: &PaymentMethod) -> Json {
    let label = method.label.as_str().into();
    match &method.kind {
        PaymentKind::Card { brand, last_four, first_six } => Json::object([
            ("id", method.id.as_str().into()),
            ("type", "card".into()),
            ("cardBrand", brand.as_str().into()),
            ("lastFour", last_four.as_str().into()),
            ("firstSix", first_six.as_str().into()),
            ("label", label),
        ]),
        PaymentKind::Bank { last_four } => Json::object([
            ("id", method.id.as_str().into()),
            ("type", "ach".into()),
            ("lastFour", last_four.as_str().into()),
            ("label", label),
        ]),
    }
}

/// POST `/v3/paymentMethods/{userId}/verifyACH`: a bad account is a 200 too.
pub(super) fn verify_ach(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let fields = call.fields(sim, &["accountNumber", "routingNumber", "forceHRBValidation"])?;
    let account = fields.required_text("accountNumber")?;
    fields.required_text("routingNumber")?;
    fields.flag("forceHRBValidation")?;
    if sim.store().people.get(&call.id).is_none() {
        return Err(Refusal::rejected("there is no such user"));
    }
    let good = !account.ends_with(UNKNOWN_ACCOUNT);
    let code = if good { "_5555" } else { "GN05" };
    Ok(data(Json::object([("accountResponseCode", code.into()), ("status", good.into())])))
}
