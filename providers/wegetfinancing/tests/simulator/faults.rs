//! Every fault as a raw client sees it, and whether the request was taken in.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PASSWORD, Reply, Running, USER, basic, call, sample, sample_with, start, unserved};

async fn disturbed(sim: &Running, fault: Value) -> std::io::Result<Reply> {
    let mut fault = fault;
    fault["on"] = "create".into();
    assert_eq!(sim.control("POST", "/faults", &fault).await.status, 201, "{fault}");
    let reply = sim.create_raw(&sample().to_string()).await;
    let left = sim.control("GET", "/faults", &Value::Null).await.json();
    assert_eq!(left, json!({"faults": []}), "used up");
    reply
}

#[tokio::test]
async fn a_lost_reply_is_a_stored_request_and_a_closed_connection() {
    let sim = start().await;
    let error = disturbed(&sim, json!({"kind": "lose_reply"})).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(sim.stored().await, 1);
    let error = disturbed(&sim, json!({"kind": "reset"})).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sim.stored().await, 1);
    let error = disturbed(&sim, json!({"kind": "reset", "accept": true})).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sim.stored().await, 2);
    assert_eq!(sim.control("GET", "/calls", &Value::Null).await.json()["create"], 3);
    sim.stop().await;
}

#[tokio::test]
async fn silence_and_lateness() {
    let sim = start().await;
    let begun = Instant::now();
    let error = disturbed(&sim, json!({"kind": "silence", "delay_ms": 300})).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let begun = Instant::now();
    let reply = disturbed(&sim, json!({"kind": "late", "delay_ms": 300})).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!((reply.status, &reply.json()["amount"]), (200, &json!("1420.00")));
    assert_eq!(sim.stored().await, 2);
}

#[tokio::test]
async fn silence_does_not_hold_up_a_shutdown() {
    let sim = start().await;
    assert_eq!(sim.control("POST", "/faults", &json!({"on": "create", "kind": "silence"})).await.status, 201);
    let address = sim.address;
    let body = sample().to_string();
    let waiting = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let auth = basic(USER, PASSWORD);
        let head = format!(
            "POST /merchant/1234/requests HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: {auth}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    });
    while sim.stored().await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sim.stop().await;
    assert!(waiting.await.unwrap().is_empty());
}

#[tokio::test]
async fn answers_of_the_wrong_kind() {
    let sim = start().await;
    let reply = disturbed(&sim, json!({"kind": "status"})).await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]), (503, &json!("http")));
    assert_eq!(disturbed(&sim, json!({"kind": "status", "status": 502})).await.unwrap().status, 502);
    let reply = disturbed(&sim, json!({"kind": "html"})).await.unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let reply = disturbed(&sim, json!({"kind": "redirect"})).await.unwrap();
    assert_eq!((reply.status, reply.header("location")), (302, Some("/elsewhere")));
    let reply = disturbed(&sim, json!({"kind": "empty"})).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    let reply = disturbed(&sim, json!({"kind": "maintenance_text"})).await.unwrap();
    assert_eq!((reply.status, reply.text().as_str()), (503, "Down for maintenance, back soon.\n"));
    let reply = disturbed(&sim, json!({"kind": "huge_body"})).await.unwrap();
    assert!(reply.body.len() >= 50 * 1024 * 1024 - 65_536, "{}", reply.body.len());
    assert_eq!(sim.stored().await, 0, "none of them takes the request in");
}

#[tokio::test]
async fn answers_that_lack_or_twist_something() {
    let sim = start().await;
    let reply = disturbed(&sim, json!({"kind": "no_href"})).await.unwrap().json();
    assert!(reply.get("href").is_none() && reply["inv_id"].is_string());
    let reply = disturbed(&sim, json!({"kind": "no_inv_id"})).await.unwrap().json();
    assert!(reply.get("inv_id").is_none() && reply["href"].is_string());
    assert_eq!(disturbed(&sim, json!({"kind": "wrong_amount"})).await.unwrap().json()["amount"], "1421.00");
    let stated = json!({"kind": "wrong_amount", "amount": "1472.69"});
    assert_eq!(disturbed(&sim, stated).await.unwrap().json()["amount"], "1472.69");
    let half = disturbed(&sim, json!({"kind": "half_body"})).await.unwrap();
    let announced: usize = half.header("content-length").unwrap().parse().unwrap();
    assert_eq!((half.status, half.body.len()), (200, announced / 2));
    assert_eq!(sim.stored().await, 5);
}

#[tokio::test]
async fn faults_wait_for_their_endpoint_and_count_down() {
    let sim = start().await;
    assert_eq!(sim.control("POST", "/faults", &json!({"on": "auth", "kind": "html", "times": 2})).await.status, 201);
    assert_eq!(sim.create(&sample()).await.status, 200);
    for content_type in ["text/html; charset=utf-8", "text/html; charset=utf-8", "application/json"] {
        let reply = sim.call("POST", "/v3/auth", &[], b"{}").await.unwrap();
        assert_eq!(reply.header("content-type"), Some(content_type));
    }
    for bad in [
        json!({"on": "create", "kind": "explode"}),
        json!({"on": "page", "kind": "html"}),
        json!({"on": "auth", "kind": "no_href"}),
        json!({"on": "create", "kind": "html", "times": 0}),
        json!({"on": "create", "kind": "status", "status": 42}),
    ] {
        assert_eq!(sim.control("POST", "/faults", &bad).await.status, 422, "{bad}");
    }
    sim.control("POST", "/faults", &json!({"on": "create", "kind": "html"})).await;
    assert_eq!(sim.control("DELETE", "/faults", &Value::Null).await.status, 204);
    assert_eq!(sim.create(&sample()).await.status, 200);
    assert_eq!(sim.control("POST", "/reset", &Value::Null).await.status, 204);
    assert_eq!(sim.stored().await, 0);
    assert_eq!(sim.control("GET", "/calls", &Value::Null).await.json()["create"], 0);
}

#[tokio::test]
async fn the_request_can_ask_for_its_own_fault() {
    let sim = start().await;
    let tagged = |tag: &str| sample_with(json!({ "email": format!("john+{tag}@example.com") })).to_string();
    let lost = sim.create_raw(&tagged("lose-reply")).await.err().unwrap();
    assert_eq!((lost.kind(), sim.stored().await), (ErrorKind::UnexpectedEof, 1));
    assert_eq!(sim.create_raw(&tagged("http503")).await.unwrap().status, 503);
    assert!(sim.create_raw(&tagged("html")).await.unwrap().text().starts_with("<!doctype html>"));
    assert_eq!(sim.stored().await, 1);
    assert_eq!(sim.create_raw(&tagged("wrong-amount")).await.unwrap().json()["amount"], "1421.00");
    assert_eq!(sim.create_raw(&tagged("harmless")).await.unwrap().status, 200);
    let refused = sample_with(json!({ "email": "john+wrong-amount@example.com", "phone": "1" }));
    assert_eq!(sim.create(&refused).await.status, 400);
}

#[tokio::test]
async fn a_lost_reply_behind_somebody_elses_listener() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = unserved();
    let router = simulator.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let auth = basic(USER, PASSWORD);
    let headers = [("content-type", "application/json"), ("authorization", auth.as_str())];
    let lost = sample_with(json!({ "email": "john+lose-reply@example.com" })).to_string();
    let error = call(address, "POST", "/merchant/1234/requests", &headers, lost.as_bytes()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let body = sample().to_string();
    let reply = call(address, "POST", "/merchant/1234/requests", &headers, body.as_bytes()).await.unwrap();
    let href = reply.json()["href"].as_str().unwrap().to_owned();
    assert!(href.starts_with(&format!("http://{address}/partner.sandbox/")), "named by the Host header");
    simulator.stop();
}
