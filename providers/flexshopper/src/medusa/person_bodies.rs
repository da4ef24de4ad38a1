//! Bodies with people's data, as they are sent. They borrow from the types that hide it, live for one call, and can be made in
//! this folder only.

use lendport_core::{ProviderError, Secret};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::account::setup;
use crate::money::Dollars;
use crate::person::{
    Application, ApplicationCard, BankAccount, CardToken, Consent, Employment, HomeAddress, NewCard, NewMethod,
    NewUser, PersonLook,
};

type Text<'a> = Option<&'a str>;

fn text(secret: &Secret<String>) -> &str {
    secret.expose().as_str()
}

fn maybe(secret: Option<&Secret<String>>) -> Text<'_> {
    secret.map(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody<'a> {
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Text<'a>,
}

impl<'a> From<&'a NewUser> for UserBody<'a> {
    fn from(user: &'a NewUser) -> Self {
        Self {
            first_name: text(&user.first_name),
            last_name: text(&user.last_name),
            email: text(&user.email),
            password: maybe(user.password.as_ref()),
            reset_password: user.reset_password,
            locale: user.locale.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct LookBody<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<AddressBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Text<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressBody<'a> {
    street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Text<'a>,
    city: &'a str,
    region: &'a str,
    postal_code: &'a str,
    country: &'a str,
}

impl<'a> From<&'a PersonLook> for LookBody<'a> {
    fn from(look: &'a PersonLook) -> Self {
        let address = |home: &'a HomeAddress| AddressBody {
            street1: text(&home.street1),
            street2: maybe(home.street2.as_ref()),
            city: text(&home.city),
            region: &home.region,
            postal_code: text(&home.postal_code),
            country: &home.country,
        };
        Self {
            email: text(&look.email),
            address: look.address.as_ref().map(address),
            phone: maybe(look.phone.as_ref()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplyBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    drivers_license_number: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drivers_license_state: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Text<'a>,
    street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Text<'a>,
    city: &'a str,
    region_abbr: &'a str,
    postal_code: &'a str,
    country: &'a str,
    mobile_phone: &'a str,
    date_of_birth: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssn: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_information: Option<EmploymentBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_account: Option<BankBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    card_information: Vec<CardBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_fingerprint: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_purchase_amount: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_in_marketing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_data: Option<AdditionalData>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalData {
    first_glance: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmploymentBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Text<'a>,
    monthly_income: Dollars,
    pay_frequency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_pay_date: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_pay_date: Text<'a>,
}

#[derive(Serialize)]
struct BankBody<'a> {
    routing: &'a str,
    account: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_four: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_six: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Text<'a>,
    tokens: Vec<GatewayToken<'a>>,
}

#[derive(Serialize)]
struct GatewayToken<'a> {
    gateway: &'a str,
    token: &'a str,
}

impl<'a> ApplyBody<'a> {
    pub(super) fn of(application: &'a Application) -> Result<Self, ProviderError> {
        let Application { address, .. } = application;
        Ok(Self {
            drivers_license_number: application.drivers_license.as_ref().map(|(number, _)| text(number)),
            drivers_license_state: application.drivers_license.as_ref().map(|(_, state)| state.as_str()),
            gender: maybe(application.gender.as_ref()),
            street1: text(&address.street1),
            street2: maybe(address.street2.as_ref()),
            city: text(&address.city),
            region_abbr: &address.region,
            postal_code: text(&address.postal_code),
            country: &address.country,
            mobile_phone: text(&application.mobile_phone),
            date_of_birth: text(&application.date_of_birth),
            ssn: maybe(application.ssn.as_ref()),
            employment_information: application.employment.as_ref().map(employment).transpose()?,
            bank_account: application.bank.as_ref().map(bank),
            card_information: application.cards.iter().map(card).collect(),
            device_fingerprint: maybe(application.device_fingerprint.as_ref()),
            expected_purchase_amount: application.expected_purchase,
            opt_in_marketing: application.opt_in_marketing,
            additional_data: application.first_glance.map(|first_glance| AdditionalData { first_glance }),
        })
    }
}

fn employment(job: &Employment) -> Result<EmploymentBody<'_>, ProviderError> {
    let income: Dollars = serde_json::from_str(text(&job.monthly_income))
        .map_err(|_| setup("The monthly income is no amount in dollars."))?;
    Ok(EmploymentBody {
        name: maybe(job.name.as_ref()),
        phone: maybe(job.phone.as_ref()),
        monthly_income: income,
        pay_frequency: job.pay_frequency.as_str(),
        last_pay_date: maybe(job.last_pay_date.as_ref()),
        next_pay_date: maybe(job.next_pay_date.as_ref()),
    })
}

fn bank(account: &BankAccount) -> BankBody<'_> {
    BankBody { routing: text(&account.routing), account: text(&account.account), kind: account.kind.as_str() }
}

fn card(card: &ApplicationCard) -> CardBody<'_> {
    CardBody {
        kind: "card",
        expiration_date: maybe(card.expiration_date.as_ref()),
        last_four: maybe(card.last_four.as_ref()),
        first_six: maybe(card.first_six.as_ref()),
        card_type: card.card_type.as_deref(),
        tokens: card.tokens.iter().map(|(gateway, token)| GatewayToken { gateway, token: text(token) }).collect(),
    }
}

/// A payment method to add: one of the two members, never both.
#[derive(Serialize)]
pub(super) struct MethodBody<'a> {
    primary: bool,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ach: Option<AchBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<NewCardBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AchBody<'a> {
    routing: &'a str,
    account: &'a str,
    account_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewCardBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_four: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_six: Text<'a>,
    token: TokenBody<'a>,
    billing_zip: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum TokenBody<'a> {
    One(&'a str),
    Several(Vec<NamedToken<'a>>),
}

#[derive(Serialize)]
struct NamedToken<'a> {
    name: &'a str,
    token: &'a str,
}

impl<'a> MethodBody<'a> {
    pub(super) fn of(method: &'a NewMethod, label: &'a str, primary: bool) -> Self {
        let (ach, token) = match method {
            NewMethod::Bank(account) => {
                let ach = AchBody {
                    routing: text(&account.routing),
                    account: text(&account.account),
                    account_type: account.kind.as_str(),
                };
                (Some(ach), None)
            }
            NewMethod::Card(card) => (None, Some(new_card(card))),
        };
        Self { primary, label, ach, token }
    }
}

fn new_card(card: &NewCard) -> NewCardBody<'_> {
    NewCardBody {
        expiration_date: maybe(card.expiration_date.as_ref()),
        card_type: card.card_type.as_deref(),
        last_four: maybe(card.last_four.as_ref()),
        first_six: maybe(card.first_six.as_ref()),
        token: match &card.token {
            CardToken::LoanPaymentPro(token) => TokenBody::One(text(token)),
            CardToken::Named(tokens) => {
                TokenBody::Several(tokens.iter().map(|(name, token)| NamedToken { name, token: text(token) }).collect())
            }
        },
        billing_zip: text(&card.billing_zip),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AchCheckBody<'a> {
    account_number: &'a str,
    routing_number: &'a str,
}

impl<'a> From<&'a BankAccount> for AchCheckBody<'a> {
    fn from(account: &'a BankAccount) -> Self {
        Self { account_number: text(&account.account), routing_number: text(&account.routing) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignBody {
    ip_address: String,
    timestamp: String,
    signed: bool,
}

impl From<&Consent> for SignBody {
    fn from(consent: &Consent) -> Self {
        Self { ip_address: consent.ip.to_string(), timestamp: consent.at.to_string(), signed: true }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentBody<'a> {
    pub(super) payment_method_id: &'a str,
    pub(super) amount: Number,
}

/// A number without a unit.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) Decimal);

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let digits = self.0.normalize().to_string();
        serde_json::value::RawValue::from_string(digits).map_err(S::Error::custom)?.serialize(serializer)
    }
}
