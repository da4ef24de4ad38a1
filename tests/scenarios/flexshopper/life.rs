//! From the plugin to goods that are paid for, and what is signed for another sum.

use super::*;

#[tokio::test]
async fn what_is_signed_is_confirmed_once_and_shipped() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    assert_eq!((made.str("/status"), made.str("/next_action/type")), ("requires_customer_action", "plugin"));
    assert_eq!(made.body["can_fulfill"], false);
    desk.signs(&made, &desk.order(&made).await).await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    assert_eq!((desk.calls("finalize").await, &desk.there(&made).await["finalized"]), (1, &json!(true)));

    let path = format!("/v1/checkouts/{}/shipments", made.id());
    let parcel = json!({
        "status": "shipped", "carrier": "UPS", "tracking_number": "1Z999AA10123456784", "shipped_on": "2026-11-21",
        "expected_on": "2026-11-24"
    });
    let key = fresh();
    let shipped = desk.merchant().post(&path, &key, &parcel).await;
    assert!(shipped.status < 300, "{}", shipped.text);
    assert!(desk.merchant().post(&path, &key, &parcel).await.replayed());
    assert_eq!(desk.calls("confirm_shipment").await, 1);
}

#[tokio::test]
async fn what_is_signed_for_another_sum_is_undone_and_a_person_is_told() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    let mut order = desk.order(&made).await;
    order["items"][0]["cost"] = json!(300.00);
    desk.signs(&made, &order).await;
    let seen = desk.merchant().until_status(&made.id(), "canceled").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), ("0.00", &json!(false)));
    let items = desk.merchant().get(&format!("/v1/attention?checkout={}&kind=agreement_mismatch", made.id())).await;
    let told = items.ok(200).str("/data/0/detail").to_owned();
    assert!(told.contains("price of a product") && !told.contains("another customer"), "{told}");
    assert_eq!((desk.calls("finalize").await, desk.calls("cancel").await), (0, 1));
}

#[tokio::test]
async fn a_confirmation_whose_answer_is_lost_is_asked_for_as_one_that_may_have_been_sent() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    desk.control(Method::POST, "faults", &json!({ "on": "finalize", "kind": "lose_reply" })).await;
    desk.signs(&made, &desk.order(&made).await).await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    assert_eq!((desk.calls("finalize").await, desk.calls("cancel").await), (2, 0), "not undone on a guess");
    until("the item to be settled", async || desk.merchant().open_items(&made.id()).await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn what_is_signed_after_the_merchant_canceled_it_is_ended_there_too() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    let order = desk.order(&made).await;
    let canceled = desk.merchant().post(&format!("/v1/checkouts/{}/cancel", made.id()), &fresh(), &json!({})).await;
    assert_eq!(canceled.ok(200).str("/status"), "canceled");
    desk.signs(&made, &order).await;
    until("the lease to be undone", async || (desk.calls("cancel").await == 1).then_some(())).await;
    assert_eq!((desk.calls("finalize").await, desk.merchant().status(&made.id()).await.as_str()), (0, "canceled"));
    assert_eq!(desk.merchant().read(&made.id()).await.body["can_fulfill"], false);
}
