//! Who may speak: a wrong signature is 401 and changes nothing; what a good one is worth.

use serde_json::json;

use super::{refused, stored};
use crate::harness::provider::receipt;
use crate::harness::{Loan, TestGateway, signature, until};

#[tokio::test]
async fn a_wrong_signature_is_401_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let before = loan.seen().await;
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    let timestamp = "1700000000";
    let good = signature(timestamp, body.as_bytes());
    let of_another_body = signature(timestamp, b"{}");
    for (timestamp, given) in [
        (timestamp, of_another_body.as_str()),
        ("1700000001", good.as_str()),
        (timestamp, ""),
        (timestamp, "0"),
        (timestamp, good.strip_suffix(|_: char| true).unwrap()),
        (timestamp, &format!("{good}0")),
    ] {
        let request = loan.request("application/json", body.as_bytes()).header("x-timestamp", timestamp);
        refused(&receipt(request.header("x-signature", given)).await, 401);
    }
    // Bytes that are no text are a signature all the same; without one the push would be believed.
    let request = loan.request("application/json", body.as_bytes()).header("x-timestamp", timestamp);
    refused(&receipt(request.header("x-signature", &b"\xc3\xa9\xff"[..])).await, 401);
    assert_eq!(loan.seen().await.facts(), before.facts());

    let request = loan.request("application/json", body.as_bytes()).header("x-timestamp", timestamp);
    stored(&receipt(request.header("x-signature", good.to_ascii_uppercase())).await);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), seen.str("/attempt/evidence")), ("authorized", "signed"));
}

#[tokio::test]
async fn the_simulators_wrong_signature_is_resent_and_never_believed() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let told = json!({ "status": "approved", "sign": "wrong" });
    assert_eq!(gateway.lender.decide(&loan.inv_id, told).await, [401]);
    let tried_again = async || {
        let tries = gateway.lender.request(&loan.inv_id).await["postbacks"][0]["tries_total"].as_u64().unwrap();
        (tries >= 3).then_some(())
    };
    until("two resends", tried_again).await;
    assert_eq!(loan.status().await, "requires_customer_action");
}

#[tokio::test]
async fn an_account_may_require_signatures() {
    let gateway = TestGateway::start().await;
    gateway.set_account(&[("signature_mode", "required")]).await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    refused(&loan.push_unsigned(&loan.body(&json!({ "status": "approved" }))).await, 401);
    let form = format!("function=transact&method=purchase&inv_status=Auth&inv_id={}", loan.inv_id);
    refused(&loan.push_raw("application/x-www-form-urlencoded", form.as_bytes(), None).await, 401);
    assert_eq!(loan.status().await, "requires_customer_action");
    stored(&loan.tell("approved").await);
    assert_eq!(loan.status().await, "authorized");
}

#[tokio::test]
async fn an_account_may_ask_for_fresh_timestamps() {
    let gateway = TestGateway::start().await;
    gateway.set_account(&[("timestamp_tolerance_s", "300")]).await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    refused(&loan.push_raw("application/json", body.as_bytes(), Some("1700000000")).await, 401);
    assert_eq!(gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await, [200]);
    assert_eq!(loan.status().await, "authorized");
}

#[tokio::test]
async fn with_signatures_off_a_wrong_one_is_still_refused() {
    let gateway = TestGateway::start().await;
    gateway.set_account(&[("signature_mode", "off")]).await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    let request = loan.request("application/json", body.as_bytes()).header("x-timestamp", "1");
    refused(&receipt(request.header("x-signature", signature("2", body.as_bytes()))).await, 401);
    stored(&loan.tell("approved").await);
    assert_eq!(loan.seen().await.str("/attempt/evidence"), "token", "a good one raises nothing here");
}
