//! Values in the prefilled payer that ask for an outcome. None of them is the provider's: the README lists them.

use std::sync::Arc;
use std::time::Duration;

use super::decide::{self, Act};
use super::endpoint::Endpoint;
use super::errors::Refusal;
use super::faults::{Fault, Kind};
use super::hosted::Hosted;
use super::notice::Telling;
use super::order::{Method, Order};
use super::state::Sim;

fn hosted(order: &Order) -> Option<&Hosted> {
    match &order.method {
        Method::Hosted(hosted) => Some(hosted),
        _ => None,
    }
}

/// The `+tag`s of the prefilled e-mail's local part.
fn tags(order: &Order) -> impl Iterator<Item = &str> {
    let email = hosted(order).and_then(|hosted| hosted.email.as_deref()).unwrap_or_default();
    let local = email.rsplit_once('@').map_or("", |(local, _)| local);
    local.split('+').skip(1)
}

/// The misbehaviour that the e-mail asks for.
pub(super) fn fault(order: &Order) -> Option<Fault> {
    let kinds = [
        ("lose-reply", Kind::LoseReply),
        ("silence", Kind::Silence),
        ("late", Kind::Late),
        ("half", Kind::HalfBody),
        ("wrong-amount", Kind::WrongAmount),
        ("no-uri", Kind::NoUri),
        ("no-id", Kind::NoId),
    ];
    let (_, kind) = kinds.into_iter().find(|(tag, _)| tags(order).any(|known| known.eq_ignore_ascii_case(tag)))?;
    Some(Fault::once(Endpoint::Create, kind))
}

/// `+err1003` asks for that error.
pub(super) fn refusal(order: &Order) -> Option<Refusal> {
    tags(order).find_map(|tag| tag.strip_prefix("err")?.parse().ok()).map(Refusal::of)
}

/// What the last word of the prefilled name asks for.
fn wishes(order: &Order) -> &'static [Act] {
    let name = hosted(order).and_then(|hosted| hosted.name.as_deref()).unwrap_or_default();
    let last = name.split_whitespace().last().unwrap_or_default().to_ascii_lowercase();
    match last.as_str() {
        "autoapprove" | "autopay" => &[Act::Pay],
        "autopreapprove" | "autohold" => &[Act::PayUnreviewed],
        "autoslow" => &[Act::PayUnreviewed, Act::Reviewed],
        "autoreject" | "autodecline" => &[Act::Decline],
        _ => &[],
    }
}

/// Starts what nobody has to click for, one delay apart.
pub(super) fn start(sim: &Arc<Sim>, id: u64, order: &Order) {
    let wishes = wishes(order);
    if wishes.is_empty() {
        return;
    }
    let own = Arc::clone(sim);
    sim.tasks.spawn(async move {
        for wish in wishes {
            tokio::select! {
                () = own.stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(own.settings.action_delay_ms)) => {}
            }
            let _told = decide::act(&own, id, *wish, None, Telling::Merged);
        }
    });
}
