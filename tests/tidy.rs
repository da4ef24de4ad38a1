//! Small habits of the tree, checked so that nobody has to remember them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;

use lendport_testkit::tree::{SourceFile, files, folders};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LINES_MAX: usize = 400;
const ORIGINS: [&str; 3] = ["documented", "recorded", "handwritten"];
const TEXTS: [&str; 12] =
    [".rs", ".md", ".toml", ".json", ".sh", ".js", ".css", ".html", ".sql", ".py", "Makefile", ".ci/run"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default()
}

fn below(folder: &str, endings: &[&str]) -> Vec<SourceFile> {
    files(Path::new(ROOT), folder, endings).unwrap()
}

fn sound(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn cassette_faults(cassettes: &[SourceFile]) -> Vec<String> {
    let fault = |path: &str, what: &str| Some(format!("{path} {what}: say `origin` as one of {}", ORIGINS.join(", ")));
    cassettes
        .iter()
        .filter_map(|file| {
            let Ok(cassette) = file.text.parse::<serde_json::Value>() else { return fault(&file.path, "is not JSON") };
            let origin = &cassette["origin"];
            let kind = origin["kind"].as_str().or(origin.as_str()).unwrap_or_default();
            if ORIGINS.contains(&kind) { None } else { fault(&file.path, "does not say where it comes from") }
        })
        .collect()
}

fn comment_faults(path: &str, text: &str) -> Vec<String> {
    let mut above = "";
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_key = !line.trim_start().starts_with(['#', '[']) && line.contains('=');
        if is_key && !above.starts_with("# ") {
            faults.push(format!("{path}:{} has no comment directly above: say what `{line}` is for", number + 1));
        }
        above = line;
    }
    faults
}

fn readme_faults(root: &Path, crates: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for folder in crates {
        let text = |name: &str| fs::read_to_string(root.join(folder).join(name)).unwrap_or_default();
        if text("README.md").trim().is_empty() {
            faults.push(format!("{folder} has no README.md: say in a few lines what it is for and what it may know"));
        }
        if !text("src/lib.rs").contains("#![doc = include_str!(\"../README.md\")]") {
            faults.push(format!("{folder}/src/lib.rs does not begin with #![doc = include_str!(\"../README.md\")]"));
        }
    }
    faults
}

fn word_faults(source: &[SourceFile]) -> Vec<String> {
    // Put together here, so that this file does not hold them.
    let unfinished = [format!("TO{}", "DO"), format!("FIX{}", "ME"), format!("to{}!(", "do")];
    let machine = [format!("/ro{}/", "ot"), format!("/wo{}/", "rk"), format!("/ho{}/", "me")];
    let mut faults = Vec::new();
    for file in source {
        for (number, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, number + 1);
            if let Some(word) = unfinished.iter().find(|word| line.contains(word.as_str())) {
                faults
                    .push(format!("{place} holds {word}: finish it, or open an issue and name it in the closing note"));
            }
            if let Some(path) = machine.iter().find(|path| starts_a_path(line, path)) {
                faults.push(format!("{place} holds the machine path {path}: write it relative to the repository"));
            }
        }
    }
    faults
}

/// A folder of that name somewhere below is none; after a quote, a space, `(` or `=` it is the root of a path.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')' | '*'))
    })
}

fn length_faults(source: &[SourceFile]) -> Vec<String> {
    source
        .iter()
        .map(|file| (&file.path, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{path} has {lines} lines, {LINES_MAX} are allowed: it holds more than one idea"))
        .collect()
}

/// In the section "Invariants" each list item says ``Held by `path` `function` ``, and that function is there.
fn invariant_faults(page: &str, read: &dyn Fn(&str) -> String) -> Vec<String> {
    let section = page.split("\n## ").find(|section| section.starts_with("Invariants")).unwrap_or_default();
    let mut items: Vec<String> = Vec::new();
    for line in section.lines() {
        let starts = line.starts_with("- ")
            || line
                .split_once(". ")
                .is_some_and(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
        match items.last_mut() {
            _ if starts => items.push(line.to_owned()),
            Some(item) if line.starts_with("  ") => *item = format!("{item} {}", line.trim()),
            _ => {}
        }
    }
    if items.is_empty() {
        return vec!["ARCHITECTURE.md lists no invariants below a heading \"## Invariants\"".to_owned()];
    }
    let mut faults = Vec::new();
    for item in items {
        let Some((_, holders)) = item.split_once("Held by ") else {
            faults.push(format!("ARCHITECTURE.md: no test holds this, end it with Held by `path` `function`: {item}"));
            continue;
        };
        // `path` `function` pairs; a function without a path of its own is in the last one.
        let mut path = "";
        let mut functions = 0;
        for name in holders.split('`').skip(1).step_by(2) {
            if name.contains('/') || name.ends_with(".rs") {
                path = name;
            } else {
                functions += 1;
                if !read(path).contains(&format!("fn {name}(")) {
                    faults.push(format!(
                        "ARCHITECTURE.md: {path} has no test `{name}`: correct the name or write the test"
                    ));
                }
            }
        }
        if functions == 0 {
            faults.push(format!("ARCHITECTURE.md: no function is named after Held by: {item}"));
        }
    }
    faults
}

fn crates() -> Vec<String> {
    let root = Path::new(ROOT);
    ["src", "providers"]
        .into_iter()
        .flat_map(|parent| folders(root, parent).unwrap().into_iter().map(move |name| format!("{parent}/{name}")))
        .chain(["tests/support", "tests/bench", "tests/chaos"].map(str::to_owned))
        .collect()
}

#[test]
fn every_cassette_says_where_it_comes_from() {
    let mut cassettes = below("providers", &[".json"]);
    cassettes.retain(|file| file.path.contains("/cassettes/"));
    assert!(!cassettes.is_empty(), "no cassettes below providers: is this the repository?");
    sound(&cassette_faults(&cassettes));
}

#[test]
fn every_setting_has_a_comment() {
    let files = below("config", &[".toml"]);
    assert!(files.iter().any(|file| file.path == "config/lendport.toml"));
    sound(&files.iter().flat_map(|file| comment_faults(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn the_readme_names_both_commands() {
    let text = read("README.md");
    let missing: Vec<_> = ["cargo run", "make test"].into_iter().filter(|command| !text.contains(command)).collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}: they are all that is needed");
}

#[test]
fn every_crate_explains_itself() {
    sound(&readme_faults(Path::new(ROOT), &crates()));
}

#[test]
fn files_stay_short() {
    sound(&length_faults(&below("", &[".rs"])));
}

#[test]
fn nothing_is_left_unfinished_or_bound_to_one_machine() {
    sound(&word_faults(&below("", &TEXTS)));
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    sound(&invariant_faults(&read("ARCHITECTURE.md"), &read));
}

/// A checker that cannot fail proves nothing.
#[test]
fn the_checks_find_what_is_wrong() {
    let file = |text: &str| SourceFile { path: "x".to_owned(), text: text.to_owned() };
    let cassettes =
        ["{}", "no", "{\"origin\": {\"kind\": \"guessed\"}}", "{\"origin\": {\"kind\": \"recorded\"}}"].map(file);
    assert_eq!(cassette_faults(&cassettes).len(), 3);

    assert_eq!(comment_faults("x", "# why\na = 1\nb = 2\n\n# far\n\nc = 3\n[d]\ne = 4\n# f = 5\n").len(), 3);
    assert_eq!(readme_faults(Path::new(ROOT), &["config".to_owned()]).len(), 2);

    let words = format!("a // TO{}\nfix\n\"/ro{}/x\" and a/ro{}/x\n", "DO", "ot", "ot");
    assert_eq!(word_faults(&[file(&words)]).len(), 2);
    assert_eq!(length_faults(&[file(&"x\n".repeat(LINES_MAX)), file(&"x\n".repeat(LINES_MAX + 1))]).len(), 1);

    let page = "# A\n\n## Invariants\n\nText.\n\n1. One. Held by `tests/a.rs` `there`.\n2. Two,\n   longer. Held by `tests/a.rs` \
                `there` and `gone`.\n3. Three.\n- Four. Held by nobody.\n\n## Stories\n- Five.\n";
    let read = |path: &str| if path == "tests/a.rs" { "fn there() {}".to_owned() } else { String::new() };
    assert_eq!(invariant_faults(page, &read).len(), 3);
    assert_eq!(invariant_faults("# A\n", &read).len(), 1);
}
