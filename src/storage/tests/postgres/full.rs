//! A disk without room. A server of the tests cannot have one of its own without being root, so a trigger refuses as the
//! server would.

use lendport_core::AttemptState;
use lendport_storage::{Change, StoreError};
use lendport_testkit::storage_suite::World;

use super::{fresh, open, psql, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_not_a_loss() {
    let (name, settings) = fresh();
    let world = World::new(open(&settings).await).await;
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    let full = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$; \
                CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON checkouts \
                FOR EACH STATEMENT EXECUTE FUNCTION no_room()";
    psql(&name, full);
    let moved = move |version: u64| {
        let checkout = lendport_core::Checkout { version, ..record.checkout.clone() };
        Change { checkout: Some(Box::new(checkout)), ..Change::default() }
    };
    let change = moved(2);
    // Many at once share a commit: each is told, and none is half there.
    let (one, other, changed) = tokio::join!(write(&world), write(&world), world.change(id, move |_| change.clone()));
    assert_eq!((one, other), (Err(StoreError::Full), Err(StoreError::Full)));
    assert_eq!(changed, Err(StoreError::Full));
    // Reading goes on.
    assert_eq!(world.read(id).await.checkout.version, 1);
    assert_eq!(psql(&name, "SELECT count(*) FROM checkouts"), "1");
    assert_eq!(psql(&name, "SELECT count(*) FROM attempts"), "1");

    psql(&name, "DROP TRIGGER no_room ON checkouts");
    write(&world).await.unwrap();
    let change = moved(2);
    world.change(id, move |_| change.clone()).await.unwrap();
    assert_eq!(world.read(id).await.checkout.version, 2);
    assert_eq!(world.store.ready().await, Ok(()));
}
