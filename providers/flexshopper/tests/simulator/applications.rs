//! Applications and how they are decided, at once or on the simulator's time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PATIENCE, Running, application, cart, start};

async fn status(sim: &Running, token: &str) -> (Value, Value) {
    let me = sim.read("users/me", Some(token)).await;
    (me["decision"]["status"].clone(), me["decision"]["spendingLimit"].clone())
}

#[tokio::test]
async fn words_in_the_address_decide() {
    let sim = start().await;
    for (email, word, limit, verified, hold) in [
        ("a@example.com", "approved", json!(1300), "succeeded", false),
        ("a+deny@example.com", "failed", json!(0), "succeeded", false),
        ("a+pending@example.com", "pending", json!(0), "succeeded", false),
        ("a+error@example.com", "error", json!(0), "succeeded", false),
        ("a+limit199.50@example.com", "approved", json!(199.5), "succeeded", false),
        ("a+hold@example.com", "approved", json!(1300), "succeeded", true),
        ("a+unverified@example.com", "approved", json!(1300), "pending", false),
        ("a+badid@example.com", "approved", json!(1300), "failed", false),
    ] {
        let customer = sim.applied(email).await;
        let me = sim.read("users/me", Some(&customer.token)).await;
        assert_eq!((&me["decision"]["status"], &me["decision"]["spendingLimit"]), (&json!(word), &limit), "{email}");
        assert_eq!(me["decision"]["approved"], word == "approved", "{email}");
        assert_eq!((&me["verificationStatus"], &me["spendingHold"]), (&json!(verified), &json!(hold)), "{email}");
    }
    sim.set(json!({"older_words": true})).await;
    let customer = sim.applied("b+deny@example.com").await;
    assert_eq!(status(&sim, &customer.token).await.0, "denied");
    sim.stop().await;
}

#[tokio::test]
async fn settings_decide_where_the_address_does_not() {
    let sim = start().await;
    sim.set(json!({"decision": "deny", "spending_limit": "750.25"})).await;
    let denied = sim.applied("a@example.com").await;
    assert_eq!(status(&sim, &denied.token).await.0, "failed");
    let approved = sim.applied("a+approve@example.com").await;
    assert_eq!(status(&sim, &approved.token).await, (json!("approved"), json!(750.25)));
    // Somebody who was denied may apply again; who is approved stays so.
    sim.set(json!({"decision": "approve"})).await;
    sim.ok("users/me/apply", Some(&denied.token), &application()).await;
    assert_eq!(status(&sim, &denied.token).await.0, "approved");
    sim.set(json!({"decision": "deny"})).await;
    sim.ok("users/me/apply", Some(&denied.token), &application()).await;
    assert_eq!(status(&sim, &denied.token).await.0, "approved");
    sim.stop().await;
}

#[tokio::test]
async fn a_decision_takes_up_to_270_seconds() {
    let sim = start().await;
    let slow = sim.applied("a+slow@example.com").await;
    sim.seconds(269).await;
    assert_eq!(status(&sim, &slow.token).await, (json!("pending"), json!(0)));
    sim.seconds(1).await;
    assert_eq!(status(&sim, &slow.token).await, (json!("approved"), json!(1300)));

    let open = sim.applied("b+pending@example.com").await;
    sim.seconds(1_000_000).await;
    let token = sim.read(&format!("users/{}/authorize", open.id), None).await["token"].as_str().unwrap().to_owned();
    assert_eq!(status(&sim, &token).await.0, "pending");
    sim.turn("/users/b+pending@example.com/decide", json!({"decision": "approve", "limit": "80"})).await;
    assert_eq!(status(&sim, &token).await, (json!("approved"), json!(80)));
    let wrong = sim.control("POST", &format!("/users/{}/decide", open.id), &json!({"limit": "-1"})).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(sim.control("POST", "/users/nobody/decide", &json!({"hold": true})).await.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn apply_can_hold_the_connection_until_it_is_decided() {
    let sim = start().await;
    sim.set(json!({"apply_waits": true})).await;
    let slow = sim.customer("a+slow@example.com").await;
    let body = application();
    let waiting = sim.post("users/me/apply", Some(&slow.token), &body);
    let meanwhile = async {
        // It is taken in first, and others are served meanwhile.
        let seen = async || sim.control("GET", &format!("/users/{}", slow.id), &Value::Null).await.json();
        while seen().await["decision"].is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(seen().await["decision"]["status"], "pending");
        sim.seconds(270).await;
    };
    let both = async { tokio::join!(waiting, meanwhile).0 };
    let reply = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(reply.json()["data"]["decision"]["status"], "approved");
    sim.stop().await;
}

#[tokio::test]
async fn taken_in_although_the_answer_says_502() {
    let sim = start().await;
    let customer = sim.customer("a+502@example.com").await;
    let (status_code, code, message) = sim.refused("users/me/apply", Some(&customer.token), &application()).await;
    assert_eq!((status_code, code, message.as_str()), (502, json!("BadGateway"), "Gateway returned status code"));
    assert_eq!(status(&sim, &customer.token).await.0, "approved");
    let taken = sim.customer("a+taken@example.com").await;
    assert_eq!(sim.refused("users/me/apply", Some(&taken.token), &application()).await.0, 409);
    assert!(sim.read("users/me", Some(&taken.token)).await.get("decision").is_none());
    sim.stop().await;
}

#[tokio::test]
async fn an_application_is_checked_member_by_member() {
    let sim = start().await;
    let ada = sim.customer("a@example.com").await;
    for (pointer, value, message) in [
        ("/street1", json!(""), "\"street1\" is not allowed to be empty"),
        ("/city", Value::Null, "\"city\" is required"),
        ("/country", json!("CA"), "\"country\" must be one of [US]"),
        ("/mobilePhone", json!(6514447773_u64), "\"mobilePhone\" must be a string"),
        ("/dateOfBirth", json!("10/10/1990"), "\"dateOfBirth\" must be a valid date"),
        ("/ssn", json!("987-65-4321"), "\"ssn\" must be 9 digits"),
        (
            "/employmentInformation/payFrequency",
            json!("daily"),
            "\"employmentInformation.payFrequency\" must be one of [weekly, biweekly, semimonthly, monthly, yearly, none]",
        ),
        ("/expectedPurchaseAmount", json!(-1), "\"expectedPurchaseAmount\" must be larger than or equal to 0"),
        ("/optInMarketing", json!("no"), "\"optInMarketing\" must be a boolean"),
    ] {
        let mut body = application();
        *body.pointer_mut(pointer).unwrap() = value;
        let (status, code, said) = sim.refused("users/me/apply", Some(&ada.token), &body).await;
        assert_eq!((status, code, said.as_str()), (400, json!(""), message));
    }
    assert!(sim.read("users/me", Some(&ada.token)).await.get("decision").is_none(), "nothing of that was taken in");
    sim.stop().await;
}

#[tokio::test]
async fn who_may_not_lease() {
    let sim = start().await;
    for (email, why) in [
        ("a+deny@example.com", "the customer is not approved"),
        ("a+pending@example.com", "the customer is not approved"),
        ("a+hold@example.com", "the customer is on a spending hold"),
        ("a+unverified@example.com", "the customer's identity is not verified"),
        ("a+badid@example.com", "the customer's identity is not verified"),
    ] {
        let customer = sim.applied(email).await;
        let (status, code, _) = sim.refused("leases", Some(&customer.token), &cart("T-1", &[("A", "100", 1)])).await;
        assert_eq!((status, code), (400, json!("UserAlreadyExists")), "{email}: the printed text hides the reason");
        assert_eq!(sim.why().await, why, "{email}");
    }
    sim.set(json!({"boilerplate": false})).await;
    let customer = sim.applied("b+hold@example.com").await;
    let (_, code, message) = sim.refused("leases", Some(&customer.token), &cart("T-1", &[("A", "100", 1)])).await;
    assert_eq!((code, message.as_str()), (json!("BadRequest"), "the customer is on a spending hold"));
    sim.stop().await;
}
