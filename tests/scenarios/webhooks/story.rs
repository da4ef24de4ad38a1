//! One checkout from cart to refund, heard by those who asked for it and by nobody else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Loan, Receiver, Shop, TestGateway, fresh, postgres_url, together};

/// What one whole checkout is told by.
const WHOLE: [&str; 6] = [
    "checkout.created",
    "attempt.created",
    "attempt.preapproved",
    "checkout.ready_to_fulfill",
    "shipment.confirmed",
    "checkout.refunded",
];

/// From cart to refund.
async fn whole(shop: &Shop) -> Loan {
    let loan = shop.loan().await;
    for status in ["preapproved", "approved"] {
        assert_eq!(shop.simulator.lender.decide(&loan.inv_id, json!({ "status": status })).await, [200]);
    }
    shop.merchant.ship(&loan.id, &json!({ "status": "shipped" })).await.ok(201);
    let refund = loan.body(&json!({ "status": "refund", "amount": "1420.00" }));
    assert_eq!(loan.push(&refund).await.status, 200);
    loan
}

#[tokio::test]
async fn every_event_from_cart_to_refund_arrives_signed_in_order_and_as_it_can_be_read() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let loan = whole(&shop).await;
    let heard = receiver.until_count(WHOLE.len()).await;
    shop.merchant.until_nothing_pending(&endpoint.id()).await;

    assert_eq!(receiver.kinds(), WHOLE);
    let events = shop.merchant.event_documents(&loan.id).await;
    for (number, (received, listed)) in (1_u64..).zip(heard.iter().zip(&events)) {
        assert!(received.is_signed_with(endpoint.str("/secret"), shop.now()), "{number}");
        let document = received.document();
        assert_eq!((&document["id"], &document["sequence"]), (&json!(received.id()), &json!(number)));
        assert_eq!((&document["mode"], &document["data"]["checkout"]["id"]), (&json!("test"), &json!(loan.id)));
        assert_eq!(&document, listed);
        let read = shop.merchant.get(&format!("/v1/events/{}", received.id())).await;
        assert_eq!(received.text(), read.ok(200).text, "byte for byte what can be read");
        assert_eq!(received.header("content-type"), "application/json");
    }
    let last = &heard.last().unwrap().document()["data"]["checkout"];
    let seen = loan.seen().await;
    assert_eq!((&last["status"], &last["amounts"]), (&seen.body["status"], &seen.body["amounts"]));
    let first = &heard[0].document()["data"]["checkout"];
    assert_eq!((&first["amounts"]["refunded"], &last["amounts"]["refunded"]), (&json!("0.00"), &json!("1420.00")));
    assert_eq!(receiver.count(), WHOLE.len(), "each once: the receiver accepted all of them");
}

/// What a merchant acts on, without what is new in every run.
fn gist(document: &Value) -> Value {
    let checkout = &document["data"]["checkout"];
    let told = ["status", "can_fulfill", "blockers", "amounts", "fulfillment"].map(|name| checkout[name].clone());
    json!([document["type"], document["sequence"], told])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_story_is_told_in_the_same_words_on_sqlite_and_on_postgresql() {
    let url = postgres_url().await;
    let mut told = Vec::new();
    for shop in [Shop::open().await, Shop::open_with(&[("storage.url", &url)]).await] {
        let receiver = Receiver::start().await;
        let endpoint = receiver.subscribe(&shop.merchant, None).await;
        whole(&shop).await;
        let heard = receiver.until_count(WHOLE.len()).await;
        shop.merchant.until_nothing_pending(&endpoint.id()).await;
        assert_eq!(receiver.kinds(), WHOLE);
        told.push(heard.iter().map(|received| gist(&received.document())).collect::<Vec<_>>());
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn nothing_that_is_sent_names_the_customer() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    receiver.subscribe(&shop.merchant, None).await;
    whole(&shop).await;
    for received in receiver.until_count(WHOLE.len()).await {
        let text = received.text();
        for private in ["john@example.com", "2222222222", "West End Court", "Long Branch"] {
            assert!(!text.contains(private), "{private} is in {text}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_hears_the_types_it_asked_for_and_no_others() {
    let shop = Shop::open().await;
    let (everything, ready, none) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let all = everything.subscribe(&shop.merchant, None).await;
    let some = ready.subscribe(&shop.merchant, Some(&["checkout.ready_to_fulfill", "checkout.refunded"])).await;
    let other = none.subscribe(&shop.merchant, Some(&["checkout.charged_back"])).await;
    let loan = whole(&shop).await;
    for endpoint in [&all, &some, &other] {
        shop.merchant.until_nothing_pending(&endpoint.id()).await;
    }
    assert_eq!(everything.kinds(), WHOLE);
    assert_eq!(ready.kinds(), ["checkout.ready_to_fulfill", "checkout.refunded"]);
    assert_eq!(none.count(), 0);
    // The same event is the same document for whoever hears it; a change of the filter holds for what comes next.
    let sent = |receiver: &Receiver| -> Vec<Value> {
        receiver.received().iter().filter(|one| one.kind() == "checkout.refunded").map(|one| one.document()).collect()
    };
    assert_eq!(sent(&everything), sent(&ready));
    let path = format!("{}/v1/webhook_endpoints/{}", shop.merchant.url, other.id());
    let change = shop.merchant.http.patch(path).bearer_auth(&shop.merchant.key);
    shop.merchant.send(change.json(&json!({ "events": null }))).await.ok(200);
    let second = shop.loan().await;
    let heard = none.until_count(2).await;
    for received in heard {
        assert_eq!(received.document()["data"]["checkout"]["id"], json!(second.id), "and not for {}", loan.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_checkouts_at_once_each_is_told_in_order() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let loans = together((0..12).map(|_| {
        let (merchant, lender) = (shop.merchant.clone(), shop.simulator.lender.clone());
        async move {
            let loan = Loan::open(&merchant, &lender).await;
            for status in ["preapproved", "approved"] {
                assert_eq!(loan.tell(status).await.status, 200);
            }
            loan.id
        }
    }))
    .await;
    receiver.until_count(12 * 4).await;
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    let heard = receiver.received();
    assert_eq!((heard.len(), receiver.ids().len()), (48, 48));
    for id in loans {
        let of_this = heard.iter().map(|one| one.document()).filter(|one| one["data"]["checkout"]["id"] == json!(id));
        let sequences: Vec<_> = of_this.map(|one| one["sequence"].as_u64().unwrap()).collect();
        assert_eq!(sequences, [1, 2, 3, 4], "{id}");
    }
}

#[tokio::test]
async fn what_one_merchant_is_told_no_other_hears_or_can_read() {
    let gateway = TestGateway::start().await;
    let stranger = gateway.another_merchant("Another shop").await;
    let (mine, theirs) = (Receiver::start().await, Receiver::start().await);
    let (own, foreign) = (mine.subscribe(&gateway.merchant, None).await, theirs.subscribe(&stranger, None).await);
    assert_ne!(own.str("/secret"), foreign.str("/secret"));
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let heard = mine.until_count(2).await;
    let their_event = stranger.test_event(&foreign.id(), "checkout.created").await;
    theirs.until_count(1).await;
    assert_eq!(theirs.ids(), BTreeSet::from([their_event.clone()]));

    let delivery = gateway.merchant.delivery(&own.id(), heard[0].id()).await["id"].as_str().unwrap().to_owned();
    for path in [
        format!("/v1/events/{}", heard[0].id()),
        format!("/v1/deliveries/{delivery}"),
        format!("/v1/webhook_endpoints/{}", own.id()),
    ] {
        stranger.get(&path).await.refused(404, "not_found");
    }
    for path in [format!("/v1/webhook_endpoints/{}/test", own.id()), format!("/v1/deliveries/{delivery}/resend")] {
        let body = if path.ends_with("test") { json!({ "type": "checkout.created" }) } else { json!({}) };
        stranger.post(&path, &fresh(), &body).await.refused(404, "not_found");
    }
    assert!(stranger.event_documents(&loan.id).await.is_empty());
    assert!(stranger.deliveries(&own.id()).await.is_empty());
    let listed = stranger.get("/v1/events").await;
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 1, "{}", listed.text);
    assert_eq!(listed.str("/data/0/id"), their_event);
    assert_eq!(mine.count(), 2);
}
