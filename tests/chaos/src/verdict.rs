//! Waits until everything is quiet and says what is wrong then, from the public API and the run's own records alone.

mod creates;
mod deliveries;
mod goods;
mod leases;
mod one_checkout;
mod whole;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::Fault;
use crate::arguments::Played;
use crate::book::{Promise, millis};
use crate::downtime::percentile;
use crate::receiver::Received;
use crate::world::World;

/// How long the system may take to come to rest: longer than any lease, and than the third try of the schedule, which a
/// delivery needs that ran out of time twice on a busy machine.
const PATIENCE: Duration = Duration::from_secs(420);
const PAUSE: Duration = Duration::from_millis(200);
/// How long no event may be written once all is there: a double would be.
const AFTERMATH: Duration = Duration::from_secs(1);

/// What a run came to.
pub(crate) struct Verdict {
    /// What was wrong.
    pub(crate) violations: Vec<Violation>,
    /// Names and values of the summary.
    pub(crate) summary: Vec<(String, String)>,
}

/// Something that must not be.
pub(crate) struct Violation {
    pub(crate) what: String,
    pub(crate) timeline: Vec<(u64, String)>,
}

impl Verdict {
    pub(crate) fn add(&mut self, what: String, timeline: &[(u64, String)]) {
        self.violations.push(Violation { what, timeline: timeline.to_vec() });
    }
}

/// What each receiver has, by its name.
pub(crate) type Inboxes = BTreeMap<&'static str, BTreeMap<String, Received>>;

/// Waits for rest, then judges.
pub(crate) async fn settle(world: &World) -> Result<Verdict, Fault> {
    let began = Instant::now();
    let mut open = world.book.all();
    let restless = loop {
        let inboxes = inboxes(world);
        let mut left = Vec::new();
        for promise in open {
            if !faults(world, &promise, &inboxes).await?.1.is_empty() {
                left.push(promise);
            }
        }
        open = left;
        let newest = newest_event(world).await?;
        sleep(if open.is_empty() { AFTERMATH } else { PAUSE }).await;
        let restless = newest_event(world).await? != newest;
        if open.is_empty() && !restless {
            break false;
        }
        if began.elapsed() > PATIENCE {
            break restless;
        }
        if open.is_empty() {
            open = world.book.all();
        }
    };
    let mut verdict = judge(world, millis(began, Instant::now())).await?;
    if restless {
        verdict.add("nobody does anything any more, and events keep coming".to_owned(), &[]);
    }
    Ok(verdict)
}

async fn newest_event(world: &World) -> Result<String, Fault> {
    Ok(crate::merchant::text_at(&world.merchant.get("/v1/events?limit=1").await?, "/data/0/id").to_owned())
}

async fn judge(world: &World, quiet_ms: u64) -> Result<Verdict, Fault> {
    let mut verdict = Verdict { violations: Vec::new(), summary: Vec::new() };
    let inboxes = inboxes(world);
    let promises = world.book.all();
    let mut seen = Vec::new();
    for promise in &promises {
        let (checkout, faults) = faults(world, promise, &inboxes).await?;
        if !faults.is_empty() {
            let mut timeline = promise.timeline.clone();
            timeline.extend(told_by_gateway(world, promise).await);
            verdict.add(format!("{}: {}", promise.story.reference(), faults.join("; ")), &timeline);
        }
        seen.extend(checkout);
    }
    let mut general = world.ends.lock().map(|ends| ends.clone()).unwrap_or_default();
    general.extend(whole::list_faults(&world.merchant.list("/v1/checkouts").await?, &promises));
    general.extend(whole::event_faults(&world.merchant.list("/v1/events").await?, &seen));
    general.extend(whole::replay_faults(world, &promises).await);
    let one_each = !matches!(world.plan.provider, Played::Wegetfinancing | Played::Cascade);
    general.extend(creates::faults(&world.financer.requests().await?, &seen, one_each));
    general.extend(leases::faults(world, &promises).await?);
    general.extend(goods::faults(world, &promises).await?);
    general.extend(deliveries::unknown(&inboxes, &seen));
    general.extend(world.receivers.iter().flat_map(|receiver| receiver.wrongs()));
    for fault in general {
        verdict.add(fault, &[]);
    }
    summarize(world, &mut verdict, &seen, &inboxes, quiet_ms);
    Ok(verdict)
}

/// The checkout of a promise as it is now, and what is wrong with it.
async fn faults(world: &World, promise: &Promise, inboxes: &Inboxes) -> Result<(Option<Value>, Vec<String>), Fault> {
    let mut faults = promise.wrongs.clone();
    let Some(id) = &promise.checkout else {
        faults.push("its create was never answered for good".to_owned());
        return Ok((None, faults));
    };
    let checkout = match world.merchant.get(&format!("/v1/checkouts/{id}?expand=attempts,events")).await {
        Ok(checkout) => checkout,
        Err(fault) => {
            faults.push(format!("accepted as {id}, and now: {fault}"));
            return Ok((None, faults));
        }
    };
    faults.extend(one_checkout::faults(promise, &checkout));
    for receiver in &world.receivers {
        let inbox = inboxes.get(receiver.name);
        faults.extend(inbox.into_iter().flat_map(|inbox| deliveries::faults(receiver, inbox, &checkout)));
    }
    Ok((Some(checkout), faults))
}

/// What the gateway itself says happened.
async fn told_by_gateway(world: &World, promise: &Promise) -> Vec<(u64, String)> {
    let Some(id) = &promise.checkout else { return Vec::new() };
    let Ok(timeline) = world.merchant.get(&format!("/v1/checkouts/{id}/timeline")).await else { return Vec::new() };
    let line = |entry: &Value| (0, format!("gateway: {entry}"));
    crate::merchant::rows_at(&timeline, "/data").map(line).collect()
}

fn inboxes(world: &World) -> Inboxes {
    world.receivers.iter().map(|receiver| (receiver.name, receiver.received())).collect()
}

fn summarize(world: &World, verdict: &mut Verdict, seen: &[Value], inboxes: &Inboxes, quiet_ms: u64) {
    let kills = world.kills.load(std::sync::atomic::Ordering::SeqCst);
    let (begun, accepted) = world.book.totals();
    let (ready, resumed) = world.downtime.measured();
    let spread = |sorted: &[u64]| {
        let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(sorted, percent));
        format!("p50 {p50} ms, p99 {p99} ms, max {most} ms ({} measured)", sorted.len())
    };
    let events: usize = seen.iter().map(|checkout| crate::merchant::rows_at(checkout, "/events").count()).sum();
    let mut rows = vec![
        ("kills".to_owned(), kills.to_string()),
        ("database stops".to_owned(), (world.outages() / 2).to_string()),
        ("checkouts".to_owned(), format!("{begun} begun, {accepted} accepted")),
        ("events".to_owned(), events.to_string()),
    ];
    for (name, inbox) in inboxes {
        let tries: usize = inbox.values().map(|received| received.tries.len()).sum();
        let overtaken = deliveries::overtaken(inbox);
        let text = format!("{} events in {tries} tries, {overtaken} overtook an earlier one", inbox.len());
        rows.push((format!("receiver {name}"), text));
    }
    let left = seen.iter().filter(|checkout| one_checkout::is_left_to_a_person(checkout)).count();
    rows.push(("left to a person".to_owned(), left.to_string()));
    rows.push(("start to ready".to_owned(), spread(&ready)));
    rows.push(("kill to pending work".to_owned(), spread(&resumed)));
    rows.push(("quiet after".to_owned(), format!("{quiet_ms} ms")));
    rows.extend(world.book.answers().into_iter().map(|(word, count)| (word, count.to_string())));
    rows.push(("violations".to_owned(), verdict.violations.len().to_string()));
    verdict.summary = rows;
}
