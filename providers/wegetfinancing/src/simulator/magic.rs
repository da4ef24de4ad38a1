//! Values in the request itself that ask for an outcome. None of them is the provider's: the README lists them.

use std::sync::Arc;
use std::time::Duration;

use super::checks::Order;
use super::decide::{self, Decision};
use super::faults::{Endpoint, Fault, Kind};
use super::money::{LENDERS_MAX, LENDERS_MIN};
use super::postback::{self, Signing};
use super::state::Sim;

/// True when the e-mail's local part carries `+tag`.
fn tagged(order: &Order, tag: &str) -> bool {
    let local = order.email.rsplit_once('@').map_or("", |(local, _)| local);
    local.split('+').skip(1).any(|known| known.eq_ignore_ascii_case(tag))
}

/// The misbehaviour that the e-mail asks for.
pub(super) fn fault(order: &Order) -> Option<Fault> {
    let kinds = [
        ("lose-reply", Kind::LoseReply),
        ("reset", Kind::Reset),
        ("silence", Kind::Silence),
        ("late", Kind::Late),
        ("http503", Kind::Status),
        ("html", Kind::Html),
        ("wrong-amount", Kind::WrongAmount),
        ("no-href", Kind::NoHref),
        ("no-inv-id", Kind::NoInvId),
    ];
    let (_, kind) = kinds.into_iter().find(|(tag, _)| tagged(order, tag))?;
    Some(Fault::once(Endpoint::Create, kind))
}

/// How many copies of each postback go out.
pub(super) fn copies(order: &Order) -> usize {
    if tagged(order, "twice") { 2 } else { 1 }
}

/// The signature that the e-mail asks for.
pub(super) fn signing(order: &Order) -> Option<Signing> {
    if tagged(order, "badsig") {
        return Some(Signing::Wrong);
    }
    tagged(order, "nosig").then_some(Signing::None)
}

/// What the lenders make of a wish: an amount outside their limits is always rejected. A customer's approval with
/// `+out-of-order` is told before its pre-approval.
pub(super) fn told(order: &Order, wish: &str) -> Vec<String> {
    let lending = matches!(wish, "approved" | "preapproved");
    if lending && (order.amount < LENDERS_MIN || order.amount > LENDERS_MAX) {
        return vec!["rejected".to_owned()];
    }
    if wish == "approved" && tagged(order, "out-of-order") {
        return vec!["approved".to_owned(), "preapproved".to_owned()];
    }
    vec![wish.to_owned()]
}

/// The decisions that the last name asks for, one delay apart.
fn wishes(order: &Order) -> &'static [&'static str] {
    let plans: [(&str, &[&str]); 4] = [
        ("autoapprove", &["approved"]),
        ("autoreject", &["rejected"]),
        ("autopreapprove", &["preapproved"]),
        ("autoslow", &["preapproved", "approved"]),
    ];
    let name = order.last_name.trim().to_ascii_lowercase();
    match plans.into_iter().find(|(known, _)| *known == name) {
        // Out of order there is nothing left to tell before the approval.
        Some(("autoslow", _)) if tagged(order, "out-of-order") => &["approved"],
        Some((_, wishes)) => wishes,
        None => &[],
    }
}

/// Starts the decisions that nobody has to click for.
pub(super) fn start(sim: &Arc<Sim>, inv_id: &str, order: &Order) {
    let wishes = wishes(order);
    if wishes.is_empty() {
        return;
    }
    let (own, inv_id, order) = (Arc::clone(sim), inv_id.to_owned(), order.clone());
    sim.tasks.spawn(async move {
        for wish in wishes {
            tokio::select! {
                () = own.stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(own.settings.postback_delay_ms)) => {}
            }
            let told = told(&order, wish);
            let ends = told.iter().any(|status| status == "rejected");
            let Ok(places) = decide::decide(&own, &inv_id, &Decision::plain(told)) else { return };
            postback::deliver(&own, &inv_id, places, false).await;
            if ends {
                return;
            }
        }
    });
}
