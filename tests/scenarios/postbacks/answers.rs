//! What the lender hears, exactly as section 6.8 says, and never 406.

use serde_json::json;

use super::{refused, stored};
use crate::harness::provider::receipt;
use crate::harness::{Loan, TestGateway, raw, signature};

#[tokio::test]
async fn whatever_the_lender_accepts_it_gets_its_ok() {
    let gateway = TestGateway::start().await;
    for accept in ["*", "*/*", "application/xml", "image/png;q=0.1", "application/json", "nonsense", ""] {
        let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
        let body = loan.body(&json!({ "status": "approved" })).to_string();
        let request = loan.merchant.http.post(&loan.callback).header("content-type", "application/json");
        stored(&receipt(request.header("accept", accept).body(body)).await);
        assert_eq!(loan.status().await, "authorized", "{accept}");
    }
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    let answer = raw::send(&loan.callback, "POST", &["content-type: application/json"], &body).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nOK"), "without Accept: {answer}");
    assert_eq!(loan.status().await, "authorized");
}

#[tokio::test]
async fn an_address_that_nobody_was_given_is_404() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    let base = format!("{}/callbacks", gateway.merchant.url);
    let (_, token) = loan.callback.rsplit_once('/').unwrap();
    let mut near = token.to_owned();
    let last = near.pop().unwrap();
    near.push(if last == 'A' { 'B' } else { 'A' });
    for path in ["/wegetfinancing/x", &format!("/wegetfinancing/{near}"), &format!("/sandbox/{token}"), "/nobody/x"] {
        let request = gateway.merchant.http.post(format!("{base}{path}")).header("content-type", "application/json");
        refused(&receipt(request.body(body.clone())).await, 404);
    }
    assert_eq!(loan.status().await, "requires_customer_action");
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let before = loan.seen().await;
    let form = "application/x-www-form-urlencoded";
    let twice =
        format!(r#"{{"request_token":"{0}","request_token":"x","updates":{{"status":"approved"}}}}"#, loan.inv_id);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("application/json", b"".to_vec()),
        ("application/json", b"{".to_vec()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"null".to_vec()),
        ("application/json", br#"{"version":"1.9","updates":{"status":"approved"}}"#.to_vec()),
        ("application/json", br#"{"request_token":7,"updates":{"status":"approved"}}"#.to_vec()),
        ("application/json", twice.into_bytes()),
        ("application/json", b"{\"request_token\":\"\xff\xfe\"}".to_vec()),
        ("text/html", b"<html>approved</html>".to_vec()),
        (form, b"function=transact&method=purchase&inv_status=Auth".to_vec()),
        (form, b"%ff%fe&&==".to_vec()),
    ];
    for (content_type, body) in cases {
        refused(&loan.push_raw(content_type, &body, Some("1700000000")).await, 400);
    }
    let after = loan.seen().await;
    assert_eq!(before.facts(), after.facts());
    let entries = loan.merchant.timeline(&loan.id).await;
    let kept = entries.iter().filter(|entry| entry["kind"] == "refused_push" && entry["what"] == "unreadable");
    assert_eq!(kept.count(), 11, "each was kept for whoever looks");
}

#[tokio::test]
async fn a_get_is_refused_and_an_endless_body_too() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let query = format!("{}?request_token={}&status=approved", loan.callback, loan.inv_id);
    refused(&receipt(loan.merchant.http.get(query)).await, 400);
    refused(&loan.push_raw("application/json", &vec![b' '; 70_000], None).await, 413);
    assert_eq!(loan.status().await, "requires_customer_action");
}

#[tokio::test]
async fn another_requests_id_is_409_and_changes_neither() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let other = Loan::open(&gateway.merchant, &gateway.lender).await;
    let body = other.body(&json!({ "status": "approved" })).to_string();
    let timestamp = "1700000000";
    let request = loan.request("application/json", body.as_bytes()).header("x-timestamp", timestamp);
    refused(&receipt(request.header("x-signature", signature(timestamp, body.as_bytes()))).await, 409);
    assert_eq!(loan.status().await, "requires_customer_action");
    assert_eq!(other.status().await, "requires_customer_action");
}
