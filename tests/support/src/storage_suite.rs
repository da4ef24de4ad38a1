//! What every database must do alike, run against SQLite and later against PostgreSQL.
//!
//! A database hands in a [`StoreFactory`]; [`run_all`] runs every case on a store of its own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "cases of a suite fail by panicking")]

mod administration;
mod attention;
mod audit;
mod changes;
mod claims;
mod endpoints;
mod fairness;
mod fan_out;
mod leases;
mod order;
mod outbox_pages;
mod pages;
mod post;
mod queue_model;
mod quotas;
mod races;
mod recovery;
mod resends;
mod results;
mod retention;
mod round_trip;
mod routing;
mod sweeps;
mod tenants;
mod tokens;
mod watching;
mod workers;
mod world;

use std::future::Future;

use async_trait::async_trait;
use lendport_storage::Database;

pub use world::World;

/// Makes empty stores.
#[async_trait]
pub trait StoreFactory: Send + Sync {
    /// A database without any row, not shared with another case.
    async fn empty(&self) -> Database;
    /// Another handle, as of another process, to the database that was handed out last; none where only one process can
    /// hold it.
    async fn second(&self) -> Option<Database>;
}

/// Runs every case.
///
/// # Panics
/// When a case finds the database wanting.
pub async fn run_all(factory: &dyn StoreFactory) {
    case(factory, round_trip::a_whole_record).await;
    case(factory, round_trip::samples).await;
    case(factory, round_trip::set_up_rows).await;
    case(factory, tenants::another_tenant_sees_nothing).await;
    case(factory, tenants::another_tenant_changes_nothing).await;
    case(factory, tenants::rows_of_another_checkout_are_refused).await;
    case(factory, changes::all_or_nothing).await;
    case(factory, changes::abort_writes_nothing).await;
    case(factory, changes::a_panicking_decision).await;
    case(factory, changes::versions_grow_by_one).await;
    case(factory, changes::event_sequences_are_unique).await;
    case(factory, changes::one_signal_to_ship).await;
    case(factory, changes::one_commitment).await;
    case(factory, changes::refused_pushes).await;
    case(factory, races::many_checkouts_at_once).await;
    case(factory, claims::settled_and_taken_over).await;
    case(factory, claims::claims_of_changes).await;
    case(factory, claims::trimmed).await;
    case(factory, pages::a_walk_sees_each_row_once).await;
    case(factory, pages::filters).await;
    case(factory, workers::deadlines).await;
    case(factory, workers::polls).await;
    case(factory, workers::interrupted_calls).await;
    case(factory, quotas::round_trip).await;
    case(factory, quotas::counts).await;
    case(factory, fairness::looks).await;
    case(factory, fairness::deadlines).await;
    case(factory, fairness::rounds).await;
    case(factory, fairness::rooms).await;
    case(factory, fairness::deliveries).await;
    case(factory, fairness::endpoints_of_one).await;
    case(factory, fairness::recoveries).await;
    case(factory, workers::closed).await;
    case(factory, sweeps::turns).await;
    case(factory, sweeps::one_turn_for_many).await;
    case(factory, sweeps::marks).await;
    case(factory, watching::waits).await;
    case(factory, watching::addresses).await;
    case(factory, attention::settled).await;
    case(factory, attention::lists).await;
    case(factory, retention::observations).await;
    run_administration(factory).await;
    case(factory, routing::versions).await;
    case(factory, routing::large).await;
    case(factory, routing::tenants).await;
    run_tokens(factory).await;
    run_outbox(factory).await;
    run_pairs(factory).await;
}

/// The cases about merchants, keys, accounts and the audit log.
async fn run_administration(factory: &dyn StoreFactory) {
    case(factory, administration::round_trip).await;
    case(factory, administration::decisions).await;
    case(factory, audit::nothing_untold).await;
    case(factory, administration::claims).await;
    case(factory, administration::tenants).await;
    case(factory, audit::log).await;
    case(factory, audit::with_a_checkout).await;
    case(factory, administration::merchants).await;
    pair(factory, administration::one_name).await;
}

/// The cases about tokens.
async fn run_tokens(factory: &dyn StoreFactory) {
    case(factory, tokens::keys).await;
    case(factory, tokens::uses).await;
    case(factory, tokens::told_of).await;
    pair(factory, tokens::at_once).await;
}

/// The cases about events, endpoints and deliveries.
async fn run_outbox(factory: &dyn StoreFactory) {
    case(factory, endpoints::round_trip).await;
    case(factory, endpoints::pages).await;
    case(factory, endpoints::decisions).await;
    case(factory, endpoints::claims).await;
    case(factory, endpoints::tenants).await;
    case(factory, fan_out::filters).await;
    case(factory, fan_out::every_type).await;
    case(factory, fan_out::all_or_nothing).await;
    case(factory, fan_out::audiences).await;
    case(factory, order::one_after_the_other).await;
    case(factory, order::overtakable).await;
    case(factory, order::after_a_day).await;
    case(factory, order::without_a_checkout).await;
    case(factory, order::switched_off).await;
    case(factory, leases::limits).await;
    case(factory, leases::due).await;
    case(factory, results::log).await;
    case(factory, results::a_batch).await;
    case(factory, results::health).await;
    case(factory, results::resend).await;
    case(factory, results::removed).await;
    case(factory, results::removed_with_much_to_come).await;
    case(factory, resends::during_a_try).await;
    case(factory, resends::at_the_same_moment).await;
    case(factory, resends::in_order).await;
    case(factory, resends::before_a_try).await;
    case(factory, outbox_pages::event_filters).await;
    case(factory, outbox_pages::event_walk).await;
    case(factory, outbox_pages::delivery_lists).await;
    case(factory, recovery::recover).await;
    case(factory, recovery::in_order).await;
    case(factory, retention::events).await;
    case(factory, retention::switched_off).await;
    case(factory, retention::history_goes_on).await;
}

/// The cases with two processes on one database, or two workers of one process where there can be no second.
async fn run_pairs(factory: &dyn StoreFactory) {
    pair(factory, races::two_requests_one_key).await;
    pair(factory, races::fifty_requests_one_key).await;
    pair(factory, races::one_message_ten_times).await;
    pair(factory, races::two_commitments_race).await;
    pair(factory, endpoints::at_once).await;
    pair(factory, routing::at_once).await;
    pair(factory, fairness::between_two).await;
    pair(factory, fan_out::wakes).await;
    pair(factory, leases::two_owners).await;
    pair(factory, leases::ended).await;
    pair(factory, leases::lost).await;
    pair(factory, resends::beside_a_try).await;
    pair(factory, queue_model::nothing_lost_nothing_twice).await;
}

async fn case<F: Future<Output = ()>>(factory: &dyn StoreFactory, run: impl FnOnce(World) -> F) {
    let database = factory.empty().await;
    run(World::new(database.clone()).await).await;
    database.store.close().await;
}

async fn pair<F: Future<Output = ()>>(factory: &dyn StoreFactory, run: impl FnOnce(World) -> F) {
    let database = factory.empty().await;
    let other = factory.second().await;
    let mut world = World::new(database.clone()).await;
    world.other.clone_from(&other);
    run(world).await;
    if let Some(other) = other {
        other.store.close().await;
    }
    database.store.close().await;
}
