//! A server that goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lendport_core::CheckoutId;
use lendport_storage::StoreError;
use lendport_testkit::postgres::{Cluster, Stop};
use lendport_testkit::storage_suite::World;

use super::{open, settings, until, write};

/// Calls fail clearly while the server is down, and work when it is back; nothing has to be started again.
#[tokio::test(flavor = "multi_thread")]
async fn calls_work_again_when_the_server_is_back() {
    let cluster = Cluster::start(&[]);
    let world = World::new(open(&settings(&cluster.url(&cluster.create_database()))).await).await;
    let before = write(&world).await.unwrap();
    for how in [Stop::Fast, Stop::Immediate] {
        cluster.stop(how);
        for error in [
            world.store.ready().await.unwrap_err(),
            world.store.checkout(world.tenant, before).await.unwrap_err(),
            write(&world).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
        cluster.start_again();
        // The very next calls.
        assert_eq!(world.store.ready().await, Ok(()));
        assert_eq!(world.read(before).await.checkout.id, before);
        let after = write(&world).await.unwrap();
        assert_eq!(world.read(after).await.checkout.version, 1);
    }
}

/// Two replicas write while the server is dropped where it stands, again and again: what was answered is there, and
/// what was refused is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_survives_crashes_of_the_server() {
    let cluster = Arc::new(Cluster::start(&[]));
    let settings = settings(&cluster.url(&cluster.create_database()));
    let first = Arc::new(World::new(open(&settings).await).await);
    let mut second = World::new(open(&settings).await).await;
    second.tenant = first.tenant;
    let second = Arc::new(second);
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..16)
        .map(|number| {
            // Their ids come from one place, so that none comes twice.
            let (ids, over) = (Arc::clone(&first), Arc::clone(&over));
            let store = if number % 2 == 0 { Arc::clone(&first.store) } else { Arc::clone(&second.store) };
            tokio::spawn(async move {
                let (mut stored, mut refused) = (Vec::<CheckoutId>::new(), Vec::<CheckoutId>::new());
                while !over.load(Ordering::Relaxed) {
                    let opening = ids.opening(lendport_core::AttemptState::AwaitingCustomer);
                    let id = opening.checkout.as_ref().unwrap().id;
                    match store.insert_checkout(ids.tenant, None, opening).await {
                        Ok(_) => stored.push(id),
                        Err(StoreError::Uncertain(_)) => {}
                        Err(_) => refused.push(id),
                    }
                }
                (stored, refused)
            })
        })
        .collect();
    for _ in 0..4 {
        let count = first.store.ready().await;
        assert_eq!(count, Ok(()));
        let server = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || {
            server.stop(Stop::Immediate);
            server.start_again();
        })
        .await
        .unwrap();
        until("the server answers", || async { first.store.ready().await.is_ok() }).await;
    }
    over.store(true, Ordering::Relaxed);
    let (mut kept, mut seen) = (0, 0);
    for writer in writers {
        let (stored, refused) = writer.await.unwrap();
        for id in stored {
            assert!(second.store.checkout(first.tenant, id).await.unwrap().is_some(), "{id} was answered and is gone");
            kept += 1;
        }
        for id in refused {
            assert_eq!(second.store.checkout(first.tenant, id).await, Ok(None), "{id} was refused and is there");
            seen += 1;
        }
    }
    assert!(kept > 0, "nothing was written; {seen} were refused");
}
