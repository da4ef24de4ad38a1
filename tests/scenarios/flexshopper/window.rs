//! What the page that shows the plugin lets in, and what every other page does.

use super::*;

#[tokio::test]
async fn the_plugins_host_is_let_in_on_its_page_and_on_no_other() {
    let desk = Desk::open().await;
    let made = desk.checkout().await;
    let policy = async |made: &Answer| {
        let page = desk.merchant().http.get(made.str("/checkout_url")).send().await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        // Whose page may show it says nothing of what it loads.
        policy.split_once("; frame-ancestors").unwrap().0.to_owned()
    };
    let with = policy(&made).await;
    let host = desk.address.trim_end_matches('/');
    let parts: Vec<&str> = with.split("; ").filter(|part| part.contains(host)).collect();
    let names: Vec<&str> = parts.iter().map(|part| part.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["script-src", "style-src", "img-src", "connect-src", "frame-src"], "{with}");
    assert_eq!((with.matches("://").count(), with.matches(host).count()), (5, 5), "no other host: {with}");
    assert!(!with.contains("unsafe") && !with.contains('*'), "{with}");

    let mut other = cart();
    other["provider"] = json!("wegetfinancing");
    let other = desk.merchant().open(&other).await.ok(201).clone();
    let without = policy(&other).await;
    assert!(!without.contains(host), "{without}");
    desk.signs(&made, &desk.order(&made).await).await;
    desk.merchant().until_status(&made.id(), "authorized").await;
    let done = policy(&made).await;
    assert!(!done.contains("://"), "nothing is signed any more: {done}");
}
