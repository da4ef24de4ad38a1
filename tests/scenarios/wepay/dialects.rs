//! The two dialects of WePay's API, in which `captured` means opposite things, through one API of ours: a shop whose app is
//! of 2015, and one whose app is of 2016, side by side on one gateway.

use serde_json::{Value, json};

use super::{Desk, READY, TOTAL};

const OLD: &str = "2015-11-18";
const NEW: &str = "2016-08-10";

impl Desk {
    /// Another shop at the same gateway, whose WePay app has this version.
    async fn beside(&self, api_version: &str) -> Desk {
        let merchant = self
            .gateway
            .another_merchant(
                api_version,
                "wepay",
                &[
                    ("account_id", self.account.0.as_str()),
                    ("access_token", self.account.1.as_str()),
                    ("api_version", api_version),
                ],
            )
            .await;
        Desk { merchant, ..self.clone() }
    }

    /// The word of the checkout's state in each dialect.
    async fn words(&self, made: &crate::harness::Answer) -> [Value; 2] {
        let there = self.at_wepay(made).await;
        [there["state"].clone(), there["state_b"].clone()]
    }
}

#[tokio::test]
async fn one_story_is_told_in_the_same_words_whichever_dialect_wepay_speaks() {
    for (version, let_go) in [(OLD, "capture"), (NEW, "release")] {
        let desk = Desk::open().await.beside(version).await;
        let held = desk.held().await;
        assert_eq!(desk.words(&held).await, ["reserved", "captured"], "{version}");
        assert_eq!((held.str("/amounts/authorized"), held.str("/amounts/captured")), (TOTAL, "0.00"), "{version}");
        assert_eq!((&held.body["can_fulfill"], desk.told(&held, [READY]).await), (&json!(true), [1]), "{version}");
        desk.post(&held, "renew_callback", &json!({})).await.ok(200);

        let captured = desk.post(&held, "capture", &json!({})).await;
        assert_eq!(
            (captured.ok(200).str("/status"), captured.str("/amounts/captured")),
            ("captured", TOTAL),
            "{version}"
        );
        assert_eq!(desk.words(&held).await, ["captured", "released"], "{version}");
        let calls = [desk.calls("capture").await, desk.calls("release").await];
        assert_eq!(calls, if let_go == "capture" { [1, 0] } else { [0, 1] }, "{version}");
        desk.post(&held, "cancel", &json!({})).await.refused(409, "invalid_state");

        let part = desk.post(&held, "refunds", &json!({ "amount": "20.00" })).await;
        assert_eq!((part.ok(201).str("/amounts/refunded"), part.str("/status")), ("20.00", "captured"), "{version}");
        let rest = desk.post(&held, "refunds", &json!({})).await;
        assert_eq!((rest.ok(201).str("/amounts/refunded"), rest.str("/status")), (TOTAL, "refunded"), "{version}");
        let told = desk.told(&held, [READY, "checkout.captured", "checkout.refunded", "operation.failed"]).await;
        assert_eq!(told, [1, 1, 2, 0], "{version}");
        assert_eq!(desk.merchant.attention(&held.id()).await, Vec::<String>::new(), "{version}");
        assert_eq!((desk.calls("create").await, desk.all_at_wepay().await.len()), (1, 1), "{version}");
    }
}

#[tokio::test]
async fn both_live_side_by_side_on_one_gateway() {
    let old = Desk::open().await.beside(OLD).await;
    let new = old.beside(NEW).await;
    // What both hold is one word's opposite: nobody takes the other's.
    let (held_old, held_new) = (old.held().await, new.held().await);
    let (made_old, made_new) = (old.checkout("automatic").await, new.checkout("automatic").await);
    for (desk, held, made) in [(&old, &held_old, &made_old), (&new, &held_new, &made_new)] {
        desk.decide(made, &json!({ "status": "pay" })).await;
        let paid = desk.merchant.until_status(&made.id(), "captured").await;
        assert_eq!((paid.str("/amounts/captured"), desk.told(made, [READY]).await), (TOTAL, [1]));
        let seen = desk.refresh(held).await;
        assert_eq!((seen.str("/status"), seen.str("/amounts/captured")), ("authorized", "0.00"));
        assert_eq!(desk.merchant.attention(&held.id()).await, Vec::<String>::new());
    }
    let canceled = new.post(&held_new, "cancel", &json!({})).await;
    assert_eq!((canceled.ok(200).str("/status"), canceled.str("/amounts/authorized")), ("canceled", "0.00"));
    let captured = old.post(&held_old, "capture", &json!({})).await;
    assert_eq!((captured.ok(200).str("/status"), captured.str("/amounts/captured")), ("captured", TOTAL));
    assert_eq!([old.calls("capture").await, old.calls("release").await, old.calls("cancel").await], [1, 0, 1]);
    // Nor does one shop see the other's.
    assert_eq!(new.merchant.get(&format!("/v1/checkouts/{}", held_old.id())).await.status, 404);
    assert_eq!(old.all_at_wepay().await.len(), 4);
}

#[tokio::test]
async fn a_word_of_the_other_dialect_moves_nothing_and_is_shown_to_a_person() {
    let desk = Desk::open().await.beside(NEW).await;
    let made = desk.checkout("manual").await;
    desk.decide(&made, &json!({ "status": "pay", "say": "reserved" })).await;
    let flagged =
        async || desk.merchant.attention(&made.id()).await.contains(&"unknown_status".to_owned()).then_some(());
    crate::harness::until("the word to be shown to a person", flagged).await;
    let seen = desk.merchant.read(&made.id()).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("requires_customer_action", &json!(false)));
    assert_eq!(desk.told(&made, [READY]).await, [0]);
}
