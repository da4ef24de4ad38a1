//! Which sites may show the page and ask for its status: those of its own merchant.

use reqwest::Method;

use super::{cart_for, open};
use crate::harness::TestGateway;

const STRANGER: &str = "https://stranger.example";

#[tokio::test]
async fn the_shops_own_site_is_let_in_and_a_stranger_is_not() {
    let gateway = TestGateway::start().await;
    let shop = gateway.dev.shop.url.strip_suffix("/demo").unwrap().to_owned();
    let (_, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing"])).await;
    let policy = browser.page().await.header("content-security-policy").to_owned();
    let ancestors = policy.split("frame-ancestors ").nth(1).unwrap();
    assert_eq!(ancestors, format!("{shop} {}", gateway.merchant.url));
    let path = format!("{}/status", browser.base);
    for (site, allowed) in [(shop.as_str(), shop.as_str()), (STRANGER, ""), ("null", "")] {
        let answer = browser.ask(Method::GET, &path, &[("origin", site)], None).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{site}");
        let question = [("origin", site), ("access-control-request-method", "POST")];
        let path = format!("{}/attempts", browser.base);
        let preflight = browser.ask(Method::OPTIONS, &path, &question, None).await;
        assert_eq!(preflight.header("access-control-allow-origin"), allowed, "{site}");
    }
    // Another merchant's customers are nobody's business of this shop.
    let other = gateway.another_merchant("Another shop").await;
    let (_, theirs) = open(&other, &cart_for(&["wegetfinancing"])).await;
    let page = theirs.page().await;
    assert!(page.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    assert!(page.text.contains("Another shop") && !page.text.contains(&shop));
    let path = format!("{}/status", theirs.base);
    let refused = theirs.ask(Method::GET, &path, &[("origin", &shop)], None).await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
}
