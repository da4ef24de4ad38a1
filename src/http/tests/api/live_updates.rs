//! Where the customer stands, told as it changes.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::client::status;
use crate::world::{TOKEN_MINUTES, World};

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An event stream as a browser hears it.
pub(crate) struct Heard(BodyDataStream, String);

impl Heard {
    pub(crate) async fn open(world: &World, page: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(format!("{page}/events"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self(answer.into_body().into_data_stream(), String::new())
    }

    /// The next event as name, id and data; none at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((block, rest)) = self.1.split_once("\n\n") {
                let block = block.to_owned();
                self.1 = rest.to_owned();
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
                };
                let Some(event) = field("event") else { continue };
                let data = serde_json::from_str(&field("data").unwrap()).unwrap();
                return Some((event, field("id").unwrap_or_default(), data));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap()?;
            self.1.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn changes_are_told_as_they_come_and_a_browser_that_was_away_misses_nothing() {
    let world = World::new().await;
    let page = world.page_of(&world.opened("open").await).await;
    let mut tab = Heard::open(&world, &page, None).await;
    let (event, first, data) = tab.next().await.unwrap();
    assert_eq!((event.as_str(), &data), ("status", &status(&world, &page).await));
    // Away from here on, and another tab that is up to date hears only what is new.
    drop(tab);
    let mut up_to_date = Heard::open(&world, &page, Some(&first)).await;
    world.push("under_review").await;
    let (_, second, data) = up_to_date.next().await.unwrap();
    assert_eq!(data["state"], "deciding");
    assert_ne!(first, second);
    let mut back = Heard::open(&world, &page, Some(&first)).await;
    assert_eq!(back.next().await.unwrap().2["state"], "deciding");
    world.push("authorized").await;
    for tab in [&mut up_to_date, &mut back] {
        assert_eq!(tab.next().await.unwrap().2["state"], "approved");
        let (event, _, data) = tab.next().await.unwrap();
        assert_eq!((event.as_str(), &data["reason"]), ("bye", &json!("final")));
        assert_eq!(tab.next().await, None);
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_process_and_with_its_token() {
    let world = World::new().await;
    let page = world.page_of(&world.opened("open").await).await;
    let mut tab = Heard::open(&world, &page, None).await;
    tab.next().await.unwrap();
    world.stop.cancel();
    assert_eq!(tab.next().await.unwrap().2["reason"], "shutdown");
    assert_eq!(tab.next().await, None);

    let world = World::new().await;
    let page = world.page_of(&world.opened("open").await).await;
    let mut tab = Heard::open(&world, &page, None).await;
    tab.next().await.unwrap();
    world.clock.advance(SignedDuration::from_mins(i64::from(TOKEN_MINUTES)));
    world.push("under_review").await;
    assert_eq!(tab.next().await.unwrap().2["reason"], "token_expired");
}

#[tokio::test]
async fn there_are_only_so_many_streams() {
    let world = World::new().await;
    let page = world.page_of(&world.opened("open").await).await;
    let mut tabs = Vec::new();
    for _ in 0..8 {
        tabs.push(Heard::open(&world, &page, None).await);
    }
    let refused = world.browse(Method::GET, &format!("{page}/events"), &[], "").await;
    assert_eq!(refused.problem(), (503, "too_many_listeners".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("30"));
    tabs.pop();
    assert!(Heard::open(&world, &page, None).await.next().await.is_some());
}
