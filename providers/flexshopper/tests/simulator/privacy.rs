//! What customers tell of themselves is not kept.

use serde_json::{Value, json};

use crate::support::{application, card, start};

/// Everything that must not be found again.
const SECRETS: [&str; 8] =
    ["987654321", "4321.5", "011401533", "111122223333", "D1234567", "tok-secret", "hunter2", "ZmluZ2Vy"];

#[tokio::test]
async fn nothing_shows_what_an_application_said() {
    let sim = start().await;
    let body = json!({"firstName": "Ada", "lastName": "Smith", "email": "ada@example.com", "password": "hunter2"});
    let made = sim.ok("users", None, &body).await;
    let token = made["token"].as_str().unwrap();
    let mut body = application();
    body["driversLicenseNumber"] = "D1234567".into();
    body["bankAccount"] = json!({"routing": "011401533", "account": "111122223333", "type": "checking"});
    sim.ok("users/me/apply", Some(token), &body).await;
    sim.ok("paymentMethods/add", Some(token), &card("tok-secret")).await;
    let check = json!({"accountNumber": "111122223333", "routingNumber": "011401533"});
    sim.ok(&format!("paymentMethods/{}/verifyACH", made["userId"].as_str().unwrap()), None, &check).await;
    // A refusal must not quote what was refused either.
    body["employmentInformation"]["payFrequency"] = "987654321".into();
    sim.refused("users/me/apply", Some(token), &body).await;
    body["ssn"] = "98765432x".into();
    sim.refused("users/me/apply", Some(token), &body).await;

    let mut shown = String::new();
    for path in
        ["/users", "/users/ada@example.com", "/notes", "/calls", "/accounts", "/requests", "/settings", "/faults"]
    {
        shown.push_str(&sim.control("GET", path, &Value::Null).await.text());
    }
    shown.push_str(&sim.get("users/me", Some(token)).await.text());
    shown.push_str(&sim.get("customers/me/payment-methods", Some(token)).await.text());
    for secret in SECRETS.iter().chain(&["98765432", token]) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let seen = sim.control("GET", "/users/ada@example.com", &Value::Null).await.json();
    let application = &seen["application"];
    assert_eq!((&application["ssn"], &application["bankAccount.account"]), (&json!("9 digits"), &json!("12 digits")));
    assert_eq!(application["employmentInformation.monthlyIncome"], "number");
    sim.stop().await;
}
