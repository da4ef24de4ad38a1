//! The fields of an account, so that configuration, API and console can ask for them.

use lendport_core::{AccountField, AccountSettings, CommitClass, ErrorKind, ProviderError, Secret};

/// Key for calls.
pub(crate) const API_KEY: &str = "api_key";
/// Key that pushes are signed with.
pub(crate) const PUSH_SECRET: &str = "push_secret";

pub(crate) const FIELDS: &[AccountField] = &[
    AccountField::credential(API_KEY, "key for calls; any text that the simulator was started with"),
    AccountField::credential(
        PUSH_SECRET,
        "key that pushes are signed with; any text that the simulator was started with",
    ),
];

/// A field of an account. Nothing was sent when it is missing.
pub(crate) fn field<'a>(account: &'a AccountSettings, name: &str) -> Result<&'a Secret<String>, ProviderError> {
    account
        .get(name)
        .filter(|value| !value.expose().is_empty())
        .ok_or_else(|| setup(&format!("The account has no {name}.")))
}

/// The account or the gateway is set up wrongly; nothing was sent.
pub(crate) fn setup(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Configuration, message).committed_as(CommitClass::NotSent)
}
