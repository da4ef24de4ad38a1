//! Refunds that financers tell of: added up, capped, flagged when they cannot be told apart.

use lendport_core::AttemptState;
use lendport_engine::Expand;
use serde_json::json;

use crate::world::World;

async fn refunded(world: &World, id: lendport_core::CheckoutId) -> String {
    world.engine.read_checkout(world.tenant, id, Expand::default()).await.unwrap().amounts.refunded
}

#[tokio::test]
async fn parts_add_up_and_the_last_one_closes() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    for (part, sum, state) in [
        ("20.00", "20.00", AttemptState::Authorized),
        ("400.00", "420.00", AttemptState::Authorized),
        ("1000.00", "1420.00", AttemptState::Refunded),
    ] {
        world.push(json!({ "refund": part, "refund_id": part })).await;
        assert_eq!((refunded(&world, id).await.as_str(), world.state(id).await), (sum, state));
    }
    let listed: Vec<_> =
        world.engine.refunds(world.tenant, id).await.unwrap().into_iter().map(|refund| refund.amount).collect();
    assert_eq!(listed, ["20.00", "400.00", "1000.00"]);
    assert!(world.events(id).await.ends_with(&["checkout.refunded"; 3]));
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
    // Afterwards there is nothing left to give back.
    world.push(json!({ "refund": "1.00", "refund_id": "more" })).await;
    assert_eq!(refunded(&world, id).await, "1420.00");
    assert_eq!(world.attention(id).await, ["refund_not_approved"]);
}

#[tokio::test]
async fn a_full_refund_closes_at_once_and_too_much_is_capped() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "refund": "1420.01" })).await;
    assert_eq!((refunded(&world, id).await.as_str(), world.state(id).await), ("1420.00", AttemptState::Refunded));
    assert_eq!(world.attention(id).await, ["refund_above_approved"]);
}

#[tokio::test]
async fn an_equal_refund_is_counted_once_and_flagged_once() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    for _ in 0..4 {
        world.push(json!({ "refund": "20.00" })).await;
    }
    assert_eq!(refunded(&world, id).await, "20.00");
    assert_eq!(world.attention(id).await, ["refund_repeated"]);
    let events = world.events(id).await;
    assert_eq!(events.iter().filter(|kind| **kind == "checkout.refunded").count(), 1);
    // With something to tell them apart, a repeat is a repeat and another one counts.
    for refund in ["a", "a", "b"] {
        world.push(json!({ "refund": "20.00", "refund_id": refund })).await;
    }
    assert_eq!(refunded(&world, id).await, "60.00");
    assert_eq!(world.attention(id).await, ["refund_repeated"]);
}

async fn blockers(world: &World, id: lendport_core::CheckoutId) -> Vec<String> {
    world.engine.read_checkout(world.tenant, id, Expand::default()).await.unwrap().blockers
}

#[tokio::test]
async fn a_refund_that_came_before_its_approval_blocks_the_shipment() {
    for refund in ["1420.00", "20.00", "of nothing"] {
        let world = World::new().await;
        let id = world.opened("key").await;
        world.push(json!({ "refund": refund })).await;
        world.push(json!({ "state": "authorized" })).await;
        assert_eq!(world.state(id).await, AttemptState::Authorized);
        assert_eq!(blockers(&world, id).await, ["refund_unsettled"], "{refund}");
        assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"), "{refund}");
        let listed = world.engine.refunds(world.tenant, id).await.unwrap();
        assert!(matches!(listed.as_slice(), [one] if one.pending), "{refund}");
        assert_eq!(refunded(&world, id).await, "0.00", "announced, not counted");
    }
}

#[tokio::test]
async fn a_refund_of_an_unknown_amount_blocks_and_a_known_part_does_not() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "refund": "20.00" })).await;
    assert_eq!(blockers(&world, id).await, Vec::<String>::new());
    world.push(json!({ "refund": "of nothing" })).await;
    assert_eq!(blockers(&world, id).await, ["refund_unsettled"]);
    let listed = world.engine.refunds(world.tenant, id).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|refund| (refund.amount.as_str(), refund.pending)).collect();
    assert_eq!(listed, [("20.00", false), ("1400.00", true)], "at most what is left");
}

#[tokio::test]
async fn a_refund_without_amount_or_approval_goes_to_a_person() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.push(json!({ "refund": "20.00" })).await;
    assert_eq!(world.attention(id).await, ["refund_not_approved"]);
    world.push(json!({ "state": "authorized" })).await;
    world.push(json!({ "refund": "twenty" })).await;
    assert_eq!(world.attention(id).await, ["refund_not_approved", "refund_without_amount"]);
    assert_eq!((refunded(&world, id).await.as_str(), world.state(id).await), ("0.00", AttemptState::Authorized));
}
