//! One merchant's credentials and settings at one provider, and how a provider declares which it needs.

use std::collections::BTreeMap;

use crate::id::ProviderId;
use crate::id::{MerchantId, ProviderAccountId};
use crate::invalid::{Invalid, Pointer};
use crate::mode::Mode;
use crate::secret::Secret;

/// One field of an account, so that configuration, API and console can ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountField {
    /// Key, `snake_case`.
    pub name: &'static str,
    /// Write-only and encrypted at rest.
    pub secret: bool,
    /// Needed before the account can be used.
    pub required: bool,
    /// The values it may have; empty means any text.
    pub choices: &'static [&'static str],
    /// What it is and where the merchant finds it.
    pub description: &'static str,
}

impl AccountField {
    /// Whether a value has the right form. Names say their unit last, and one of time asks for a whole number.
    pub fn holds(&self, value: &str) -> bool {
        let counts = ["_ms", "_s", "_days"].iter().any(|unit| self.name.ends_with(unit));
        !counts || value.is_empty() || value.parse::<u32>().is_ok()
    }
}

/// The values of an account. All of them are held as secrets: it costs nothing and forgets nothing.
#[derive(Clone, Debug, Default)]
pub struct AccountSettings(BTreeMap<String, Secret<String>>);

impl AccountSettings {
    /// Takes values in after checking them against the provider's fields; names everything wrong below `at`.
    pub fn new(
        values: BTreeMap<String, Secret<String>>,
        fields: &[AccountField],
        at: &Pointer,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        for name in values.keys().filter(|name| !fields.iter().any(|field| field.name == name.as_str())) {
            let known: Vec<_> = fields.iter().map(|field| field.name).collect();
            invalid.note(&at.child(name), "unknown_field", format!("is not known; known are {}", known.join(", ")));
        }
        for field in fields {
            match values.get(field.name).map(Secret::expose) {
                Some(value) if value.is_empty() && field.required => {
                    invalid.note(&at.child(field.name), "blank", "must not be blank");
                }
                // What need not be there may be left empty, as a form does.
                Some(value) if value.is_empty() => {}
                Some(value) if !field.choices.is_empty() && !field.choices.contains(&value.as_str()) => {
                    let detail = format!("use one of {}", field.choices.join(", "));
                    invalid.note(&at.child(field.name), "unknown_choice", detail);
                }
                Some(value) if !field.holds(value) => {
                    invalid.note(&at.child(field.name), "not_a_number", "use a whole number, or leave it empty");
                }
                None if field.required => invalid.note(&at.child(field.name), "missing", field.description),
                _ => {}
            }
        }
        invalid.finish()?;
        Ok(Self(values))
    }

    /// Values read back from a sealed row; they were checked when they went in.
    pub fn from_store(values: BTreeMap<String, Secret<String>>) -> Self {
        Self(values)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Secret<String>> {
        self.0.get(name)
    }

    /// Every value, for sealing.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret<String>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// One merchant's account at one provider in one mode.
#[derive(Clone, Debug)]
pub struct ProviderAccount {
    /// Ours.
    pub id: ProviderAccountId,
    /// Whose.
    pub merchant: MerchantId,
    /// Where.
    pub provider: ProviderId,
    /// Which world.
    pub mode: Mode,
    /// Credentials and settings.
    pub settings: AccountSettings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_time_holds_a_whole_number() {
        let field = AccountField { name: "tolerance_s", secret: false, required: false, choices: &[], description: "" };
        let judged = |value: &str| {
            let values = BTreeMap::from([("tolerance_s".to_owned(), Secret::from(value))]);
            AccountSettings::new(values, &[field], &Pointer::root())
        };
        assert!(judged("300").is_ok() && judged("").is_ok());
        for wrong in ["abc", "-1", "1.5", " 3"] {
            assert_eq!(judged(wrong).unwrap_err().0[0].code, "not_a_number", "{wrong}");
        }
    }

    #[test]
    fn a_choice_that_need_not_be_made_may_be_left_empty() {
        let optional =
            AccountField { name: "mode", secret: false, required: false, choices: &["a", "b"], description: "" };
        let judged = |value: &str, required: bool| {
            let values = BTreeMap::from([("mode".to_owned(), Secret::from(value))]);
            AccountSettings::new(values, &[AccountField { required, ..optional }], &Pointer::root())
        };
        assert!(judged("", false).is_ok() && judged("a", true).is_ok());
        assert_eq!(judged("", true).unwrap_err().0[0].code, "blank");
        assert_eq!(judged("c", false).unwrap_err().0[0].code, "unknown_choice");
    }
}
