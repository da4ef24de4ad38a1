//! The gateway dies during a create: at WePay there is one checkout afterwards, and nobody has to rule anything.

use std::collections::BTreeMap;

use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use lendport_testkit::refused_address;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::cart;
use crate::harness::binary::{add_settings, settings_file};
use crate::harness::{Binary, Merchant, fresh, until};

/// WePay by itself: it outlives the gateway, and goes by the clock on the wall.
struct WePay {
    running: simulators::Running,
    http: reqwest::Client,
    _stop: CancellationToken,
}

impl WePay {
    async fn start() -> Self {
        let stop = CancellationToken::new();
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: BTreeMap::new(),
            ambient: &Ambient::system(),
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("wepay").unwrap(), setup).await.unwrap();
        Self { running, http: reqwest::Client::new(), _stop: stop }
    }

    fn settings(&self) -> String {
        let field = |name: &str| self.running.account[name].expose().clone();
        format!(
            "[providers.wepay]\nenabled = true\nstage_base_url = \"{}\"\n[merchant.accounts.wepay.test]\n\
             account_id = \"{}\"\naccess_token = \"{}\"\n",
            self.running.url,
            field("account_id"),
            field("access_token")
        )
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}/_sim/{path}", self.running.url)).json(body);
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn creates(&self) -> u64 {
        self.control(Method::GET, "calls", &Value::Null).await["create"].as_u64().unwrap()
    }
}

/// Kills the gateway while WePay holds the answer of a create back, which it has carried out or not; what is left is one
/// checkout that the customer can pay.
async fn killed(carried_out: bool) -> (WePay, Merchant, Binary, u64) {
    let data = tempfile::tempdir().unwrap();
    let wepay = WePay::start().await;
    let config = settings_file(data.path(), "http://127.0.0.1:9");
    add_settings(&config, &wepay.settings());
    // Notices go to where it was, so nobody else may listen there meanwhile.
    let address = refused_address().await.unwrap().to_string();
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, settings.replace("127.0.0.1:0", &address)).unwrap();
    let (mut binary, merchant) = Binary::serve(&config).await;
    // What is sent again has to be the same call (wepay.md 7), to the addresses the customer is sent back to.
    wepay.control(Method::POST, "settings", &json!({ "identical_repeats": true })).await;
    let fault = json!({ "on": "create", "kind": "silence", "accept": carried_out });
    wepay.control(Method::POST, "faults", &fault).await;
    let key = fresh();
    let request = merchant.request(Method::POST, "/v1/checkouts").header("idempotency-key", &key);
    let lost = tokio::spawn(request.json(&cart("automatic")).send());
    until("the call", async || (wepay.creates().await == 1).then_some(())).await;
    let there =
        async || wepay.control(Method::GET, "requests", &Value::Null).await["requests"].as_array().unwrap().len();
    until("WePay to have done its part", async || (there().await == usize::from(carried_out)).then_some(())).await;
    binary.kill();
    assert!(lost.await.unwrap().is_err(), "the merchant hears nothing");

    let (binary, merchant) = Binary::serve(&config).await;
    let id = merchant.get("/v1/checkouts").await.str("/data/0/id").to_owned();
    let seen = merchant.until_status(&id, "requires_customer_action").await;
    assert!(merchant.open_items(&id).await.is_empty(), "nobody has to rule");
    let all = wepay.control(Method::GET, "requests", &Value::Null).await["requests"].clone();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all[0]["checkout_id"].to_string(), seen.str("/attempt/provider_reference"));
    assert_eq!(all[0]["reference_id"], format!("{id}-1"), "no second number was made");
    let made = merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    assert_eq!((made.ok(201).id(), made.str("/next_action/url")), (id.clone(), seen.str("/next_action/url")));

    // Its notices go to the address that the first send named.
    let number = seen.str("/attempt/provider_reference");
    wepay.control(Method::POST, &format!("requests/{number}/decide"), &json!({ "status": "pay" })).await;
    let paid = merchant.until_status(&id, "captured").await;
    assert_eq!(paid.str("/amounts/captured"), super::TOTAL);
    let creates = wepay.creates().await;
    (wepay, merchant, binary, creates)
}

#[tokio::test]
async fn a_create_that_never_got_there_goes_out_again_with_its_own_number() {
    let (_wepay, _merchant, _binary, creates) = killed(false).await;
    assert_eq!(creates, 2);
}

#[tokio::test]
async fn a_create_that_was_carried_out_is_found_and_not_sent_again() {
    let (_wepay, _merchant, _binary, creates) = killed(true).await;
    assert_eq!(creates, 1);
}
