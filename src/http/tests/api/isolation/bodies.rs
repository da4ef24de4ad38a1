//! A valid body for each route, from the examples and schemas of the API's description.

use serde_json::{Map, Value, json};

/// A body that the operation takes; null where it takes none.
pub(super) fn of(document: &Value, operation: &Value) -> Value {
    let content = &operation["requestBody"]["content"]["application/json"];
    let mut body = match content.get("example") {
        Some(example) => example.clone(),
        None if content.is_null() => Value::Null,
        None => instance(document, &content["schema"], operation["operationId"].as_str().unwrap()),
    };
    // The examples name a financer that these tests do not have.
    if let Some(provider) = body.get_mut("provider") {
        *provider = json!("acme");
    }
    body
}

/// Whether the operation may be about units of lines, the only ids that bodies have.
pub(super) fn takes_lines(document: &Value, operation: &Value) -> bool {
    let of = |schema: &Value| ids_in(document, schema);
    let found = of(&operation["requestBody"]["content"]["application/json"]["schema"]);
    assert!(found.iter().all(|id| id == "lines.line_id"), "walk {found:?} of {}", operation["operationId"]);
    !found.is_empty()
}

/// Members that hold an id, by the names that lead to them.
fn ids_in(document: &Value, schema: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return ids_in(document, document.pointer(name.trim_start_matches('#')).unwrap());
    }
    if schema["pattern"].as_str().is_some_and(|pattern| pattern.ends_with("_[0-9a-f]{32}$")) {
        return vec![String::new()];
    }
    let ways = ["oneOf", "anyOf", "allOf"].map(|way| schema[way].as_array()).into_iter().flatten().flatten();
    let inside = ways.chain(schema.get("items")).flat_map(|schema| ids_in(document, schema));
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.flat_map(|(name, member)| {
        ids_in(document, member)
            .into_iter()
            .map(move |id| if id.is_empty() { name.clone() } else { format!("{name}.{id}") })
    });
    inside.chain(members).collect()
}

/// A value that the schema allows: its example, or what it requires and no more.
fn instance(document: &Value, schema: &Value, at: &str) -> Value {
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(name) = schema["$ref"].as_str() {
        return instance(document, document.pointer(name.trim_start_matches('#')).unwrap(), at);
    }
    if let Some(first) = schema["oneOf"].get(0) {
        return instance(document, first, at);
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("object"), _) => {
            let mut members = Map::new();
            for name in schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()) {
                let member = instance(document, &schema["properties"][name], &format!("{at}/{name}"));
                members.insert(name.to_owned(), member);
            }
            Value::Object(members)
        }
        (Some("boolean"), _) => json!(true),
        (Some("string"), Some("date-time")) => json!("2026-11-21T09:30:00Z"),
        (Some("string"), None) if schema["pattern"].is_null() => json!("some words"),
        _ => panic!("{at} needs an example: {schema}"),
    }
}
