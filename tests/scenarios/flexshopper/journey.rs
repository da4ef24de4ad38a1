//! What customers meet on the way to a signature, and a lease that is ended as a whole.

use super::*;

impl Desk {
    /// Switches settings of FlexShopper.
    async fn dial(&self, dials: Value) {
        self.control(Method::POST, "settings", &dials).await;
    }

    /// FlexShopper gets older, and what is due there happens.
    async fn passes(&self, seconds: u64) {
        self.control(Method::POST, "clock", &json!({ "advance_s": seconds })).await;
    }

    /// The customer goes as far as this in the plugin, or as far as FlexShopper lets him; what its window shows then.
    async fn goes(&self, order: &Value, until: &str) -> Value {
        self.control(Method::POST, "plugin", &json!({ "order": order, "email": CUSTOMER, "until": until })).await
    }

    /// Has FlexShopper asked now; what the merchant reads then.
    async fn refresh(&self, made: &Answer) -> Answer {
        let path = format!("/v1/checkouts/{}/refresh", made.id());
        self.merchant().send(self.merchant().request(Method::POST, &path)).await.ok(200).clone()
    }

    /// Still nothing but a customer who is awaited.
    async fn still_awaited(&self, made: &Answer) {
        let seen = self.refresh(made).await;
        assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("requires_customer_action", &json!(false)));
        assert_eq!(seen.str("/next_action/type"), "plugin");
        assert_eq!(self.calls("finalize").await, 0);
    }
}

#[tokio::test]
async fn a_decision_after_four_minutes_is_waited_for() {
    let desk = Desk::open().await;
    desk.dial(json!({ "decision_ms": 240_000 })).await;
    let made = desk.checkout().await;
    let order = desk.order(&made).await;
    assert_eq!(desk.goes(&order, "signed").await["stage"], "deciding");
    desk.still_awaited(&made).await;
    desk.passes(239).await;
    assert_eq!(desk.goes(&order, "signed").await["stage"], "deciding");
    desk.still_awaited(&made).await;
    desk.passes(1).await;
    // Approved and not signed is not an order yet.
    assert_eq!(desk.goes(&order, "applied").await["stage"], "contract");
    desk.still_awaited(&made).await;
    desk.signs(&made, &order).await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), desk.calls("finalize").await), (TOTAL, 1));
}

#[tokio::test]
async fn a_limit_below_the_cart_is_met_by_a_smaller_cart() {
    let desk = Desk::open().await;
    desk.dial(json!({ "spending_limit": "200" })).await;
    let large = desk.checkout().await;
    assert_eq!(desk.goes(&desk.order(&large).await, "signed").await["stage"], "not_this_cart");
    desk.still_awaited(&large).await;
    let path = format!("/v1/checkouts/{}/cancel", large.id());
    assert_eq!(desk.merchant().post(&path, &fresh(), &json!({})).await.ok(200).str("/status"), "canceled");
    assert_eq!(desk.calls("cancel").await, 0, "FlexShopper has nothing that could be canceled");

    let mut cart = cart();
    cart["items"] = json!([{ "sku": "CABLE", "name": "Cable", "quantity": 2, "unit_price": "50.00" }]);
    let small = desk.merchant().open(&cart).await.ok(201).clone();
    let order = desk.order(&small).await;
    assert_ne!(order["transactionId"], desk.merchant().read(&large.id()).await.body["attempt"]["provider_reference"]);
    desk.signs(&small, &order).await;
    let seen = desk.merchant().until_status(&small.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), ("130.00", &json!(true)));
    assert_eq!(desk.merchant().status(&large.id()).await, "canceled");
    assert_eq!(desk.calls("finalize").await, 1);
}

#[tokio::test]
async fn a_lease_that_ended_unsigned_is_made_anew_under_the_same_order() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    let order = desk.order(&made).await;
    assert_eq!(desk.goes(&order, "applied").await["stage"], "contract");
    assert_eq!(desk.there(&made).await["signed"], false);
    desk.passes(25 * 3_600).await;
    let ended = desk.goes(&order, "signed").await;
    assert_eq!(ended["stage"], "expired");
    // An unsigned lease that ended is no end of the checkout: the customer may make a new one.
    desk.still_awaited(&made).await;
    for (step, form) in [("renew", ""), ("sign", "agreed=yes")] {
        let request = desk.merchant().http.post(format!("{}/{step}", ended["page"].as_str().unwrap()));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 303, "{step}");
    }
    desk.refresh(&made).await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), desk.calls("finalize").await), (TOTAL, 1));
    let all = desk.control(Method::GET, "requests", &Value::Null).await;
    assert_eq!(all["requests"].as_array().unwrap().len(), 1, "one lease: {all}");
}

#[tokio::test]
async fn a_whole_lease_is_canceled_product_by_product() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    desk.signs(&made, &desk.order(&made).await).await;
    desk.merchant().until_status(&made.id(), "authorized").await;
    let (path, key) = (format!("/v1/checkouts/{}/cancel", made.id()), fresh());
    let canceled = desk.merchant().post(&path, &key, &json!({ "reason": "out of stock" })).await;
    assert_eq!((canceled.ok(200).str("/status"), &canceled.body["can_fulfill"]), ("canceled", &json!(false)));
    assert!(desk.merchant().post(&path, &key, &json!({ "reason": "out of stock" })).await.replayed());
    assert_eq!(desk.calls("cancel").await, 1);
    let there = desk.there(&made).await;
    for line in there["lines"].as_array().unwrap() {
        assert_eq!(line["canceled"], line["quantity"], "{there}");
    }
}

#[tokio::test]
async fn a_customer_who_is_declined_may_be_financed_by_somebody_else() {
    let desk = Desk::open().await;
    desk.dial(json!({ "decision": "deny" })).await;
    let mut cart = cart();
    cart.as_object_mut().unwrap().remove("provider");
    cart["providers"] = json!(["flexshopper", "wegetfinancing"]);
    cart["customer_chooses"] = json!(true);
    let made = desk.merchant().open(&cart).await.ok(201).clone();
    let page = made.str("/checkout_url").to_owned();
    let choose = async |provider: &str| {
        let seen: Value =
            desk.merchant().http.get(format!("{page}/status")).send().await.unwrap().json().await.unwrap();
        let body = json!({ "provider": provider, "after": seen["attempt"] });
        let chosen = desk.merchant().http.post(format!("{page}/attempts")).json(&body).send().await.unwrap();
        assert_eq!(chosen.status().as_u16(), 200);
    };
    choose("flexshopper").await;
    assert_eq!(desk.goes(&desk.order_of(&made).await, "signed").await["stage"], "declined");
    // FlexShopper tells nobody; the page offers the others all the same.
    choose("wegetfinancing").await;
    let seen = desk.merchant().read(&made.id()).await;
    assert_eq!((seen.str("/attempt/provider"), seen.str("/status")), ("wegetfinancing", "requires_customer_action"));
    assert_eq!(seen.body["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(desk.calls("finalize").await, 0);
}

impl Desk {
    /// What a merchant's own page would hand to the plugin.
    async fn order_of(&self, made: &Answer) -> Value {
        let told = self.merchant().get(&format!("/v1/checkouts/{}/plugin", made.id())).await;
        told.ok(200).body["order"].clone()
    }
}
