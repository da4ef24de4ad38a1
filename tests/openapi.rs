//! The committed documents are what the code says, and live answers are what the documents say.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
#[expect(clippy::disallowed_types, reason = "the test is a merchant with its own client")]
#[path = "openapi/story.rs"]
mod story;

use std::collections::BTreeSet;
use std::path::Path;

use lendport_http::openapi_json;
use lendport_http::problem::Code;
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
    });
    each.collect()
}

/// Every value below, itself included.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

#[test]
fn the_committed_documents_are_those_of_the_code() {
    // The documents describe the whole program; a build with fewer providers says the same of the API.
    for (name, content) in lendport::documents::generated() {
        let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_default();
        assert!(committed == content, "{name} differs from the code; run `cargo run -- openapi --write`");
    }
}

#[test]
fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for name in ["title", "version"] {
        assert!(!document["info"][name].as_str().unwrap().is_empty());
    }
    let mut wrong = Vec::new();
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let found = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            if found.is_none() {
                wrong.push(reference.to_owned());
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_schema_is_one_and_every_example_fits_its_schema() {
    let document = document();
    let with_components = |schema: &Value| {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema], "components": document["components"],
        })
    };
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let whole = with_components(schema);
        assert!(jsonschema::meta::is_valid(&whole), "{name} is not a schema");
        if let Some(example) = schema.get("example") {
            let validator = jsonschema::draft202012::new(&whole).unwrap();
            let wrong: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "example of {name}: {wrong:?}");
        }
    }
    let mut checked = 0;
    walk(&document["paths"], &mut |value| {
        let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) else { return };
        let validator = jsonschema::draft202012::new(&with_components(schema)).unwrap();
        let wrong: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{example}: {wrong:?}");
        checked += 1;
    });
    assert!(checked > 0, "no example anywhere");
}

/// An endpoint gets a stored event as it was told, and `/v1/events` lists it so: thirty days after an upgrade there are
/// events of before it.
#[test]
fn events_that_are_stored_since_before_units_were_counted_fit_the_documents() {
    let told: Value = serde_json::from_str(include_str!("openapi/event_before_units.json")).unwrap();
    let item = &told["data"]["checkout"]["items"][0];
    assert!(item["quantity"] == 1 && item.get("shipped").is_none(), "the sample is one of before");
    let events: Value = serde_json::from_str(&lendport_http::events_schema_json()).unwrap();
    for document in [events, document()] {
        let validator = validator_of(&document, "Event");
        let fits = |event: &Value| validator.iter_errors(event).map(|error| error.to_string()).collect::<Vec<_>>();
        assert_eq!(fits(&told), [""; 0]);
        let mut counted = told.clone();
        counted["data"]["checkout"]["items"][0]["shipped"] = json!(1);
        assert_eq!(fits(&counted), [""; 0]);
        counted["data"]["checkout"]["items"][0]["shipped"] = json!(-1);
        assert!(!fits(&counted).is_empty());
        let mut missing = told.clone();
        missing["data"]["checkout"]["items"][0].as_object_mut().unwrap().remove("quantity");
        assert!(!fits(&missing).is_empty(), "what was always told is still demanded");
    }
}

fn validator_of(document: &Value, name: &str) -> jsonschema::Validator {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"), "components": document["components"],
    });
    jsonschema::draft202012::new(&whole).unwrap()
}

#[test]
fn every_operation_is_named_once_explained_and_complete() {
    let document = document();
    let mut names = BTreeSet::new();
    for (place, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place} repeats a name");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{place} is not explained");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place} never succeeds");
        let path = place.split(' ').nth(1).unwrap();
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for name in named {
            let described = |parameter: &Value| parameter["name"] == name && parameter["in"] == "path";
            assert!(parameters.iter().any(described), "{place} does not describe {name}");
        }
        if path.starts_with("/v1/") {
            assert!(responses.contains_key("401") && responses.contains_key("500"), "{place}");
        }
        // Asking a financer, questions, and making a link of which nothing is stored, may be repeated without a key.
        let repeatable = ["/refresh", "/client_token", "/eligibility", "/routing/simulate", "/oauth/token", "/verify"];
        let repeatable = repeatable.iter().any(|end| path.ends_with(end));
        let writes = place.starts_with("post /v1/") && !repeatable;
        let keyed = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(writes, keyed, "{place}: Idempotency-Key");
    }
}

#[test]
fn the_routes_of_the_contract_are_all_there() {
    let document = document();
    let places: BTreeSet<String> = operations(&document).into_iter().map(|(place, _)| place).collect();
    for place in [
        "post /v1/checkouts",
        "get /v1/checkouts",
        "get /v1/checkouts/{id}",
        "get /v1/checkouts/{id}/timeline",
        "post /v1/checkouts/{id}/attempts",
        "post /v1/checkouts/{id}/refresh",
        "post /v1/checkouts/{id}/application",
        "post /v1/checkouts/{id}/payment_methods",
        "get /v1/checkouts/{id}/offer",
        "post /v1/checkouts/{id}/agreement",
        "get /v1/checkouts/{id}/agreement",
        "post /v1/checkouts/{id}/agreement/sign",
        "post /v1/checkouts/{id}/shipments",
        "get /v1/checkouts/{id}/shipments",
        "post /v1/checkouts/{id}/cancel",
        "post /v1/checkouts/{id}/capture",
        "post /v1/checkouts/{id}/refunds",
        "get /v1/checkouts/{id}/refunds",
        "get /v1/providers",
        "get /v1/providers/{id}",
        "post /v1/eligibility",
        "get /v1/routing",
        "put /v1/routing",
        "get /v1/routing/versions",
        "post /v1/routing/simulate",
        "post /v1/checkouts/{id}/client_token",
        "get /c/{client_token}",
        "get /c/{client_token}/status",
        "get /c/{client_token}/events",
        "post /c/{client_token}/attempts",
        "post /c/{client_token}/came_back",
        "post /callbacks/{provider}/{token}",
        "get /callbacks/{provider}/{token}",
        "get /problems/{code}",
        "post /v1/oauth/token",
        "get /.well-known/jwks.json",
        "get /healthz",
        "get /readyz",
        "get /openapi.json",
        "get /docs",
    ] {
        assert!(places.contains(place), "{place} is not described");
    }
}

#[test]
fn every_problem_is_documented_where_it_can_happen() {
    let text = openapi_json();
    // No operation is described that could answer so: the address has no such method.
    let elsewhere = |code: &Code| *code == Code::MethodNotAllowed;
    for code in Code::ALL.into_iter().filter(|code| !elsewhere(code)) {
        let entry = code.entry();
        assert!(text.contains(&format!("`{}`", entry.word)), "{} is nowhere in the description", entry.word);
    }
}
