//! A platform: it makes a merchant, its account and its key; the merchant sells, changes its key while it sells, and gives one
//! up.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::binary::{Ended, command, run, settings_file, settings_file_on};
use crate::harness::provider::{MERCHANT_ID, PASSWORD, USERNAME};
use crate::harness::{Answer, Binary, Loan, LoneSimulator, Merchant, carts, fresh, postgres_url, together, until};

async fn said(arguments: &[&str]) -> Ended {
    run(command(arguments)).await
}

/// What the command line prints once.
async fn made(arguments: &[&str]) -> String {
    let made = said(arguments).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    made.stdout.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap().to_owned()
}

async fn platform(settings: &Path) -> (Binary, Merchant) {
    let config = settings.to_str().unwrap();
    let arguments = ["keys", "create", "--merchant-name", "Platform", "--mode", "test"];
    let flags = ["--scope", "platform:admin", "--expires-in-days", "1", "--config", config];
    let key = made(&[&arguments[..], &flags].concat()).await;
    let (binary, declared) = Binary::serve(settings).await;
    (binary, Merchant::new(&declared.url, &key))
}

async fn put(who: &Merchant, path: &str, body: &Value) -> Answer {
    who.send(who.request(Method::PUT, path).json(body)).await
}

/// A merchant with an account at the lender and a key of its own; its id, and whoever holds the key.
async fn opened(platform: &Merchant) -> (String, Merchant) {
    let merchant = platform.post("/v1/merchants", &fresh(), &json!({ "name": "Example TV" })).await.ok(201).clone();
    let base = format!("/v1/merchants/{}", merchant.id());
    let wrong = json!({ "fields": { "username": USERNAME, "password": PASSWORD, "timestamp_tolerance_s": "soon" } });
    let account = format!("{base}/provider_accounts/wegetfinancing");
    let refused = put(platform, &account, &wrong).await;
    let pointers: Vec<_> = refused.errors().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/fields/merchant_id", "/fields/timestamp_tolerance_s"]);
    let fields = json!({ "merchant_id": MERCHANT_ID, "username": USERNAME, "password": PASSWORD });
    let stored = put(platform, &account, &json!({ "fields": fields })).await.ok(201).clone();
    assert!(!stored.text.contains(PASSWORD));
    let key = platform.post(&format!("{base}/keys"), &fresh(), &json!({ "label": "shop" })).await.ok(201).clone();
    (merchant.id(), Merchant::new(&platform.url, key.str("/secret_key")))
}

#[tokio::test]
async fn a_merchant_that_a_platform_made_sells_and_nobody_else_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let (_binary, platform) = platform(&settings_file(folder.path(), &simulator.lender.url)).await;
    let (id, merchant) = opened(&platform).await;
    // WeGetFinancing has no call that would show it without starting an application.
    let verify = format!("/v1/merchants/{id}/provider_accounts/wegetfinancing/verify");
    let verified = merchant.send(merchant.request(Method::POST, &verify)).await.ok(200).clone();
    assert_eq!(verified.str("/status"), "cannot_be_verified");
    let loan = Loan::open(&merchant, &simulator.lender).await;
    loan.tell("approved").await;
    assert_eq!(merchant.status(&loan.id).await, "authorized");
    let path = format!("/v1/checkouts/{}", loan.id);
    platform.get(&path).await.refused(404, "not_found");
    let acting = platform.request(Method::GET, &path).header("lendport-merchant", &id);
    assert_eq!(platform.send(acting).await.ok(200).id(), loan.id);
    merchant.get("/v1/merchants").await.refused(403, "insufficient_scope");
    let log = platform.get(&format!("/v1/audit?merchant={id}")).await;
    let actions: Vec<_> = log.body["data"].as_array().unwrap().iter().map(|one| one["action"].clone()).collect();
    assert_eq!(actions, ["key.created", "account.put", "merchant.created"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_exchanged_under_load_without_one_failed_request_and_a_revoked_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let (_binary, platform) = platform(&settings_file(folder.path(), &simulator.lender.url)).await;
    exchanged_under_load(&platform, &[&platform.url]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_exchanged_under_load_on_two_replicas_too() {
    let (folder, storage) = (tempfile::tempdir().unwrap(), postgres_url().await);
    let simulator = LoneSimulator::start(None).await;
    let settings = settings_file_on(folder.path(), &simulator.lender.url, &storage);
    let (_binary, platform) = platform(&settings).await;
    let (_second, other) = Binary::serve(&settings).await;
    exchanged_under_load(&platform, &[&platform.url, &other.url]).await;
}

/// A merchant sells with a key, at whichever of these addresses, and changes it three times.
async fn exchanged_under_load(platform: &Merchant, at: &[&str]) {
    let (id, first) = opened(platform).await;
    let keys = format!("/v1/merchants/{id}/keys");
    let newest = |answer: &Answer| answer.str("/data/0/id").to_owned();

    let holder = Arc::new(Mutex::new(first));
    let (over, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = (0..4).map(|number| {
        let (holder, over, served) = (Arc::clone(&holder), Arc::clone(&over), Arc::clone(&served));
        let at: Vec<String> = at.iter().map(|url| (*url).to_owned()).collect();
        async move {
            let mut turn: usize = number;
            while !over.load(Ordering::SeqCst) {
                // As a shop does that reads its key once, and sends with it a little later.
                let mut shop = holder.lock().unwrap().clone();
                shop.url.clone_from(&at[turn % at.len()]);
                shop.open(&carts::usa()).await.ok(201);
                shop.get("/v1/checkouts?limit=1").await.ok(200);
                served.fetch_add(2, Ordering::SeqCst);
                turn += 1;
            }
        }
    });
    let load = tokio::spawn(together(load.collect::<Vec<_>>()));
    let mut old = Vec::new();
    for _ in 0..3 {
        let (shop, seen) = (holder.lock().unwrap().clone(), served.load(Ordering::SeqCst));
        let key = newest(&shop.get(&keys).await);
        let new = shop.post(&format!("{keys}/{key}/rotate"), &fresh(), &json!({ "overlap_s": 600 })).await;
        *holder.lock().unwrap() = Merchant::new(&shop.url, new.ok(201).str("/secret_key"));
        old.push((key, shop));
        until("more requests", async || (served.load(Ordering::SeqCst) > seen + 16).then_some(())).await;
    }
    over.store(true, Ordering::SeqCst);
    load.await.unwrap();
    let shop = holder.lock().unwrap().clone();
    for (key, replaced) in &old {
        replaced.get("/v1/checkouts").await.ok(200);
        let gone = shop.http.delete(format!("{}{keys}/{key}", shop.url)).bearer_auth(&shop.key).send().await.unwrap();
        assert_eq!(gone.status().as_u16(), 204);
        replaced.get("/v1/checkouts").await.refused(401, "unauthorized");
        for url in at {
            // Another replica may believe it for a second.
            let there = Merchant::new(url, &replaced.key);
            until("refused", async || (there.get("/v1/checkouts").await.status == 401).then_some(())).await;
        }
    }
    shop.get("/v1/checkouts").await.ok(200);
    let listed = shop.get(&keys).await;
    let states: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|key| key["status"].clone()).collect();
    assert_eq!(states, ["active", "revoked", "revoked", "revoked"]);
}

#[tokio::test]
async fn keys_are_listed_rotated_and_revoked_on_the_command_line_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let settings = settings_file(folder.path(), &simulator.lender.url);
    let config = settings.to_str().unwrap();
    let tail = ["--merchant-name", "Shop", "--config", config];
    let create = ["keys", "create", "--mode", "live", "--scope", "checkouts:read", "--scope", "accounts:write"];
    let first = made(&[&create[..], &tail].concat()).await;
    let listed = said(&[&["keys", "list"][..], &tail].concat()).await;
    let id = listed.stdout.split_whitespace().next().unwrap().to_owned();
    assert!(listed.stdout.contains("checkouts:read accounts:write") && !listed.stdout.contains(&first));
    let second = made(&[&["keys", "rotate", &id, "--overlap-s", "0"][..], &tail].concat()).await;
    let third = made(&[&create[..], &tail].concat()).await;
    let listed = said(&[&["keys", "list"][..], &tail].concat()).await.stdout;
    let newest = listed.split_whitespace().next().unwrap().to_owned();
    let revoked = said(&[&["keys", "revoke", &newest][..], &tail].concat()).await;
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
    let nobody = said(&["keys", "revoke", &newest, "--merchant-name", "Nobody", "--config", config]).await;
    assert!(nobody.code != Some(0) && nobody.stderr.contains("no merchant of this name"), "{}", nobody.stderr);
    let twice = ["merchants", "create", "--name", "Shop", "--config", config];
    assert!(said(&twice).await.stderr.contains("already"));
    let all = said(&["merchants", "list", "--config", config]).await.stdout;
    assert!(all.trim_end().ends_with("  Shop") && all.starts_with("mer_"), "{all}");

    let (_binary, declared) = Binary::serve(&settings).await;
    let holding = |key: &str| Merchant::new(&declared.url, key);
    for gone in [&first, &third] {
        holding(gone).get("/v1/checkouts").await.refused(401, "unauthorized");
    }
    let shop = holding(&second);
    shop.get("/v1/checkouts").await.ok(200);
    shop.open(&carts::usa()).await.refused(403, "insufficient_scope");
    let log = shop.get("/v1/audit").await.ok(200).body["data"].clone();
    let said: Vec<_> = log.as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(said, ["key.revoked", "key.created", "key.rotated", "key.created", "merchant.created"]);
    assert!(log.as_array().unwrap().iter().all(|one| one["actor"]["type"] == "command_line"));
}
