//! The pages people see: plain, safe, and without anything from elsewhere.

use jiff::SignedDuration;

use crate::world::{Answer, PUBLIC_URL, World};

fn judge(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part));
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(!answer.text.contains("<script") && !answer.text.contains(" style="), "{}", answer.text);
    assert!(answer.text.contains("<html lang=\"en\">") && answer.text.contains("<h1>"));
}

async fn page(world: &World, id: &str) -> Answer {
    let checkout = world.get(&format!("/v1/checkouts/{id}")).await.json();
    let url = checkout["checkout_url"].as_str().unwrap().to_owned();
    assert!(url.ends_with(checkout["client_token"].as_str().unwrap()));
    world.get(url.strip_prefix(PUBLIC_URL).unwrap()).await
}

#[tokio::test]
async fn the_customer_is_led_to_the_financer_and_told_where_things_stand() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let first = page(&world, &id).await;
    judge(&first);
    assert!(
        first.text.contains("1420.00 USD")
            && first.text.contains("href=\"https://financer.example/apply?a=1&amp;b=2\"")
    );
    assert!(!first.text.contains("John"));
    assert_eq!(world.push("authorized").await.status, 200);
    let done = page(&world, &id).await;
    judge(&done);
    assert!(done.text.contains("approved") && !done.text.contains("financer.example"), "{}", done.text);
}

#[tokio::test]
async fn a_link_that_is_not_ours_or_has_run_out_opens_nothing() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let token = world.get(&format!("/v1/checkouts/{id}")).await.json()["client_token"].as_str().unwrap().to_owned();
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
        judge(&answer);
    }
    assert_eq!(world.get(&format!("/c/{token}")).await.status, 200);
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.get(&format!("/c/{token}")).await.status, 404);
}

#[tokio::test]
async fn reference_and_problem_pages_work_offline() {
    let world = World::new().await;
    for path in ["/docs", "/problems", "/problems/commit_fence"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        judge(&answer);
        for loaded in answer.text.split("<link ").skip(1) {
            assert!(loaded.contains("href=\"/assets/"), "{loaded}");
        }
    }
    assert!(world.get("/docs").await.text.contains("/v1/checkouts/{id}/timeline"));
    assert_eq!(world.get("/problems/nothing").await.problem().0, 404);
    let style = world.get("/assets/page.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    for wrong in ["/assets/nothing.css", "/assets/..%2fCargo.toml", "/assets/"] {
        assert_eq!(world.get(wrong).await.problem().0, 404, "{wrong}");
    }
}
