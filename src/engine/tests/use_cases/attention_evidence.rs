//! Items that a provider answers before a person does.

use lendport_core::{AttemptState, CheckoutId};
use serde_json::json;

use crate::world::{World, word};

pub(crate) async fn resolutions(world: &World, id: CheckoutId) -> Vec<(&'static str, Option<String>)> {
    let items = world.timeline(id).await.attention;
    items.into_iter().map(|item| (item.kind.as_str(), item.resolution.map(|one| one.choice))).collect()
}

#[tokio::test]
async fn a_push_answers_what_nobody_knew() {
    let world = World::new().await;
    let silence = lendport_core::ProviderError::new(lendport_core::ErrorKind::NoAnswer, "silence");
    world.strict.fail_create(silence);
    world.open_at("strict", "key").await.unwrap();
    let id = world.only().await;
    let token = world.strict.last().token;
    let item = world.item(id, "unknown_outcome").await.id;
    crate::world::push_at(&world.engine, "strict", &token, json!({ "state": "declined" })).await;
    assert_eq!(resolutions(&world, id).await, [("unknown_outcome", Some("by_evidence".to_owned()))]);
    assert!(world.events(id).await.ends_with(&["checkout.declined", "attention.resolved"]));
    let late = world.resolve_with(item, "committed", Some("1420.00"), "late").await.unwrap_err();
    assert_eq!((word(&late), world.state(id).await), ("already_settled", AttemptState::Declined));
}

#[tokio::test]
async fn an_approval_that_comes_back_answers_its_withdrawal_and_asks_anew() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "state": "declined" })).await;
    world.push(json!({ "state": "authorized", "again": true })).await;
    world.push(json!({ "state": "canceled" })).await;
    let told = resolutions(&world, id).await;
    let by_evidence = Some("by_evidence".to_owned());
    assert_eq!(
        told,
        [
            ("withdrawn_approval", by_evidence.clone()),
            ("approval_after_withdrawal", by_evidence),
            ("withdrawn_approval", None)
        ]
    );
}

#[tokio::test]
async fn an_amount_nobody_named_is_moot_once_the_approval_is_gone() {
    let world = World::new().await;
    world.easy.answer_create(|asked| async move {
        Ok(lendport_core::Created { amount_echoed: None, ..crate::fake::created(&asked) })
    });
    let id = world.authorized("key").await;
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.open_items(id).await, ["withdrawn_approval"]);
}
