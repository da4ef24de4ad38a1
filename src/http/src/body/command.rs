//! The bodies of cancel, capture, refund and of the next attempt.

use lendport_core::{Invalid, LineId, Pointer, limits};
use rust_decimal::Decimal;

use super::fields::Fields;
use super::node::Node;
use super::text::message;

pub(crate) const ATTEMPT: &[&str] = &["provider"];
pub(crate) const COMMAND: &[&str] = &["lines", "reason"];
pub(crate) const REFUND: &[&str] = &["amount", "lines", "reason"];
pub(crate) const LINE: &[&str] = &["line_id", "quantity"];

/// Lines and units of them.
pub(crate) type Lines = Vec<(LineId, u32)>;

/// What cancel and capture may say.
#[derive(Debug, Default)]
pub(crate) struct Command {
    pub(crate) lines: Lines,
    pub(crate) reason: Option<String>,
}

/// What a refund may say.
#[derive(Debug, Default)]
pub(crate) struct Refund {
    pub(crate) amount: Option<Decimal>,
    pub(crate) lines: Lines,
    pub(crate) reason: Option<String>,
}

/// Reads a body that says nothing.
pub(crate) fn nothing(node: &Node<'_>, notes: &mut Invalid) {
    Fields::open(node, Pointer::root(), &[], notes);
}

/// Reads `{"provider": ...}`.
pub(crate) fn attempt(node: &Node<'_>, notes: &mut Invalid) -> Option<String> {
    let body = Fields::open(node, Pointer::root(), ATTEMPT, notes);
    body.text("provider", notes)
}

/// Reads the body of cancel or capture.
pub(crate) fn command(node: &Node<'_>, notes: &mut Invalid) -> Command {
    let body = Fields::open(node, Pointer::root(), COMMAND, notes);
    Command { lines: lines(&body, notes), reason: message(&body, "reason", notes) }
}

/// Reads the body of a refund.
pub(crate) fn refund(node: &Node<'_>, notes: &mut Invalid) -> Refund {
    let body = Fields::open(node, Pointer::root(), REFUND, notes);
    let amount = body.amount("amount", notes);
    if amount.is_some_and(|amount| amount.is_zero()) {
        notes.note(&body.pointer("amount"), "out_of_range", "must be more than zero");
    }
    let lines = lines(&body, notes);
    if amount.is_some() && !lines.is_empty() {
        notes.note(&body.pointer("lines"), "conflict", "give either amount or lines, not both");
    }
    Refund { amount, lines, reason: message(&body, "reason", notes) }
}

/// Reads `lines[] {line_id, quantity}`; absent means all.
pub(crate) fn lines(body: &Fields<'_, '_>, notes: &mut Invalid) -> Lines {
    let at = body.pointer("lines");
    let nodes = body.list("lines", notes).unwrap_or_default();
    if nodes.len() > limits::CART_LINES_MAX {
        notes.note(&at, "too_many", format!("name at most {} lines", limits::CART_LINES_MAX));
        return Vec::new();
    }
    if body.node("lines").is_some() && nodes.is_empty() {
        notes.note(&at, "too_few", "name at least one line, or leave the field out for all");
    }
    let mut read: Lines = Vec::new();
    for (position, node) in nodes.iter().enumerate() {
        let line = Fields::open(node, at.index(position), LINE, notes);
        let known_before = notes.0.len();
        let id = line.text("line_id", notes).and_then(|text| {
            let id = text.parse::<LineId>();
            if let Err(error) = &id {
                notes.note(&line.pointer("line_id"), "invalid_id", error.to_string());
            }
            id.ok()
        });
        let quantity = line.count("quantity", notes);
        if notes.0.len() == known_before {
            for (name, absent) in [("line_id", id.is_none()), ("quantity", quantity.is_none())] {
                if absent && matches!(node, Node::Object(_)) {
                    notes.note(&line.pointer(name), "missing", "is required");
                }
            }
        }
        match (id, quantity) {
            (Some(_), Some(quantity)) if !(1..=limits::LINE_QUANTITY_MAX).contains(&quantity) => {
                let detail = format!("must be a whole number from 1 to {}", limits::LINE_QUANTITY_MAX);
                notes.note(&line.pointer("quantity"), "out_of_range", detail);
            }
            (Some(id), Some(_)) if read.iter().any(|(known, _)| *known == id) => {
                notes.note(&line.pointer("line_id"), "repeated", "is named twice");
            }
            (Some(id), Some(quantity)) => read.push((id, quantity)),
            _ => {}
        }
    }
    read
}
