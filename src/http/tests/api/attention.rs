//! What needs a person: listed, read, settled once, and nobody else's.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::world::{LIVE_KEY, OTHER_KEY, World};

/// An id that a line could have.
const LINE: &str = "lin_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";

/// A checkout whose approval was withdrawn; the id of the item about it.
async fn withdrawn(world: &World) -> (String, String) {
    let id = world.opened("open").await;
    for state in ["authorized", "declined"] {
        assert_eq!(world.push(state).await.status, 200);
    }
    let page = world.get(&format!("/v1/attention?state=open&checkout={id}")).await.json();
    let [item] = page["data"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!((&item["kind"], &item["checkout"]), (&json!("withdrawn_approval"), &json!(id)));
    (id, item["id"].as_str().unwrap().to_owned())
}

fn holds() -> String {
    json!({ "choice": "approval_holds", "reason": "confirmed by telephone" }).to_string()
}

#[tokio::test]
async fn an_item_says_what_can_be_done_and_then_what_was() {
    let world = World::new().await;
    let (checkout, id) = withdrawn(&world).await;
    let item = world.get(&format!("/v1/attention/{id}")).await.json();
    assert_eq!((&item["object"], &item["state"]), (&json!("attention_item"), &json!("open")));
    let choices: Vec<_> = item["choices"].as_array().unwrap().iter().map(|one| one["choice"].clone()).collect();
    assert_eq!(choices, ["acknowledge", "approval_holds"]);
    assert!(item["deadline"].is_string() && item["resolution"].is_null());

    let path = format!("/v1/attention/{id}/resolve");
    let settled = world.post(&path, "key", holds()).await;
    assert_eq!((settled.status.as_u16(), &settled.json()["state"]), (200, &json!("resolved")), "{}", settled.text);
    let resolution = settled.json()["resolution"].clone();
    assert_eq!(resolution["reason"], "confirmed by telephone");
    assert!(resolution["by"].as_str().unwrap().starts_with("key_"), "{resolution}");
    assert_eq!(world.get(&format!("/v1/checkouts/{checkout}")).await.json()["can_fulfill"], true);

    let again = world.post(&path, "key", holds()).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &settled.text));
    assert_eq!(world.post(&path, "another", holds()).await.problem(), (409, "invalid_state".to_owned()));
    assert_eq!(world.get(&format!("/v1/attention/{id}")).await.json(), settled.json());
}

#[tokio::test]
async fn wrong_resolutions_are_named_field_by_field() {
    let world = World::new().await;
    let (_, id) = withdrawn(&world).await;
    let path = format!("/v1/attention/{id}/resolve");
    for (body, pointers) in [
        (json!({}), vec!["/choice missing", "/reason missing"]),
        (json!({ "choice": "accept_amount", "reason": "because" }), vec!["/choice not_offered"]),
        (json!({ "choice": "acknowledge", "reason": " " }), vec!["/reason missing"]),
        (json!({ "choice": "acknowledge", "reason": "x".repeat(1_001) }), vec!["/reason too_long"]),
        (json!({ "choice": "acknowledge", "reason": "because", "amount": "1.00" }), vec!["/amount unexpected"]),
        (
            json!({ "choice": "acknowledge", "reason": "because", "lines": [{ "line_id": LINE, "quantity": 1 }] }),
            vec!["/lines unexpected"],
        ),
        (
            json!({ "choice": "acknowledge", "reason": "because", "lines": [{ "line_id": LINE, "quantity": 0 }] }),
            vec!["/lines/0/quantity out_of_range"],
        ),
        (json!({ "choice": "acknowledge", "reason": "because", "lines": [] }), vec!["/lines too_few"]),
        (json!({ "choice": "acknowledge", "reason": "because", "note": 1 }), vec!["/note unknown_field"]),
    ] {
        let answer = world.post(&path, "key", body.to_string()).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{body}");
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
    let keyless = world.call(Method::POST, &path, &[], holds()).await;
    assert_eq!(keyless.problem(), (400, "idempotency_key_missing".to_owned()));
}

#[tokio::test]
async fn lists_are_filtered_and_strangers_see_nothing() {
    let world = World::new().await;
    let (checkout, id) = withdrawn(&world).await;
    let ids = async |query: &str| -> Vec<Value> {
        let page = world.get(&format!("/v1/attention{query}")).await.json();
        page["data"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    for found in ["", "?state=open", "?kind=withdrawn_approval", &format!("?checkout={checkout}&limit=1")] {
        assert_eq!(ids(found).await, [id.as_str()], "{found}");
    }
    for empty in ["?state=resolved", "?kind=silent_provider", &format!("?after={id}")] {
        assert_eq!(ids(empty).await, Vec::<Value>::new(), "{empty}");
    }
    for wrong in ["?state=shut", "?kind=odd", "?checkout=1", "?since=1"] {
        assert_eq!(world.get(&format!("/v1/attention{wrong}")).await.problem().0, 400, "{wrong}");
    }
    for path in ["/v1/attention/atn_1".to_owned(), "/v1/attention/atn_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".to_owned()] {
        assert_eq!(world.get(&path).await.problem().0, 404, "{path}");
    }
    for key in [OTHER_KEY, LIVE_KEY] {
        let bearer = format!("Bearer {key}");
        let foreign = [("authorization", bearer.as_str()), ("idempotency-key", "foreign")];
        let (get, post) = (Method::GET, Method::POST);
        let list = world.call(get.clone(), "/v1/attention", &foreign[..1], Body::empty()).await;
        assert_eq!(list.json()["data"], json!([]));
        let path = format!("/v1/attention/{id}");
        assert_eq!(world.call(get, &path, &foreign[..1], Body::empty()).await.problem().0, 404);
        assert_eq!(world.call(post, &format!("{path}/resolve"), &foreign, holds()).await.problem().0, 404);
    }
}
