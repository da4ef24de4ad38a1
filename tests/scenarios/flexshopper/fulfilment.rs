//! What becomes of the goods, line by line: shipped and paid for, canceled, returned in part, and told of once.

use super::*;

/// An order that the customer signed and the gateway confirmed.
struct Order {
    desk: Desk,
    made: Answer,
}

impl Order {
    async fn signed() -> Self {
        let desk = Desk::open().await;
        let made = desk.checkout().await;
        desk.signs(&made, &desk.order(&made).await).await;
        desk.merchant().until_status(&made.id(), "authorized").await;
        Self { desk, made }
    }

    async fn shipped() -> Self {
        let order = Self::signed().await;
        order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await.ok(201);
        order
    }

    /// Units of the television and of the cables, as a request names them.
    fn lines(&self, counts: [u32; 2]) -> Value {
        let named = counts.iter().enumerate().filter(|(_, quantity)| **quantity > 0);
        let line = |(at, quantity): (usize, &u32)| json!({ "line_id": self.made.body["items"][at]["id"], "quantity": quantity });
        named.map(line).collect()
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.desk.merchant().post(&format!("/v1/checkouts/{}/{path}", self.made.id()), key, body).await
    }

    async fn ship(&self, key: &str, shipment: &Value) -> Answer {
        self.post("shipments", key, shipment).await
    }

    async fn take_back(&self, counts: [u32; 2]) -> Answer {
        self.post("refunds", &fresh(), &json!({ "lines": self.lines(counts) })).await
    }

    /// Status, authorized, captured and refunded.
    async fn stands(&self) -> [String; 4] {
        let seen = self.desk.merchant().read(&self.made.id()).await;
        ["/status", "/amounts/authorized", "/amounts/captured", "/amounts/refunded"].map(|at| seen.str(at).to_owned())
    }

    /// What our books count of both products under this name.
    async fn booked(&self, name: &str) -> [u64; 2] {
        let seen = self.desk.merchant().read(&self.made.id()).await;
        [0, 1].map(|at| seen.body["items"][at][name].as_u64().unwrap())
    }

    /// FlexShopper says what our books hold, and no person is asked anything.
    async fn agrees(&self) {
        let before = self.stands().await;
        self.post("refresh", &fresh(), &json!({})).await.ok(200);
        assert_eq!(self.stands().await, before);
        let items = self.desk.merchant().open_items(&self.made.id()).await;
        assert!(items.is_empty(), "{items:?}");
    }

    /// What FlexShopper counts of both products under this name.
    async fn there(&self, name: &str) -> [u64; 2] {
        let there = self.desk.there(&self.made).await;
        let of = |sku: &str| {
            there["lines"].as_array().unwrap().iter().find(|line| line["sku"] == sku).unwrap()[name].as_u64()
        };
        ["TV-1", "CABLE"].map(|sku| of(sku).unwrap())
    }
}

#[tokio::test]
async fn each_shipment_pays_for_its_lines_and_the_last_for_the_rest() {
    let order = Order::signed().await;
    let parcel = |lines: Value| json!({ "status": "partially_shipped", "carrier": "UPS", "tracking_number": "1Z9", "lines": lines });
    let (key, first) = (fresh(), parcel(order.lines([1, 1])));
    order.ship(&key, &first).await.ok(201);
    assert_eq!(order.stands().await, ["authorized", TOTAL, "450.00", "0.00"]);
    assert!(order.ship(&key, &first).await.replayed());
    let beyond = order.ship(&fresh(), &parcel(order.lines([0, 2]))).await;
    assert_eq!(beyond.refused(422, "validation_failed").errors()[0].0, "/lines/0/quantity");

    let rest = order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await;
    assert_eq!(rest.ok(201).body["lines"], order.lines([0, 1]), "none named are those that are left");
    assert_eq!(order.stands().await, ["captured", TOTAL, TOTAL, "0.00"], "shipping is paid with the last unit");
    let seen = order.desk.merchant().read(&order.made.id()).await;
    assert_eq!((seen.str("/fulfillment"), &seen.body["items"][1]["shipped"]), ("shipped", &json!(2)));
    order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await.refused(409, "invalid_state");
    assert_eq!((order.desk.calls("confirm_shipment").await, order.there("left").await), (2, [1, 2]));
    order.agrees().await;
    let events = order.desk.merchant().events(&order.made.id()).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.captured").count(), 1, "{events:?}");
}

#[tokio::test]
async fn what_is_canceled_before_it_is_shipped_is_not_paid_for() {
    let order = Order::signed().await;
    let canceled = order.post("cancel", &fresh(), &json!({ "lines": order.lines([0, 1]) })).await;
    let line = &canceled.ok(200).body["lines"][0];
    assert_eq!((&line["requested"], &line["done"], &line["failed"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(order.stands().await, ["authorized", "480.00", "0.00", "0.00"]);
    order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await.ok(201);
    assert_eq!(order.stands().await, ["captured", "480.00", "480.00", "0.00"]);
    assert_eq!((order.there("canceled").await, order.there("left").await), ([0, 1], [1, 1]));
    assert_eq!((order.booked("canceled").await, order.booked("shipped").await), ([0, 1], [1, 1]));
    order.agrees().await;
}

#[tokio::test]
async fn a_return_of_which_one_line_fails_is_told_line_by_line() {
    let order = Order::shipped().await;
    let reference = order.desk.merchant().read(&order.made.id()).await.str("/attempt/provider_reference").to_owned();
    let decide = format!("requests/{reference}/decide");
    order.desk.control(Method::POST, &decide, &json!({ "stuck": ["CABLE"] })).await;
    let part = order.take_back([1, 1]).await;
    let told = |at: usize| {
        ["line_id", "requested", "done", "failed", "unknown"].map(|name| part.body["lines"][at][name].clone())
    };
    let items = &order.made.body["items"];
    assert_eq!(part.status, 201, "{}", part.text);
    assert_eq!(told(0), [items[0]["id"].clone(), json!(1), json!(1), json!(0), json!(0)]);
    assert_eq!(told(1), [items[1]["id"].clone(), json!(1), json!(0), json!(1), json!(0)]);
    assert_eq!(order.stands().await, ["captured", TOTAL, TOTAL, "400.00"], "what failed is not given back");
    assert_eq!(part.str("/fulfillment"), "partially_returned");

    let refused = order.take_back([0, 2]).await;
    let (pointer, detail) = refused.refused(422, "provider_refused").errors().remove(0);
    assert_eq!((pointer.as_str(), refused.str("/errors/0/code")), ("/lines/0", "refused_by_provider"));
    assert!(
        detail.contains(items[1]["id"].as_str().unwrap()) && detail.contains("another Idempotency-Key"),
        "{detail}"
    );
    assert_eq!(order.take_back([1, 0]).await.refused(422, "validation_failed").errors()[0].0, "/lines/0/quantity");

    order.desk.control(Method::POST, &decide, &json!({ "stuck": [] })).await;
    let rest = order.post("refunds", &fresh(), &json!({})).await;
    assert_eq!((rest.ok(201).str("/status"), rest.str("/fulfillment")), ("refunded", "returned"));
    assert_eq!(order.stands().await, ["refunded", TOTAL, TOTAL, TOTAL]);
    assert_eq!((order.there("returned").await, order.booked("returned").await), ([1, 2], [1, 2]));
    let refunds = order.desk.merchant().get(&format!("/v1/checkouts/{}/refunds", order.made.id())).await;
    assert_eq!(
        (refunds.str("/data/0/line_id"), refunds.str("/data/0/amount")),
        (items[0]["id"].as_str().unwrap(), "400.00")
    );
}

#[tokio::test]
async fn an_amount_alone_is_refused_and_the_answer_names_lines() {
    let order = Order::shipped().await;
    let refused = order.post("refunds", &fresh(), &json!({ "amount": "10.00" })).await;
    let detail = refused.refused(422, "operation_not_supported").str("/detail").to_owned();
    assert!(detail.contains("`lines`"), "{detail}");
    assert_eq!((order.desk.calls("return").await, order.stands().await[3].as_str()), (0, "0.00"));
}

#[tokio::test]
async fn a_lease_is_canceled_as_a_whole_and_not_in_part_shipped() {
    let order = Order::signed().await;
    let canceled = order.post("cancel", &fresh(), &json!({ "reason": "sold out" })).await;
    assert_eq!(canceled.ok(200).str("/status"), "canceled");
    assert_eq!((order.stands().await[1].as_str(), order.there("canceled").await), ("0.00", [1, 2]));
    order.agrees().await;
    assert_eq!(order.desk.merchant().attention(&order.made.id()).await, [""; 0], "the merchant asked for it");
    assert_eq!((order.booked("canceled").await, order.booked("shipped").await), ([1, 2], [0, 0]));
    order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await.refused(409, "invalid_state");

    let order = Order::signed().await;
    order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS", "lines": order.lines([1, 0]) })).await.ok(201);
    let whole = order.post("cancel", &fresh(), &json!({})).await;
    let detail = whole.refused(409, "invalid_state").str("/detail").to_owned();
    assert!(detail.contains("name the lines"), "{detail}");
    order.post("cancel", &fresh(), &json!({ "lines": order.lines([0, 2]) })).await.ok(200);
    assert_eq!(order.stands().await, ["captured", "430.00", "430.00", "0.00"], "nothing is left to be sent");
    assert_eq!(order.desk.merchant().read(&order.made.id()).await.str("/fulfillment"), "shipped");
    order.agrees().await;
}

#[tokio::test]
async fn a_shipment_whose_answer_is_lost_is_found_again_and_never_told_twice() {
    let order = Order::signed().await;
    order.desk.control(Method::POST, "faults", &json!({ "on": "confirm_shipment", "kind": "lose_reply" })).await;
    let (key, parcel) = (fresh(), json!({ "status": "shipped", "carrier": "UPS", "lines": order.lines([1, 0]) }));
    let lost = order.ship(&key, &parcel).await;
    lost.refused(504, "provider_outcome_unknown");
    let found = order.ship(&key, &parcel).await;
    assert_eq!(found.ok(201).str("/phase"), "settled", "FlexShopper counts it as shipped");
    assert_eq!((order.desk.calls("confirm_shipment").await, order.there("left").await), (1, [1, 0]));
    assert_eq!(order.stands().await, ["authorized", TOTAL, "400.00", "0.00"]);
    order.agrees().await;
    order.ship(&fresh(), &json!({ "status": "shipped", "carrier": "UPS" })).await.ok(201);
    assert_eq!(order.stands().await[0], "captured");
}

#[tokio::test]
async fn a_lost_answer_to_a_return_is_a_persons_and_is_not_sent_again() {
    let order = Order::shipped().await;
    order.desk.control(Method::POST, "faults", &json!({ "on": "return", "kind": "lose_reply" })).await;
    let (key, asked) = (fresh(), json!({ "lines": order.lines([1, 0]) }));
    order.post("refunds", &key, &asked).await.refused(504, "provider_outcome_unknown");
    order.post("refunds", &key, &asked).await.refused(409, "invalid_state");
    let items = order.desk.merchant().open_items(&order.made.id()).await;
    let resolve = format!("/v1/attention/{}/resolve", items[0]["id"].as_str().unwrap());
    let choice = json!({ "choice": "took_effect", "reason": "it shows in the back office" });
    order.desk.merchant().post(&resolve, &fresh(), &choice).await.ok(200);
    assert_eq!((order.desk.calls("return").await, order.stands().await[3].as_str()), (1, "400.00"));
}

#[tokio::test]
async fn a_person_says_for_which_units_a_lost_return_took_effect() {
    let order = Order::shipped().await;
    order.desk.control(Method::POST, "faults", &json!({ "on": "return", "kind": "lose_reply" })).await;
    let (key, asked) = (fresh(), json!({ "lines": order.lines([1, 2]) }));
    order.post("refunds", &key, &asked).await.refused(504, "provider_outcome_unknown");
    let item = order.desk.merchant().open_items(&order.made.id()).await.remove(0);
    let detail = item["detail"].as_str().unwrap();
    for (line, units) in [(0, "1 of "), (1, "2 of ")] {
        let named = format!("{units}{}", order.made.body["items"][line]["id"].as_str().unwrap());
        assert!(detail.contains(&named), "{detail}");
    }
    let offered = item["choices"].as_array().unwrap().iter().find(|choice| choice["takes_lines"] == true).unwrap();
    assert_eq!(offered["choice"], "took_effect");
    let resolve = format!("/v1/attention/{}/resolve", item["id"].as_str().unwrap());
    let say = async |choice: &str, counts: [u32; 2]| {
        let said = json!({ "choice": choice, "reason": "so the portal shows it", "lines": order.lines(counts) });
        order.desk.merchant().post(&resolve, &fresh(), &said).await
    };
    let beyond = say("took_effect", [1, 3]).await;
    assert_eq!(beyond.refused(422, "validation_failed").errors()[0].0, "/lines/1/quantity");
    let none = say("no_effect", [1, 0]).await;
    assert_eq!(none.refused(422, "validation_failed").errors()[0].0, "/lines");
    assert_eq!(order.stands().await[3], "0.00");
    say("took_effect", [0, 1]).await.ok(200);
    assert_eq!(order.stands().await, ["captured", TOTAL, TOTAL, "50.00"]);
    let told = order.post("refunds", &key, &asked).await;
    let counts = |at: usize| ["done", "failed", "unknown"].map(|name| told.body["lines"][at][name].clone());
    assert_eq!((counts(0), counts(1)), ([0, 1, 0].map(|n| json!(n)), [1, 1, 0].map(|n| json!(n))));
    assert_eq!(order.desk.calls("return").await, 1, "never sent again");
    assert!(order.desk.merchant().open_items(&order.made.id()).await.is_empty());
    let listed = order.desk.merchant().get(&format!("/v1/checkouts/{}/refunds", order.made.id())).await;
    assert_eq!((&listed.body["data"][0]["quantity"], listed.str("/data/0/amount")), (&json!(1), "50.00"));
}

#[tokio::test]
async fn a_whole_cancel_whose_answer_is_lost_counts_its_units_once_a_person_settles_it() {
    let order = Order::signed().await;
    order.desk.control(Method::POST, "faults", &json!({ "on": "cancel", "kind": "lose_reply" })).await;
    order.post("cancel", &fresh(), &json!({})).await.refused(504, "provider_outcome_unknown");
    let item = order.desk.merchant().open_items(&order.made.id()).await.remove(0);
    assert_eq!(item["kind"], "unknown_command");
    let resolve = format!("/v1/attention/{}/resolve", item["id"].as_str().unwrap());
    let said = json!({ "choice": "took_effect", "reason": "it shows in the back office" });
    order.desk.merchant().post(&resolve, &fresh(), &said).await.ok(200);
    assert_eq!(
        (order.stands().await, order.booked("canceled").await),
        (["canceled", "0.00", "0.00", "0.00"].map(str::to_owned), [1, 2])
    );
    assert_eq!(order.desk.merchant().attention(&order.made.id()).await, ["unknown_command"]);
}

#[tokio::test]
async fn goods_that_are_picked_up_are_delivered_and_paid_for() {
    let order = Order::signed().await;
    order.ship(&fresh(), &json!({ "status": "delivered", "lines": order.lines([0, 2]) })).await.ok(201);
    assert_eq!(
        (order.stands().await[2].as_str(), order.booked("shipped").await),
        ("100.00", [0, 2]),
        "what was picked up"
    );
    order.ship(&fresh(), &json!({ "status": "delivered" })).await.ok(201);
    assert_eq!(order.stands().await, ["captured", TOTAL, TOTAL, "0.00"]);
    let seen = order.desk.merchant().read(&order.made.id()).await;
    assert_eq!((seen.str("/fulfillment"), order.desk.calls("confirm_receipt").await), ("delivered", 2));
    order.agrees().await;
}
