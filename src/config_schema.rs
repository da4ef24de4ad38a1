//! The JSON Schema of a configuration file, for editors: types from the section structs, defaults and the sections of
//! providers from the commented defaults.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::config_auth::Auth;
use crate::config_check::range;
use crate::config_layer::{DEFAULTS, defaults};
use crate::config_merchant::MerchantKeys;
use crate::config_sections::{Delivery, Engine, Limits, Log, Page, Quotas, SecurityKeys, Server, Simulator};
use crate::config_storage::Storage;

/// The schema as committed in `config/lendport.schema.json`, with a final line break.
pub fn schema() -> String {
    let comments = comments();
    let defaults = defaults().map(|layer| layer.values).unwrap_or_default();
    let mut sections = Map::new();
    for (name, default) in &defaults {
        let Some(table) = default.as_table() else { continue };
        let empty = || json!({ "type": "object", "properties": {}, "additionalProperties": false });
        let mut section = section(name).map_or_else(empty, |schema| schema.to_value());
        fill(&mut section, table, name, &comments);
        sections.insert(name.clone(), section);
    }
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lendport configuration",
        "description": "Generated from the code by `lendport openapi --write`. Every key is optional; \
                        config/lendport.toml holds the defaults.",
        "type": "object",
        "properties": sections,
        "additionalProperties": false
    });
    format!("{document:#}\n")
}

fn section(name: &str) -> Option<Schema> {
    fn of<T: JsonSchema>() -> Option<Schema> {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        Some(settings.into_generator().into_root_schema_for::<T>())
    }
    match name {
        "server" => of::<Server>(),
        "storage" => of::<Storage>(),
        "security" => of::<SecurityKeys>(),
        "auth" => of::<Auth>(),
        "engine" => of::<Engine>(),
        "delivery" => of::<Delivery>(),
        "page" => of::<Page>(),
        "limits" => of::<Limits>(),
        "quotas" => of::<Quotas>(),
        "log" => of::<Log>(),
        "simulator" => of::<Simulator>(),
        "merchant" => of::<MerchantKeys>(),
        _ => None,
    }
}

/// Adds to each key its default, and describes keys the structs leave open (those of providers) by their comment and
/// the type of their default. Nothing is required: a file names only what differs.
fn fill(schema: &mut Value, defaults: &toml::Table, section: &str, comments: &BTreeMap<String, String>) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("required");
    object.remove("title");
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else { return };
    for (name, default) in defaults {
        let key = format!("{section}.{name}");
        let property = properties.entry(name.as_str()).or_insert_with(|| described(default, comments.get(&key)));
        if let toml::Value::Table(inner) = default {
            fill(property, inner, &key, comments);
        } else if let Some(property) = property.as_object_mut() {
            property.insert("default".to_owned(), json!(default));
            if default.is_integer() {
                let (least, most) = range(&key, name).map_or((1, None), |(least, most)| (least, Some(most)));
                property.insert("minimum".to_owned(), json!(least));
                if let Some(most) = most {
                    property.insert("maximum".to_owned(), json!(most));
                }
            }
        }
    }
    // `[simulator.bind]` is a map in the code; its keys are the providers of the defaults.
    if section.contains('.') {
        object.insert("additionalProperties".to_owned(), json!(false));
    }
}

fn described(default: &toml::Value, comment: Option<&String>) -> Value {
    let kind = match default {
        toml::Value::String(_) => "string",
        toml::Value::Integer(_) => "integer",
        toml::Value::Boolean(_) => "boolean",
        _ => "object",
    };
    match comment {
        Some(comment) => json!({ "description": comment, "type": kind }),
        None => json!({ "type": kind }),
    }
}

/// The comment above each key, its lines joined.
fn comments() -> BTreeMap<String, String> {
    let (mut section, mut comment) = ("", Vec::new());
    let mut found = BTreeMap::new();
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ") {
            found.insert(format!("{section}.{key}"), comment.join(" "));
        }
        comment.clear();
    }
    found
}
