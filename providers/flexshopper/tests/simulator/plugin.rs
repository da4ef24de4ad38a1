//! The plugin: script, window, pages, and the control call that plays a customer without a browser.

use serde_json::{Value, json};

use crate::support::{AUTH_KEY, Refused as _, Reply, Running, cart, order, start, text};

async fn open(sim: &Running, order: &Value) -> String {
    let headers = [("content-type", "application/json")];
    let path = format!("/sdk/orders?authKey={}", escaped(AUTH_KEY));
    let reply = sim.raw("POST", &path, &headers, order.to_string().as_bytes()).await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.text());
    text(&reply.json()["next"])
}

fn escaped(key: &str) -> String {
    key.replace(' ', "%20").replace('/', "%2F")
}

async fn page(sim: &Running, window: &str) -> Reply {
    sim.raw("GET", window, &[], b"").await.unwrap()
}

async fn post(sim: &Running, window: &str, step: &str, form: &str) -> Reply {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    sim.raw("POST", &format!("{window}/{step}"), &headers, form.as_bytes()).await.unwrap()
}

/// A form that has to lead back to the window.
async fn step(sim: &Running, window: &str, step: &str, form: &str) -> String {
    let reply = post(sim, window, step, form).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some(window)), "{step}: {}", reply.text());
    page(sim, window).await.text()
}

#[tokio::test]
async fn the_script_belongs_to_a_key() {
    let sim = start().await;
    let script = sim.raw("GET", &format!("/sdk/js?authKey={}", escaped(AUTH_KEY)), &[], b"").await.unwrap();
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    for part in ["window.FlexSDK", "createOrder", "onSign", "transaction", "/sdk/frame?authKey=", "showModal"] {
        assert!(script.text().contains(part), "{part}");
    }
    for path in ["/sdk/js", "/sdk/js?authKey=", "/sdk/js?authKey=other", "/sdk/frame?authKey=other"] {
        assert_eq!(sim.raw("GET", path, &[], b"").await.unwrap().status, 401, "{path}");
    }
    let frame = sim.raw("GET", &format!("/sdk/frame?authKey={}", escaped(AUTH_KEY)), &[], b"").await.unwrap();
    assert!(frame.text().contains("<script src=\"/sdk/frame.js\">"));
    let policy = frame.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.ends_with("frame-ancestors *"), "{policy}");
    for (path, word) in [("/sdk/frame.js", "\"ready\""), ("/sdk/done.js", "leaseNumber")] {
        assert!(sim.raw("GET", path, &[], b"").await.unwrap().text().contains(word), "{path}");
    }
    assert_eq!(sim.control("GET", "/calls", &Value::Null).await.json()["script"], 4);
    sim.stop().await;
}

#[tokio::test]
async fn a_person_applies_reads_and_signs() {
    let sim = start().await;
    let mut order = order("ABC-129384", &[("A", "120.34", 1), ("B", "10", 2)]);
    order["items"][0]["shipping"] = json!({"cost": 10.33, "date": "2026-11-25T00:00:00.000Z", "method": "UPS"});
    order["items"][0]["images"] = json!(["https://images.example/a.jpg"]);
    let window = open(&sim, &order).await;
    assert_eq!(sim.get("transactions/ABC-129384", None).await.status, 404, "not before the customer is approved");
    let shown = page(&sim, &window).await.text();
    let fields = shown.matches("<input ").count() + shown.matches("<select ").count();
    assert_eq!((shown.matches("<label for=").count(), fields), (12, 12), "every field has its label");
    for part in ["SIMULATOR", "<html lang=en>", "1 x Thing A, 120.34 dollars each", "With shipping 150.67 dollars"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let shown =
        step(&sim, &window, "apply", "first_name=Ada&last_name=Smith&email=ada%40example.com&ssn=123456789").await;
    assert!(shown.contains("<input type=checkbox id=agreed name=agreed value=yes required>"), "{shown}");
    let seen = sim.read("transactions/ABC-129384", None).await;
    assert_eq!((&seen["lease"]["status"], &seen["customer"]["email"]), (&json!("pending"), &json!("ada@example.com")));
    assert_eq!((&seen["shippingCost"], &seen["purchaseTotal"]), (&json!(10.33), &json!(15067)));
    assert!(seen.get("orderId").is_none(), "the plugin's order has none");

    assert_eq!(post(&sim, &window, "sign", "").await.status, 400, "it has to be accepted");
    let shown = step(&sim, &window, "sign", "agreed=yes").await;
    let told = "<script src=\"/sdk/done.js\" data-event=signed data-lease-number=\"1234567\" data-transaction-id=\"ABC-129384\">";
    assert!(shown.contains(told), "{shown}");
    assert_eq!(sim.read("transactions/ABC-129384", None).await["lease"]["status"], "signed");
    let done = sim.ok("transactions/ABC-129384/finalize", None, &Value::Null).await;
    assert_eq!(done["leaseNumber"], "1234567");
    assert_eq!(post(&sim, &window, "sign", "agreed=yes").await.status, 409);
    let seen = sim.seen("ABC-129384").await;
    assert_eq!((&seen["made_by"], &seen["stated_cost"]), (&json!("plugin"), &json!("100")));
    sim.stop().await;
}

#[tokio::test]
async fn waiting_denied_and_too_much() {
    let sim = start().await;
    let cheap = order("T-1", &[("A", "100", 1)]);
    let window = open(&sim, &cheap).await;
    let shown = step(&sim, &window, "apply", "email=a%2Bslow%40example.com").await;
    assert!(shown.contains("We are looking at your application") && shown.contains("Look again"));
    sim.seconds(270).await;
    assert!(page(&sim, &window).await.text().contains("Sign the lease"));

    let window = open(&sim, &order("T-2", &[("A", "100", 1)])).await;
    let shown = step(&sim, &window, "apply", "email=a%2Bdeny%40example.com").await;
    assert!(shown.contains("We cannot offer you a lease") && shown.contains("data-event=left"));
    assert_eq!(post(&sim, &window, "sign", "agreed=yes").await.status, 409);

    let window = open(&sim, &order("T-3", &[("A", "300", 1)])).await;
    let shown = step(&sim, &window, "apply", "email=a%2Blimit200%40example.com").await;
    assert!(shown.contains("exceeds the spending limit"), "{shown}");
    // Back in the shop, with a smaller cart: the same customer need not apply again.
    let window = open(&sim, &order("T-3", &[("A", "150", 1)])).await;
    let shown = step(&sim, &window, "apply", "email=a%2Blimit200%40example.com").await;
    assert!(shown.contains("Sign the lease"));
    let person = sim.control("GET", "/users/a+limit200@example.com", &Value::Null).await.json();
    assert_eq!(person["applications"], 1);
    assert_eq!(sim.get("transactions/T-2", None).await.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn another_card_and_a_lease_that_ended() {
    let sim = start().await;
    let window = open(&sim, &order("T-1", &[("A", "100", 1)])).await;
    step(&sim, &window, "apply", "email=ada%40example.com&card=declined").await;
    let due = post(&sim, &window, "sign", "agreed=yes").await;
    assert_eq!(due.status, 402);
    assert!(due.text().contains("role=alert>Your first payment did not go through"));
    sim.seconds(24 * 3600).await;
    let shown = page(&sim, &window).await.text();
    assert!(shown.contains("This lease ended before it was signed"), "{shown}");
    assert!(step(&sim, &window, "renew", "").await.contains("Sign the lease"));
    let shown = step(&sim, &window, "sign", "agreed=yes&other_card=yes").await;
    assert!(shown.contains("Signed. Your lease number is 1234568."), "{shown}");
    sim.stop().await;
}

#[tokio::test]
async fn orders_that_are_none() {
    let sim = start().await;
    let path = format!("/sdk/orders?authKey={}", escaped(AUTH_KEY));
    let send = async |path: &str, body: &str| sim.raw("POST", path, &[], body.as_bytes()).await.unwrap();
    assert_eq!(
        send("/sdk/orders?authKey=other", "{}").await.json(),
        json!({"message": "Invalid authentication credentials"})
    );
    assert_eq!(send(&path, "{").await.error().0, 400);
    for (pointer, message) in [("transactionId", "\"transactionId\" is required"), ("items", "\"items\" is required")] {
        let mut wrong = order("T-1", &[("A", "100", 1)]);
        wrong.as_object_mut().unwrap().remove(pointer);
        assert_eq!(send(&path, &wrong.to_string()).await.error(), (400, json!(""), message.to_owned()));
    }
    for path in ["/sdk/session/unknown", "/sdk/session/unknown/apply"] {
        let method = if path.ends_with("apply") { "POST" } else { "GET" };
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(sim.raw(method, path, &headers, b"").await.unwrap().status, 404);
    }
    sim.stop().await;
}

#[tokio::test]
async fn one_button_for_a_whole_story() {
    let sim = start().await;
    for (place, (button, status, lease)) in
        [("approve", 303, Some("signed")), ("preapprove", 303, Some("pending")), ("reject", 303, None)]
            .iter()
            .enumerate()
    {
        let id = format!("T-{place}");
        let window = open(&sim, &order(&id, &[("A", "100", 1)])).await;
        let form = format!("decision={button}&email={button}%2Bpending%40example.com");
        assert_eq!(post(&sim, &window, "decide", &form).await.status, *status, "{button}");
        let seen = sim.get(&format!("transactions/{id}"), None).await;
        match lease {
            Some(word) => assert_eq!(seen.json()["data"]["lease"]["status"], *word, "{button}"),
            None => assert_eq!(seen.status, 404, "{button}"),
        }
    }
    let window = open(&sim, &order("T-9", &[("A", "10", 1)])).await;
    assert_eq!(post(&sim, &window, "decide", "decision=dance").await.status, 400);
    assert_eq!(post(&sim, &window, "decide", "decision=approve").await.status, 409, "below the smallest order");
    assert_eq!(post(&sim, &window, "dance", "").await.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn the_control_call_plays_a_customer() {
    let sim = start().await;
    let play = async |body: Value| sim.control("POST", "/plugin", &body).await;
    let signed = play(json!({"order": order("T-1", &[("A", "100", 1)]), "email": "ada@example.com"})).await.json();
    let base = format!("http://{}/sdk/session/", sim.address);
    assert!(text(&signed["page"]).starts_with(&base));
    assert_eq!((&signed["stage"], &signed["transactionId"]), (&json!("signed"), &json!("T-1")));
    assert_eq!(sim.ok("transactions/T-1/finalize", None, &Value::Null).await["leaseNumber"], signed["leaseNumber"]);
    for (id, email, until, stage) in [
        ("T-2", "b@example.com", "opened", "apply"),
        ("T-3", "c@example.com", "applied", "contract"),
        ("T-4", "d+deny@example.com", "signed", "declined"),
        ("T-5", "e+pending@example.com", "signed", "deciding"),
        ("T-6", "f+limit60@example.com", "signed", "not_this_cart"),
    ] {
        let body = json!({"order": order(id, &[("A", "100", 1)]), "email": email, "until": until});
        let reached = play(body).await.json();
        assert_eq!(reached["stage"], stage, "{id}");
        assert!(reached.get("leaseNumber").is_none(), "{id}");
    }
    assert_eq!(play(json!({"order": {}})).await.status, 409);
    assert_eq!(play(json!({"order": [], "auth_key": "other"})).await.status, 422);
    sim.stop().await;
}

#[tokio::test]
async fn a_customer_of_the_api_is_one_of_the_plugin_too() {
    let sim = start().await;
    let ada = sim.approved("ada@example.com").await;
    let lease = sim.leased(&ada, &cart("T-1", &[("A", "1000", 1)])).await;
    assert_eq!(sim.sign(&ada, &lease).await.status, 200);
    let body = json!({"order": order("T-2", &[("A", "400", 1)]), "email": "ADA@example.com"});
    let reached = sim.turn("/plugin", body).await;
    assert_eq!(reached["stage"], "not_this_cart", "300 of the limit are left");
    let body = json!({"order": order("T-2", &[("A", "300", 1)]), "email": "ada@example.com"});
    assert_eq!(sim.turn("/plugin", body).await["stage"], "signed");
    let me = sim.read("users/me", Some(&ada.token)).await;
    assert_eq!(me["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(me["decision"]["availableBalance"], 0);
    sim.stop().await;
}

#[tokio::test]
async fn text_of_others_is_escaped() {
    let sim = start().await;
    let nasty = "<script>alert(1)</script>\" '";
    let mut order = order(nasty, &[("A", "100", 1)]);
    order["items"][0]["description"] = nasty.into();
    let window = open(&sim, &order).await;
    let safe = "&lt;script&gt;alert(1)&lt;/script&gt;&quot; &#39;";
    assert!(page(&sim, &window).await.text().contains(safe));
    let shown = {
        step(&sim, &window, "apply", "").await;
        step(&sim, &window, "sign", "agreed=yes").await
    };
    assert!(shown.contains(&format!("data-transaction-id=\"{safe}\"")) && !shown.contains("<script>alert"), "{shown}");
    let manual = sim.raw("GET", "/_sim/", &[], b"").await.unwrap();
    assert!(manual.text().contains("# The FlexShopper simulator"));
    sim.stop().await;
}
