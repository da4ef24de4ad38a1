//! What a page hands to a financer's script is made of the stored checkout, and only while the customer is awaited there.

use lendport_core::provider::Retrieved;
use lendport_core::{AttemptState, Claim, Created, Finalized, NextAction, NextActionKind};
use lendport_engine::Plugin;
use serde_json::json;

use crate::fake::created;
use crate::world::{World, id_of, push_at};

const SCRIPT: &str = "https://financer.example/sdk.js";

#[tokio::test]
async fn a_script_is_handed_the_stored_order_until_the_customer_has_signed() {
    let world = World::new().await;
    world.able.answer_create(|asked| async move {
        let script =
            NextAction { kind: NextActionKind::Plugin, url: SCRIPT.to_owned(), also: Vec::new(), expires_at: None };
        Ok(Created { next_action: Some(script), ..created(&asked) })
    });
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let order = format!(r#"{{"for":"ref-{id}-1","cost":1420.00}}"#);
    let expected = Plugin { script_url: SCRIPT.to_owned(), order };
    assert_eq!(world.engine.plugin(world.tenant, id).await.unwrap(), Some(expected));
    let signed = json!({ "state": "awaiting_merchant" });
    assert_eq!(push_at(&world.engine, "able", &world.able.last().token, signed).await.status, 200);
    assert_eq!(world.engine.plugin(world.tenant, id).await.unwrap(), None, "it is not to be signed twice");
    let approved = json!({ "state": "authorized" });
    assert_eq!(push_at(&world.engine, "able", &world.able.last().token, approved).await.status, 200);
    assert_eq!(world.engine.plugin(world.tenant, id).await.unwrap(), None, "there is nothing left to do");
}

#[tokio::test]
async fn other_ways_to_go_on_have_no_script() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    assert_eq!(world.engine.plugin(world.tenant, id).await.unwrap(), None);
    let stranger = lendport_storage::Tenant {
        merchant: lendport_core::MerchantId::mint(&world.ids),
        mode: lendport_core::Mode::Test,
    };
    assert!(world.engine.plugin(stranger, id).await.is_err(), "nobody else's");
}

#[tokio::test]
async fn a_merchant_who_has_it_looked_at_waits_for_no_turn_of_the_worker() {
    let world = World::new().await;
    let id = id_of(&world.open_at("listed", "key").await.unwrap());
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    let authorized = Retrieved::of(Claim::state(AttemptState::Authorized));
    world.listed.answer_finalize(Ok(Finalized { retrieved: authorized, attention: None }));
    assert_eq!(world.engine.refresh(world.tenant, id).await.unwrap().status, "requires_merchant_action");
    world.engine.settling_wanted().await;
    assert_eq!(world.engine.settle_due().await, Ok(1));
    assert_eq!(world.state(id).await, AttemptState::Authorized);
}
