//! Repeats, races and messages out of order.

use std::sync::Arc;

use serde_json::json;

use super::stored;
use crate::harness::{Loan, TestGateway, fresh, together};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_identical_postbacks_in_parallel_make_one_change_and_one_event() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let told = json!({ "status": "approved", "times": 10, "parallel": true, "timestamp": "1700000000" });
    assert_eq!(gateway.lender.decide(&loan.inv_id, told).await, [200; 10]);

    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/authorized")), ("authorized", "1420.00"));
    assert_eq!(
        loan.merchant.events(&loan.id).await,
        ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]
    );
    let entries = loan.merchant.timeline(&loan.id).await;
    let told: Vec<_> = entries.iter().filter(|entry| entry["what"] == "approved").collect();
    assert_eq!(told.len(), 1, "one observation");
    assert_eq!((&told[0]["repeats"], &told[0]["outcome"]), (&json!(9), &json!("awaiting_customer -> authorized")));
    assert!(loan.merchant.attention(&loan.id).await.is_empty());
}

#[tokio::test]
async fn a_repeat_with_another_timestamp_makes_no_event_either() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    for _ in 0..3 {
        stored(&loan.tell("approved").await);
    }
    let events = loan.merchant.events(&loan.id).await;
    assert_eq!(events, ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]);
    assert_eq!(loan.seen().await.str("/amounts/authorized"), "1420.00");
}

#[tokio::test]
async fn the_usual_way_is_told_step_by_step() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    assert_eq!(gateway.lender.decide(&loan.inv_id, json!({ "status": "preapproved" })).await, [200]);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("preapproved", &json!(false)));
    assert_eq!(gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await, [200]);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    assert_eq!(seen.body["blockers"], json!([]));
    assert_eq!(
        loan.merchant.events(&loan.id).await,
        ["checkout.created", "attempt.created", "attempt.preapproved", "checkout.ready_to_fulfill"]
    );
}

#[tokio::test]
async fn an_approval_that_overtakes_its_preapproval_stays() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let told = json!({ "sequence": ["approved", "preapproved"] });
    assert_eq!(gateway.lender.decide(&loan.inv_id, told).await, [200, 200]);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    let entries = loan.merchant.timeline(&loan.id).await;
    let late = entries.iter().find(|entry| entry["what"] == "preapproved").unwrap();
    assert_eq!(late["outcome"], "authorized -> preapproved refused: not a legal move");
    assert!(loan.merchant.attention(&loan.id).await.is_empty(), "nothing for a person to do");
}

#[tokio::test]
async fn a_no_after_a_yes_is_a_withdrawal_that_stops_the_parcel() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    stored(&loan.tell("approved").await);
    stored(&loan.tell("rejected").await);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("canceled", &json!(false)));
    assert_eq!(seen.str("/attempt/reason"), "withdrawn_by_provider");
    assert_eq!(seen.str("/amounts/authorized"), "0.00");
    assert_eq!(loan.merchant.attention(&loan.id).await, ["withdrawn_approval"]);
    assert!(loan.merchant.events(&loan.id).await.contains(&"checkout.canceled".to_owned()));
}

#[tokio::test]
async fn a_cancel_that_only_the_portal_can_do_opens_nothing_and_excuses_nothing() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    stored(&loan.tell("approved").await);
    let path = format!("/v1/checkouts/{}/cancel", loan.id);
    loan.merchant.post(&path, &fresh(), &json!({})).await.refused(422, "operation_not_supported");
    assert_eq!((loan.status().await.as_str(), loan.merchant.attention(&loan.id).await), ("authorized", vec![]));
    // What the financer takes back afterwards is its own no, as far as anybody here can know.
    stored(&loan.tell("rejected").await);
    assert_eq!(loan.merchant.attention(&loan.id).await, ["withdrawn_approval"]);
}

#[tokio::test]
async fn a_yes_after_a_no_is_a_late_approval() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    stored(&loan.tell("rejected").await);
    assert_eq!(loan.status().await, "declined");
    stored(&loan.tell("preapproved").await);
    assert_eq!(loan.status().await, "declined", "a pre-approval takes no decline back");
    stored(&loan.tell("approved").await);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    let events = loan.merchant.events(&loan.id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "attempt.late_approval").count(), 1);
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count(), 1);
}

#[tokio::test]
async fn being_ready_to_ship_is_announced_once_in_a_lifetime() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    for status in ["approved", "rejected", "approved", "preapproved", "approved"] {
        stored(&loan.tell(status).await);
    }
    assert_eq!(loan.status().await, "authorized");
    let events = loan.merchant.events(&loan.id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contradicting_postbacks_in_parallel_leave_one_consistent_state() {
    let gateway = TestGateway::start().await;
    let loan = Arc::new(Loan::open(&gateway.merchant, &gateway.lender).await);
    let told = ["approved", "rejected", "preapproved", "approved", "void", "rejected"].map(|status| {
        let loan = Arc::clone(&loan);
        async move { loan.tell(status).await }
    });
    for receipt in together(told).await {
        stored(&receipt);
    }
    let seen = loan.seen().await;
    let (status, authorized) = (seen.str("/status"), seen.str("/amounts/authorized"));
    let consistent = [("authorized", "1420.00"), ("canceled", "0.00"), ("declined", "0.00")];
    assert!(consistent.contains(&(status, authorized)), "{status} {authorized}");
    // Which comes last is chance. An approval after a withdrawal stands but ships nothing before a person has looked.
    let events = loan.merchant.events(&loan.id).await;
    let announced = events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count();
    match (status, seen.body["blockers"].as_array().unwrap().as_slice()) {
        ("authorized", []) => assert_eq!((&seen.body["can_fulfill"], announced), (&json!(true), 1)),
        ("authorized", blockers) => {
            assert_eq!(
                (&seen.body["can_fulfill"], blockers),
                (&json!(false), [json!("approval_after_withdrawal")].as_slice())
            );
        }
        _ => assert_eq!(seen.body["can_fulfill"], json!(false)),
    }
    assert!(announced <= 1, "told to ship {announced} times");
    let sequences: Vec<_> =
        seen.body["events"].as_array().unwrap().iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=u64::try_from(sequences.len()).unwrap()).collect::<Vec<_>>(), "no gap, no repeat");
}
