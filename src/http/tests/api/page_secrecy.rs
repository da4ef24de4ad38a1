//! What a customer's browser is sent tells nothing that is not the customer's to know.
//!
//! Meant to be shown: the shop's name, logo, colour and allowed sites; the merchant's reference; names, quantities and sums
//! of the lines; names and kinds of financers; the attempt's id, which a choice names; the financer's page; the merchant's
//! return address as things stand. The tokens hold the checkout, its merchant and mode, their use and their times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::Method;
use jiff::SignedDuration;
use lendport_core::{
    AccountField, AccountSettings, CommitClass, ErrorKind, Pointer, ProviderAccount, ProviderId, Secret, ShopPage,
};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::client::status;
use crate::fake::Create;
use crate::live_updates::Heard;
use crate::page_words::{Words, words};
use crate::world::{Answer, KEY, OTHER_KEY, PUBLIC_URL, World};

const PASSWORD: AccountField = AccountField::credential("password", "");
const STATES: [&str; 12] = [
    "approved",
    "canceled",
    "checking",
    "choose",
    "closed",
    "continue",
    "deciding",
    "declined",
    "expired",
    "failed",
    "preapproved",
    "preparing",
];

/// What happens to a checkout before its page is looked at.
#[derive(Clone, Debug)]
enum Story {
    /// The financer says so, one after the other.
    Told(&'static [&'static str]),
    /// The create fails like this.
    Fails(ErrorKind, CommitClass),
    /// Nobody knows what became of the create, and it must not be repeated.
    Unknown,
    /// The create is under way.
    Asking,
    /// The financer's page runs out, and then the deadline passes.
    TooLate,
}

const STORIES: [Story; 16] = [
    Story::Told(&[]),
    Story::Told(&["under_review"]),
    Story::Told(&["preapproved"]),
    Story::Told(&["preapproved", "declined"]),
    Story::Told(&["declined"]),
    Story::Told(&["failed"]),
    Story::Told(&["expired"]),
    Story::Told(&["canceled"]),
    Story::Told(&["authorized"]),
    Story::Told(&["authorized", "captured", "refunded"]),
    Story::Fails(ErrorKind::Unavailable, CommitClass::NotSent),
    Story::Fails(ErrorKind::Declined, CommitClass::Rejected),
    Story::Fails(ErrorKind::Credentials, CommitClass::Rejected),
    Story::Unknown,
    Story::Asking,
    Story::TooLate,
];

/// Everything sent to this customer's browser, headers included, and the tokens in it.
#[derive(Default)]
struct Sent {
    texts: Vec<String>,
    tokens: Vec<String>,
}

impl Sent {
    fn take(&mut self, answer: &Answer) {
        self.texts.push(format!("{} {:?}\n{}", answer.status, answer.headers, answer.text));
    }

    async fn ask(&mut self, world: &World, method: Method, path: &str, headers: &[(&str, &str)], body: &str) {
        let answer = world.browse(method, path, headers, body).await;
        if let Some(token) = answer.header("location").and_then(|to| to.strip_prefix("/c/")) {
            self.tokens.push(token.split('?').next().unwrap().to_owned());
        }
        self.take(&answer);
    }
}

/// Asks for all that a browser can ask for.
async fn everything(world: &World, page: &str) -> Sent {
    let mut sent = Sent { texts: Vec::new(), tokens: vec![page.strip_prefix("/c/").unwrap().to_owned()] };
    for path in ["", "?lang=es", "?lang=fr-CA&embed=1", "?back=complete", "/stage", "/status", "/nothing"] {
        sent.ask(world, Method::GET, &format!("{page}{path}"), &[("accept-language", "en")], "").await;
    }
    let mut tab = Heard::open(world, page, None).await;
    sent.texts.push(tab.next().await.unwrap().2.to_string());
    let json_body = [("content-type", "application/json")];
    for (path, body) in [
        ("came_back", json!({ "outcome": "complete" })),
        ("came_back", json!({ "outcome": "approved" })),
        ("attempts", json!({ "provider": "nobody", "after": null })),
        ("attempts", json!({ "provider": "acme", "after": null })),
        ("attempts", json!({ "provider": 1 })),
    ] {
        sent.ask(world, Method::POST, &format!("{page}/{path}"), &json_body, &body.to_string()).await;
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    sent.ask(world, Method::POST, &format!("{page}/attempts"), &form, "provider=nobody&after=").await;
    let back = world.fake.return_urls.lock().unwrap().clone();
    for url in [back.success, back.failure].into_iter().flatten() {
        let path = url.strip_prefix(PUBLIC_URL).unwrap();
        sent.tokens.push(path.strip_prefix("/r/").unwrap().to_owned());
        for dest in ["document", "iframe"] {
            sent.ask(world, Method::GET, path, &[("sec-fetch-dest", dest)], "").await;
        }
    }
    sent
}

/// Runs the story; the checkout's id.
async fn play(world: &Arc<World>, story: &Story, words: &Words) -> String {
    let create = match story {
        Story::Fails(kind, commit) => Create::Fails(words.error(kind.clone(), *commit)),
        Story::Unknown => Create::Fails(words.error(ErrorKind::NoAnswer, CommitClass::Unknown)),
        Story::Asking => Create::Takes(Duration::from_secs(3_600)),
        Story::Told(_) | Story::TooLate => Create::Works,
    };
    world.fake.next(create);
    world.fake.repeats.store(!matches!(story, Story::Unknown), std::sync::atomic::Ordering::SeqCst);
    let (asking, cart) = (Arc::clone(world), words.cart().to_string());
    let opening = tokio::spawn(async move { asking.post("/v1/checkouts", "the key", cart).await });
    let id = if matches!(story, Story::Asking) {
        while world.fake.count() == 0 {
            tokio::task::yield_now().await;
        }
        world.get("/v1/checkouts").await.json()["data"][0]["id"].clone()
    } else {
        let made = opening.await.unwrap();
        let json = made.json();
        json.pointer("/checkout/id").or(json.get("id")).unwrap_or_else(|| panic!("{}", made.text)).clone()
    };
    let told: &[&str] = match story {
        Story::Told(states) => states,
        Story::TooLate => &["expired"],
        _ => &[],
    };
    for state in told {
        let push = format!("{state}\n{}\n{}", words.of(words.adverse), words.of("raw"));
        assert_eq!(world.push(&push).await.status, 200);
    }
    if matches!(story, Story::TooLate) {
        world.clock.advance(SignedDuration::from_hours(72));
    }
    id.as_str().unwrap().to_owned()
}

/// Secrets and notes of the merchant's own, and another merchant that has a page too.
async fn furnish(world: &World, words: &Words) -> Vec<String> {
    *world.fake.reference.lock().unwrap() = words.of("reference");
    let acme = ProviderId::parse("acme").unwrap();
    let known = world.store.account(world.tenant, &acme).await.unwrap().unwrap();
    let values = BTreeMap::from([("password".to_owned(), Secret::from(words.of("password").as_str()))]);
    let settings = AccountSettings::new(values, &[PASSWORD], &Pointer::root()).unwrap();
    world.store.put_account(&ProviderAccount { settings, ..known }).await.unwrap();
    let hook =
        json!({ "url": format!("https://{}.example/hooks", words.of("hooks")), "description": words.of("hook") });
    let endpoint = world.post("/v1/webhook_endpoints", "hook", hook.to_string()).await.json();
    let rival = ShopPage {
        display_name: Some(words.of("rival")),
        logo_url: Some(format!("https://{}.example/logo.svg", words.of("rival"))),
        allowed_origins: vec![format!("https://{}.example", words.of("rival"))],
        ..ShopPage::default()
    };
    world.set_page(world.merchants[1], rival).await;
    let mut cart = words.cart();
    cart["reference"] = json!(words.of("rivalorder"));
    let theirs = [("authorization", format!("Bearer {OTHER_KEY}")), ("idempotency-key", "their key".to_owned())];
    let theirs: Vec<_> = theirs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let other = world.call(Method::POST, "/v1/checkouts", &theirs, cart.to_string()).await;
    let other = other.json()["id"].as_str().unwrap().to_owned();
    let token = world.fake.token.lock().unwrap().clone();
    world.fake.creates.store(0, std::sync::atomic::Ordering::SeqCst);
    vec![endpoint["secret"].as_str().unwrap().to_owned(), endpoint["id"].as_str().unwrap().to_owned(), other, token]
}

/// All that is written about the checkout and is not for its page.
async fn hidden(world: &World, id: &str, words: &Words) -> Vec<String> {
    let record = world.store.checkout(world.tenant, id.parse().unwrap()).await.unwrap().unwrap();
    let attempt = &record.attempts[0];
    let mut hidden = vec![
        // Every word of the customer's, the merchant's own and the financer's has them.
        words.letters.clone(),
        words.adverse.to_owned(),
        words.digits.clone(),
        KEY.to_owned(),
        OTHER_KEY.to_owned(),
        "the key".to_owned(),
        world.fake.token.lock().unwrap().clone(),
        attempt.merchant_reference.clone(),
        attempt.callback_digest.clone(),
        attempt.account.to_string(),
        record.checkout.cart.lines[0].id.to_string(),
        "07740".to_owned(),
        "ref-att".to_owned(),
    ];
    hidden.extend(world.merchants.map(|merchant| merchant.to_string()));
    hidden.extend(attempt.reason.as_ref().map(|reason| reason.0.clone()).filter(|word| word.contains('_')));
    hidden
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A token holds what is written down for it, and nothing that was generated.
fn judge_token(world: &World, id: &str, token: &str) {
    let claims = claims(token);
    let names: BTreeSet<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    let page = BTreeSet::from(["aud", "exp", "iat", "mer", "mode", "sub"]);
    let back = BTreeSet::from(["att", "aud", "exp", "how", "iat", "mer", "mode", "sub"]);
    let is_page = claims["aud"] == "lendport-client";
    assert_eq!(names, if is_page { page } else { back }, "{claims}");
    assert_eq!((&claims["sub"], &claims["mode"]), (&json!(id), &json!("test")));
    assert_eq!(claims["mer"], world.merchants[0].to_string());
    assert!(claims["iat"].is_i64() && claims["exp"].is_i64());
    if !is_page {
        assert_eq!(claims["aud"], "lendport-return");
        assert!(claims["how"] == "complete" || claims["how"] == "abort");
        assert!(claims["att"].as_str().unwrap().starts_with("att_"));
    }
}

async fn judge(story: &Story, words: &Words) -> String {
    let world = Arc::new(World::within(3_600_000).await);
    let mut forbidden = furnish(&world, words).await;
    let id = play(&world, story, words).await;
    let page = world.page_of(&id).await;
    let state = status(&world, &page).await["state"].as_str().unwrap().to_owned();
    forbidden.extend(hidden(&world, &id, words).await);
    let mut sent = everything(&world, &page).await;
    for token in &sent.tokens {
        judge_token(&world, &id, token);
    }
    // Old links too.
    for days in [1, 40] {
        world.clock.advance(SignedDuration::from_hours(24 * days));
        sent.ask(&world, Method::GET, &page, &[], "").await;
        sent.ask(&world, Method::GET, &format!("{page}/status"), &[], "").await;
        for token in sent.tokens.clone() {
            sent.ask(&world, Method::GET, &format!("/r/{token}"), &[("sec-fetch-dest", "iframe")], "").await;
        }
    }
    for text in &sent.texts {
        for word in &forbidden {
            assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{story:?}, {state}: {word} in {text}");
        }
    }
    state
}

/// Whatever happens to a checkout, in every state that a customer can see.
#[test]
fn what_a_customer_is_sent_tells_nothing_it_should_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 3, failure_persistence: None, ..Config::default() });
    let judged = runner.run(&words(), |words| {
        let mut states = BTreeSet::new();
        for story in STORIES {
            states.insert(runtime.block_on(judge(&story, &words)));
        }
        assert_eq!(states, BTreeSet::from(STATES.map(str::to_owned)));
        Ok(())
    });
    judged.unwrap();
}
