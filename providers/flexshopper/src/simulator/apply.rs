//! The application for a spending limit (flexshopper.md 4.12). Identity, bank and income data are checked for their form
//! and thrown away; what stays is the date of birth, last four digits, and the shape of the body.

use jiff::civil::Date;

use super::api::{self, Call};
use super::errors::Refusal;
use super::fields::Fields;
use super::magic;
use super::payment_methods;
use super::person::{PaymentMethod, same_address, same_phone};
use super::rules::Verdict;
use super::state::Sim;
use lendport_simulation::Json;

/// Every documented member.
const KNOWN: [&str; 19] = [
    "driversLicenseNumber",
    "driversLicenseState",
    "gender",
    "street1",
    "street2",
    "city",
    "regionAbbr",
    "postalCode",
    "country",
    "mobilePhone",
    "dateOfBirth",
    "ssn",
    "employmentInformation",
    "bankAccount",
    "fraudCheck",
    "cardInformation",
    "deviceFingerprint",
    "expectedPurchaseAmount",
    "optInMarketing",
];
const EMPLOYMENT: [&str; 6] = ["name", "phone", "monthlyIncome", "payFrequency", "lastPayDate", "nextPayDate"];
const FREQUENCIES: [&str; 6] = ["weekly", "biweekly", "semimonthly", "monthly", "yearly", "none"];

/// What is kept of an application.
struct Application {
    born: String,
    phone: String,
    address: String,
    methods: Vec<PaymentMethod>,
    shape: Vec<(String, String)>,
}

/// POST `/v3/users/me/apply`: begins a decision and answers whose it is. One that stands or is open stays.
pub(super) fn apply(sim: &Sim, call: &Call<'_>) -> Result<String, Refusal> {
    let id = api::customer(sim, call)?;
    let mut known = KNOWN.to_vec();
    known.push("additionalData");
    let application = read(sim, call, &call.fields(sim, &known)?)?;
    let (application_id, prequal_id) = (sim.uuid(), sim.hex(24));
    let mut store = sim.store();
    let rules = store.rules.clone();
    let user = store.people.get_mut(&id).ok_or(Refusal::NO_USER)?;
    if magic::taken(&user.email) {
        return Err(Refusal::USER_EXISTS);
    }
    user.date_of_birth = Some(application.born);
    user.phone = Some(application.phone);
    user.address = Some(application.address);
    user.application = application.shape;
    application.methods.into_iter().for_each(|method| user.add(method));
    let again = matches!(user.verdict(call.now), None | Some(Verdict::Deny | Verdict::Error));
    if again {
        user.decide(&rules, application_id, prequal_id, call.now);
    }
    // The decision stands although the answer does not say so.
    if magic::bad_gateway(&user.email) { Err(Refusal::BAD_GATEWAY) } else { Ok(id) }
}

fn read(sim: &Sim, call: &Call<'_>, fields: &Fields<'_>) -> Result<Application, Refusal> {
    let street = fields.required_text("street1")?;
    fields.text("street2")?;
    fields.required_text("city")?;
    fields.required_text("regionAbbr")?;
    let postal_code = fields.required_text("postalCode")?;
    if fields.required_text("country")? != "US" {
        return Err(Refusal::Invalid("\"country\" must be one of [US]".to_owned()));
    }
    let phone = fields.required_text("mobilePhone")?;
    let born = fields.required_text("dateOfBirth")?;
    if born.parse::<Date>().is_err() {
        return Err(Refusal::Invalid("\"dateOfBirth\" must be a valid date".to_owned()));
    }
    let nine_digits = |ssn: &String| ssn.len() == 9 && ssn.bytes().all(|b| b.is_ascii_digit());
    if fields.text("ssn")?.is_some_and(|ssn| !nine_digits(&ssn)) {
        return Err(Refusal::Invalid("\"ssn\" must be 9 digits".to_owned()));
    }
    for member in ["driversLicenseNumber", "driversLicenseState", "gender", "deviceFingerprint"] {
        fields.text(member)?;
    }
    fields.amount("expectedPurchaseAmount")?;
    fields.flag("optInMarketing")?;
    fields.list("fraudCheck")?;
    if let Some(more) = fields.inner("additionalData")? {
        let mut strange = Vec::new();
        more.unknown(&["storeEmployeeId", "commonApplicationKey", "firstGlance"], &mut strange);
        call.strange(sim, strange)?;
        more.flag("firstGlance")?;
    }
    if let Some(work) = fields.inner("employmentInformation")? {
        let mut strange = Vec::new();
        work.unknown(&EMPLOYMENT, &mut strange);
        call.strange(sim, strange)?;
        work.amount("monthlyIncome")?;
        work.word("payFrequency", &FREQUENCIES)?;
        for member in ["name", "phone", "lastPayDate", "nextPayDate"] {
            work.text(member)?;
        }
    }
    Ok(Application {
        born,
        phone: same_phone(&phone),
        address: same_address(&street, &postal_code),
        methods: methods(sim, fields)?,
        shape: shape(&call.body),
    })
}

/// The ways to pay that an application carries.
fn methods(sim: &Sim, fields: &Fields<'_>) -> Result<Vec<PaymentMethod>, Refusal> {
    let mut methods = Vec::new();
    if let Some(account) = fields.inner("bankAccount")? {
        account.word("type", &["checking", "savings"])?;
        let (routing, number) = (account.required_text("routing")?, account.required_text("account")?);
        methods.push(payment_methods::bank(sim, &routing, &number, "Bank account".to_owned(), false)?);
    }
    for card in fields.list("cardInformation")?.unwrap_or_default() {
        let tokens = payment_methods::tokens(&card, "tokens", "gateway")?;
        methods.push(payment_methods::card(sim, &card, &tokens, "Card".to_owned(), false)?);
    }
    Ok(methods)
}

/// Names of members and what kind of value they have, never the value.
fn shape(body: &Json) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(body, "", &mut found);
    found
}

fn walk(value: &Json, path: &str, into: &mut Vec<(String, String)>) {
    let kind = match value {
        Json::Object(members) => {
            for (name, value) in members {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(value, &inner, into);
            }
            return;
        }
        Json::List(entries) => {
            for (place, value) in entries.iter().enumerate() {
                walk(value, &format!("{path}[{place}]"), into);
            }
            return;
        }
        Json::Text(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{} digits", text.len())
        }
        Json::Text(text) => format!("text of {}", text.chars().count()),
        Json::Number(_) => "number".to_owned(),
        Json::Bool(_) => "boolean".to_owned(),
        Json::Null => "null".to_owned(),
    };
    into.push((path.to_owned(), kind));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_values_only_the_kind_is_kept() {
        let body =
            br#"{"ssn":"123456789","employmentInformation":{"monthlyIncome":4321.5},"c":[{"t":"x y"}],"b":true}"#;
        let shape = shape(&Json::parse(body).unwrap());
        let named = |name: &str| shape.iter().find(|(known, _)| known == name).map(|(_, kind)| kind.as_str());
        assert_eq!(named("ssn"), Some("9 digits"));
        assert_eq!(named("employmentInformation.monthlyIncome"), Some("number"));
        assert_eq!((named("c[0].t"), named("b")), (Some("text of 3"), Some("boolean")));
        let all = format!("{shape:?}");
        assert!(!all.contains("123456789") && !all.contains("4321"));
    }
}
