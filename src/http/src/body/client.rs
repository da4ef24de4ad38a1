//! What the customer's page sends: a choice of a financer, and that the customer came back.

use lendport_core::{AttemptId, Invalid, Pointer};
use lendport_engine::CameBack;

use super::fields::Fields;
use super::node::Node;

pub(crate) const CHOICE: &[&str] = &["provider", "after"];
pub(crate) const CAME_BACK: &[&str] = &["outcome"];
/// Characters of a financer's name that are looked at.
const NAME_MAX_CHARS: usize = 40;

/// A financer that the customer chose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) provider: String,
    /// The latest attempt as the customer saw it.
    pub(crate) after: Option<AttemptId>,
}

/// Reads `{"provider": ..., "after": ...}`.
pub(crate) fn choice(node: &Node<'_>, notes: &mut Invalid) -> Choice {
    let body = Fields::open(node, Pointer::root(), CHOICE, notes);
    let (provider, after) = (body.text("provider", notes), body.text("after", notes));
    judge(provider.as_deref(), after.as_deref(), notes)
}

/// Judges a choice, however it was sent. An empty `after` means that there was no attempt yet.
pub(crate) fn judge(provider: Option<&str>, after: Option<&str>, notes: &mut Invalid) -> Choice {
    let root = Pointer::root();
    let provider = provider.unwrap_or_default();
    if provider.is_empty() || provider.chars().count() > NAME_MAX_CHARS {
        notes.note(&root.child("provider"), "missing", "name one of choices");
    }
    let after = after.filter(|text| !text.is_empty()).and_then(|text| {
        let id = text.parse().ok();
        if id.is_none() {
            notes.note(&root.child("after"), "invalid_value", "must be the attempt of the status, or null");
        }
        id
    });
    Choice { provider: provider.to_owned(), after }
}

/// Reads `{"outcome": ...}`.
pub(crate) fn came_back(node: &Node<'_>, notes: &mut Invalid) -> Option<CameBack> {
    let body = Fields::open(node, Pointer::root(), CAME_BACK, notes);
    if body.node("outcome").is_none() {
        notes.note(&body.pointer("outcome"), "missing", "say complete or abort");
        return None;
    }
    body.word("outcome", &["complete", "abort"], CameBack::parse, notes)
}
