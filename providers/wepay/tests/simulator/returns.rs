//! Money that goes back: partial and full refunds, app fees, charge-backs won and lost.

use serde_json::{Value, json};

use crate::support::{Refused as _, Running, start};

async fn refund(sim: &Running, id: u64, members: Value) -> Value {
    let mut body = json!({"checkout_id": id, "refund_reason": "returned"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let reply = sim.call("refund", &body).await;
    if reply.status == 200 { reply.json()["state"].clone() } else { reply.error().1.into() }
}

async fn back(sim: &Running, id: u64) -> (Value, Value) {
    let seen = sim.look(id).await;
    (seen["refund"]["amount_refunded"].clone(), seen["chargeback"]["amount_charged_back"].clone())
}

#[tokio::test]
async fn two_parts_and_then_the_rest() {
    let sim = start().await;
    // 100, of which 96.80 reach the payee.
    let id = sim.paid(json!({})).await;
    assert_eq!(refund(&sim, id, json!({"amount": 30})).await, "captured");
    assert_eq!(refund(&sim, id, json!({"amount": "20.25"})).await, "captured");
    assert_eq!(back(&sim, id).await.0, json!(50.25));
    assert_eq!(refund(&sim, id, json!({"amount": 49.76})).await, 1008);
    assert_eq!(refund(&sim, id, json!({"amount": 49.75})).await, "refunded");
    assert_eq!(back(&sim, id).await.0, json!(100));
    assert_eq!(refund(&sim, id, json!({})).await, 4004);

    let id = sim.paid(json!({})).await;
    assert_eq!(refund(&sim, id, json!({"amount": 30})).await, "captured");
    assert_eq!(refund(&sim, id, json!({})).await, "refunded", "without an amount: the rest");
}

#[tokio::test]
async fn the_net_is_a_limit() {
    let sim = start().await;
    let id = sim.paid(json!({})).await;
    for amount in ["100", "96.80"] {
        assert_eq!(refund(&sim, id, json!({ "amount": amount })).await, 1003, "a full refund leaves the amount out");
    }
    assert_eq!(refund(&sim, id, json!({"amount": 100.01})).await, 1008);
    assert_eq!(refund(&sim, id, json!({"amount": 0})).await, 1003);
    assert_eq!(refund(&sim, id, json!({"amount": -1})).await, 1003);
    assert_eq!(refund(&sim, id, json!({"amount": 1.001})).await, 1003);
    assert_eq!(refund(&sim, id, json!({"amount": 96.79})).await, "captured");
    assert_eq!(refund(&sim, id, json!({"amount": 0.02})).await, 1008);

    sim.set(json!({"refund_limit": "net", "refund_rest": false})).await;
    assert_eq!(refund(&sim, id, json!({"amount": 3.21})).await, 1008);
    assert_eq!(refund(&sim, id, json!({})).await, 1008);
    let text = "You may not refund more than the non-refunded balance of the payment";
    let body = json!({"checkout_id": id, "refund_reason": "why"});
    assert_eq!(sim.refused("refund", &body).await, (500, 1008, text.to_owned()));
    assert_eq!(refund(&sim, id, json!({"amount": 0.01})).await, "captured");
    assert_eq!(back(&sim, id).await.0, json!(96.8));
}

#[tokio::test]
async fn app_fees_and_payers_fees() {
    let sim = start().await;
    let id = sim.paid(json!({"fee": {"app_fee": 10, "fee_payer": "payee"}})).await;
    let seen = sim.seen(id).await;
    assert_eq!(
        (&seen["gross"], &seen["net"], &seen["processing_fee"]),
        (&json!("100"), &json!("86.80"), &json!("3.20"))
    );
    for app_fee in ["10", "11"] {
        assert_eq!(refund(&sim, id, json!({"amount": 50, "app_fee": app_fee})).await, 1003);
    }
    assert_eq!(refund(&sim, id, json!({"amount": 50, "app_fee": 5})).await, "captured");
    assert_eq!(refund(&sim, id, json!({"amount": 45, "app_fee": 5})).await, 1003, "only 5 are left of the app fee");
    assert_eq!(refund(&sim, id, json!({"amount": 41.81})).await, 1008, "45 of 86.80 are gone");
    assert_eq!(refund(&sim, id, json!({"amount": 41.80})).await, "captured");

    let id = sim.paid(json!({"fee": {"app_fee": 10, "fee_payer": "payer"}})).await;
    assert_eq!(sim.look(id).await["gross"], json!(113.49));
    assert_eq!(refund(&sim, id, json!({})).await, "refunded");
    assert_eq!(back(&sim, id).await.0, json!(113.49));
}

#[tokio::test]
async fn the_window_closes() {
    let sim = start().await;
    let (early, late) = (sim.paid(json!({})).await, sim.paid(json!({})).await);
    sim.days(60).await;
    assert_eq!(refund(&sim, early, json!({"amount": 1})).await, "captured");
    sim.minutes(1).await;
    assert_eq!(refund(&sim, late, json!({})).await, 4004);
}

#[tokio::test]
async fn charge_backs_won_and_lost() {
    let sim = start().await;
    let id = sim.paid(json!({})).await;
    assert!(sim.look(id).await["chargeback"]["dispute_uri"].is_string());
    assert_eq!(refund(&sim, id, json!({"amount": 30})).await, "captured");
    sim.decide(id, json!({"status": "chargeback", "amount": "20"})).await;
    assert_eq!(sim.state(id).await, "captured");
    assert_eq!(back(&sim, id).await, (json!(30), json!(20)));
    assert_eq!(refund(&sim, id, json!({"amount": 50.01})).await, 1008, "what the bank took is gone");
    sim.decide(id, json!({"status": "chargeback"})).await;
    assert_eq!(sim.state(id).await, "charged back");
    assert_eq!(back(&sim, id).await, (json!(30), json!(70)));
    assert_eq!(refund(&sim, id, json!({})).await, 4004);
    assert_eq!(sim.seen(id).await["dispute"], "open");
    sim.decide(id, json!({"status": "chargeback_won"})).await;
    assert_eq!(sim.state(id).await, "captured");
    assert_eq!(back(&sim, id).await, (json!(30), json!(0)));
    assert_eq!(
        sim.control("POST", &format!("/requests/{id}/decide"), &json!({"status": "chargeback_won"})).await.status,
        409
    );

    let id = sim.paid(json!({})).await;
    sim.decide(id, json!({"sequence": ["chargeback", "chargeback_lost"]})).await;
    let seen = sim.seen(id).await;
    assert_eq!(
        (&seen["state"], &seen["dispute"], &seen["charged_back"]),
        (&json!("charged back"), &json!("lost"), &json!("100"))
    );
    for amount in [json!("101"), json!("0")] {
        let fresh = sim.paid(json!({})).await;
        let body = json!({"status": "chargeback", "amount": amount});
        assert_eq!(sim.control("POST", &format!("/requests/{fresh}/decide"), &body).await.status, 409);
    }
}
