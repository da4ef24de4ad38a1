//! The program is killed before the made-up provider has heard of a create, which carries a token of its own there.

use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use lendport_testkit::refused_address;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::binary::{add_settings, settings_file};
use crate::harness::{Binary, carts, fresh};

#[tokio::test]
async fn a_create_that_a_kill_kept_from_the_provider_goes_out_again_by_itself() {
    let data = tempfile::tempdir().unwrap();
    // Somebody who takes the call and never reads it, where nobody but the provider listens afterwards.
    let address = refused_address().await.unwrap();
    let deaf = tokio::net::TcpListener::bind(address).await.unwrap();
    let config = settings_file(data.path(), "http://127.0.0.1:9");
    add_settings(
        &config,
        &format!(
            "[providers.sandbox]\nenabled = true\nbase_url = \"http://{address}\"\n\
             [merchant.accounts.sandbox.test]\napi_key = \"sandbox-key\"\npush_secret = \"sandbox-push-secret\"\n"
        ),
    );
    let (mut binary, merchant) = Binary::serve(&config).await;
    let mut cart = carts::usa();
    cart["provider"] = json!("sandbox");
    let key = fresh();
    let request = merchant.request(reqwest::Method::POST, "/v1/checkouts").header("idempotency-key", &key);
    let lost = tokio::spawn(request.json(&cart).send());
    let _call = deaf.accept().await.unwrap();
    binary.kill();
    assert!(lost.await.unwrap().is_err(), "the merchant hears nothing");
    drop((_call, deaf));

    let stop = CancellationToken::new();
    let setup = simulators::Setup {
        bind: address,
        resend_interval_ms: 200,
        account: std::collections::BTreeMap::new(),
        ambient: &Ambient::system(),
        stop: &stop,
    };
    let _running = simulators::start(&registry::registration("sandbox").unwrap(), setup).await.unwrap();
    let (_binary, merchant) = Binary::serve(&config).await;
    let list = merchant.get("/v1/checkouts").await;
    let id = list.str("/data/0/id").to_owned();
    // Nobody asks and nobody rules: a search finds nothing, and the same create goes out again.
    let seen = merchant.until_status(&id, "requires_customer_action").await;
    assert!(!seen.str("/next_action/url").is_empty());
    assert!(merchant.events(&id).await.contains(&"attempt.indeterminate".to_owned()), "it was unknown at first");
    assert!(merchant.open_items(&id).await.is_empty(), "nobody has to rule");
    let made = merchant.post("/v1/checkouts", &key, &cart).await;
    assert_eq!((made.ok(201).id(), made.str("/attempt/id")), (id, seen.str("/attempt/id")), "the first try");
    stop.cancel();
}
