//! The pages people see: plain, safe, and without anything from elsewhere.

use http::Method;
use jiff::SignedDuration;
use lendport_core::ShopPage;

use crate::world::{Answer, OTHER_KEY, TOKEN_MINUTES, World};

/// What holds for every page.
fn judge(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(policy.contains("base-uri 'none'") && !policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(answer.text.contains("<html lang=\"en\"") && answer.text.contains("<h1"));
    assert!(!answer.text.contains(" style=") && !answer.text.contains(" onclick="), "{}", answer.text);
    for loaded in answer.text.split("<link ").skip(1).chain(answer.text.split("<script ").skip(1)) {
        let own = loaded.contains("href=\"/assets/") || loaded.contains("src=\"/assets/");
        assert!(own || loaded.starts_with("type=\"application/json\""), "{loaded}");
    }
    policy
}

/// A customer's page: its scripts carry the nonce of its policy, and no page has that of another.
fn judge_customers(answer: &Answer) -> String {
    let policy = judge(answer);
    assert_eq!(answer.header("cache-control"), Some("no-store, private"));
    assert!(answer.header("permissions-policy").unwrap().contains("camera=()"));
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(nonce.len() >= 20, "{nonce}");
    for element in answer.text.split("<script ").skip(1).chain(answer.text.split("<style ").skip(1)) {
        let head = element.split('>').next().unwrap();
        assert!(head.contains(&format!("nonce=\"{nonce}\"")), "{head}");
    }
    nonce
}

#[tokio::test]
async fn the_customer_is_led_to_the_financer_and_told_where_things_stand() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let page = world.page_of(&id).await;
    let first = world.get(&page).await;
    let nonce = judge_customers(&first);
    let link = first.text.contains("href=\"https://financer.example/apply?a=1&#38;b=2\"")
        || first.text.contains("href=\"https://financer.example/apply?a=1&amp;b=2\"");
    assert!(first.text.contains("1,420.00") && link, "{}", first.text);
    assert!(!first.text.contains("John") && !first.text.contains("john@"));
    let policy = first.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-src 'self' https://financer.example;"), "{policy}");
    world.fake.leads_on.store(true, std::sync::atomic::Ordering::SeqCst);
    let lenders = world.get(&page).await;
    assert_ne!(judge_customers(&lenders), nonce, "one for each answer");
    let wider = lenders.header("content-security-policy").unwrap();
    assert!(wider.contains("frame-src 'self' https: https://financer.example;"), "{wider}");
    assert_eq!(world.push("authorized").await.status, 200);
    let done = world.get(&page).await;
    judge_customers(&done);
    assert!(done.text.contains("approved") && !done.text.contains("financer.example"), "{}", done.text);
    assert!(done.header("content-security-policy").unwrap().contains("frame-src 'self';"));
}

#[tokio::test]
async fn a_link_that_is_not_ours_opens_nothing_and_one_that_has_run_out_leads_to_the_front_door() {
    let world = World::new().await;
    let mut cart = crate::world::sample();
    cart["return_urls"] = serde_json::json!({ "failure": "https://shop.example/cart?order=secret-77" });
    let id = world.create(cart.to_string()).await.json()["id"].as_str().unwrap().to_owned();
    let page = world.page_of(&id).await;
    let token = page.strip_prefix("/c/").unwrap();
    let mut forged: Vec<_> = token.split('.').collect();
    forged[2] = "AAAA";
    // {"alg":"none"}
    let mut unsigned: Vec<_> = token.split('.').collect();
    unsigned[0] = "eyJhbGciOiJub25lIn0";
    unsigned[2] = "";
    let long = "x".repeat(5000);
    for wrong in [forged.join("."), unsigned.join("."), "nothing".to_owned(), long, format!("{token}x")] {
        let answer = world.get(&format!("/c/{wrong}")).await;
        assert_eq!(answer.status, 404, "{wrong}");
        judge_customers(&answer);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(world.get(&format!("/c/{wrong}/status")).await.problem(), (404, "not_found".to_owned()));
        assert_eq!(world.get(&format!("/c/{wrong}/events")).await.problem(), (404, "not_found".to_owned()));
    }
    assert_eq!(world.get(&page).await.status, 200);
    world.clock.advance(SignedDuration::from_mins(i64::from(TOKEN_MINUTES)));
    let late = world.get(&page).await;
    assert_eq!(late.status, 410);
    judge_customers(&late);
    assert!(late.text.contains("href=\"https://shop.example\""), "{}", late.text);
    assert!(!late.text.contains("secret-77") && !late.text.contains("1,420"), "{}", late.text);
    for path in ["status", "stage", "events"] {
        let answer = world.get(&format!("{page}/{path}")).await;
        assert_eq!(answer.problem(), (401, "client_token_expired".to_owned()), "{path}");
        assert!(answer.header("www-authenticate").is_some());
    }
    // The merchant's server makes a new one, and nobody else's server does.
    let refresh = format!("/v1/checkouts/{id}/client_token");
    let made = world.call(Method::POST, &refresh, &[], "").await;
    assert_eq!((made.status.as_u16(), made.json()["object"].as_str()), (200, Some("client_token")), "{}", made.text);
    let url = made.json()["checkout_url"].as_str().unwrap().to_owned();
    assert_eq!(world.get(url.strip_prefix(crate::world::PUBLIC_URL).unwrap()).await.status, 200);
    let other = [("authorization", format!("Bearer {OTHER_KEY}"))];
    let headers: Vec<_> = other.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(world.call(Method::POST, &refresh, &headers, "").await.problem().0, 404);
    assert_eq!(world.browse(Method::POST, &refresh, &[], "").await.problem().0, 401);
}

#[tokio::test]
async fn the_shop_is_shown_as_its_merchant_set_it_and_only_its_sites_may_frame_the_page() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let page = world.page_of(&id).await;
    let plain = world.get(&page).await;
    assert!(plain.text.contains("first"), "the merchant's own name");
    assert!(plain.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    let shop = ShopPage {
        display_name: Some("Tom & <b>Jerry</b>".to_owned()),
        logo_url: Some("https://cdn.shop.example/logo.svg".to_owned()),
        accent: Some("#0b57d0".to_owned()),
        allowed_origins: vec!["https://shop.example".to_owned()],
        locale: Some("es".to_owned()),
    };
    world.set_page(world.merchants[0], shop).await;
    let other = ShopPage { allowed_origins: vec!["https://other.example".to_owned()], ..ShopPage::default() };
    world.set_page(world.merchants[1], other).await;
    let shown = world.get(&page).await;
    assert!(shown.text.contains("<html lang=\"es\"") && !shown.text.contains("<b>Jerry"), "{}", shown.text);
    assert!(!shown.text.contains("other.example"));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors https://shop.example"), "{policy}");
    assert!(policy.contains("img-src 'self' data: https://cdn.shop.example;"), "{policy}");
    assert_eq!(shown.header("x-frame-options"), None);
    assert!(world.get(&format!("{page}?lang=fr")).await.text.contains("<html lang=\"fr-CA\""));
}

#[tokio::test]
async fn reference_and_problem_pages_work_offline() {
    let world = World::new().await;
    for path in ["/docs", "/problems", "/problems/commit_fence"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = judge(&answer);
        assert!(policy.contains("frame-ancestors 'none'") && !answer.text.contains("<script"), "{policy}");
    }
    assert!(world.get("/docs").await.text.contains("/v1/checkouts/{id}/timeline"));
    assert_eq!(world.get("/problems/nothing").await.problem().0, 404);
}

#[tokio::test]
async fn files_are_kept_by_their_content_and_merchants_may_load_the_script() {
    let world = World::new().await;
    let style = world.get("/assets/page.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(style.header("cache-control"), Some("public, max-age=300"));
    let tag = style.header("etag").unwrap().to_owned();
    let again = world.browse(Method::GET, "/assets/page.css", &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let fixed = world.get(&lendport_ui::asset_url("page.css")).await;
    assert_eq!((fixed.status.as_u16(), &fixed.text), (200, &style.text));
    assert_eq!(fixed.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let script = world.get("/assets/lendport.js").await;
    assert_eq!(script.header("access-control-allow-origin"), Some("*"));
    assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert!(script.text.contains(crate::world::PUBLIC_URL), "it knows where the gateway is");
    let small = world.router.clone();
    let request = http::Request::get("/assets/lendport.js").header("accept-encoding", "gzip, br");
    let answer = tower::ServiceExt::oneshot(small, request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "br");
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    assert!(bytes.len() * 2 < script.text.len() && bytes.len() < 8 * 1024, "{} bytes", bytes.len());
    for wrong in ["/assets/nothing.css", "/assets/..%2fCargo.toml", "/assets/"] {
        assert_eq!(world.get(wrong).await.problem().0, 404, "{wrong}");
    }
}
