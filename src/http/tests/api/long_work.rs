//! What takes long is done once at a time for each, and a caller who hangs up makes no room for another one.

use std::sync::mpsc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::tokens_of_others;
use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, World, sample};

const SIMULATE: &str = "/v1/routing/simulate";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A cart to simulate with, and a draft.
fn carts() -> Value {
    let mut cart = sample();
    for left_out in ["provider", "return_urls"] {
        cart.as_object_mut().unwrap().remove(left_out);
    }
    json!({ "profile": { "cascade": ["acme"] }, "carts": [cart] })
}

async fn until(what: impl Fn() -> bool) {
    let polled = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, polled).await.unwrap();
}

impl World {
    /// Sends a request whose work stops on its way at the financer, and hangs up then. The work goes on when what is
    /// returned is dropped.
    async fn hang_up_in_the_middle(&self, path: &str, body: &Value) -> mpsc::Sender<()> {
        let (go_on, held) = mpsc::channel();
        *self.fake.held.lock().unwrap() = Some(held);
        tokio::select! {
            answer = self.with_key(KEY, Method::POST, path, body) => panic!("{answer:?}"),
            () = until(|| self.fake.held.lock().unwrap().is_none()) => {}
        }
        go_on
    }

    /// The first answer that is no refusal.
    async fn once_there_is_room(&self, key: &str, path: &str, body: &Value) -> Answer {
        let asked = async {
            loop {
                let answer = self.with_key(key, Method::POST, path, body).await;
                if answer.status != 429 {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap()
    }
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.problem(), (429, "rate_limited".to_owned()));
    assert_eq!((answer.header("retry-after"), &answer.json()["retryable"]), (Some("2"), &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchant_simulates_once_at_a_time() {
    let (world, carts) = (World::new().await, carts());
    let going = world.hang_up_in_the_middle(SIMULATE, &carts).await;
    // In both modes together, so that it does not take what others have.
    for key in [KEY, LIVE_KEY] {
        refused(&world.with_key(key, Method::POST, SIMULATE, &carts).await);
    }
    assert_eq!(world.with_key(OTHER_KEY, Method::POST, SIMULATE, &carts).await.status, 200);
    drop(going);
    assert_eq!(world.once_there_is_room(LIVE_KEY, SIMULATE, &carts).await.status, 200);
}

/// There is one thread for requests here, which no simulation may hold.
#[tokio::test]
async fn a_simulation_keeps_no_request_waiting() {
    let (world, carts) = (World::new().await, carts());
    let going = world.hang_up_in_the_middle(SIMULATE, &carts).await;
    assert_eq!(world.get("/v1/checkouts").await.status, 200);
    refused(&world.with_key(KEY, Method::POST, SIMULATE, &carts).await);
    drop(going);
    assert_eq!(world.once_there_is_room(KEY, SIMULATE, &carts).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_works_once_is_not_used_up_where_no_place_is_free() {
    let mut settings = tokens_of_others::settings();
    settings.issuers[0].require_jti = true;
    let (world, carts) = (World::trusting(settings).await, carts());
    let token = tokens_of_others::token(&world, world.tenant.merchant);
    let going = world.hang_up_in_the_middle(SIMULATE, &carts).await;
    for _ in 0..2 {
        refused(&world.with_key(&token, Method::POST, SIMULATE, &carts).await);
    }
    let verify = format!("/v1/merchants/{}/provider_accounts/acme/verify", world.tenant.merchant);
    drop(going);
    world.once_there_is_room(KEY, SIMULATE, &carts).await;
    let going = world.hang_up_in_the_middle(&verify, &Value::Null).await;
    refused(&world.with_key(&token, Method::POST, &verify, &Value::Null).await);
    drop(going);
    assert_eq!(world.once_there_is_room(&token, SIMULATE, &carts).await.status, 200, "as it was");
    assert_eq!(world.with_key(&token, Method::POST, SIMULATE, &carts).await.problem().0, 401, "and once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_verified_once_at_a_time() {
    let world = World::new().await;
    let path = format!("/v1/merchants/{}/provider_accounts/acme/verify", world.tenant.merchant);
    let going = world.hang_up_in_the_middle(&path, &Value::Null).await;
    refused(&world.with_key(KEY, Method::POST, &path, &Value::Null).await);
    assert_eq!(world.with_key(LIVE_KEY, Method::POST, &path, &Value::Null).await.status, 200, "another account");
    drop(going);
    assert_eq!(world.once_there_is_room(KEY, &path, &Value::Null).await.status, 200);
}
