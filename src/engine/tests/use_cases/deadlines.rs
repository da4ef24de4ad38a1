//! Our own deadline, and the financer who comes back after it.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, ErrorKind, Grade, ProviderError};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_deadline_ends_what_nobody_decided_and_a_late_yes_overrides_it() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.clock.advance(SignedDuration::from_hours(72) - SignedDuration::from_secs(1));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.engine.expire_due().await, Ok(0), "once");
    let attempt = world.attempt(id).await;
    assert_eq!(attempt.state, AttemptState::Expired);
    assert_eq!(attempt.reason.map(|reason| reason.0).as_deref(), Some("deadline_passed"));
    assert!(world.events(id).await.ends_with(&["checkout.expired"]));
    let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
    assert_eq!((view.status, view.next_action.is_none(), view.can_fulfill), ("expired", true, false));

    world.clock.advance(SignedDuration::from_hours(100));
    world.push(json!({ "state": "authorized" })).await;
    let attempt = world.attempt(id).await;
    assert_eq!(attempt.state, AttemptState::Authorized);
    assert_eq!(attempt.evidence.map(|evidence| evidence.grade), Some(Grade::Token));
    assert!(world.events(id).await.ends_with(&["attempt.late_approval", "checkout.ready_to_fulfill"]));
    assert_eq!(world.engine.expire_due().await, Ok(0), "a commitment does not expire");
}

#[tokio::test]
async fn neither_the_decided_nor_the_unknown_expire() {
    let world = World::new().await;
    let authorized = world.authorized("authorized").await;
    let declined = world.opened("declined").await;
    world.push(json!({ "state": "declined" })).await;
    let preapproved = world.opened("preapproved").await;
    world.push(json!({ "state": "preapproved" })).await;
    world.easy.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
    assert_eq!(world.open("unknown").await.status, 502);
    world.clock.advance(SignedDuration::from_hours(24 * 365));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.state(preapproved).await, AttemptState::Expired);
    assert_eq!(world.state(authorized).await, AttemptState::Authorized);
    assert_eq!(world.state(declined).await, AttemptState::Declined);
    let unknown: lendport_core::CheckoutId = world.easy.last().checkout.id;
    assert_eq!(world.state(unknown).await, AttemptState::Indeterminate, "age alone proves nothing");
}

#[tokio::test]
async fn a_sweep_leaves_nothing_for_the_next_one() {
    let world = Arc::new(World::new().await);
    let many = 201;
    let opening = (0..many).map(|key| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.opened(&key.to_string()).await })
    });
    for one in opening.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    world.clock.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(world.engine.expire_due().await, Ok(many));
    assert_eq!(world.engine.trim_idempotency().await, Ok(many));
}
