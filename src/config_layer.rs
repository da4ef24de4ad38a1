//! Where settings come from: the compiled-in file, a file, environment variables, flags. Each is one figment layer,
//! so that figment can tell afterwards which of them said a value.

use std::path::Path;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use toml::Table;

use crate::config_error::ConfigError;
use crate::config_known::{Kind, Known};

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("../config/lendport.toml");
/// How the origin of a value that nobody changed is called.
pub(crate) const DEFAULT_ORIGIN: &str = "default";

const PREFIX: &str = "LENDPORT_";
const SEPARATOR: &str = "__";
/// Variables the command line reads itself.
const NOT_SETTINGS: [&str; 1] = ["LENDPORT_CONFIG"];

/// A flag of the command line that overrides one setting.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As typed, `--bind`.
    pub name: &'static str,
    /// The setting, `server.bind`.
    pub key: &'static str,
    /// Its value, in the form an environment variable would have.
    pub value: String,
}

/// One source of settings.
#[derive(Clone)]
pub(crate) struct Layer {
    /// Shown to people: a file's path, a variable's name, a flag.
    pub(crate) origin: String,
    /// What it says.
    pub(crate) values: Table,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let dict = Value::serialize(&self.values)?.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// The compiled-in layer.
pub(crate) fn defaults() -> Result<Layer, ConfigError> {
    parse(DEFAULT_ORIGIN, DEFAULTS)
}

/// The layer of `--config FILE`.
pub(crate) fn file(path: &Path) -> Result<Layer, ConfigError> {
    let origin = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&origin, &text),
        Err(error) => {
            Err(ConfigError::new(origin, "", format!("cannot be read ({error})"), "check the path and its rights"))
        }
    }
}

/// The parser's own report shows the line itself, which may hold a password; only its place and reason are kept.
fn parse(origin: &str, text: &str) -> Result<Layer, ConfigError> {
    text.parse::<Table>().map(|values| Layer { origin: origin.to_owned(), values }).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let reason = error.message().lines().next().unwrap_or_default().to_owned();
        ConfigError::new(origin, "", format!("line {line} is not valid TOML ({reason})"), "correct that line")
    })
}

/// What the environment adds.
#[derive(Default)]
pub(crate) struct FromEnvironment {
    /// One layer for each variable.
    pub(crate) layers: Vec<Layer>,
    /// Variables that cannot be settings.
    pub(crate) errors: Vec<ConfigError>,
    /// Variables that look like ours and are not.
    pub(crate) warnings: Vec<String>,
}

/// The layers of `LENDPORT_SECTION__KEY` variables, in the order of their names.
pub(crate) fn environment(known: &Known, variables: impl Iterator<Item = (String, String)>) -> FromEnvironment {
    let mut found = FromEnvironment::default();
    let mut ours: Vec<_> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    for (name, text) in ours {
        let rest = name.trim_start_matches(PREFIX).to_lowercase();
        if NOT_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        if !rest.contains(SEPARATOR) {
            misspelt(known, &name, &rest, &mut found);
            continue;
        }
        let path: Vec<&str> = rest.split(SEPARATOR).collect();
        match layer(known, &name, &path, &text) {
            Ok(layer) => found.layers.push(layer),
            Err(error) => found.errors.push(error),
        }
    }
    found
}

/// `LENDPORT_SERVER_BIND` means a setting, `LENDPORT_HOME` is somebody else's variable.
fn misspelt(known: &Known, name: &str, rest: &str, found: &mut FromEnvironment) {
    let same = known.leaves().find(|key| key.replace('.', "_") == rest);
    match same {
        Some(key) => found.errors.push(ConfigError::new(
            name,
            key,
            "has one underscore between section and key",
            format!("write {}", variable(key)),
        )),
        None => found.warnings.push(format!("{name} is not a setting (those have two underscores) and is ignored")),
    }
}

/// The layer of one flag.
pub(crate) fn flag(known: &Known, flag: &Flag) -> Result<Layer, ConfigError> {
    let path: Vec<&str> = flag.key.split('.').collect();
    layer(known, flag.name, &path, &flag.value)
}

/// The environment variable of a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', SEPARATOR).to_uppercase())
}

fn layer(known: &Known, origin: &str, path: &[&str], text: &str) -> Result<Layer, ConfigError> {
    let key = path.join(".");
    // An unknown key stays text; the check that all layers go through names it.
    let value = match known.kind(path) {
        Some(Kind::Integer) => text.replace('_', "").parse().map(toml::Value::Integer).ok(),
        Some(Kind::Boolean) => text.parse().map(toml::Value::Boolean).ok(),
        Some(Kind::Text) | None => Some(toml::Value::String(text.to_owned())),
    };
    let Some(mut value) = value else {
        let wanted = known.kind(path).map_or("", Kind::wanted);
        return Err(ConfigError::new(origin, key, format!("is not {wanted}"), format!("set {wanted}")));
    };
    let mut values = Table::new();
    let mut keys = path.iter().rev().peekable();
    while let Some(part) = keys.next() {
        let table = Table::from_iter([((*part).to_owned(), value)]);
        if keys.peek().is_none() {
            values = table;
            break;
        }
        value = toml::Value::Table(table);
    }
    Ok(Layer { origin: origin.to_owned(), values })
}
