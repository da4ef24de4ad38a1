//! How often may be asked: each key and merchant by itself, who has no key by address, pushes and pages by what they are for.

use axum::body::Body;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::{Method, Request};
use jiff::SignedDuration;
use lendport_core::Scope;
use lendport_http::RateSettings;
use serde_json::{Value, json};

use crate::tokens::SHOP_KEY;
use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, PUBLIC_URL, TOKEN_MINUTES, World, sample};

async fn limited(rates: RateSettings) -> World {
    World::limited(10_000, rates).await
}

fn told(answer: &Answer) -> [Option<u32>; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| answer.header(name).map(|text| text.parse().unwrap()))
}

#[track_caller]
fn refused(answer: &Answer) -> u32 {
    assert_eq!(answer.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(answer.json()["retryable"], true);
    assert_eq!(told(answer)[1], Some(0));
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_answer_says_how_much_is_left_and_what_comes_too_soon_is_told_when_to_come_again() {
    let world = limited(RateSettings { key_reads_per_second: 1, ..RateSettings::default() }).await;
    for left in (0..5).rev() {
        let answer = world.get("/v1/providers").await;
        assert_eq!((answer.status.as_u16(), told(&answer)), (200, [Some(5), Some(left), Some(5 - left)]));
        assert_eq!(answer.header("ratelimit-policy"), Some("5;w=5"));
    }
    assert_eq!(refused(&world.get("/v1/providers").await), 1);
    // Other keys, other modes and writes have limits of their own.
    for key in [OTHER_KEY, LIVE_KEY] {
        assert_eq!(world.with_key(key, Method::GET, "/v1/providers", &Value::Null).await.status, 200);
    }
    assert_eq!(world.create(sample().to_string()).await.status, 201);
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.get("/v1/checkouts/chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b").await.problem().0, 404);
    refused(&world.get("/v1/providers").await);
}

#[tokio::test]
async fn what_is_refused_claims_no_key_and_reaches_nobody() {
    let world = limited(RateSettings { key_writes_per_second: 1, ..RateSettings::default() }).await;
    for number in 0..5 {
        assert_eq!(world.post("/v1/checkouts", &format!("{number}"), sample().to_string()).await.status, 201);
    }
    let refused_at = world.post("/v1/checkouts", "again", sample().to_string()).await;
    let wait = refused(&refused_at);
    assert!(world.store.idempotency(world.tenant, "POST /v1/checkouts", "again").await.unwrap().is_none());
    world.clock.advance(SignedDuration::from_secs(i64::from(wait)));
    let again = world.post("/v1/checkouts", "again", sample().to_string()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, None));
    // A repeat of one that was answered hears that answer, once it may ask.
    world.clock.advance(SignedDuration::from_secs(1));
    let replayed = world.post("/v1/checkouts", "again", sample().to_string()).await;
    assert_eq!((replayed.header("idempotent-replayed"), replayed.text.as_str()), (Some("true"), again.text.as_str()));
}

#[tokio::test]
async fn all_keys_of_a_merchant_share_its_limit_and_whoever_acts_for_it_too() {
    let world = limited(RateSettings { merchant_reads_per_second: 1, ..RateSettings::default() }).await;
    world.platform().await;
    world.add_key("lp_test_second", world.tenant, &[Scope::CheckoutsRead]).await;
    let merchant = world.tenant.merchant.to_string();
    let acting = [("lendport-merchant", merchant.as_str())];
    for _ in 0..2 {
        assert_eq!(world.get("/v1/providers").await.status, 200);
        assert_eq!(world.with_key("lp_test_second", Method::GET, "/v1/providers", &Value::Null).await.status, 200);
    }
    let for_it = || world.with_headers(PLATFORM_KEY, Method::GET, "/v1/providers", &acting, &Value::Null);
    assert_eq!(for_it().await.status, 200);
    refused(&for_it().await);
    refused(&world.get("/v1/providers").await);
    let own = world.with_key(PLATFORM_KEY, Method::GET, "/v1/merchants", &Value::Null).await;
    assert_eq!(own.status, 200, "the platform itself has its own");
    assert_eq!(world.with_key(LIVE_KEY, Method::GET, "/v1/providers", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn who_guesses_keys_hears_429_and_keeps_no_valid_key_out() {
    let rates = RateSettings { strays_per_minute: 3, trusted_proxies: 1, ..RateSettings::default() };
    let world = limited(rates).await;
    let guess = |number: usize, from: &'static str| {
        let key = format!("Bearer lp_test_guess{number}");
        let world = &world;
        async move {
            let headers = [("authorization", key.as_str()), ("x-forwarded-for", from)];
            world.call(Method::GET, "/v1/checkouts", &headers, Body::empty()).await
        }
    };
    for number in 0..3 {
        let answer = guess(number, "6.6.6.6, 1.1.1.1").await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
        assert_eq!(told(&answer)[1], Some(2 - u32::try_from(number).unwrap()));
    }
    // The part that the caller wrote changes nothing.
    assert_eq!(refused(&guess(3, "7.7.7.7, 1.1.1.1").await), 20);
    assert_eq!(guess(4, "1.1.1.1, 2.2.2.2").await.status, 401);
    let headers = [("x-forwarded-for", "1.1.1.1")];
    let valid = world.call(Method::GET, "/v1/checkouts", &headers, Body::empty()).await;
    assert_eq!((valid.status.as_u16(), told(&valid)), (200, [None; 3]), "nothing counts for it");
    // What has no address of the API's is counted the same way; pages are not.
    let nothing = world.browse(Method::GET, "/v1/nothing", &headers, "").await;
    refused(&nothing);
    assert_eq!(world.browse(Method::GET, "/nothing", &headers, "").await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_not_looked_up_and_guesses_of_one_address_wait_for_each_other() {
    let rates = RateSettings { strays_per_minute: 1, trusted_proxies: 1, ..RateSettings::default() };
    let world = &limited(rates).await;
    let ask = async |key: String, from: &str| {
        let key = format!("Bearer {key}");
        let headers = [("authorization", key.as_str()), ("x-forwarded-for", from)];
        world.call(Method::GET, "/v1/checkouts", &headers, Body::empty()).await
    };
    let guesses = |from| join_all((0..20).map(move |number| ask(format!("lp_test_guess{number}"), from)));
    // Look-ups run in the tracker, and nothing else does here.
    let begun = |from, at_once: usize| {
        let mut all = Box::pin(guesses(from));
        assert!(all.as_mut().now_or_never().is_none());
        assert_eq!(world.tasks.len(), at_once, "{from}");
        all
    };
    assert!(begun("1.1.1.1", 20).await.iter().any(|answer| answer.status == 429));
    let mut all = begun("1.1.1.1", 1);
    assert_eq!(ask("lp_test_first".to_owned(), "2.2.2.2").await.status, 200, "another address does not wait");
    // A key that is new here waits for those before it, and is not refused.
    world.add_key("lp_test_new", world.tenant, &[Scope::CheckoutsRead]).await;
    let (refused, new) = tokio::join!(&mut all, ask("lp_test_new".to_owned(), "1.1.1.1"));
    assert!(refused.iter().all(|answer| answer.status == 429));
    assert_eq!(new.status, 200);
    for nonsense in ["", "x", "lp_test_", "lp_test_a b", "sk_live_0123456789012345678901234"] {
        let mut asked = Box::pin(ask(nonsense.to_owned(), "3.3.3.3"));
        let answer = asked.as_mut().now_or_never().unwrap();
        assert!(matches!(answer.status.as_u16(), 401 | 429), "{nonsense}");
    }
}

#[tokio::test]
async fn a_request_of_somebody_known_is_no_stray_whatever_is_wrong_with_it() {
    let world = limited(RateSettings { strays_per_minute: 1, ..RateSettings::default() }).await;
    for _ in 0..5 {
        assert_eq!(world.create("{}").await.problem().0, 422);
        assert_eq!(world.get("/v1/checkouts?limit=0").await.problem().0, 400);
    }
    // Whoever asks what may be asked has no key to show.
    for _ in 0..5 {
        assert_eq!(world.browse(Method::OPTIONS, "/v1/checkouts", &[], "").await.status, 204);
    }
    assert_eq!(world.with_key("lp_test_nobodys", Method::GET, "/v1/checkouts", &json!(null)).await.status, 401);
}

#[tokio::test]
async fn tokens_have_a_limit_for_each_key_and_who_has_none_is_a_stray() {
    let rates = RateSettings { tokens_per_minute: 2, strays_per_minute: 3, ..RateSettings::default() };
    let world = limited(rates).await;
    let id = world.shop_key(&[Scope::CheckoutsRead]).await;
    let slow_down = |answer: &Answer| {
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (429, &json!("slow_down")), "{}", answer.text);
        answer.header("retry-after").unwrap().parse::<u32>().unwrap()
    };
    for left in [1, 0] {
        let answer = world.ask_token(id, SHOP_KEY, "").await;
        assert_eq!((answer.status.as_u16(), told(&answer)[..2].to_vec()), (200, vec![Some(2), Some(left)]));
    }
    assert_eq!(slow_down(&world.ask_token(id, SHOP_KEY, "").await), 30);
    let second = world.add_key("lp_test_second", world.tenant, &[Scope::CheckoutsRead]).await;
    // Whoever guesses, for whatever key, uses up no key's tokens.
    for _ in 0..3 {
        assert_eq!(world.ask_token(second, "lp_test_guess", "").await.status, 401);
    }
    assert_eq!(slow_down(&world.ask_token(second, "lp_test_guess", "").await), 20);
    assert_eq!(world.ask_token(second, "lp_test_second", "").await.status, 200, "each key for itself");
    assert_eq!(world.call(Method::GET, "/v1/checkouts", &[], Body::empty()).await.status, 200);
    world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(world.ask_token(id, SHOP_KEY, "").await.status, 200);
}

#[tokio::test]
async fn a_flood_for_one_attempt_keeps_no_other_push_out_and_loses_none() {
    let rates = RateSettings { pushes_per_second: 1, key_writes_per_second: 1, ..RateSettings::default() };
    let world = limited(rates).await;
    let first = world.opened("one").await;
    let flooded = world.fake.token.lock().unwrap().clone();
    let push = |token: String, body: &'static str| {
        let request = Request::post(format!("/callbacks/acme/{token}")).body(Body::from(body)).unwrap();
        world.send(request)
    };
    for _ in 0..5 {
        assert_eq!(push(flooded.clone(), "nonsense").await.status, 400);
    }
    let late = push(flooded.clone(), "authorized").await;
    assert_eq!(late.status, 503, "not taken in, and to be sent again");
    for number in 0..200 {
        assert_eq!(push(format!("guess{number}"), "authorized").await.status, 404);
    }
    let second = world.opened("two").await;
    assert_eq!(world.push("authorized").await.status, 200, "another attempt's is heard");
    assert_eq!(world.get(&format!("/v1/checkouts/{second}")).await.json()["attempt"]["status"], "authorized");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(push(flooded, "authorized").await.status, 200);
    assert_eq!(world.get(&format!("/v1/checkouts/{first}")).await.json()["attempt"]["status"], "authorized");
}

#[tokio::test]
async fn the_page_of_one_checkout_has_a_limit_and_no_other_page_does_not_open() {
    let world = limited(RateSettings { page_per_second: 1, ..RateSettings::default() }).await;
    let (first, second) = (world.opened("one").await, world.opened("two").await);
    let (first, second) = (world.page_of(&first).await, world.page_of(&second).await);
    for _ in 0..5 {
        assert_eq!(world.browse(Method::GET, &first, &[], "").await.status, 200);
    }
    assert_eq!(world.browse(Method::GET, &first, &[], "").await.status, 503);
    let status = world.browse(Method::GET, &format!("{first}/stage"), &[], "").await;
    assert_eq!(status.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(world.browse(Method::GET, &second, &[], "").await.status, 200);
    assert_eq!(world.with_key(KEY, Method::GET, "/v1/checkouts", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn what_comes_too_soon_for_a_page_reads_nothing_whatever_its_link_and_its_site() {
    let world = &limited(RateSettings { page_per_second: 1, ..RateSettings::default() }).await;
    let id = world.opened("one").await;
    let page = world.page_of(&id).await;
    let back = world.fake.return_urls.lock().unwrap().success.clone().unwrap();
    let back = back.strip_prefix(PUBLIC_URL).unwrap();
    let visit = |method: Method, path: String| async move {
        world.browse(method, &path, &[("origin", "https://shop.example")], "").await.status.as_u16()
    };
    // An answer that is there at once waited for nothing to be read.
    let at_once = |method: Method, path: String| Box::pin(visit(method, path)).now_or_never();
    for _ in 0..5 {
        assert_eq!(visit(Method::GET, format!("{page}/status")).await, 200);
    }
    for (path, status) in [("", 503), ("/stage", 429), ("/status", 429), ("/events", 429), ("/plugin", 429)] {
        assert_eq!(at_once(Method::GET, format!("{page}{path}")), Some(status), "{path}");
    }
    for (path, status) in [("/attempts", 429), ("/came_back", 429)] {
        assert_eq!(at_once(Method::POST, format!("{page}{path}")), Some(status), "{path}");
    }
    let shown = world.browse(Method::GET, &page, &[], "").await;
    assert_eq!((shown.status.as_u16(), shown.header("retry-after")), (503, Some("1")), "a page says it too");
    assert!(at_once(Method::OPTIONS, format!("{page}/status")).is_some());
    assert_eq!(at_once(Method::GET, back.to_owned()), Some(503));
    // Links that have run out.
    world.clock.advance(SignedDuration::from_mins(i64::from(TOKEN_MINUTES)));
    for _ in 0..5 {
        assert_eq!(visit(Method::GET, page.clone()).await, 410);
    }
    assert_eq!(at_once(Method::GET, page.clone()), Some(503));
    assert_eq!(at_once(Method::GET, format!("{page}/status")), Some(429));
    world.clock.advance(SignedDuration::from_hours(24 * 40));
    for _ in 0..5 {
        assert_eq!(visit(Method::GET, back.to_owned()).await, 410);
    }
    assert_eq!(at_once(Method::GET, back.to_owned()), Some(503));
}
