//! Shipments, pick-ups, cancels and returns, line by line.

use serde_json::{Value, json};

use crate::support::{Refused as _, Running, card, cart, start};

async fn line(sim: &Running, sku: &str) -> Value {
    let seen = sim.seen("T-1").await;
    seen["lines"].as_array().unwrap().iter().find(|line| line["sku"] == sku).unwrap().clone()
}

fn parcel(sku: &str, quantity: u32) -> Value {
    json!({"items": [{"sku": sku, "quantity": quantity, "carrier": "UPS", "shipDate": "2026-11-21",
        "deliveryDate": "2026-11-24", "trackingNumber": "1Z999", "trackingLink": "https://ups.example/1Z999"}]})
}

const SHIP: &str = "transactions/T-1/confirm-shipment";
const RECEIVE: &str = "transactions/T-1/confirm-receipt";
const CANCEL: &str = "transactions/T-1/cancel";
const RETURN: &str = "transactions/T-1/return";

#[tokio::test]
async fn parcels_leave_arrive_and_are_paid_for() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 3), ("B", "50", 1)])).await;
    assert_eq!(sim.ok(SHIP, None, &parcel("A", 2)).await, json!({}));
    let items = sim.read("transactions/T-1", None).await["items"].clone();
    assert_eq!(items[0]["quantityByStatus"], json!({"ordered": 3, "shipped": 2}));
    assert_eq!(items[1]["quantityByStatus"], json!({"ordered": 1}));
    let seen = sim.seen("T-1").await;
    assert_eq!((&seen["earned"], &seen["parcels"][0]["carrier"]), (&json!("0"), &json!("UPS")));
    assert_eq!(seen["parcels"][0]["tracking_number"], "1Z999");

    sim.seconds(3 * 24 * 3600).await;
    assert_eq!((&line(&sim, "A").await["delivered"], &sim.seen("T-1").await["earned"]), (&json!(2), &json!("200")));
    // All the rest at once, as an empty list means.
    sim.ok(SHIP, None, &json!({})).await;
    assert_eq!((&line(&sim, "A").await["left"], &line(&sim, "B").await["left"]), (&json!(3), &json!(1)));
    sim.turn("/requests/T-1/decide", json!({"status": "deliver"})).await;
    assert_eq!(sim.seen("T-1").await["earned"], "350");
    sim.set(json!({"extra_quantities": true})).await;
    let items = sim.read("transactions/T-1", None).await["items"].clone();
    assert_eq!(items[0]["quantityByStatus"], json!({"ordered": 3, "shipped": 3, "delivered": 3}));
    sim.stop().await;
}

#[tokio::test]
async fn what_cannot_leave() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 2)])).await;
    for signed in [false, true] {
        assert_eq!(sim.refused(SHIP, None, &parcel("A", 1)).await.0, 400);
        assert_eq!(sim.why().await, "it is not finalized", "signed: {signed}");
        assert_eq!(sim.sign(&ada, &lease).await.status, 200);
    }
    sim.ok("transactions/T-1/finalize", None, &Value::Null).await;
    for body in [
        parcel("A", 3),
        parcel("B", 1),
        json!({"items": [{"sku": "A", "quantity": 2, "carrier": "UPS",
        "shipDate": "2026-11-21"}, {"sku": "B", "carrier": "UPS", "shipDate": "2026-11-21"}]}),
    ] {
        assert_eq!(sim.refused(SHIP, None, &body).await.0, 400, "{body}");
        assert_eq!(line(&sim, "A").await["left"], 0, "all or nothing");
    }
    for (member, message) in
        [("carrier", "\"items[0].carrier\" is required"), ("shipDate", "\"items[0].shipDate\" is required")]
    {
        let mut body = parcel("A", 1);
        body["items"][0].as_object_mut().unwrap().remove(member);
        assert_eq!(sim.refused(SHIP, None, &body).await, (400, json!(""), message.to_owned()));
    }
    // A quantity that is left out is all that was ordered.
    let mut body = parcel("A", 1);
    body["items"][0].as_object_mut().unwrap().remove("quantity");
    sim.ok(SHIP, None, &body).await;
    assert_eq!(sim.refused(SHIP, None, &body).await.0, 400, "nothing is left");
    assert_eq!(sim.seen("T-1").await["calls"]["confirm_shipment"], 7);
    sim.stop().await;
}

#[tokio::test]
async fn a_shipment_may_take_the_first_payment() {
    let sim = start().await;
    sim.set(json!({"first_payment": false, "pre_authorization": true})).await;
    let ada = sim.applied("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 2)])).await;
    assert_eq!(sim.sign(&ada, &lease).await.status, 200);
    sim.ok("transactions/T-1/finalize", None, &Value::Null).await;
    assert_eq!(sim.refused(SHIP, None, &parcel("A", 1)).await.1, "PaymentRequired");
    sim.ok("paymentMethods/add", Some(&ada.token), &card("good")).await;
    sim.ok(SHIP, None, &parcel("A", 1)).await;
    sim.stop().await;
}

#[tokio::test]
async fn who_picks_up_has_it() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 2)])).await;
    let body = json!({"items": [{"sku": "A", "quantity": 1, "receiptDate": "2026-11-21"}]});
    assert_eq!(sim.ok(RECEIVE, None, &body).await, json!({}));
    assert_eq!((&line(&sim, "A").await["delivered"], &sim.seen("T-1").await["earned"]), (&json!(1), &json!("100")));
    let done = sim.ok(CANCEL, None, &json!({})).await;
    assert_eq!(done, json!({"canceled": [{"sku": "A", "quantity": 1}], "failed": [{"sku": "A", "quantity": 1}]}));
    assert_eq!(
        sim.refused(RECEIVE, None, &json!({"items": [{"quantity": 1}]})).await.2,
        "\"items[0].sku\" is required"
    );
    sim.stop().await;
}

#[tokio::test]
async fn lines_are_canceled_until_they_are_delivered() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 2), ("B", "50", 2), ("C", "25", 1)])).await;
    let some = json!({"items": [{"sku": "A", "quantity": 1}, {"sku": "X", "quantity": 1}, {"sku": "B"}]});
    let done = sim.ok(CANCEL, None, &some).await;
    let expected = json!({
        "canceled": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}], "failed": [{"sku": "X", "quantity": 1}]
    });
    assert_eq!(done, expected);
    sim.ok(SHIP, None, &parcel("A", 1)).await;
    // What is on its way can still be called back; what has arrived cannot.
    sim.seconds(3 * 24 * 3600).await;
    let done = sim.ok(CANCEL, None, &json!({"items": [{"sku": "A", "quantity": 1}]})).await;
    assert_eq!(done, json!({"canceled": [], "failed": [{"sku": "A", "quantity": 1}]}));
    let done =
        sim.ok(RETURN, None, &json!({"items": [{"sku": "A", "quantity": 1}, {"sku": "C", "quantity": 1}]})).await;
    assert_eq!(done, json!({"returned": [{"sku": "A", "quantity": 1}], "failed": [{"sku": "C", "quantity": 1}]}));
    let again = sim.ok(RETURN, None, &json!({"items": [{"sku": "A", "quantity": 1}]})).await;
    assert_eq!(again, json!({"returned": [], "failed": [{"sku": "A", "quantity": 1}]}));
    let items = sim.read("transactions/T-1", None).await["items"].clone();
    assert_eq!(items[0]["quantityByStatus"], json!({"ordered": 2, "shipped": 1}), "no document shows what went back");
    assert_eq!(sim.seen("T-1").await["earned"], "0");
    sim.stop().await;
}

#[tokio::test]
async fn some_lines_fail_when_they_shall() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 2), ("B", "50", 1)])).await;
    sim.ok(SHIP, None, &json!({})).await;
    sim.turn("/requests/T-1/decide", json!({"status": "deliver", "stuck": ["B"]})).await;
    let all = json!({"items": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}]});
    let done = sim.ok(RETURN, None, &all).await;
    assert_eq!(done, json!({"returned": [{"sku": "A", "quantity": 2}], "failed": [{"sku": "B", "quantity": 1}]}));
    sim.turn("/requests/T-1/decide", json!({"stuck": []})).await;
    sim.set(json!({"over_quantity": "fail"})).await;
    let done = sim.ok(RETURN, None, &json!({"items": [{"sku": "B", "quantity": 2}]})).await;
    assert_eq!(done, json!({"returned": [], "failed": [{"sku": "B", "quantity": 2}]}));
    let done = sim.ok(RETURN, None, &json!({"items": [{"sku": "B", "quantity": 1}]})).await;
    assert_eq!(done, json!({"returned": [{"sku": "B", "quantity": 1}], "failed": []}));
    sim.stop().await;
}

#[tokio::test]
async fn everything_is_canceled_by_an_empty_list_at_any_time() {
    let sim = start().await;
    for (body, signed) in [(json!({}), false), (json!({"items": []}), true)] {
        sim.control("POST", "/reset", &Value::Null).await;
        let ada = sim.approved("ada@example.com").await;
        let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 2), ("B", "50", 1)])).await;
        if signed {
            assert_eq!(sim.sign(&ada, &lease).await.status, 200);
        }
        let done = sim.ok(CANCEL, None, &body).await;
        let all = json!([{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}]);
        assert_eq!(done, json!({"canceled": all, "failed": []}));
        assert_eq!(sim.refused("transactions/T-1/finalize", None, &Value::Null).await.0, 400);
        if !signed {
            assert_eq!(sim.sign(&ada, &lease).await.error().1, "LeaseExpired");
        }
        let me = sim.read("users/me", Some(&ada.token)).await;
        assert_eq!(me["decision"]["availableBalance"], 1300, "the limit is free again");
        assert_eq!(sim.ok(CANCEL, None, &body).await, json!({"canceled": [], "failed": []}));
    }
    sim.control("POST", "/reset", &Value::Null).await;
    sim.finalized(&cart("T-1", &[("A", "100", 1)])).await;
    sim.turn("/requests/T-1/decide", json!({"status": "cancel"})).await;
    assert_eq!((&line(&sim, "A").await["canceled"], &sim.seen("T-1").await["void"]), (&json!(1), &json!(true)));
    sim.stop().await;
}

#[tokio::test]
async fn quantities_are_whole_and_skus_are_there() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 2), ("A", "90", 1)])).await;
    for (items, message) in [
        (json!([{"quantity": 1}]), "\"items[0].sku\" is required"),
        (json!([{"sku": "A", "quantity": 1.5}]), "\"items[0].quantity\" must be an integer larger than 0"),
        (json!([{"sku": "A", "quantity": 0}]), "\"items[0].quantity\" must be an integer larger than 0"),
        (json!({"sku": "A"}), "\"items\" must be an array"),
        (json!(["A"]), "\"items[0]\" must be of type object"),
    ] {
        let refused = sim.refused(CANCEL, None, &json!({ "items": items })).await;
        assert_eq!(refused, (400, json!(""), message.to_owned()));
    }
    // Two lines of one SKU are one to these calls.
    let done =
        sim.ok(CANCEL, None, &json!({"items": [{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]})).await;
    assert_eq!(done, json!({"canceled": [{"sku": "A", "quantity": 3}], "failed": []}));
    sim.stop().await;
}
