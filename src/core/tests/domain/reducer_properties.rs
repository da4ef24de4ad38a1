//! Whatever is told, in whatever order and however often: what `reduce` may never do.

use lendport_core::AttentionKind::WithdrawnApproval;
use lendport_core::fence::Fence;
use lendport_core::{AttemptState, Claim, Currency, Grade, LedgerKind, Money, OperationKind, Reason};
use proptest::prelude::*;

use crate::world::{ASKED_CENTS, Step, Told, World, cases, cents, stands};
use AttemptState::*;

/// The legal moves in one sentence per state, skipped states included. Written from `model.md` section 2 without a look
/// at `moves.rs`: a state that was left out on the way is one the provider did not tell of.
fn legal(from: AttemptState, to: AttemptState) -> bool {
    let settled = [Authorized, Captured, Refunded, ChargedBack, Canceled, Expired, Failed];
    from != to
        && match (from, to) {
            (_, Initiating) => false,
            (_, Indeterminate) => [Initiating, AwaitingMerchant].contains(&from),
            // Nobody has decided yet, or nobody knows: anything may be told next.
            (Initiating | Indeterminate | AwaitingCustomer | UnderReview | Preapproved, _) => true,
            // The customer may have to come back; the provider has said yes, so it does not decline.
            (AwaitingMerchant, to) => to == AwaitingCustomer || settled.contains(&to),
            (Authorized, to) => settled.contains(&to),
            (Captured, to) => [Refunded, ChargedBack].contains(&to),
            (Refunded, to) => to == ChargedBack,
            // A dispute was won, and what was captured again may have been given back since.
            (ChargedBack, to) => [Captured, Refunded].contains(&to),
            (Declined | Expired | Canceled, to) => [Authorized, Captured].contains(&to),
            (Failed, _) => false,
        }
}

/// How final a state is. A step to a lower level is a step backwards.
fn level(state: AttemptState) -> u8 {
    match state {
        Initiating | Indeterminate | AwaitingCustomer | UnderReview | Preapproved | AwaitingMerchant => 0,
        Declined | Canceled | Expired | Failed => 1,
        Authorized => 2,
        Captured => 3,
        Refunded => 4,
        ChargedBack => 5,
    }
}

/// Backwards, apart from the two reversals that the model names: a withdrawn commitment and a won dispute.
fn backwards(from: AttemptState, to: AttemptState) -> bool {
    let withdrawn = from == Authorized && [Canceled, Expired, Failed].contains(&to);
    let dispute_won = from == ChargedBack && [Captured, Refunded].contains(&to);
    level(to) < level(from) && !withdrawn && !dispute_won
}

fn grades() -> impl Strategy<Value = Grade> {
    prop_oneof![
        1 => Just(Grade::Browser),
        2 => Just(Grade::Token),
        2 => Just(Grade::Signed),
        2 => Just(Grade::Fetched),
        1 => Just(Grade::Operator),
    ]
}

fn claims() -> impl Strategy<Value = Claim> {
    let reason = prop_oneof![Just(None), Just(Some(Reason::new("told_so")))];
    let amount = prop_oneof![
        1 => Just(None),
        1 => Just(Some(cents(0))),
        6 => (1..=ASKED_CENTS).prop_map(|minor| Some(cents(minor))),
        2 => Just(Some(cents(ASKED_CENTS))),
        1 => Just(Some(Money::from_minor(1_000, Currency::CAD).unwrap())),
        1 => (ASKED_CENTS..900_000_000_000).prop_map(|minor| Some(cents(minor))),
    ];
    prop_oneof![
        10 => (proptest::sample::select(AttemptState::ALL.to_vec()), reason)
            .prop_map(|(state, reason)| Claim::State { state, reason }),
        // Commitments are what the rules are about: told more often than chance would.
        4 => proptest::sample::select(vec![Authorized, Captured]).prop_map(Claim::state),
        4 => (amount, any::<bool>()).prop_map(|(amount, distinguishable)| Claim::Refund { amount, distinguishable }),
        1 => Just(Claim::UnknownStatus),
        1 => Just(Claim::Nothing),
    ]
}

/// Up to 30 facts about up to 3 attempts; the few keys make repeats common.
pub(crate) fn stories() -> impl Strategy<Value = (usize, Vec<Told>)> {
    (1_usize..=3).prop_flat_map(|attempts| {
        let told = (0..attempts, grades(), claims(), 0_u8..40)
            .prop_map(|(attempt, grade, claim, key)| Told::new(attempt, grade, claim, key.to_string()));
        (Just(attempts), proptest::collection::vec(told, 0..30))
    })
}

/// The states on the way to the furthest one, each told up to three times in its own words, in any order.
fn forward_stories() -> impl Strategy<Value = (AttemptState, Vec<Told>)> {
    const WAY: [AttemptState; 7] =
        [AwaitingCustomer, UnderReview, Preapproved, AwaitingMerchant, Authorized, Captured, Refunded];
    (1..=WAY.len(), 1_usize..=3).prop_flat_map(|(length, times)| {
        let way = &WAY[..length];
        let reached = *way.last().unwrap_or(&Initiating);
        let told = way.iter().flat_map(|state| {
            // A key of its own: the same state in other words is not dropped as a repeat.
            let word = state.as_str();
            (0..times).map(move |time| Told::new(0, Grade::Token, Claim::state(*state), format!("{word} {time}")))
        });
        (Just(reached), Just(told.collect::<Vec<_>>()).prop_shuffle())
    })
}

pub(crate) fn judge_step(step: &Step, told: &Told) -> Result<(), TestCaseError> {
    let Step { before, after, decision, fence, .. } = step;
    match &decision.moved {
        None => prop_assert_eq!(before, after),
        Some(moved) => {
            prop_assert_eq!((moved.from, moved.to), (*before, *after), "a move names both ends");
            prop_assert!(legal(*before, *after), "{before:?} -> {after:?}");
            prop_assert!(!backwards(*before, *after), "{before:?} -> {after:?}");
            prop_assert!(decision.refused.is_none());
            let ended = [Declined, Expired, Canceled].contains(before);
            prop_assert_eq!(moved.late_approval, ended, "late approval is what brings an ended attempt back");
            if after.is_committed() {
                prop_assert_eq!(*fence, Fence::Free, "committed through a held fence");
            }
        }
    }
    if let Some(refused) = &decision.refused {
        prop_assert_eq!(refused.from, *before);
        prop_assert_ne!(refused.from, refused.to);
        let text = refused.to_string();
        prop_assert!(text.contains(refused.from.as_str()) && text.contains(refused.to.as_str()), "{text}");
        prop_assert!(decision.ledger.is_empty(), "a refused move moves no money");
    }
    if told.grade == Grade::Browser {
        prop_assert!(decision.moved.is_none() && decision.ledger.is_empty(), "the browser moved something");
    }
    if *before == Failed {
        prop_assert_eq!(*after, Failed);
    }
    prop_assert!(decision.ledger.iter().all(|(_, amount)| !amount.is_zero()), "an empty movement");
    Ok(())
}

/// The sums that each attempt's state and history imply: nothing below zero, nothing given back or captured that was not
/// committed, and all of it what the financer's commitment is for.
pub(crate) fn judge_sums(world: &World) -> Result<(), TestCaseError> {
    let live = world.attempts.iter().filter(|attempt| attempt.state.is_committed()).count();
    prop_assert!(live <= 1, "{live} live commitments");
    // Fails when a sum would be negative.
    let totals = world.ledger.amounts(Currency::USD).unwrap();
    let mut in_all = (0, 0, 0);
    for (at, attempt) in world.attempts.iter().enumerate() {
        let (state, sum) = (attempt.state, world.expected[at].stands_for);
        let was = |state: AttemptState| world.was[at].contains(&state);
        let all_or_nothing = |entered: bool| if entered { sum } else { 0 };
        let amounts = world.ledger.amounts_of(attempt.id, Currency::USD).unwrap();
        let [authorized, captured, refunded] =
            [amounts.authorized, amounts.captured, amounts.refunded].map(Money::minor);
        prop_assert_eq!(authorized, all_or_nothing(stands(state)), "authorized in {:?}", state);
        prop_assert_eq!(captured, all_or_nothing(was(Captured)), "captured in {:?}", state);
        prop_assert!(captured <= authorized, "captured {captured} of {authorized}");
        let charged_back = all_or_nothing(state == ChargedBack);
        prop_assert_eq!(amounts.charged_back.minor(), charged_back, "charged back in {:?}", state);
        prop_assert!(refunded <= sum, "refunded {refunded} of {sum}");
        if stands(state) {
            prop_assert!(refunded <= authorized && (captured == 0 || refunded <= captured), "refunded {refunded}");
            prop_assert!(refunded < sum || was(Refunded), "refunded {} in {:?}", refunded, state);
        }
        prop_assert!(state != Refunded || refunded == sum, "refunded {} of {}", refunded, sum);
        prop_assert_eq!(world.ledger.left_to_refund(attempt).unwrap().minor(), left(world, at) - refunded);
        // Fails when more was settled than was announced.
        let announced = world.ledger.pending_refunds(attempt.id, Currency::USD).unwrap();
        prop_assert!(announced.minor() <= world.expected[at].most, "announced {announced}");
        in_all = (in_all.0 + authorized, in_all.1 + captured, in_all.2 + refunded);
    }
    prop_assert_eq!((totals.authorized.minor(), totals.captured.minor(), totals.refunded.minor()), in_all);
    Ok(())
}

/// What could be given back of an attempt if nothing was yet.
fn left(world: &World, at: usize) -> u64 {
    let expected = &world.expected[at];
    let coming = expected.accepted.filter(|_| !stands(world.attempts[at].state));
    coming.unwrap_or(expected.stands_for)
}

proptest! {
    #![proptest_config(cases(12_000))]

    #[test]
    fn no_sequence_makes_an_illegal_move_or_two_commitments((attempts, story) in stories()) {
        let mut world = World::with(&vec![Initiating; attempts]);
        for told in &story {
            if let Some(step) = world.tell(told) {
                prop_assert_eq!(step.attempt, told.attempt);
                judge_step(&step, told)?;
                judge_sums(&world)?;
            }
        }
    }

    #[test]
    fn telling_it_all_again_changes_nothing((attempts, story) in stories()) {
        let mut world = World::with(&vec![Initiating; attempts]);
        for told in &story {
            world.tell(told);
        }
        let (attempts, ledger) = (world.attempts.clone(), world.ledger.clone());
        for told in story.iter().rev() {
            prop_assert!(world.tell(told).is_none());
        }
        prop_assert_eq!(&world.attempts, &attempts);
        prop_assert_eq!(&world.ledger, &ledger);
    }

    /// A person is told of an approval that went away exactly where neither a person nor a cancel of ours took it back; a
    /// cancel on its way changes nothing else, but for how what it is on its way to may end by itself.
    #[test]
    fn a_cancel_of_ours_is_no_withdrawal((attempts, story) in stories(), asked in any::<[bool; 3]>()) {
        let (mut world, mut silent) = (World::with(&vec![Initiating; attempts]), World::with(&vec![Initiating; attempts]));
        for (at, attempt) in world.attempts.iter_mut().enumerate() {
            attempt.awaited = asked[at].then_some(OperationKind::Cancel);
        }
        let ends = |claim: &Claim| matches!(claim, Claim::State { state: Declined | Expired | Failed, .. });
        for told in story.iter().filter(|told| !(asked[told.attempt] && ends(&told.claim))) {
            let (Some(mut step), Some(same)) = (silent.tell(told), world.tell(told)) else { continue };
            let flagged = |step: &Step| step.decision.attention.iter().any(|item| item.kind == WithdrawnApproval);
            let gone = same.before == Authorized && same.after == Canceled && told.grade != Grade::Operator;
            let ours = asked[told.attempt] && matches!(told.claim, Claim::State { state: Canceled, .. });
            prop_assert_eq!(flagged(&step), gone);
            prop_assert_eq!(flagged(&same), gone && !ours);
            if ours {
                step.decision.attention.retain(|item| item.kind != WithdrawnApproval);
            }
            prop_assert_eq!(step.decision, same.decision);
        }
    }

    /// A provider's story that only goes forward ends where it would have ended in order.
    #[test]
    fn shuffled_and_repeated_forward_stories_end_alike((reached, story) in forward_stories()) {
        let mut world = World::with(&[Initiating]);
        for told in &story {
            if let Some(step) = world.tell(told) {
                judge_step(&step, told)?;
                judge_sums(&world)?;
            }
        }
        let ended = world.attempts[0].state;
        if level(reached) == 0 {
            prop_assert_eq!(level(ended), 0, "undecided among themselves, whichever was told last");
        } else {
            prop_assert_eq!(ended, reached);
        }
    }

    /// Refunds are added up to what was approved, in any order, and the last cent closes the attempt.
    #[test]
    fn refunds_add_up_and_stop_at_what_was_approved(parts in proptest::collection::vec(1_u64..=ASKED_CENTS, 1..12)) {
        let mut world = World::with(&[Initiating]);
        world.tell(&Told::new(0, Grade::Signed, Claim::state(Authorized), "approved"));
        for (at, minor) in parts.iter().enumerate() {
            let claim = Claim::Refund { amount: Some(cents(*minor)), distinguishable: true };
            world.tell(&Told::new(0, Grade::Signed, claim, at.to_string()));
        }
        let told: u64 = parts.iter().sum();
        prop_assert_eq!(world.sum(0, LedgerKind::Refunded), told.min(ASKED_CENTS));
        prop_assert_eq!(world.attempts[0].state, if told >= ASKED_CENTS { Refunded } else { Authorized });
    }
}

#[test]
fn the_sentences_and_the_table_allow_the_same_moves() {
    for from in AttemptState::ALL {
        for to in AttemptState::ALL.into_iter().filter(|to| *to != from) {
            assert_eq!(lendport_core::moves::reachable(from, to), legal(from, to), "{from:?} -> {to:?}");
            assert!(!legal(from, to) || !backwards(from, to), "{from:?} -> {to:?} is allowed and goes backwards");
        }
    }
}
