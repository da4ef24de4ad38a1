//! Instant payment notices: a form that names the checkout and nothing else, sent until answered with 200 (wepay.md 9.1).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lendport_core::CallLog;
use lendport_outbound::Request;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::faults::Kind;
use super::state::{Sim, Store};
use lendport_simulation::later;

/// Notices kept for one checkout.
pub(super) const PER_CHECKOUT_MAX: usize = 1_000;
/// Minutes from one try to the next; after the last one WePay gives up.
const RETRY_MINUTES: [u64; 6] = [15, 30, 60, 360, 720, 1440];
/// Beyond what any test waits.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Answers of the address that count as received. 201, 202 and 204 do not.
const RECEIVED: u16 = 200;

/// A notice and what became of it. The body stays the same at every try.
pub(super) struct Notice {
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) tries: Vec<Try>,
    pub(super) delivered: bool,
    /// Its first try is made or under way.
    started: bool,
    /// Never sent, as a fault asked for.
    pub(super) dropped: bool,
    /// After the last retry.
    pub(super) given_up: bool,
}

/// One try.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) at: Timestamp,
    pub(super) status: Option<u16>,
    /// Why there was no answer.
    pub(super) failure: Option<String>,
}

/// A try that waits, for the one or the other clock.
pub(super) struct Waiting {
    pub(super) checkout_id: u64,
    pub(super) place: usize,
    real: Instant,
    simulated: Timestamp,
}

impl Waiting {
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.real <= Instant::now() || self.simulated <= now
    }
}

/// How a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// One notice, shared with other changes that are not told yet.
    Merged,
    /// So many notices of their own.
    Copies(usize),
    Silent,
}

/// The body of a notice.
pub(super) fn body(checkout_id: u64, reference_id: Option<&str>) -> Vec<u8> {
    let id = checkout_id.to_string();
    let mut pairs = vec![("checkout_id", id.as_str())];
    pairs.extend(reference_id.map(|reference| ("reference_id", reference)));
    serde_urlencoded::to_string(pairs).unwrap_or_default().into_bytes()
}

/// Records that a checkout changed; the answer is the places of its notices in the list.
pub(super) fn tell(store: &mut Store, checkout_id: u64, telling: Telling, now: Timestamp) -> Vec<usize> {
    let Some(checkout) = store.get(checkout_id) else { return Vec::new() };
    if telling == Telling::Silent || checkout.callback_uri.is_none() {
        return Vec::new();
    }
    let unsent = store.waiting.iter().find(|waiting| {
        let started = checkout.notices.get(waiting.place).is_none_or(|notice| notice.started);
        waiting.checkout_id == checkout_id && !started
    });
    if let Some(unsent) = unsent.filter(|_| telling == Telling::Merged) {
        return vec![unsent.place];
    }
    let body = body(checkout_id, checkout.order.reference_id.as_deref());
    let fault = store.faults.take(&Endpoint::Ipn);
    let kind = fault.as_ref().map(|fault| fault.kind);
    let copies = match (telling, kind) {
        (Telling::Copies(copies), _) => copies,
        (_, Some(Kind::Repeat)) => fault.as_ref().and_then(|fault| fault.copies).unwrap_or(2),
        _ => 1,
    };
    let more = match kind {
        Some(Kind::Delay) => fault.and_then(|fault| fault.delay_ms).unwrap_or(5_000),
        _ => 0,
    };
    let delay = store.rules.ipn_delay_ms.saturating_add(more);
    let mut places = Vec::new();
    for _copy in 0..copies {
        let dropped = kind == Some(Kind::Drop);
        let content_type = "application/x-www-form-urlencoded".to_owned();
        let Some(place) = record(store, checkout_id, content_type, body.clone(), dropped) else { break };
        if !dropped {
            // A clock that stands still would otherwise hold back what a moment of real time lets go, and the reverse.
            wait(store, checkout_id, place, Duration::from_millis(delay), later(now, delay.max(1)));
            places.push(place);
        }
    }
    places
}

/// Adds a notice to a checkout's list. `None`: no such checkout, or its list is full.
pub(super) fn record(
    store: &mut Store,
    checkout_id: u64,
    content_type: String,
    body: Vec<u8>,
    dropped: bool,
) -> Option<usize> {
    let checkout = store.get_mut(checkout_id).filter(|checkout| checkout.notices.len() < PER_CHECKOUT_MAX)?;
    let notice =
        Notice { content_type, body, tries: Vec::new(), delivered: false, started: false, dropped, given_up: false };
    checkout.notices.push(notice);
    Some(checkout.notices.len() - 1)
}

fn wait(store: &mut Store, checkout_id: u64, place: usize, real: Duration, simulated: Timestamp) {
    // A retry that far away comes by simulated time only.
    let real = Instant::now().checked_add(real).unwrap_or_else(|| Instant::now() + YEAR);
    store.waiting.push(Waiting { checkout_id, place, real, simulated });
}

/// Lets a notice that was never queued go out at the next turn.
pub(super) fn make_due(store: &mut Store, checkout_id: u64, place: usize, now: Timestamp) {
    let queued = store.waiting.iter().any(|waiting| waiting.checkout_id == checkout_id && waiting.place == place);
    let notice = store.get(checkout_id).and_then(|checkout| checkout.notices.get(place));
    if !queued && notice.is_some_and(|notice| !notice.started) {
        wait(store, checkout_id, place, Duration::ZERO, now);
    }
}

/// Tries these notices now, in order or all together; one that is under way already is waited for.
///
/// Runs to its end even when nobody waits for the answer any more.
pub(super) async fn deliver(sim: &Arc<Sim>, id: u64, places: Vec<usize>, parallel: bool) -> Vec<Option<Try>> {
    let places: Vec<(usize, bool)> = {
        let mut store = sim.store();
        store.waiting.retain(|waiting| waiting.checkout_id != id || !places.contains(&waiting.place));
        places.into_iter().map(|place| (place, start(&mut store, id, place))).collect()
    };
    let mut running = Vec::new();
    if parallel {
        for place in places {
            let own = Arc::clone(sim);
            running.push(sim.tasks.spawn(async move { vec![first_try(&own, id, place).await] }));
        }
    } else {
        let own = Arc::clone(sim);
        running.push(sim.tasks.spawn(async move {
            let mut tries = Vec::with_capacity(places.len());
            for place in places {
                tries.push(first_try(&own, id, place).await);
            }
            tries
        }));
    }
    let mut tries = Vec::new();
    for task in running {
        tries.extend(task.await.unwrap_or_default());
    }
    tries
}

/// Marks the first try as under way. False: somebody else did.
fn start(store: &mut Store, id: u64, place: usize) -> bool {
    let notice = store.get_mut(id).and_then(|checkout| checkout.notices.get_mut(place));
    notice.is_some_and(|notice| !std::mem::replace(&mut notice.started, true))
}

async fn first_try(sim: &Sim, id: u64, (place, ours): (usize, bool)) -> Option<Try> {
    if ours {
        return send(sim, id, place).await;
    }
    loop {
        if let Some(tried) = sim.store().get(id)?.notices.get(place)?.tries.first() {
            return Some(tried.clone());
        }
        tokio::select! {
            () = sim.stop.cancelled() => return None,
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// One try; a failed one waits for its next turn. `None`: the simulator stops, the checkout is forgotten, or it has no
/// address to send to.
async fn send(sim: &Sim, id: u64, place: usize) -> Option<Try> {
    let request = {
        let store = sim.store();
        let checkout = store.get(id)?;
        let notice = checkout.notices.get(place)?;
        let url = checkout.callback_uri.as_deref()?.parse().ok()?;
        Request::post(url).secret_path().accept("*/*").bytes(notice.content_type.clone(), notice.body.clone())
    };
    let call = async {
        let _slot = sim.slots.acquire().await.ok()?;
        Some(sim.outbound.call(request, &CallLog::new()).await)
    };
    let outcome = tokio::select! {
        () = sim.stop.cancelled() => return None,
        outcome = call => outcome?,
    };
    let (status, failure) = match outcome {
        Ok(answer) => (Some(answer.status), None),
        Err(error) => (error.status(), Some(error.word().to_owned())),
    };
    let now = sim.clock.now();
    let tried = Try { at: now, status, failure };
    tracing::debug!(provider = "wepay", status, "simulated notice tried");
    let mut store = sim.store();
    let notice = store.get_mut(id)?.notices.get_mut(place)?;
    notice.tries.push(tried.clone());
    notice.delivered = status == Some(RECEIVED);
    if notice.delivered {
        return Some(tried);
    }
    match RETRY_MINUTES.get(notice.tries.len() - 1) {
        None => notice.given_up = true,
        Some(minutes) => {
            // The first retry comes after the configured time, the others stay in proportion.
            let [first, ..] = RETRY_MINUTES;
            let real = Duration::from_millis(sim.settings.resend_interval_ms.max(1).saturating_mul(*minutes) / first);
            wait(&mut store, id, place, real, later(now, minutes * 60_000));
        }
    }
    Some(tried)
}

/// Sends what is due.
pub(super) fn send_due(sim: &Arc<Sim>) {
    let now = sim.clock.now();
    let due: Vec<Waiting> = {
        let mut store = sim.store();
        let waiting = std::mem::take(&mut store.waiting);
        let (due, rest) = waiting.into_iter().partition(|waiting| waiting.is_due(now));
        store.waiting = rest;
        for Waiting { checkout_id, place, .. } in &due {
            start(&mut store, *checkout_id, *place);
        }
        due
    };
    for Waiting { checkout_id, place, .. } in due {
        let own = Arc::clone(sim);
        sim.tasks.spawn(async move { send(&own, checkout_id, place).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_nothing_but_the_id() {
        assert_eq!(body(12345, None), b"checkout_id=12345");
        assert_eq!(body(12345, Some("abc 567&state=paid")), b"checkout_id=12345&reference_id=abc+567%26state%3Dpaid");
    }
}
