//! An account is deleted by force while something is open at its financer.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{KeyId, ProviderId, Scopes};
use lendport_engine::By;
use lendport_testkit::SeededIds;

use crate::steps::Walk;
use crate::world::World;

impl World {
    /// Deletes the account at this financer, whatever needs it.
    async fn delete_account(&self, provider: &str) {
        let (key, scopes) = (KeyId::mint(&SeededIds::new(9)), Arc::new(Scopes::default()));
        let by = By { tenant: self.tenant, home: self.tenant.merchant, key, scopes, request: None };
        self.engine.delete_account(by, self.tenant, ProviderId::parse(provider).unwrap(), None, true).await.unwrap();
    }
}

#[tokio::test]
async fn a_checkout_that_waits_for_its_last_look_there_expires_all_the_same() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    world.delete_account("listed").await;
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(0), "the account may be put again");
    world.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert!(world.events(id).await.contains(&"checkout.expired"));
}

#[tokio::test]
async fn so_does_one_whose_application_the_merchants_own_pages_carry() {
    let walk = Walk::new().await;
    walk.world.delete_account("stepped").await;
    walk.world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(walk.engine.expire_due().await, Ok(0), "the account may be put again");
    walk.world.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(walk.engine.expire_due().await, Ok(1));
    assert!(walk.world.events(walk.id).await.contains(&"checkout.expired"));
}
