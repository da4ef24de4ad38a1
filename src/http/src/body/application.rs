//! The bodies of an application's steps. What is wrong is named, and nothing of what the customer said is repeated.

use std::net::IpAddr;

use jiff::civil::Date;
use lendport_core::application::{BankAccount, Card, Employment};
use lendport_core::{Address, Application, Consent, Invalid, MeansOfPayment, Pointer, Secret, customer};

use super::checkout::address;
use super::fields::Fields;
use super::node::Node;

pub(crate) const APPLICATION: &[&str] = &[
    "date_of_birth",
    "ssn",
    "mobile_phone",
    "home_address",
    "drivers_license",
    "employment",
    "bank_account",
    "card",
    "device_fingerprint",
    "customer_ip",
];
pub(crate) const DRIVERS_LICENSE: &[&str] = &["number", "state"];
pub(crate) const EMPLOYMENT: &[&str] =
    &["employer", "employer_phone", "monthly_income", "pay_frequency", "last_pay_date", "next_pay_date"];
pub(crate) const BANK_ACCOUNT: &[&str] = &["routing_number", "account_number", "type"];
pub(crate) const CARD: &[&str] = &["tokens", "expires", "brand", "last_four", "first_six", "billing_zip"];
pub(crate) const TOKEN: &[&str] = &["gateway", "token"];
pub(crate) const PAYMENT_METHOD: &[&str] = &["bank_account", "card"];
pub(crate) const SIGNATURE: &[&str] = &["document_sha256", "accepted", "accepted_at", "ip_address"];

const TOKENS_MAX: usize = 10;
const SECRET_MAX_CHARS: usize = 4_096;
const FINGERPRINT_MAX_CHARS: usize = 16_384;

/// Reads an application; nothing when something is missing or wrong, which is then noted.
pub(crate) fn application(node: &Node<'_>, notes: &mut Invalid) -> Option<Application> {
    let body = Fields::open(node, Pointer::root(), APPLICATION, notes);
    let date_of_birth = needed(day(&body, "date_of_birth", notes), &body, "date_of_birth", notes);
    let mobile_phone = needed(phone(&body, "mobile_phone", notes), &body, "mobile_phone", notes);
    let ssn = digits(&body, "ssn", 9, notes);
    let home = body.node("home_address").and_then(|_| {
        let given = address(&body, "home_address", notes)?;
        notes.keep(Address::new(&given, &body.pointer("home_address")))
    });
    let drivers_license = license(&body, notes);
    let employment = employment(&body, notes);
    let pay_with = means(&body, notes);
    let printed = |text: &str| {
        (1..=FINGERPRINT_MAX_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let form = format!("1 to {FINGERPRINT_MAX_CHARS} characters of base64");
    let device_fingerprint = kept(&body, "device_fingerprint", &form, printed, notes).map(Secret::new);
    let customer_ip = ip(&body, "customer_ip", notes);
    Some(Application {
        home,
        mobile_phone: mobile_phone?,
        date_of_birth: date_of_birth?,
        ssn,
        drivers_license,
        employment,
        pay_with,
        device_fingerprint,
        customer_ip,
    })
}

/// Reads what a customer pays with.
pub(crate) fn payment_method(node: &Node<'_>, notes: &mut Invalid) -> Option<MeansOfPayment> {
    let body = Fields::open(node, Pointer::root(), PAYMENT_METHOD, notes);
    let before = notes.0.len();
    let means = means(&body, notes);
    if means.is_none() && notes.0.len() == before && matches!(node, Node::Object(_)) {
        notes.note(&body.pointer("bank_account"), "missing", "name a bank_account or a card");
    }
    means
}

/// Reads a signature. That the customer accepted has to be said.
pub(crate) fn signature(node: &Node<'_>, notes: &mut Invalid) -> Option<Consent> {
    let body = Fields::open(node, Pointer::root(), SIGNATURE, notes);
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let document = kept(&body, "document_sha256", "64 hexadecimal digits in lower case", hex, notes);
    let document = needed(document, &body, "document_sha256", notes);
    match body.flag("accepted", notes) {
        Some(true) => {}
        Some(false) => notes.note(&body.pointer("accepted"), "not_accepted", "must be true: the customer has to agree"),
        None if body.node("accepted").is_none() && matches!(node, Node::Object(_)) => {
            notes.note(&body.pointer("accepted"), "missing", "is required");
        }
        None => {}
    }
    let at = body.moment("accepted_at", notes);
    let at = needed(at, &body, "accepted_at", notes);
    let device = ip(&body, "ip_address", notes);
    let device = needed(device, &body, "ip_address", notes);
    Some(Consent { document_sha256: document?, ip: device?, at: at? })
}

fn license(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<(Secret<String>, String)> {
    let license = Fields::open(body.node("drivers_license")?, body.pointer("drivers_license"), DRIVERS_LICENSE, notes);
    let number = needed(secret(&license, "number", notes), &license, "number", notes);
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    let state = kept(&license, "state", "two letters such as FL", two, notes);
    let state = needed(state, &license, "state", notes);
    Some((number?, state?))
}

fn employment(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<Employment> {
    let work = Fields::open(body.node("employment")?, body.pointer("employment"), EMPLOYMENT, notes);
    let employer = secret(&work, "employer", notes);
    let employer_phone = phone(&work, "employer_phone", notes);
    let income = work.amount("monthly_income", notes).map(|amount| Secret::new(amount.to_string()));
    let income = needed(income, &work, "monthly_income", notes);
    let frequency = work.word("pay_frequency", Employment::PAY_FREQUENCIES, Employment::pay_frequency, notes);
    let frequency = needed(frequency, &work, "pay_frequency", notes);
    let last_pay_date = day(&work, "last_pay_date", notes);
    let next_pay_date = day(&work, "next_pay_date", notes);
    Some(Employment {
        employer,
        employer_phone,
        monthly_income: income?,
        pay_frequency: frequency?,
        last_pay_date,
        next_pay_date,
    })
}

fn means(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<MeansOfPayment> {
    let (bank, card) = (bank(body, notes), card(body, notes));
    if body.node("bank_account").is_some() && body.node("card").is_some() {
        notes.note(&body.pointer("card"), "conflict", "give either bank_account or card, not both");
        return None;
    }
    bank.map(MeansOfPayment::Bank).or(card.map(MeansOfPayment::Card))
}

fn bank(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<BankAccount> {
    let bank = Fields::open(body.node("bank_account")?, body.pointer("bank_account"), BANK_ACCOUNT, notes);
    let routing = needed(digits(&bank, "routing_number", 9, notes), &bank, "routing_number", notes);
    let plain = |text: &str| (4..=17).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let account = kept(&bank, "account_number", "4 to 17 digits", plain, notes).map(Secret::new);
    let account = needed(account, &bank, "account_number", notes);
    let kinds = ["checking", "savings"];
    let savings = bank.word("type", &kinds, |word| Some(word == "savings"), notes);
    let savings = needed(savings, &bank, "type", notes);
    Some(BankAccount { routing_number: routing?, account_number: account?, savings: savings? })
}

fn card(body: &Fields<'_, '_>, notes: &mut Invalid) -> Option<Card> {
    let card = Fields::open(body.node("card")?, body.pointer("card"), CARD, notes);
    let at = card.pointer("tokens");
    let listed = card.list("tokens", notes).unwrap_or_default();
    if !(1..=TOKENS_MAX).contains(&listed.len()) {
        notes.note(&at, "out_of_range", format!("name 1 to {TOKENS_MAX} tokens; a card's number is never taken"));
        return None;
    }
    let mut tokens = Vec::new();
    for (place, node) in listed.iter().enumerate() {
        let one = Fields::open(node, at.index(place), TOKEN, notes);
        let plain = |text: &str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let gateway = kept(&one, "gateway", "a plain word such as clover", plain, notes);
        let gateway = needed(gateway, &one, "gateway", notes);
        let token = needed(secret(&one, "token", notes), &one, "token", notes);
        tokens.push((gateway?, token?));
    }
    let month = |text: &str| text.len() == 7 && format!("{text}-01").parse::<Date>().is_ok();
    let expires = kept(&card, "expires", "a month such as 2027-09", month, notes).map(Secret::new);
    let word = |text: &str| (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let brand = kept(&card, "brand", "a word such as visa", word, notes);
    let last_four = digits(&card, "last_four", 4, notes);
    let first_six = digits(&card, "first_six", 6, notes);
    let billing_zip = digits(&card, "billing_zip", 5, notes);
    Some(Card { tokens, expires, brand, last_four, first_six, billing_zip })
}

/// Notes that a field is not there; one that is there and wrong was noted already.
fn needed<T>(value: Option<T>, fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<T> {
    if value.is_none() && fields.node(name).is_none() {
        notes.note(&fields.pointer(name), "missing", "is required");
    }
    value
}

/// A text of a known form. It is not repeated where it has another.
fn kept(
    fields: &Fields<'_, '_>,
    name: &str,
    form: &str,
    fits: impl Fn(&str) -> bool,
    notes: &mut Invalid,
) -> Option<String> {
    let text = fields.text(name, notes)?;
    if fits(&text) {
        return Some(text);
    }
    notes.note(&fields.pointer(name), "invalid_form", format!("use {form}"));
    None
}

fn digits(fields: &Fields<'_, '_>, name: &str, count: usize, notes: &mut Invalid) -> Option<Secret<String>> {
    let plain = |text: &str| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    kept(fields, name, &format!("{count} digits and nothing else"), plain, notes).map(Secret::new)
}

fn day(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<Secret<String>> {
    let plain = |text: &str| {
        text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && text.parse::<Date>().is_ok()
    };
    kept(fields, name, "a date such as 1990-05-17", plain, notes).map(Secret::new)
}

fn phone(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<Secret<String>> {
    let text = fields.text(name, notes)?;
    let read = customer::ten_digits(&text);
    if read.is_none() {
        notes.note(&fields.pointer(name), "invalid_phone", "use ten digits, such as 2125550123");
    }
    read.map(Secret::new)
}

fn secret(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<Secret<String>> {
    let fits = |text: &str| {
        !text.trim().is_empty() && text.chars().count() <= SECRET_MAX_CHARS && !text.chars().any(char::is_control)
    };
    kept(fields, name, &format!("1 to {SECRET_MAX_CHARS} characters"), fits, notes).map(Secret::new)
}

fn ip(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<IpAddr> {
    let text = fields.text(name, notes)?;
    let read = text.parse::<IpAddr>().ok().filter(|ip| !ip.is_unspecified());
    if read.is_none() {
        notes.note(&fields.pointer(name), "invalid_address", "use the address of the customer's device");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::super::node::parse;
    use super::*;

    fn read<T>(body: &str, read: impl Fn(&Node<'_>, &mut Invalid) -> Option<T>) -> (Option<T>, Vec<(String, String)>) {
        let mut notes = Invalid::none();
        let node = parse(body.as_bytes(), &mut notes).unwrap();
        let value = read(&node, &mut notes);
        let shown = format!("{:?}", notes.0);
        assert!(!shown.contains("4711"), "what a customer says is never repeated: {shown}");
        (value, notes.0.into_iter().map(|note| (note.pointer, note.code)).collect())
    }

    #[test]
    fn a_whole_application_is_read_and_shows_nothing() {
        let body = r#"{ "date_of_birth": "1990-05-17", "ssn": "123456789", "mobile_phone": "(212) 555-0123",
            "home_address": { "line1": "1 Main St", "city": "Boca Raton", "state": "FL", "postal_code": "33431" },
            "drivers_license": { "number": "D471147114711", "state": "FL" },
            "employment": { "employer": "Acme", "monthly_income": 4321.50, "pay_frequency": "biweekly",
                "last_pay_date": "2026-11-13" },
            "bank_account": { "routing_number": "063100277", "account_number": "9876543210", "type": "checking" },
            "device_fingerprint": "ZGV2aWNlLTQ3MTE=", "customer_ip": "203.0.113.7" }"#;
        let (read, notes) = read(body, application);
        assert_eq!(notes, []);
        let read = read.unwrap();
        assert_eq!(read.employment.as_ref().unwrap().monthly_income.expose(), "4321.50");
        let shown = format!("{read:?}");
        for needle in ["123456789", "1990", "4321", "063100277", "987654", "2125550123", "D4711", "Main", "ZGV2"] {
            assert!(!shown.contains(needle), "{shown}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let body = r#"{ "ssn": "471-14-711", "mobile_phone": "4711", "home_address": { "line1": "x" },
            "employment": { "pay_frequency": "daily" }, "bank_account": { "routing_number": "4711", "type": "gold" },
            "card": { "tokens": [] }, "device_fingerprint": "has a space 4711", "customer_ip": "0.0.0.0" }"#;
        let (value, notes) = read(body, application);
        assert!(value.is_none());
        let named: Vec<&str> = notes.iter().map(|(pointer, _)| pointer.as_str()).collect();
        for pointer in [
            "/date_of_birth",
            "/ssn",
            "/mobile_phone",
            "/home_address/city",
            "/employment/monthly_income",
            "/employment/pay_frequency",
            "/bank_account/routing_number",
            "/bank_account/account_number",
            "/bank_account/type",
            "/card/tokens",
            "/device_fingerprint",
            "/customer_ip",
        ] {
            assert!(named.contains(&pointer), "{pointer} of {named:?}");
        }
    }

    #[test]
    fn a_signature_needs_all_of_it() {
        let sha = "a".repeat(64);
        let whole = |accepted: &str| {
            format!(
                r#"{{"document_sha256":"{sha}","accepted":{accepted},"accepted_at":"2026-11-21T09:30:00Z","ip_address":"203.0.113.7"}}"#
            )
        };
        let (consent, notes) = read(&whole("true"), signature);
        assert_eq!((notes, consent.unwrap().ip.to_string().as_str()), (Vec::new(), "203.0.113.7"));
        let (_, notes) = read(&whole("false"), signature);
        assert_eq!(notes, [("/accepted".to_owned(), "not_accepted".to_owned())]);
        let (_, notes) = read(r#"{"accepted_at":"yesterday"}"#, signature);
        let named: Vec<&str> = notes.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(named, ["/document_sha256", "/accepted", "/accepted_at", "/ip_address"]);
        let (_, notes) = read(r"{}", payment_method);
        assert_eq!(notes, [("/bank_account".to_owned(), "missing".to_owned())]);
    }
}
