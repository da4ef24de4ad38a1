//! What a customer tells a lender through the merchant: identity, income, bank, cards; and the consent to an agreement. It
//! passes through and is kept nowhere: no type here can be serialized, and `Debug` shows nothing.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::address::Address;
use crate::money::Money;
use crate::secret::{Personal, Secret};

/// An application.
#[derive(Debug)]
pub struct Application {
    /// Where the customer lives; the billing address when absent.
    pub home: Option<Address>,
    /// Ten digits.
    pub mobile_phone: Secret<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: Secret<String>,
    /// Nine digits.
    pub ssn: Option<Secret<String>>,
    /// Number of the driver's license, and the state that gave it.
    pub drivers_license: Option<(Secret<String>, String)>,
    /// What the customer earns, and where.
    pub employment: Option<Employment>,
    /// What the customer pays with.
    pub pay_with: Option<MeansOfPayment>,
    /// What the fingerprinting of the lender's choice made of the customer's device, as text.
    pub device_fingerprint: Option<Secret<String>>,
    /// Address of the customer's device.
    pub customer_ip: Option<IpAddr>,
}

/// What a customer earns, and where.
#[derive(Debug)]
pub struct Employment {
    /// Employer.
    pub employer: Option<Secret<String>>,
    /// The employer's phone, ten digits.
    pub employer_phone: Option<Secret<String>>,
    /// Before tax, in major units; the digits as text.
    pub monthly_income: Secret<String>,
    /// How often: one of [`Employment::PAY_FREQUENCIES`].
    pub pay_frequency: &'static str,
    /// Day of the last pay, `YYYY-MM-DD`.
    pub last_pay_date: Option<Secret<String>>,
    /// Day of the next one.
    pub next_pay_date: Option<Secret<String>>,
}

impl Employment {
    /// How often somebody may be paid.
    pub const PAY_FREQUENCIES: &[&str] = &["weekly", "biweekly", "semimonthly", "monthly", "yearly", "none"];

    /// One of them.
    pub fn pay_frequency(word: &str) -> Option<&'static str> {
        Self::PAY_FREQUENCIES.iter().copied().find(|known| *known == word)
    }
}

/// What a customer pays with: exactly one.
#[derive(Debug)]
pub enum MeansOfPayment {
    /// A bank account.
    Bank(BankAccount),
    /// A card, as tokens.
    Card(Card),
}

/// A bank account.
#[derive(Debug)]
pub struct BankAccount {
    /// Nine digits.
    pub routing_number: Secret<String>,
    /// The number.
    pub account_number: Secret<String>,
    /// True for savings, false for checking.
    pub savings: bool,
}

/// A card. Its number never comes here: a token of each payment gateway stands for it.
#[derive(Debug)]
pub struct Card {
    /// Each gateway with its token.
    pub tokens: Vec<(String, Secret<String>)>,
    /// `YYYY-MM`.
    pub expires: Option<Secret<String>>,
    /// Such as `visa`.
    pub brand: Option<String>,
    /// Last digits.
    pub last_four: Option<Secret<String>>,
    /// First digits.
    pub first_six: Option<Secret<String>>,
    /// ZIP of the bill; that of the billing address when absent.
    pub billing_zip: Option<Secret<String>>,
}

/// That a customer agreed: taken from the event in which the customer did, never from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Digest of the document that was shown.
    pub document_sha256: String,
    /// Address of the device.
    pub ip: IpAddr,
    /// When.
    pub at: Timestamp,
}

/// What a customer may spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// In all.
    pub limit: Option<Money>,
    /// What is left of it.
    pub available: Option<Money>,
    /// What is missing for this cart.
    pub shortfall: Option<Money>,
}

/// What the customer has to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The document in base64. It names the customer.
    pub document: Personal<String>,
    /// Its kind, such as `text/html`.
    pub media_type: &'static str,
    /// SHA-256 (hex) of the document's bytes.
    pub document_sha256: String,
    /// What it says in numbers.
    pub terms: Terms,
}

/// The numbers of an agreement. Of sums, those that the financer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How often is paid, in the financer's word.
    pub frequency: Option<String>,
    /// Number of payments.
    pub payments: Option<u32>,
    /// One payment, with tax.
    pub payment: Option<Money>,
    /// Price when paid at once.
    pub cash_price: Option<Money>,
    /// What financing costs on top.
    pub cost: Option<Money>,
}
