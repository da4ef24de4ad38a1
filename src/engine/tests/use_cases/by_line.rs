//! A financer whose money follows lines: shipments are paid for, units are canceled and returned, and a part may be refused.

use std::sync::Arc;

use lendport_core::provider::Retrieved;
use lendport_core::{
    AttemptState, CheckoutId, Claim, CommitClass, Details, ErrorKind, LineReport, LineUnits, OperationKind, Phase,
    ProviderError, Shipment, ShipmentStatus, parse_decimal,
};
use lendport_engine::{CommandAsk, EngineError, RefundAsk, Reply};
use lendport_testkit::samples;
use serde_json::{Value, json};

use crate::world::{OPEN, World, asked, body, id_of, push_at, ticket, word};

/// Two televisions of 500.00, three cables of 10.00, and 70.00 for sending them.
pub(crate) async fn approved(world: &World) -> CheckoutId {
    let mut order = asked("watched");
    order.metadata.insert("paid by line".to_owned(), "yes".to_owned());
    let mut cart = order.cart.take().unwrap();
    cart.items =
        vec![samples::item(Some("TV"), "TV", 2, "500", "0"), samples::item(Some("CABLE"), "Cable", 3, "10", "0")];
    cart.shipping = parse_decimal("70").ok();
    order.cart = Some(cart);
    let shape = lendport_core::Invalid::none();
    let opened = world.engine.open_checkout(world.tenant, order, shape, ticket(OPEN, "key", "by line")).await.unwrap();
    let id = id_of(&opened);
    let told = push_at(&world.engine, "watched", &world.watched.last().token, json!({ "state": "authorized" })).await;
    assert_eq!((told.status, world.state(id).await), (200, AttemptState::Authorized));
    world.watched.pay_for_shipments();
    id
}

/// Units of the lines in the order of the cart; 0 names none.
pub(crate) async fn units(world: &World, id: CheckoutId, counts: [u32; 2]) -> Vec<LineUnits> {
    let lines = world.record(id).await.checkout.cart.lines;
    let units = lines.iter().zip(counts).filter(|(_, quantity)| *quantity > 0);
    units.map(|(line, quantity)| LineUnits { line: line.id, quantity }).collect()
}

pub(crate) async fn ship(world: &World, id: CheckoutId, key: &str, counts: [u32; 2]) -> Result<Reply, EngineError> {
    let lines = units(world, id, counts).await;
    let shipment = Shipment {
        status: if lines.is_empty() { ShipmentStatus::Shipped } else { ShipmentStatus::PartiallyShipped },
        carrier: Some("UPS".to_owned()),
        service: None,
        tracking_number: None,
        tracking_url: None,
        shipped_on: None,
        expected_on: None,
        message: None,
        lines,
    };
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/shipments"), key, &format!("{counts:?}"));
    world.engine.ship(world.tenant, id, None, shipment, ticket).await
}

pub(crate) async fn cancel(world: &World, id: CheckoutId, key: &str, counts: [u32; 2]) -> Result<Reply, EngineError> {
    let lines = units(world, id, counts).await.iter().map(|units| (units.line, units.quantity)).collect();
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/cancel"), key, &format!("{counts:?}"));
    world.engine.cancel(world.tenant, id, None, CommandAsk { lines, reason: None }, ticket).await
}

pub(crate) async fn give_back(
    world: &World,
    id: CheckoutId,
    key: &str,
    counts: [u32; 2],
) -> Result<Reply, EngineError> {
    let lines = units(world, id, counts).await.iter().map(|units| (units.line, units.quantity)).collect();
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/refunds"), key, &format!("{counts:?}"));
    world.engine.refund(world.tenant, id, None, RefundAsk { lines, ..RefundAsk::default() }, ticket).await
}

/// Status, authorized, captured, refunded, and shipped, canceled and returned units of each line.
pub(crate) async fn books(world: &World, id: CheckoutId) -> (Vec<String>, Vec<[u64; 3]>) {
    let shown = serde_json::to_value(world.shown(id).await).unwrap();
    let sums = ["authorized", "captured", "refunded"].map(|name| shown["amounts"][name].as_str().unwrap().to_owned());
    let status = [shown["status"].as_str().unwrap(), shown["fulfillment"].as_str().unwrap()].map(str::to_owned);
    let count = |line: &Value| ["shipped", "canceled", "returned"].map(|name| line[name].as_u64().unwrap());
    let lines = shown["items"].as_array().unwrap().iter().map(count).collect();
    (status.into_iter().chain(sums).collect(), lines)
}

fn books_are(status: [&str; 2], sums: [&str; 3], lines: [[u64; 3]; 2]) -> (Vec<String>, Vec<[u64; 3]>) {
    (status.into_iter().chain(sums).map(str::to_owned).collect(), lines.to_vec())
}

fn wanted(refused: &Result<Reply, EngineError>) -> String {
    match refused {
        Err(error) => word(error).to_owned(),
        Ok(reply) => body(reply)["error"].as_str().unwrap_or("none").to_owned(),
    }
}

/// The financer does it for the first line and refuses the others.
fn first_only(asked: &[LineUnits]) -> Result<LineReport, ProviderError> {
    let (done, failed) = asked.split_at(1);
    Ok(LineReport { done: done.to_vec(), failed: failed.to_vec(), not_said: Vec::new() })
}

#[tokio::test]
async fn each_shipment_pays_for_its_units_and_the_last_for_the_rest() {
    let world = World::new().await;
    let id = approved(&world).await;
    let part = ship(&world, id, "part", [1, 1]).await.unwrap();
    assert_eq!(part.status, 201, "{}", part.body);
    let booked = books_are(["authorized", "partial"], ["1100.00", "510.00", "0.00"], [[1, 0, 0], [1, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);
    assert!(ship(&world, id, "part", [1, 1]).await.unwrap().replayed);
    let beyond = ship(&world, id, "beyond", [2, 0]).await;
    let Err(EngineError::Invalid(invalid)) = &beyond else { panic!("{beyond:?}") };
    assert_eq!(invalid.0[0].pointer, "/lines/0/quantity");
    let rest = ship(&world, id, "rest", [0, 0]).await.unwrap();
    let told =
        body(&rest)["lines"].as_array().unwrap().iter().map(|line| line["quantity"].as_u64()).collect::<Vec<_>>();
    assert_eq!(told, [Some(1), Some(2)], "no lines are those that are left, and are stored so");
    let booked = books_are(["captured", "shipped"], ["1100.00", "1100.00", "0.00"], [[2, 0, 0], [3, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);
    assert_eq!(wanted(&ship(&world, id, "more", [0, 0]).await), "wrong_state");
    assert_eq!(world.watched.shipped().len(), 2);
    let events = world.events(id).await;
    assert!(events.ends_with(&["checkout.updated", "shipment.confirmed", "checkout.captured", "shipment.confirmed"]));
}

#[tokio::test]
async fn a_cancel_of_lines_books_what_was_done_and_tells_what_failed() {
    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_lines(first_only);
    let part = cancel(&world, id, "part", [1, 2]).await.unwrap();
    let lines = &body(&part)["lines"];
    let told = |at: usize| ["requested", "done", "failed", "unknown"].map(|name| lines[at][name].as_u64().unwrap());
    assert_eq!((part.status, told(0), told(1)), (201, [1, 1, 0, 0], [2, 0, 2, 0]));
    let booked = books_are(["authorized", "none"], ["600.00", "0.00", "0.00"], [[0, 1, 0], [0, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    let again = cancel(&world, id, "part", [1, 2]).await.unwrap();
    assert_eq!((again.replayed, &again.body), (true, &part.body));
    // What is left is shipped, and paid for with what belongs to no unit.
    ship(&world, id, "rest", [0, 0]).await.unwrap();
    let booked = books_are(["captured", "shipped"], ["600.00", "600.00", "0.00"], [[1, 1, 0], [3, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);
}

#[tokio::test]
async fn nothing_done_is_an_error_that_names_the_lines_and_changes_nothing() {
    let world = World::new().await;
    let id = approved(&world).await;
    let before = books(&world, id).await;
    world.watched.answer_lines(|asked| Ok(LineReport { failed: asked.to_vec(), ..LineReport::default() }));
    let refused = cancel(&world, id, "key", [1, 1]).await.unwrap();
    assert_eq!((refused.status, body(&refused)["error"].as_str()), (502, Some("provider")));
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Failed);
    assert_eq!(world.events(id).await.last(), Some(&"operation.failed"));
    assert!(cancel(&world, id, "key", [1, 1]).await.unwrap().replayed);
    assert_eq!((books(&world, id).await, world.watched.commanded().len()), (before, 1));
    assert!(world.open_items(id).await.is_empty());
}

#[tokio::test]
async fn a_whole_cancel_stays_one_call_until_something_became_of_a_line() {
    let world = World::new().await;
    let id = approved(&world).await;
    cancel(&world, id, "part", [1, 0]).await.unwrap();
    let rest = cancel(&world, id, "rest", [0, 0]).await.unwrap();
    assert_eq!((rest.status, &body(&rest)["status"]), (201, &json!("canceled")));
    assert_eq!(world.watched.commanded(), ["cancel 1", "cancel 1+3"]);
    assert_eq!(books(&world, id).await.1, [[0, 2, 0], [0, 3, 0]]);
    assert!(world.open_items(id).await.is_empty(), "it was asked for");

    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    let whole = cancel(&world, id, "whole", [0, 0]).await.unwrap();
    assert_eq!(
        (&body(&whole)["status"], world.watched.commanded()),
        (&json!("canceled"), vec!["cancel 1100.00".to_owned()])
    );
    let booked = books_are(["canceled", "none"], ["0.00", "0.00", "0.00"], [[0, 2, 0], [0, 3, 0]]);
    assert_eq!((books(&world, id).await, world.attention(id).await), (booked, vec![]));
    // What comes back comes back with all of its units, for the sum that was given up.
    push_at(&world.engine, "watched", &world.watched.last().token, json!({ "state": "authorized", "again": 1 })).await;
    let booked = books_are(["authorized", "none"], ["1100.00", "0.00", "0.00"], [[0, 0, 0], [0, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);

    let world = World::new().await;
    let id = approved(&world).await;
    ship(&world, id, "part", [1, 0]).await.unwrap();
    assert_eq!(wanted(&cancel(&world, id, "whole", [0, 0]).await), "wrong_state", "a part of it was shipped");
    assert_eq!(wanted(&cancel(&world, id, "shipped", [2, 0]).await), "invalid");
    assert!(world.watched.commanded().is_empty());
}

#[tokio::test]
async fn returns_follow_what_was_shipped_and_a_part_may_fail() {
    let world = World::new().await;
    let id = approved(&world).await;
    assert_eq!(wanted(&give_back(&world, id, "early", [1, 0]).await), "invalid", "nothing was shipped");
    assert_eq!(wanted(&give_back(&world, id, "early all", [0, 0]).await), "wrong_state");
    ship(&world, id, "all", [0, 0]).await.unwrap();
    world.watched.answer_lines(first_only);
    let part = give_back(&world, id, "part", [1, 2]).await.unwrap();
    assert_eq!(
        (body(&part)["lines"][1]["failed"].as_u64(), body(&part)["status"].as_str()),
        (Some(2), Some("captured"))
    );
    let booked =
        books_are(["captured", "partially_returned"], ["1100.00", "1100.00", "500.00"], [[2, 0, 1], [3, 0, 0]]);
    assert_eq!(books(&world, id).await, booked);
    let listed = serde_json::to_value(world.engine.refunds(world.tenant, id).await.unwrap()).unwrap();
    assert_eq!((listed[0]["quantity"].as_u64(), listed[0]["amount"].as_str()), (Some(1), Some("500.00")));
    assert!(listed[0]["line_id"].as_str().unwrap().starts_with("lin_"));
    world.watched.answer_lines(|asked| Ok(LineReport { done: asked.to_vec(), ..LineReport::default() }));
    give_back(&world, id, "rest", [0, 0]).await.unwrap();
    let booked = books_are(["refunded", "returned"], ["1100.00", "1100.00", "1100.00"], [[2, 0, 2], [3, 0, 3]]);
    assert_eq!(
        (books(&world, id).await, world.watched.commanded()),
        (booked, vec!["return 1+2".into(), "return 1+3".into()])
    );
}

#[tokio::test]
async fn lines_are_canceled_of_a_commitment_only() {
    let world = World::new().await;
    let mut order = asked("watched");
    order.metadata.insert("paid by line".to_owned(), "yes".to_owned());
    let shape = lendport_core::Invalid::none();
    let opened = world.engine.open_checkout(world.tenant, order, shape, ticket(OPEN, "key", "open")).await.unwrap();
    let id = id_of(&opened);
    assert_eq!(wanted(&cancel(&world, id, "lines", [1, 0]).await), "wrong_state");
    assert!(world.watched.commanded().is_empty());
}

#[tokio::test]
async fn a_look_books_what_was_shipped_there() {
    let world = World::new().await;
    let id = approved(&world).await;
    let lines = told(&world, id, [1, 0]).await;
    let details = Details { lines, ..Details::default() };
    let stands = Retrieved { details, ..Retrieved::of(Claim::state(AttemptState::Authorized)) };
    world.watched.answer_look(stands);
    for _ in 0..2 {
        world.engine.refresh(world.tenant, id).await.unwrap();
        let booked = books_are(["authorized", "partial"], ["1100.00", "500.00", "0.00"], [[1, 0, 0], [0, 0, 0]]);
        assert_eq!(books(&world, id).await, booked);
    }
}

/// The lines with so many units shipped, as a financer tells them.
pub(crate) async fn told(world: &World, id: CheckoutId, shipped: [u32; 2]) -> Vec<lendport_core::LineStanding> {
    let lines = world.record(id).await.checkout.cart.lines;
    let line = |(line, shipped): (&lendport_core::Line, u32)| lendport_core::LineStanding {
        shipped: Some(shipped),
        ..lendport_core::LineStanding::of(line.id, line.quantity, line.unit_gross)
    };
    lines.iter().zip(shipped).map(line).collect()
}

#[tokio::test]
async fn a_refusal_before_the_call_is_no_unknown_outcome() {
    let world = World::new().await;
    let id = approved(&world).await;
    let refused = || ProviderError::new(ErrorKind::Unavailable, "down").committed_as(CommitClass::NotSent);
    world.watched.answer_lines(move |_| Err(refused()));
    assert_eq!(cancel(&world, id, "key", [1, 0]).await.unwrap().status, 502);
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Failed);
    world.watched.answer_lines(|asked| Ok(LineReport { done: asked.to_vec(), ..LineReport::default() }));
    let again = cancel(&world, id, "key", [1, 0]).await.unwrap();
    assert_eq!((again.status, again.replayed), (201, false), "the same key goes on");
    assert_eq!(books(&world, id).await.1, [[0, 1, 0], [0, 0, 0]]);
}

#[tokio::test]
async fn of_two_shipments_at_once_the_second_sees_the_first() {
    let world = World::new().await;
    let id = approved(&world).await;
    let (one, other) = tokio::join!(ship(&world, id, "one", [2, 0]), ship(&world, id, "other", [2, 0]));
    let outcomes = [wanted(&one), wanted(&other)];
    assert!(outcomes.contains(&"none".to_owned()), "{outcomes:?}");
    let other = outcomes.iter().find(|outcome| *outcome != "none").unwrap();
    assert!(["wrong_state", "invalid"].contains(&other.as_str()), "under way, or none of it is left: {outcomes:?}");
    assert_eq!((world.watched.shipped().len(), books(&world, id).await.1), (1, vec![[2, 0, 0], [0, 0, 0]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_shipments_at_once_are_one() {
    let world = Arc::new(World::new().await);
    let id = approved(&world).await;
    let mut equal = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let world = Arc::clone(&world);
        equal.spawn(async move { wanted(&ship(&world, id, "same", [2, 0]).await) });
    }
    for outcome in equal.join_all().await {
        assert!(["none", "key_in_flight"].contains(&outcome.as_str()), "{outcome}");
    }
    assert!(ship(&world, id, "same", [2, 0]).await.unwrap().replayed);
    assert_eq!(world.watched.shipped().len(), 1);
}
