//! Refunds start in the lender's portal and are only told to us.

use serde_json::{Value, json};

use super::stored;
use crate::harness::{Answer, Loan, TestGateway};

async fn approved(gateway: &TestGateway) -> Loan {
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    stored(&loan.tell("approved").await);
    loan
}

async fn refund(loan: &Loan, amount: Value) -> Answer {
    let updates = json!({ "status": "refund", "amount": amount });
    stored(&loan.push(&loan.body(&updates)).await);
    loan.seen().await
}

#[tokio::test]
async fn partial_refunds_add_up_until_all_is_given_back() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    let seen = refund(&loan, json!("1200.00")).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("authorized", "1200.00"));
    // A number is read digit by digit too.
    let seen = refund(&loan, json!(100.5)).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("authorized", "1300.50"));
    let seen = refund(&loan, json!("119.50")).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("refunded", "1420.00"));
    assert_eq!(seen.body["can_fulfill"], false);

    let list = loan.merchant.get(&format!("/v1/checkouts/{}/refunds", loan.id)).await;
    let amounts: Vec<_> = list.body["data"].as_array().unwrap().iter().map(|row| row["amount"].clone()).collect();
    assert_eq!(amounts, ["1200.00", "100.50", "119.50"]);
    let events = loan.merchant.events(&loan.id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.refunded").count(), 3);
    assert!(loan.merchant.attention(&loan.id).await.is_empty());
}

#[tokio::test]
async fn a_refund_in_full_or_by_the_older_action_word_is_understood() {
    let gateway = TestGateway::start().await;
    for updates in [
        json!({ "status": "refund", "amount": "1420.00" }),
        json!({ "action": "refund", "amount": "1420.00" }),
        json!({ "action": "refund", "amount": 1420 }),
    ] {
        let loan = approved(&gateway).await;
        stored(&loan.push(&loan.body(&updates)).await);
        let seen = loan.seen().await;
        assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("refunded", "1420.00"), "{updates}");
    }
}

#[tokio::test]
async fn more_than_was_approved_is_capped_and_flagged() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    refund(&loan, json!("1000.00")).await;
    let seen = refund(&loan, json!("500.00")).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("refunded", "1420.00"));
    assert_eq!(loan.merchant.attention(&loan.id).await, ["refund_above_approved"]);
}

#[tokio::test]
async fn a_refund_without_a_readable_amount_is_flagged_and_changes_no_total() {
    let gateway = TestGateway::start().await;
    for amount in [Value::Null, json!(""), json!("12,00"), json!("-5.00"), json!("1.005"), json!("0.00"), json!({})] {
        let loan = approved(&gateway).await;
        let seen = refund(&loan, amount.clone()).await;
        assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("authorized", "0.00"), "{amount}");
        assert_eq!(loan.merchant.attention(&loan.id).await, ["refund_without_amount"], "{amount}");
    }
    let loan = approved(&gateway).await;
    stored(&loan.tell("refund").await);
    assert_eq!(loan.seen().await.str("/amounts/refunded"), "0.00");
    assert_eq!(loan.merchant.attention(&loan.id).await, ["refund_without_amount"]);
}

#[tokio::test]
async fn equal_refunds_count_once_unless_their_timestamps_tell_them_apart() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    let body = loan.body(&json!({ "status": "refund", "amount": "100.00" }));
    for _ in 0..3 {
        stored(&loan.push_unsigned(&body).await);
    }
    assert_eq!(loan.seen().await.str("/amounts/refunded"), "100.00");
    assert_eq!(loan.merchant.attention(&loan.id).await, ["refund_repeated"], "flagged once");

    let loan = approved(&gateway).await;
    let body = loan.body(&json!({ "status": "refund", "amount": "100.00" })).to_string();
    for timestamp in ["1700000000", "1700000060", "1700000060"] {
        stored(&loan.push_raw("application/json", body.as_bytes(), Some(timestamp)).await);
    }
    assert_eq!(loan.seen().await.str("/amounts/refunded"), "200.00", "the third is the second, sent again");
    assert!(loan.merchant.attention(&loan.id).await.is_empty());
}

#[tokio::test]
async fn a_refund_of_what_was_never_approved_is_flagged() {
    let gateway = TestGateway::start().await;
    for before in ["preapproved", "rejected"] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        stored(&loan.tell(before).await);
        let status = loan.status().await;
        let seen = refund(&loan, json!("100.00")).await;
        assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), (status.as_str(), "0.00"));
        assert_eq!(loan.merchant.attention(&loan.id).await, ["refund_not_approved"]);
    }
}
