//! Shipping in both versions, and the price widget's call.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, Running, USER, basic, sample, start};

async fn v1(sim: &Running, body: &Value) -> Reply {
    let auth = basic(USER, PASSWORD);
    let headers = [("content-type", "application/json"), ("authorization", auth.as_str())];
    sim.call("POST", "/merchant/1234/shipping", &headers, body.to_string().as_bytes()).await.unwrap()
}

async fn v3(sim: &Running, token: &str, inv_id: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("x-wgt-access-token", token)];
    let path = format!("/v3/lead/{inv_id}/shipping_status");
    sim.call("POST", &path, &headers, body.to_string().as_bytes()).await.unwrap()
}

#[tokio::test]
async fn v1_shipping_only_after_approval() {
    let sim = start().await;
    let inv_id = sim.created(&sample()).await;
    let body = json!({"loan_id": inv_id, "shipping_event": {
        "date": "2024-01-15", "state": "dispatched", "items": ["ref03243"], "message": "On its way",
        "expected_delivery_date": "2024-01-18", "service_type": "Ground", "shipment_company": "UPS", "tracking_number": "1Z999"}});
    let early = v1(&sim, &body).await;
    assert_eq!((early.status, &early.json()["error"]), (400, &json!("generic")));
    assert!(early.json()["stamp"].is_string());
    sim.decide(&inv_id, &json!({"status": "approved"})).await;
    let done = v1(&sim, &body).await;
    assert_eq!(done.status, 200);
    assert_eq!((&done.json()["type"], &done.json()["http_code"]), (&json!("done"), &json!(200)));
    assert!(done.json()["loan"].is_string());
    let kept = &sim.seen(&inv_id).await["shipping_updates"][0];
    assert_eq!((&kept["api"], &kept["shipping_event"]), (&json!("v1"), &body["shipping_event"]));

    let table = [
        (json!({}), "missing_parameters", json!(["loan_id", "shipping_event"])),
        (
            json!({"loan_id": inv_id, "shipping_event": {}}),
            "missing_parameters",
            json!(["shipping_event.date", "shipping_event.state"]),
        ),
        (
            json!({"loan_id": inv_id, "shipping_event": {"date": "2024-01-15", "state": "other", "x": 1}}),
            "unknown_parameters",
            json!(["shipping_event.x"]),
        ),
        (
            json!({"loan_id": inv_id, "shipping_event": {"date": "15.1.2024", "state": "sent"}}),
            "invalid_parameters",
            json!(["shipping_event.date", "shipping_event.state"]),
        ),
        (
            json!({"loan_id": inv_id, "shipping_event": {"date": "2024-01-15", "state": "other", "items": [1]}}),
            "invalid_parameters",
            json!(["shipping_event.items"]),
        ),
        (json!({"loan_id": inv_id, "shipping_event": 5}), "invalid_parameters", json!(["shipping_event"])),
        (
            json!({"loan_id": "nope", "shipping_event": {"date": "2024-01-15", "state": "other"}}),
            "invalid_parameters",
            json!(["loan_id"]),
        ),
    ];
    for (body, error, subjects) in table {
        let reply = v1(&sim, &body).await;
        assert_eq!(
            (reply.status, &reply.json()["error"], &reply.json()["subjects"]),
            (400, &json!(error), &subjects),
            "{body}"
        );
    }
    let open = sim.call("POST", "/merchant/1234/shipping", &[], b"{}").await.unwrap();
    assert_eq!(open.status, 401);
}

#[tokio::test]
async fn v3_shipping_with_a_token() {
    let sim = start().await;
    let inv_id = sim.created(&sample()).await;
    let wrong =
        sim.call("POST", "/v3/auth", &[], br#"{"client_id":"cdx_merchantname","client_secret":"no"}"#).await.unwrap();
    let error = wrong.json();
    assert_eq!((wrong.status, &error["error_type"]), (401, &json!("AuthenticationError")));
    assert!(error["messages"][0].get("Invalid or missing credentials").is_some() && error["created_at"].is_string());
    let body = json!({"client_id": USER, "client_secret": PASSWORD}).to_string();
    let reply = sim.call("POST", "/v3/auth", &[], body.as_bytes()).await.unwrap();
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();

    let update = json!({"shipping_status": "shipped", "tracking_id": "-", "tracking_company": "-", "delivery_date": "2024-01-16"});
    assert_eq!(v3(&sim, "other", &inv_id, &update).await.status, 401);
    assert_eq!(v3(&sim, &token, &inv_id, &update).await.status, 409);
    assert_eq!(v3(&sim, &token, "nope", &update).await.status, 404);
    sim.decide(&inv_id, &json!({"status": "approved"})).await;
    let done = v3(&sim, &token, &inv_id, &update).await;
    assert_eq!((done.status, done.body.len()), (204, 0));
    let bad =
        v3(&sim, &token, &inv_id, &json!({"shipping_status": "lost", "tracking_id": "1", "delivery_date": "soon"}))
            .await;
    assert_eq!((bad.status, &bad.json()["error_type"]), (400, &json!("ValidationError")));
    assert_eq!(bad.json()["messages"].as_array().unwrap().len(), 3);
    assert_eq!(sim.seen(&inv_id).await["shipping_updates"][0]["shipping_status"], update);
    let calls = sim.control("GET", "/calls", &Value::Null).await.json();
    assert_eq!((&calls["auth"], &calls["shipping_v3"]), (&json!(2), &json!(5)));
}

#[tokio::test]
async fn the_price_widgets_call() {
    let sim = start().await;
    let ppe = async |token: &str| sim.call("GET", &format!("/integration/{token}/ppe"), &[], b"").await.unwrap().json();
    assert!(ppe("bad-one").await["error"].is_string());
    assert_eq!(ppe("none-here").await, json!([]));
    assert_eq!(ppe("token").await[0]["max_amount"], "100000");
}
