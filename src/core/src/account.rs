//! One merchant's credentials and settings at one provider, and how a provider declares which it needs.

use std::collections::BTreeMap;

use crate::field_kind::FieldKind;
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
    /// What it holds.
    pub kind: FieldKind,
    /// Write-only and encrypted at rest.
    pub secret: bool,
    /// Needed before the account can be used.
    pub required: bool,
    /// What it is and where the merchant finds it.
    pub description: &'static str,
    /// A page of the provider that tells more.
    pub docs: Option<&'static str>,
}

impl AccountField {
    /// A setting that may be left out.
    pub const fn setting(name: &'static str, kind: FieldKind, description: &'static str) -> Self {
        Self { name, kind, secret: false, required: false, description, docs: None }
    }

    /// A credential that an account cannot do without.
    pub const fn credential(name: &'static str, description: &'static str) -> Self {
        Self { secret: true, required: true, ..Self::setting(name, FieldKind::Text, description) }
    }

    /// The same field, needed before the account can be used.
    pub const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// Judges a value: a word for programs and a sentence for people where it does not fit. The sentence never repeats the
    /// value. What need not be there may be left empty, as a form does.
    pub fn judge(&self, value: &str) -> Result<(), (&'static str, String)> {
        if !value.is_empty() {
            return self.kind.judge(value);
        }
        if self.required { Err(("blank", "must not be blank".to_owned())) } else { Ok(()) }
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
            let at = at.child(field.name);
            match values.get(field.name).map(|value| field.judge(value.expose())) {
                Some(Err((code, detail))) => invalid.note(&at, code, detail),
                None if field.required => invalid.note(&at, "missing", field.description),
                Some(Ok(())) | None => {}
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
    fn what_need_not_be_there_may_be_left_empty_and_nothing_else() {
        let optional = AccountField::setting("mode", FieldKind::Choice(&["a", "b"]), "");
        let judged = |value: &str, field: AccountField| {
            let values = BTreeMap::from([("mode".to_owned(), Secret::from(value))]);
            AccountSettings::new(values, &[field], &Pointer::root().child("fields"))
        };
        assert!(judged("", optional).is_ok() && judged("a", optional.needed()).is_ok());
        assert_eq!(judged("", optional.needed()).unwrap_err().0[0].code, "blank");
        let refused = judged("hunter2", optional).unwrap_err().0;
        assert_eq!((refused[0].code.as_str(), refused[0].pointer.as_str()), ("unknown_choice", "/fields/mode"));
        assert!(!refused[0].detail.contains("hunter2"));
        assert_eq!(
            AccountSettings::new(BTreeMap::new(), &[optional.needed()], &Pointer::root()).unwrap_err().0[0].code,
            "missing"
        );
    }
}
