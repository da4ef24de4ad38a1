//! Merchants who draw FlexShopper's button on a page of their own: what they are given, and what they call when it was signed.

use super::*;

impl Desk {
    /// What the merchant's own page is given, and the customer who signs with it.
    async fn signs_on_their_page(&self, made: &Answer) {
        let given = self.merchant().get(&format!("/v1/checkouts/{}/plugin", made.id())).await.ok(200).clone();
        assert_eq!((given.str("/object"), given.str("/script_url")), ("plugin", made.str("/next_action/url")));
        assert!(given.str("/script_url").contains("authKey="), "{}", given.text);
        assert_eq!(given.body["order"]["transactionId"], made.body["attempt"]["provider_reference"]);
        let shown = json!({ "order": given.body["order"], "email": CUSTOMER });
        assert_eq!(self.control(Method::POST, "plugin", &shown).await["stage"], "signed");
    }

    async fn plugin_is_gone(&self, made: &Answer) {
        let gone = self.merchant().get(&format!("/v1/checkouts/{}/plugin", made.id())).await;
        gone.refused(409, "invalid_state");
    }
}

#[tokio::test]
async fn their_server_has_it_looked_at_and_confirmed() {
    let desk = Desk::open_with(&[("engine.settle_interval_ms", "600000")]).await;
    let made = desk.checkout().await;
    desk.signs_on_their_page(&made).await;
    // What onSign says is a hint: the answer tells how it stands there.
    let seen = desk.merchant().post(&format!("/v1/checkouts/{}/refresh", made.id()), &fresh(), &json!({})).await;
    let status = seen.ok(200).str("/status").to_owned();
    assert!(["requires_merchant_action", "authorized"].contains(&status.as_str()), "{status}");
    desk.plugin_is_gone(&made).await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), desk.calls("finalize").await), (TOTAL, 1));
}

#[tokio::test]
async fn their_page_may_say_it_itself() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    desk.signs_on_their_page(&made).await;
    let hint = format!("{}/came_back", made.str("/checkout_url"));
    let told = desk.merchant().http.post(hint).json(&json!({ "outcome": "complete" })).send().await.unwrap();
    assert_eq!(told.status().as_u16(), 202);
    assert_eq!(told.json::<Value>().await.unwrap()["looking"], true);
    desk.merchant().until_status(&made.id(), "authorized").await;
    desk.plugin_is_gone(&made).await;
    // Where nothing was signed, a forged hint changes nothing.
    let forged = desk.checkout().await;
    let hint = format!("{}/came_back", forged.str("/checkout_url"));
    desk.merchant().http.post(hint).json(&json!({ "outcome": "complete" })).send().await.unwrap();
    let asked = desk.merchant().post(&format!("/v1/checkouts/{}/refresh", forged.id()), &fresh(), &json!({})).await;
    assert_eq!(asked.ok(200).str("/status"), "requires_customer_action");
    assert_eq!(desk.calls("finalize").await, 1);
}
