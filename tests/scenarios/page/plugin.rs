//! A financer that is shown by a script: what it is handed comes from the stored checkout, and nobody is led to the script.

use serde_json::json;

use super::{cart_for, open};
use crate::harness::TestGateway;

#[tokio::test]
async fn the_page_neither_leads_to_a_script_nor_frames_it() {
    let gateway = TestGateway::start().await;
    let mut cart = cart_for(&["sandbox"]);
    cart["items"] = json!([{ "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1000.36" }]);
    cart["shipping_amount"] = json!("0.00");
    let (id, browser) = open(&gateway.merchant, &cart).await;
    let seen = gateway.merchant.read(&id).await.body.clone();
    let script = seen["next_action"]["url"].as_str().unwrap().to_owned();
    assert_eq!(seen["next_action"]["type"], "plugin");
    let status = browser.status().await;
    assert_eq!((&status["state"], &status["next_action"]["type"]), (&json!("continue"), &json!("plugin")));
    let page = browser.page().await;
    assert!(!page.text.contains(&format!("href=\"{script}")), "{}", page.text);
    let (policy, origin) = (page.header("content-security-policy"), status["next_action"]["origin"].as_str().unwrap());
    assert!(!policy.contains(origin), "{policy}");
}
