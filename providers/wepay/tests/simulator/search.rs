//! `/checkout/find`: filters, order, pages.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Running, start};

async fn found(sim: &Running, members: Value) -> Vec<u64> {
    let mut body = json!({ "account_id": ACCOUNT });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let list = sim.ok("find", &body).await;
    list.as_array().unwrap().iter().map(|one| one["checkout_id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn filters_order_and_pages() {
    let sim = start().await;
    assert_eq!(found(&sim, json!({})).await, Vec::<u64>::new());
    let a = sim.created(json!({"reference_id": "pay_1"})).await;
    sim.minutes(1).await;
    let b = sim.paid(json!({"reference_id": "pay_2", "hosted_checkout": {"shipping_fee": 2}})).await;
    sim.minutes(1).await;
    let c = sim.created(json!({"reference_id": "pay_2"})).await;
    let d = sim.created(json!({"payment_method": {"type": "preapproval", "preapproval": {"id": 77}}})).await;

    assert_eq!(found(&sim, json!({})).await, [d, c, b, a], "newest first");
    assert_eq!(found(&sim, json!({"sort_order": "asc"})).await, [a, b, c, d]);
    assert_eq!(found(&sim, json!({"sort_order": "DESC", "start": 1, "limit": 2})).await, [c, b]);
    assert_eq!(found(&sim, json!({"start": 4})).await, Vec::<u64>::new());
    assert_eq!(found(&sim, json!({"reference_id": "pay_2"})).await, [c, b], "not unique");
    assert_eq!(found(&sim, json!({"reference_id": "pay_2", "state": "captured"})).await, [b]);
    assert_eq!(found(&sim, json!({"shipping_fee": "2.00"})).await, [b]);
    assert_eq!(found(&sim, json!({"preapproval_id": 77})).await, [d]);
    // The clock began at 2026-11-21T12:00:00Z.
    assert_eq!(found(&sim, json!({"start_time": 1_795_262_400})).await, [d, c, b]);
    assert_eq!(
        found(&sim, json!({"start_time": "2026-11-21T12:00:30Z", "end_time": "2026-11-21 12:01:30"})).await,
        [b]
    );

    for wrong in [
        json!({"state": "released"}),
        json!({"sort_order": "up"}),
        json!({"start_time": "yesterday"}),
        json!({"limit": -1}),
        json!({"reference_id": 5}),
    ] {
        let mut body = json!({ "account_id": ACCOUNT });
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(sim.refused("find", &body).await.1, 1003, "{wrong}");
    }
    assert_eq!(sim.refused("find", &json!({})).await.1, 1004);
    let sim = sim.speaking("2016-07-13");
    assert_eq!(found(&sim, json!({"state": "released"})).await, [d, b]);
    assert_eq!(found(&sim, json!({"state": "captured"})).await, Vec::<u64>::new());
}

#[tokio::test]
async fn fifty_unless_more_are_asked_for() {
    let sim = start().await;
    for _ in 0..51 {
        sim.created(json!({})).await;
    }
    assert_eq!(found(&sim, json!({})).await.len(), 50);
    assert_eq!(found(&sim, json!({"limit": 51})).await.len(), 51);
}
