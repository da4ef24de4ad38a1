//! What endpoints for events refuse: wrong content, addresses that are not public, and what is another merchant's.

use http::Method;
use serde_json::json;

use crate::webhook_endpoints::{ENDPOINTS, shop};
use crate::world::{KEY, LIVE_KEY, OTHER_KEY, World};

#[tokio::test]
async fn everything_wrong_is_named_at_once() {
    let world = World::new().await;
    let body = json!({
        "url": "https://user:word@shop.example/",
        "events": ["checkout.created", "checkout.raedy", 5, "checkout.created"],
        "description": "x".repeat(501),
        "secret": "whsec_mine",
    });
    let answer = world.post(ENDPOINTS, "k", body.to_string()).await;
    assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(
        answer.pointers(),
        [
            "/secret unknown_field",
            "/events/1 unknown_choice",
            "/events/2 wrong_type",
            "/events/3 repeated",
            "/description too_long",
            "/url invalid_url",
        ]
    );
    assert!(!answer.text.contains("word@") && !answer.text.contains("whsec_mine"), "{}", answer.text);
    for (body, expected) in [
        (json!({}), &["/url missing"][..]),
        (json!({ "url": null }), &["/url missing"]),
        (json!({ "url": 5 }), &["/url wrong_type"]),
        (json!({ "url": "https://a.example", "events": [] }), &["/events too_few"]),
        (json!({ "url": "https://a.example", "events": "checkout.created" }), &["/events wrong_type"]),
        (json!({ "url": "https://a.example", "state": "enabled" }), &["/state unknown_field"]),
        (json!([]), &[" wrong_type"]),
    ] {
        let answer = world.post(ENDPOINTS, "k", body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.pointers().as_slice()),
            (422, &expected.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()[..]),
            "{body}"
        );
    }
    assert_eq!(world.get(ENDPOINTS).await.json()["data"], json!([]), "nothing was stored");

    let path = format!("{ENDPOINTS}/{}", world.endpoint("set up", shop()).await);
    for (body, expected) in [
        (json!({ "url": null, "state": null }), &["/url missing", "/state missing"][..]),
        (json!({ "state": "gone" }), &["/state unknown_choice"]),
        (json!({ "state": "failing", "events": ["x"] }), &["/events/0 unknown_choice", "/state unknown_choice"]),
        (json!({ "stat": "enabled", "url": "ftp://a.example" }), &["/stat unknown_field", "/url invalid_url"]),
    ] {
        let answer = world.patch(&path, "*", body.clone()).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{body}");
        assert_eq!(answer.pointers(), expected, "{body}");
    }
}

#[tokio::test]
async fn addresses_are_public_and_https_but_for_tests() {
    let world = World::new().await;
    let live = format!("Bearer {LIVE_KEY}");
    let test = format!("Bearer {KEY}");
    for (number, (url, in_test, in_live)) in [
        ("https://shop.example:8443/a?b=c", None, None),
        ("http://shop.example/", None, Some("invalid_url")),
        ("http://127.0.0.1:9000/", None, Some("invalid_url")),
        ("https://localhost/", None, Some("private_address")),
        ("https://[::ffff:127.0.0.1]/", Some("private_address"), Some("private_address")),
        ("https://10.0.0.1/", Some("private_address"), Some("private_address")),
        ("https://0x7f.1/", None, Some("private_address")),
        ("https://169.254.169.254/latest", Some("private_address"), Some("private_address")),
        ("https://[fd00::1]/", Some("private_address"), Some("private_address")),
        ("file:///etc/passwd", Some("invalid_url"), Some("invalid_url")),
        ("shop.example/hooks", Some("invalid_url"), Some("invalid_url")),
        ("https://shop.example/a b", Some("invalid_url"), Some("invalid_url")),
        ("https://shop.example/\n", Some("invalid_url"), Some("invalid_url")),
    ]
    .into_iter()
    .enumerate()
    {
        for (bearer, expected) in [(&test, in_test), (&live, in_live)] {
            let key = format!("key {number}");
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", key.as_str())];
            let answer = world.call(Method::POST, ENDPOINTS, &headers, json!({ "url": url }).to_string()).await;
            match expected {
                None => assert_eq!(answer.status, 201, "{url}: {}", answer.text),
                Some(code) => assert_eq!(answer.pointers(), [format!("/url {code}")], "{url}"),
            }
        }
    }
    let long = json!({ "url": format!("https://shop.example/{}", "x".repeat(2048)) });
    assert_eq!(world.post(ENDPOINTS, "long", long.to_string()).await.pointers(), ["/url too_long"]);
}

#[tokio::test]
async fn the_bodies_and_headers_of_every_route_are_judged() {
    let world = World::new().await;
    let id = world.endpoint("set up", shop()).await;
    let path = format!("{ENDPOINTS}/{id}");
    let of = |name: &str| format!("{path}/{name}");
    for (path, body, expected) in [
        (of("rotate_secret"), json!({ "overlap": 1 }), "/overlap unknown_field"),
        (of("test"), json!({ "type": "checkout.creatd" }), "/type unknown_choice"),
        (of("test"), json!({}), "/type missing"),
        (of("test"), json!({ "type": "checkout.created", "to": "me" }), "/to unknown_field"),
        (of("recover"), json!({}), "/since missing"),
        (of("recover"), json!({ "since": "yesterday" }), "/since invalid_time"),
        (of("recover"), json!({ "since": "2999-01-01T00:00:00Z" }), "/since out_of_range"),
    ] {
        let answer = world.post(&path, "k", body.to_string()).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{path} {body}");
        assert_eq!(answer.pointers(), [expected], "{path} {body}");
    }
    for (path, body) in [
        (ENDPOINTS.to_owned(), shop()),
        (of("rotate_secret"), json!({})),
        (of("test"), json!({ "type": "checkout.created" })),
        (of("recover"), json!({ "since": "2026-01-01T00:00:00Z" })),
    ] {
        let answer = world.call(Method::POST, &path, &[], body.to_string()).await;
        assert_eq!(answer.problem(), (400, "idempotency_key_missing".to_owned()), "{path}");
        let answer = world.post(&format!("{path}?dry=1"), "k", body.to_string()).await;
        assert_eq!(answer.pointers(), ["?dry unknown_parameter"], "{path}");
    }
    for (query, expected) in [
        ("limit=0", "?limit invalid_value"),
        ("after=evt_1", "?after invalid_value"),
        ("state=enabled", "?state unknown_parameter"),
    ] {
        let answer = world.get(&format!("{ENDPOINTS}?{query}")).await;
        assert_eq!((answer.problem().1.as_str(), answer.pointers()), ("invalid_query", vec![expected.to_owned()]));
    }
    assert_eq!(world.get(&format!("{path}?x=1")).await.pointers(), ["?x unknown_parameter"]);
    assert_eq!(world.call(Method::PUT, &path, &[], "{}").await.problem().0, 405);
}

#[tokio::test]
async fn what_is_anothers_does_not_exist() {
    let world = World::new().await;
    let id = world.endpoint("set up", json!({ "url": "https://shop.example/" })).await;
    world.opened("a checkout").await;
    let event = world.get("/v1/events").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let delivery = world.get("/v1/deliveries").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("{ENDPOINTS}/{id}");
    let nobodys = format!("{ENDPOINTS}/whe_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b");
    let requests = |path: &str| {
        vec![
            (Method::GET, path.to_owned(), ""),
            (Method::PATCH, path.to_owned(), "{\"state\":\"disabled\"}"),
            (Method::POST, format!("{path}/rotate_secret"), ""),
            (Method::POST, format!("{path}/test"), "{\"type\":\"checkout.created\"}"),
            (Method::POST, format!("{path}/recover"), "{\"since\":\"2026-01-01T00:00:00Z\"}"),
            (Method::DELETE, path.to_owned(), ""),
        ]
    };
    let mut theirs = requests(&path);
    theirs.extend([
        (Method::GET, format!("/v1/events/{event}"), ""),
        (Method::GET, format!("/v1/deliveries/{delivery}"), ""),
        (Method::POST, format!("/v1/deliveries/{delivery}/resend"), ""),
    ]);
    for key in [OTHER_KEY, LIVE_KEY] {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
        for (method, path, body) in &theirs {
            let answer = world.call(method.clone(), path, &headers, *body).await;
            assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{method} {path}");
        }
        for path in [ENDPOINTS, "/v1/events", "/v1/deliveries"] {
            assert_eq!(world.call(Method::GET, path, &headers, "").await.json()["data"], json!([]), "{path}");
        }
        for query in [format!("event={event}"), format!("endpoint={id}")] {
            let answer = world.call(Method::GET, &format!("/v1/deliveries?{query}"), &headers, "").await;
            assert_eq!(answer.json()["data"], json!([]), "{query}");
        }
    }
    for (method, path, body) in requests(&nobodys).into_iter().chain(requests(&format!("{ENDPOINTS}/nothing"))) {
        let answer = world.call(method.clone(), &path, &[("idempotency-key", "k")], body).await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{method} {path}");
    }
    let read = world.get(&path).await;
    assert_eq!((read.header("etag"), &read.json()["state"]), (Some("\"1\""), &json!("enabled")), "it is as it was");
}
