//! An event that commits late is missed by no recovery.

use jiff::SignedDuration;
use lendport_core::{EndpointState, EventType, WebhookEndpoint, WebhookEndpointId};
use lendport_storage::{Change, OutboxAsk, OutboxChange, OutboxLoaded, change_outbox_with};
use lendport_testkit::clock::START;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::{fresh, open, psql, write};

async fn post(world: &World, ask: OutboxAsk, change: OutboxChange) {
    let decide = move |_: OutboxLoaded<'_>| (change.clone(), ());
    change_outbox_with(&*world.outbox, world.tenant, ask, decide).await.unwrap();
}

/// An event written by a transaction that began while the endpoint was off, and ends while its recovery is asked for and
/// under way, and that is older than what the recovery finds.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_committed_during_a_recovery_is_told() {
    let (name, settings) = fresh();
    let world = World::new(open(&settings).await).await;
    let mut endpoint = WebhookEndpoint {
        id: WebhookEndpointId::mint(&world.ids),
        url: "https://shop.example/hooks".to_owned(),
        description: None,
        events: Vec::new(),
        secrets: Vec::new(),
        state: EndpointState::Disabled,
        failing_since: None,
        version: 1,
        created_at: START,
        updated_at: START,
    };
    post(&world, OutboxAsk::default(), OutboxChange { endpoint: Some(endpoint.clone()), ..OutboxChange::default() })
        .await;
    let checkout = write(&world).await.unwrap();
    for (sequence, second) in [(1, 0), (2, 10), (3, 20)] {
        let mut event = world.event(checkout, EventType::CheckoutUpdated, sequence);
        event.created_at = START + SignedDuration::from_secs(second);
        world.change(checkout, move |_| Change { events: vec![event.clone()], ..Change::default() }).await.unwrap();
    }
    let (late, line) = tokio_postgres::connect(&Cluster::shared().url(&name), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(line);
    let insert = "BEGIN; INSERT INTO events (tenant, id, checkout, endpoint, kind, sequence, test, created_at, snapshot) \
                  SELECT tenant, (left(id::text, 35) || 'f')::uuid, checkout, endpoint, kind, 9, test, \
                      created_at + interval '5 seconds', snapshot FROM events WHERE sequence = 1";
    late.batch_execute(insert).await.unwrap();

    let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    (endpoint.state, endpoint.version) = (EndpointState::Enabled, 2);
    post(&world, ask.clone(), OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() }).await;
    let since = OutboxChange { recover_since: Some(START), ..OutboxChange::default() };
    post(&world, ask.clone(), since.clone()).await;
    let now = START + SignedDuration::from_mins(1);
    assert_eq!(world.outbox.recover_some(now, 2).await, Ok(0), "somebody is still writing");
    let told = "SELECT string_agg(e.sequence::text, ' ' ORDER BY e.created_at) \
                FROM deliveries d JOIN events e ON e.pk = d.event";
    assert_eq!(psql(&name, told), "");
    late.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.outbox.recover_some(now, 2).await, Ok(2));
    assert_eq!(psql(&name, told), "1 9");

    // Asked for once more with a later beginning while it is under way: what is being written now is waited for as well.
    late.batch_execute(
        &insert
            .replace("||", "|| 'e' ||")
            .replace("left(id::text, 35)", "left(id::text, 34)")
            .replace("9, test", "8, test")
            .replace("5 seconds", "25 seconds"),
    )
    .await
    .unwrap();
    let later = OutboxChange { recover_since: Some(START + SignedDuration::from_secs(20)), ..OutboxChange::default() };
    post(&world, ask, later).await;
    assert_eq!(world.outbox.recover_some(now, 100).await, Ok(0));
    late.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.outbox.recover_some(now, 100).await, Ok(3), "from where it was");
    assert_eq!(psql(&name, told), "1 9 2 3 8");
    assert_eq!(world.outbox.recover_some(now, 100).await, Ok(0));
    assert_eq!(psql(&name, "SELECT count(*) FROM recoveries"), "0");
}
