//! Secrets may stand in the configuration or in a file of their own (`password`, `password_file`), never in both.

use std::collections::BTreeMap;
use std::io::Read;

use lendport_core::{Invalid, Mode, Secret, ShopPage, ShopPageInput};
use lendport_storage::key_from_base64;

use crate::config_check::storage_password;
use crate::config_effective::Effective;
use crate::config_error::ConfigError;
use crate::config_merchant::{Account, Merchant, MerchantKeys, PageKeys};
use crate::config_sections::{Security, SecurityKeys};

/// Ends the key that names a file instead of holding the secret.
pub(crate) const FILE_SUFFIX: &str = "_file";
/// A secret is a line; a larger file was not meant.
const FILE_MAX_BYTES: u64 = 64 * 1024;
/// Characters after the prefix of a declared merchant key.
const KEY_MIN_CHARS: usize = 24;
const KEY_PREFIXES: [&str; 2] = ["lp_test_", "lp_live_"];

/// `[security]` with its keys read.
pub(crate) fn security(effective: &Effective, errors: &mut Vec<ConfigError>) -> Security {
    let Some(keys) = effective.section::<SecurityKeys>("security", errors) else {
        return Security { encryption_key: None, older_encryption_keys: Vec::new(), key_age_warning_days: 0 };
    };
    let mut read = |name: &str, direct: &Secret<String>, file: &str| {
        let name = format!("security.{name}");
        let (text, place) = either(effective, &name, direct, file, errors)?;
        Some(text.expose().split_whitespace().map(|key| key_of(key, &place, &name, errors)).collect::<Vec<_>>())
    };
    let newest = read("encryption_key", &keys.encryption_key.0, &keys.encryption_key_file).unwrap_or_default();
    let older = read("older_encryption_keys", &keys.older_encryption_keys.0, &keys.older_encryption_keys_file);
    if newest.len() > 1 {
        errors.push(ConfigError::new(
            effective.origin("security.encryption_key"),
            "security.encryption_key",
            "holds more than one key",
            "keep the newest there and move the others to security.older_encryption_keys_file",
        ));
    }
    Security {
        encryption_key: newest.into_iter().next().flatten(),
        older_encryption_keys: older.unwrap_or_default().into_iter().flatten().collect(),
        key_age_warning_days: keys.key_age_warning_days,
    }
}

fn key_of(text: &str, place: &str, name: &str, errors: &mut Vec<ConfigError>) -> Option<Secret<[u8; 32]>> {
    let key = key_from_base64(&Secret::from(text)).ok();
    if key.is_none() {
        let (problem, help) = ("is not 32 bytes in base64", "make one with `openssl rand -base64 32`");
        errors.push(ConfigError::new(place, name, problem, help));
    }
    key
}

/// What `storage.password_file` holds.
pub(crate) fn database_password(effective: &Effective, errors: &mut Vec<ConfigError>) -> Option<Secret<String>> {
    let file = effective.get("storage.password_file").map(|setting| setting.text.expose().as_str())?;
    let url = effective.get("storage.url").map(|setting| setting.text.expose().as_str()).unwrap_or_default();
    if !file.is_empty() && storage_password(url) {
        let key = "storage.password_file";
        let help = "keep one of the two; the file is better";
        errors.push(ConfigError::new(effective.origin(key), key, "is set, and storage.url holds a password too", help));
        return None;
    }
    either(effective, "storage.password", &Secret::from(""), file, errors).map(|(password, _)| password)
}

/// `[merchant]` with its secrets read; `None` when no merchant is declared.
pub(crate) fn merchant(effective: &Effective, errors: &mut Vec<ConfigError>) -> Option<Merchant> {
    let keys = effective.section::<MerchantKeys>("merchant", errors)?;
    let key = either(effective, "merchant.secret_key", &keys.secret_key.0, &keys.secret_key_file, errors);
    let secret_key = key.map(|(key, place)| {
        let fits = KEY_PREFIXES.iter().any(|prefix| {
            key.expose().strip_prefix(prefix).is_some_and(|rest| {
                rest.chars().count() >= KEY_MIN_CHARS
                    && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
            })
        });
        if !fits {
            errors.push(ConfigError::new(
                place,
                "merchant.secret_key",
                format!("is not lp_test_ or lp_live_ and at least {KEY_MIN_CHARS} letters, digits, _ or -"),
                "make one with `lendport keys create`",
            ));
        }
        key
    });
    let accounts = accounts(effective, &keys, errors);
    let page = page(effective, &keys.page, errors);
    if !keys.name.trim().is_empty() {
        return Some(Merchant { name: keys.name.trim().to_owned(), page, secret_key, accounts });
    }
    if secret_key.is_some() || !accounts.is_empty() {
        errors.push(ConfigError::new(
            effective.origin("merchant.name"),
            "merchant.name",
            "is empty, though a key or an account of the merchant is set",
            "name the merchant",
        ));
    }
    None
}

/// `[merchant.page]` of the merchant whom nobody named: the development gateway has one of its own.
pub(crate) fn shop_page(effective: &Effective) -> ShopPage {
    let keys = effective.section::<MerchantKeys>("merchant", &mut Vec::new());
    // What is wrong with it was told before.
    keys.map(|keys| page(effective, &keys.page, &mut Vec::new())).unwrap_or_default()
}

/// `[merchant.page]`, checked as a whole.
fn page(effective: &Effective, keys: &PageKeys, errors: &mut Vec<ConfigError>) -> ShopPage {
    let input = ShopPageInput {
        display_name: &keys.display_name,
        logo_url: &keys.logo_url,
        accent: &keys.accent,
        allowed_origins: &keys.allowed_origins,
        locale: &keys.locale,
    };
    let wrong = |invalid: Invalid| {
        errors.extend(invalid.0.into_iter().map(|error| {
            let key = format!("merchant.page.{}", error.pointer.trim_start_matches('/'));
            ConfigError::new(effective.origin(&key), key, error.detail, "config/lendport.toml explains the key")
        }));
    };
    ShopPage::new(&input).map_err(wrong).unwrap_or_default()
}

fn accounts(effective: &Effective, keys: &MerchantKeys, errors: &mut Vec<ConfigError>) -> Vec<Account> {
    let mut accounts = Vec::new();
    for (provider, modes) in &keys.accounts {
        for (mode_name, written) in modes {
            let Some(mode) = Mode::parse(mode_name) else { continue };
            let prefix = format!("merchant.accounts.{provider}.{mode_name}");
            let text = |name: &str| written.get(name).map(|text| text.0.expose().as_str()).unwrap_or_default();
            let names = written.keys().map(|name| name.strip_suffix(FILE_SUFFIX).unwrap_or(name));
            let mut fields = BTreeMap::new();
            for name in names {
                let (direct, file) = (Secret::from(text(name)), text(&format!("{name}{FILE_SUFFIX}")));
                if fields.contains_key(name) {
                    continue;
                }
                if let Some((value, _)) = either(effective, &format!("{prefix}.{name}"), &direct, file, errors) {
                    fields.insert(name.to_owned(), value);
                }
            }
            // Emptied by the environment, the account is not declared.
            if !fields.is_empty() {
                accounts.push(Account { provider: provider.clone(), mode, fields });
            }
        }
    }
    accounts
}

/// The secret and the place that said it. Empty texts count as not set.
fn either(
    effective: &Effective,
    key: &str,
    direct: &Secret<String>,
    file: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<(Secret<String>, String)> {
    let file_key = format!("{key}{FILE_SUFFIX}");
    match (direct.expose().is_empty(), file.is_empty()) {
        (true, true) => None,
        (false, true) => Some((direct.clone(), effective.origin(key))),
        (true, false) => match read(file) {
            Ok(text) => Some((text, file.to_owned())),
            Err(problem) => {
                let help = "check the path, the file's rights and what is in it";
                let error = ConfigError::new(effective.origin(&file_key), file_key, format!("{file}: {problem}"), help);
                errors.push(error);
                None
            }
        },
        (false, false) => {
            let error = ConfigError::new(
                effective.origin(&file_key),
                &file_key,
                format!("is set and so is `{key}` (by {})", effective.origin(key)),
                "keep one of the two; an empty text unsets the other",
            );
            // Fields of accounts are met under both names.
            if !errors.contains(&error) {
                errors.push(error);
            }
            None
        }
    }
}

fn read(path: &str) -> Result<Secret<String>, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read ({error})"))?;
    let mut text = String::new();
    file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| format!("cannot be read ({error})"))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_MAX_BYTES {
        return Err(format!("is larger than {FILE_MAX_BYTES} bytes"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(Secret::from(line))
}
