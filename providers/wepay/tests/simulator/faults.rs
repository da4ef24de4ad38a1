//! Every fault as a raw client sees it, and whether the call was carried out.

use std::io::ErrorKind;

use serde_json::{Value, json};

use crate::support::{Reply, Running, order, start};

async fn disturbed(sim: &Running, mut fault: Value) -> std::io::Result<Reply> {
    fault["on"] = "create".into();
    sim.fault(fault).await;
    let reply = sim.try_call("create", &order(json!({}))).await;
    assert_eq!(sim.control("GET", "/faults", &Value::Null).await.json(), json!({"faults": []}), "used up");
    reply
}

#[tokio::test]
async fn connections_that_end() {
    let sim = start().await;
    for (fault, kind, stored) in [
        (json!({"kind": "lose_reply"}), ErrorKind::UnexpectedEof, 1),
        (json!({"kind": "reset"}), ErrorKind::ConnectionReset, 1),
        (json!({"kind": "reset", "accept": true}), ErrorKind::ConnectionReset, 2),
        (json!({"kind": "silence", "delay_ms": 50}), ErrorKind::UnexpectedEof, 3),
    ] {
        let error = disturbed(&sim, fault.clone()).await.err().unwrap();
        assert_eq!((error.kind(), sim.stored().await), (kind, stored), "{fault}");
    }
    let late = disturbed(&sim, json!({"kind": "late", "delay_ms": 50})).await.unwrap();
    assert_eq!((late.status, sim.stored().await), (200, 4));
    sim.stop().await;
}

#[tokio::test]
async fn answers_that_are_none() {
    let sim = start().await;
    for (fault, status, kind) in [
        (json!({"kind": "html"}), 200, Some("text/html; charset=utf-8")),
        (json!({"kind": "html", "status": 502}), 502, Some("text/html; charset=utf-8")),
        (json!({"kind": "status"}), 503, Some("text/plain; charset=utf-8")),
        (json!({"kind": "status", "status": 404}), 404, Some("text/plain; charset=utf-8")),
        (json!({"kind": "redirect"}), 302, None),
        (json!({"kind": "empty"}), 200, Some("application/json")),
        (json!({"kind": "maintenance_text"}), 503, Some("text/plain; charset=utf-8")),
    ] {
        let reply = disturbed(&sim, fault.clone()).await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (status, kind), "{fault}");
    }
    assert_eq!(sim.stored().await, 0);
    let huge = disturbed(&sim, json!({"kind": "huge_body"})).await.unwrap();
    assert!(huge.body.len() > 49 * 1024 * 1024);
    let half = disturbed(&sim, json!({"kind": "half_body"})).await.unwrap();
    let announced: usize = half.header("content-length").unwrap().parse().unwrap();
    assert_eq!(half.body.len(), announced / 2);
    assert!(half.body.starts_with(b"{\"checkout_id\":"));
    assert_eq!(sim.stored().await, 1);
}

#[tokio::test]
async fn answers_that_are_wrong() {
    let sim = start().await;
    let made = disturbed(&sim, json!({"kind": "no_id"})).await.unwrap().json();
    assert!(made.get("checkout_id").is_none() && made["state"] == "new");
    let made = disturbed(&sim, json!({"kind": "no_uri"})).await.unwrap().json();
    assert!(made["hosted_checkout"].get("checkout_uri").is_none() && made["hosted_checkout"]["mode"] == "regular");
    assert_eq!(disturbed(&sim, json!({"kind": "wrong_amount"})).await.unwrap().json()["amount"], 101);
    let fault = json!({"kind": "wrong_amount", "value": "12.34"});
    assert_eq!(disturbed(&sim, fault).await.unwrap().json()["amount"], json!(12.34));
    assert_eq!(disturbed(&sim, json!({"kind": "wrong_account"})).await.unwrap().json()["account_id"], 1);
    let id = sim.created(json!({})).await;
    sim.fault(json!({"on": "lookup", "kind": "state", "value": "released"})).await;
    assert_eq!((sim.state(id).await, sim.state(id).await), ("released".to_owned(), "new".to_owned()));
    sim.fault(json!({"on": "find", "kind": "state"})).await;
    let found = sim.ok("find", &json!({"account_id": crate::support::ACCOUNT})).await;
    assert!(found.as_array().unwrap().iter().all(|one| one["state"] == "in_limbo"));
}

#[tokio::test]
async fn faults_wait_are_listed_and_refused() {
    let sim = start().await;
    sim.fault(json!({"on": "refund", "kind": "html", "times": 2})).await;
    let listed = sim.control("GET", "/faults", &Value::Null).await.json();
    assert_eq!(listed, json!({"faults": [{"on": "refund", "kind": "html", "times": 2}]}));
    sim.created(json!({})).await;
    assert_eq!(sim.control("DELETE", "/faults", &Value::Null).await.status, 204);
    for wrong in [
        json!({"on": "create", "kind": "drop"}),
        json!({"on": "ipn", "kind": "html"}),
        json!({"on": "page", "kind": "html"}),
        json!({"on": "create", "kind": "explode"}),
        json!({"on": "create", "kind": "html", "times": 0}),
        json!({"on": "create", "kind": "status", "status": 700}),
        json!({"on": "ipn", "kind": "repeat", "copies": 0}),
        json!({"on": "create", "kind": "html", "colour": "red"}),
    ] {
        assert_eq!(sim.control("POST", "/faults", &wrong).await.status, 422, "{wrong}");
    }
    sim.fault(json!({"on": "create", "kind": "html"})).await;
    assert_eq!(sim.control("POST", "/reset", &Value::Null).await.status, 204);
    assert_eq!(sim.stored().await, 0);
    sim.ok("create", &order(json!({}))).await;
    assert_eq!(sim.control("POST", "/settings", &json!({"strange": 1})).await.status, 422);
    assert_eq!(sim.control("GET", "/settings", &Value::Null).await.json()["throttle_calls"], 30, "reset as well");
    assert_eq!(sim.control("DELETE", "/requests", &Value::Null).await.status, 204);
    assert_eq!(sim.stored().await, 0);
}

#[tokio::test]
async fn magic_in_the_prefilled_payer() {
    let sim = start().await;
    let asked = |email: &str| order(json!({"hosted_checkout": {"prefill_info": {"name": "A B", "email": email}}}));
    let error = sim.try_call("create", &asked("a+lose-reply@b.example")).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(sim.refused("create", &asked("a+err2004@b.example")).await.1, 2004);
    assert_eq!(sim.stored().await, 1);
    assert!(sim.ok("create", &asked("a+no-id@b.example")).await.get("checkout_id").is_none());
}
