//! What needs a person: told, settled by somebody with a reason, and the order goes on exactly once.

use serde_json::{Value, json};

use crate::harness::{Answer, Loan, Receiver, Shop, carts, fresh, together};

/// A checkout whose answer from the provider was lost.
pub(crate) async fn lost(shop: &Shop) -> Loan {
    let lender = &shop.simulator.lender;
    lender.fault(json!({ "on": "create", "kind": "lose_reply" })).await;
    let problem = shop.merchant.open(&carts::usa()).await;
    let id = problem.refused(504, "provider_outcome_unknown").str("/checkout/id").to_owned();
    Loan::behind(&shop.merchant, lender, &lender.requests().await[0], id).await
}

/// The id of the one open item of this kind.
pub(crate) async fn item(shop: &Shop, loan: &Loan, kind: &str) -> String {
    let items = shop.merchant.open_items(&loan.id).await;
    let found: Vec<_> = items.iter().filter(|item| item["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{items:?}");
    found[0]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn resolve(shop: &Shop, item: &str, key: &str, body: &Value) -> Answer {
    shop.merchant.post(&format!("/v1/attention/{item}/resolve"), key, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_whose_amount_nobody_named_waits_for_a_person_and_is_then_told_once() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let loan = lost(&shop).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(false)));
    assert_eq!(seen.body["blockers"], json!(["amount_unverified"]));
    receiver.until_kind("attention.opened").await;
    assert!(!shop.merchant.events(&loan.id).await.contains(&"checkout.ready_to_fulfill".to_owned()));

    let item = item(&shop, &loan, "amount_unverified").await;
    let accept = json!({ "choice": "accept_amount", "reason": "the back office says 1420.00" });
    // Two people press the button at the same time.
    let answers = together(["first", "second"].map(|key| {
        let (merchant, accept) = (shop.merchant.clone(), accept.clone());
        let path = format!("/v1/attention/{item}/resolve");
        async move { merchant.post(&path, key, &accept).await }
    }))
    .await;
    let settled: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(settled.len(), 1, "{answers:?}");
    let other = answers.iter().find(|answer| answer.status != 200).unwrap();
    other.refused(409, "invalid_state");
    let resolution = &settled[0].body["resolution"];
    assert_eq!((&resolution["choice"], &resolution["reason"]), (&json!("accept_amount"), &accept["reason"]));
    assert!(resolution["by"].as_str().unwrap().starts_with("key_"), "{resolution}");

    // Said again by the lender and by the person: nothing more is told.
    assert_eq!(loan.tell("approved").await.status, 200);
    let again = resolve(&shop, &item, "third", &accept).await;
    again.refused(409, "invalid_state");
    let seen = loan.seen().await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(true), &json!([])));
    receiver.until_kind("checkout.ready_to_fulfill").await;
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    // The first item asked whether there is a request at all, and the approval answered it.
    assert_eq!(
        receiver.kinds(),
        [
            "checkout.created",
            "attempt.indeterminate",
            "attention.opened",
            "checkout.updated",
            "attention.resolved",
            "attention.opened",
            "attention.resolved",
            "checkout.ready_to_fulfill",
        ]
    );
    assert!(shop.merchant.open_items(&loan.id).await.is_empty());
}

#[tokio::test]
async fn a_rejected_amount_never_becomes_ready() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let loan = lost(&shop).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    let item = item(&shop, &loan, "amount_unverified").await;
    let reject = json!({ "choice": "reject_amount", "reason": "the back office says another sum" });
    resolve(&shop, &item, &fresh(), &reject).await.ok(200);
    assert_eq!(loan.tell("approved").await.status, 200);
    assert_eq!(loan.seen().await.body["can_fulfill"], false);
    let open = shop.merchant.open_items(&loan.id).await;
    let kinds: Vec<_> = open.iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(
        kinds,
        ["approval_after_withdrawal", "amount_unverified"],
        "the lender insists: a person is asked again"
    );
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    assert!(!receiver.kinds().contains(&"checkout.ready_to_fulfill".to_owned()), "{:?}", receiver.kinds());
}

#[tokio::test]
async fn a_refund_without_an_amount_counts_what_a_person_says() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let loan = shop.approved().await;
    assert_eq!(loan.tell("refund").await.status, 200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/amounts/refunded"), &seen.body["can_fulfill"]), ("0.00", &json!(false)));
    assert_eq!(seen.body["blockers"], json!(["refund_unsettled"]), "nobody ships what may be paid back");

    let item = item(&shop, &loan, "refund_without_amount").await;
    let count = |amount: Option<&str>| match amount {
        Some(amount) => json!({ "choice": "count_refund", "reason": "as the portal shows", "amount": amount }),
        None => json!({ "choice": "count_refund", "reason": "as the portal shows" }),
    };
    for wrong in [None, Some("1420.01"), Some("0.00"), Some("-1.00")] {
        let refused = resolve(&shop, &item, &fresh(), &count(wrong)).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.errors()[0].0, "/amount", "{wrong:?}: {}", refused.text);
    }
    resolve(&shop, &item, &fresh(), &count(Some("20.00"))).await.ok(200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/amounts/refunded"), &seen.body["can_fulfill"]), ("20.00", &json!(true)));
    let refunded = receiver.until_kind("checkout.refunded").await.document();
    assert_eq!(refunded["data"]["checkout"]["amounts"]["refunded"], "20.00");
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    let told = receiver.kinds().into_iter().filter(|kind| kind == "checkout.refunded").count();
    assert_eq!((told, loan.seen().await.str("/status").to_owned()), (1, "authorized".to_owned()));
}
