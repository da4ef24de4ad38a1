//! Notices: what they say, when they are sent again, and how they go wrong.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PATIENCE, Receiver, Running, start, start_throttled};

/// Waits until a checkout's notices fit.
async fn until(sim: &Running, id: u64, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let notices = sim.seen(id).await["postbacks"].as_array().unwrap().clone();
            if fits(&notices) {
                return notices;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn they_name_the_checkout_and_nothing_else() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let id = sim.created(json!({"callback_uri": shop.url(), "reference_id": "pay 77&x"})).await;
    let told = sim.decide(id, json!({"status": "pay", "await": true})).await;
    assert_eq!(told["deliveries"], json!([{"status": 200, "failure": null}]));
    let got = shop.wait_for(1).await;
    assert_eq!(got[0].content_type, "application/x-www-form-urlencoded");
    assert_eq!(got[0].uri, "/ipn?t=8f2c", "the query stays");
    assert_eq!(got[0].body, format!("checkout_id={id}&reference_id=pay+77%26x"));
    assert!(sim.seen(id).await["postbacks"][0]["delivered"].as_bool().unwrap());
    // Partial refunds and charge-backs are not told unless asked for; whole ones are.
    sim.ok("refund", &json!({"checkout_id": id, "refund_reason": "why", "amount": 10})).await;
    sim.set(json!({ "ipn_on_partial": true })).await;
    sim.decide(id, json!({"status": "chargeback", "amount": 5, "await": true})).await;
    sim.set(json!({ "ipn_on_partial": false })).await;
    let told = sim.decide(id, json!({"status": "chargeback", "await": true})).await;
    assert_eq!(told["deliveries"].as_array().unwrap().len(), 1);
    shop.wait_for(3).await;
    sim.stop().await;
}

#[tokio::test]
async fn changes_close_together_share_one() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let id = sim.created(json!({"callback_uri": shop.url()})).await;
    sim.set(json!({ "ipn_delay_ms": 3_600_000 })).await;
    for status in ["authorized", "reviewed", "chargeback"] {
        sim.decide(id, json!({ "status": status })).await;
    }
    assert_eq!(sim.seen(id).await["postbacks"].as_array().unwrap().len(), 1);
    assert!(shop.got().is_empty());
    sim.minutes(60).await;
    shop.wait_for(1).await;
    assert_eq!(sim.state(id).await, "charged back");
    sim.decide(id, json!({"status": "chargeback_won", "silent": true})).await;
    assert_eq!(sim.seen(id).await["postbacks"].as_array().unwrap().len(), 1, "nobody is told");
    let told = sim.decide(id, json!({"status": "refund", "times": 3, "parallel": true, "await": true})).await;
    assert_eq!(told["deliveries"].as_array().unwrap().len(), 3);
    shop.wait_for(4).await;
}

#[tokio::test]
async fn only_200_ends_the_six_retries() {
    let sim = start_throttled(|settings| settings.resend_interval_ms = u64::MAX).await;
    let shop = Receiver::start(&[500, 201, 202, 204, 302, 404, 503]).await;
    let id = sim.created(json!({"callback_uri": shop.url()})).await;
    sim.decide(id, json!({"status": "pay", "await": true})).await;
    for (place, minutes) in [15, 30, 60, 360, 720, 1440].into_iter().enumerate() {
        sim.minutes(minutes - 1).await;
        assert_eq!(shop.got().len(), place + 1, "not before its time");
        sim.minutes(1).await;
        until(&sim, id, |notices| notices[0]["tries_total"] == place + 2).await;
    }
    let notices = until(&sim, id, |notices| notices[0]["given_up"] == true).await;
    assert_eq!(notices[0]["delivered"], false);
    sim.days(30).await;
    shop.wait_for(7).await;
}

#[tokio::test]
async fn retries_pass_faster_in_reality() {
    let sim = start_throttled(|settings| settings.resend_interval_ms = 15).await;
    let shop = Receiver::start(&[503, 503]).await;
    let id = sim.created(json!({"callback_uri": shop.url()})).await;
    sim.decide(id, json!({"status": "pay"})).await;
    let notices = until(&sim, id, |notices| notices.first().is_some_and(|notice| notice["delivered"] == true)).await;
    assert_eq!(notices[0]["tries_total"], 3);
    shop.wait_for(3).await;
}

#[tokio::test]
async fn lost_late_and_doubled() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let callback = json!({"callback_uri": shop.url()});
    let lost = sim.created(callback.clone()).await;
    sim.fault(json!({"on": "ipn", "kind": "drop"})).await;
    assert_eq!(sim.decide(lost, json!({"status": "pay", "await": true})).await["deliveries"], json!([]));
    assert_eq!(sim.seen(lost).await["postbacks"][0]["dropped"], true);

    let late = sim.created(callback.clone()).await;
    sim.fault(json!({"on": "ipn", "kind": "delay", "delay_ms": 3_600_000})).await;
    sim.decide(late, json!({"status": "pay"})).await;
    let doubled = sim.created(callback.clone()).await;
    sim.fault(json!({"on": "ipn", "kind": "repeat", "copies": 3})).await;
    sim.decide(doubled, json!({"status": "pay", "await": true})).await;
    let got = shop.wait_for(3).await;
    assert!(got.iter().all(|notice| notice.body == format!("checkout_id={doubled}")));
    sim.minutes(61).await;
    assert_eq!(shop.wait_for(4).await[3].body, format!("checkout_id={late}"));

    let raw = json!({"body": "checkout_id=1&state=captured", "content_type": "text/plain", "times": 2, "await": true});
    assert_eq!(sim.control("POST", &format!("/requests/{lost}/postbacks"), &raw).await.status, 200);
    assert_eq!(shop.wait_for(6).await[5].content_type, "text/plain");
    sim.control("POST", &format!("/requests/{lost}/postbacks"), &json!({})).await;
    assert_eq!(shop.wait_for(7).await[6].body, format!("checkout_id={lost}"));
    let moved = Receiver::start(&[]).await;
    sim.ok("modify", &json!({"checkout_id": doubled, "callback_uri": moved.url()})).await;
    sim.decide(doubled, json!({"status": "refund", "await": true})).await;
    moved.wait_for(1).await;
}

#[tokio::test]
async fn timers_are_told_and_magic_overtakes_the_answer() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    sim.created(json!({"callback_uri": shop.url()})).await;
    sim.minutes(30).await;
    shop.wait_for(1).await;

    let prefill = json!({"name": "John Autopay", "email": "john+late@example.com"});
    let hosted = json!({"callback_uri": shop.url(), "hosted_checkout": {"prefill_info": prefill}});
    sim.fault(json!({"on": "create", "kind": "late", "delay_ms": 200})).await;
    let (made, got) = tokio::join!(sim.created(hosted), async {
        let got = shop.wait_for(2).await;
        // The answer has not come: the list is the only one who knows the id.
        (got[1].body.clone(), sim.stored().await)
    });
    assert_eq!(got, (format!("checkout_id={made}"), 2));
    assert_eq!(sim.state(made).await, "captured");
}

#[tokio::test]
async fn tokens_tell_of_their_payment() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let token =
        json!({"callback_uri": shop.url(), "payment_method": {"type": "credit_card", "credit_card": {"id": 5}}});
    let id = sim.created(token).await;
    assert_eq!(shop.wait_for(1).await[0].body, format!("checkout_id={id}"));
}
