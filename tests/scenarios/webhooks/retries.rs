//! Receivers that fail: the same event comes again until it is accepted, and every try can be read.

use serde_json::{Value, json};

use crate::harness::{Receiver, Shop};

fn statuses(delivery: &Value) -> Vec<Value> {
    delivery["attempts"].as_array().unwrap().iter().map(|tried| tried["response"]["status"].clone()).collect()
}

#[tokio::test]
async fn a_receiver_that_answers_500_gets_the_same_event_again_and_every_try_can_be_read() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    receiver.answer(|_| 500);
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.ready_to_fulfill").await;
    let failed = shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    assert_eq!(
        (&failed["state"], &failed["tries"], statuses(&failed)),
        (&json!("pending"), &json!(1), vec![json!(500)])
    );
    assert_eq!(receiver.count(), 1);

    // The second try comes after five seconds, a fifth more or less; the third after five minutes.
    shop.seconds_pass(3);
    assert_eq!(shop.merchant.delivery(&endpoint.id(), &event).await["tries"], 1, "not before its time");
    shop.seconds_pass(4);
    shop.merchant.until_tried(&endpoint.id(), &event, 2).await;
    receiver.answer(|_| 200);
    shop.seconds_pass(361);
    let delivered = shop.merchant.until_tried(&endpoint.id(), &event, 3).await;
    assert_eq!(statuses(&delivered), [500, 500, 200]);
    assert_eq!((&delivered["state"], &delivered["next_at"]), (&json!("delivered"), &Value::Null));

    let heard = receiver.received();
    assert_eq!(heard.len(), 3);
    for (received, tried) in heard.iter().zip(delivered["attempts"].as_array().unwrap()) {
        assert_eq!((received.id(), received.text()), (event.as_str(), heard[0].text()));
        let sent = &tried["request"]["headers"];
        assert_eq!(sent["webhook-timestamp"], received.header("webhook-timestamp"), "each try has its own time");
    }
    assert!(heard[2].is_signed_with(endpoint.str("/secret"), shop.now()));
    assert!(!heard[0].is_signed_with(endpoint.str("/secret"), shop.now()), "a receiver refuses the old one as stale");
}

#[tokio::test]
async fn a_receiver_that_asks_to_be_left_alone_is_left_alone_so_long_and_no_longer() {
    let (shop, receiver, other) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let prompt = other.subscribe(&shop.merchant, None).await;
    receiver.ask_to_wait("120");
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.ready_to_fulfill").await;
    let refused = shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    assert_eq!((&refused["state"], statuses(&refused)), (&json!("pending"), vec![json!(503)]));
    // Nobody moved the clock since the answer came.
    let due: jiff::Timestamp = refused["next_at"].as_str().unwrap().parse().unwrap();
    assert!(due.duration_since(shop.now()) >= jiff::SignedDuration::from_secs(119), "{due}");

    // The schedule would have sent it after five seconds, and so it sends what it owes to another endpoint meanwhile.
    receiver.answer(|_| 204);
    for seconds in [7, 112] {
        shop.seconds_pass(seconds);
        let mark = shop.merchant.test_event(&prompt.id(), "checkout.updated").await;
        shop.merchant.until_tried(&prompt.id(), &mark, 1).await;
        let waiting = shop.merchant.delivery(&endpoint.id(), &event).await;
        assert_eq!((&waiting["tries"], receiver.count()), (&json!(1), 1), "not before its time");
    }
    shop.seconds_pass(2);
    let delivered = shop.merchant.until_tried(&endpoint.id(), &event, 2).await;
    assert_eq!((&delivered["state"], statuses(&delivered)), (&json!("delivered"), vec![json!(503), json!(204)]));
}

#[tokio::test]
async fn a_server_that_was_down_for_a_day_gets_everything_in_order() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    receiver.answer(|_| 503);
    let (first, second) = (shop.loan().await, shop.loan().await);
    for loan in [&first, &second] {
        let created = shop.merchant.event_documents(&loan.id).await[0]["id"].as_str().unwrap().to_owned();
        shop.merchant.until_tried(&endpoint.id(), &created, 1).await;
    }
    shop.hours_pass(12);
    for loan in [&first, &second] {
        assert_eq!(loan.tell("approved").await.status, 200);
        let events = shop.merchant.event_documents(&loan.id).await;
        assert_eq!(events.len(), 3);
        shop.merchant.until_tried(&endpoint.id(), events[0]["id"].as_str().unwrap(), 2).await;
        assert_eq!(shop.merchant.delivery(&endpoint.id(), events[2]["id"].as_str().unwrap()).await["tries"], 0);
    }
    shop.hours_pass(12);
    receiver.answer(|_| 200);
    let down = receiver.count();
    for loan in [&first, &second] {
        let events = shop.merchant.event_documents(&loan.id).await;
        shop.merchant.until_tried(&endpoint.id(), events[2]["id"].as_str().unwrap(), 1).await;
    }
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    for loan in [&first, &second] {
        let accepted = shop.merchant.event_documents(&loan.id).await;
        let heard = receiver.received();
        let of_this = heard.iter().map(|one| one.document()).filter(|one| one["data"]["checkout"]["id"] == loan.id);
        let last: Vec<_> = of_this.collect();
        assert_eq!(last[last.len() - 3..], accepted, "everything, in order, once it is back");
    }
    assert!(receiver.count() >= down);
}

#[tokio::test]
async fn a_server_that_is_gone_is_left_alone_and_the_others_hear_of_it_once() {
    let (shop, gone, other) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let (old, new) = (gone.subscribe(&shop.merchant, None).await, other.subscribe(&shop.merchant, None).await);
    gone.answer(|_| 410);
    let loan = shop.loan().await;
    let told = other.until_kind("webhook_endpoint.disabled").await;
    let document = told.document();
    assert_eq!((&document["sequence"], &document["data"]["webhook_endpoint"]["id"]), (&json!(0), &json!(old.id())));
    assert_eq!(document["data"]["webhook_endpoint"]["state"], "gone");
    assert!(told.is_signed_with(new.str("/secret"), shop.now()));
    let read = shop.merchant.get(&format!("/v1/webhook_endpoints/{}", old.id())).await;
    assert_eq!(read.str("/state"), "gone");

    let before = gone.count();
    assert_eq!(loan.tell("approved").await.status, 200);
    other.until_kind("checkout.ready_to_fulfill").await;
    // Written as well, or its lease is over with the hours and it is sent again.
    shop.merchant.until_nothing_pending(&new.id()).await;
    shop.hours_pass(25);
    shop.merchant.until_nothing_pending(&new.id()).await;
    assert_eq!(gone.count(), before, "not asked any more");
    let told = other.kinds().into_iter().filter(|kind| kind == "webhook_endpoint.disabled").count();
    assert_eq!((told, other.ids().len()), (1, other.count()));
}

#[tokio::test]
async fn one_slow_server_keeps_no_other_waiting() {
    let (shop, slow, quick) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let (late, prompt) = (slow.subscribe(&shop.merchant, None).await, quick.subscribe(&shop.merchant, None).await);
    slow.hold();
    let loan = shop.approved().await;
    quick.until_kind("checkout.ready_to_fulfill").await;
    shop.merchant.until_nothing_pending(&prompt.id()).await;
    slow.until_under_way(1).await;
    assert_eq!(slow.kinds(), ["checkout.created"], "the next of a checkout waits for the one before");
    slow.let_go();
    shop.merchant.until_nothing_pending(&late.id()).await;
    assert_eq!(slow.kinds(), quick.kinds());
    assert_eq!(slow.kinds(), shop.merchant.events(&loan.id).await);
}
