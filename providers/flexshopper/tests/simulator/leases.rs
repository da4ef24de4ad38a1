//! Leases: terms, limits, repetitions, expiry, signing and its recoveries, finalizing.

use serde_json::{Value, json};

use crate::support::{Refused as _, card, cart, in_path, start, text};

#[tokio::test]
async fn a_lease_from_cart_to_finalization() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let order = cart("T-1", &[("A", "150", 2), ("B", "100", 1)]);
    let made = sim.ok("leases", Some(&ada.token), &order).await;
    let lease = text(&made["leaseId"]);
    let path = format!("leases/{}", in_path(&lease));
    let seen = sim.read(&path, Some(&ada.token)).await;
    assert_eq!((&seen["leaseStatus"], &seen["isExpired"]), (&json!("unsigned"), &json!(false)));
    let transaction = sim.read("transactions/T-1", None).await;
    assert_eq!(transaction["lease"]["status"], "pending");
    let (status, _, _) = sim.refused("transactions/T-1/finalize", None, &Value::Null).await;
    assert_eq!((status, sim.why().await.as_str()), (400, "the lease is not signed"));

    assert_eq!(sim.sign(&ada, &lease).await.json(), json!({"data": {}}));
    assert_eq!(sim.read(&path, Some(&ada.token)).await["leaseStatus"], "signed");
    assert_eq!(sim.read("transactions/T-1", None).await["lease"]["status"], "signed");
    let done = sim.ok("transactions/T-1/finalize", None, &Value::Null).await;
    assert_eq!(done, json!({"transactionId": "T-1", "loanNumber": "1234567", "leaseNumber": "1234567"}));
    let after = sim.read("transactions/T-1", None).await;
    assert_eq!(after["lease"]["status"], "signed", "finalizing shows nowhere");

    let seen = sim.seen("T-1").await;
    assert_eq!(seen["calls"], json!({"create_lease": 1, "sign": 1, "finalize": 2}));
    assert_eq!(seen["signature"]["ip_address"], "203.0.113.9");
    assert_eq!((&seen["consumer"], &seen["finalized"]), (&json!("web:42"), &json!(true)));
    let me = sim.read("users/me", Some(&ada.token)).await;
    assert_eq!(
        (&me["decision"]["availableBalance"], &me["decision"]["availableWeeklySpending"]),
        (&json!(900), &json!(90))
    );
    let id = transaction["lease"]["id"].clone();
    assert_eq!(
        me["transactions"],
        json!([{"id": "T-1", "createdAt": "2026-11-21", "lease": {"id": id, "status": "signed"}}])
    );
    sim.stop().await;
}

#[tokio::test]
async fn what_a_lease_may_come_to() {
    let sim = start().await;
    let ada = sim.approved("a+limit500@example.com").await;
    let lease =
        async |cost: &str| sim.post("leases", Some(&ada.token), &cart(&format!("T-{cost}"), &[("A", cost, 1)])).await;
    assert_eq!(lease("49.94").await.error().1, "LeaseAmountNotSatisfied");
    assert_eq!(lease("500.01").await.error().1, "ExceedSpendingLimitError");
    assert_eq!(lease("49.95").await.status, 200);
    assert_eq!(lease("500").await.status, 200);
    // A smaller cart fits; what is signed counts against the limit.
    let id = text(&sim.ok("leases", Some(&ada.token), &cart("T-2", &[("A", "300", 1)])).await["leaseId"]);
    assert_eq!(sim.sign(&ada, &id).await.status, 200);
    assert_eq!(lease("200.01").await.error().1, "ExceedSpendingLimitError");
    assert_eq!(lease("200").await.status, 200);
    // What is canceled gives it back.
    sim.ok("transactions/T-2/cancel", None, &json!({})).await;
    assert_eq!(lease("499").await.status, 200);
    sim.set(json!({"minimum_order": "499.5"})).await;
    assert_eq!(lease("499.4").await.error().1, "LeaseAmountNotSatisfied");
    sim.stop().await;
}

#[tokio::test]
async fn shipping_and_discount_count() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let mut order = cart("T-1", &[("A", "100.10", 1), ("B", "50", 2)]);
    order["shipping"] = json!({"cost": 9.95, "date": "2026-11-25", "method": "ground"});
    order["totalDiscount"] = 20.01.into();
    order["payTomorrowTaxTotal"] = 12.34.into();
    let made = sim.ok("leases", Some(&ada.token), &order).await;
    assert_eq!((&made["cashPrice"], &made["payTomorrowTaxTotal"]), (&json!(190.04), &json!(12.34)));
    sim.set(json!({"tax_percent": "7.25"})).await;
    let seen = sim.read("transactions/T-1", None).await;
    assert_eq!(seen["shippingCost"], 9.95);
    // 10.01 of the discount fall on A, 10.00 on the two of B.
    assert_eq!((&seen["items"][0]["cost"], &seen["items"][1]["cost"]), (&json!(90.09), &json!(45)));
    for (mode, total) in
        [("items", 18009), ("items_shipping", 19004), ("items_tax", 19315), ("items_shipping_tax", 20310)]
    {
        sim.set(json!({ "purchase_total": mode })).await;
        let seen = sim.read("transactions/T-1", None).await;
        assert_eq!((&seen["purchaseTotal"], &seen["purchaseSalesTax"]), (&json!(total), &json!(1306)), "{mode}");
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_first_payment_that_is_due_is_402_until_there_is_something_to_pay_with() {
    let sim = start().await;
    let ada = sim.applied("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 1)])).await;
    let due =
        (402, json!("PaymentRequired"), "User user must make a payment to access a requested resource".to_owned());
    assert_eq!(sim.sign(&ada, &lease).await.error(), due);
    sim.ok("paymentMethods/add", Some(&ada.token), &card("decline-1")).await;
    assert_eq!(sim.sign(&ada, &lease).await.error(), due);
    assert_eq!(sim.read("transactions/T-1", None).await["lease"]["status"], "pending");
    sim.ok("paymentMethods/add", Some(&ada.token), &card("good-1")).await;
    assert_eq!(sim.sign(&ada, &lease).await.status, 200);
    sim.set(json!({"first_payment": false})).await;
    let bob = sim.applied("bob@example.com").await;
    let lease = sim.leased(&bob, &cart("T-2", &[("A", "100", 1)])).await;
    assert_eq!(sim.sign(&bob, &lease).await.status, 200);
    sim.stop().await;
}

#[tokio::test]
async fn a_lease_ends_and_another_is_made() {
    let sim = start().await;
    sim.set(json!({"lease_ms": 60_000})).await;
    let ada = sim.approved("ada@example.com").await;
    let order = cart("T-1", &[("A", "100", 1)]);
    let lease = sim.leased(&ada, &order).await;
    sim.seconds(59).await;
    let path = format!("leases/{}", in_path(&lease));
    assert_eq!(sim.read(&path, Some(&ada.token)).await["isExpired"], false);
    sim.seconds(1).await;
    let seen = sim.read(&path, Some(&ada.token)).await;
    assert_eq!((&seen["isExpired"], &seen["leaseStatus"]), (&json!(true), &json!("unsigned")));
    let gone = (410, json!("LeaseExpired"), "The lease expired. Please create a new lease.".to_owned());
    assert_eq!(sim.sign(&ada, &lease).await.error(), gone);
    let fresh = sim.leased(&ada, &order).await;
    assert_ne!(fresh, lease);
    assert_eq!(sim.sign(&ada, &fresh).await.status, 200);
    sim.seconds(1_000).await;
    // An hour is over for no token yet; a signed lease does not end.
    assert_eq!(sim.read("transactions/T-1", None).await["lease"]["status"], "signed");
    assert_eq!(sim.get(&path, Some(&ada.token)).await.error().1, "LeaseNotFound", "the old one gave way");
    let again = sim.leased(&ada, &cart("T-2", &[("A", "100", 1)])).await;
    sim.turn("/requests/T-2/decide", json!({"status": "expire"})).await;
    assert_eq!(sim.sign(&ada, &again).await.error(), gone);
    sim.stop().await;
}

#[tokio::test]
async fn signing_says_who_when_and_that() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "100", 1)])).await;
    let path = format!("leases/{}/sign", in_path(&lease));
    let good = json!({"ipAddress": "203.0.113.9", "timestamp": "2026-11-21T12:00:00Z", "signed": true});
    for (member, value, message) in [
        ("ipAddress", Value::Null, "\"ipAddress\" is required"),
        ("timestamp", json!(7), "\"timestamp\" must be a string"),
        ("signed", Value::Null, "\"signed\" is required"),
        ("signed", json!(false), "\"signed\" must be one of [true]"),
    ] {
        let mut body = good.clone();
        body[member] = value;
        assert_eq!(sim.refused(&path, Some(&ada.token), &body).await, (400, json!(""), message.to_owned()));
    }
    let bob = sim.approved("bob@example.com").await;
    assert_eq!(sim.refused(&path, Some(&bob.token), &good).await.1, "LeaseNotFound", "somebody else's");
    assert_eq!(sim.refused("leases/eyJ/sign", Some(&ada.token), &good).await.1, "LeaseNotFound");
    // Without the quote it was told with, as transactions have it.
    let bare = text(&sim.read("transactions/T-1", None).await["lease"]["id"]);
    assert_eq!(lease, format!("\"{bare}"));
    sim.ok(&format!("leases/{bare}/sign"), Some(&ada.token), &good).await;
    sim.ok(&path, Some(&ada.token), &good).await;
    sim.set(json!({"repeated_sign": "refuse", "repeated_finalize": "refuse", "stray_quotes": false})).await;
    assert_eq!(sim.refused(&path, Some(&ada.token), &good).await.0, 400);
    let done = sim.ok("transactions/T-1/finalize", None, &json!({})).await;
    assert_eq!(sim.refused("transactions/T-1/finalize", None, &json!({})).await.0, 400);
    sim.set(json!({"repeated_finalize": "answer"})).await;
    assert_eq!(sim.ok("transactions/T-1/finalize", None, &json!({})).await, done);
    assert_eq!(sim.read(&format!("leases/{bare}"), Some(&ada.token)).await["leaseId"], json!(bare));
    sim.stop().await;
}

#[tokio::test]
async fn a_second_lease_for_one_transaction() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let (one, two) = (cart("T-1", &[("A", "100", 1)]), cart("T-1", &[("A", "100", 2)]));
    let first = sim.leased(&ada, &one).await;
    assert_eq!(sim.leased(&ada, &one).await, first, "the same goods are the same lease");
    let second = sim.leased(&ada, &two).await;
    assert_ne!(second, first);
    assert_eq!(sim.stored().await, 1);
    assert_eq!(sim.sign(&ada, &first).await.error().1, "LeaseNotFound");
    assert_eq!(sim.sign(&ada, &second).await.status, 200);
    assert_eq!(sim.refused("leases", Some(&ada.token), &one).await.0, 400);
    assert_eq!(sim.why().await, "the lease for this transactionId is signed");

    sim.set(json!({"repeated_transaction": "refuse"})).await;
    let other = cart("T-2", &[("A", "100", 1)]);
    sim.leased(&ada, &other).await;
    assert_eq!(sim.refused("leases", Some(&ada.token), &other).await.0, 400);
    sim.set(json!({"repeated_transaction": "duplicate"})).await;
    sim.leased(&ada, &other).await;
    let listed = sim.read("transactions", None).await;
    assert_eq!(listed["meta"]["count"], 3, "a client that sends twice finds both");
    sim.stop().await;
}

#[tokio::test]
async fn contracts_are_documents() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let mut order = cart("T-1", &[("A", "400", 1)]);
    order["items"][0]["description"] = "<b>Bold</b> & \"quoted\"".into();
    let made = sim.ok("leases?withToken=true&sendLink=true", Some(&ada.token), &order).await;
    let html = decoded(&made["contract"]);
    assert!(html.starts_with("<!doctype html>") && html.contains("52 weekly payments of 17.28 dollars"), "{html}");
    assert!(html.contains("&lt;b&gt;Bold&lt;/b&gt; &amp; &quot;quoted&quot;") && !html.contains("<b>"), "{html}");
    assert!(made["agreementToken"].as_str().unwrap().starts_with("eyJ"));
    assert!(sim.seen("T-1").await["moves"].to_string().contains("link sent"));
    let pdf = decoded(&sim.ok("leases?asPdf=true", Some(&ada.token), &order).await["contract"]);
    assert!(pdf.starts_with("%PDF-1.4") && pdf.trim_end().ends_with("%%EOF"));
    let wrong = sim.refused("leases?asPdf=maybe", Some(&ada.token), &order).await;
    assert_eq!(wrong.2, "\"asPdf\" must be a boolean");
    sim.stop().await;
}

/// Base64, by hand: the tests know nothing of the simulator's libraries.
fn decoded(text: &Value) -> String {
    let digit =
        |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|d| *d == c);
    let digits: Vec<u32> =
        text.as_str().unwrap().bytes().filter_map(digit).map(|d| u32::try_from(d).unwrap()).collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let joined = four.iter().fold(0, |sum, digit| sum * 64 + digit) << (6 * (4 - four.len()));
        bytes.extend(&joined.to_be_bytes()[1..four.len()]);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_cart_is_checked_member_by_member() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    for (pointer, value, message) in [
        ("/transactionId", json!(""), "\"transactionId\" is not allowed to be empty"),
        ("/items", json!([]), "\"items\" must contain at least 1 items"),
        ("/items", Value::Null, "\"items\" is required"),
        ("/items/0/brand", Value::Null, "\"items[0].brand\" is required"),
        ("/items/0/cost", json!("many"), "\"items[0].cost\" must be a number"),
        ("/items/0/quantity", json!(0), "\"items[0].quantity\" must be an integer larger than 0"),
        ("/items/0/condition", json!("mint"), "\"items[0].condition\" must be one of [new, used, refurbished]"),
    ] {
        let mut order = cart("T-1", &[("A", "100", 1)]);
        *order.pointer_mut(pointer).unwrap() = value;
        assert_eq!(sim.refused("leases", Some(&ada.token), &order).await, (400, json!(""), message.to_owned()));
    }
    let mut order = cart("T-1", &[("A", "100", 1)]);
    order["totalDiscount"] = 101.into();
    assert_eq!(sim.refused("leases", Some(&ada.token), &order).await.0, 400);
    order = cart(&"x".repeat(257), &[("A", "100", 1)]);
    assert_eq!(sim.refused("leases", Some(&ada.token), &order).await.0, 400);
    assert_eq!(sim.stored().await, 0);
    sim.stop().await;
}
