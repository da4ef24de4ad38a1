//! Whether everything that was to be told was told, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Inboxes;
use super::one_checkout::READY;
use crate::merchant::{rows_at, text_at};
use crate::receiver::{Received, Receiver};

/// Events of a checkout that a receiver asked for and did not get, or got in other words.
pub(crate) fn faults(receiver: &Receiver, inbox: &BTreeMap<String, Received>, checkout: &Value) -> Vec<String> {
    let (id, name) = (text_at(checkout, "/id"), receiver.name);
    let mut faults = Vec::new();
    for event in rows_at(checkout, "/events").filter(|event| receiver.wants(text_at(event, "/type"))) {
        let (event_id, kind) = (text_at(event, "/id"), text_at(event, "/type"));
        match inbox.get(event_id) {
            None => faults.push(format!("{id}: {event_id} {kind} never came to {name}")),
            Some(received) if received.accepted_at.is_none() => {
                faults.push(format!("{id}: {event_id} {kind} came to {name} and was not repeated after a failure"));
            }
            Some(received) => {
                let sequence = event.get("sequence").and_then(Value::as_u64).unwrap_or(0);
                if (received.checkout.as_str(), received.kind.as_str(), received.sequence) != (id, kind, sequence) {
                    faults.push(format!("{id}: {event_id} is {kind} number {sequence}, {name} was told {received:?}"));
                }
            }
        }
    }
    let told = |received: &&Received| received.checkout == id && received.kind == READY;
    let ready = inbox.values().filter(told).count();
    if ready > 1 {
        faults.push(format!("{id}: {name} was told {ready} times to ship, under as many ids"));
    }
    faults
}

/// What was delivered and belongs to no event that there is: told of something that did not happen.
pub(crate) fn unknown(inboxes: &Inboxes, seen: &[Value]) -> Vec<String> {
    let known: BTreeSet<&str> =
        seen.iter().flat_map(|checkout| rows_at(checkout, "/events")).map(|event| text_at(event, "/id")).collect();
    let mut faults = Vec::new();
    for (name, inbox) in inboxes {
        for (id, received) in inbox.iter().filter(|(id, _)| !known.contains(id.as_str())) {
            faults
                .push(format!("{name} was told {} of {} by {id}, which is no event", received.kind, received.checkout));
        }
    }
    faults
}

/// How many events were first accepted after a later one of the same checkout.
pub(crate) fn overtaken(inbox: &BTreeMap<String, Received>) -> usize {
    let mut by_checkout: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for received in inbox.values() {
        if let Some(place) = received.accepted_at {
            by_checkout.entry(&received.checkout).or_default().push((place, received.sequence));
        }
    }
    let mut count = 0;
    for order in by_checkout.values_mut() {
        order.sort_unstable();
        let mut highest = 0;
        for (_, sequence) in order {
            count += usize::from(*sequence < highest);
            highest = highest.max(*sequence);
        }
    }
    count
}
