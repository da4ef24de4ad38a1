//! The three dialects with every variant that a source shows.

use serde_json::{Value, json};

use super::{refused, stored};
use crate::harness::provider::receipt;
use crate::harness::{Loan, TestGateway};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn the_approval_samples_of_the_older_document_authorize() {
    let gateway = TestGateway::start().await;
    // As printed, with our id in place of the sample's. The reference in them is not ours, and is not looked at.
    let printed = "{\n\"version\":\"1.9\",\n\"request_token\":\"ID\",\n\"updates\":{\n\"status\":\"approved\"\n},\n\
                   \"merchant_transaction_id\":\"order_1234\"\n}";
    let simulation = r#"{"request_token":"ID","version":"1.9","merchant_transaction_id":"order_1234","updates":{"status":"approved"}}"#;
    for sample in [printed, simulation] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        let body = sample.replace("ID", &loan.inv_id);
        let request = loan.merchant.http.post(&loan.callback).header("content-type", "application/json");
        stored(&receipt(request.header("accept", "application/json").body(body)).await);
        let seen = loan.seen().await;
        assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
        assert_eq!(seen.str("/attempt/evidence"), "token", "unsigned, yet at a secret address");
        assert_eq!(seen.str("/amounts/authorized"), "1420.00");

        // With the id that is printed there they are about somebody else's request.
        let foreign = sample.replace("ID", "0991dfd815ad17e530d88728ce046c4c");
        refused(&loan.push_raw("application/json", foreign.as_bytes(), None).await, 409);
    }
}

#[tokio::test]
async fn each_status_of_each_dialect_moves_the_checkout_as_documented() {
    let gateway = TestGateway::start().await;
    let modern = |status: &str| json!({ "version": "1.9", "request_token": "ID", "updates": { "status": status } });
    let cases: Vec<(&str, String, &str)> = vec![
        ("application/json", modern("preapproved").to_string(), "preapproved"),
        ("application/json", modern("approved").to_string(), "authorized"),
        ("application/json", modern("rejected").to_string(), "declined"),
        ("application/json", modern("void").to_string(), "declined"),
        ("application/json", json!({ "inv_id": "ID", "inv_status": "AuthOnly" }).to_string(), "preapproved"),
        ("application/json", json!({ "inv_id": "ID", "inv_status": "Auth" }).to_string(), "authorized"),
        (
            "application/json",
            json!({ "version": "1.0", "function": "transact", "method": "purchase", "inv_id": "ID",
                    "inv_status": "Auth", "cust_id_ext": "order_1234", "crl_id": 12 })
            .to_string(),
            "authorized",
        ),
        (
            "application/json",
            json!({ "function": "transact", "method": "void", "inv_id": "ID", "inv_status": "Auth" }).to_string(),
            "declined",
        ),
        (
            "application/json",
            json!({ "function": "update_customer", "inv_id": "ID" }).to_string(),
            "requires_customer_action",
        ),
        (FORM, "function=transact&method=purchase&inv_status=AuthOnly&inv_id=ID&version=0.2".into(), "preapproved"),
        (
            FORM,
            "function=transact&method=purchase&inv_status=Auth&inv_id=ID&cust_id_ext=order_1234&crl_id=9&version=0.3"
                .into(),
            "authorized",
        ),
        (FORM, "function=transact&method=void&inv_status=Auth&inv_id=ID&version=0.2".into(), "declined"),
        (FORM, "function=update_customer&inv_id=ID&version=0.2".into(), "requires_customer_action"),
    ];
    for (content_type, body, expected) in cases {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        let body = body.replace("ID", &loan.inv_id);
        stored(&loan.push_raw(content_type, body.as_bytes(), Some("1700000000")).await);
        assert_eq!(loan.status().await, expected, "{body}");
    }
}

#[tokio::test]
async fn the_simulator_speaks_each_dialect_and_is_understood() {
    let gateway = TestGateway::start().await;
    for dialect in ["1.9", "1.0", "0.2"] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        let sequence = json!({ "sequence": ["preapproved", "update_customer", "approved"], "dialect": dialect });
        assert_eq!(gateway.lender.decide(&loan.inv_id, sequence).await, [200, 200, 200]);
        let seen = loan.seen().await;
        assert_eq!((seen.str("/status"), seen.str("/attempt/evidence")), ("authorized", "signed"), "{dialect}");
    }
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let minimal = json!({ "status": "approved", "dialect": "1.0", "variant": "minimal" });
    assert_eq!(gateway.lender.decide(&loan.inv_id, minimal).await, [200]);
    assert_eq!(loan.status().await, "authorized");
    let action = json!({ "status": "refund", "amount": "420.00", "variant": "action_refund" });
    assert_eq!(gateway.lender.decide(&loan.inv_id, action).await, [200]);
    assert_eq!(loan.seen().await.str("/amounts/refunded"), "420.00");
}

#[tokio::test]
async fn the_reference_may_be_missing_or_nonsense_while_the_id_is_right() {
    let gateway = TestGateway::start().await;
    for reference in [Value::Null, json!("**"), json!("null"), json!(""), json!(7), json!("order_1234")] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        let mut body = loan.body(&json!({ "status": "approved" }));
        body["merchant_transaction_id"] = reference.clone();
        stored(&loan.push(&body).await);
        assert_eq!(loan.status().await, "authorized", "{reference}");
    }
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let told = json!({ "status": "approved", "omit_merchant_transaction_id": true });
    assert_eq!(gateway.lender.decide(&loan.inv_id, told).await, [200]);
    assert_eq!(loan.status().await, "authorized");
}

#[tokio::test]
async fn fields_that_no_document_names_are_ignored() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let mut body = loan.body(&json!({ "status": "approved", "lender": { "name": "Bank" }, "amount": "1.00" }));
    body["offer"] = json!([1, { "rate": "9.99" }]);
    stored(&loan.push(&body).await);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/authorized")), ("authorized", "1420.00"));
}

#[tokio::test]
async fn a_status_that_no_document_names_is_stored_flagged_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    for updates in [json!({ "status": "on_hold" }), json!({ "status": 7 }), json!({}), json!({ "action": "dance" })] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        stored(&loan.push(&loan.body(&updates)).await);
        let seen = loan.seen().await;
        assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("requires_customer_action", &json!(false)));
        assert_eq!(loan.merchant.attention(&loan.id).await, ["unknown_status"], "{updates}");
        // What the lender decides later is heard all the same.
        stored(&loan.tell("approved").await);
        assert_eq!(loan.status().await, "authorized");
    }
}
