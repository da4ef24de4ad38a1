//! The merged settings, each with the layer that said it, and how they are shown with secrets masked.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use figment::Figment;
use figment::value::Value;
use lendport_core::Secret;
use serde::de::DeserializeOwned;

use crate::config_check::storage_password;
use crate::config_error::ConfigError;
use crate::config_layer::{DEFAULT_ORIGIN, DEFAULTS};
use crate::config_secret::FILE_SUFFIX;

const MASK: &str = "********";
/// Secret wherever they come from; the fields of accounts are secret unless the provider says otherwise.
const SECRETS: [&str; 3] = ["security.encryption_key", "security.older_encryption_keys", "merchant.secret_key"];
const ACCOUNTS: &str = "merchant.accounts.";

/// One setting in force.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Its key with sections.
    pub(crate) key: String,
    /// Its value as text.
    pub(crate) text: Secret<String>,
    /// Whether TOML writes it in quotes.
    quoted: bool,
    /// Who said it.
    pub(crate) origin: String,
}

impl Setting {
    /// The key's last part.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

/// All settings in force.
#[derive(Clone)]
pub(crate) struct Effective {
    sections: BTreeMap<String, Value>,
    settings: Vec<Setting>,
}

impl Effective {
    /// Reads them off the merged layers.
    pub(crate) fn new<'a>(figment: &Figment, names: impl Iterator<Item = &'a String>) -> Self {
        let mut this = Self { sections: BTreeMap::new(), settings: Vec::new() };
        for name in names {
            if let Ok(value) = figment.find_value(name) {
                this.collect(figment, name, &value);
                this.sections.insert(name.clone(), value);
            }
        }
        // The order of the commented file, then the accounts.
        let order: BTreeMap<String, usize> = key_order();
        this.settings
            .sort_by_key(|setting| (order.get(&setting.key).copied().unwrap_or(usize::MAX), setting.key.clone()));
        this
    }

    fn collect(&mut self, figment: &Figment, key: &str, value: &Value) {
        if let Value::Dict(_, dict) = value {
            for (name, inner) in dict {
                self.collect(figment, &format!("{key}.{name}"), inner);
            }
            return;
        }
        let text = match value {
            Value::String(_, text) => text.clone(),
            Value::Bool(_, flag) => flag.to_string(),
            other => other.to_i128().map(|number| number.to_string()).unwrap_or_default(),
        };
        let origin = figment.get_metadata(value.tag()).map_or(DEFAULT_ORIGIN.into(), |said| said.name.to_string());
        let quoted = matches!(value, Value::String(..));
        self.settings.push(Setting { key: key.to_owned(), text: Secret::new(text), quoted, origin });
    }

    /// Every setting, in the order of the commented file.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Who said a key; the defaults when nobody did.
    pub(crate) fn origin(&self, key: &str) -> String {
        self.get(key).map_or(DEFAULT_ORIGIN.to_owned(), |setting| setting.origin.clone())
    }

    /// One setting.
    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The table of a section as it is.
    pub(crate) fn value(&self, section: &str) -> Option<&Value> {
        let (top, rest) = section.split_once('.').unwrap_or((section, ""));
        self.sections.get(top).and_then(|value| value.find_ref(rest))
    }

    /// A section as its type; what does not fit is added to the errors.
    pub(crate) fn section<T: DeserializeOwned>(&self, name: &str, errors: &mut Vec<ConfigError>) -> Option<T> {
        self.typed(name).map_err(|error| errors.push(error)).ok()
    }

    /// A section as its type.
    pub(crate) fn typed<T: DeserializeOwned>(&self, name: &str) -> Result<T, ConfigError> {
        let Some(value) = self.value(name) else {
            return Err(ConfigError::new(
                "configuration",
                name,
                "there is no such section",
                "add it to config/lendport.toml",
            ));
        };
        value.deserialize().map_err(|error: figment::Error| {
            let key = error.path.iter().fold(name.to_owned(), |key, part| format!("{key}.{part}"));
            ConfigError::new(self.origin(&key), key, reason(&error.kind), "config/lendport.toml explains the key")
        })
    }

    /// As TOML, each line with who said it. `is_public` decides which fields of accounts may be read (provider, field).
    pub(crate) fn render(&self, is_public: &dyn Fn(&str, &str) -> bool) -> String {
        let mut out = String::new();
        let mut section = "";
        for setting in &self.settings {
            let parent = setting.key.rsplit_once('.').map_or("", |(parent, _)| parent);
            if parent != section {
                let gap = if out.is_empty() { "" } else { "\n" };
                // Writing to a String does not fail.
                let _ = writeln!(out, "{gap}[{parent}]");
                section = parent;
            }
            let text = if masked(setting, is_public) { MASK } else { setting.text.expose().as_str() };
            let value = if setting.quoted { toml::Value::from(text).to_string() } else { text.to_owned() };
            let _ = writeln!(out, "{} = {value}  # {}", setting.name(), setting.origin);
        }
        out
    }
}

fn masked(setting: &Setting, is_public: &dyn Fn(&str, &str) -> bool) -> bool {
    if setting.text.expose().is_empty() {
        return false;
    }
    if let Some(rest) = setting.key.strip_prefix(ACCOUNTS) {
        let provider = rest.split('.').next().unwrap_or_default();
        return !setting.name().ends_with(FILE_SUFFIX) && !is_public(provider, setting.name());
    }
    SECRETS.contains(&setting.key.as_str()) || (setting.key == "storage.url" && storage_password(setting.text.expose()))
}

/// What serde says, without the value it says it about.
fn reason(kind: &figment::error::Kind) -> String {
    use figment::error::Kind;
    match kind {
        Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => format!("is not {wanted}"),
        Kind::UnknownVariant(_, known) => format!("is none of {}", known.join(", ")),
        Kind::UnknownField(field, known) => format!("`{field}` is none of {}", known.join(", ")),
        // Written by us in a `Deserialize`; such messages hold no value.
        Kind::Message(text) => text.clone(),
        Kind::MissingField(field) => format!("`{field}` is missing"),
        _ => "does not fit its type".to_owned(),
    }
}

fn key_order() -> BTreeMap<String, usize> {
    let mut section = "";
    let mut order = BTreeMap::new();
    for (number, line) in DEFAULTS.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            order.insert(format!("{section}.{key}"), number);
        }
    }
    order
}
