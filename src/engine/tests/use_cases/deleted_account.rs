//! An account is deleted by force while something is open at its financer.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{
    AccountSettings, AttemptState, Claim, KeyId, OperationKind, ProviderAccount, ProviderAccountId, ProviderId, Scopes,
    ShipmentStatus,
};
use lendport_engine::{By, EngineError};
use lendport_testkit::SeededIds;

use crate::commands::{command, refund};
use crate::shipping::{ship, shipment};
use crate::steps::Walk;
use crate::world::{World, body, word};

impl World {
    /// Deletes the account at this financer, whatever needs it.
    async fn delete_account(&self, provider: &str) {
        let (key, scopes) = (KeyId::mint(&SeededIds::new(9)), Arc::new(Scopes::default()));
        let by = By { tenant: self.tenant, home: self.tenant.merchant, key, scopes, request: None };
        self.engine.delete_account(by, self.tenant, ProviderId::parse(provider).unwrap(), None, true).await.unwrap();
    }

    /// Puts it again.
    async fn put_account(&self, provider: &str) {
        let account = ProviderAccount {
            id: ProviderAccountId::mint(&self.ids),
            merchant: self.tenant.merchant,
            provider: ProviderId::parse(provider).unwrap(),
            mode: self.tenant.mode,
            settings: AccountSettings::default(),
        };
        self.store.put_account(&account).await.unwrap();
        // For so long the accounts are believed to be as they were.
        self.clock.advance(SignedDuration::from_secs(1));
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

#[tokio::test]
async fn no_command_that_cannot_be_sent_is_stored() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.delete_account("able").await;
    for (kind, refused) in [
        (OperationKind::Cancel, command(&world, id, "cancel").await),
        (OperationKind::Capture, command(&world, id, "capture").await),
        (OperationKind::Refund, refund(&world, id, "key", None).await),
    ] {
        let Err(EngineError::Invalid(invalid)) = refused else { panic!("{kind:?}: {refused:?}") };
        assert_eq!(invalid.0[0].code, "no_account", "{kind:?}");
        assert_eq!(world.store.operations(world.tenant, id, kind).await.unwrap(), [], "{kind:?}");
    }
    assert_eq!(world.attempt(id).await.awaited, None);
    assert!(world.key(&format!("POST /v1/checkouts/{id}/cancel"), "key").await.is_none());
    // It is put again, and all is as it was.
    world.put_account("able").await;
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    let reply = command(&world, id, "cancel").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"canceled".into()), "{}", reply.body);
}

#[tokio::test]
async fn neither_is_a_shipment() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.delete_account("easy").await;
    let late = || shipment(ShipmentStatus::OutOfStock, Vec::new());
    assert_eq!(word(&ship(&world, id, "key", late()).await.unwrap_err()), "invalid");
    assert_eq!(world.store.operations(world.tenant, id, OperationKind::Shipment).await.unwrap(), []);
    world.put_account("easy").await;
    assert_eq!(ship(&world, id, "key", late()).await.unwrap().status, 201);
}
