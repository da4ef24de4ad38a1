//! Whether customers exist, making them, reading them.

use serde_json::{Value, json};

use crate::support::{Refused as _, application, start};

#[tokio::test]
async fn there_or_not_there() {
    let sim = start().await;
    let exists = "user-exists?email=ada%2B1%40example.com";
    assert_eq!(sim.get(exists, None).await.json(), json!({"data": {"exists": false}}));
    let ada = sim.customer("Ada+1@Example.com").await;
    assert_eq!(sim.read(exists, None).await, json!({"userId": ada.id, "exists": true}));
    assert_eq!(sim.read("user-exists?email=ada+1@example.com", None).await["exists"], false, "a plus is a blank");
    assert_eq!(sim.get("user-exists", None).await.error().2, "\"email\" is required");

    sim.set(json!({"absent_user": "empty"})).await;
    assert_eq!(sim.get("user-exists?email=b@example.com", None).await.json(), json!({"data": {}}));
    sim.set(json!({"absent_user": "not_found"})).await;
    let (status, code, _) = sim.get("user-exists?email=b@example.com", None).await.error();
    assert_eq!((status, code), (404, json!("UserNotFound")));
    sim.stop().await;
}

#[tokio::test]
async fn one_customer_per_address() {
    let sim = start().await;
    let ada = json!({"firstName": "Ada", "lastName": "O'Neil-Smith", "email": "ada@example.com", "password": "x",
        "resetPassword": true, "locale": "en"});
    let made = sim.ok("users", None, &ada).await;
    assert!(made["userId"].as_str().unwrap().starts_with("5a9"));
    assert!(made["token"].as_str().unwrap().starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySWQiOiI1YTk"));
    let (status, code, message) = sim.refused("users", None, &ada).await;
    assert_eq!((status, code, message.as_str()), (409, json!("UserAlreadyExists"), "The user already exists"));
    sim.set(json!({"existing_user_status": 400})).await;
    let (status, code, _) = sim.refused("users", None, &ada).await;
    assert_eq!((status, code), (400, json!("UserAlreadyExists")));

    for (member, value, message) in [
        ("firstName", json!("Ada1"), "\"firstName\" must hold letters alone"),
        ("lastName", Value::Null, "\"lastName\" is required"),
        ("email", json!("ada"), "\"email\" must be a valid email"),
        ("resetPassword", json!("yes"), "\"resetPassword\" must be a boolean"),
    ] {
        let mut wrong = ada.clone();
        wrong["email"] = "new@example.com".into();
        wrong[member] = value;
        let (status, code, said) = sim.refused("users", None, &wrong).await;
        assert_eq!((status, code, said.as_str()), (400, json!(""), message));
    }
    let (status, _, _) = sim.get("users/5a9000/authorize", None).await.error();
    assert_eq!((status, sim.why().await.as_str()), (400, "there is no such user"));
    sim.stop().await;
}

#[tokio::test]
async fn the_deep_check_compares_what_is_written_differently() {
    let sim = start().await;
    sim.applied("ada@example.com").await;
    let address = |street: &str| json!({"street1": street, "city": "X", "region": "FL", "postalCode": "33431-0001", "country": "US"});
    let body = json!({"email": "ADA@example.com", "phone": "+1 (651) 444 7773", "address": address("12 elm st")});
    let found = sim.ok("users/exists", None, &body).await;
    assert_eq!(found, json!({"addressExists": true, "emailExists": true, "phoneExists": true}));
    let body = json!({"email": "b@example.com", "phone": "1", "address": address("13 Elm St")});
    let found = sim.ok("users/exists", None, &body).await;
    assert_eq!(found, json!({"addressExists": false, "emailExists": false, "phoneExists": false}));
    assert_eq!(sim.refused("users/exists", None, &json!({"phone": "1"})).await.2, "\"email\" is required");
    let body = json!({"email": "b@example.com", "address": {"street1": "1"}});
    assert_eq!(sim.refused("users/exists", None, &body).await.2, "\"address.city\" is required");
    sim.set(json!({"empty_deep_answer": true})).await;
    assert_eq!(sim.ok("users/exists", None, &json!({"email": "ada@example.com"})).await, json!({}));
    sim.stop().await;
}

#[tokio::test]
async fn a_customer_before_and_after_applying() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let me = sim.read("users/me", Some(&ada.token)).await;
    let fresh = json!({
        "userId": ada.id, "firstName": "Ada", "lastName": "Smith", "email": "ada@example.com",
        "createdAt": "2026-11-21T12:00:00.000Z", "transactions": [], "verificationStatus": "pending",
        "spendingHold": false
    });
    assert_eq!(me, fresh);
    let applied = sim.ok("users/me/apply", Some(&ada.token), &application()).await;
    assert!(applied.get("dateOfBirth").is_none() && applied.get("spendingHold").is_none(), "only in users/me");
    let me = sim.read("users/me", Some(&ada.token)).await;
    assert_eq!((&me["dateOfBirth"], &me["verificationStatus"]), (&json!("1990-10-10"), &json!("succeeded")));
    assert_eq!(me["decision"], applied["decision"]);
    sim.stop().await;
}

#[tokio::test]
async fn a_merchant_lists_its_own_customers() {
    let sim = start().await;
    sim.turn("/accounts", json!({"api_key": "second", "auth_key": "auth-2"})).await;
    for name in ["a", "b", "c"] {
        sim.customer(&format!("{name}@example.com")).await;
    }
    let page = sim.read("users?page=2&limit=2", None).await;
    assert_eq!(page["meta"], json!({"count": 3, "totalPages": 2, "page": 2, "limit": 2}));
    assert_eq!(page["users"].as_array().unwrap().len(), 1);
    assert_eq!(page["users"][0]["email"], "a@example.com", "the newest come first");
    assert!(page["users"][0].get("spendingHold").is_none());
    let other = sim.raw("GET", "/v3/users", &[("authorization", "second")], b"").await.unwrap();
    assert_eq!(
        other.json()["data"],
        json!({"users": [], "meta": {"count": 0, "totalPages": 0, "page": 1, "limit": 20}})
    );
    assert_eq!(sim.get("users?limit=1001", None).await.error().2, "\"limit\" must be less than or equal to 1000");
    sim.stop().await;
}
