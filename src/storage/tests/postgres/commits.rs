//! A commit whose answer is lost: the server is asked what became of it, and nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lendport_core::{AttemptState, EndpointState, EventType, WebhookEndpoint, WebhookEndpointId};
use lendport_storage::{Change, ChangeOutcome, OutboxAsk, OutboxChange, OutboxLoaded, change_outbox_with};
use lendport_testkit::clock::START;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::proxy::{Break, Proxy};
use super::{open, settings, write};

/// A store behind a line that breaks.
async fn behind(at: Break) -> (World, Proxy) {
    let cluster = Cluster::shared();
    let url = cluster.url(&cluster.create_database());
    let port: u16 = url.split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let proxy = Proxy::to(port, at).await;
    let world = World::new(open(&settings(&url.replace(&port.to_string(), &proxy.port.to_string()))).await).await;
    (world, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_once_wherever_the_line_breaks() {
    for at in [Break::Before, Break::After] {
        let (world, proxy) = behind(at).await;
        for breaks in [1, 2] {
            let record = world.open(AttemptState::AwaitingCustomer).await;
            let id = record.checkout.id;
            let (ran, count) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let (counted, event) = (Arc::clone(&ran), world.event(id, EventType::CheckoutCreated, 1));
            proxy.breaks.store(breaks, Ordering::Relaxed);
            let outcome = world
                .change(id, move |loaded| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let checkout = Box::new(lendport_core::Checkout {
                        version: loaded.record.checkout.version + 1,
                        ..loaded.record.checkout.clone()
                    });
                    Change { checkout: Some(checkout), events: vec![event.clone()], ..Change::default() }
                })
                .await;
            assert_eq!(outcome, Ok(ChangeOutcome::Done), "{at:?} {breaks}");
            assert_eq!(world.read(id).await.checkout.version, 2, "{at:?} {breaks}");
            assert_eq!(world.store.timeline(world.tenant, id).await.unwrap().unwrap().events.len(), 1);
            // Heard by the server, it holds at the first try; unheard, it is made again.
            let expected = if at == Break::After { 1 } else { breaks + 1 };
            assert_eq!(ran.load(Ordering::Relaxed), expected, "{at:?} {breaks}");
            proxy.breaks.store(0, Ordering::Relaxed);
            drop(count);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_stored_once_wherever_the_line_breaks() {
    for at in [Break::Before, Break::After] {
        let (world, proxy) = behind(at).await;
        let world = Arc::new(world);
        proxy.breaks.store(3, Ordering::Relaxed);
        let writes: Vec<_> = (0..50)
            .map(|_| {
                let world = Arc::clone(&world);
                tokio::spawn(async move { write(&world).await.unwrap() })
            })
            .collect();
        for one in writes {
            assert_eq!(world.read(one.await.unwrap()).await.checkout.version, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_made_once_wherever_the_line_breaks() {
    for at in [Break::Before, Break::After] {
        let (world, proxy) = behind(at).await;
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::mint(&world.ids),
            url: "https://shop.example/hooks".to_owned(),
            description: None,
            events: Vec::new(),
            secrets: Vec::new(),
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: START,
            updated_at: START,
        };
        let change = OutboxChange { endpoint: Some(endpoint.clone()), ..OutboxChange::default() };
        proxy.breaks.store(1, Ordering::Relaxed);
        let decide = move |_: OutboxLoaded<'_>| (change.clone(), ());
        let made = change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), decide).await;
        assert_eq!(made, Ok((ChangeOutcome::Done, Some(()))), "{at:?}");
        assert_eq!(world.outbox.endpoint(world.tenant, endpoint.id).await.unwrap().unwrap().version, 1);
    }
}
