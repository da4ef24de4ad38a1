//! What must hold in every state that is ever stored, and of every step between two of them. Written from `model.md`, not from
//! the code it judges.

use lendport_core::routing::LateApproval;
use lendport_core::{Attempt, AttemptId, AttemptState, AttentionKind, EventType, OperationKind, Phase, readiness};
use lendport_testkit::clock::START;

use super::financer::{KINDS, Sent};
use super::memory::{Heard, Rows};
use super::world::{Point, Step};

fn committed(state: AttemptState) -> bool {
    matches!(state, AttemptState::Authorized | AttemptState::Captured)
}

fn over(state: AttemptState) -> bool {
    use AttemptState::*;
    matches!(state, Refunded | ChargedBack | Declined | Canceled | Expired | Failed)
}

/// Who may have a claim on the customer without anybody knowing.
fn uncertain(state: AttemptState) -> bool {
    matches!(state, AttemptState::Initiating | AttemptState::Indeterminate | AttemptState::AwaitingMerchant)
}

/// True where the customer may sign in a window that was left open, and nobody wants it any more. What its financer was told to
/// cancel, or told us that it canceled, is not among it.
pub(super) fn signs_in_vain(one: &Attempt) -> bool {
    let reason = one.reason.as_ref().map(|reason| reason.0.as_str());
    match one.state {
        AttemptState::Declined | AttemptState::Expired => reason != Some("canceled_locally"),
        AttemptState::Canceled => reason == Some("left_by_customer"),
        _ => false,
    }
}

/// Where the profile has late approvals undone, somebody comes to each that a financer can undo, whenever the one who heard of it
/// stopped.
fn is_forgotten(rows: &Rows, one: &Attempt) -> bool {
    let policies = rows.record.checkout.route.policies;
    let undone = policies.is_some_and(|policies| policies.late_approval == LateApproval::Unwind);
    let late =
        |item: &lendport_storage::AttentionItem| item.attempt == one.id && item.kind == AttentionKind::LateApproval;
    let beside = rows.record.attempts.iter().any(|other| other.id != one.id && committed(other.state));
    let has_the_call = one.provider.as_str() != KINDS[0].id;
    undone && beside && has_the_call && over(one.state) && rows.open_items().any(late) && one.poll_at.is_none()
}

/// Looked at after every single commit of the store.
pub(super) fn of_a_state(rows: &Rows) -> Vec<String> {
    let mut wrong = Vec::new();
    let attempts = &rows.record.attempts;
    let live = attempts.iter().filter(|one| committed(one.state)).count();
    if live > 1 {
        wrong.push(format!("{live} live commitments"));
    }
    if readiness::blockers(&rows.record, START).is_empty() {
        let others = attempts.iter().filter(|one| !committed(one.state));
        if live != 1 {
            wrong.push("to be shipped, and nobody is committed".to_owned());
        }
        if let Some(other) = others.clone().find(|one| uncertain(one.state)) {
            wrong.push(format!("to be shipped while attempt {} is {}", other.number, other.state.as_str()));
        }
        if !rows.record.checkout.ready_announced {
            wrong.push("to be shipped, and the merchant was not told".to_owned());
        }
    }
    let ready = rows.events.iter().filter(|kind| **kind == EventType::CheckoutReadyToFulfill).count();
    if ready > 1 {
        wrong.push(format!("ready to fulfill told {ready} times"));
    }
    for one in attempts.iter().filter(|one| is_forgotten(rows, one)) {
        wrong.push(format!("attempt {} is to be undone, and nobody will come to it", one.number));
    }
    for one in attempts.iter().filter(|one| !committed(one.state)) {
        let sums = rows.record.ledger.amounts_of(one.id, one.amount.currency()).unwrap();
        let back = matches!(one.state, AttemptState::Refunded | AttemptState::ChargedBack);
        if !back && !sums.authorized.is_zero() {
            wrong.push(format!("attempt {} is {} and {} is booked", one.number, one.state.as_str(), sums.authorized));
        }
    }
    wrong
}

/// A call that may bind somebody.
pub(super) fn of_a_call(sent: &Sent) -> Vec<String> {
    let rows = &sent.rows;
    let others = || rows.record.attempts.iter().filter(|one| one.number != sent.attempt);
    let mut wrong = Vec::new();
    let mut say = |number: u32, why: &str| {
        wrong.push(format!("{} of attempt {} sent while attempt {number} {why}", sent.what, sent.attempt));
    };
    for one in others() {
        match sent.what {
            // Those that were there before: a new one starts on nothing that is open or unknown.
            "create" if !over(one.state) => say(one.number, one.state.as_str()),
            "create" | "finalize" if committed(one.state) || one.state == AttemptState::Indeterminate => {
                say(one.number, one.state.as_str());
            }
            _ => {}
        }
        let claims =
            |item: &lendport_storage::AttentionItem| item.attempt == one.id && item.kind == AttentionKind::LateApproval;
        if sent.what == "create" && rows.open_items().any(claims) {
            say(one.number, "has an approval that nobody has settled");
        }
    }
    wrong
}

/// `from -> to`, where time only goes on. Restated here: [`lendport_core::moves`] is what is judged.
fn goes_on(from: AttemptState, to: AttemptState) -> bool {
    use AttemptState::*;
    match (from, to) {
        (Authorized, Captured | Canceled | Expired | Failed | Refunded | ChargedBack)
        | (Captured | ChargedBack, Refunded)
        | (Captured | Refunded, ChargedBack)
        | (ChargedBack, Captured)
        | (Declined | Expired | Canceled, Authorized | Captured) => true,
        (Authorized | Captured | ChargedBack | Refunded | Declined | Expired | Canceled | Failed, _)
        | (_, Initiating) => false,
        (_, Indeterminate) => matches!(from, Initiating | AwaitingMerchant),
        _ => from != to,
    }
}

fn ends(heard: &Heard) -> Option<(AttemptState, AttemptState)> {
    let (from, rest) = heard.detail.as_deref().filter(|_| heard.outcome == "moved")?.split_once(" -> ")?;
    let to = rest.split(',').next()?;
    Some((AttemptState::parse(from)?, AttemptState::parse(to)?))
}

/// A new attempt starts on what has ended and was never settled, on a page that the customer leaves, or in the place of a create
/// that nobody saw the answer of and that may be made twice.
fn of_a_start(before: &Point, after: &Point) -> Vec<String> {
    let known = &before.rows.record.attempts;
    let Some(new) = after.rows.record.attempts.get(known.len()) else { return Vec::new() };
    let harmless = |one: &Attempt| one.provider == new.provider && one.provider.as_str() == KINDS[0].id;
    // The answer to its create, a no, may have the next one started in the same step.
    let heard =
        || after.rows.heard.iter().skip(before.rows.heard.len()).filter(|heard| heard.key.starts_with("answer:"));
    let said_no = |id: AttemptId| heard().any(|no| no.attempt == id && ends(no).is_some_and(|(_, to)| over(to)));
    let held = known.iter().filter(|one| match one.state {
        AttemptState::Initiating | AttemptState::Indeterminate if said_no(one.id) => false,
        AttemptState::Indeterminate => !harmless(one),
        AttemptState::AwaitingCustomer => known.last().is_none_or(|latest| latest.id != one.id),
        AttemptState::Refunded | AttemptState::ChargedBack => true,
        state => !over(state),
    });
    held.map(|one| format!("attempt {} started on {} that was {}", new.number, one.number, one.state.as_str()))
        .collect()
}

/// True for a step in which the merchant's cancel of the latest attempt was carried out.
pub(super) fn is_given_up(before: &Rows, after: &Rows) -> bool {
    let latest = after.record.attempts.last().map(|one| one.id);
    let new = after.operations.iter().filter(|one| !before.operations.iter().any(|known| known.id == one.id));
    let mut cancels = new.filter(|one| one.kind == OperationKind::Cancel && one.phase == Phase::Settled);
    cancels.any(|one| Some(one.attempt) == latest)
}

/// True for a step in which a late approval took the checkout over.
pub(super) fn came_back(before: &Rows, after: &Rows) -> bool {
    let told = |rows: &Rows| rows.events.iter().filter(|kind| **kind == EventType::AttemptLateApproval).count();
    told(after) > told(before)
}

/// After a merchant's cancel that was carried out nobody is asked, unless the merchant says so.
pub(super) fn of_what_was_given_up(before: &Point, step: &Step, by_the_merchant: bool) -> Vec<String> {
    let new = step.after.rows.record.attempts.get(before.rows.record.attempts.len());
    let new = new.filter(|_| before.given_up && !by_the_merchant);
    new.map(|new| format!("attempt {} started on an order that was given up", new.number)).into_iter().collect()
}

/// Items that ask a person after a yes, or a signature.
fn asks(kind: AttentionKind) -> bool {
    matches!(kind, AttentionKind::LateApproval | AttentionKind::PaidAfterCancel | AttentionKind::ContradictingEvidence)
}

/// A step: from one state to the next by a signal.
pub(super) fn of_a_step(before: &Point, step: &Step, looked: bool) -> Vec<String> {
    let Step { after, yes, signed_in_vain, .. } = step;
    let mut wrong = after.rows.wrong.clone();
    wrong.extend(of_a_start(before, after));
    let new: Vec<&Heard> = after.rows.heard.iter().skip(before.rows.heard.len()).collect();
    let mut late = 0;
    for one in &after.rows.record.attempts {
        let was = before.rows.record.attempt(one.id).map_or(AttemptState::Initiating, |known| known.state);
        let mut stands = was;
        for (from, to) in new.iter().filter(|heard| heard.attempt == one.id).filter_map(|heard| ends(heard)) {
            if from != stands || !goes_on(from, to) {
                wrong.push(format!("attempt {}: {} -> {}", one.number, from.as_str(), to.as_str()));
            }
            late +=
                usize::from(matches!(from, AttemptState::Declined | AttemptState::Expired | AttemptState::Canceled));
            stands = to;
        }
        if stands != one.state {
            let (stands, now) = (stands.as_str(), one.state.as_str());
            wrong.push(format!("attempt {} came from {stands} to {now} and no observation says so", one.number));
        }
    }
    let told = |rows: &Rows, kind: EventType| rows.events.iter().filter(|known| **known == kind).count();
    let told_late =
        told(&after.rows, EventType::AttemptLateApproval) - told(&before.rows, EventType::AttemptLateApproval);
    if told_late != late {
        wrong.push(format!("{late} late approvals taken, {told_late} told"));
    }
    if before.rows.record.checkout.ready_announced && !after.rows.record.checkout.ready_announced {
        wrong.push("ready was told and is forgotten".to_owned());
    }
    for id in signed_in_vain {
        let about = |item: &lendport_storage::AttentionItem| item.attempt == *id && asks(item.kind);
        // Asked once: what is canceled then may be shown as signed for ever.
        if !after.rows.items.iter().any(about) {
            wrong.push(format!("{id} was signed after it had ended, and nobody heard of it"));
        }
    }
    for id in yes {
        let one = after.rows.record.attempt(*id).unwrap();
        // An older yes, told again after everything went back.
        let earlier = before.rows.record.attempt(*id).is_some_and(|known| committed(known.state));
        let settled = earlier || matches!(one.state, AttemptState::Refunded | AttemptState::ChargedBack);
        let asked = after.rows.open_items().any(|item| item.attempt == *id && asks(item.kind));
        // The same word was turned down at an earlier look, and a person has looked after it since.
        let was_asked = looked
            && after.rows.items.iter().any(|item| {
                item.attempt == *id && asks(item.kind) && item.resolution.as_ref().is_some_and(|one| one.by.is_some())
            });
        // Undone at once by the gateway itself.
        let undone =
            after.rows.items.iter().skip(before.rows.items.len()).any(|item| item.attempt == *id && asks(item.kind));
        // Taken over, and ended by what came after it in the same step.
        let taken = new
            .iter()
            .filter(|heard| heard.attempt == *id)
            .filter_map(|heard| ends(heard))
            .any(|(_, to)| committed(to));
        if !(committed(one.state) || taken || settled || asked || was_asked || undone) {
            wrong.push(format!("attempt {} said yes, is {}, and nobody is asked", one.number, one.state.as_str()));
        }
    }
    wrong
}
