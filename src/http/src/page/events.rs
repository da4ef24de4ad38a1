//! `GET /c/{client_token}/events`: where the customer stands, told as it changes (server-sent events). Each event is the
//! whole status, so that a browser that was away misses nothing that still holds.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lendport_engine::Watched;

use super::customer::{Customer, told_plainly};
use super::live::Place;
use super::status::{StatusDocument, tag_of};
use crate::app::App;
use crate::openapi::parts::ClientProblems;
use crate::problem::{Code, Problem};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks what stands in between not to keep events back (nginx).
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A silent connection is closed by what stands in between, usually after 30 to 60 seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the database is asked where another process may have changed the checkout.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often all the same where this process hears of every change: deadlines pass without one.
const LOOK_SELDOM: Duration = Duration::from_secs(15);
/// When a browser tries again after a connection broke.
const RETRY: Duration = Duration::from_secs(2);
/// When a browser that found no place may ask again.
const BUSY_FOR_S: u32 = 30;

/// Why a stream ends.
#[derive(Clone, Copy)]
enum Bye {
    Final,
    Shutdown,
    TokenExpired,
}

/// One browser being told.
struct Feed {
    app: App,
    customer: Customer,
    watched: Watched,
    /// The tag of what the browser has.
    sent: String,
    fresh: bool,
    bye: Option<Bye>,
    over: bool,
    _place: Place,
}

/// Hear where the customer stands, as it changes
///
/// `event: status` with the status as `data` and its tag as `id`, at once and after every change; `event: bye` when the
/// stream ends. Resumes by `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/c/{client_token}/events",
    operation_id = "streamClientStatus",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
        ClientProblems
    )
)]
pub(super) async fn stream(
    State(app): State<App>,
    customer: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let busy = || Problem::plain(Code::TooManyListeners).after(Some(BUSY_FOR_S));
    let place = app.live.enter(customer.checkout()).ok_or_else(busy)?;
    let watched = app.engine.watch(customer.checkout());
    // What cannot be shown now is said before the stream begins.
    customer.view(&app).await.map_err(|problem| told_plainly(&problem))?;
    let sent = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let feed = Feed { app, customer, watched, sent, fresh: true, bye: None, over: false, _place: place };
    let told =
        Sse::new(stream::unfold(feed, Feed::next)).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    let mut response = told.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
    response.headers_mut().insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

impl Feed {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.over {
            return None;
        }
        let event = loop {
            if self.app.clock.now() >= self.customer.opened.until {
                self.bye = Some(Bye::TokenExpired);
            }
            if let Some(bye) = self.bye {
                self.over = true;
                break bye.event();
            }
            if let Some(event) = self.look().await {
                break event;
            }
            if self.bye.is_none() {
                self.wait().await;
            }
        };
        Some((Ok(event), self))
    }

    /// What the browser does not have yet. A look that fails is no event: the next one tells.
    async fn look(&mut self) -> Option<Event> {
        let view = self.customer.view(&self.app).await.ok()?;
        let status = StatusDocument::of(&view);
        self.bye = status.is_final.then_some(Bye::Final);
        let text = status.text();
        let tag = tag_of(text.as_bytes());
        if tag == self.sent {
            return None;
        }
        let event = Event::default().event("status").id(tag.as_str()).data(text);
        self.sent = tag;
        Some(if std::mem::take(&mut self.fresh) { event.retry(RETRY) } else { event })
    }

    async fn wait(&mut self) {
        let pause = if self.app.engine.hears_all() { LOOK_SELDOM } else { LOOK_EVERY };
        tokio::select! {
            () = self.app.stop.cancelled() => self.bye = Some(Bye::Shutdown),
            () = self.watched.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Bye {
    fn event(self) -> Event {
        let data = match self {
            Self::Final => r#"{"reason":"final"}"#,
            Self::Shutdown => r#"{"reason":"shutdown"}"#,
            Self::TokenExpired => r#"{"reason":"token_expired"}"#,
        };
        Event::default().event("bye").data(data)
    }
}
