//! WePay's limit of calls: 30 in 10 seconds, kept here, and heard where WePay itself says that it is too much.

use jiff::SignedDuration;
use serde_json::json;

use super::{Desk, READY, TOTAL, cart};
use crate::harness::{fresh, together};

const WINDOW: SignedDuration = SignedDuration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_stays_within_the_limit_and_everybody_is_served_in_the_end() {
    let desk = Desk::open_with(&[], &json!({})).await;
    let keys: Vec<_> = (0..45).map(|_| fresh()).collect();
    let ask = |key: &String| {
        let (merchant, key) = (desk.merchant.clone(), key.clone());
        async move { (merchant.post("/v1/checkouts", &key, &cart("automatic")).await, key) }
    };
    let answers = together(keys.iter().map(ask)).await;
    let mut waiting = Vec::new();
    for (answer, key) in answers {
        if answer.status != 201 {
            answer.refused(503, "provider_unavailable");
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=10).contains(&seconds), "{seconds}");
            waiting.push(key);
        }
    }
    assert_eq!((waiting.len(), desk.calls("create").await), (15, 30), "what is too much was not sent");
    desk.passes(WINDOW).await;
    for (answer, _) in together(waiting.iter().map(ask)).await {
        answer.ok(201);
    }
    assert_eq!(desk.calls("create").await, 45, "WePay never had to say that it is too much");
    let there = desk.all_at_wepay().await;
    let mut references: Vec<_> = there.iter().map(|one| one["reference_id"].to_string()).collect();
    references.sort();
    references.dedup_by_key(|reference| reference.rsplit_once('-').unwrap().0.to_owned());
    assert_eq!((there.len(), references.len()), (45, 45), "one for each");
}

#[tokio::test]
async fn when_wepay_says_slow_down_nothing_is_sent_until_then_and_nothing_is_lost() {
    // Other programs use the same app, so that WePay's window is full before ours is.
    let desk = Desk::open_with(&[], &json!({ "throttle_calls": 2 })).await;
    let paid = [desk.checkout("automatic").await, desk.checkout("automatic").await];
    let key = fresh();
    for _ in 0..3 {
        let answer = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
        answer.refused(503, "provider_unavailable");
        // One window from when WePay said so, which is a moment after the operation began.
        let seconds: u32 = answer.header("retry-after").parse().unwrap();
        assert!((10..=60).contains(&seconds), "{seconds}");
        assert_eq!(answer.str("/checkout/status"), "failed");
    }
    assert_eq!(desk.calls("create").await, 3, "1007 was heard once");

    // Notices that come meanwhile are stored, and looked after when WePay may be asked again.
    for made in &paid {
        desk.decide(made, &json!({ "status": "pay" })).await;
    }
    desk.dial(&json!({ "throttle_calls": 30 })).await;
    for made in &paid {
        let seen = desk.passes_until_status(&made.id(), "captured").await;
        assert_eq!((seen.str("/amounts/captured"), desk.told(made, [READY]).await), (TOTAL, [1]));
    }
    let made = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    assert_eq!(made.ok(201).str("/status"), "requires_customer_action");
    let there = desk.all_at_wepay().await;
    assert_eq!(there.len(), 3);
    assert_ne!(there[0]["reference_id"], format!("{}-1", made.id()), "the throttled number is spent");
}
