//! Where workers of several processes share a store, what is wanted again while it is in hand is done again, and soon.

use std::sync::Arc;

use lendport_core::{AttemptState, Claim};
use lendport_testkit::postgres::Cluster;

use crate::many_merchants::until;
use crate::world::{World, id_of};

#[tokio::test]
async fn a_notice_that_comes_during_a_look_is_looked_at_before_a_lease_has_passed() {
    let server = Cluster::shared();
    let database = server.create_database();
    let world = World::on_postgresql(server, &database).await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
    world.notice().await;
    let gate = world.able.hold_looks();
    let engine = Arc::clone(&world.engine);
    let looking = tokio::spawn(async move { engine.settle_due().await });
    until("the first look", async || world.able.looks() == 1).await;
    world.notice().await;
    // The worker is handed it again while the first look is under way.
    let taken = "SELECT count(*) FROM attempts WHERE poll_taken_until IS NOT NULL";
    until("the second lease", async || server.psql(&database, taken).trim() == "1").await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.let_looks_pass();
    gate.notify_one();
    // Nobody moves the clock, so no lease ends.
    until("the second look", async || world.able.looks() >= 2).await;
    looking.await.unwrap().unwrap();
    assert_eq!(world.state(id).await, AttemptState::Authorized);
}
