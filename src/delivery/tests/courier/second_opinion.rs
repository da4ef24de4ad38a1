//! What the courier sends, verified by the public Standard Webhooks library for Python: not by our own code.
//!
//! `.ci/install-python-deps.sh` puts that library into `python/` below Cargo's target folder. Another Python that has it
//! can be named in `LENDPORT_TEST_PYTHON`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{EndpointSecret, Secret};

use crate::receiver::{Received, Receiver, Reply};
use crate::world::{OLD_SECRET, SECRET, World, until};

/// A secret that never signed here: 24 bytes of 7.
const FOREIGN_SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("LENDPORT_TEST_PYTHON") {
        return named.into();
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("python/bin/python3");
    assert!(python.exists(), "{} is not there: run .ci/install-python-deps.sh once", python.display());
    python
}

/// What the library says of each case.
fn verdicts(cases: &[(&str, &BTreeMap<String, String>, &[u8])]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/courier/verify.py");
    let mut child = Command::new(python()).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for (secret, headers, body) in cases {
        let case = serde_json::json!({"secret": secret, "headers": headers, "body": STANDARD.encode(body)});
        writeln!(stdin, "{case}").unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the Python side failed: run .ci/install-python-deps.sh once");
    let verdicts: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(verdicts.len(), cases.len());
    verdicts
}

fn tampered(one: &Received) -> Vec<(BTreeMap<String, String>, Vec<u8>)> {
    let with = |name: &str, value: String| {
        let mut headers = one.headers.clone();
        headers.insert(name.to_owned(), value);
        (headers, one.body.clone())
    };
    let text = String::from_utf8(one.body.clone()).unwrap();
    let body = |text: String| (one.headers.clone(), text.into_bytes());
    let second: i64 = one.headers["webhook-timestamp"].parse().unwrap();
    let mut unsigned = one.headers.clone();
    unsigned.remove("webhook-signature");
    vec![
        body(text.replace("\"sequence\":1", "\"sequence\":2")),
        body(text.replace('ö', "o")),
        body(format!("{text} ")),
        with("webhook-id", one.headers["webhook-id"].replace("evt_", "evt_0")),
        with("webhook-timestamp", (second + 1).to_string()),
        with("webhook-signature", "v1,AAAA".to_owned()),
        (unsigned, one.body.clone()),
    ]
}

#[tokio::test]
async fn an_independent_library_believes_what_we_sign_and_nothing_else() {
    let world = World::new();
    // The library compares the timestamp with the time of the machine.
    #[expect(clippy::disallowed_methods, reason = "the other program reads the same clock")]
    world.clock.set(Timestamp::now());
    let (steady, rotating) =
        (Receiver::start(Reply::Status(200, "")).await, Receiver::start(Reply::Status(200, "")).await);
    world.endpoint(&steady.url);
    world.endpoint_with(world.tenant, &rotating.url, |endpoint| {
        let expires_at = endpoint.created_at.checked_add(SignedDuration::from_hours(24)).ok();
        endpoint.secrets.push(EndpointSecret { text: Secret::from(OLD_SECRET), expires_at });
    });
    let courier = world.start();
    for _ in 0..3 {
        world.tell(world.checkout(), 1);
    }
    until("all deliveries", || (steady.count(), rotating.count()) == (3, 3)).await;
    courier.stopped().await;

    let (steady, rotating) = (steady.received(), rotating.received());
    let mut expected = Vec::new();
    let mut cases = Vec::new();
    for one in steady.iter().chain(&rotating) {
        assert!(String::from_utf8_lossy(&one.body).contains("Größe 52 🛋"));
        let both = one.headers["webhook-signature"].contains(' ');
        for (secret, believed) in [(SECRET, true), (OLD_SECRET, both), (FOREIGN_SECRET, false)] {
            cases.push((secret, one.headers.clone(), one.body.clone()));
            expected.push(believed);
        }
        for (headers, body) in tampered(one) {
            cases.push((SECRET, headers, body));
            expected.push(false);
        }
    }
    assert_eq!(expected.iter().filter(|believed| **believed).count(), 3 + 2 * 3);
    let asked: Vec<_> = cases.iter().map(|(secret, headers, body)| (*secret, headers, body.as_slice())).collect();
    for (((verdict, expected), case), number) in verdicts(&asked).iter().zip(expected).zip(&cases).zip(0..) {
        assert_eq!(verdict == "yes", expected, "case {number}: {verdict}; {:?}", case.1);
    }
}
