//! What each claim does in each state, as a table to read and to argue about.

use lendport_core::{AttemptState, AttentionKind, Claim, Decision, Grade, Money, Reason};

use crate::world::{ASKED_CENTS, Told, World, cents};
use AttemptState::*;

/// A story that ends in the state, so that its ledger is that of a real attempt.
fn world_in(state: AttemptState) -> World {
    let story: &[AttemptState] = match state {
        Initiating => &[],
        Canceled => &[AwaitingCustomer, Canceled],
        Captured => &[AwaitingCustomer, Authorized, Captured],
        Refunded => &[AwaitingCustomer, Authorized, Captured, Refunded],
        ChargedBack => &[AwaitingCustomer, Authorized, Captured, ChargedBack],
        Indeterminate => &[Indeterminate],
        Expired | Failed | Declined | Authorized => &[AwaitingCustomer, state],
        _ => &[state],
    };
    let mut world = World::with(&[Initiating]);
    for told in story {
        world.tell(&Told::new(0, Grade::Fetched, Claim::state(*told), told.as_str()));
    }
    assert_eq!(world.attempts[0].state, state);
    world
}

pub(crate) fn words(decision: &Decision) -> String {
    let mut words = Vec::new();
    if let Some(moved) = &decision.moved {
        let reason = moved.reason.as_ref().map(|reason| format!(" ({})", reason.0)).unwrap_or_default();
        words.push(format!("-> {}{reason}", moved.to.as_str()));
        words.extend(moved.late_approval.then(|| "late approval".to_owned()));
    }
    words.extend(decision.refused.as_ref().map(|refused| refused.why.as_str().to_owned()));
    words.extend(decision.ledger.iter().map(|(kind, amount)| format!("{} {amount}", kind.as_str())));
    words.extend(decision.pending_refund.map(|amount| format!("pending {amount}")));
    words.extend(decision.review.map(|open| format!("review {}", if open { "open" } else { "closed" })));
    words.extend(decision.dispute.map(|dispute| format!("dispute {}", dispute.as_str())));
    words.extend(decision.attention.iter().map(|item| format!("! {}", item.kind.as_str())));
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn doing(state: AttemptState, claim: Claim) -> Decision {
    world_in(state).tell(&Told::new(0, Grade::Fetched, claim, "now")).unwrap().decision
}

/// One letter for what a claimed state does.
fn letter(state: AttemptState, claimed: AttemptState) -> char {
    let decision = doing(state, Claim::state(claimed));
    let flagged = |kind| decision.attention.iter().any(|item| item.kind == kind);
    match (&decision.moved, &decision.refused) {
        (None, None) => '=',
        (Some(moved), _) if moved.late_approval => 'L',
        (Some(_), _) if flagged(AttentionKind::WithdrawnApproval) => 'W',
        (Some(moved), _) if moved.to != claimed => '?',
        (Some(_), _) => '>',
        (None, Some(_)) if flagged(AttentionKind::ContradictingEvidence) => '!',
        (None, Some(_)) => '.',
    }
}

/// Rows: where the attempt stands. Columns: what is claimed, in the same order.
/// `>` moves there, `=` nothing, `.` refused, `!` refused and a person is told, `L` late approval,
/// `W` becomes canceled as withdrawn and a person is told.
const STATES: &str = "
                      init inde cust revi prea merc auth capt refu char decl canc expi fail
    initiating         =    >    >    >    >    >    >    >    >    >    >    >    >    >
    indeterminate      .    =    >    >    >    >    >    >    >    >    >    >    >    >
    awaiting_customer  .    .    =    >    >    >    >    >    >    >    >    >    >    >
    under_review       .    .    >    =    >    >    >    >    >    >    >    >    >    >
    preapproved        .    .    >    >    =    >    >    >    >    >    >    >    >    >
    awaiting_merchant  .    >    >    .    .    =    >    >    >    >    .    >    >    >
    authorized         .    .    .    .    .    .    =    >    >    >    W    W    >    >
    captured           .    .    .    .    .    .    .    =    >    >    !    !    !    !
    refunded           .    .    .    .    .    .    !    !    =    >    .    .    .    .
    charged_back       .    .    .    .    .    .    !    >    >    =    .    .    .    .
    declined           .    .    .    .    .    .    L    L    .    .    =    .    .    .
    canceled           .    .    .    .    .    .    L    L    .    .    .    =    .    .
    expired            .    .    .    .    .    .    L    L    .    .    .    .    =    .
    failed             .    .    .    .    .    .    !    !    .    .    .    .    .    =";

#[test]
fn what_a_claimed_state_does() {
    let shorten =
        |state: AttemptState| state.as_str().rsplit_once("awaiting_").map_or(state.as_str(), |(_, last)| last);
    let mut table = String::from("\n                      ");
    // `under_review` is known by its second word.
    let heads =
        AttemptState::ALL.map(|state| shorten(state).trim_start_matches("under_").chars().take(4).collect::<String>());
    table.push_str(&heads.join(" "));
    for from in order() {
        let row: Vec<_> = order().map(|to| letter(from, to).to_string()).collect();
        table.push_str(&format!("\n    {:<19}{}", from.as_str(), row.join("    ")));
    }
    assert_eq!(table, STATES, "\n{table}");
}

fn order() -> impl Iterator<Item = AttemptState> {
    AttemptState::ALL.into_iter()
}

/// `state | claim | what happens`; states that are not named say what `initiating` says.
const AMOUNTS: &str = "
    initiating   | refund of 20.00     | pending 20.00, ! refund_not_approved
    initiating   | refund of nothing   | pending 1420.00, ! refund_not_approved
    initiating   | refund of 1420.01   | pending 1420.00, ! refund_not_approved
    initiating   | unknown status      | ! unknown_status
    initiating   | nothing             | -
    declined     | refund of 20.00     | pending 20.00, ! refund_not_approved
    refunded     | refund of 20.00     | ! refund_not_approved
    charged_back | refund of 20.00     | pending 20.00, ! refund_not_approved
    authorized   | refund of 20.00     | refunded 20.00
    authorized   | refund of 1420.00   | -> refunded, refunded 1420.00
    authorized   | refund of 1420.01   | -> refunded, refunded 1420.00, ! refund_above_approved
    authorized   | refund of nothing   | pending 1420.00, ! refund_without_amount
    authorized   | refund of 0.00      | pending 1420.00, ! refund_without_amount
    authorized   | refund in CAD       | pending 1420.00, ! refund_without_amount
    captured     | refund of 20.00     | refunded 20.00
    captured     | refund of 1420.00   | -> refunded, refunded 1420.00";

#[test]
fn what_a_claimed_amount_does() {
    let cad = lendport_core::Currency::CAD;
    let mut table = String::new();
    for row in AMOUNTS.trim().lines() {
        let (state, claimed) = row.rsplit_once('|').unwrap().0.split_once('|').unwrap();
        let state = AttemptState::parse(state.trim()).unwrap();
        let refund = |amount| Claim::Refund { amount, distinguishable: true };
        let claim = match claimed.trim() {
            "nothing" => Claim::Nothing,
            "unknown status" => Claim::UnknownStatus,
            "refund of nothing" => refund(None),
            "refund in CAD" => refund(Some(Money::from_minor(2_000, cad).unwrap())),
            other => {
                let amount = other.strip_prefix("refund of ").unwrap();
                refund(Some(Money::parse(amount, lendport_core::Currency::USD).unwrap()))
            }
        };
        table.push_str(&format!("\n    {:<13}|{claimed}| {}", state.as_str(), words(&doing(state, claim))));
    }
    assert_eq!(table, AMOUNTS, "\n{table}");
}

/// What entering a state means for the ledger, and what a person is told.
const EFFECTS: &str = "
    awaiting_customer -> authorized   | -> authorized, authorized 1420.00
    awaiting_customer -> captured     | -> captured, authorized 1420.00, captured 1420.00
    awaiting_customer -> refunded     | -> refunded, authorized 1420.00, refunded 1420.00
    awaiting_customer -> charged_back | -> charged_back, authorized 1420.00, charged_back 1420.00, dispute open, ! dispute_opened
    initiating -> indeterminate       | -> indeterminate, ! unknown_outcome
    authorized -> captured            | -> captured, captured 1420.00
    authorized -> declined            | -> canceled (withdrawn_by_provider), authorization_released 1420.00, ! withdrawn_approval
    authorized -> canceled            | -> canceled, authorization_released 1420.00, ! withdrawn_approval
    authorized -> expired             | -> expired, authorization_released 1420.00
    authorized -> failed              | -> failed, authorization_released 1420.00
    captured -> declined              | illegal_move, ! contradicting_evidence
    captured -> refunded              | -> refunded, refunded 1420.00
    captured -> charged_back          | -> charged_back, charged_back 1420.00, dispute open, ! dispute_opened
    charged_back -> captured          | -> captured, chargeback_reversed 1420.00, dispute won
    declined -> authorized            | -> authorized, late approval, authorized 1420.00
    expired -> captured               | -> captured, late approval, authorized 1420.00, captured 1420.00
    failed -> authorized              | illegal_move, ! contradicting_evidence";

#[test]
fn what_a_move_brings_with_it() {
    let mut table = String::new();
    for row in EFFECTS.trim().lines() {
        let ends = row.split_once('|').unwrap().0;
        let (from, to) = ends.split_once("->").unwrap();
        let (from, to) = (AttemptState::parse(from.trim()).unwrap(), AttemptState::parse(to.trim()).unwrap());
        let ends = format!("{} -> {}", from.as_str(), to.as_str());
        table.push_str(&format!("\n    {ends:<34}| {}", words(&doing(from, Claim::state(to)))));
    }
    assert_eq!(table, EFFECTS, "\n{table}");
}

#[test]
fn a_second_commitment_is_refused_and_a_person_told() {
    for (from, claimed) in
        [(Declined, Authorized), (Expired, Captured), (Preapproved, Authorized), (Indeterminate, Captured)]
    {
        let mut world = World::with(&[from, Initiating]);
        world.tell(&Told::new(1, Grade::Signed, Claim::state(Authorized), "other"));
        let step = world.tell(&Told::new(0, Grade::Signed, Claim::state(claimed), "late")).unwrap();
        assert_eq!(words(&step.decision), "commit_fence, ! late_approval", "{from:?}");
        assert_eq!(world.attempts[0].state, from);
        // Once the other is withdrawn, the fence is free.
        world.tell(&Told::new(1, Grade::Signed, Claim::state(Declined), "withdrawn"));
        world.tell(&Told::new(0, Grade::Signed, Claim::state(claimed), "told again"));
        assert_eq!(world.attempts[0].state, claimed);
    }
}

#[test]
fn the_browser_is_heard_and_not_believed() {
    for state in AttemptState::ALL {
        for claimed in AttemptState::ALL.into_iter().filter(|claimed| *claimed != state) {
            let step = world_in(state).tell(&Told::new(0, Grade::Browser, Claim::state(claimed), "browser")).unwrap();
            assert_eq!(words(&step.decision), "evidence_too_weak", "{state:?} {claimed:?}");
        }
    }
    let refund = Claim::Refund { amount: Some(cents(2_000)), distinguishable: true };
    let step = world_in(Authorized).tell(&Told::new(0, Grade::Browser, refund, "browser")).unwrap();
    assert_eq!(words(&step.decision), "evidence_too_weak");
}

#[test]
fn a_commitment_for_another_amount_is_flagged() {
    let mut world = world_in(AwaitingCustomer);
    world.attempts[0].amount_echoed = Some(cents(ASKED_CENTS - 1));
    let step = world.tell(&Told::new(0, Grade::Signed, Claim::state(Authorized), "approved")).unwrap();
    assert_eq!(words(&step.decision), "-> authorized, authorized 1420.00, ! amount_mismatch");
}

#[test]
fn a_commitment_for_an_unknown_amount_is_flagged_once_its_create_is_over() {
    for (from, flag) in
        [(Initiating, ""), (Indeterminate, ", ! amount_unverified"), (Preapproved, ", ! amount_unverified")]
    {
        let mut world = World::with(&[from]);
        world.attempts[0].amount_echoed = None;
        let step = world.tell(&Told::new(0, Grade::Signed, Claim::state(Authorized), "approved")).unwrap();
        assert_eq!(words(&step.decision), format!("-> authorized, authorized 1420.00{flag}"), "{from:?}");
    }
}

#[test]
fn an_approval_that_was_given_up_comes_back_with_a_flag() {
    let mut world = world_in(Authorized);
    world.tell(&Told::new(0, Grade::Signed, Claim::state(Declined), "withdrawn"));
    let step = world.tell(&Told::new(0, Grade::Signed, Claim::state(Authorized), "again")).unwrap();
    let told =
        "-> authorized (approved_after_withdrawal), late approval, authorized 1420.00, ! approval_after_withdrawal";
    assert_eq!(words(&step.decision), told);
}

#[test]
fn a_signature_after_the_end_moves_nothing_and_a_person_is_told() {
    let late_after = |ended, grade, reason: Option<&str>| {
        let mut world = World::with(&[Initiating]);
        let over = Claim::State { state: ended, reason: reason.map(Reason::new) };
        for (claim, key) in [(Claim::state(AwaitingCustomer), "opened"), (over, "ended")] {
            world.tell(&Told::new(0, Grade::Operator, claim, key));
        }
        let told = world.tell(&Told::new(0, grade, Claim::state(AwaitingMerchant), "signed")).unwrap();
        assert_eq!(world.attempts[0].state, ended);
        words(&told.decision)
    };
    let late = |grade, reason| late_after(Expired, grade, reason);
    let ours = Some(Reason::DEADLINE_PASSED);
    assert_eq!(late(Grade::Fetched, ours), "deadline_passed, ! late_approval");
    assert_eq!(late(Grade::Browser, ours), "evidence_too_weak");
    assert_eq!(late(Grade::Operator, ours), "illegal_move");
    // The provider said itself that it had ended, and takes a signature all the same.
    assert_eq!(late(Grade::Fetched, None), "signed_late, ! late_approval");
    assert_eq!(late_after(Declined, Grade::Fetched, None), "signed_late, ! late_approval");
    let left = Some(Reason::LEFT_BY_CUSTOMER);
    assert_eq!(late_after(Canceled, Grade::Fetched, left), "signed_late, ! late_approval");
    // Some go on showing what they were told to cancel as signed.
    assert_eq!(late_after(Canceled, Grade::Fetched, None), "illegal_move");
}

#[test]
fn an_approval_that_was_taken_back_here_surprises_nobody() {
    use lendport_core::OperationKind;
    const RELEASED: &str = "authorization_released 1420.00";
    let told = |awaited, claimed| {
        let mut world = world_in(Authorized);
        world.attempts[0].awaited = awaited;
        words(&world.tell(&Told::new(0, Grade::Signed, Claim::state(claimed), "gone")).unwrap().decision)
    };
    let canceled = told(Some(OperationKind::Cancel), Canceled);
    assert_eq!(canceled, format!("-> canceled, {RELEASED}"), "the merchant asked for it");
    for awaited in [None, Some(OperationKind::Capture), Some(OperationKind::Refund)] {
        assert_eq!(told(awaited, Canceled), format!("-> canceled, {RELEASED}, ! withdrawn_approval"), "{awaited:?}");
    }
    // The financer's own no is news, whatever is on its way to it.
    let declined = told(Some(OperationKind::Cancel), Declined);
    assert_eq!(declined, format!("-> canceled (withdrawn_by_provider), {RELEASED}, ! withdrawn_approval"));
}

#[test]
fn what_the_merchant_is_canceling_ends_as_canceled_however_it_ends() {
    use lendport_core::OperationKind;
    let told = |from, claimed| {
        let mut world = world_in(from);
        world.attempts[0].awaited = Some(OperationKind::Cancel);
        words(&world.tell(&Told::new(0, Grade::Fetched, Claim::state(claimed), "over")).unwrap().decision)
    };
    for claimed in [Declined, Expired, Failed] {
        for from in [AwaitingCustomer, UnderReview, Preapproved] {
            assert_eq!(told(from, claimed), "-> canceled (canceled_locally)", "{from:?} {claimed:?}");
        }
        // Nothing was asked for yet, or nobody knows whether it was: its create ends as it ends.
        for from in [Initiating, Indeterminate] {
            assert_eq!(told(from, claimed), format!("-> {}", claimed.as_str()), "{from:?}");
        }
        // What is not heard without a cancel is not heard with one.
        for from in [Captured, Declined, Canceled, Failed] {
            assert!(!told(from, claimed).contains("->"), "{from:?} {claimed:?}");
        }
    }
    for claimed in [Expired, Failed] {
        assert_eq!(told(AwaitingMerchant, claimed), "-> canceled (canceled_by_merchant)");
        let released = "authorization_released 1420.00";
        assert_eq!(told(Authorized, claimed), format!("-> canceled (canceled_by_merchant), {released}"));
    }
    assert_eq!(told(AwaitingMerchant, Declined), "illegal_move");
}
