//! The same request twice: one effect, one answer.

use serde_json::json;

use crate::harness::{Loan, TestGateway, carts, fresh, together, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_equal_requests_in_parallel_make_one_call_and_equal_answers() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    let answers = together((0..50).map(|_| {
        let (merchant, key) = (gateway.merchant.clone(), key.clone());
        async move { merchant.post("/v1/checkouts", &key, &carts::usa()).await }
    }))
    .await;

    let again = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert!(again.ok(201).replayed());
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(answers.iter().filter(|answer| answer.status == 201 && !answer.replayed()).count(), 1);
    for answer in &answers {
        if answer.status == 201 {
            assert_eq!(answer.text, again.text);
        } else {
            answer.refused(409, "idempotency_key_in_flight");
            assert_eq!(answer.body["retryable"], true);
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert_eq!(gateway.lender.calls("create").await, 1);
    assert_eq!(gateway.lender.requests().await.len(), 1);
    assert_eq!(gateway.merchant.get("/v1/checkouts").await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_comes_during_the_call_is_told_to_wait_and_then_gets_the_same() {
    let gateway = TestGateway::start().await;
    gateway.lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 12_000 })).await;
    let key = fresh();
    let (merchant, own) = (gateway.merchant.clone(), key.clone());
    let first = tokio::spawn(async move { merchant.post("/v1/checkouts", &own, &carts::usa()).await });
    let called = async || (gateway.lender.calls("create").await == 1).then_some(());
    until("the call", called).await;
    let second = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    second.refused(409, "idempotency_key_in_flight");
    assert_eq!(second.header("retry-after"), "1");

    let first = first.await.unwrap();
    assert!(!first.ok(201).replayed());
    let third = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert!(third.ok(201).replayed());
    assert_eq!(third.text, first.text);
    assert_eq!(gateway.lender.calls("create").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_longer_than_the_time_limit_finds_the_result_under_the_key() {
    let gateway = TestGateway::start_with(&[("server.request_timeout_ms", "300")]).await;
    gateway.lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 10_000 })).await;
    let key = fresh();
    let late = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    late.refused(504, "gateway_timeout");
    assert_eq!(late.body["retryable"], true);
    // The work goes on by itself. On a busy machine a replay may take too long as well.
    let found = async || {
        let again = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
        (again.status != 409 && again.status != 504).then_some(again)
    };
    let again = until("the result", found).await;
    assert!(again.ok(201).replayed());
    assert_eq!(gateway.lender.calls("create").await, 1);
}

#[tokio::test]
async fn a_merchant_who_hangs_up_does_not_stop_the_work() {
    let gateway = TestGateway::start().await;
    gateway.lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 3_000 })).await;
    let key = fresh();
    let request = gateway.merchant.request(reqwest::Method::POST, "/v1/checkouts").header("idempotency-key", &key);
    let caller = tokio::spawn(request.json(&carts::usa()).send());
    until("the call", async || (gateway.lender.calls("create").await == 1).then_some(())).await;
    caller.abort();
    let _ = caller.await;
    let found = async || {
        let again = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
        (again.status != 409).then_some(again)
    };
    let again = until("the result", found).await;
    assert!(again.ok(201).replayed());
    assert_eq!(gateway.lender.calls("create").await, 1);
}

#[tokio::test]
async fn a_replay_is_the_answer_of_that_time_whatever_happened_since() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    let first = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    Loan::of(&gateway.merchant, &gateway.lender, first.ok(201)).await.tell("approved").await;
    let again = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!((again.status, again.replayed(), &again.text), (201, true, &first.text));
    assert_eq!(gateway.merchant.status(&first.id()).await, "authorized");
}

#[tokio::test]
async fn another_body_under_the_same_key_is_422() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await.ok(201);
    for other in [carts::canada(), json!({})] {
        let refused = gateway.merchant.post("/v1/checkouts", &key, &other).await;
        refused.refused(422, "idempotency_key_reused");
        assert!(!refused.replayed());
    }
    assert_eq!(gateway.lender.calls("create").await, 1);
}

#[tokio::test]
async fn a_key_is_needed_and_has_to_be_one() {
    let gateway = TestGateway::start().await;
    let request = || gateway.merchant.request(reqwest::Method::POST, "/v1/checkouts").json(&carts::usa());
    let refused = gateway.merchant.send(request()).await;
    refused.refused(400, "idempotency_key_missing");
    for wrong in ["", " ", &"k".repeat(256)] {
        let refused = gateway.merchant.send(request().header("idempotency-key", wrong)).await;
        refused.refused(400, "idempotency_key_invalid");
    }
    let twice = request().header("idempotency-key", "a").header("idempotency-key", "b");
    gateway.merchant.send(twice).await.refused(400, "idempotency_key_invalid");
    assert_eq!(gateway.lender.calls("create").await, 0);
}

#[tokio::test]
async fn keys_belong_to_one_merchant_and_one_route() {
    let gateway = TestGateway::start().await;
    let other = gateway.another_merchant("Another shop").await;
    let key = fresh();
    let mine = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    let theirs = other.post("/v1/checkouts", &key, &carts::usa()).await;
    assert!(!theirs.ok(201).replayed());
    assert_ne!(mine.ok(201).id(), theirs.id());

    let loan = Loan::of(&gateway.merchant, &gateway.lender, &mine).await;
    gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await;
    let path = format!("/v1/checkouts/{}/shipments", mine.id());
    let shipped = gateway.merchant.post(&path, &key, &json!({ "status": "shipped" })).await;
    assert!(!shipped.ok(201).replayed());
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free_to_be_corrected() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    let mut wrong = carts::usa();
    wrong["customer"]["email"] = json!("nobody");
    gateway.merchant.post("/v1/checkouts", &key, &wrong).await.refused(422, "validation_failed");
    gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await.ok(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_is_told_once_and_replayed() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await;
    let (path, key) = (format!("/v1/checkouts/{}/shipments", loan.id), fresh());
    let parcel = json!({ "status": "shipped", "carrier": "UPS", "tracking_number": "1Z999" });
    let answers = together((0..10).map(|_| {
        let (merchant, path, key, parcel) = (gateway.merchant.clone(), path.clone(), key.clone(), parcel.clone());
        async move { merchant.post(&path, &key, &parcel).await }
    }))
    .await;
    let again = gateway.merchant.post(&path, &key, &parcel).await;
    assert!(again.ok(201).replayed());
    for answer in answers {
        if answer.status == 201 {
            assert_eq!(answer.text, again.text);
        } else {
            answer.refused(409, "idempotency_key_in_flight");
        }
    }
    assert_eq!(gateway.lender.calls("shipping").await, 1);
    let other = gateway.merchant.post(&path, &key, &json!({ "status": "delivered" })).await;
    other.refused(422, "idempotency_key_reused");
}
