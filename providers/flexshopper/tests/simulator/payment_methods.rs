//! Ways to pay, checks of accounts, keys for tokens.

use serde_json::{Value, json};

use crate::support::{application, card, start};

fn bank(routing: &str, account: &str) -> Value {
    json!({"primary": false, "label": "My bank", "ach": {"routing": routing, "account": account, "accountType": "checking"}})
}

#[tokio::test]
async fn cards_and_accounts_are_listed_without_their_numbers() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let path = "customers/me/payment-methods";
    assert_eq!(sim.get(path, Some(&ada.token)).await.json(), json!([]));
    let added = sim.post("paymentMethods/add", Some(&ada.token), &card("tok")).await;
    assert_eq!((added.status, added.json()), (201, json!({"data": {}})));
    sim.ok("paymentMethods/add", Some(&ada.token), &bank("011401533", "1111222233330000")).await;
    let mut listed = card("unused");
    listed["token"]["token"] = json!([{"name": "clover", "token": "c"}, {"name": "loanpaymentpro", "token": "l"}]);
    listed["token"]["cardType"] = "american-express".into();
    sim.ok("paymentMethods/add", Some(&ada.token), &listed).await;
    let methods = sim.get(path, Some(&ada.token)).await.json();
    let id = |place: usize| methods[place]["id"].clone();
    assert_eq!(
        methods,
        json!([
            {"id": id(0), "type": "card", "cardBrand": "Visa", "lastFour": "1234", "firstSix": "411111",
                "label": "My Visa Card"},
            {"id": id(1), "type": "ach", "lastFour": "0000", "label": "My bank"},
            {"id": id(2), "type": "card", "cardBrand": "American Express", "lastFour": "1234", "firstSix": "411111",
                "label": "My Visa Card"},
        ])
    );
    sim.set(json!({"enveloped_lists": true})).await;
    assert_eq!(sim.get(path, Some(&ada.token)).await.json(), json!({ "data": methods }));
    sim.stop().await;
}

#[tokio::test]
async fn refusals_have_integers_for_codes() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let mut second = card("prepaid-1");
    second["primary"] = false.into();
    sim.ok("paymentMethods/add", Some(&ada.token), &second).await;
    for (body, code, message) in [
        (card("prepaid-1"), 11503, "Payment method is not primary eligible"),
        (bank("011401505", "12345678"), 11505, "Bank is not accepted"),
        (bank("011401506", "12345678"), 11506, "Bank requires verification"),
    ] {
        let refused = sim.refused("paymentMethods/add", Some(&ada.token), &body).await;
        assert_eq!(refused, (400, json!(code), message.to_owned()));
    }
    let without = |member: &str, inner: bool| {
        let mut body = card("tok");
        let place = if inner { &mut body["token"] } else { &mut body };
        place.as_object_mut().unwrap().remove(member);
        body
    };
    for (body, message) in [
        (without("primary", false), "\"primary\" is required"),
        (without("label", false), "\"label\" is required"),
        (without("token", false), "\"value\" must contain exactly one of [ach, token]"),
        (without("token", true), "\"token.token\" is required"),
        (without("billingZip", true), "\"token.billingZip\" is required"),
        (bank("1", "12345678"), "\"ach\" must hold 9 digits of routing and the digits of an account"),
    ] {
        let refused = sim.refused("paymentMethods/add", Some(&ada.token), &body).await;
        assert_eq!(refused, (400, json!(""), message.to_owned()));
    }
    sim.stop().await;
}

#[tokio::test]
async fn an_application_may_bring_them() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let mut body = application();
    body["bankAccount"] = json!({"routing": "011401533", "account": "12345678", "type": "savings"});
    body["cardInformation"] = json!([{"type": "debit", "expirationDate": "2028-09", "lastFour": "1111",
        "firstSix": "424242", "cardType": "mastercard", "tokens": [{"gateway": "clover", "token": "c"}]}]);
    sim.ok("users/me/apply", Some(&ada.token), &body).await;
    let methods = sim.get("customers/me/payment-methods", Some(&ada.token)).await.json();
    assert_eq!((&methods[0]["lastFour"], &methods[1]["cardBrand"]), (&json!("5678"), &json!("Mastercard")));
    // Here the key is called `gateway`, in the other call `name`.
    body["cardInformation"][0]["tokens"] = json!([{"name": "clover", "token": "c"}]);
    let refused = sim.refused("users/me/apply", Some(&ada.token), &body).await;
    assert_eq!(refused.2, "\"cardInformation[0].tokens[0].gateway\" is required");
    sim.stop().await;
}

#[tokio::test]
async fn accounts_are_checked_and_a_bad_one_is_a_200() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let path = format!("paymentMethods/{}/verifyACH", ada.id);
    let check = |account: &str| json!({"accountNumber": account, "routingNumber": "011401533"});
    assert_eq!(sim.ok(&path, None, &check("12345678")).await, json!({"accountResponseCode": "_5555", "status": true}));
    assert_eq!(sim.ok(&path, None, &check("12340000")).await, json!({"accountResponseCode": "GN05", "status": false}));
    assert_eq!(sim.refused(&path, None, &json!({"accountNumber": "1"})).await.2, "\"routingNumber\" is required");
    assert_eq!(sim.refused("paymentMethods/nobody/verifyACH", None, &check("12345678")).await.0, 400);
    sim.stop().await;
}

#[tokio::test]
async fn keys_for_tokens_and_the_merchants_settings() {
    let sim = start().await;
    let first = sim.post("paymentMethods/child-transaction-key", None, &Value::Null).await.json();
    let second = sim.post("paymentMethods/child-transaction-key", None, &Value::Null).await.json();
    assert_eq!((&first["status"], first["childKey"].as_str().unwrap().len()), (&json!("Success"), 36));
    assert_ne!(first["childKey"], second["childKey"], "good for one use");
    assert_eq!(sim.read("settings/lease", None).await, json!({"minimumOrderValue": 49.95}));
    sim.set(json!({"settings_minimum": "500"})).await;
    assert_eq!(sim.read("settings/lease", None).await, json!({"minimumOrderValue": 500}));
    sim.stop().await;
}
