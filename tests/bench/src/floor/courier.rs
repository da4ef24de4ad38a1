//! The floor's way out: reads the outbox, posts each event signed, and marks it done with whatever else is committed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lendport::gateway::Ambient;
use lendport_core::{CallLog, EventId, Secret};
use lendport_delivery::{SigningSecret, sign};
use lendport_outbound::{Outbound, Request};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use url::Url;

use crate::Fault;
use crate::floor::store::{Change, FloorStore, OutboxReader, Outcome, Undelivered};

/// Webhooks under way at a time, as in the gateway.
const AT_ONCE: usize = 64;
/// Rows read ahead of those under way.
const AHEAD: i64 = 256;
/// How often the outbox is looked at when nothing wakes the courier; also the pause after a failure.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a delivery needs.
struct Way {
    outbound: Outbound,
    sink: Url,
    secret: SigningSecret,
    ambient: Ambient,
}

/// Delivers until it is dropped.
pub(super) async fn run(
    store: FloorStore,
    mut outbox: OutboxReader,
    outbound: Outbound,
    sink: Url,
    work: Arc<Notify>,
) -> Result<(), Fault> {
    let secret = SigningSecret::from_key(Secret::new(vec![7; 32]))?;
    let way = Arc::new(Way { outbound, sink, secret, ambient: Ambient::system() });
    let mut busy: HashSet<i64> = HashSet::new();
    let mut over = Vec::new();
    let mut under_way: JoinSet<i64> = JoinSet::new();
    loop {
        // Only a page that is read after a commit can be trusted not to name its event again.
        for event in over.drain(..) {
            busy.remove(&event);
        }
        let limit = i64::try_from(busy.len()).unwrap_or(0) + AHEAD;
        let waiting: Vec<_> = outbox.undelivered(limit).await?;
        let mut found = false;
        for event in waiting {
            if !busy.insert(event.event) {
                continue;
            }
            found = true;
            if under_way.len() >= AT_ONCE {
                over.extend(under_way.join_next().await.transpose()?);
            }
            let (way, store) = (Arc::clone(&way), store.clone());
            under_way.spawn(async move {
                let number = event.event;
                // What was not delivered is found again.
                _ = deliver(&way, &store, event).await;
                number
            });
        }
        while let Some(event) = under_way.try_join_next() {
            over.push(event?);
        }
        if !found {
            tokio::select! {
                () = work.notified() => {}
                Some(event) = under_way.join_next() => over.push(event?),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

async fn deliver(way: &Way, store: &FloorStore, event: Undelivered) -> Result<Outcome, Fault> {
    let (id, now) = (EventId::mint(way.ambient.ids.as_ref()), way.ambient.clock.now());
    let body = format!(
        r#"{{"id":"{id}","type":"{}","created_at":"{now}","sequence":1,"data":{}}}"#,
        event.kind, event.snapshot
    );
    let headers = sign(id, now, body.as_bytes(), std::slice::from_ref(&way.secret));
    let mut request = Request::post(way.sink.clone());
    for (name, value) in headers.pairs() {
        request = request.header(name, value);
    }
    let answer = way.outbound.call(request.bytes("application/json", body.into_bytes()), &CallLog::new()).await;
    if !answer.is_ok_and(|answer| answer.is_success()) {
        tokio::time::sleep(LOOK_EVERY).await;
        return Err("not delivered".into());
    }
    store.commit(Change::Delivered { event: event.event }).await
}
