//! The schema of the configuration that is committed.

use std::fs;
use std::path::Path;

use lendport::config::{Config, schema};

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/lendport.schema.json");
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(committed == schema(), "config/lendport.schema.json is stale: run `cargo run -- openapi --write`");
}

#[test]
fn the_schema_takes_the_defaults_and_the_examples_and_no_unknown_key() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut files = vec![root.join("lendport.toml")];
    files.extend(fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path()));
    for path in files {
        let value: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let told: Vec<_> =
            validator.iter_errors(&serde_json::to_value(value).unwrap()).map(|e| e.to_string()).collect();
        assert!(told.is_empty(), "{}: {told:?}", path.display());
        // The examples name files that are not here; nothing else may be wrong with them.
        if let Err(errors) = Config::load(Some(&path), []) {
            for error in errors.iter() {
                assert!(error.problem.contains("cannot be read"), "{}: {error}", path.display());
            }
        }
    }
    for bad in [
        "{\"server\": {\"bnid\": \"x\"}}",
        "{\"providers\": {\"nobody\": {}}}",
        "{\"server\": {\"request_timeout_ms\": 0}}",
    ] {
        assert!(!validator.is_valid(&serde_json::from_str(bad).unwrap()), "{bad}");
    }
}
