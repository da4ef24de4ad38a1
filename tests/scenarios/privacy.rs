//! Nothing personal and nothing secret in what is printed, at the most talkative level, nor readable in the database.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::binary::{ENCRYPTION_KEY, Ready, SECRET_KEY, settings_file};
use crate::harness::provider::PASSWORD;
use crate::harness::{Binary, Lender, Loan, LoneSimulator, Merchant, TestGateway, fresh};

/// Made so that each part is found wherever it leaks, and nowhere else.
fn cart() -> Value {
    json!({
        "reference": "ORDER-77",
        "provider": "wegetfinancing",
        "customer": {
            "first_name": "Zebedee", "last_name": "Quillfeather", "email": "zeb.quill@private-mail.example",
            "phone": "7325550186"
        },
        "billing_address": {
            "line1": "4711 Juniper Hollow", "line2": "Apt 9Q", "city": "Quartzhaven", "state": "ON",
            "postal_code": "K1A 0B9", "country": "CA"
        },
        "items": [{ "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69" }],
        "shipping_amount": "50.00"
    })
}

const PERSONAL: [&str; 11] = [
    "zebedee",
    "quillfeather",
    "zeb.quill",
    "private-mail",
    "7325550186",
    "555-0186",
    "juniper",
    "apt 9q",
    "quartzhaven",
    "k1a 0b9",
    "k1a0b9",
];

/// Everything that can go well or wrong, with the secrets that came up on the way.
async fn story(merchant: &Merchant, lender: &Lender) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut keep = |loan: &Loan| secrets.push(loan.callback.rsplit_once('/').unwrap().1.to_owned());

    // Bad input, with the person's data in places where it does not belong.
    let mut wrong = cart();
    wrong["customer"]["email"] = json!("zeb.quill at private-mail.example");
    wrong["customer"]["phone"] = json!("555-0186 Zebedee");
    wrong["billing_address"]["state"] = json!("Juniper");
    wrong["Quillfeather"] = json!("Zebedee");
    merchant.open(&wrong).await.refused(422, "validation_failed");
    let broken = "{\"customer\": {\"first_name\": \"Zebedee\", \"last_name\": \"Quillfeather";
    let request = merchant.request(reqwest::Method::POST, "/v1/checkouts").header("idempotency-key", fresh());
    merchant.send(request.header("content-type", "application/json").body(broken)).await.refused(400, "malformed_json");
    merchant.get("/v1/checkouts?email=zeb.quill%40private-mail.example").await.refused(400, "invalid_query");
    merchant.get("/v1/Quillfeather").await.refused(404, "not_found");

    // Approved, refunded, shipped, then everything a lender may send that is wrong.
    let loan = Loan::open_cart(merchant, lender, &cart()).await;
    keep(&loan);
    let made = merchant.read(&loan.id).await;
    let client_token = made.str("/client_token").to_owned();
    assert_eq!(merchant.http.get(made.str("/checkout_url")).send().await.unwrap().status(), 200);
    assert_eq!(lender.decide(&loan.inv_id, json!({ "status": "approved", "sign": "wrong" })).await, [401]);
    assert_eq!(lender.decide(&loan.inv_id, json!({ "sequence": ["preapproved", "approved"] })).await, [200, 200]);
    let personal = json!({ "status": "approved", "customer": { "name": "Zebedee Quillfeather" } });
    assert_eq!(loan.push(&loan.body(&personal)).await.status, 200);
    let nonsense = b"Zebedee Quillfeather, 4711 Juniper Hollow";
    assert_eq!(loan.push_raw("text/plain", nonsense, None).await.status, 400);
    let path = format!("{}/callbacks/wegetfinancing/no-Quillfeather", merchant.url);
    assert_eq!(merchant.http.post(path).body("{}").send().await.unwrap().status(), 404);
    let note = json!({ "status": "shipped", "carrier": "UPS", "message": "left with Zebedee Quillfeather" });
    merchant.ship(&loan.id, &note).await.ok(201);
    assert_eq!(lender.decide(&loan.inv_id, json!({ "status": "refund", "amount": "20.00" })).await, [200]);
    merchant.timeline(&loan.id).await;

    // Rejected, and each way in which a create fails.
    let loan = Loan::open_cart(merchant, lender, &cart()).await;
    keep(&loan);
    assert_eq!(lender.decide(&loan.inv_id, json!({ "status": "rejected" })).await, [200]);
    for kind in ["lose_reply", "reset", "status", "html", "no_href", "wrong_amount", "half_body", "redirect"] {
        lender.fault(json!({ "on": "create", "kind": kind })).await;
        let problem = merchant.open(&cart()).await;
        assert!(problem.status >= 500, "{}", problem.text);
    }
    secrets.push(client_token);
    // Whatever the address of a callback is, it is not printed.
    secrets.extend(["/callbacks/wegetfinancing/", "/callbacks/sandbox/"].map(str::to_owned));
    secrets
}

/// A provider that is read back and pushes on its own.
#[cfg(feature = "sandbox")]
async fn at_the_made_up_provider(merchant: &Merchant) {
    let mut cart = cart();
    cart["provider"] = json!("sandbox");
    cart["currency"] = json!("CAD");
    let made = merchant.open(&cart).await;
    let decide = format!("{}/decide", made.ok(201).str("/next_action/url"));
    let pressed = merchant.http.post(decide).header("content-type", "application/x-www-form-urlencoded");
    pressed.body("decision=approve").send().await.unwrap();
    merchant.until_status(&made.id(), "captured").await;
}

fn silent_about(text: &str, what: &str, words: &[impl AsRef<str>]) {
    let lower = text.to_lowercase();
    for word in words {
        let word = word.as_ref().to_lowercase();
        assert!(word.len() > 4, "{word:?} would be found anywhere");
        let leak = lower.lines().find(|line| line.contains(&word));
        assert!(leak.is_none(), "{what} holds {word:?}: {leak:?}");
    }
}

/// All bytes of the database's files, as far as they are text.
fn database(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("lendport.db") {
            text.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
        }
    }
    assert!(text.len() > 10_000, "is this the database?");
    text
}

#[tokio::test]
async fn the_development_gateway_prints_nothing_personal_and_nothing_secret() {
    let data = tempfile::tempdir().unwrap();
    let talkative = [("LENDPORT_LOG__LEVEL", "trace"), ("LENDPORT_LOG__FORMAT", "text")];
    let (mut binary, ready) = Binary::dev(data.path(), &talkative).await;
    let Ready(shown) = &ready;
    let mut secrets = story(&ready.merchant(), &ready.lender()).await;
    #[cfg(feature = "sandbox")]
    at_the_made_up_provider(&ready.merchant()).await;
    let secret_key = shown["secret_key"].as_str().unwrap().to_owned();
    let encryption_key = fs::read_to_string(data.path().join("encryption.key")).unwrap();
    secrets.extend([encryption_key.trim().to_owned(), PASSWORD.to_owned()]);
    assert_eq!(binary.stop().await, Some(0));

    let (stdout, stderr) = (binary.stdout(), binary.stderr());
    assert!(stderr.contains("TRACE") || stderr.contains("DEBUG"), "the level was heard");
    assert!(stderr.contains("push stored"), "the story is in it");
    // The greeting is for the person at the screen: it may show the key, and a made-up customer's cart to paste.
    assert!(stdout.contains(&secret_key));
    silent_about(&stdout, "stdout", &PERSONAL);
    silent_about(&stdout, "stdout", &secrets);
    secrets.push(secret_key);
    silent_about(&stderr, "stderr", &PERSONAL);
    silent_about(&stderr, "stderr", &secrets);

    let stored = database(data.path());
    silent_about(&stored, "the database", &PERSONAL);
    silent_about(&stored, "the database", &secrets);
}

#[tokio::test]
async fn the_served_gateway_logs_json_with_nothing_personal_and_nothing_secret() {
    let data = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let config = settings_file(data.path(), &simulator.lender.url);
    let mut text = fs::read_to_string(&config).unwrap();
    text.push_str("[log]\nlevel = \"trace\"\nformat = \"json\"\n");
    fs::write(&config, text).unwrap();
    let (mut binary, merchant) = Binary::serve(&config).await;
    let mut secrets = story(&merchant, &simulator.lender).await;
    secrets.extend([SECRET_KEY, ENCRYPTION_KEY, PASSWORD].map(str::to_owned));
    assert_eq!(binary.stop().await, Some(0));

    let stderr = binary.stderr();
    for line in stderr.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    assert!(stderr.contains("checkout.id") && stderr.contains("attempt.id"), "the story is in it");
    assert_eq!(binary.stdout(), "");
    silent_about(&stderr, "stderr", &PERSONAL);
    silent_about(&stderr, "stderr", &secrets);
    let stored = database(data.path());
    silent_about(&stored, "the database", &PERSONAL);
    silent_about(&stored, "the database", &secrets);
}

#[tokio::test]
async fn answers_and_timelines_hold_nothing_personal() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let made = merchant.open(&cart()).await;
    let loan = Loan::of(merchant, &gateway.lender, made.ok(201)).await;
    loan.tell("approved").await;
    let timeline = merchant.get(&format!("/v1/checkouts/{}/timeline", loan.id)).await.text;
    for text in [made.text, merchant.read(&loan.id).await.text, timeline] {
        silent_about(&text, "the answer", &PERSONAL);
        silent_about(&text, "the answer", &[loan.callback.rsplit_once('/').unwrap().1, PASSWORD]);
    }
}
