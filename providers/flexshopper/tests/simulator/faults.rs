//! Every fault as a raw client sees it, and whether the call was carried out.

use std::io::ErrorKind;

use serde_json::{Value, json};

use crate::keys::CALLS;
use crate::support::{AUTH_KEY, Customer, KEY, Refused as _, Reply, Running, cart, start};

/// Creates a lease while a fault waits for it.
async fn disturbed(sim: &Running, ada: &Customer, mut fault: Value) -> std::io::Result<Reply> {
    fault["on"] = "create_lease".into();
    sim.turn("/faults", fault).await;
    let place = sim.stored().await;
    let order = cart(&format!("T-{place}"), &[("A", "50", 1)]);
    let reply = sim.try_call("POST", "leases", Some(&ada.token), &order).await;
    assert_eq!(sim.control("GET", "/faults", &Value::Null).await.json(), json!({"faults": []}), "used up");
    reply
}

#[tokio::test]
async fn connections_that_end_before_or_after_the_effect() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    for (fault, kind, stored) in [
        (json!({"kind": "lose_reply"}), ErrorKind::UnexpectedEof, 1),
        (json!({"kind": "lose_reply", "accept": false}), ErrorKind::UnexpectedEof, 1),
        (json!({"kind": "reset"}), ErrorKind::ConnectionReset, 1),
        (json!({"kind": "reset", "accept": true}), ErrorKind::ConnectionReset, 2),
        (json!({"kind": "silence", "delay_ms": 50}), ErrorKind::UnexpectedEof, 3),
        (json!({"kind": "silence", "delay_ms": 50, "accept": false}), ErrorKind::UnexpectedEof, 3),
    ] {
        let error = disturbed(&sim, &ada, fault.clone()).await.err().unwrap();
        assert_eq!((error.kind(), sim.stored().await), (kind, stored), "{fault}");
    }
    let late = disturbed(&sim, &ada, json!({"kind": "late", "delay_ms": 50})).await.unwrap();
    assert_eq!((late.status, sim.stored().await), (200, 4));
    sim.stop().await;
}

#[tokio::test]
async fn a_held_connection_ends_with_the_simulator() {
    let sim = start().await;
    sim.turn("/faults", json!({"on": "settings", "kind": "silence"})).await;
    let address = sim.address;
    let held = tokio::spawn(async move {
        crate::support::call(address, "GET", "/v3/settings/lease", &[("authorization", KEY)], b"").await.err()
    });
    // It is held once it is counted.
    while sim.control("GET", "/calls", &Value::Null).await.json()["settings"] == 0 {
        tokio::task::yield_now().await;
    }
    sim.stop().await;
    assert_eq!(held.await.unwrap().unwrap().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn answers_that_are_none() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let (html, text) = (Some("text/html; charset=utf-8"), Some("text/plain; charset=utf-8"));
    for (fault, status, kind) in [
        (json!({"kind": "html"}), 200, html),
        (json!({"kind": "html", "status": 403}), 403, html),
        (json!({"kind": "status"}), 503, text),
        (json!({"kind": "status", "status": 429, "retry_after": 7}), 429, text),
        (json!({"kind": "redirect"}), 302, None),
        (json!({"kind": "empty"}), 200, Some("application/json")),
        (json!({"kind": "maintenance_text"}), 503, text),
    ] {
        let reply = disturbed(&sim, &ada, fault.clone()).await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (status, kind), "{fault}");
        assert_eq!(reply.header("retry-after"), fault["retry_after"].is_number().then_some("7"), "{fault}");
    }
    assert_eq!(sim.stored().await, 0);
    let huge = disturbed(&sim, &ada, json!({"kind": "huge_body"})).await.unwrap();
    assert!(huge.body.len() > 49 * 1024 * 1024);
    let half = disturbed(&sim, &ada, json!({"kind": "half_body"})).await.unwrap();
    let announced: usize = half.header("content-length").unwrap().parse().unwrap();
    assert_eq!(half.body.len(), announced / 2);
    assert!(half.body.starts_with(b"{\"data\":{\"leaseId\":"));
    assert_eq!(sim.stored().await, 1);
    sim.stop().await;
}

#[tokio::test]
async fn errors_of_any_shape() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let usual = disturbed(&sim, &ada, json!({"kind": "error"})).await.unwrap().error();
    let text = "An internal server error occurred".to_owned();
    assert_eq!(usual, (500, json!("InternalServerError"), text));
    for code in [json!("LeaseNotFound"), json!(11503), json!("")] {
        let fault = json!({"kind": "error", "status": 404, "code": code, "message": "m"});
        assert_eq!(disturbed(&sim, &ada, fault).await.unwrap().error(), (404, code, "m".to_owned()));
    }
    let fault = json!({"kind": "error", "status": 200, "body_status": 409});
    let reply = disturbed(&sim, &ada, fault).await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["statusCode"]), (200, &json!(409)), "a proxy rewrote it");
    let gateway = disturbed(&sim, &ada, json!({"kind": "gateway"})).await.unwrap();
    assert_eq!((gateway.status, gateway.json()), (401, json!({"message": "Invalid authentication credentials"})));
    let fault = json!({"kind": "gateway", "status": 429, "message": "API rate limit exceeded", "retry_after": 9});
    let limited = disturbed(&sim, &ada, fault).await.unwrap();
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("9")));
    assert_eq!(limited.json(), json!({"message": "API rate limit exceeded"}));
    assert_eq!(sim.stored().await, 0);
    let taken = json!({"kind": "error", "status": 502, "accept": true});
    assert_eq!(disturbed(&sim, &ada, taken).await.unwrap().status, 502);
    assert_eq!(sim.stored().await, 1, "an error after the effect");
    sim.stop().await;
}

#[tokio::test]
async fn answers_that_are_wrong() {
    let sim = start().await;
    sim.finalized(&cart("T-1", &[("A", "100", 1)])).await;
    let look = async |fault: Value| {
        let mut fault = fault;
        fault["on"] = "transaction".into();
        sim.turn("/faults", fault).await;
        sim.get("transactions/T-1", None).await.json()
    };
    let honest = sim.get("transactions/T-1", None).await.json();
    let swapped = look(json!({"kind": "types"})).await;
    assert_eq!(
        (&swapped["data"]["purchaseTotal"], &swapped["data"]["items"][0]["quantity"]),
        (&json!("10000"), &json!("1"))
    );
    let set = look(json!({"kind": "set", "pointer": "/data/purchaseTotal", "value": 12.34})).await;
    assert_eq!(set["data"]["purchaseTotal"], 12.34);
    let set = look(json!({"kind": "set", "pointer": "/data/items/0/sku", "value": "Z"})).await;
    assert_eq!(set["data"]["items"][0]["sku"], "Z");
    let removed = look(json!({"kind": "remove", "pointer": "/data/lease"})).await;
    assert!(removed["data"].get("lease").is_none() && removed["data"]["items"].is_array());
    assert_eq!(look(json!({"kind": "unwrap"})).await, honest["data"]);
    assert_eq!(look(json!({"kind": "null"})).await, Value::Null);
    for (kind, pointer) in [("set", "/data/items/7/sku"), ("remove", "/data/nothing")] {
        let fault = json!({"on": "transaction", "kind": kind, "pointer": pointer, "value": 1});
        sim.turn("/faults", fault).await;
        assert_eq!(sim.get("transactions/T-1", None).await.status, 501, "{kind} {pointer}");
    }
    assert_eq!(sim.get("transactions/T-1", None).await.json(), honest);
    sim.stop().await;
}

#[tokio::test]
async fn every_call_can_be_disturbed() {
    let sim = start().await;
    for (name, method, path) in CALLS {
        sim.turn("/faults", json!({"on": name, "kind": "status", "times": 2})).await;
        for _ in 0..2 {
            assert_eq!(sim.try_call(method, path, None, &Value::Null).await.unwrap().status, 503, "{name}");
        }
        assert_ne!(sim.try_call(method, path, None, &Value::Null).await.unwrap().status, 503, "{name}");
    }
    sim.turn("/faults", json!({"on": "other", "kind": "status"})).await;
    assert_eq!(sim.get("nowhere", None).await.status, 503);
    sim.turn("/faults", json!({"on": "script", "kind": "status"})).await;
    let script = format!("/sdk/js?authKey={}", AUTH_KEY.replace(' ', "%20"));
    assert_eq!(sim.raw("GET", &script, &[], b"").await.unwrap().status, 503);
    assert_eq!(sim.raw("GET", &script, &[], b"").await.unwrap().status, 200);
    for wrong in [
        json!({"on": "nothing", "kind": "status"}),
        json!({"on": "sign", "kind": "dance"}),
        json!({"on": "sign", "kind": "status", "times": 0}),
        json!({"on": "sign", "kind": "status", "status": 199}),
        json!({"on": "sign", "kind": "set", "pointer": "data", "value": 1}),
        json!({"on": "sign", "kind": "set", "pointer": "/data"}),
        json!({"on": "sign", "kind": "remove"}),
    ] {
        assert_eq!(sim.control("POST", "/faults", &wrong).await.status, 422, "{wrong}");
    }
    sim.turn("/faults", json!({"on": "sign", "kind": "status", "times": 9})).await;
    assert_eq!(sim.control("DELETE", "/faults", &Value::Null).await.status, 204);
    assert_eq!(sim.control("GET", "/faults", &Value::Null).await.json(), json!({"faults": []}));
    sim.stop().await;
}
