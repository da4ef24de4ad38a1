//! Telling the financer of goods sent.

use lendport_core::operation::ShippedLine;
use lendport_core::provider::ShipmentConfirmed;
use lendport_core::{
    CheckoutId, CommitClass, ErrorKind, Fulfilment, LineId, OperationKind, Phase, ProviderError, Shipment,
    ShipmentStatus,
};
use lendport_engine::{EngineError, Reply};
use serde_json::json;

use crate::world::{World, body, id_of, push_at, ticket, word};

pub(crate) fn shipment(status: ShipmentStatus, lines: Vec<ShippedLine>) -> Shipment {
    Shipment {
        status,
        carrier: Some("UPS".to_owned()),
        service: None,
        tracking_number: Some("1Z999".to_owned()),
        tracking_url: None,
        shipped_on: None,
        expected_on: None,
        message: None,
        lines,
    }
}

pub(crate) async fn ship(world: &World, id: CheckoutId, key: &str, shipment: Shipment) -> Result<Reply, EngineError> {
    let content = serde_json::to_string(&shipment).unwrap();
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/shipments"), key, &content);
    world.engine.ship(world.tenant, id, None, shipment, ticket).await
}

async fn fulfilment(world: &World, id: CheckoutId) -> Fulfilment {
    world.record(id).await.checkout.fulfilment
}

#[tokio::test]
async fn a_shipment_is_told_once_per_key() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let first = ship(&world, id, "s1", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap();
    assert_eq!((first.status, body(&first)["phase"].as_str()), (201, Some("settled")));
    let again = ship(&world, id, "s1", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap();
    assert_eq!((again.replayed, &again.body), (true, &first.body));
    let other = ship(&world, id, "s1", shipment(ShipmentStatus::Delivered, Vec::new())).await;
    assert_eq!(other, Err(EngineError::KeyReused));
    assert_eq!(world.easy.shipped().len(), 1);
    assert_eq!(fulfilment(&world, id).await, Fulfilment::Shipped);
    assert_eq!(world.events(id).await.last(), Some(&"shipment.confirmed"));
    ship(&world, id, "s2", shipment(ShipmentStatus::Delivered, Vec::new())).await.unwrap();
    assert_eq!(fulfilment(&world, id).await, Fulfilment::Delivered);
    let listed = world.engine.shipments(world.tenant, id).await.unwrap();
    assert_eq!(listed.iter().map(|shown| shown.status).collect::<Vec<_>>(), ["shipped", "delivered"]);
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_again_under_the_same_key() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let parcel = || shipment(ShipmentStatus::Shipped, Vec::new());
    world.easy.answer_ship(Err(ProviderError::new(ErrorKind::NoAnswer, "silence")));
    let lost = ship(&world, id, "s", parcel()).await.unwrap();
    assert_eq!((lost.status, body(&lost)["error"].as_str()), (502, Some("provider")));
    assert_eq!(world.operation(id, OperationKind::Shipment).await.phase, Phase::Unknown);
    assert_eq!(fulfilment(&world, id).await, Fulfilment::None);
    world.easy.answer_ship(Ok(ShipmentConfirmed::default()));
    let told = ship(&world, id, "s", parcel()).await.unwrap();
    assert_eq!((told.status, told.replayed), (201, false));
    let operations = world.store.operations(world.tenant, id, OperationKind::Shipment).await.unwrap();
    assert_eq!(
        operations.iter().map(|operation| operation.phase).collect::<Vec<_>>(),
        [Phase::Settled],
        "one shipment"
    );
    assert_eq!(world.easy.shipped().len(), 2);
    assert!(ship(&world, id, "s", parcel()).await.unwrap().replayed);
    assert_eq!(world.easy.shipped().len(), 2);
    assert!(world.events(id).await.ends_with(&["operation.failed", "shipment.confirmed"]));
}

#[tokio::test]
async fn nothing_is_sent_again_once_the_approval_is_gone() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let parcel = || shipment(ShipmentStatus::Shipped, Vec::new());
    world.easy.answer_ship(Err(ProviderError::new(ErrorKind::NoAnswer, "silence")));
    ship(&world, id, "s", parcel()).await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    let refused = ship(&world, id, "s", parcel()).await.unwrap();
    assert_eq!((refused.status, body(&refused)["error"].as_str()), (409, Some("wrong_state")));
    assert_eq!(world.easy.shipped().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_replayed_and_changes_nothing() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let refused = ProviderError::new(ErrorKind::Invalid, "no such order").committed_as(CommitClass::Rejected);
    world.easy.answer_ship(Err(refused));
    let first = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap();
    world.easy.answer_ship(Ok(ShipmentConfirmed::default()));
    let again = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap();
    assert_eq!((first.status, again.replayed, &again.body), (502, true, &first.body));
    assert_eq!(world.operation(id, OperationKind::Shipment).await.phase, Phase::Failed);
    assert_eq!((world.easy.shipped().len(), fulfilment(&world, id).await), (1, Fulfilment::None));
}

#[tokio::test]
async fn only_a_committed_checkout_is_shipped() {
    let world = World::new().await;
    let id = world.opened("key").await;
    for state in ["preapproved", "declined"] {
        world.push(json!({ "state": state })).await;
        let refused = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap_err();
        assert_eq!(word(&refused), "wrong_state", "{state}");
    }
    assert!(world.easy.shipped().is_empty());
    world.push(json!({ "state": "authorized" })).await;
    let told = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, Vec::new())).await.unwrap();
    assert_eq!(told.status, 201, "the key was not used up by the refusals");
    let nobody: CheckoutId = "chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
    let missing = ship(&world, nobody, "s", shipment(ShipmentStatus::Shipped, Vec::new())).await;
    assert_eq!(missing, Err(EngineError::NotFound));
}

#[tokio::test]
async fn every_wrong_line_is_pointed_at() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let line = world.record(id).await.checkout.cart.lines[0].id;
    let stranger = LineId::mint(&world.ids);
    let of = |line, quantity| ShippedLine { line, quantity };
    let lines = vec![of(stranger, 1), of(line, 0), of(line, 2), of(line, 1)];
    let refused = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, lines)).await.unwrap_err();
    let EngineError::Invalid(invalid) = refused else { panic!("{refused:?}") };
    let found: Vec<_> = invalid.0.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
    assert_eq!(
        found,
        [
            ("/lines/0/line_id", "unknown_line"),
            ("/lines/1/quantity", "out_of_range"),
            ("/lines/2/quantity", "out_of_range"),
            ("/lines/3/line_id", "repeated"),
        ]
    );
    assert!(world.easy.shipped().is_empty());
    let whole = ship(&world, id, "s", shipment(ShipmentStatus::Shipped, vec![of(line, 1)])).await.unwrap();
    assert_eq!((whole.status, fulfilment(&world, id).await), (201, Fulfilment::Shipped));
}

#[tokio::test]
async fn if_match_guards_a_shipment() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let version = world.record(id).await.checkout.version;
    let route = format!("POST /v1/checkouts/{id}/shipments");
    let parcel = || shipment(ShipmentStatus::Shipped, Vec::new());
    let old = world.engine.ship(world.tenant, id, Some(version - 1), parcel(), ticket(&route, "s", "x")).await;
    assert_eq!(old, Err(EngineError::PreconditionFailed));
    assert!(world.easy.shipped().is_empty());
    let right = world.engine.ship(world.tenant, id, Some(version), parcel(), ticket(&route, "s", "x")).await;
    assert_eq!(right.unwrap().status, 201);
}

#[tokio::test]
async fn where_telling_it_moves_money_nothing_is_sent_again_on_a_guess() {
    let world = World::new().await;
    let id = id_of(&world.open_at("strict", "key").await.unwrap());
    let approved = json!({ "state": "authorized" });
    assert_eq!(push_at(&world.engine, "strict", &world.strict.last().token, approved).await.status, 200);
    world.strict.answer_ship(Err(ProviderError::new(ErrorKind::NoAnswer, "silence")));
    let parcel = || shipment(ShipmentStatus::Shipped, Vec::new());
    assert_eq!(ship(&world, id, "s", parcel()).await.unwrap().status, 502);
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    world.strict.answer_ship(Ok(ShipmentConfirmed::default()));
    for key in ["s", "s", "another key"] {
        let refused = match ship(&world, id, key, parcel()).await {
            Ok(reply) => body(&reply)["error"].as_str().unwrap().to_owned(),
            Err(error) => word(&error).to_owned(),
        };
        assert_eq!(refused, "wrong_state", "{key}");
    }
    assert_eq!((world.strict.shipped().len(), fulfilment(&world, id).await), (1, Fulfilment::None));
    let item = world.timeline(id).await.attention[0].id;
    world.resolve_with(item, "took_effect", None, "r").await.unwrap();
    assert_eq!(fulfilment(&world, id).await, Fulfilment::Shipped);
    let told = ship(&world, id, "next", shipment(ShipmentStatus::Delivered, Vec::new())).await.unwrap();
    assert_eq!((told.status, world.strict.shipped().len()), (201, 2));
}
