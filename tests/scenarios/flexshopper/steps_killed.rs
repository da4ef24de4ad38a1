//! The program is killed between every two calls of a customer's way to a lease: it goes on, and there is one lease.

use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use tokio_util::sync::CancellationToken;

use super::steps::{application, signature};
use super::*;
use crate::harness::Binary;
use crate::harness::binary::{add_settings, settings_file};

/// FlexShopper's simulator by itself, which outlives any gateway.
pub(super) struct Lender {
    address: String,
    account: Vec<(String, String)>,
    http: reqwest::Client,
    _stop: CancellationToken,
}

impl Lender {
    pub(super) async fn start() -> Self {
        let stop = CancellationToken::new();
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: std::collections::BTreeMap::new(),
            ambient: &Ambient::system(),
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("flexshopper").unwrap(), setup).await.unwrap();
        let account = running.account.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address: running.url, account, http, _stop: stop }
    }

    pub(super) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}/_sim/{path}", self.address)).json(body);
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(super) async fn calls(&self, endpoint: &str) -> u64 {
        self.control(Method::GET, "calls", &Value::Null).await[endpoint].as_u64().unwrap_or(0)
    }

    /// Settings of a gateway that uses it, with limits that a test can wait for.
    pub(super) fn settings(&self, folder: &std::path::Path) -> std::path::PathBuf {
        let path = settings_file(folder, "http://127.0.0.1:9");
        let mut sections = format!(
            "[engine]\nexpiry_sweep_interval_ms = 1000\noperation_lease_ms = 5000\n[providers.flexshopper]\n\
             enabled = true\nsandbox_base_url = \"{0}\"\nsandbox_plugin_url = \"{0}\"\nrequest_timeout_ms = 1500\n\
             apply_timeout_ms = 1500\n[merchant.accounts.flexshopper.test]\nmode = \"medusa\"\n",
            self.address
        );
        for (name, value) in &self.account {
            sections.push_str(&format!("{name} = \"{value}\"\n"));
        }
        sections
            .push_str("[providers.wepay]\nrequest_timeout_ms = 1500\n[providers.sandbox]\nrequest_timeout_ms = 1500\n");
        add_settings(&path, &sections);
        let mut text = std::fs::read_to_string(&path).unwrap();
        let added = [("[server]\n", 4_000), ("[providers.wegetfinancing]\n", 1_500)];
        for (section, limit) in added {
            text = text.replace(section, &format!("{section}request_timeout_ms = {limit}\n"));
        }
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// A gateway that is started anew each time it was killed.
struct Gateway {
    folder: tempfile::TempDir,
    settings: std::path::PathBuf,
    running: Option<(Binary, Merchant)>,
}

impl Gateway {
    async fn merchant(&mut self) -> Merchant {
        if self.running.is_none() {
            self.running = Some(Binary::serve(&self.settings).await);
        }
        self.running.as_ref().unwrap().1.clone()
    }

    fn kill(&mut self) {
        if let Some((mut binary, _)) = self.running.take() {
            binary.kill();
        }
    }
}

/// What the merchant's server does next, as the checkout says; true once it is committed.
async fn go_on(merchant: Merchant, id: String) -> bool {
    let Ok(seen) = look(&merchant, &format!("/v1/checkouts/{id}")).await else { return false };
    let post = async |step: &str, body: Value| {
        let path = format!("/v1/checkouts/{id}/{step}");
        let request = merchant.request(Method::POST, &path).header("idempotency-key", fresh());
        // Whatever is heard, the checkout tells what to do next.
        drop(request.json(&body).send().await);
    };
    match (seen["status"].as_str().unwrap_or(""), seen["next_action"]["type"].as_str().unwrap_or("")) {
        ("authorized", _) => return true,
        ("declined" | "canceled" | "expired" | "failed", _) => panic!("{seen}"),
        (_, "apply") => post("application", application()).await,
        ("preapproved", "sign_agreement") => post("agreement", json!({})).await,
        (_, "sign_agreement") => {
            if let Ok(shown) = look(&merchant, &format!("/v1/checkouts/{id}/agreement")).await
                && let Some(document) = shown["document_sha256"].as_str()
            {
                post("agreement/sign", signature(document)).await;
            }
        }
        _ => {}
    }
    false
}

async fn look(merchant: &Merchant, path: &str) -> Result<Value, reqwest::Error> {
    merchant.request(Method::GET, path).send().await?.error_for_status()?.json().await
}

/// Walks the whole way, and kills the gateway once at each of these calls: while it waits for the answer of one that was
/// carried out, or for one that was not.
async fn walk(carried_out: bool) {
    let lender = Lender::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = lender.settings(folder.path());
    let mut gateway = Gateway { folder, settings, running: None };
    let mut cart = cart();
    cart["customer"]["email"] = json!(CUSTOMER);
    let (merchant, key) = (gateway.merchant().await, fresh());
    let opened = async || {
        let made = merchant.post("/v1/checkouts", &key, &cart).await;
        // With such limits a busy machine may be too slow; then the same key has the answer.
        (made.status != 504 && made.status != 409).then_some(made)
    };
    let id = until("the checkout", opened).await.ok(201).id();
    for call in ["user_exists", "create_user", "me", "apply", "create_lease", "lease", "sign", "finalize"] {
        let held = json!({ "on": call, "kind": "silence", "delay_ms": 60_000, "accept": carried_out });
        lender.control(Method::POST, "faults", &held).await;
        let before = lender.calls(call).await;
        let end = tokio::time::Instant::now() + crate::harness::PATIENCE;
        loop {
            let merchant = gateway.merchant().await;
            let done = tokio::spawn(go_on(merchant, id.clone()));
            let reached = async || (lender.calls(call).await > before || done.is_finished()).then_some(());
            until(call, reached).await;
            let stopped = lender.calls(call).await > before;
            if stopped {
                gateway.kill();
            }
            let committed = done.await.unwrap();
            if stopped {
                break;
            }
            assert!(!committed, "{call} was never reached");
            assert!(tokio::time::Instant::now() < end, "{call} was never reached");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        lender.control(Method::DELETE, "faults", &Value::Null).await;
    }
    let done = async || {
        let merchant = gateway.merchant().await;
        go_on(merchant, id.clone()).await.then_some(())
    };
    let mut done = done;
    until_mut("the lease", &mut done).await;
    let leases = lender.control(Method::GET, "requests", &Value::Null).await;
    assert_eq!(leases["requests"].as_array().unwrap().len(), 1, "{leases}");
    assert_eq!(leases["requests"][0]["finalized"], true, "{leases}");
    let merchant = gateway.merchant().await;
    let seen = merchant.read(&id).await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    assert_eq!(lender.calls("cancel").await, 0);
    let timeline = merchant.timeline(&id).await;
    let signatures: Vec<&Value> = timeline.iter().filter(|entry| entry["what"] == "sign").collect();
    assert!(!signatures.is_empty());
    for sign in signatures {
        let agreed = &sign["calls"][0]["fields"];
        assert_eq!(agreed["consent_ip"], "203.0.113.7", "stored before the process was killed: {sign}");
        assert!(agreed["consent_at"].is_string() && agreed["consent_document_sha256"].is_string(), "{sign}");
    }
    if carried_out {
        for call in ["create_user", "apply", "create_lease", "sign"] {
            assert_eq!(lender.calls(call).await, 1, "{call}: what was carried out is found, not sent again");
        }
    }
    drop(gateway.folder);
}

async fn until_mut(what: &str, look: &mut impl AsyncFnMut() -> Option<()>) {
    let end = tokio::time::Instant::now() + crate::harness::PATIENCE;
    while look().await.is_none() {
        assert!(tokio::time::Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn killed_while_it_waits_for_each_answer_it_finds_what_was_done() {
    walk(true).await;
}

#[tokio::test]
async fn killed_at_each_call_that_was_not_carried_out_it_asks_again() {
    walk(false).await;
}
