//! Holds an answer of the gateway to the committed API description.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/lendport.v1.json");
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        close(schema);
    }
    document
});
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// A field that is not in the description is a mistake of ours, so that objects take no others here.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let object = members.get("properties").is_some_and(Value::is_object);
            if object && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What is wrong with an answer to a request of the API, if anything.
pub(crate) fn holds(method: &str, path: &str, status: u16, media_type: &str, body: &Value) -> Result<(), String> {
    let Some(template) = template_of(path) else {
        return if status == 404 { Ok(()) } else { Err("the address is not described".to_owned()) };
    };
    // What every address says by itself: the method is not there, or only its head was asked for.
    if status == 405 || matches!(method, "HEAD" | "OPTIONS") {
        return Ok(());
    }
    let operation = &DOCUMENT["paths"][template][method.to_ascii_lowercase().as_str()];
    let described = &operation["responses"][status.to_string().as_str()];
    let described = if described.is_null() { &operation["responses"]["default"] } else { described };
    let Some(content) = described.as_object().map(|response| response.get("content")) else {
        return Err(format!("status {status} is not described"));
    };
    let Some(content) = content else { return Ok(()) };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let Some(media) = content.get(essence) else { return Err(format!("media type {essence:?} is not described")) };
    let validator = validator(&format!("{method} {template} {status} {essence}"), &media["schema"]);
    let wrong: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

fn validator(name: &str, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap();
    let made = || {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": DOCUMENT["components"],
        });
        Arc::new(jsonschema::draft202012::new(&whole).unwrap())
    };
    Arc::clone(known.entry(name.to_owned()).or_insert_with(made))
}

/// The described address that a path is one of.
fn template_of(path: &str) -> Option<&'static str> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let pairs = || wanted.iter().zip(&given);
        wanted.len() == given.len() && pairs().all(|(want, have)| want == have || want.starts_with('{'))
    };
    paths.keys().map(String::as_str).find(|template| fits(template))
}
