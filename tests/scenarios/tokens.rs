//! Tokens in the place of keys: their signing keys change under load on two replicas, and a platform's own identity provider
//! is asked for its keys over HTTP.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lendport::gateway::Ambient;
use lendport_engine::rotate_signing_keys;
use lendport_http::TokenSettings;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::binary::{add_settings, command, run, settings_file_on};
use crate::harness::gateway::PATIENT;
use crate::harness::{LoneSimulator, Merchant, ServedGateway, fresh, postgres_url, together, until};

/// Where both replicas are for everybody else.
const PUBLIC_URL: &str = "https://pay.example.com";
/// Seconds for which others may keep our keys; said on the command line as in the gateways. A new key waits for so long and half
/// as long again, of which an eighth is left for a slow machine to store it.
const CACHED_FOR: u32 = 32;
/// Between two turns of a client, which is to be there all the time and not to take the machine for itself.
const PAUSE: Duration = Duration::from_millis(200);

/// Somebody who checks our tokens and keeps our keys for as long as we allow.
struct Checker {
    kept: Mutex<Option<(Instant, JwkSet)>>,
}

impl Checker {
    async fn check(&self, at: &Merchant, token: &str) {
        let limit = Duration::from_secs(CACHED_FOR.into());
        let kept = self.kept.lock().unwrap().clone().filter(|(read_at, _)| read_at.elapsed() < limit);
        let set = match kept {
            Some((_, set)) => set,
            None => {
                let asked = Instant::now();
                let answer = at.http.get(format!("{}/.well-known/jwks.json", at.url)).send().await.unwrap();
                assert_eq!(answer.headers()["cache-control"], format!("public, max-age={CACHED_FOR}"));
                let set: JwkSet = answer.json().await.unwrap();
                *self.kept.lock().unwrap() = Some((asked, set.clone()));
                set
            }
        };
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = set.find(&kid).unwrap_or_else(|| panic!("{kid} signs and is not published"));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[PUBLIC_URL]);
        jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
    }
}

/// A token, where the key may have one more already.
async fn token(at: &Merchant, id: &str, secret: &str) -> Option<String> {
    // Neither id nor secret has a character that a form would write differently.
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let asked = at.http.post(format!("{}/v1/oauth/token", at.url)).body(form);
    let answer = asked.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    // Whoever is told to slow down goes on with the token in hand.
    assert!(status == 200 || status == 429, "{status}: {body}");
    body["access_token"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_change_under_load_on_two_replicas_without_one_failed_request() {
    let (simulator, storage, folder) =
        (LoneSimulator::start(None).await, postgres_url().await, tempfile::tempdir().unwrap());
    let settings = settings_file_on(folder.path(), &simulator.lender.url, &storage);
    add_settings(&settings, &format!("[auth]\njwks_cache_s = {CACHED_FOR}\n"));
    let (ambient, cached) = (Ambient::system(), CACHED_FOR.to_string());
    let [connection, statement] = PATIENT;
    let all = [
        ("storage.url", storage.as_str()),
        ("storage.connections", "4"),
        connection,
        statement,
        ("server.public_url", PUBLIC_URL),
        ("auth.jwks_cache_s", &cached),
    ];
    let lender = simulator.lender.url.as_str();
    // Both make the first key at once, and there is one.
    let (first, second) =
        tokio::join!(ServedGateway::start_on(lender, &ambient, &all), ServedGateway::start_on(lender, &ambient, &all));
    let at = [first.merchant.clone(), second.merchant.clone()];
    let listed = said(&["signing-keys", "list"], &settings).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let rotate = async || said(&["signing-keys", "rotate"], &settings).await.split(' ').next().unwrap().to_owned();
    let held = change_under_load(&at, rotate).await;

    // After a leak nobody waits for anything: what the old keys signed is over.
    said(&["signing-keys", "rotate", "--at-once"], &settings).await;
    for (replica, token) in at.iter().zip(&held) {
        let shop = Merchant::new(&replica.url, token);
        until("the old keys to be over", async || (shop.get("/v1/checkouts").await.status == 401).then_some(())).await;
    }
    first.stop().await;
    second.stop().await;
}

/// The command line is kept out of a file that a gateway has open, so the next key is made as by age: by the gateway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_change_under_load_on_one_file_too() {
    let simulator = LoneSimulator::start(None).await;
    let (ambient, cached) = (Ambient::system(), CACHED_FOR.to_string());
    let all = [("server.public_url", PUBLIC_URL), ("auth.jwks_cache_s", &cached)];
    let gateway = ServedGateway::start_on(&simulator.lender.url, &ambient, &all).await;
    let at = [gateway.merchant.clone(), gateway.merchant.clone()];
    let plan = TokenSettings { jwks_cache_s: CACHED_FOR, ..TokenSettings::default() }.plan();
    let rotate = async || {
        let (store, ids) = (gateway.store(), ambient.ids.as_ref());
        let keys = rotate_signing_keys(store, ids, ambient.clock.now(), &plan, false).await.unwrap();
        keys.first().unwrap().id.to_string()
    };
    change_under_load(&at, rotate).await;
    gateway.stop().await;
}

/// Four clients ask for tokens at one address and use them at both, and somebody checks each token, while two new keys come;
/// the tokens that they hold at last.
async fn change_under_load(at: &[Merchant; 2], rotate: impl AsyncFn() -> String) -> Vec<String> {
    let log = at[0].get("/v1/audit?limit=1").await.ok(200).clone();
    let merchant = log.str("/data/0/merchant").to_owned();
    let checker = Arc::new(Checker { kept: Mutex::default() });
    let (over, served, kids) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(BTreeSet::new())));
    let mut load = Vec::new();
    for number in 0..4_usize {
        let key = at[0].post(&format!("/v1/merchants/{merchant}/keys"), &fresh(), &json!({})).await.ok(201).clone();
        let (id, secret) = (key.id(), key.str("/secret_key").to_owned());
        let (at, checker) = (at.clone(), Arc::clone(&checker));
        let (over, served, kids) = (Arc::clone(&over), Arc::clone(&served), Arc::clone(&kids));
        load.push(async move {
            let mut held = None;
            while held.is_none() || !over.load(Ordering::SeqCst) {
                if let Some(new) = token(&at[number % 2], &id, &secret).await {
                    checker.check(&at[(number + 1) % 2], &new).await;
                    kids.lock().unwrap().insert(jsonwebtoken::decode_header(&new).unwrap().kid.unwrap());
                    held = Some(new);
                }
                let Some(token) = &held else { continue };
                let shop = at.each_ref().map(|there| Merchant::new(&there.url, token));
                for turn in 0..20 {
                    shop[(number + turn) % 2].get("/v1/checkouts?limit=1").await.ok(200);
                    served.fetch_add(1, Ordering::SeqCst);
                }
                tokio::time::sleep(PAUSE).await;
            }
            held.unwrap()
        });
    }
    let load = tokio::spawn(together(load));
    until("a token of the first key", async || (!kids.lock().unwrap().is_empty()).then_some(())).await;
    for _ in 0..2 {
        let newest = rotate().await;
        assert!(newest.starts_with("sig_"), "{newest}");
        let known = async || {
            assert!(!load.is_finished(), "a request failed");
            kids.lock().unwrap().contains(&newest).then_some(())
        };
        until("a token of the new key", known).await;
        let seen = served.load(Ordering::SeqCst);
        until("more requests", async || (served.load(Ordering::SeqCst) > seen + 200).then_some(())).await;
    }
    over.store(true, Ordering::SeqCst);
    let held = load.await.unwrap();
    assert_eq!(kids.lock().unwrap().len(), 3);
    held
}

async fn said(arguments: &[&str], settings: &std::path::Path) -> String {
    let mut asked = command(arguments);
    asked.arg("--config").arg(settings);
    let said = run(asked).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout
}

/// What an identity provider would publish.
async fn publish(document: String) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let router = Router::new().route(
        "/keys",
        get(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let document = document.clone();
            async move { document }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    drop(tokio::spawn(async move { axum::serve(listener, router).await }));
    (url, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platforms_own_tokens_are_checked_with_the_keys_that_its_identity_provider_publishes() {
    let start = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let key = EncodingKey::from_ed_der(&[start.as_slice(), &[7; 32]].concat());
    let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
    public.common.key_id = Some("one".to_owned());
    let document = json!({ "keys": [public] }).to_string();
    let (url, asked) = publish(document.clone()).await;
    // A document that is too long is none; one that does not come in time is in `key_set.rs` of `lendport-http`.
    let (long, _) = publish(format!("{document}{}", " ".repeat(70_000))).await;

    let simulator = LoneSimulator::start(None).await;
    let all = [
        ("auth.issuers.platform.issuer", "https://idp.example"),
        ("auth.issuers.platform.audience", "lendport"),
        ("auth.issuers.platform.jwks_url", url.as_str()),
        ("auth.issuers.platform.mode", "test"),
        ("auth.issuers.platform.merchant_claim", "shop"),
        ("auth.issuers.platform.scopes", "checkouts:read"),
        ("auth.issuers.long.issuer", "https://long.example"),
        ("auth.issuers.long.audience", "lendport"),
        ("auth.issuers.long.jwks_url", long.as_str()),
        ("auth.issuers.long.mode", "test"),
        ("auth.issuers.long.merchant_claim", "shop"),
        ("auth.issuers.long.scopes", "checkouts:read"),
    ];
    let gateway = ServedGateway::start_on(&simulator.lender.url, &Ambient::system(), &all).await;
    let shop = gateway.merchant.post("/v1/merchants", &fresh(), &json!({ "name": "x" })).await;
    shop.refused(403, "insufficient_scope");
    let log = gateway.merchant.get("/v1/audit").await.ok(200).body["data"].clone();
    let merchant = log[0]["merchant"].as_str().unwrap().to_owned();
    let token = |issuer: &str| {
        let claims = json!({
            "iss": issuer, "aud": ["lendport"], "sub": "ops", "exp": 4_000_000_000_i64, "shop": merchant,
            "scope": "checkouts:read accounts:write",
        });
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let operator = Merchant::new(&gateway.merchant.url, &token("https://idp.example"));
    for _ in 0..20 {
        operator.get("/v1/checkouts").await.ok(200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the keys are kept");
    operator.get("/v1/audit").await.refused(403, "insufficient_scope");
    let other = Merchant::new(&gateway.merchant.url, &token("https://long.example"));
    // What is no key set, nobody can check a token with.
    other.get("/v1/checkouts").await.refused(503, "issuer_unavailable");
    gateway.stop().await;
}
