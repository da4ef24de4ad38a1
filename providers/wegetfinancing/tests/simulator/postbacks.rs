//! Postbacks: bytes in each dialect, signatures, resending, order, copies, magic names.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Got, NOW, PASSWORD, Receiver, USER, sample_with, start, start_with, until};

fn expected_signature(got: &Got) -> String {
    let text = format!("{}{USER}{}{PASSWORD}", got.header("x-timestamp").unwrap(), got.body);
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn status(got: &Got) -> String {
    serde_json::from_str::<Value>(&got.body).unwrap()["updates"]["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_dialect_in_its_own_bytes() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let mut made = Vec::new();
    for version in [Some("1.9"), Some("1.0"), Some("0.2"), None] {
        let mut body = sample_with(json!({ "postback_url": shop.url() }));
        match version {
            Some(version) => body["version"] = version.into(),
            None => drop(body.as_object_mut().unwrap().remove("version")),
        }
        let inv_id = sim.created(&body).await;
        let answer = sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
        assert_eq!(answer["deliveries"], json!([{"status": 200, "failure": null}]));
        assert_eq!(answer["state"], "approved");
        made.push(inv_id);
    }
    let got = shop.wait_for(4).await;
    let form = |inv_id: &str| {
        let crl = inv_id.get(..8).unwrap();
        format!(
            "version=0.2&function=transact&method=purchase&inv_status=Auth&inv_id={inv_id}&cust_id_ext=ORDER-123&crl_id=crl{crl}"
        )
    };
    assert_eq!(
        got[0].body,
        format!(
            r#"{{"version":"1.9","request_token":"{}","updates":{{"status":"approved"}},"merchant_transaction_id":"ORDER-123"}}"#,
            made[0]
        )
    );
    assert_eq!(
        got[1].body,
        format!(
            r#"{{"version":"1.0","function":"transact","method":"purchase","inv_status":"Auth","inv_id":"{}","cust_id_ext":"ORDER-123"}}"#,
            made[1]
        )
    );
    assert_eq!(got[2].body, form(&made[2]));
    assert_eq!(got[3].body, form(&made[3]), "0.2 is the default");
    let types: Vec<_> = got.iter().map(|got| got.header("content-type").unwrap()).collect();
    let form_type = "application/x-www-form-urlencoded";
    assert_eq!(types, ["application/json", "application/json", form_type, form_type]);
    for got in &got {
        assert_eq!(got.header("accept"), Some("*"));
        assert_eq!(got.header("x-timestamp"), Some(NOW.to_string().as_str()));
        assert_eq!(got.header("x-signature"), Some(expected_signature(got).as_str()));
    }
    sim.stop().await;
}

#[tokio::test]
async fn variants_refunds_and_raw_bodies() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let inv_id = sim.created(&sample_with(json!({ "postback_url": shop.url() }))).await;
    let decide = |body: Value| {
        let (sim, inv_id) = (&sim, inv_id.clone());
        async move { sim.decide(&inv_id, &body).await["state"].clone() }
    };
    assert_eq!(
        decide(json!({"status": "approved", "await": true, "omit_merchant_transaction_id": true})).await,
        "approved"
    );
    assert_eq!(
        decide(json!({"status": "refund", "amount": "20.00", "await": true, "sign": "wrong"})).await,
        "partially_refunded"
    );
    assert_eq!(
        decide(
            json!({"status": "refund", "amount": 1400.00, "variant": "action_refund", "await": true, "sign": "none"})
        )
        .await,
        "refunded"
    );
    decide(json!({"status": "void", "dialect": "0.2", "await": true})).await;
    decide(json!({"status": "something_new", "await": true, "timestamp": "2026-11-21T00:00:00Z"})).await;
    let raw = json!({"body": "{\"request_token\":", "content_type": "text/plain", "await": true});
    let reply = sim.control("POST", &format!("/requests/{inv_id}/postbacks"), &raw).await;
    assert_eq!(reply.json()["deliveries"][0]["status"], 200);

    let got = shop.wait_for(6).await;
    let token = &inv_id;
    assert_eq!(
        got[0].body,
        format!(r#"{{"version":"1.9","request_token":"{token}","updates":{{"status":"approved"}}}}"#)
    );
    assert!(got[1].body.contains(r#""updates":{"status":"refund","amount":"20.00"}"#));
    assert_eq!(got[1].header("x-signature").unwrap().len(), 64);
    assert_ne!(got[1].header("x-signature"), Some(expected_signature(&got[1]).as_str()));
    assert!(got[2].body.contains(r#""updates":{"action":"refund","amount":"1400.0"}"#));
    assert_eq!(got[2].header("x-signature"), None);
    assert!(got[3].body.contains("method=void"));
    assert_eq!(got[4].header("x-timestamp"), Some("2026-11-21T00:00:00Z"));
    assert_eq!(got[4].header("x-signature"), Some(expected_signature(&got[4]).as_str()));
    assert_eq!(got[5].body, "{\"request_token\":");
    assert_eq!(got[5].header("content-type"), Some("text/plain"));

    let refused = sim
        .control("POST", &format!("/requests/{inv_id}/decide"), &json!({"status": "refund", "dialect": "1.0"}))
        .await;
    assert_eq!(refused.status, 422);
    for bad in [json!({}), json!({"status": "approved", "colour": 1}), json!({"status": "approved", "dialect": "3"})] {
        assert_eq!(sim.control("POST", &format!("/requests/{inv_id}/decide"), &bad).await.status, 422, "{bad}");
    }
    assert_eq!(sim.control("POST", "/requests/none/decide", &json!({"status": "approved"})).await.status, 404);
}

#[tokio::test]
async fn resent_with_the_same_bytes_until_2xx() {
    let sim = start().await;
    let shop = Receiver::start(&[500, 302, 404]).await;
    let inv_id = sim.created(&sample_with(json!({ "postback_url": shop.url() }))).await;
    let answer = sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    assert_eq!(answer["deliveries"][0]["status"], 500);
    let got = shop.wait_for(4).await;
    assert!(got.iter().all(|again| again.body == got[0].body));
    assert!(got.iter().all(|again| again.header("x-signature") == got[0].header("x-signature")));
    until("what came of it", async || sim.seen(&inv_id).await["postbacks"][0]["delivered"] == true).await;
    let sent = &sim.seen(&inv_id).await["postbacks"][0];
    assert_eq!((&sent["delivered"], &sent["tries_total"]), (&json!(true), &json!(4)));
    assert_eq!(sent["tries"][3]["status"], 200);
}

#[tokio::test]
async fn resending_ends_with_the_request_and_with_the_simulator() {
    let sim = start().await;
    let [first, second] = [Receiver::start(&[500; 1000]).await, Receiver::start(&[500; 1000]).await];
    let inv_id = sim.created(&sample_with(json!({ "postback_url": first.url() }))).await;
    sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    assert_eq!(sim.control("DELETE", &format!("/requests/{inv_id}"), &Value::Null).await.status, 204);
    // Beside the one that may be on its way there is no other, while the next request's come again and again.
    let before = first.got().len();
    let inv_id = sim.created(&sample_with(json!({ "postback_url": second.url() }))).await;
    sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    second.wait_for_at_least(8).await;
    assert!(first.got().len() <= before + 1, "{} after {before}", first.got().len());
    sim.stop().await;
    // Of the next request's one may be on its way as well. Ten would come if the simulator went on.
    let before = second.got().len();
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert!(second.got().len() <= before + 1, "{} after {before}", second.got().len());
}

#[tokio::test]
async fn copies_order_and_nobody_to_tell() {
    let sim = start().await;
    let shop = Receiver::start(&[]).await;
    let inv_id = sim.created(&sample_with(json!({ "postback_url": shop.url() }))).await;
    let asked = json!({"status": "approved", "times": 10, "parallel": true, "await": true});
    assert_eq!(sim.decide(&inv_id, &asked).await["deliveries"].as_array().unwrap().len(), 10);
    let got = shop.wait_for(10).await;
    assert!(got.iter().all(|copy| copy.body == got[0].body));
    let answer = sim.decide(&inv_id, &json!({"sequence": ["approved", "preapproved"], "await": true})).await;
    assert_eq!(answer["state"], "approved", "a late pre-approval takes nothing back");
    let got = shop.wait_for(12).await;
    assert_eq!((status(&got[10]), status(&got[11])), ("approved".to_owned(), "preapproved".to_owned()));

    let mut body = sample_with(json!({}));
    body.as_object_mut().unwrap().remove("postback_url");
    let inv_id = sim.created(&body).await;
    let answer = sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    assert_eq!(answer["deliveries"], json!([{"status": null, "failure": "not_sent"}]));
}

#[tokio::test]
async fn magic_names_and_tags() {
    let sim = start().await;
    let table: [(&str, &str, &str, &[&str]); 7] = [
        ("Autoapprove", "john@example.com", "1370", &["approved"]),
        ("Autoreject", "john@example.com", "1370", &["rejected"]),
        ("Autopreapprove", "john@example.com", "1370", &["preapproved"]),
        ("autoslow", "john@example.com", "1370", &["preapproved", "approved"]),
        ("Autoslow", "john+out-of-order@example.com", "1370", &["approved", "preapproved"]),
        ("Autoapprove", "john+twice@example.com", "1370", &["approved", "approved"]),
        ("Autoslow", "john@example.com", "100000.01", &["rejected"]),
    ];
    for (last_name, email, price, statuses) in table {
        let shop = Receiver::start(&[]).await;
        let items = json!([{"display_name": "TV", "quantity": 1, "unit_price": price}]);
        let members = json!({"last_name": last_name, "email": email, "cart_items": items, "postback_url": shop.url(), "shipping_amount": 0});
        sim.created(&sample_with(members)).await;
        let told: Vec<String> = shop.wait_for(statuses.len()).await.iter().map(status).collect();
        assert_eq!(told, statuses, "{last_name} {email}");
    }
    let shop = Receiver::start(&[]).await;
    let members = json!({"last_name": "Autoapprove", "email": "j+badsig@example.com", "postback_url": shop.url()});
    sim.created(&sample_with(members)).await;
    let got = shop.wait_for(1).await;
    assert_ne!(got[0].header("x-signature"), Some(expected_signature(&got[0]).as_str()));
}

#[tokio::test]
async fn unsigned_by_setting_and_a_shop_that_is_down() {
    let sim = start_with(|settings| settings.sign_postbacks = false).await;
    let shop = Receiver::start(&[]).await;
    let inv_id = sim.created(&sample_with(json!({ "postback_url": shop.url() }))).await;
    sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    assert_eq!(shop.wait_for(1).await[0].header("x-signature"), None);

    let inv_id = sim.created(&sample_with(json!({ "postback_url": "http://127.0.0.1:1/x" }))).await;
    let answer = sim.decide(&inv_id, &json!({"status": "approved", "await": true})).await;
    assert_eq!(answer["deliveries"], json!([{"status": null, "failure": "connect"}]));
    let tried_again = async || sim.seen(&inv_id).await["postbacks"][0]["tries_total"].as_u64().unwrap() > 1;
    until("another try", tried_again).await;
    sim.stop().await;
}
