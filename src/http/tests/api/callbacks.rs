//! What a financer pushes: taken in whatever it says it accepts, answered in plain text.

use axum::body::Body;
use http::{Method, Request};

use crate::world::{Answer, World};

async fn push(world: &World, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn any_accept_and_any_type_are_taken() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let path = format!("/callbacks/acme/{}", world.fake.token.lock().unwrap());
    for (accept, kind) in
        [("*", "application/json"), ("image/png", "text/xml"), ("", "application/x-www-form-urlencoded")]
    {
        let answer = push(&world, &path, &[("accept", accept), ("content-type", kind)], "preapproved").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "OK"), "{accept} {kind}");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    }
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["status"], "preapproved");
}

#[tokio::test]
async fn refusals_say_why_and_change_nothing() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let path = format!("/callbacks/acme/{}", world.fake.token.lock().unwrap());
    for (path, body, status) in [
        (path.as_str(), b"forged".to_vec(), 401),
        (&path, b"nonsense".to_vec(), 400),
        (&path, vec![0xff; 10], 400),
        (&path, vec![b'x'; 64 * 1024 + 1], 413),
        ("/callbacks/acme/wrong", b"authorized".to_vec(), 404),
        ("/callbacks/nobody/wrong", b"authorized".to_vec(), 404),
    ] {
        let answer = push(&world, path, &[], body).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    }
    let answer = world.send(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 400, "a GET is heard, and this one says nothing");
    let answer = world.call(Method::PUT, &path, &[], "authorized").await;
    assert_eq!(answer.problem().1, "method_not_allowed");
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["status"], "requires_customer_action");
}

#[tokio::test]
async fn ten_at_once_are_one_change() {
    let world = std::sync::Arc::new(World::new().await);
    let id = world.opened("open").await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let world = std::sync::Arc::clone(&world);
        running.spawn(async move { world.push("authorized").await.status });
    }
    assert!(running.join_all().await.into_iter().all(|status| status == 200));
    let events = world.get(&format!("/v1/checkouts/{id}?expand=events")).await.json()["events"].clone();
    let ready = events.as_array().unwrap().iter().filter(|event| event["type"] == "checkout.ready_to_fulfill").count();
    assert_eq!(ready, 1);
}

#[tokio::test]
async fn a_signature_that_is_no_text_is_still_a_signature() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let path = format!("/callbacks/acme/{}", world.fake.token.lock().unwrap());
    let wrong = http::HeaderValue::from_bytes(b"\xc3\xa9\xff").unwrap();
    let request = Request::post(path).header("x-signature", wrong).body(Body::from("authorized")).unwrap();
    assert_eq!(world.send(request).await.status, 401);
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["status"], "requires_customer_action");
}

#[tokio::test]
async fn an_address_that_is_no_text_is_unknown_in_plain_text() {
    let world = World::new().await;
    for path in ["/callbacks/acme/%00%ff", "/callbacks/%ff/token", "/callbacks/acme/%00"] {
        let answer = push(&world, path, &[], "authorized").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (404, "unknown callback address"), "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    }
    assert_eq!(world.get("/v1/providers/%ff").await.problem(), (404, "not_found".to_owned()));
    for path in ["/c/%ff", "/problems/%ff", "/assets/%ff"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
}
