//! The fields of a provider account, held against those the provider asks for.

use lendport_core::AccountField;

use crate::config_effective::Effective;
use crate::config_error::ConfigError;
use crate::config_known::choose;
use crate::config_layer::variable;
use crate::config_merchant::Account;
use crate::config_secret::FILE_SUFFIX;

/// Fields that do not exist, values that cannot be chosen, fields that are missing.
pub(crate) fn errors(effective: &Effective, account: &Account, fields: &[AccountField]) -> Vec<ConfigError> {
    let section = format!("merchant.accounts.{}.{}", account.provider, account.mode.as_str());
    let place = |key: &str| {
        let said = effective.get(key).or_else(|| effective.get(&format!("{key}{FILE_SUFFIX}")));
        said.map_or_else(String::new, |setting| setting.origin.clone())
    };
    let mut found = Vec::new();
    for (name, value) in &account.fields {
        let key = format!("{section}.{name}");
        match fields.iter().find(|field| field.name == name) {
            None => {
                let help = choose(name, fields.iter().map(|field| field.name));
                found.push(ConfigError::new(place(&key), key, "is not a field of this provider's accounts", help));
            }
            Some(field) => match field.judge(value.expose()) {
                Err(("unknown_choice", _)) => {
                    let help = format!("choose from {}", field.kind.choices().join(", "));
                    found.push(ConfigError::new(place(&key), key, "is not one of its values", help));
                }
                Err((_, detail)) => found.push(ConfigError::new(place(&key), key, "does not fit", detail)),
                Ok(()) => {}
            },
        }
    }
    for field in fields.iter().filter(|field| field.required && !account.fields.contains_key(field.name)) {
        let key = format!("{section}.{}", field.name);
        let help = format!("set it or {} ({})", variable(&key), field.description);
        found.push(ConfigError::new(format!("[{section}]"), key, "is missing", help));
    }
    found
}
