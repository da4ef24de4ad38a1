//! The generated documents that are committed: API description, events, routing profile, configuration schema.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::config::schema;
use crate::failure::Failure;
use crate::say;

/// Path in the repository and content, for each.
pub fn generated() -> [(&'static str, String); 4] {
    [
        ("openapi/lendport.v1.json", lendport_http::openapi_json()),
        ("openapi/events.v1.json", lendport_http::events_schema_json()),
        ("openapi/routing.v1.json", lendport_http::routing_schema_json()),
        ("config/lendport.schema.json", schema()),
    ]
}

/// Prints the API description, writes the documents, or says which of them differ.
pub fn run(asked: &cli::Openapi) -> Result<(), Failure> {
    if !asked.write && !asked.check {
        say::line(&lendport_http::openapi_json());
        return Ok(());
    }
    let mut differ = Vec::new();
    for (name, content) in generated() {
        let path = PathBuf::from(name);
        if fs::read_to_string(&path).is_ok_and(|known| known == content) {
            continue;
        }
        if asked.write {
            write(&path, &content)?;
            say::line(&format!("wrote {name}"));
        } else {
            differ.push(name);
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    Err(Failure::other(format!("{} differ from the code; run `lendport openapi --write`", differ.join(", "))))
}

fn write(path: &Path, content: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|cause| Failure::file("making the folder", folder, cause))?;
    }
    fs::write(path, content).map_err(|cause| Failure::file("writing", path, cause))
}
