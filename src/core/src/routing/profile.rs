//! A routing profile as it is written, stored and shown. [`check`](super::check) says what is wrong with one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

/// Which financers a cart goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// In order: the first rule that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub rules: Vec<Rule>,
    /// The financers, in the order in which they are tried, where no rule fits. Without any, such a cart is routed as if
    /// there were no profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(regex(pattern = "^[a-z0-9_]{1,40}$")))]
    pub cascade: Vec<String>,
    /// How it goes on after a financer that did not finance it.
    #[serde(default, skip_serializing_if = "Policies::is_default")]
    pub policies: Policies,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique in the profile; a checkout's `route` names the rule that decided.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// All of these have to hold; without any, the rule fits every cart.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
    /// Who is tried then.
    pub then: Then,
}

/// Conditions. Of a list one value has to fit; all that are named have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The total of the cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<AmountRange>,
    /// Currency of the cart, ISO 4217.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(regex(pattern = "^[A-Za-z]{3}$")))]
    pub currency: Vec<String>,
    /// Country of the billing address, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(regex(pattern = "^[A-Za-z]{2}$")))]
    pub country: Vec<String>,
    /// State or province of the billing address with its country, such as `US-NJ`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 4, max = 203)))]
    pub state: Vec<String>,
    /// Category of any line of the cart, exactly as it is written there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 200)))]
    pub category: Vec<String>,
    /// Product code of any line of the cart, exactly as it is written there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 200)))]
    pub sku: Vec<String>,
    /// Entries of the checkout's metadata: each named key has to be there with one of its values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Vec<String>>,
    /// The kind of financing that the checkout asks for with `product_type`; one that asks for none does not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub product_type: Vec<String>,
    /// Times of the day, days of the week, or a stretch of time. One of them has to fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub time: Vec<TimeWindow>,
    /// A share of the customers: always the same ones, whatever the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<CustomerShare>,
}

/// A range of totals in one currency, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountRange {
    /// ISO 4217. A cart in another currency does not fit.
    #[schemars(regex(pattern = "^[A-Za-z]{3}$"))]
    pub currency: String,
    /// The smallest total, a decimal string; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The largest total, a decimal string; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// A stretch of time, a time of the day, or days of the week; what is named has to hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// IANA time zone in which days and times are meant, such as `America/New_York`.
    #[schemars(length(min = 1, max = 64))]
    pub zone: String,
    /// `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`; every day when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub days: Vec<String>,
    /// Start of the time of day, included: `HH:MM`. Together with `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// End of the time of day, excluded: `HH:MM`, up to `24:00`. Before `from` it is of the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The first moment, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// The first moment that is too late, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
}

/// Customers from one percentage up to another. Two rules with the same share mean the same customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerShare {
    /// Percentage at which the share begins, included.
    #[schemars(range(max = 99))]
    pub from: u32,
    /// Percentage at which it ends, excluded.
    #[schemars(range(min = 1, max = 100))]
    pub below: u32,
}

/// Who is tried: one list, or a list for each share of the customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// The financers in the order in which they are tried. Not together with `split`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(regex(pattern = "^[a-z0-9_]{1,40}$")))]
    pub providers: Vec<String>,
    /// Shares of the customers, each with its own order. The same customer always has the same one, as long as the name of
    /// the rule and the weights stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub split: Vec<Arm>,
}

/// One share of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Percentage of the customers; all shares of a split sum up to 100.
    #[schemars(range(min = 1, max = 100))]
    pub weight: u32,
    /// The financers in the order in which they are tried.
    #[schemars(length(min = 1, max = 10), inner(regex(pattern = "^[a-z0-9_]{1,40}$")))]
    pub providers: Vec<String>,
}

/// How a checkout goes on when a financer did not finance it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    /// After a financer said no.
    pub after_decline: Follow,
    /// After a financer's deadline passed.
    pub after_expiry: Follow,
    /// After a technical failure that is known not to have committed anybody.
    pub after_failure: Follow,
    /// When a financer approves while another one has the order.
    pub late_approval: LateApproval,
}

impl Policies {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// The next financer is started at once.
    Automatic,
    /// The customer's page offers those that are left.
    #[default]
    Offer,
    /// Nobody, unless the merchant starts one.
    Off,
}

impl Follow {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Offer, Self::Off];

    /// The word used in profiles.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Offer => "offer",
            Self::Off => "off",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|follow| follow.as_str() == word)
    }
}

/// What becomes of an approval that comes while another financer has the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateApproval {
    /// A person settles it.
    #[default]
    Ask,
    /// The gateway undoes it at the financer, where that has a call for it; else a person does.
    Unwind,
}

impl LateApproval {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ask, Self::Unwind];

    /// The word used in profiles.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Unwind => "unwind",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

impl When {
    /// True where every cart fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The JSON Schema (2020-12) of a profile, without references.
pub fn schema() -> serde_json::Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<Profile>().to_value()
}
