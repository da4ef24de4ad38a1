//! What is sent, and what follows a try.

use jiff::SignedDuration;
use lendport_core::{Clock as _, DeliveryState, EndpointSecret, Mode, Secret};
use lendport_delivery::{Refused, SigningSecret, verify};
use lendport_storage::Tenant;

use crate::receiver::{Received, Receiver, Reply};
use crate::world::{OLD_SECRET, SECRET, World, until};

fn believed(world: &World, received: &Received, secret: &str) -> Result<(), Refused> {
    let secret = SigningSecret::parse(&Secret::from(secret)).unwrap();
    verify(&received.signed(), &received.body, &secret, world.clock.now(), SignedDuration::from_mins(5))
}

#[tokio::test]
async fn an_event_arrives_signed_and_the_try_is_noted() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(204, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start();
    let event = world.tell(world.checkout(), 3);
    until("the delivery", || world.only_delivery(endpoint).delivery.state == DeliveryState::Delivered).await;
    courier.stopped().await;

    let [received] = shop.received().try_into().unwrap();
    assert_eq!(believed(&world, &received, SECRET), Ok(()));
    assert_eq!(believed(&world, &received, OLD_SECRET), Err(Refused::NoMatch));
    assert_eq!(received.path, "/hook");
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["webhook-id"], event.to_string());
    let document = received.document();
    assert_eq!(document["id"], event.to_string());
    assert_eq!(document["data"]["checkout"]["reference"], "Größe 52 🛋");
    let row = world.only_delivery(endpoint);
    assert_eq!((row.delivery.tries, row.lease, row.tries.len()), (1, None, 1));
    let try_ = &row.tries[0];
    assert_eq!((try_.status, try_.error.as_deref(), try_.url.as_str()), (Some(204), None, shop.url.as_str()));
    assert_eq!(try_.started_at, world.clock.now());
}

#[tokio::test]
async fn both_secrets_sign_until_the_old_one_expires() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint_with(world.tenant, &shop.url, |endpoint| {
        let expires_at = world.clock.now().checked_add(SignedDuration::from_hours(24)).ok();
        endpoint.secrets.push(EndpointSecret { text: Secret::from(OLD_SECRET), expires_at });
    });
    let courier = world.start();
    for (count, hours) in [(1, 0), (2, 23), (3, 1)] {
        world.clock.advance(SignedDuration::from_hours(hours));
        world.tell(world.checkout(), 1);
        // Written as well: a lease that is hours old is over, and what it is for is sent again.
        until("the delivery", || world.outbox.all_delivered(endpoint)).await;
        assert_eq!(shop.count(), count);
        let received = shop.received().pop().unwrap();
        assert_eq!(believed(&world, &received, SECRET), Ok(()));
        assert_eq!(believed(&world, &received, OLD_SECRET).is_ok(), count < 3);
    }
    courier.stopped().await;
}

/// Ten tries within three days, at the times of the contract; the body and its id stay the same.
#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_along_the_schedule() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(500, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start();
    world.tell(world.checkout(), 1);
    let waits_s = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (made, wait_s) in waits_s.into_iter().enumerate() {
        until("the try", || world.only_delivery(endpoint).tries.len() == made + 1).await;
        let row = world.only_delivery(endpoint);
        let next = row.delivery.next_at.unwrap();
        let wait_ms = next.duration_since(world.clock.now()).as_millis();
        assert!((wait_s * 800..=wait_s * 1_200).contains(&wait_ms), "{wait_ms} ms after try {}", made + 1);
        world.clock.set(next);
    }
    until("the end", || world.only_delivery(endpoint).delivery.state == DeliveryState::Failed).await;
    courier.stopped().await;
    let received = shop.received();
    assert_eq!(received.len(), 10);
    for one in &received {
        assert_eq!((&one.body, &one.headers["webhook-id"]), (&received[0].body, &received[0].headers["webhook-id"]));
    }
    let stamps: Vec<i64> = received.iter().map(|one| one.headers["webhook-timestamp"].parse().unwrap()).collect();
    assert!(stamps.is_sorted() && stamps[9] - stamps[0] > 2 * 86_400, "{stamps:?}");
    assert!(world.only_delivery(endpoint).tries.iter().all(|one| one.status == Some(500) && one.response == b"note"));
}

#[tokio::test]
async fn a_receiver_that_asks_for_more_time_gets_it() {
    let world = World::new();
    for (lines, wait_s) in [
        ("Retry-After: 600\r\n", 600..=600),
        ("Retry-After: Sat, 21 Nov 2026 13:00:00 GMT\r\n", 3_600..=3_600),
        // Less than the schedule, more than a day, nonsense.
        ("Retry-After: 1\r\n", 4..=6),
        ("Retry-After: 999999999\r\n", 86_400..=86_400),
        ("Retry-After: soon\r\n", 4..=6),
    ] {
        let shop = Receiver::start(Reply::Status(503, lines)).await;
        let endpoint = world.endpoint(&shop.url);
        let courier = world.start();
        world.outbox.tell(world.tenant, &world.event_for(endpoint), lendport_storage::Audience::Only(endpoint));
        until("the try", || world.only_delivery(endpoint).tries.len() == 1).await;
        let next = world.only_delivery(endpoint).delivery.next_at.unwrap();
        let waits = next.duration_since(world.clock.now()).as_secs();
        assert!(wait_s.contains(&waits), "{lines:?}: {waits} s");
        courier.stopped().await;
    }
}

#[tokio::test]
async fn every_failure_has_its_word_and_is_tried_again() {
    let world = World::new();
    let elsewhere = Receiver::start(Reply::Status(200, "")).await;
    let redirecting = Receiver::start(Reply::Status(200, "")).await;
    let location: &'static str = Box::leak(format!("Location: {}\r\n", elsewhere.url).into_boxed_str());
    redirecting.reply(Reply::Status(307, location));
    let resetting = Receiver::start(Reply::Reset).await;
    let expected = [
        (redirecting.url.clone(), "redirect"),
        (resetting.url.clone(), "reset"),
        ("http://10.0.0.1/".to_owned(), "refused_address"),
        ("http://[::ffff:127.0.0.1]/".to_owned(), "refused_address"),
        ("file:///etc/passwd".to_owned(), "refused_url"),
        ("http://user:pass@127.0.0.1/".to_owned(), "refused_url"),
    ];
    let endpoints = expected.clone().map(|(url, word)| (world.endpoint(&url), word));
    let courier = world.start();
    world.tell(world.checkout(), 1);
    for (endpoint, word) in endpoints {
        until(word, || world.only_delivery(endpoint).tries.len() == 1).await;
        let row = world.only_delivery(endpoint);
        assert_eq!(row.tries[0].error.as_deref(), Some(word));
        assert_eq!(row.tries[0].status, (word == "redirect").then_some(307));
        assert!(row.delivery.state == DeliveryState::Pending && row.delivery.next_at > Some(world.clock.now()));
        assert!(!row.overtakable);
    }
    courier.stopped().await;
    assert_eq!(elsewhere.count(), 0);
}

/// What test mode allows for trying things out is never allowed for real money.
#[tokio::test]
async fn live_mode_never_sends_to_this_machine() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let live = Tenant { mode: Mode::Live, ..world.tenant };
    let https = shop.url.replace("http://", "https://");
    let endpoints = [(shop.url.as_str(), "refused_url"), (https.as_str(), "refused_address")]
        .map(|(url, word)| (world.endpoint_with(live, url, |_| {}), word));
    let courier = world.start();
    world.tell_in(live, world.checkout(), 1);
    for (endpoint, word) in endpoints {
        until("the refusal", || world.only_delivery(endpoint).tries.len() == 1).await;
        assert_eq!(world.only_delivery(endpoint).tries[0].error.as_deref(), Some(word));
    }
    courier.stopped().await;
    assert_eq!(shop.count(), 0);
}
