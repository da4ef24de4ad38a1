//! The payer's page: buttons, redirects, frames, escaping.

use serde_json::{Value, json};

use crate::support::{Reply, Running, start};

/// Path and query of the page, as the create answer gives it.
async fn page(sim: &Running, id: u64) -> String {
    let uri = sim.look(id).await["hosted_checkout"]["checkout_uri"].as_str().unwrap().to_owned();
    uri.strip_prefix(&format!("http://{}", sim.address)).unwrap().to_owned()
}

async fn open(sim: &Running, id: u64) -> Reply {
    sim.raw("GET", &page(sim, id).await, &[], b"").await.unwrap()
}

async fn press(sim: &Running, id: u64, form: &str) -> Reply {
    let path = page(sim, id).await;
    let path = path.split('?').next().unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    sim.raw("POST", &format!("{path}/decide"), &headers, form.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn a_person_pays_and_goes_back_to_the_shop() {
    let sim = start().await;
    let hosted = json!({
        "redirect_uri": "https://shop.example/done?o=77", "require_shipping": true, "shipping_fee": 5,
        "prefill_info": {"name": "Ada Smith", "email": "ada@example.com"}
    });
    let id = sim.created(json!({"hosted_checkout": hosted, "fee": {"fee_payer": "payer"}})).await;
    let shown = open(&sim, id).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = shown.text();
    for part in [
        "SIMULATOR",
        "<html lang=en>",
        "Order 77",
        "100 USD",
        "Pay 108.34 USD",
        "value=\"Ada Smith\"",
        "<label for=email>",
        "id=email",
        "<label for=street>",
        "role=status>waiting for you",
        "<legend>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let labels = text.matches("<label for=").count();
    let fields = text.matches("<input ").count() + text.matches("<select ").count();
    assert_eq!((labels, fields), (8, 8), "every field has its label");
    assert!(!text.contains("tabindex") && !text.contains("onclick"), "plain elements, in the order of the page");
    let reply = press(&sim, id, "decision=pay&name=Grace+Hopper&email=&street=Elm+St+1&city=Reno&region=NV").await;
    let back = format!("https://shop.example/done?o=77&checkout_id={id}");
    assert_eq!((reply.status, reply.header("location")), (303, Some(back.as_str())));
    let seen = sim.look(id).await;
    assert_eq!((&seen["state"], &seen["gross"]), (&json!("captured"), &json!(108.34)));
    assert_eq!(seen["payer"], json!({"name": "Grace Hopper", "email": "ada@example.com", "home_address": null}));
    let address = &seen["hosted_checkout"]["shipping_address"];
    assert_eq!(
        (&address["name"], &address["address1"], &address["zip"]),
        (&json!("Grace Hopper"), &json!("Elm St 1"), &json!("94085"))
    );
    let shown = open(&sim, id).await.text();
    assert!(shown.contains("Back to the shop") && !shown.contains("<form"));
    assert_eq!(press(&sim, id, "decision=pay").await.status, 409, "nobody pays twice");
    assert_eq!(sim.control("GET", "/calls", &Value::Null).await.json()["page"], 2);
}

#[tokio::test]
async fn declined_left_and_unreviewed() {
    let sim = start().await;
    let id = sim.created(json!({"hosted_checkout": {"redirect_uri": "https://shop.example/"}})).await;
    assert_eq!(press(&sim, id, "decision=dance").await.status, 400);
    assert_eq!(press(&sim, id, "decision=leave").await.header("location"), Some("https://shop.example/"));
    assert_eq!(sim.state(id).await, "new");
    assert_eq!(press(&sim, id, "decision=reject").await.status, 200);
    assert_eq!(sim.state(id).await, "failed");
    let id = sim.created(json!({})).await;
    assert_eq!(
        press(&sim, id, "decision=preapprove").await.status,
        200,
        "WePay's own page when there is none to go to"
    );
    assert_eq!(sim.state(id).await, "authorized");
    let wrong = page(&sim, id).await;
    let wrong = wrong.rsplit_once('/').unwrap().0.to_owned() + "/00000000";
    assert_eq!(sim.raw("GET", &wrong, &[], b"").await.unwrap().status, 404, "the token counts");
}

#[tokio::test]
async fn inside_a_frame() {
    let sim = start().await;
    let hosted = json!({"mode": "iframe", "redirect_uri": "https://shop.example/done"});
    let id = sim.created(json!({ "hosted_checkout": hosted })).await;
    assert!(page(&sim, id).await.ends_with("/api_checkout?iframe=1"));
    assert!(open(&sim, id).await.header("content-security-policy").unwrap().ends_with("frame-ancestors *"));
    let done = press(&sim, id, "decision=pay").await;
    assert_eq!(done.status, 200, "the page around it decides where to go");
    assert!(done.text().contains(&format!("<script src=\"/js/complete.js\" data-checkout-id=\"{id}\">")));
    assert!(done.text().contains("target=_top"));
    for (path, word) in [
        ("/js/complete.js", "iframe_checkout_complete"),
        ("/js/iframe.wepay.js", "iframe_checkout"),
        ("/min/js/iframe.wepay.js", "listen"),
    ] {
        let script = sim.raw("GET", path, &[], b"").await.unwrap();
        assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert!(script.text().contains(word), "{path}");
    }
    let regular = sim.created(json!({})).await;
    let policy = open(&sim, regular).await.header("content-security-policy").unwrap().to_owned();
    assert!(policy.ends_with("frame-ancestors 'none'") && policy.contains("script-src 'self'"), "{policy}");
}

#[tokio::test]
async fn text_of_others_is_escaped() {
    let sim = start().await;
    let name = "<script>alert(1)</script>\" '";
    let id = sim.created(json!({"short_description": name, "hosted_checkout": {"prefill_info": {"name": name}}})).await;
    let shown = open(&sim, id).await.text();
    assert!(!shown.contains("<script"));
    assert_eq!(shown.matches("&lt;script&gt;alert(1)&lt;/script&gt;&quot; &#39;").count(), 2);
    let uri = {
        sim.decide(id, json!({"status": "pay"})).await;
        sim.look(id).await["chargeback"]["dispute_uri"].as_str().unwrap().to_owned()
    };
    let path = uri.strip_prefix(&format!("http://{}", sim.address)).unwrap().to_owned();
    assert_eq!(sim.raw("GET", &path, &[], b"").await.unwrap().status, 200);
    let manual = sim.raw("GET", "/_sim/", &[], b"").await.unwrap();
    assert!(manual.text().contains("# The WePay simulator"));
}
