//! The page hears of changes as they come, whatever happens to connections and processes in between.

use serde_json::json;

use super::{Browser, cart_for, open, press};
use crate::harness::binary::settings_file;
use crate::harness::{Binary, Loan, LoneSimulator, TestGateway, carts, until};

#[tokio::test]
async fn the_lenders_word_reaches_the_page_without_being_asked_for() {
    let gateway = TestGateway::start().await;
    let (_, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing"])).await;
    let mut listener = browser.listen(None).await;
    let first = listener.next().await.unwrap();
    assert_eq!((first.event.as_str(), &first.data), ("status", &browser.status().await));
    press(&browser, &first.data["next_action"], "preapprove").await;
    let second = listener.until("preapproved").await;
    assert_ne!(first.id, second.id);
    press(&browser, &first.data["next_action"], "approve").await;
    listener.until("approved").await;
    let bye = listener.next().await.unwrap();
    assert_eq!((bye.event.as_str(), bye.data), ("bye", json!({ "reason": "final" })));
    assert_eq!(listener.next().await, None);
    // Who was away hears the end at once, and who knows it already only that it is the end.
    assert_eq!(browser.listen(Some(&first.id)).await.next().await.unwrap().data["state"], "approved");
    let known = format!("{:?}", browser.listen(None).await.next().await.unwrap().id);
    let told = browser.listen(Some(known.trim_matches('"'))).await.next().await.unwrap();
    assert_eq!(told.event, "bye");
}

#[tokio::test]
async fn a_page_goes_on_after_the_gateway_was_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let config = settings_file(folder.path(), &simulator.lender.url);
    let (mut binary, merchant) = Binary::serve(&config).await;
    let made = merchant.open(&carts::usa()).await;
    let (loan, browser) = (Loan::of(&merchant, &simulator.lender, made.ok(201)).await, Browser::of(&made));
    let mut listener = browser.listen(None).await;
    let heard = listener.next().await.unwrap();
    binary.kill();
    assert_eq!(listener.next().await, None, "the connection breaks");

    let (mut binary, again) = Binary::serve(&config).await;
    // The port is another one in this test; to the page it would be the same address.
    let browser = browser.with_gateway(&again.url);
    assert_eq!(browser.state().await, "continue", "the link is as good as before");
    let mut listener = browser.listen(Some(&heard.id)).await;
    let loan = Loan { callback: loan.callback.replace(&merchant.url, &again.url), merchant: again.clone(), ..loan };
    assert_eq!(loan.tell("approved").await.status, 200);
    listener.until("approved").await;
    assert_eq!(binary.stop().await, Some(0));
}

#[tokio::test]
async fn a_gateway_that_stops_says_goodbye_to_its_listeners() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = LoneSimulator::start(None).await;
    let (mut binary, merchant) = Binary::serve(&settings_file(folder.path(), &simulator.lender.url)).await;
    let browser = Browser::of(merchant.open(&carts::usa()).await.ok(201));
    let mut listeners = Vec::new();
    for _ in 0..5 {
        let mut listener = browser.listen(None).await;
        listener.next().await.unwrap();
        listeners.push(listener);
    }
    assert_eq!(binary.stop().await, Some(0), "nobody who listens keeps it from stopping");
    for mut listener in listeners {
        assert_eq!(listener.next().await.unwrap().data, json!({ "reason": "shutdown" }));
        assert_eq!(listener.next().await, None);
    }
}

#[tokio::test]
async fn tabs_beyond_the_limit_ask_instead() {
    let gateway = TestGateway::start_with(&[("page.live_updates_max", "2")]).await;
    let (_, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing"])).await;
    let mut listeners = vec![browser.listen(None).await, browser.listen(None).await];
    let path = format!("{}/events", browser.base);
    let refused = browser.ask(reqwest::Method::GET, &path, &[], None).await;
    assert_eq!(refused.refused(503, "too_many_listeners").header("retry-after"), "30");
    assert_eq!(browser.state().await, "continue");
    // A tab that is closed makes room.
    listeners.pop();
    let room = async || Some(browser.ask_events().await).filter(|status| *status == 200);
    until("a free place", room).await;
}

impl Browser {
    /// What a new listener is answered.
    async fn ask_events(&self) -> u16 {
        let url = format!("{}{}/events", self.gateway, self.base);
        self.http.get(url).send().await.unwrap().status().as_u16()
    }
}
