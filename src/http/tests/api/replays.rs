//! A repeat has the headers of the first answer, beside the one that says that it is a repeat.

use http::Method;
use serde_json::json;

use crate::world::{Answer, World, sample};

/// What says which version was answered, and where it is.
fn of_the_resource(answer: &Answer) -> [Option<&str>; 4] {
    ["etag", "location", "content-type", "retry-after"].map(|name| answer.header(name))
}

#[tokio::test]
async fn every_command_that_shows_a_version_shows_it_again() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let endpoint = json!({ "url": "https://shop.example/hook" }).to_string();
    let made = world.post("/v1/webhook_endpoints", "made", endpoint.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let hook = made.json()["id"].as_str().unwrap().to_owned();
    let steps = [
        ("/v1/checkouts".to_owned(), sample().to_string(), 201),
        ("/v1/webhook_endpoints".to_owned(), endpoint, 201),
        (format!("/v1/webhook_endpoints/{hook}/rotate_secret"), String::new(), 200),
    ];
    for (path, body, status) in steps {
        let first = world.post(&path, "repeated", body.clone()).await;
        assert_eq!(
            (first.status.as_u16(), first.header("idempotent-replayed")),
            (status, None),
            "{path} {}",
            first.text
        );
        assert!(first.header("etag").is_some(), "{path}");
        // The resource goes on; the repeat shows what was answered.
        world.push("authorized").await;
        let again = world.post(&path, "repeated", body).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text), "{path}");
        assert_eq!(of_the_resource(&again), of_the_resource(&first), "{path}");
    }
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.status, 200);
}

#[tokio::test]
async fn an_old_version_from_a_repeat_changes_nothing() {
    let world = World::new().await;
    let id = world.opened("open").await;
    world.push("authorized").await;
    let again = world.post("/v1/checkouts", "open", sample().to_string()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{}", again.text);
    let headers = [("idempotency-key", "cancel"), ("if-match", again.header("etag").unwrap())];
    let refused = world.call(Method::POST, &format!("/v1/checkouts/{id}/cancel"), &headers, "").await;
    assert_eq!(refused.problem(), (412, "precondition_failed".to_owned()));
}
