//! The bodies of endpoints for events: set up, change, a new secret, a test, and what was missed.

use jiff::Timestamp;
use lendport_core::{EndpointState, EventType, Invalid, Pointer, limits};
use lendport_engine::{EndpointAsk, EndpointPatch};

use super::fields::{Fields, unknown, wrong_type};
use super::node::Node;
use super::text::remark;

pub(crate) const ENDPOINT: &[&str] = &["url", "events", "description"];
pub(crate) const ENDPOINT_CHANGE: &[&str] = &["url", "events", "description", "state"];
pub(crate) const ROTATE: &[&str] = &["overlap_hours"];
pub(crate) const TEST: &[&str] = &["type"];
pub(crate) const RECOVER: &[&str] = &["since"];
/// The words that a merchant may set `state` to.
pub(crate) const STATES: &[&str] = &["enabled", "disabled"];

/// The types of events, as they are written.
pub(crate) fn event_types() -> [&'static str; EventType::ALL.len()] {
    EventType::ALL.map(EventType::as_str)
}

/// Reads an endpoint to set up.
pub(crate) fn endpoint(node: &Node<'_>, notes: &mut Invalid) -> EndpointAsk {
    let body = Fields::open(node, Pointer::root(), ENDPOINT, notes);
    require(&body, node, "url", "is required; the address that events are posted to", notes);
    EndpointAsk {
        url: body.text("url", notes),
        events: events(&body, notes),
        description: remark(&body, "description", limits::ENDPOINT_DESCRIPTION_MAX_CHARS, notes),
    }
}

/// Reads a change of an endpoint. `null` takes a note away, or the filter of types.
pub(crate) fn endpoint_change(node: &Node<'_>, notes: &mut Invalid) -> EndpointPatch {
    let body = Fields::open(node, Pointer::root(), ENDPOINT_CHANGE, notes);
    for name in ["url", "state"].into_iter().filter(|name| body.is_null(name)) {
        notes.note(&body.pointer(name), "missing", "must not be null; leave it out to keep what is there");
    }
    let given = |name: &str| body.is_null(name) || body.node(name).is_some();
    let url = body.text("url", notes);
    let events = events(&body, notes);
    let description = remark(&body, "description", limits::ENDPOINT_DESCRIPTION_MAX_CHARS, notes);
    EndpointPatch {
        url,
        events: given("events").then_some(events),
        description: given("description").then_some(description),
        state: body.word("state", STATES, EndpointState::parse, notes),
    }
}

/// Reads for how many hours a replaced secret goes on signing.
pub(crate) fn rotate(node: &Node<'_>, notes: &mut Invalid) -> Option<u32> {
    let body = Fields::open(node, Pointer::root(), ROTATE, notes);
    let hours = body.count("overlap_hours", notes)?;
    if hours > limits::SECRET_OVERLAP_MAX_HOURS {
        let detail = format!("must be a whole number from 0 to {}", limits::SECRET_OVERLAP_MAX_HOURS);
        notes.note(&body.pointer("overlap_hours"), "out_of_range", detail);
    }
    Some(hours)
}

/// Reads the type of event that a test is of; nothing when it is missing or wrong, which is then noted.
pub(crate) fn test(node: &Node<'_>, notes: &mut Invalid) -> Option<EventType> {
    let body = Fields::open(node, Pointer::root(), TEST, notes);
    require(&body, node, "type", "is required; a type of event such as checkout.ready_to_fulfill", notes);
    let text = body.text("type", notes)?;
    event_type(&text, &body.pointer("type"), notes)
}

/// Reads since when events were missed; nothing when it is missing or wrong, which is then noted.
pub(crate) fn recover(node: &Node<'_>, notes: &mut Invalid) -> Option<Timestamp> {
    let body = Fields::open(node, Pointer::root(), RECOVER, notes);
    require(&body, node, "since", "is required; a moment such as 2026-11-21T09:30:00Z", notes);
    body.moment("since", notes)
}

/// Reads a filter of types; empty means all.
fn events(body: &Fields<'_, '_>, notes: &mut Invalid) -> Vec<EventType> {
    let at = body.pointer("events");
    let nodes = body.list("events", notes).unwrap_or_default();
    if body.node("events").is_some_and(|node| matches!(node, Node::Array(items) if items.is_empty())) {
        notes.note(&at, "too_few", "name at least one type, or leave the field out for all");
    }
    if nodes.len() > EventType::ALL.len() {
        notes.note(&at, "too_many", format!("name each type once; there are {}", EventType::ALL.len()));
        return Vec::new();
    }
    let mut read = Vec::new();
    for (position, node) in nodes.iter().enumerate() {
        let here = at.index(position);
        match node {
            Node::Text(text) => match event_type(text, &here, notes) {
                Some(kind) if read.contains(&kind) => notes.note(&here, "repeated", "is named twice"),
                Some(kind) => read.push(kind),
                None => {}
            },
            other => wrong_type(&here, "a string", other, notes),
        }
    }
    read
}

fn event_type(text: &str, at: &Pointer, notes: &mut Invalid) -> Option<EventType> {
    let kind = EventType::parse(text);
    if kind.is_none() {
        notes.note(at, "unknown_choice", unknown(text, &event_types()));
    }
    kind
}

fn require(body: &Fields<'_, '_>, node: &Node<'_>, name: &str, detail: &str, notes: &mut Invalid) {
    let noted = notes.0.iter().any(|error| error.pointer == body.pointer(name).as_str());
    if body.node(name).is_none() && matches!(node, Node::Object(_)) && !noted {
        notes.note(&body.pointer(name), "missing", detail);
    }
}
