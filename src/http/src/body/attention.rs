//! The body of a resolution.

use lendport_core::{Invalid, Pointer};
use rust_decimal::Decimal;

use super::command::{Lines, lines};
use super::fields::Fields;
use super::node::Node;
use super::text::message;

pub(crate) const RESOLVE: &[&str] = &["choice", "reason", "amount", "lines"];

/// How an item is settled.
#[derive(Debug, Default)]
pub(crate) struct Resolve {
    pub(crate) choice: String,
    pub(crate) reason: String,
    pub(crate) amount: Option<Decimal>,
    pub(crate) lines: Lines,
}

/// Reads `{"choice": ..., "reason": ..., "amount": ..., "lines": [...]}`.
pub(crate) fn resolve(node: &Node<'_>, notes: &mut Invalid) -> Resolve {
    let body = Fields::open(node, Pointer::root(), RESOLVE, notes);
    let before = notes.0.len();
    let choice = body.text("choice", notes);
    let reason = message(&body, "reason", notes);
    if notes.0.len() == before && matches!(node, Node::Object(_)) {
        let required =
            [("choice", choice.is_none(), "is required"), ("reason", reason.is_none(), "say why; it is kept")];
        for (name, absent, detail) in required {
            if absent {
                notes.note(&body.pointer(name), "missing", detail);
            }
        }
    }
    let amount = body.amount("amount", notes);
    let lines = lines(&body, notes);
    Resolve { choice: choice.unwrap_or_default(), reason: reason.unwrap_or_default(), amount, lines }
}
