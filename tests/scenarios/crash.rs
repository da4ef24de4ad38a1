//! The program is killed: what was promised is still there, and what nobody knows is not called failed.

use serde_json::json;

use crate::harness::binary::{command, run, settings_file};
use crate::harness::{Binary, Loan, LoneSimulator, carts, fresh, until};

#[tokio::test]
async fn a_kill_during_a_create_leaves_it_unknown_and_the_same_key_goes_on_to_a_link() {
    let data = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let config = settings_file(data.path(), &simulator.lender.url);
    let (mut binary, merchant) = Binary::serve(&config).await;
    simulator.lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 60_000 })).await;
    let key = fresh();
    let request = merchant.request(reqwest::Method::POST, "/v1/checkouts").header("idempotency-key", &key);
    let lost = tokio::spawn(request.json(&carts::usa()).send());
    let taken_in = async || simulator.lender.requests().await.pop();
    let inv_id = until("the request at the provider", taken_in).await;
    binary.kill();
    assert!(lost.await.unwrap().is_err(), "the merchant hears nothing");

    let (_binary, merchant) = Binary::serve(&config).await;
    let list = merchant.get("/v1/checkouts").await;
    let id = list.str("/data/0/id").to_owned();
    assert_eq!(list.str("/data/0/status"), "indeterminate", "not failed, not open: unknown");
    let seen = merchant.read(&id).await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(false), &json!(null)));

    let made = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!((made.ok(201).id(), made.replayed()), (id.clone(), false));
    assert_eq!(made.str("/status"), "requires_customer_action");
    let page = merchant.http.get(made.str("/next_action/url")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(simulator.lender.calls("create").await, 2);
    let replay = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert!(replay.ok(201).replayed());

    // The link that nobody saw may still be approved by a lender: it is heard at its own address.
    let received = simulator.lender.received(&inv_id).await;
    assert_eq!(received["merchant_transaction_id"], format!("{id}-1"));
}

#[tokio::test]
async fn a_kill_right_after_an_ok_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (mut binary, ready) = Binary::dev(data.path(), &[]).await;
    let merchant = ready.merchant();
    let loan = Loan::open(&merchant, &ready.lender()).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    binary.kill();

    let (_binary, again) = Binary::dev(data.path(), &[]).await;
    assert_eq!(again.0["secret_key"], ready.0["secret_key"], "the same data folder, the same key");
    assert_eq!(again.0["merchant"], ready.0["merchant"]);
    let seen = again.merchant().read(&loan.id).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    let events = again.merchant().events(&loan.id).await;
    assert_eq!(events, ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]);
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_with_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let (mut binary, ready) = Binary::dev(data.path(), &[]).await;
    let mut second = command(&["dev", "--bind", "127.0.0.1:0"]);
    second.arg("--data-dir").arg(data.path());
    let ended = run(second).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("process {} is using the database", binary.id())), "{}", ended.stderr);
    assert!(ended.stderr.contains("stop it, or give this one another data directory"), "{}", ended.stderr);
    ready.merchant().open(&carts::usa()).await.ok(201);

    assert_eq!(binary.stop().await, Some(0), "a stop signal ends it well: {}", binary.stderr());
    let (_third, ready) = Binary::dev(data.path(), &[]).await;
    assert_eq!(ready.merchant().get("/v1/checkouts").await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stop_signal_lets_what_is_under_way_finish() {
    let data = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let config = settings_file(data.path(), &simulator.lender.url);
    let (mut binary, merchant) = Binary::serve(&config).await;
    simulator.lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 1_500 })).await;
    let (caller, key) = (merchant.clone(), fresh());
    let own = key.clone();
    let under_way = tokio::spawn(async move { caller.post("/v1/checkouts", &own, &carts::usa()).await });
    let called = async || (simulator.lender.calls("create").await == 1).then_some(());
    until("the call", called).await;
    assert_eq!(binary.stop().await, Some(0), "{}", binary.stderr());
    let made = under_way.await.unwrap();
    assert_eq!(made.ok(201).str("/status"), "requires_customer_action");
    assert!(merchant.http.get(format!("{}/healthz", merchant.url)).send().await.is_err(), "nobody is there any more");

    let (_binary, merchant) = Binary::serve(&config).await;
    let replay = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!((replay.ok(201).id(), replay.replayed()), (made.id(), true));
}
