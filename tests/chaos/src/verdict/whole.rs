//! What can only be judged over all checkouts together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::book::Promise;
use crate::merchant::{rows_at, text_at};
use crate::world::World;

/// Keys that are tried once more in the end: every so-manieth.
const REPLAYED: usize = 5;

/// One key, one checkout: none missing, none double, none that nobody asked for.
pub(crate) fn list_faults(list: &[Value], promises: &[Promise]) -> Vec<String> {
    let mut by_reference: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for checkout in list {
        by_reference.entry(text_at(checkout, "/reference")).or_default().push(text_at(checkout, "/id"));
    }
    let mut faults = Vec::new();
    for promise in promises {
        let reference = promise.story.reference();
        let found = by_reference.remove(reference.as_str()).unwrap_or_default();
        let due: Vec<&str> = promise.checkout.as_deref().into_iter().collect();
        if found != due {
            faults.push(format!("{reference}: the shop was promised {due:?}, the list has {found:?}"));
        }
    }
    faults.extend(by_reference.into_iter().map(|(reference, ids)| format!("nobody asked for {reference}: {ids:?}")));
    faults
}

/// The list of events and those shown with their checkouts are the same.
pub(crate) fn event_faults(list: &[Value], seen: &[Value]) -> Vec<String> {
    let listed: BTreeSet<&str> = list.iter().map(|event| text_at(event, "/id")).collect();
    let shown: BTreeSet<&str> =
        seen.iter().flat_map(|checkout| rows_at(checkout, "/events")).map(|event| text_at(event, "/id")).collect();
    let missing = shown.difference(&listed).map(|id| format!("{id} is not in the list of events"));
    let more = listed.difference(&shown).map(|id| format!("{id} is in the list of events and with no checkout"));
    missing.chain(more).collect()
}

/// A key that was answered for good is answered the same way again.
pub(crate) async fn replay_faults(world: &World, promises: &[Promise]) -> Vec<String> {
    let mut faults = Vec::new();
    for promise in promises.iter().step_by(REPLAYED) {
        let key = promise.story.reference();
        let due = promise.checkout.as_deref().unwrap_or_default();
        match world.merchant.post("/v1/checkouts", &key, &promise.story.cart()).await {
            Ok(answer) if answer.status() == 201 && text_at(&answer.json(), "/id") == due => {}
            Ok(answer) => faults.push(format!("{key}: repeated, it is {} {}", answer.status(), answer.json())),
            Err(fault) => faults.push(format!("{key}: repeated, it is {fault}")),
        }
    }
    faults
}
