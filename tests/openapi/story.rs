//! A small story whose every answer is held to the committed description.

use lendport::config::{Config, Flag};
use lendport::dev;
use serde_json::{Value, json};

#[path = "../scenarios/contract.rs"]
mod contract;

struct Shop {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Shop {
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Value>, status: u16) -> Value {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.header("idempotency-key", key_for(body)).json(body);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let answer = response.json().await.unwrap();
        let plain = path.split('?').next().unwrap();
        if let Err(wrong) = contract::holds(method.as_str(), plain, status, &kind, &answer) {
            panic!("{method} {path} {status} is not as described: {wrong}\n{answer}");
        }
        answer
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        self.send(reqwest::Method::GET, path, None, status).await
    }

    async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        self.send(reqwest::Method::POST, path, Some(&body), status).await
    }
}

/// A key that differs from body to body.
fn key_for(body: &Value) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(body.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn live_answers_are_as_described() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("lendport.db").display());
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
    let none = || "0".to_owned();
    let settings = [
        ("server.bind", "127.0.0.1:0".to_owned()),
        ("storage.url", url),
        ("security.encryption_key", key),
        ("limits.strays_per_minute", none()),
        ("limits.key_reads_per_second", none()),
        ("limits.key_writes_per_second", none()),
    ];
    let flags = settings.map(|(key, value)| Flag { name: "--test", key, value });
    let dev = dev::start(&Config::load_with(None, [], &flags).unwrap(), None).await.unwrap();
    let shop = Shop {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        url: dev.gateway.public_url.clone(),
        key: dev.key.expose().clone(),
    };

    let cart = json!({
        "reference": "ORDER-1", "provider": "wegetfinancing", "metadata": { "cart": "42" },
        "customer": { "first_name": "John", "last_name": "Doe", "email": "john@example.com" },
        "billing_address": { "line1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "postal_code": "07740" },
        "items": [{ "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69" }]
    });
    let made = shop.post("/v1/checkouts", cart, 201).await;
    let id = made["id"].as_str().unwrap();
    shop.get("/v1/checkouts?limit=1", 200).await;
    shop.get(&format!("/v1/checkouts/{id}?expand=attempts,events"), 200).await;
    shop.get(&format!("/v1/checkouts/{id}/timeline"), 200).await;
    shop.get(&format!("/v1/checkouts/{id}/refunds"), 200).await;
    shop.get(&format!("/v1/checkouts/{id}/shipments"), 200).await;
    shop.get("/v1/providers", 200).await;
    shop.get("/v1/providers/wegetfinancing", 200).await;
    shop.get("/v1/providers/nobody", 404).await;
    shop.get("/v1/checkouts?limit=0", 400).await;
    shop.post("/v1/checkouts", json!({ "items": 7 }), 422).await;
    shop.post(&format!("/v1/checkouts/{id}/cancel"), json!({}), 422).await;
    shop.post(&format!("/v1/checkouts/{id}/shipments"), json!({ "status": "shipped" }), 409).await;
    dev.stop().await.unwrap();
}
