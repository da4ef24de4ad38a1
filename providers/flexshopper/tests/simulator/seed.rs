//! The answers that FlexShopper's own pages print (seed 004), produced member by member.

use serde_json::{Value, json};

use crate::support::{application, card, cart, in_path, start, text};

/// The start of every printed token and id of a lease.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySWQiOiI1YTk";

/// What the simulator makes up itself takes the place of what is printed, as long as it is of the same kind.
fn made_up(mut printed: Value, got: &Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let place = printed.pointer_mut(pointer).unwrap();
        let own = got.pointer(pointer).ok_or_else(|| format!("{pointer} is not in {got}")).unwrap();
        assert_eq!(kind(place), kind(own), "{pointer}");
        *place = own.clone();
    }
    printed
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(text) if text.is_empty() => "nothing",
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Equal, members in the same order too.
fn same(got: &Value, printed: &Value) {
    assert_eq!(got, printed);
    assert_eq!(got.to_string(), printed.to_string(), "the order of members");
}

#[tokio::test]
async fn payment_methods_users_and_keys() {
    let sim = start().await;
    let ada = sim.customer("john@example.com").await;
    sim.ok("paymentMethods/add", Some(&ada.token), &card("good")).await;
    let got = sim.get("customers/me/payment-methods", Some(&ada.token)).await.json();
    let printed = json!([{"id": "5910c6805bffb3590e07cc1e", "type": "card", "cardBrand": "Visa", "lastFour": "1234",
        "firstSix": "411111", "label": "My Visa Card"}]);
    same(&got, &made_up(printed, &got, &["/0/id"]));

    let got = sim.get("user-exists?email=john@example.com", None).await.json();
    same(&got, &json!({"data": {"userId": ada.id, "exists": true}}));

    let got = sim.get("gateways/clover/pkms", None).await.json();
    same(&got, &json!({"data": "182acs90ujo21mklcajsk"}));

    let got = sim.get(&format!("users/{}/authorize", ada.id), None).await.json();
    assert!(text(&got["data"]["token"]).starts_with(&format!("\"{TOKEN}")), "{got}");
    same(&got, &made_up(json!({"data": {"token": "..."}}), &got, &["/data/token"]));

    let body = json!({"firstName": "J", "lastName": "D", "email": "d@example.com"});
    let got = sim.post("users", None, &body).await.json();
    assert!(text(&got["data"]["token"]).starts_with(TOKEN), "{got}");
    let printed = json!({"data": {"userId": "5a319511a86980001d602095", "token": "eyJ..."}});
    same(&got, &made_up(printed, &got, &["/data/userId", "/data/token"]));

    let path = format!("paymentMethods/{}/verifyACH", ada.id);
    let got = sim.post(&path, None, &json!({"accountNumber": "12345678", "routingNumber": "011401533"})).await.json();
    same(&got, &json!({"data": {"accountResponseCode": "_5555", "status": true}}));
    sim.set(json!({"empty_deep_answer": true})).await;
    same(&sim.post("users/exists", None, &json!({"email": "x@example.com"})).await.json(), &json!({"data": {}}));
    sim.stop().await;
}

/// The printed customer, but for the e-mail address, which is printed as `Doe`.
fn john(user_id: &str, private: bool) -> Value {
    let mut printed = json!({
        "userId": user_id, "firstName": "John", "lastName": "Doe", "email": "john@example.com",
        "createdAt": "2018-03-19T15:51:27.080Z",
        "transactions": [{
            "id": "asdf-1234-fdsa-4321", "createdAt": "2018-12-21",
            "lease": {"id": "eyJhbGcfasdvczOiJIUzI1NiIsInR5cCI6IkpXVC...", "status": "signed"}
        }],
        "decision": {
            "applicationId": "d363955e-3110-11e8-a373-5e7783c1a76e", "prequalId": "5a319511a86980001d602095",
            "approved": true, "status": "approved", "spendingLimit": 1300, "availableBalance": 1200,
            "availableWeeklySpending": 120, "createdAt": "2018-03-19T15:51:27.080Z",
            "waterfallSuppressionFlags": {"suppressWaterfallToUOwn": false}, "vantageHighScore": true,
            "funnel": "tireagent"
        },
        "verificationStatus": "succeeded"
    });
    if private {
        printed["dateOfBirth"] = "1990-10-10".into();
        printed["spendingHold"] = false.into();
    }
    printed
}

const OF_JOHN: [&str; 6] = [
    "/createdAt",
    "/transactions/0/createdAt",
    "/transactions/0/lease/id",
    "/decision/applicationId",
    "/decision/prequalId",
    "/decision/createdAt",
];

#[tokio::test]
async fn customers_and_transactions() {
    let sim = start().await;
    let body = json!({"firstName": "John", "lastName": "Doe", "email": "john@example.com"});
    let made = sim.ok("users", None, &body).await;
    let (id, token) = (text(&made["userId"]), text(&made["token"]));
    let applied = sim.post("users/me/apply", Some(&token), &application()).await.json()["data"].clone();
    assert_eq!(applied["decision"]["availableBalance"], 1300);
    sim.ok("paymentMethods/add", Some(&token), &card("good")).await;
    let customer = crate::support::Customer { id: id.clone(), token: token.clone() };
    let lease = sim.leased(&customer, &cart("asdf-1234-fdsa-4321", &[("X", "100", 1)])).await;
    assert_eq!(sim.sign(&customer, &lease).await.status, 200);

    let me = sim.get("users/me", Some(&token)).await.json()["data"].clone();
    same(&me, &made_up(john(&id, true), &me, &OF_JOHN));
    let again = sim.post("users/me/apply", Some(&token), &application()).await.json()["data"].clone();
    same(&again, &made_up(john(&id, false), &again, &OF_JOHN));
    let users = sim.get("users", None).await.json();
    let listed = users["data"]["users"][0].clone();
    let page = json!({"count": 1, "totalPages": 1, "page": 1, "limit": 20});
    let printed = json!({"data": {"users": [made_up(john(&id, false), &listed, &OF_JOHN)], "meta": page}});
    same(&users, &printed);
    sim.stop().await;
}

#[tokio::test]
async fn transactions_as_listed() {
    let sim = start().await;
    let john = sim.approved("john@example.com").await;
    let order = json!({
        "transactionId": "ABC-129384", "orderId": "2f962a52-df63-426f-abc7-617055dba2f7",
        "items": [{"brand": "Apple", "sku": "abc123", "description": "iPad Mini", "cost": 100.23, "quantity": 1}],
        "shipping": {"cost": 1.23}
    });
    let lease = sim.leased(&john, &order).await;
    assert_eq!(sim.sign(&john, &lease).await.status, 200);
    let done = sim.post("transactions/ABC-129384/finalize", None, &Value::Null).await.json();
    let printed = json!({"transactionId": "ABC-129384", "loanNumber": "1234567", "leaseNumber": "1234567"});
    same(&done, &json!({ "data": printed }));
    sim.ok("transactions/ABC-129384/confirm-shipment", None, &json!({})).await;
    sim.set(json!({"tax_percent": "8.06"})).await;
    // The printed sums do not follow from the printed items; those of the simulator do.
    let printed = json!({
        "id": "eyJhbGcfasdvczOiJIUzI1NiIsInR5cCI6IkpXVC...", "orderId": "2f962a52-df63-426f-abc7-617055dba2f7",
        "customer": {"id": "5a319511a86980001d602095", "firstName": "John", "lastName": "Doe", "email": "..."},
        "shippingCost": 1.23, "createdAt": "2018-03-19T15:51:27.080Z",
        "lease": {"id": "eyJhbGcfasdvczOiJIUzI1NiIsInR5cCI6IkpXVC...", "status": "signed"},
        "items": [{"description": "iPad Mini", "sku": "abc123", "brand": "Apple", "cost": 100.23, "quantity": 1,
            "quantityByStatus": {"ordered": 1, "shipped": 1}}],
        "purchaseTotal": 3795, "purchaseSalesTax": 808
    });
    let free = [
        "/id",
        "/customer/id",
        "/customer/firstName",
        "/customer/lastName",
        "/customer/email",
        "/createdAt",
        "/lease/id",
        "/purchaseTotal",
    ];
    let listed = sim.get("transactions", None).await.json();
    let printed = made_up(printed, &listed["data"]["transactions"][0], &free);
    assert_eq!(printed["purchaseTotal"], 10146);
    let page = json!({"count": 1, "totalPages": 1, "page": 1, "limit": 20});
    same(&listed, &json!({"data": {"transactions": [printed], "meta": page}}));
    same(&sim.get("transactions/ABC-129384", None).await.json(), &json!({ "data": printed }));
    sim.stop().await;
}

#[tokio::test]
async fn leases_as_created_and_read() {
    let sim = start().await;
    let john = sim.approved("john@example.com").await;
    let mut order = cart("ABC-129384", &[("A", "400", 1)]);
    order["payTomorrowTaxTotal"] = 12.34.into();
    let made = sim.post("leases", Some(&john.token), &order).await.json();
    let lease = text(&made["data"]["leaseId"]);
    assert!(lease.starts_with(&format!("\"{TOKEN}")), "{lease}");
    let printed = json!({"data": {"leaseId": "...", "contract": "...base64 html contract", "frequency": "weekly",
        "term": 52, "payment": 17.28, "cashPrice": 400, "costOfRental": 440, "payTomorrowTaxTotal": 12.34}});
    let free = ["/data/leaseId", "/data/contract"];
    same(&made, &made_up(printed, &made, &free));
    assert_eq!(sim.sign(&john, &lease).await.json(), json!({"data": {}}));
    let got = sim.get(&format!("leases/{}", in_path(&lease)), Some(&john.token)).await.json();
    let printed = json!({"data": {"leaseId": "...", "contract": "...base64 html contract", "leaseStatus": "signed",
        "frequency": "weekly", "term": 52, "payment": 17.28, "cashPrice": 400, "costOfRental": 440,
        "isExpired": false}});
    same(&got, &made_up(printed, &got, &free));
    sim.stop().await;
}

#[tokio::test]
async fn lines_agreements_and_payments() {
    let sim = start().await;
    let two = json!({"items": [{"sku": "123ASD", "quantity": 2}]});
    let one = json!([{"sku": "123ASD", "quantity": 1}]);
    sim.finalized(&cart("T-1", &[("123ASD", "100", 1)])).await;
    let got = sim.post("transactions/T-1/cancel", None, &two).await.json();
    same(&got, &json!({"data": {"canceled": one, "failed": one}}));
    let john = sim.finalized(&cart("T-2", &[("123ASD", "100", 1)])).await;
    let shipped = sim.post("transactions/T-2/confirm-shipment", None, &json!({})).await.json();
    same(&shipped, &json!({"data": {}}));
    let got = sim.post("transactions/T-2/return", None, &two).await.json();
    same(&got, &json!({"data": {"returned": one, "failed": one}}));
    sim.finalized(&cart("T-3", &[("123ASD", "100", 1)])).await;
    let received = sim.post("transactions/T-3/confirm-receipt", None, &json!({})).await.json();
    same(&received, &json!({"data": {}}));

    // Of the printed agreement only the first members are left; the others are in its schema.
    sim.turn("/requests/T-2/decide", json!({"past_due": "45"})).await;
    let got = sim.get("customers/me/agreements", Some(&john.token)).await.json();
    let printed = json!({"id": "682634e9fbae50001bc06f77", "referenceId": "D5ACE9023025", "pastDue": 4500,
        "leaseStartDate": "2025-05-22T21:50:58.175Z"});
    let members: Vec<&String> = got[0].as_object().unwrap().keys().collect();
    let schema = ["id", "referenceId", "pastDue", "leaseStartDate", "estimatedOwnership", "earlyPayoff", "items"];
    assert_eq!(members, schema);
    for (name, value) in printed.as_object().unwrap() {
        assert_eq!(kind(&got[0][name]), kind(value), "{name}");
    }
    assert_eq!(got[0]["pastDue"], 4500);

    sim.ok("paymentMethods/add", Some(&john.token), &card("decline")).await;
    let methods = sim.get("customers/me/payment-methods", Some(&john.token)).await.json();
    let path = format!("customers/me/agreements/{}/transactions/payment", text(&got[0]["id"]));
    let body = json!({"paymentMethodId": methods[1]["id"], "amount": 2});
    let got = sim.post(&path, Some(&john.token), &body).await.json();
    let printed = json!([{"paymentId": "682799b08737e7663dc31f32", "amount": 2,
        "failureReason": "DECLINE CHECK CHECK LIMIT EXCEEDED", "failureCode": "123"}]);
    same(&got, &made_up(printed, &got, &["/0/paymentId"]));
    sim.stop().await;
}
