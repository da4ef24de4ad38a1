//! A disk without room: clear errors, nothing lost, and whoever asks whether all is well hears of it.

use lendport_core::AttemptState;
use lendport_storage::{Change, StoreError};
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::{fresh, open, psql, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_not_a_loss() {
    let (name, settings) = fresh();
    let world = World::new(open(&settings).await).await;
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    Cluster::shared().run_out_of_room(&name);
    let moved = move |version: u64| {
        let checkout = lendport_core::Checkout { version, ..record.checkout.clone() };
        Change { checkout: Some(Box::new(checkout)), ..Change::default() }
    };
    let change = moved(2);
    // Many at once share a commit: each is told, and none is half there.
    let (one, other, changed) = tokio::join!(write(&world), write(&world), world.change(id, move |_| change.clone()));
    assert_eq!((one, other), (Err(StoreError::Full), Err(StoreError::Full)));
    assert_eq!(changed, Err(StoreError::Full));
    // Not before there is room again, however often somebody asks.
    for _ in 0..2 {
        assert_eq!(world.store.ready().await, Err(StoreError::Full));
    }
    // Reading goes on.
    assert_eq!(world.read(id).await.checkout.version, 1);
    assert_eq!(psql(&name, "SELECT count(*) FROM checkouts"), "1");
    assert_eq!(psql(&name, "SELECT count(*) FROM attempts"), "1");

    Cluster::shared().make_room(&name);
    // Nobody has to change anything first.
    assert_eq!(world.store.ready().await, Ok(()));
    write(&world).await.unwrap();
    let change = moved(2);
    world.change(id, move |_| change.clone()).await.unwrap();
    assert_eq!(world.read(id).await.checkout.version, 2);
}
