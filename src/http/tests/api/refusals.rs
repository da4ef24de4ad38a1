//! Refused before anything is looked at: who asks, what for, in which form.

use axum::body::Body;
use http::{Method, Request};
use lendport_core::Clock as _;
use lendport_storage::ApiKey;

use crate::world::{KEY, LIVE_KEY, OTHER_KEY, World, sample};

#[tokio::test]
async fn without_a_known_key_there_is_nothing() {
    let world = World::new().await;
    let request = Request::get("/v1/checkouts").body(Body::empty()).unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    let long = format!("Bearer {}", "x".repeat(5000));
    for wrong in ["", "Bearer", "Bearer ", "Bearer lp_test_nobody", "Basic bHA6eA==", "lp_test_first", &long] {
        let answer = world.call(Method::GET, "/v1/checkouts", &[("authorization", wrong)], Body::empty()).await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{wrong}");
        assert!(!answer.text.contains("nobody"));
    }
    let answer =
        world.call(Method::GET, "/v1/checkouts", &[("authorization", "bearer lp_test_first")], Body::empty()).await;
    assert_eq!(answer.status, 200, "the scheme's case does not matter");
}

#[tokio::test]
async fn another_merchant_and_the_other_mode_see_nothing() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let path = format!("/v1/checkouts/{id}");
    for key in [OTHER_KEY, LIVE_KEY] {
        let bearer = format!("Bearer {key}");
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::GET, format!("{path}/timeline")),
            (Method::GET, format!("{path}/refunds")),
            (Method::GET, format!("{path}/shipments")),
            (Method::POST, format!("{path}/cancel")),
            (Method::POST, format!("{path}/capture")),
            (Method::POST, format!("{path}/refunds")),
            (Method::POST, format!("{path}/attempts")),
            (Method::POST, format!("{path}/refresh")),
            (Method::POST, format!("{path}/renew_callback")),
        ] {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
            let answer = world.call(method.clone(), &path, &headers, Body::empty()).await;
            assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{key} {method} {path}");
        }
        let list = world.call(Method::GET, "/v1/checkouts", &[("authorization", &bearer)], Body::empty()).await;
        assert_eq!(list.json()["data"].as_array().unwrap().len(), 0);
    }
    for wrong in ["chk_1", "nothing", "chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b", "%00", "..%2f.."] {
        assert_eq!(world.get(&format!("/v1/checkouts/{wrong}")).await.problem().0, 404, "{wrong}");
    }
    let named = [("lendport-merchant", "mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")];
    assert_eq!(world.call(Method::GET, &path, &named, Body::empty()).await.problem().0, 404);
}

#[tokio::test]
async fn addresses_methods_types_sizes_and_versions() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/nothing").await.problem(), (404, "not_found".to_owned()));
    assert_eq!(world.get("/").await.problem(), (404, "not_found".to_owned()));
    let answer = world.call(Method::DELETE, "/v1/checkouts", &[], Body::empty()).await;
    assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()));
    let allowed = answer.header("allow").unwrap().to_owned();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    let answer = world.call(Method::OPTIONS, "/v1/checkouts", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, Some(allowed.as_str())));
    let answer = world.call(Method::HEAD, "/v1/checkouts", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));

    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "jsonish"] {
        let headers = [("content-type", kind), ("idempotency-key", "k")];
        let answer = world.call(Method::POST, "/v1/checkouts", &headers, sample().to_string()).await;
        assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()), "{kind}");
    }
    let headers = [("content-encoding", "gzip"), ("idempotency-key", "k")];
    let answer = world.call(Method::POST, "/v1/checkouts", &headers, sample().to_string()).await;
    assert_eq!(answer.problem().0, 415);
    let headers = [("content-type", "application/json; charset=UTF-8"), ("idempotency-key", "k")];
    assert_eq!(world.call(Method::POST, "/v1/checkouts", &headers, sample().to_string()).await.status, 201);

    let answer = world.create(vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(answer.problem(), (413, "body_too_large".to_owned()));

    let headers = [("lendport-version", "2020-01-01")];
    let answer = world.call(Method::GET, "/v1/checkouts", &headers, Body::empty()).await;
    assert_eq!(answer.problem(), (400, "unsupported_version".to_owned()));
    assert_eq!(answer.header("lendport-version"), Some(lendport_http::VERSION));
    let headers = [("lendport-version", lendport_http::VERSION)];
    let answer = world.call(Method::GET, "/v1/checkouts", &headers, Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.header("lendport-version")), (200, Some(lendport_http::VERSION)));
}

#[tokio::test]
async fn unknown_and_wrong_query_parameters_are_named() {
    let world = World::new().await;
    let id = world.opened("open").await;
    for (path, expected) in [
        ("/v1/checkouts?limt=3".to_owned(), "?limt unknown_parameter"),
        ("/v1/checkouts?limit=0".to_owned(), "?limit invalid_value"),
        ("/v1/checkouts?limit=101".to_owned(), "?limit invalid_value"),
        ("/v1/checkouts?limit=x".to_owned(), "?limit invalid_value"),
        ("/v1/checkouts?limit=1&limit=2".to_owned(), "?limit duplicate_parameter"),
        ("/v1/checkouts?after=chk_1".to_owned(), "?after invalid_value"),
        ("/v1/checkouts?status=paid".to_owned(), "?status invalid_value"),
        ("/v1/checkouts?provider=A%20B".to_owned(), "?provider invalid_value"),
        ("/v1/checkouts?created_after=yesterday".to_owned(), "?created_after invalid_value"),
        (format!("/v1/checkouts/{id}?expand=all"), "?expand unknown_choice"),
        (format!("/v1/checkouts/{id}/timeline?x=%ff"), "?x unknown_parameter"),
        ("/v1/providers?x".to_owned(), "?x unknown_parameter"),
    ] {
        let answer = world.get(&path).await;
        assert_eq!(answer.problem(), (400, "invalid_query".to_owned()), "{path}");
        assert_eq!(answer.pointers(), [expected], "{path}");
    }
    assert_eq!(world.post("/v1/checkouts?dry=1", "k", sample().to_string()).await.problem().1, "invalid_query");
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_moments() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/checkouts").await.status, 200);
    let key = world.store.key_by_digest(&lendport_engine::digest(KEY)).await.unwrap().unwrap();
    world.store.put_key(&ApiKey { revoked_at: Some(world.clock.now()), ..key }).await.unwrap();
    let revoked = std::time::Instant::now();
    while world.get("/v1/checkouts").await.status != 401 {
        assert!(revoked.elapsed().as_secs() < 120, "it is still believed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let bearer = format!("Bearer {OTHER_KEY}");
    let other = world.call(Method::GET, "/v1/checkouts", &[("authorization", &bearer)], Body::empty()).await;
    assert_eq!(other.status, 200, "nobody else's");
}
