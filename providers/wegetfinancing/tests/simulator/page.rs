//! The customer's page: buttons, redirects, escaping.

use serde_json::{Value, json};

use crate::support::{Receiver, Reply, Running, sample, sample_with, start, until};

async fn press(sim: &Running, inv_id: &str, form: &str) -> Reply {
    let path = format!("/partner.sandbox/lc/info/{inv_id}/decide");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    sim.call("POST", &path, &headers, form.as_bytes()).await.unwrap()
}

async fn open(sim: &Running, inv_id: &str) -> Reply {
    sim.call("GET", &format!("/partner.sandbox/lc/info/{inv_id}"), &[], b"").await.unwrap()
}

#[tokio::test]
async fn a_person_decides_and_goes_back_to_the_shop() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let urls = json!({"postback_url": shop.url(), "success_url": "https://shop.example/done?a=1&b=2", "failure_url": "https://shop.example/pay"});
    let inv_id = sim.created(&sample_with(urls)).await;
    let page = open(&sim, &inv_id).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for part in
        ["SIMULATOR", "1420.00 USD", "1 × TV at 1370.00", "Approve", "Preapprove", "Reject", "Abandon", "Refund"]
    {
        assert!(page.text().contains(part), "{part}");
    }
    let table = [
        ("decision=preapprove", Some("https://shop.example/done?a=1&b=2"), "preapproved"),
        ("decision=approve", Some("https://shop.example/done?a=1&b=2"), "approved"),
        ("decision=refund&amount=420", None, "partially_refunded"),
        ("decision=reject", Some("https://shop.example/pay"), "rejected"),
        ("decision=abandon", Some("https://shop.example/pay"), "abandoned"),
    ];
    let own = format!("/partner.sandbox/lc/info/{inv_id}");
    for (form, location, state) in table {
        let reply = press(&sim, &inv_id, form).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some(location.unwrap_or(&own))), "{form}");
        assert_eq!(sim.seen(&inv_id).await["state"], state);
    }
    let got = shop.wait_for(4).await;
    // Whoever presses waits only for a while until the shop has answered.
    assert!(got.iter().any(|got| got.body.contains(r#""updates":{"status":"refund","amount":"420.00"}"#)));
    until("what came of them", async || open(&sim, &inv_id).await.text().contains("answered 200")).await;
    assert!(sim.control("GET", "/calls", &Value::Null).await.json()["page"].as_u64() >= Some(2));
    sim.stop().await;
}

#[tokio::test]
async fn wrong_choices_change_nothing() {
    let sim = start().await;
    let inv_id = sim.created(&sample()).await;
    assert_eq!(press(&sim, &inv_id, "decision=refund&amount=1").await.status, 409);
    assert_eq!(press(&sim, &inv_id, "decision=dance").await.status, 400);
    sim.decide(&inv_id, &json!({"status": "approved"})).await;
    for amount in ["", "-1", "abc", "1.001", "0"] {
        assert_eq!(press(&sim, &inv_id, &format!("decision=refund&amount={amount}")).await.status, 400, "{amount}");
    }
    assert_eq!(sim.seen(&inv_id).await["state"], "approved");
    assert_eq!(open(&sim, "nope").await.status, 404);
    assert_eq!(press(&sim, "nope", "decision=approved").await.status, 404);
}

#[tokio::test]
async fn lenders_reject_what_is_too_small_or_too_large() {
    let sim = start().await;
    for (price, state) in [("49.99", "rejected"), ("50", "approved"), ("100000", "approved"), ("100000.01", "rejected")]
    {
        let items = json!([{"display_name": "TV", "quantity": 1, "unit_price": price}]);
        let inv_id = sim
            .created(&sample_with(
                json!({"cart_items": items, "shipping_amount": 0, "version": "0.2", "postback_url": ""}),
            ))
            .await;
        press(&sim, &inv_id, "decision=approved").await;
        assert_eq!(sim.seen(&inv_id).await["state"], state, "{price}");
    }
}

#[tokio::test]
async fn text_of_others_is_escaped_and_scripts_are_forbidden() {
    let sim = start().await;
    let items = json!([{"display_name": "<script>alert(1)</script>\" '", "quantity": 1, "unit_price": "60"}]);
    let inv_id = sim.created(&sample_with(json!({ "cart_items": items }))).await;
    let page = open(&sim, &inv_id).await;
    assert!(!page.text().contains("<script"));
    assert!(page.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; &#39;"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let manual = sim.call("GET", "/_sim/", &[], b"").await.unwrap();
    assert!(manual.text().contains("# The WeGetFinancing simulator"));
}
