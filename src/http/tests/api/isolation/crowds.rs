//! What somebody else has takes none of one's own room.

use http::Method;
use lendport_core::{Scope, limits};
use serde_json::{Value, json};

use super::on_postgresql;
use crate::webhook_endpoints::ENDPOINTS;
use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, World};

async fn one_more(world: &World, key: &str, number: u32) -> [Answer; 2] {
    let who = if key == OTHER_KEY { world.merchants[1] } else { world.merchants[0] };
    let hook = json!({ "url": format!("https://shop.example/{number}") });
    let endpoint = world.with_key(key, Method::POST, ENDPOINTS, &hook).await;
    let made = world.with_key(key, Method::POST, &format!("/v1/merchants/{who}/keys"), &Value::Null).await;
    [endpoint, made]
}

/// One merchant has all the keys and endpoints that it may have; others, and its own other mode, make theirs.
async fn crowd(world: World) {
    for number in 1..limits::KEYS_MAX {
        world.add_key(&format!("lp_test_{number}"), world.tenant, &[Scope::CheckoutsRead]).await;
    }
    for number in 0..limits::ENDPOINTS_MAX {
        assert_eq!(one_more(&world, KEY, number).await[0].status, 201);
    }
    let full = one_more(&world, KEY, 99).await;
    assert!(full.iter().all(|answer| answer.status.is_client_error()), "{full:?}");
    for key in [OTHER_KEY, LIVE_KEY] {
        let made = one_more(&world, key, 0).await;
        assert!(made.iter().all(|answer| answer.status == 201), "{key}: {made:?}");
    }
}

#[tokio::test]
async fn a_merchant_with_all_it_may_have_takes_no_room_of_others_on_sqlite() {
    crowd(World::new().await).await;
}

#[tokio::test]
async fn a_merchant_with_all_it_may_have_takes_no_room_of_others_on_postgresql() {
    crowd(on_postgresql().await).await;
}
