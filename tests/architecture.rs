//! Who may know whom: the rules of the dependency table that Cargo cannot keep by itself. Each failure says what to do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::process::Command;

use lendport_testkit::tree::{Keep, SourceFile, code, files, folders, lines_with_word};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Our own crates and those of ours each may use. `provider-*` stands for every adapter, `*` for all.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("lendport-core", &[]),
    ("lendport-outbound", &["lendport-core"]),
    ("lendport-storage", &["lendport-core"]),
    ("lendport-simulation", &[]),
    ("provider-*", &["lendport-core", "lendport-outbound", "lendport-simulation"]),
    ("lendport-engine", &["lendport-core", "lendport-storage"]),
    ("lendport-delivery", &["lendport-core", "lendport-storage", "lendport-outbound"]),
    // The pages are bytes compiled in; whoever serves them has to know them, and `ui` itself knows nobody.
    ("lendport-http", &["lendport-core", "lendport-storage", "lendport-engine", "lendport-ui"]),
    ("lendport-ui", &[]),
    // A merchant: it speaks to the gateway by HTTP, and knows how webhooks are signed.
    ("lendport-shop", &["lendport-core", "lendport-delivery", "lendport-outbound", "lendport-ui"]),
    ("lendport-testkit", &["lendport-core", "lendport-storage", "lendport-outbound"]),
    ("lendport-bench", &["*"]),
    ("lendport-chaos", &["*"]),
    ("lendport", &["*"]),
];
/// What the domain must be able to do without.
const NOT_IN_CORE: [&str; 12] = [
    "tokio",
    "axum",
    "hyper",
    "tower",
    "http",
    "reqwest",
    "rusqlite",
    "sqlx",
    "tokio-postgres",
    "figment",
    "clap",
    "utoipa",
];
/// Every way to make HTTP calls that somebody might reach for.
const HTTP_CLIENTS: [&str; 8] = ["reqwest", "ureq", "isahc", "surf", "curl", "attohttpc", "hyper", "hyper-util"];
const CLIENT_OWNER: &str = "lendport-outbound";
/// These two can also serve, which `lendport-http` does itself: `axum::serve` waits for ever for the header of a request.
/// The workspace names their features, and none of them may be one of a client.
const SERVERS: [&str; 2] = ["hyper", "hyper-util"];
const SERVER_OWNER: &str = "lendport-http";
/// What an adapter serves with, when it plays its provider.
const SERVES_FOR_ADAPTERS: [&str; 2] = ["axum", "lendport-simulation"];
const DATABASES: [&str; 5] = ["rusqlite", "sqlx", "tokio-postgres", "deadpool-postgres", "diesel"];
const DATABASE_OWNER: &str = "lendport-storage";
/// The made-up provider is looked for where something of it is used: "sandbox" is also a word.
const MADE_UP: &str = "sandbox::";
const MADE_UP_FOLDER: &str = "sandbox";
const REGISTRY: &str = "src/registry.rs";

/// One dependency line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dependency {
    owner: String,
    name: String,
    dev: bool,
    optional: bool,
    features: Vec<String>,
}

fn dependencies() -> Vec<Dependency> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            found.push(Dependency {
                owner: package["name"].as_str().unwrap().to_owned(),
                name: dependency["name"].as_str().unwrap().to_owned(),
                dev: dependency["kind"].as_str() == Some("dev"),
                optional: dependency["optional"].as_bool() == Some(true),
                features: serde_json::from_value(dependency["features"].clone()).unwrap(),
            });
        }
    }
    assert!(found.len() > 20, "cargo metadata names hardly a dependency: is this the workspace?");
    found
}

fn is_adapter(name: &str) -> bool {
    name.starts_with("provider-")
}

fn is_ours(name: &str) -> bool {
    name == "lendport" || name.starts_with("lendport-") || is_adapter(name)
}

fn table_faults(dependencies: &[Dependency]) -> Vec<String> {
    let mut faults = Vec::new();
    for Dependency { owner, name, .. } in dependencies.iter().filter(|line| !line.dev && is_ours(&line.name)) {
        let row = if is_adapter(owner) { "provider-*" } else { owner };
        match MAY_USE.iter().find(|(crate_name, _)| *crate_name == row) {
            None => faults.push(format!("{owner} has no row in MAY_USE (tests/architecture.rs): decide what it may know and add one")),
            Some((_, may)) if may.contains(&"*") || may.contains(&name.as_str()) => {}
            Some((_, may)) => faults.push(format!(
                "{owner} depends on {name}, it may know only [{}]: move the code to where both are known, or put a trait \
                 between them in lendport-core",
                may.join(", ")
            )),
        }
    }
    faults
}

fn core_faults(dependencies: &[Dependency]) -> Vec<String> {
    dependencies
        .iter()
        .filter(|line| line.owner == "lendport-core" && !line.dev && NOT_IN_CORE.contains(&line.name.as_str()))
        .map(|line| format!("lendport-core depends on {}: the domain does no I/O; hand the result in", line.name))
        .collect()
}

/// The root's tests and the test kit may act as a merchant does.
fn client_faults(dependencies: &[Dependency]) -> Vec<String> {
    let serves = |line: &Dependency| {
        let client = line.features.iter().any(|name| name == "full" || name.starts_with("client"));
        line.owner == SERVER_OWNER && SERVERS.contains(&line.name.as_str()) && !client
    };
    let allowed = |line: &Dependency| {
        line.owner == CLIENT_OWNER
            || serves(line)
            || (line.name == "reqwest" && (line.owner == "lendport-testkit" || (line.owner == "lendport" && line.dev)))
            || line.owner == "lendport-bench"
    };
    dependencies
        .iter()
        .filter(|line| HTTP_CLIENTS.contains(&line.name.as_str()) && !allowed(line))
        .map(|line| {
            format!(
                "{} depends on {}: call through {CLIENT_OWNER}, which limits, records and redacts every call",
                line.owner, line.name
            )
        })
        .collect()
}

fn database_faults(dependencies: &[Dependency]) -> Vec<String> {
    dependencies
        .iter()
        .filter(|line| DATABASES.contains(&line.name.as_str()) && line.owner != DATABASE_OWNER && !line.dev)
        .filter(|line| line.owner != "lendport-bench")
        .map(|line| {
            format!(
                "{} depends on {}: no SQL leaves {DATABASE_OWNER}; add a method to its traits",
                line.owner, line.name
            )
        })
        .collect()
}

fn adapter_server_faults(dependencies: &[Dependency]) -> Vec<String> {
    dependencies
        .iter()
        .filter(|line| is_adapter(&line.owner) && !line.optional && !line.dev)
        .filter(|line| SERVES_FOR_ADAPTERS.contains(&line.name.as_str()))
        .map(|line| {
            format!(
                "{} always depends on {}: make it optional, only the simulator feature serves",
                line.owner, line.name
            )
        })
        .collect()
}

/// Every financer that has a folder, but for the made-up one.
fn financers() -> Vec<String> {
    let mut found = folders(Path::new(ROOT), "providers").unwrap();
    found.retain(|name| name != MADE_UP_FOLDER);
    assert!(found.len() > 2, "hardly any folder below providers: is this the repository?");
    found
}

fn name_faults(source: &[SourceFile]) -> Vec<String> {
    let financers = financers();
    let mut faults = Vec::new();
    for file in source.iter().filter(|file| file.path != REGISTRY && !file.path.contains("/tests/")) {
        let code = code(&file.text, Keep::Strings);
        for (number, text) in code.lines().enumerate().filter(|(_, text)| text.contains(MADE_UP)) {
            faults.push(format!(
                "{}:{} uses the made-up provider ({text}): only {REGISTRY} does",
                file.path,
                number + 1
            ));
        }
        for name in &financers {
            // Examples in the API description are documentation, as comments are.
            for (line, text) in lines_with_word(&code, name).into_iter().filter(|(_, text)| !text.contains("example")) {
                faults.push(format!(
                    "{}:{line} names {name} ({text}): only {REGISTRY} and the adapter do; ask the capability or the descriptor",
                    file.path
                ));
            }
        }
    }
    faults
}

fn float_faults(source: &[SourceFile]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in source {
        let code = code(&file.text, Keep::Code);
        for (line, text) in ["f32", "f64"].iter().flat_map(|word| lines_with_word(&code, word)) {
            faults.push(format!("{}:{line} uses a float ({text}): money is Decimal, ratios are fractions", file.path));
        }
    }
    faults
}

fn manifest_faults(root: &Path) -> Vec<String> {
    ["src", "providers"]
        .into_iter()
        .flat_map(|parent| folders(root, parent).unwrap().into_iter().map(move |name| format!("{parent}/{name}")))
        .filter(|folder| !root.join(folder).join("Cargo.toml").is_file())
        .map(|folder| {
            format!(
                "{folder} has no Cargo.toml: each folder there is a crate; the root package's modules are plain files"
            )
        })
        .collect()
}

fn rust(folder: &str) -> Vec<SourceFile> {
    files(Path::new(ROOT), folder, &[".rs"]).unwrap()
}

/// How a call to a financer begins.
const CALLS: &str = "CallContext {";
/// What has it counted.
const COUNTED: [&str; 3] = [".counted(", ".looked(", ".admitted("];

/// Files that call a financer and do not have what becomes of it counted.
fn uncounted_faults(source: &[SourceFile]) -> Vec<String> {
    let times = |file: &SourceFile, what: &str| file.text.matches(what).count();
    let uncounted =
        |file: &&SourceFile| times(file, CALLS) > COUNTED.iter().map(|what| times(file, what)).sum::<usize>();
    source.iter().filter(uncounted).map(|file| format!("{}: a call that no breaker hears of", file.path)).collect()
}

/// Writes of the store that say nothing in the audit log: for tests, which begin with rows that are there.
const UNTOLD: [&str; 3] = [".put_merchant(&", ".put_key(&", ".put_account(&"];

/// Files of the program that change a merchant, a key or an account without a word of who did it.
fn untold_faults(source: &[SourceFile]) -> Vec<String> {
    let of_program = source.iter().filter(|file| !file.path.contains("/tests/"));
    let program = |file: &SourceFile| file.text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let untold = of_program.filter(|file| UNTOLD.iter().any(|what| program(file).contains(what)));
    untold.map(|file| format!("{}: a change that the audit log does not hear of", file.path)).collect()
}

fn sound(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn crates_know_only_those_of_the_table() {
    sound(&table_faults(&dependencies()));
}

#[test]
fn core_does_no_input_or_output() {
    sound(&core_faults(&dependencies()));
}

#[test]
fn only_outbound_has_an_http_client() {
    sound(&client_faults(&dependencies()));
}

#[test]
fn only_storage_has_a_database() {
    sound(&database_faults(&dependencies()));
}

#[test]
fn adapters_serve_only_when_simulating() {
    sound(&adapter_server_faults(&dependencies()));
}

#[test]
fn providers_are_named_by_the_registry_alone() {
    let source = rust("src");
    assert!(source.len() > 50, "hardly any source below src: is this the repository?");
    sound(&name_faults(&source));
}

#[test]
fn money_is_never_a_float() {
    let providers = rust("providers").into_iter().filter(|file| file.path.contains("/src/"));
    let source: Vec<_> = rust("src/core").into_iter().chain(providers).collect();
    sound(&float_faults(&source));
}

#[test]
fn every_call_to_a_financer_is_counted() {
    let source = rust("src/engine/src");
    assert!(source.iter().any(|file| file.text.contains(CALLS)), "nobody calls a financer: is this the engine?");
    sound(&uncounted_faults(&source));
}

#[test]
fn no_merchant_key_or_account_changes_without_a_word() {
    sound(&untold_faults(&rust("src")));
}

#[test]
fn every_folder_is_a_crate() {
    sound(&manifest_faults(Path::new(ROOT)));
}

/// A checker that cannot fail proves nothing.
#[test]
fn the_checks_find_what_is_wrong() {
    let line = |owner: &str, name: &str| Dependency {
        owner: owner.to_owned(),
        name: name.to_owned(),
        dev: false,
        optional: false,
        features: Vec::new(),
    };
    let bad = [
        line("lendport-core", "tokio"),
        line("lendport-core", "lendport-storage"),
        line("provider-acme", "lendport-engine"),
        line("provider-acme", "provider-sandbox"),
        line("provider-acme", "reqwest"),
        line("provider-acme", "axum"),
        line("provider-acme", "lendport-simulation"),
        line("lendport-engine", "rusqlite"),
        line("lendport-new", "lendport-core"),
        line("lendport", "reqwest"),
    ];
    assert_eq!(table_faults(&bad).len(), 4);
    assert_eq!(core_faults(&bad).len(), 1);
    assert_eq!(client_faults(&bad).len(), 2);
    assert_eq!(client_faults(&[line("lendport-http", "hyper"), line("lendport-http", "hyper-util")]).len(), 0);
    let calls = Dependency { features: vec!["client-legacy".to_owned()], ..line("lendport-http", "hyper-util") };
    assert_eq!(client_faults(&[line("lendport-engine", "hyper"), line("lendport-http", "reqwest"), calls]).len(), 3);
    assert_eq!(database_faults(&bad).len(), 1);
    assert_eq!(adapter_server_faults(&bad).len(), 2);
    let good = bad.map(|line| Dependency { dev: true, optional: true, ..line });
    assert_eq!(table_faults(&good).len() + core_faults(&good).len() + adapter_server_faults(&good).len(), 0);

    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let source = [
        file("src/core/src/a.rs", "// WePay says so\nif id == \"wepay\" { rate: f64 }\n"),
        file("src/lib.rs", "use wegetfinancing as w;\nlet FlexShopper = sandbox::new();\n"),
        file(REGISTRY, "use wegetfinancing as w;"),
    ];
    assert_eq!(name_faults(&source).len(), 4);
    assert_eq!(float_faults(&source).len(), 1);
    let calls = [
        file("src/engine/src/a.rs", "let context = CallContext { now };\nprovider.capture(context).await"),
        file(
            "src/engine/src/b.rs",
            "let context = CallContext { now };\nself.counted(provider.capture(context)).await",
        ),
    ];
    assert_eq!(uncounted_faults(&calls).len(), 1);
    let changes = [
        file("src/dev.rs", "store.put_merchant(&merchant).await?;"),
        file("src/http/tests/api/world.rs", "store.put_key(&row).await.unwrap();"),
        file("src/tenants.rs", "#[cfg(test)]\nmod tests { store.put_key(&row).await.unwrap(); }"),
    ];
    assert_eq!(untold_faults(&changes).len(), 1);

    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("src/helpers")).unwrap();
    assert_eq!(manifest_faults(tree.path()).len(), 1);
}
