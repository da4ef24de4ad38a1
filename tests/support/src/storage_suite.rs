//! What every database must do alike, run against SQLite and later against PostgreSQL.
//!
//! A database hands in a [`StoreFactory`]; [`run_all`] runs every case on a store of its own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "cases of a suite fail by panicking")]

mod changes;
mod claims;
mod pages;
mod races;
mod round_trip;
mod tenants;
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
    case(factory, races::two_requests_one_key).await;
    case(factory, races::fifty_requests_one_key).await;
    case(factory, races::one_message_ten_times).await;
    case(factory, races::two_commitments_race).await;
    case(factory, races::many_checkouts_at_once).await;
    case(factory, claims::settled_and_taken_over).await;
    case(factory, claims::claims_of_changes).await;
    case(factory, claims::trimmed).await;
    case(factory, pages::a_walk_sees_each_row_once).await;
    case(factory, pages::filters).await;
    case(factory, workers::deadlines).await;
    case(factory, workers::polls).await;
    case(factory, workers::interrupted_calls).await;
    case(factory, workers::closed).await;
}

async fn case<F: Future<Output = ()>>(factory: &dyn StoreFactory, run: impl FnOnce(World) -> F) {
    let database = factory.empty().await;
    run(World::new(database.clone()).await).await;
    database.store.close().await;
}
