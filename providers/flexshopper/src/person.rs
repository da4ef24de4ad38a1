//! What a customer tells a lender: identity, income, bank, cards. It passes through and is kept nowhere (question 18). No type
//! here can be serialized, and `Debug` shows nothing; the one place that writes a body reads the values with a visible call.

use lendport_core::Secret;

use crate::money::Dollars;

/// A new user (4.3).
#[derive(Debug)]
pub struct NewUser {
    /// Given name.
    pub first_name: Secret<String>,
    /// Family name.
    pub last_name: Secret<String>,
    /// Address to sign in with.
    pub email: Secret<String>,
    /// Password; without one FlexShopper makes one and writes to the customer.
    pub password: Option<Secret<String>>,
    /// Whether FlexShopper writes about the password.
    pub reset_password: Option<bool>,
    /// Language, such as `en`.
    pub locale: Option<String>,
}

/// A person to look for (4.2).
#[derive(Debug)]
pub struct PersonLook {
    /// E-mail address.
    pub email: Secret<String>,
    /// Where the person lives.
    pub address: Option<HomeAddress>,
    /// Ten digits.
    pub phone: Option<Secret<String>>,
}

/// Where a person lives.
#[derive(Debug)]
pub struct HomeAddress {
    /// Street and number.
    pub street1: Secret<String>,
    /// Flat.
    pub street2: Option<Secret<String>>,
    /// City.
    pub city: Secret<String>,
    /// ISO 3166-2 part, such as `FL`.
    pub region: String,
    /// ZIP.
    pub postal_code: Secret<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// An application for a spending limit (4.12).
#[derive(Debug)]
pub struct Application {
    /// Where the customer lives.
    pub address: HomeAddress,
    /// Ten digits.
    pub mobile_phone: Secret<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: Secret<String>,
    /// Nine digits.
    pub ssn: Option<Secret<String>>,
    /// Number and state of the driver's license.
    pub drivers_license: Option<(Secret<String>, String)>,
    /// `male`, `female`.
    pub gender: Option<Secret<String>>,
    /// What the customer earns, and where.
    pub employment: Option<Employment>,
    /// The bank account.
    pub bank: Option<BankAccount>,
    /// Cards as tokens.
    pub cards: Vec<ApplicationCard>,
    /// What the browser's fingerprinting made, in base64.
    pub device_fingerprint: Option<Secret<String>>,
    /// The limit that is asked for.
    pub expected_purchase: Option<Dollars>,
    /// Whether the customer wants advertisements.
    pub opt_in_marketing: Option<bool>,
    /// Whether no other lender has had the customer before.
    pub first_glance: Option<bool>,
}

/// What a customer earns, and where.
#[derive(Debug)]
pub struct Employment {
    /// Employer.
    pub name: Option<Secret<String>>,
    /// The employer's phone.
    pub phone: Option<Secret<String>>,
    /// Dollars before tax; the digits as text.
    pub monthly_income: Secret<String>,
    /// How often.
    pub pay_frequency: PayFrequency,
    /// Day of the last pay, `YYYY-MM-DD`.
    pub last_pay_date: Option<Secret<String>>,
    /// Day of the next one.
    pub next_pay_date: Option<Secret<String>>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$one])* $variant,)+
        }

        impl $name {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads a word exactly.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// How often somebody is paid.
    PayFrequency {
        /// Each week.
        Weekly = "weekly",
        /// Every other week.
        Biweekly = "biweekly",
        /// Twice a month.
        Semimonthly = "semimonthly",
        /// Each month.
        Monthly = "monthly",
        /// Each year.
        Yearly = "yearly",
        /// Not at all.
        None = "none",
    }
}

words! {
    /// What an account is for.
    AccountType {
        /// Payments.
        Checking = "checking",
        /// Savings.
        Savings = "savings",
    }
}

/// A bank account.
#[derive(Debug)]
pub struct BankAccount {
    /// Nine digits.
    pub routing: Secret<String>,
    /// The number.
    pub account: Secret<String>,
    /// What it is for.
    pub kind: AccountType,
}

/// A card of an application. Its tokens are named by `gateway` here, and by `name` in 4.7.
#[derive(Debug)]
pub struct ApplicationCard {
    /// Such as `2025-09`.
    pub expiration_date: Option<Secret<String>>,
    /// `visa`, `mastercard`, `american-express`, `discover`.
    pub card_type: Option<String>,
    /// Last digits.
    pub last_four: Option<Secret<String>>,
    /// First digits.
    pub first_six: Option<Secret<String>>,
    /// Each gateway's token.
    pub tokens: Vec<(String, Secret<String>)>,
}

/// A payment method to add (4.7): exactly one of the two.
#[derive(Debug)]
pub enum NewMethod {
    /// A bank account.
    Bank(BankAccount),
    /// A card.
    Card(NewCard),
}

/// A card to add.
#[derive(Debug)]
pub struct NewCard {
    /// Such as `2025-09`.
    pub expiration_date: Option<Secret<String>>,
    /// `visa`, `mastercard`, `american-express`, `discover`.
    pub card_type: Option<String>,
    /// Last digits.
    pub last_four: Option<Secret<String>>,
    /// First digits.
    pub first_six: Option<Secret<String>>,
    /// What stands for the number.
    pub token: CardToken,
    /// ZIP of the bill.
    pub billing_zip: Secret<String>,
}

/// What stands for a card's number.
#[derive(Debug)]
pub enum CardToken {
    /// LoanPaymentPro's alone.
    LoanPaymentPro(Secret<String>),
    /// Several, each with its name: `clover`, `loanpaymentpro`.
    Named(Vec<(String, Secret<String>)>),
}

/// That a customer agreed (4.15, question 16). Taken from the event in which the customer did, never from the server.
#[derive(Debug)]
pub struct Consent {
    /// Address of the device.
    pub ip: std::net::IpAddr,
    /// When.
    pub at: jiff::Timestamp,
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::credential::CustomerToken;

    /// Names the type to a compiler that would find two implementations if it could be serialized.
    macro_rules! cannot_be_serialized {
        ($($kind:ty),+ $(,)?) => {$({
            trait AmbiguousWhenItCan<Marker> {
                fn ask() {}
            }
            struct ItCan;
            impl<T: ?Sized> AmbiguousWhenItCan<()> for T {}
            impl<T: ?Sized + Serialize> AmbiguousWhenItCan<ItCan> for T {}
            <$kind as AmbiguousWhenItCan<_>>::ask();
        })+};
    }

    #[test]
    fn nothing_of_a_person_can_be_serialized() {
        // That this compiles is the test.
        cannot_be_serialized!(
            NewUser,
            PersonLook,
            HomeAddress,
            Application,
            Employment,
            BankAccount,
            ApplicationCard,
            NewMethod,
            NewCard,
            CardToken,
            CustomerToken,
            Consent,
        );
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let secret = || Secret::from("needle-4711");
        let address = || HomeAddress {
            street1: secret(),
            street2: Some(secret()),
            city: secret(),
            region: "FL".to_owned(),
            postal_code: secret(),
            country: "US".to_owned(),
        };
        let bank = || BankAccount { routing: secret(), account: secret(), kind: AccountType::Checking };
        let application = Application {
            address: address(),
            mobile_phone: secret(),
            date_of_birth: secret(),
            ssn: Some(secret()),
            drivers_license: Some((secret(), "FL".to_owned())),
            gender: Some(secret()),
            employment: Some(Employment {
                name: Some(secret()),
                phone: Some(secret()),
                monthly_income: secret(),
                pay_frequency: PayFrequency::Weekly,
                last_pay_date: Some(secret()),
                next_pay_date: Some(secret()),
            }),
            bank: Some(bank()),
            cards: vec![ApplicationCard {
                expiration_date: Some(secret()),
                card_type: None,
                last_four: Some(secret()),
                first_six: Some(secret()),
                tokens: vec![("clover".to_owned(), secret())],
            }],
            device_fingerprint: Some(secret()),
            expected_purchase: None,
            opt_in_marketing: None,
            first_glance: None,
        };
        let card = NewMethod::Card(NewCard {
            expiration_date: Some(secret()),
            card_type: None,
            last_four: Some(secret()),
            first_six: Some(secret()),
            token: CardToken::LoanPaymentPro(secret()),
            billing_zip: secret(),
        });
        let look = PersonLook { email: secret(), address: Some(address()), phone: Some(secret()) };
        let shown = format!("{application:?} {card:?} {look:?} {:?}", NewMethod::Bank(bank()));
        assert!(shown.contains("[secret]") && !shown.contains("4711"), "{shown}");
    }

    #[test]
    fn words_are_read_back() {
        for word in PayFrequency::WORDS {
            assert_eq!(PayFrequency::parse(word).unwrap().as_str(), *word);
        }
        assert_eq!((AccountType::parse("savings"), AccountType::parse("Savings")), (Some(AccountType::Savings), None));
    }
}
