//! What the customer's page asks for: where the customer stands, by questions and as it changes, choices, and who may ask.

use http::Method;
use jiff::SignedDuration;
use lendport_core::{CommitClass, ErrorKind, ProviderError, ShopPage};
use serde_json::{Value, json};

use crate::fake::Create;
use crate::world::{Answer, TOKEN_MINUTES, World, sample};

const SITE: &str = "https://shop.example";

fn unavailable() -> ProviderError {
    ProviderError { commit: CommitClass::NotSent, ..ProviderError::new(ErrorKind::Unavailable, "words of a financer") }
}

pub(crate) async fn status(world: &World, page: &str) -> Value {
    let answer = world.browse(Method::GET, &format!("{page}/status"), &[], "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn choose(world: &World, page: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    world.browse(Method::POST, &format!("{page}/attempts"), &json, &body.to_string()).await
}

async fn came_back(world: &World, page: &str, outcome: &str) -> Answer {
    let json = [("content-type", "application/json")];
    let body = json!({ "outcome": outcome }).to_string();
    world.browse(Method::POST, &format!("{page}/came_back"), &json, &body).await
}

/// A checkout whose first try failed before anything was sent, and its page.
async fn failed_once(world: &World) -> (String, String) {
    world.fake.next(Create::Fails(unavailable()));
    let answer = world.create(sample().to_string()).await;
    let id = answer.json()["checkout"]["id"].as_str().unwrap().to_owned();
    world.fake.next(Create::Works);
    let page = world.page_of(&id).await;
    (id, page)
}

#[tokio::test]
async fn the_status_says_where_the_customer_stands_and_is_sent_once() {
    let world = World::new().await;
    let page = world.page_of(&world.opened("open").await).await;
    let first = world.browse(Method::GET, &format!("{page}/status"), &[], "").await;
    let seen = first.json();
    assert_eq!(
        (&seen["state"], &seen["is_final"], &seen["poll_after_ms"]),
        (&json!("continue"), &json!(false), &json!(2000))
    );
    assert_eq!(seen["amount"], json!({ "total": "1420.00", "currency": "USD" }));
    assert_eq!(seen["financer"], json!({ "id": "acme", "name": "Acme", "kind": "loan" }));
    assert_eq!(seen["next_action"]["origin"], "https://financer.example");
    assert_eq!(seen["choices"], json!([]));
    assert_eq!(first.header("cache-control"), Some("no-store, private"));
    let tag = first.header("etag").unwrap().to_owned();
    let again = world.browse(Method::GET, &format!("{page}/status"), &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let stage = world.browse(Method::GET, &format!("{page}/stage?lang=es"), &[], "").await;
    assert_eq!((stage.status.as_u16(), stage.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(!stage.text.contains("<html") && stage.text.contains("data-stage=\"continue\""), "{}", stage.text);
    world.push("declined").await;
    let changed = world.browse(Method::GET, &format!("{page}/status"), &[("if-none-match", &tag)], "").await;
    let seen = changed.json();
    assert_eq!(
        (&seen["state"], &seen["is_final"], &seen["poll_after_ms"]),
        (&json!("declined"), &json!(true), &json!(null))
    );
}

#[tokio::test]
async fn a_financer_is_chosen_once_however_often_it_is_pressed() {
    let world = World::new().await;
    let (id, page) = failed_once(&world).await;
    let before = status(&world, &page).await;
    assert_eq!((&before["state"], &before["previous"]["outcome"]), (&json!("choose"), &json!("failed")));
    assert_eq!(before["choices"], json!([{ "id": "acme", "name": "Acme", "kind": "loan" }]));
    let choice = json!({ "provider": "acme", "after": before["attempt"] });
    let pressed: Vec<Answer> = futures_util::future::join_all((0..10).map(|_| choose(&world, &page, &choice))).await;
    for answer in &pressed {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!((world.fake.count(), status(&world, &page).await["state"].as_str()), (2, Some("continue")));
    let attempts = world.get(&format!("/v1/checkouts/{id}?expand=attempts")).await.json()["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_choice_that_cannot_be_is_refused_without_a_word_of_anybody_else() {
    let world = World::new().await;
    let (_, page) = failed_once(&world).await;
    let after = status(&world, &page).await["attempt"].clone();
    let nobody = choose(&world, &page, &json!({ "provider": "nobody", "after": after })).await;
    assert_eq!(nobody.problem(), (422, "validation_failed".to_owned()));
    let stale = choose(&world, &page, &json!({ "provider": "acme", "after": null })).await;
    assert_eq!(stale.problem(), (412, "precondition_failed".to_owned()));
    for (body, code) in [
        (json!({}), 422),
        (json!({ "provider": 5 }), 422),
        (json!({ "provider": "acme", "after": "chk_1" }), 422),
        (json!({ "provider": "acme", "after": after, "amount": "1.00" }), 422),
        (json!([]), 422),
    ] {
        assert_eq!(choose(&world, &page, &body).await.problem().0, code, "{body}");
    }
    let large = choose(&world, &page, &json!({ "provider": "x".repeat(5_000) })).await;
    assert_eq!(large.problem(), (413, "body_too_large".to_owned()));
    assert_eq!(world.fake.count(), 1);
    choose(&world, &page, &json!({ "provider": "acme", "after": after })).await;
    world.push("authorized").await;
    let after = status(&world, &page).await["attempt"].clone();
    let fenced = choose(&world, &page, &json!({ "provider": "other", "after": after })).await;
    assert_eq!(fenced.problem(), (409, "commit_fence".to_owned()));
    let told = fenced.json();
    assert!(told.get("checkout").is_none() && told.get("provider").is_none(), "{told}");
}

#[tokio::test]
async fn a_plain_form_chooses_too_and_leads_back_to_the_page() {
    let world = World::new().await;
    let (_, page) = failed_once(&world).await;
    let after = status(&world, &page).await["attempt"].as_str().unwrap().to_owned();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("provider=acme&after={after}&lang=es&embed=1&x=y");
    let answer = world.browse(Method::POST, &format!("{page}/attempts"), &form, &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, Some(format!("{page}?lang=es&embed=1").as_str()))
    );
    assert_eq!(status(&world, &page).await["state"], "continue");
    // Sent again by a reload: the page says where things stand.
    let again = world.browse(Method::POST, &format!("{page}/attempts"), &form, &body).await;
    assert_eq!((again.status.as_u16(), world.fake.count()), (303, 2));
}

#[tokio::test]
async fn what_the_browser_says_of_coming_back_changes_nothing_and_is_heard_a_few_times() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let page = world.page_of(&id).await;
    let before = world.get(&format!("/v1/checkouts/{id}")).await;
    let looked: Vec<bool> = {
        let mut looked = Vec::new();
        for outcome in ["complete", "abort", "complete", "complete", "complete", "complete"] {
            let answer = came_back(&world, &page, outcome).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
            looked.push(answer.json()["looking"].as_bool().unwrap());
        }
        looked
    };
    assert_eq!(looked, [true, true, true, true, false, false]);
    let after = world.get(&format!("/v1/checkouts/{id}")).await;
    assert_eq!(before.header("etag"), after.header("etag"), "the checkout is as it was");
    assert_eq!(
        (after.json()["status"].as_str(), status(&world, &page).await["state"].as_str()),
        (Some("requires_customer_action"), Some("continue"))
    );
    assert_eq!(came_back(&world, &page, "approved").await.problem().0, 422);
}

#[tokio::test]
async fn a_financer_sends_the_browser_back_to_the_page_and_nothing_is_believed() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let urls = world.fake.return_urls.lock().unwrap().clone();
    for (url, back, outcome) in [(urls.success, "complete", "complete"), (urls.failure, "abort", "abort")] {
        let path = url.unwrap().strip_prefix(crate::world::PUBLIC_URL).unwrap().to_owned();
        let path = format!("{path}?checkout_id=5&next=https://evil.example");
        let window = world.browse(Method::GET, &path, &[("sec-fetch-dest", "document")], "").await;
        let location = window.header("location").unwrap().to_owned();
        assert_eq!(window.status, 303);
        let attempt =
            world.get(&format!("/v1/checkouts/{id}")).await.json()["attempt"]["id"].as_str().unwrap().to_owned();
        let query = format!("?back={back}&of={attempt}");
        assert!(location.starts_with("/c/") && location.ends_with(&query), "{location}");
        assert_eq!(world.browse(Method::GET, &location, &[], "").await.status, 200);
        let framed = world.browse(Method::GET, &path, &[("sec-fetch-dest", "iframe")], "").await;
        assert_eq!(framed.status, 200);
        assert!(framed.text.contains(&format!("data-outcome=\"{outcome}\"")) && !framed.text.contains("evil"));
        let policy = framed.header("content-security-policy").unwrap();
        assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
    }
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["status"], "requires_customer_action");
    assert_eq!(world.browse(Method::GET, "/r/nothing", &[], "").await.status, 404);
}

#[tokio::test]
async fn only_sites_that_the_merchant_allowed_may_ask_and_only_for_this() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let page = world.page_of(&id).await;
    let shop = ShopPage { allowed_origins: vec![SITE.to_owned()], ..ShopPage::default() };
    world.set_page(world.merchants[0], shop).await;
    let other = ShopPage { allowed_origins: vec!["https://other.example".to_owned()], ..ShopPage::default() };
    world.set_page(world.merchants[1], other).await;
    let asked = async |method: Method, path: &str, site: &str| {
        let preflight = [
            ("origin", site),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let headers = if method == Method::OPTIONS { &preflight[..] } else { &preflight[..1] };
        world.browse(method, path, headers, "").await
    };
    for path in ["status", "events", "attempts", "came_back"].map(|name| format!("{page}/{name}")) {
        let allowed = asked(Method::OPTIONS, &path, SITE).await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some(SITE), "{path}");
        assert_eq!(allowed.header("access-control-allow-methods"), Some("GET,POST"));
        assert!(allowed.header("access-control-allow-headers").unwrap().contains("content-type"));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        for site in [
            "https://other.example",
            "https://shop.example.evil.example",
            "http://shop.example",
            "null",
            "https://evil.example",
        ] {
            assert_eq!(asked(Method::OPTIONS, &path, site).await.header("access-control-allow-origin"), None, "{site}");
        }
    }
    let path = format!("{page}/status");
    let allowed = asked(Method::GET, &path, SITE).await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some(SITE));
    assert!(allowed.header("vary").unwrap().to_ascii_lowercase().contains("origin"));
    assert!(allowed.header("access-control-expose-headers").unwrap().contains("etag"));
    assert_eq!(asked(Method::GET, &path, "https://evil.example").await.header("access-control-allow-origin"), None);
    // Everything else stays closed to every other site.
    for path in [
        page.clone(),
        format!("{page}/stage"),
        "/v1/checkouts".to_owned(),
        format!("/v1/checkouts/{id}"),
        "/docs".to_owned(),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            assert_eq!(asked(method, &path, SITE).await.header("access-control-allow-origin"), None, "{path}");
        }
    }
    // A script hears that its token has run out, and can ask its server for another.
    world.clock.advance(SignedDuration::from_mins(i64::from(TOKEN_MINUTES)));
    let late = asked(Method::GET, &path, SITE).await;
    assert_eq!((late.status.as_u16(), late.header("access-control-allow-origin")), (401, Some(SITE)));
}
