//! Dialect A from `new` to its ends, with the timers between.

use serde_json::{Value, json};

use crate::support::{Refused as _, start};

#[tokio::test]
async fn paid_reviewed_and_credited() {
    let sim = start().await;
    sim.set(json!({ "review_ms": 3_600_000 })).await;
    let id = sim.created(json!({})).await;
    assert_eq!(sim.look(id).await["gross"], 0);
    sim.decide(id, json!({"status": "pay"})).await;
    let seen = sim.look(id).await;
    assert_eq!((&seen["state"], &seen["gross"]), (&json!("authorized"), &json!(100)));
    sim.minutes(59).await;
    assert_eq!(sim.state(id).await, "authorized");
    sim.minutes(1).await;
    assert_eq!(sim.state(id).await, "captured");
    sim.days(100).await;
    assert_eq!(sim.state(id).await, "captured");
    let moves = sim.seen(id).await["moves"].clone();
    let states: Vec<&Value> = moves.as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["new", "authorized", "captured"]);
    assert_eq!(moves[2]["at"], "2026-11-21T13:00:00Z", "the review ended when it was due");
    sim.stop().await;
}

#[tokio::test]
async fn nobody_pays() {
    let sim = start().await;
    let id = sim.created(json!({})).await;
    sim.minutes(29).await;
    assert_eq!(sim.state(id).await, "new");
    // Opening the page is activity.
    let page = sim.seen(id).await["page"].as_str().unwrap().to_owned();
    let path = page.strip_prefix(&format!("http://{}", sim.address)).unwrap();
    assert_eq!(sim.raw("GET", path, &[], b"").await.unwrap().status, 200);
    sim.minutes(29).await;
    assert_eq!(sim.state(id).await, "new");
    sim.minutes(1).await;
    assert_eq!(sim.state(id).await, "expired");
    let late = sim.control("POST", &format!("/requests/{id}/decide"), &json!({"status": "pay"})).await;
    assert_eq!(late.status, 409);
}

#[tokio::test]
async fn held_until_captured_cancelled_or_too_late() {
    let sim = start().await;
    let held = json!({ "auto_capture": false });
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(sim.paid(held.clone()).await);
    }
    for id in &ids {
        assert_eq!(sim.state(*id).await, "reserved");
    }
    let [captured, cancelled, forgotten] = ids[..] else { return assert_eq!(ids.len(), 3) };
    sim.days(13).await;
    assert_eq!(sim.ok("capture", &json!({ "checkout_id": captured })).await["state"], "captured");
    let cancel = json!({"checkout_id": cancelled, "cancel_reason": "out of stock"});
    assert_eq!(sim.ok("cancel", &cancel).await["state"], "cancelled");
    assert_eq!(sim.state(forgotten).await, "reserved");
    sim.days(1).await;
    assert_eq!(sim.state(forgotten).await, "cancelled");
    assert_eq!(sim.state(captured).await, "captured");

    for (verb, name) in [("cancel", "cancel_reason"), ("refund", "refund_reason")] {
        let refused = sim.refused(verb, &json!({ "checkout_id": captured })).await;
        assert_eq!(refused, (400, 1004, format!("{name} parameter is required")));
    }
    let again = sim.refused("cancel", &cancel).await;
    assert_eq!(again, (400, 4004, "this checkout has already been cancelled".to_owned()));
    let again = sim.refused("capture", &json!({ "checkout_id": captured })).await;
    let text = "Checkout object must be in state 'Reserved' to capture. Currently it is in state captured";
    assert_eq!(again, (400, 4004, text.to_owned()));

    sim.set(json!({ "hold_ends": "refunded" })).await;
    let id = sim.paid(held).await;
    sim.days(14).await;
    let seen = sim.look(id).await;
    assert_eq!((&seen["state"], &seen["refund"]["amount_refunded"]), (&json!("refunded"), &json!(100)));
}

#[tokio::test]
async fn every_call_in_every_state() {
    let sim = start().await;
    // State, and whether cancel, capture and refund are possible (wepay.md 6.3).
    let table = [
        (json!({}), vec![], "new", [false, false, false]),
        (json!({}), vec!["authorized"], "authorized", [true, false, false]),
        (json!({"auto_capture": false}), vec!["pay"], "reserved", [true, true, false]),
        (json!({}), vec!["pay"], "captured", [false, false, true]),
        (json!({}), vec!["authorized", "cancel"], "cancelled", [false, false, false]),
        (json!({}), vec!["pay", "refund"], "refunded", [false, false, false]),
        (json!({}), vec!["pay", "chargeback"], "charged back", [false, false, false]),
        (json!({}), vec!["decline"], "failed", [false, false, false]),
        (json!({}), vec!["expire"], "expired", [false, false, false]),
    ];
    for (members, acts, state, possible) in table {
        for (verb, possible) in ["cancel", "capture", "refund"].into_iter().zip(possible) {
            let id = sim.created(members.clone()).await;
            for act in &acts {
                sim.decide(id, json!({ "status": act })).await;
            }
            assert_eq!(sim.state(id).await, state);
            let body = match verb {
                "cancel" => json!({"checkout_id": id, "cancel_reason": "why"}),
                "refund" => json!({"checkout_id": id, "refund_reason": "why"}),
                _ => json!({ "checkout_id": id }),
            };
            let reply = sim.call(verb, &body).await;
            assert_eq!(reply.status == 200, possible, "{verb} in {state}: {}", reply.text());
            if !possible {
                let (status, code, text) = reply.error();
                assert_eq!((status, code), (400, 4004), "{verb} in {state}");
                assert!(text.contains(state), "{text}");
                assert_eq!(sim.state(id).await, state, "{verb} changed nothing");
            }
            let modified = sim.ok("modify", &json!({"checkout_id": id, "callback_uri": "https://a.example/"})).await;
            assert_eq!(modified["callback_uri"], "https://a.example/");
        }
    }
}

#[tokio::test]
async fn a_capture_shows_later() {
    let sim = start().await;
    sim.set(json!({ "capture_lag_ms": 600_000 })).await;
    let id = sim.paid(json!({ "auto_capture": 0 })).await;
    let capture = json!({ "checkout_id": id });
    assert_eq!(sim.ok("capture", &capture).await["state"], "reserved");
    sim.minutes(5).await;
    assert_eq!(sim.ok("capture", &capture).await["state"], "reserved", "accepted again, to no effect");
    let (_, code, _) = sim.refused("cancel", &json!({"checkout_id": id, "cancel_reason": "why"})).await;
    assert_eq!(code, 4004);
    sim.minutes(5).await;
    assert_eq!(sim.state(id).await, "captured", "counted from the first capture");
}

#[tokio::test]
async fn a_word_that_no_document_knows() {
    let sim = start().await;
    let id = sim.paid(json!({})).await;
    sim.decide(id, json!({"say": "in_limbo"})).await;
    assert_eq!(sim.state(id).await, "in_limbo");
    sim.decide(id, json!({ "say": null })).await;
    assert_eq!(sim.state(id).await, "captured");
    for body in [json!({}), json!({"status": "dance"}), json!({"status": "pay", "sequence": ["pay"]}), json!({"x": 1})]
    {
        assert_eq!(sim.control("POST", &format!("/requests/{id}/decide"), &body).await.status, 422, "{body}");
    }
    assert_eq!(sim.control("POST", "/requests/7/decide", &json!({"status": "pay"})).await.status, 404);
}
