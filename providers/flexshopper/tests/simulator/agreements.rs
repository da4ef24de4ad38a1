//! Agreements and payments on them.

use serde_json::{Value, json};

use crate::support::{card, cart, start, text};

#[tokio::test]
async fn an_agreement_begins_with_finalization() {
    let sim = start().await;
    let path = "customers/me/agreements";
    let ada = sim.approved("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "400", 1), ("B", "50", 1)])).await;
    assert_eq!(sim.sign(&ada, &lease).await.status, 200);
    assert_eq!(sim.get(path, Some(&ada.token)).await.json(), json!([]));
    sim.ok("transactions/T-1/finalize", None, &Value::Null).await;
    let parcel = json!({"items": [{"sku": "A", "carrier": "UPS", "shipDate": "2026-11-21", "trackingNumber": "1Z"}]});
    sim.ok("transactions/T-1/confirm-shipment", None, &parcel).await;
    sim.turn("/requests/T-1/decide", json!({"past_due": "45"})).await;
    let seen = sim.get(path, Some(&ada.token)).await.json();
    let items = json!([
        {"description": "Thing A", "trackingCarrierName": "UPS", "trackingNumber": "1Z", "trackingStatus": "in_transit"},
        {"description": "Thing B"}
    ]);
    let expected = json!([{
        "id": seen[0]["id"], "referenceId": seen[0]["referenceId"], "pastDue": 4500,
        "leaseStartDate": "2026-11-28T12:00:00.000Z", "estimatedOwnership": 0, "earlyPayoff": 945, "items": items
    }]);
    assert_eq!(seen, expected);
    let reference = text(&seen[0]["referenceId"]);
    assert!(reference.len() == 12 && reference.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
    sim.turn("/requests/T-1/decide", json!({"status": "deliver"})).await;
    let seen = sim.get(path, Some(&ada.token)).await.json();
    assert_eq!(seen[0]["items"][0]["trackingStatus"], "delivered");
    sim.set(json!({"enveloped_lists": true})).await;
    assert_eq!(sim.get(path, Some(&ada.token)).await.json(), json!({ "data": seen }));
    sim.stop().await;
}

#[tokio::test]
async fn payments_are_collected_declined_and_split() {
    let sim = start().await;
    let ada = sim.finalized(&cart("T-1", &[("A", "400", 1)])).await;
    let mut bad = card("decline");
    bad["primary"] = false.into();
    sim.ok("paymentMethods/add", Some(&ada.token), &bad).await;
    let methods = sim.get("customers/me/payment-methods", Some(&ada.token)).await.json();
    let agreement = text(&sim.get("customers/me/agreements", Some(&ada.token)).await.json()[0]["id"]);
    let path = format!("customers/me/agreements/{agreement}/transactions/payment");
    let body = |place: usize, amount: Value| json!({"paymentMethodId": methods[place]["id"], "amount": amount});
    sim.turn("/requests/T-1/decide", json!({"past_due": "45"})).await;
    let collect = async |body: Value| sim.post(&path, Some(&ada.token), &body).await.json();

    let paid = collect(body(0, json!(17.28))).await;
    assert_eq!(paid, json!([{"paymentId": paid[0]["paymentId"], "amount": 17.28, "outcome": "success"}]));
    let declined = collect(body(1, json!(2))).await;
    assert_eq!(declined[0]["failureCode"], "123");
    let due = async || sim.get("customers/me/agreements", Some(&ada.token)).await.json()[0]["pastDue"].clone();
    assert_eq!(due().await, 2772);
    sim.set(json!({"split_payments": true})).await;
    let parts = collect(body(0, json!(27.71))).await;
    assert_eq!((&parts[0]["amount"], &parts[1]["amount"]), (&json!(13.86), &json!(13.85)));
    assert_eq!(due().await, 1);

    assert_eq!(sim.refused(&path, Some(&ada.token), &json!({"amount": 1})).await.2, "\"paymentMethodId\" is required");
    assert_eq!(sim.refused(&path, Some(&ada.token), &json!({"amount": 1, "paymentMethodId": "x"})).await.0, 400);
    let bob = sim.approved("bob@example.com").await;
    assert_eq!(sim.refused(&path, Some(&bob.token), &body(0, json!(1))).await.0, 400, "somebody else's");
    assert_eq!(due().await, 1);
    sim.stop().await;
}
