//! One merchant makes all the noise it can: it asks for more than it may, and more of its deliveries than there are places wait
//! for a server that does not answer. Another one notices nothing.

use reqwest::Method;
use serde_json::json;

use crate::harness::gateway::{NO_LIMITS, USUAL};
use crate::harness::{Answer, Merchant, Receiver, TestGateway, carts, fresh, together, until};

/// Deliveries at the same time.
const PLACES: usize = 8;

/// Opens a checkout; the answer's status.
async fn opened(merchant: &Merchant) -> u16 {
    merchant.open(&carts::usa()).await.status
}

#[tokio::test]
async fn a_noisy_merchant_does_not_slow_another_one() {
    let places = PLACES.to_string();
    let settings = [
        ("limits.key_reads_per_second", "2"),
        ("limits.key_writes_per_second", "2"),
        ("delivery.concurrency", places.as_str()),
        // None of those that hang ends by itself before the other merchant is done, however long that takes.
        ("delivery.timeout_ms", "600000"),
    ];
    let gateway = TestGateway::start_with(&settings).await;
    let (noisy, quiet) = (gateway.merchant.clone(), gateway.another_merchant("Quiet").await);
    let (hanging, prompt) = (Receiver::start().await, Receiver::start().await);
    hanging.hold();
    for _ in 0..2 {
        hanging.subscribe(&noisy, None).await;
    }
    prompt.subscribe(&quiet, None).await;

    let floods = (0..120).map(|_| {
        let merchant = noisy.clone();
        async move { opened(&merchant).await }
    });
    let answers = together(floods).await;
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    assert!(of(201) > 0 && of(429) > 0 && of(201) + of(429) == answers.len(), "{answers:?}");
    // Each is told of to two endpoints.
    assert!(2 * of(201) > PLACES, "{answers:?}");
    hanging.until_under_way(1).await;

    // Whatever the other one did: each request is answered, and each event arrives while nothing of the other one has.
    for _ in 0..5 {
        assert_eq!(opened(&quiet).await, 201);
    }
    assert_eq!(quiet.send(quiet.request(Method::GET, "/v1/checkouts")).await.status, 200);
    prompt.until_count(5).await;
    // None of those that hang has ended: nobody waited for one to make room.
    assert!(hanging.under_way() > 0);
    until("all that came to hang", async || (hanging.count() == hanging.under_way()).then_some(())).await;
    let endpoint = json!({ "url": hanging.url });
    assert_eq!(quiet.post("/v1/webhook_endpoints", &fresh(), &endpoint).await.status, 201);
    hanging.let_go();
}

/// What counts how, as it is delivered.
#[tokio::test]
async fn the_usual_limits_are_told_with_every_answer() {
    let gateway = TestGateway::start_with(&NO_LIMITS.map(|key| (key, USUAL))).await;
    let merchant = &gateway.merchant;
    let policy = |answer: &Answer| {
        let left: u32 = answer.header("ratelimit-remaining").parse().unwrap();
        assert!(
            left < answer.header("ratelimit-limit").parse().unwrap() && !answer.header("ratelimit-reset").is_empty()
        );
        (answer.status, answer.header("ratelimit-policy").to_owned())
    };
    let expect = |status: u16, text: &str| (status, text.to_owned());
    assert_eq!(policy(&merchant.get("/v1/checkouts").await), expect(200, "500;w=5"));
    assert_eq!(policy(&merchant.get("/v1/checkouts/nothing").await), expect(404, "500;w=5"));
    assert_eq!(policy(&merchant.get("/v1/checkouts?limit=0").await), expect(400, "500;w=5"));
    assert_eq!(policy(&merchant.open(&carts::usa()).await), expect(201, "500;w=5"));
    assert_eq!(policy(&merchant.open(&json!({})).await), expect(422, "500;w=5"));
    let nobody = Merchant::new(&merchant.url, "lp_test_nobody");
    assert_eq!(policy(&nobody.get("/v1/checkouts").await), expect(401, "120;w=60"));
    assert_eq!(policy(&nobody.get("/v1/nothing").await), expect(404, "120;w=60"));
    // Two a second come back meanwhile.
    let strays = (0..400).map(|_| {
        let nobody = nobody.clone();
        async move { nobody.get("/v1/checkouts").await }
    });
    let refused = together(strays).await.into_iter().filter(|answer| answer.status == 429).count();
    assert!(refused > 0, "nobody is told to stop");
    // Whoever has a key is not concerned.
    assert_eq!(merchant.get("/v1/checkouts").await.status, 200);
}
