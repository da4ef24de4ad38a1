//! Which keys exist: those of the compiled-in file, and the free keys of a merchant's provider accounts. Everything
//! else is refused with the nearest key that exists, so that a typo never means "default".

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::config_auth::{ISSUER_KEYS, ISSUERS};
use crate::config_error::ConfigError;
use crate::config_layer::Layer;

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number, not negative.
    Integer,
    /// `true` or `false`.
    Boolean,
}

impl Kind {
    /// Completes "is not …".
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Integer => "a whole number from 0 up",
            Self::Boolean => "true or false",
        }
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::Text),
            Value::Integer(number) if *number >= 0 => Some(Self::Integer),
            Value::Boolean(_) => Some(Self::Boolean),
            _ => None,
        }
    }
}

/// Where a merchant's accounts are: below it the keys are provider, mode, and whatever the adapter asks for.
const ACCOUNTS: [&str; 2] = ["merchant", "accounts"];
const MODES: [&str; 2] = ["test", "live"];
/// Below this likeness a suggestion misleads more than it helps.
const ALIKE: f64 = 0.5;
/// How good a match a key is that holds the typed word, or stands in another section.
const PARTLY_ALIKE: f64 = 0.6;

/// The keys that exist.
pub(crate) struct Known {
    leaves: BTreeMap<String, Kind>,
    tables: BTreeSet<String>,
    providers: BTreeSet<String>,
}

impl Known {
    /// Reads them off the defaults.
    pub(crate) fn new(defaults: &Table) -> Self {
        let mut known = Self { leaves: BTreeMap::new(), tables: BTreeSet::new(), providers: BTreeSet::new() };
        known.collect("", defaults);
        known.tables.insert(ACCOUNTS.join("."));
        known.tables.insert(ISSUERS.to_owned());
        // A section of a provider's may have sections of its own.
        let sections = known.tables.iter().filter_map(|key| key.strip_prefix("providers."));
        known.providers = sections.filter(|name| !name.contains('.')).map(str::to_owned).collect();
        known
    }

    fn collect(&mut self, prefix: &str, table: &Table) {
        for (name, value) in table {
            let key = join(prefix, name);
            if let Value::Table(inner) = value {
                self.collect(&key, inner);
                self.tables.insert(key);
            } else if let Some(kind) = Kind::of(value) {
                self.leaves.insert(key, kind);
            }
        }
    }

    /// Keys that hold a value, with their sections.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &str> {
        self.leaves.keys().map(String::as_str)
    }

    /// What a key holds; `None` for one that does not exist. Fields of accounts are texts.
    pub(crate) fn kind(&self, path: &[&str]) -> Option<Kind> {
        if path.len() == 5 && path.starts_with(&ACCOUNTS) {
            return Some(Kind::Text);
        }
        if let ["auth", "issuers", _, key] = path {
            return ISSUER_KEYS.iter().find(|(known, _)| known == key).map(|(_, kind)| *kind);
        }
        self.leaves.get(&path.join(".")).copied()
    }

    /// The layer without what is wrong with it, and what is.
    pub(crate) fn check(&self, layer: Layer) -> (Layer, Vec<ConfigError>) {
        let mut errors = Vec::new();
        let values = self.check_table(&layer.origin, "", layer.values, &mut errors);
        (Layer { origin: layer.origin, values }, errors)
    }

    fn check_table(&self, origin: &str, prefix: &str, table: Table, errors: &mut Vec<ConfigError>) -> Table {
        let mut kept = Table::new();
        for (name, value) in table {
            let key = join(prefix, &name);
            let outcome = if key == ACCOUNTS.join(".") {
                self.accounts(origin, &key, value, errors).map(Value::Table)
            } else if key == ISSUERS {
                issuers(origin, &key, value, errors).map(Value::Table)
            } else if let Some(kind) = self.leaves.get(&key) {
                expect(origin, &key, *kind, value)
            } else if self.tables.contains(&key) {
                as_table(origin, &key, value).map(|inner| Value::Table(self.check_table(origin, &key, inner, errors)))
            } else {
                Err(self.unknown(origin, &key))
            };
            match outcome {
                Ok(value) => drop(kept.insert(name, value)),
                Err(error) => errors.push(error),
            }
        }
        kept
    }

    fn accounts(
        &self,
        origin: &str,
        key: &str,
        value: Value,
        errors: &mut Vec<ConfigError>,
    ) -> Result<Table, ConfigError> {
        let mut kept = Table::new();
        for (provider, modes) in as_table(origin, key, value)? {
            let key = join(key, &provider);
            if !self.providers.contains(&provider) {
                let help = choose(&provider, self.providers.iter().map(String::as_str));
                errors.push(ConfigError::new(origin, key, "names a provider that does not exist", help));
                continue;
            }
            let mut kept_modes = Table::new();
            for (mode, fields) in as_table(origin, &key, modes)? {
                let key = join(&key, &mode);
                if !MODES.contains(&mode.as_str()) {
                    let help = choose(&mode, MODES.into_iter());
                    errors.push(ConfigError::new(origin, key, "is not a mode", help));
                    continue;
                }
                let mut kept_fields = Table::new();
                for (field, value) in as_table(origin, &key, fields)? {
                    let key = join(&key, &field);
                    match field_name(origin, &key, &field).and_then(|()| expect(origin, &key, Kind::Text, value)) {
                        Ok(value) => drop(kept_fields.insert(field, value)),
                        Err(error) => errors.push(error),
                    }
                }
                kept_modes.insert(mode, Value::Table(kept_fields));
            }
            kept.insert(provider, Value::Table(kept_modes));
        }
        Ok(kept)
    }

    fn unknown(&self, origin: &str, key: &str) -> ConfigError {
        let near = self
            .leaves()
            .chain(self.tables.iter().map(String::as_str))
            .map(|candidate| (likeness(key, candidate), candidate))
            .filter(|(score, _)| *score >= ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let help = match near {
            Some((_, candidate)) => format!("did you mean `{candidate}`?"),
            None => self.neighbours(key),
        };
        ConfigError::new(origin, key, "there is no such key", help)
    }

    /// With nothing alike, say what the section knows.
    fn neighbours(&self, key: &str) -> String {
        let section = key.rsplit_once('.').map_or("", |(section, _)| section);
        let names: Vec<&str> = self
            .leaves()
            .chain(self.tables.iter().map(String::as_str))
            .filter(|candidate| candidate.rsplit_once('.').map_or("", |(parent, _)| parent) == section)
            .map(|candidate| candidate.rsplit('.').next().unwrap_or(candidate))
            .collect();
        match (section, names.is_empty()) {
            (_, true) => "all keys are in config/lendport.toml".to_owned(),
            ("", false) => format!("sections are {}", names.join(", ")),
            (section, false) => format!("[{section}] knows {}", names.join(", ")),
        }
    }
}

/// What is said of issuers of tokens, by their names.
fn issuers(origin: &str, key: &str, value: Value, errors: &mut Vec<ConfigError>) -> Result<Table, ConfigError> {
    let mut kept = Table::new();
    for (name, said) in as_table(origin, key, value)? {
        let key = join(key, &name);
        if let Err(error) = field_name(origin, &key, &name) {
            errors.push(error);
            continue;
        }
        let mut kept_keys = Table::new();
        for (name, value) in as_table(origin, &key, said)? {
            let key = join(&key, &name);
            let judged = match ISSUER_KEYS.iter().find(|(known, _)| *known == name) {
                Some((_, kind)) => expect(origin, &key, *kind, value),
                None => {
                    let help = choose(&name, ISSUER_KEYS.iter().map(|(known, _)| *known));
                    Err(ConfigError::new(origin, key, "there is no such key", help))
                }
            };
            match judged {
                Ok(value) => drop(kept_keys.insert(name, value)),
                Err(error) => errors.push(error),
            }
        }
        kept.insert(name, Value::Table(kept_keys));
    }
    Ok(kept)
}

/// The nearest of a few words, or all of them.
pub(crate) fn choose<'a>(word: &str, choices: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = choices
        .clone()
        .map(|choice| (alike(word, choice), choice))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, choice)) => format!("did you mean `{choice}`?"),
        None => format!("choose from {}", choices.collect::<Vec<_>>().join(", ")),
    }
}

/// How alike two keys are, from 0 to 1: as their least alike part, so that a common section does not count.
fn likeness(typed: &str, candidate: &str) -> f64 {
    let (typed, candidate): (Vec<_>, Vec<_>) = (typed.split('.').collect(), candidate.split('.').collect());
    if typed.len() == candidate.len() {
        let least = typed.iter().zip(&candidate).map(|(a, b)| alike(a, b)).fold(1.0, f64::min);
        if least >= ALIKE {
            return least;
        }
    }
    if typed.last() == candidate.last() { PARTLY_ALIKE } else { 0.0 }
}

fn alike(typed: &str, candidate: &str) -> f64 {
    let score = strsim::normalized_damerau_levenshtein(typed, candidate);
    if typed.chars().count() > 3 && candidate.contains(typed) { score.max(PARTLY_ALIKE) } else { score }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn as_table(origin: &str, key: &str, value: Value) -> Result<Table, ConfigError> {
    match value {
        Value::Table(table) => Ok(table),
        _ => {
            Err(ConfigError::new(origin, key, "is a section, not a value", format!("write [{key}] and its keys below")))
        }
    }
}

fn expect(origin: &str, key: &str, kind: Kind, value: Value) -> Result<Value, ConfigError> {
    if Kind::of(&value) == Some(kind) {
        return Ok(value);
    }
    let wanted = kind.wanted();
    Err(ConfigError::new(origin, key, format!("is not {wanted}"), format!("write {wanted}")))
}

/// Fields become column and variable names elsewhere, and a dot would be a level.
fn field_name(origin: &str, key: &str, field: &str) -> Result<(), ConfigError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !field.is_empty() && field.chars().all(fits) {
        return Ok(());
    }
    Err(ConfigError::new(origin, key, "is not a field's name", "use lower-case letters, digits and underscores"))
}
