//! What a customer tells a lender is in no log at the most talkative level, in no row and in no answer but the one that shows
//! the agreement.

use std::path::Path;

use super::steps::{application, signature};
use super::steps_killed::Lender;
use super::*;
use crate::harness::Binary;

/// Everything that [`application`] says, and how tokens and ids of leases begin.
const SAID: [&str; 10] = [
    "471198362",
    "1971-03-19",
    "063100277",
    "83920174655",
    "quillfeather",
    "4319.75",
    "7325550186",
    "555-0186",
    "cxvpbgwtzmluz2vychjpbnq",
    "eyjhbgcioijiuzi1niisinr5cci6ikpxvcj9",
];

fn silent_about(text: &str, what: &str, words: &[&str]) {
    let lower = text.to_lowercase();
    for word in words {
        let leak = lower.lines().find(|line| line.contains(word));
        assert!(leak.is_none(), "{what} holds {word:?}: {leak:?}");
    }
}

fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("lendport.db") {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    assert!(text.len() > 10_000, "is this the database?");
    text
}

#[tokio::test]
async fn what_a_customer_says_is_neither_logged_nor_stored() {
    let lender = Lender::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = lender.settings(folder.path());
    crate::harness::binary::add_settings(&settings, "[log]\nlevel = \"trace\"\nformat = \"text\"\n");
    let (mut binary, merchant) = Binary::serve(&settings).await;
    let mut cart = cart();
    cart["customer"]["email"] = json!(CUSTOMER);
    let made = merchant.open(&cart).await.ok(201).clone();
    let post = async |step: &str, body: Value| {
        merchant.post(&format!("/v1/checkouts/{}/{step}", made.id()), &fresh(), &body).await
    };
    // Wrong in each of its parts first, then refused there, then lost, then taken.
    let mut wrong = application();
    wrong["ssn"] = json!("471198362 ");
    wrong["mobile_phone"] = json!("7325550186 Quillfeather");
    wrong["bank_account"]["routing_number"] = json!(63_100_277);
    wrong["83920174655"] = json!("4319.75");
    let refused = post("application", wrong).await.refused(422, "validation_failed").text.clone();
    // The name of a field that is not known is repeated, so that it can be found.
    silent_about(&refused, "the refusal", &SAID[..3]);
    let fault = json!({ "on": "apply", "kind": "error", "status": 400, "message": "ssn 471198362 is wrong" });
    lender.control(Method::POST, "faults", &fault).await;
    post("application", application()).await.ok(202);
    let failed = async || merchant.events(&made.id()).await.iter().any(|kind| kind == "operation.failed").then_some(());
    until("the refusal to be told", failed).await;
    lender.control(Method::POST, "faults", &json!({ "on": "apply", "kind": "reset" })).await;
    post("application", application()).await.ok(202);
    let unknown = async || {
        let timeline = merchant.timeline(&made.id()).await;
        let applies = timeline.iter().filter(|entry| entry["what"] == "apply");
        let outcomes: Vec<&str> = applies.filter_map(|entry| entry["outcome"].as_str()).collect();
        outcomes.iter().all(|outcome| outcome.starts_with("failed")).then_some(())
    };
    until("the lost one to be known to have left no trace", unknown).await;
    post("application", application()).await.ok(202);
    let preapproved = async || (merchant.status(&made.id()).await == "preapproved").then_some(());
    until("the decision", preapproved).await;
    let document = post("agreement", json!({})).await.ok(200).str("/document_sha256").to_owned();
    let shown = merchant.get(&format!("/v1/checkouts/{}/agreement", made.id())).await.ok(200).clone();
    assert_eq!(shown.str("/document_sha256"), document);
    let means = json!({ "bank_account": {
        "routing_number": "063100277", "account_number": "83920174655", "type": "savings" } });
    post("payment_methods", means).await.ok(200);
    post("agreement/sign", signature(&document)).await.ok(200);
    merchant.until_status(&made.id(), "authorized").await;
    let timeline = merchant.get(&format!("/v1/checkouts/{}/timeline", made.id())).await.text;
    let seen = merchant.read(&made.id()).await.text;
    let events = merchant.get("/v1/events").await.text;
    assert_eq!(binary.stop().await, Some(0));

    let log = binary.stderr();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the level was heard");
    assert!(log.contains("step answered"), "the story is in it");
    silent_about(&log, "the log", &SAID);
    silent_about(&binary.stdout(), "stdout", &SAID);
    silent_about(&files(folder.path()), "the database", &SAID);
    for (what, text) in [("the timeline", timeline), ("the checkout", seen), ("the events", events)] {
        silent_about(&text, what, &SAID);
    }
    let given = shown.str("/document");
    assert!(!files(folder.path()).contains(given), "the agreement's document is not kept");
}
