//! The cassettes and the README, held against the code: every call in every dialect, every class of error, every state.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lendport_core::{AttemptState, RetryClass};
use lendport_outbound::Answer;
use serde_json::Value;

use crate::dialect::{ApiVersion, Dialect, Stage};
use crate::error::{self, Told};
use crate::error_class::{self, Class};
use crate::standing::state_from;
use crate::verb::Verb;
use crate::wire::ErrorBody;

const README: &str = include_str!("../README.md");

fn below(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Every cassette by its name.
fn cassettes() -> BTreeMap<String, Value> {
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    };
    below("cassettes").into_iter().map(named).collect()
}

fn interactions(cassette: &Value) -> Vec<&Value> {
    cassette["interactions"].as_array().map_or_else(Vec::new, |list| list.iter().collect())
}

/// The call of a request and the dialect it was made in.
fn call_of(interaction: &Value) -> (Verb, Dialect) {
    let request = &interaction["request"];
    let path: Vec<&str> = request["path"].as_str().unwrap().trim_start_matches('/').split('/').collect();
    let verb = Verb::ALL.into_iter().find(|verb| verb.path() == path).unwrap();
    let version = ApiVersion::parse(request["headers"]["api-version"].as_str().unwrap()).unwrap();
    (verb, version.dialect())
}

/// What the rows of a README table say, cell by cell; the table is the first one below a heading.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    let lines = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    lines.skip(2).map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The words in backticks.
fn words(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_call_of_both_dialects_has_a_documented_cassette() {
    let cassettes = cassettes();
    let documented = cassettes.values().filter(|cassette| cassette["origin"]["kind"] == "documented");
    let shown: Vec<_> = documented.flat_map(interactions).filter(|one| one["response"]["status"] == 200).collect();
    for verb in Verb::ALL {
        for dialect in [Dialect::A, Dialect::B] {
            let there = shown.iter().any(|one| call_of(one) == (verb, dialect));
            // Dialect A has no such call (4.8).
            assert_eq!(there, (verb, dialect) != (Verb::Release, Dialect::A), "{verb:?} {dialect:?}");
        }
    }
}

#[test]
fn every_class_of_error_has_a_cassette() {
    let cassettes = cassettes();
    let classes = cassettes.values().flat_map(interactions).filter_map(|one| {
        let status = u16::try_from(one["response"]["status"].as_u64()?).unwrap();
        let body = ErrorBody::read(one["response"]["body"].to_string().as_bytes());
        let failed = body.is_some() || status != 200;
        let (code, word) = body.as_ref().map_or((None, None), |body| (body.code(), body.word()));
        failed.then(|| error_class::of(code, word, status))
    });
    let classes: Vec<Class> = classes.collect();
    for class in Class::ALL {
        assert!(classes.contains(&class), "{class:?}");
    }
}

#[test]
fn every_cassette_says_where_it_comes_from_and_is_played() {
    let tests: String = ["suite.rs", "failures.rs", "behaviour.rs", "notification.rs"]
        .map(|name| fs::read_to_string(format!("{}/tests/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap())
        .concat();
    let cassettes = cassettes();
    assert!(!cassettes.is_empty());
    for (name, cassette) in &cassettes {
        assert_eq!(cassette["scenario"], **name);
        let source = cassette["origin"]["source"].as_str().unwrap_or_default();
        match cassette["origin"]["kind"].as_str().unwrap() {
            "documented" => assert!(source.contains("seed 003") || source.contains("wepay.md"), "{name}: {source}"),
            "handwritten" => {}
            // Nobody here ever had an account at WePay.
            kind => panic!("{name} claims to be {kind}"),
        }
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is played by no test");
    }
}

#[test]
fn the_readme_tells_the_states_as_they_are_mapped() {
    let mut told = BTreeSet::new();
    for row in table("States") {
        let [a, b, ours, why] = row[..] else { panic!("{row:?}") };
        assert!(why.len() > 10, "{a}: no reason");
        let state = words(ours).first().map(|word| AttemptState::parse(word).unwrap());
        // The one row about an amount: the engine sees it, whatever the word says.
        if a.contains("amount_refunded") {
            assert_eq!(state, Some(AttemptState::Refunded));
            continue;
        }
        let of_b = if b == "the same" { words(a) } else { words(b) };
        for (dialect, words) in [(Dialect::A, words(a)), (Dialect::B, of_b)] {
            for word in words {
                assert_eq!(Stage::read(dialect, word).map(state_from), state, "{dialect:?} {word}");
                told.insert((dialect == Dialect::B, word));
            }
        }
        assert_eq!(state.is_none(), a == "any other word", "{a}");
    }
    // Both spellings of the long one: ten words in each dialect.
    assert_eq!(told.len(), 20);
}

#[test]
fn the_readme_tells_the_errors_as_they_are_classed() {
    let mut told = BTreeSet::new();
    for row in table("Errors") {
        let [codes, kind, commit, retry] = row[..] else { panic!("{row:?}") };
        // 1008 and its kind depend on the text and the call; `error.rs` has tests of their own.
        let of_codes = codes.starts_with(|c: char| c.is_ascii_digit()) && !codes.contains("no readable body");
        for code in numbers(codes).into_iter().filter(|code| of_codes && *code != 1008) {
            let body = format!(r#"{{"error":"x","error_description":"","error_code":{code}}}"#);
            let answer = Answer::new(400, Vec::new(), body.into_bytes());
            let body = ErrorBody::read(&answer.body);
            for verb in Verb::ALL {
                let error = error::from_answer(&answer, body.as_ref(), Told { verb, order: None });
                assert_eq!(format!("{:?}", error.kind), words(kind)[0], "{code} {verb:?}");
                assert_eq!(format!("{:?}", error.commit), words(commit)[0], "{code} {verb:?}");
                let expected = match retry {
                    "never" => RetryClass::Never,
                    "after a look" => RetryClass::AfterLookup,
                    "same request" => RetryClass::SameRequest,
                    "same request; new attempt for a create" if verb == Verb::Create => RetryClass::NewAttempt,
                    "same request; new attempt for a create" => RetryClass::SameRequest,
                    other => panic!("{other}"),
                };
                assert_eq!(error.retry, expected, "{code} {verb:?}");
            }
            told.insert(code);
        }
    }
    let known = (0..11_000).filter(|code| error_class::of_code(*code).is_some());
    let untold: Vec<u64> = known.filter(|code| !told.contains(code)).collect();
    assert_eq!(untold, [1008, 2019]);
}

/// The codes of a cell, ranges written with "to".
fn numbers(cell: &str) -> Vec<u64> {
    let mut found: Vec<u64> = Vec::new();
    let mut range = false;
    for word in cell.split([' ', ',', ';']).filter(|word| !word.is_empty()) {
        match word.parse() {
            Ok(last) if range => found.extend(found[found.len() - 1] + 1..=last),
            Ok(code) => found.push(code),
            Err(_) => {}
        }
        range = word == "to";
    }
    found
}
