//! The database cannot be used for a while, or the clock is set back: clear answers meanwhile, and nothing is lost.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport::gateway::Ambient;
use lendport_testkit::postgres::{Cluster, Stop};
use serde_json::json;

use crate::harness::{Answer, Loan, LoneSimulator, Merchant, Receiver, ServedGateway, Shop, carts, fresh, until};

async fn probe(merchant: &Merchant, path: &str) -> Answer {
    merchant.send(merchant.http.get(format!("{}{path}", merchant.url))).await
}

/// What is said while nothing can be stored: not now, come again.
#[track_caller]
fn says_come_again(answer: &Answer) {
    answer.refused(503, "storage_unavailable");
    assert_eq!((answer.header("retry-after"), &answer.body["retryable"]), ("1", &json!(true)));
}

/// Whatever was refused is asked for again with the same key, and the story goes on to its end.
async fn goes_on(loan: &Loan, lender: &crate::harness::Lender, key: &str, receiver: &Receiver) {
    let merchant = &loan.merchant;
    assert_eq!(loan.tell("approved").await.status, 200);
    let calls = lender.calls("create").await;
    let made = merchant.post("/v1/checkouts", key, &carts::usa()).await;
    assert!(!made.ok(201).replayed(), "a refusal for lack of storage is not remembered");
    assert_eq!(lender.calls("create").await, calls + 1, "nobody was called while nothing could be stored");
    receiver.until_kind("checkout.ready_to_fulfill").await;
    let events = merchant.event_documents(&loan.id).await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_backup_holds_the_file_the_gateway_is_not_ready_and_afterwards_all_goes_on() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    receiver.subscribe(&shop.merchant, None).await;
    let loan = shop.loan().await;
    receiver.until_count(2).await;
    assert_eq!(probe(&shop.merchant, "/readyz").await.status, 200);
    let backup = rusqlite::Connection::open(shop.gateway.database()).unwrap();
    backup.execute_batch("BEGIN IMMEDIATE").unwrap();

    let key = fresh();
    let cart = carts::usa();
    let (ready, create, push) = tokio::join!(
        probe(&shop.merchant, "/readyz"),
        shop.merchant.post("/v1/checkouts", &key, &cart),
        loan.tell("approved"),
    );
    ready.refused(503, "storage_unavailable");
    says_come_again(&create);
    assert_eq!(push.status, 503, "the lender sends it again");
    assert_eq!(probe(&shop.merchant, "/healthz").await.status, 200, "a restart would not help");
    assert_eq!(loan.status().await, "requires_customer_action", "reading goes on");

    backup.execute_batch("ROLLBACK").unwrap();
    until("ready", async || (probe(&shop.merchant, "/readyz").await.status == 200).then_some(())).await;
    goes_on(&loan, &shop.simulator.lender, &key, &receiver).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_away_requests_are_told_so_and_when_it_is_back_they_work() {
    let start = tokio::task::spawn_blocking(|| Arc::new(Cluster::start(&["fsync=off", "full_page_writes=off"])));
    let cluster = start.await.unwrap();
    let (simulator, receiver) = (LoneSimulator::start(None).await, Receiver::start().await);
    let url = cluster.url(&cluster.create_database());
    let settings = [("storage.url", url.as_str())];
    let gateway = ServedGateway::start_on(&simulator.lender.url, &Ambient::system(), &settings).await;
    let merchant = &gateway.merchant;
    receiver.subscribe(merchant, None).await;
    let loan = Loan::open(merchant, &simulator.lender).await;
    receiver.until_count(2).await;

    let server = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || server.stop(Stop::Fast)).await.unwrap();
    probe(merchant, "/readyz").await.refused(503, "storage_unavailable");
    assert_eq!(probe(merchant, "/healthz").await.status, 200);
    let key = fresh();
    says_come_again(&merchant.post("/v1/checkouts", &key, &carts::usa()).await);
    for path in ["/v1/checkouts", "/v1/events", "/v1/attention", &format!("/v1/checkouts/{}", loan.id)] {
        says_come_again(&merchant.get(path).await);
    }
    assert_eq!(loan.tell("approved").await.status, 503);

    let server = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || server.start_again()).await.unwrap();
    until("ready", async || (probe(merchant, "/readyz").await.status == 200).then_some(())).await;
    goes_on(&loan, &simulator.lender, &key, &receiver).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_of_postgresql_is_full_the_gateway_is_not_ready_and_afterwards_all_goes_on() {
    let on_server = |work: fn(&'static Cluster, &str), name: &str| {
        let name = name.to_owned();
        tokio::task::spawn_blocking(move || work(Cluster::shared(), &name))
    };
    let name = tokio::task::spawn_blocking(|| Cluster::shared().create_database()).await.unwrap();
    let (simulator, receiver) = (LoneSimulator::start(None).await, Receiver::start().await);
    let url = Cluster::shared().url(&name);
    let settings = [("storage.url", url.as_str())];
    let gateway = ServedGateway::start_on(&simulator.lender.url, &Ambient::system(), &settings).await;
    let merchant = &gateway.merchant;
    let endpoint = receiver.subscribe(merchant, None).await.id();
    let loan = Loan::open(merchant, &simulator.lender).await;
    receiver.until_count(2).await;
    merchant.until_nothing_pending(&endpoint).await;
    assert_eq!(probe(merchant, "/readyz").await.status, 200);

    on_server(Cluster::run_out_of_room, &name).await.unwrap();
    let key = fresh();
    says_come_again(&merchant.post("/v1/checkouts", &key, &carts::usa()).await);
    assert_eq!(loan.tell("approved").await.status, 503, "the lender sends it again");
    // Not before there is room again, however often somebody asks.
    for _ in 0..3 {
        let ready = probe(merchant, "/readyz").await;
        assert!(ready.refused(503, "storage_unavailable").str("/detail").contains("disk is full"), "{}", ready.text);
    }
    assert_eq!(probe(merchant, "/healthz").await.status, 200, "a restart would not help");
    assert_eq!(loan.status().await, "requires_customer_action", "reading goes on");

    on_server(Cluster::make_room, &name).await.unwrap();
    assert_eq!(probe(merchant, "/readyz").await.status, 200, "though nothing was changed since");
    goes_on(&loan, &simulator.lender, &key, &receiver).await;
}

#[tokio::test]
async fn when_the_clock_steps_back_an_hour_events_keep_their_order_and_go_out() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await.id();
    let loan = shop.loan().await;
    receiver.until_count(2).await;
    shop.merchant.until_nothing_pending(&endpoint).await;
    shop.clock.step_back(SignedDuration::from_hours(1));

    assert_eq!(loan.tell("approved").await.status, 200);
    let other = shop.loan().await;
    receiver.until_count(5).await;
    shop.merchant.until_nothing_pending(&endpoint).await;
    for (id, count) in [(&loan.id, 3_u64), (&other.id, 2)] {
        let events = shop.merchant.event_documents(id).await;
        let sequences: Vec<_> = events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
        assert_eq!(sequences, (1..=count).collect::<Vec<_>>(), "listed by id, which grows with the sequence");
        let heard = receiver.received();
        let of_this = heard.iter().map(|one| one.document()).filter(|one| one["data"]["checkout"]["id"] == json!(id));
        assert_eq!(of_this.collect::<Vec<_>>(), events);
    }
    // A repeat of the same message is one, whatever the clock says.
    assert_eq!(loan.seen().await.str("/status"), "authorized");
    assert_eq!((receiver.count(), receiver.ids().len()), (5, 5));
}

#[tokio::test]
async fn what_is_on_its_way_when_the_clock_steps_back_an_hour_arrives_without_waiting_for_it() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await.id();
    receiver.hold();
    let loan = shop.approved().await;
    receiver.until_under_way(1).await;
    shop.clock.step_back(SignedDuration::from_hours(1));
    receiver.let_go();
    // What was in hand is settled, though its lease ends in an hour by the clock, and what waited behind it goes out.
    let first = receiver.until_count(1).await[0].id().to_owned();
    let settled = shop.merchant.until_tried(&endpoint, &first, 1).await;
    assert_eq!(settled["state"], "delivered");
    receiver.until_count(3).await;
    let other = shop.loan().await;
    receiver.until_count(5).await;
    shop.merchant.until_nothing_pending(&endpoint).await;
    for id in [&loan.id, &other.id] {
        let heard = receiver.received();
        let of_this = heard.iter().map(|one| one.document()).filter(|one| one["data"]["checkout"]["id"] == json!(id));
        assert_eq!(of_this.collect::<Vec<_>>(), shop.merchant.event_documents(id).await);
    }
}

#[tokio::test]
async fn a_retry_waits_as_long_as_it_should_when_the_clock_steps_back_and_is_signed_by_the_clock() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    receiver.answer(|_| 500);
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.ready_to_fulfill").await;
    shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    shop.clock.step_back(SignedDuration::from_hours(1));
    receiver.answer(|_| 200);
    // Work goes by a clock that runs at half speed now: the five seconds, a fifth more or less, are eight to twelve.
    shop.seconds_pass(7);
    let later = shop.merchant.test_event(&endpoint.id(), "checkout.updated").await;
    shop.merchant.until_tried(&endpoint.id(), &later, 1).await;
    assert_eq!(shop.merchant.delivery(&endpoint.id(), &event).await["tries"], 1, "not before its time");
    shop.seconds_pass(6);
    let delivered = shop.merchant.until_tried(&endpoint.id(), &event, 2).await;
    assert_eq!(delivered["state"], "delivered");
    for heard in receiver.received().iter().skip(1) {
        assert!(heard.is_signed_with(endpoint.str("/secret"), shop.now()), "a receiver's clock was right all the time");
    }
}
