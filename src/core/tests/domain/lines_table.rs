//! What is told of lines: movements by line, and the states that follow when nothing is left open.

use lendport_core::{AttemptState, AttentionKind, Claim, Details, Grade, LedgerKind, LineId, LineStanding};
use proptest::prelude::*;

use crate::world::{ASKED_CENTS, Told, World, cents};
use AttemptState::*;

/// Of the first line there are two units of 500.00, of the second one of 370.00; 50.00 are shipping.
const ORDERED: [(u32, u64); 2] = [(2, 50_000), (1, 37_000)];

fn line(number: u8) -> LineId {
    LineId::of_bytes([number; 16])
}

/// Two lines with shipped, canceled and returned units of each.
fn lines(counts: [[u32; 3]; 2]) -> Vec<LineStanding> {
    let told =
        |(number, ((ordered, price), [shipped, canceled, returned])): (u8, ((u32, u64), [u32; 3]))| LineStanding {
            shipped: Some(shipped),
            canceled: Some(canceled),
            returned: Some(returned),
            ..LineStanding::of(line(number), ordered, cents(price))
        };
    (1..).zip(ORDERED.into_iter().zip(counts)).map(told).collect()
}

/// Lines of which anything is told, also what cannot be.
pub(crate) fn some_lines() -> impl Strategy<Value = Vec<LineStanding>> {
    let count = || proptest::option::of(0_u32..4);
    let of = (count(), count(), count());
    let told = proptest::option::of((of.clone(), of)).prop_map(|told| {
        let (first, second) = told?;
        let line = |(number, ((ordered, price), (shipped, canceled, returned)))| LineStanding {
            shipped,
            canceled,
            returned,
            ..LineStanding::of(line(number), ordered, cents(price))
        };
        Some((1..).zip(ORDERED.into_iter().zip([first, second])).map(line).collect())
    });
    told.prop_map(Option::unwrap_or_default)
}

fn authorized() -> World {
    let mut world = World::with(&[Initiating]);
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Authorized), "authorized"));
    world
}

/// Tells of lines; says what was booked of which line, and the state afterwards.
fn tell(world: &mut World, grade: Grade, counts: [[u32; 3]; 2]) -> (Vec<(LedgerKind, u32, String)>, AttemptState) {
    let details = Details { lines: lines(counts), ..Details::default() };
    let step = world.tell(&Told::new(0, grade, Claim::Nothing, format!("{counts:?}{grade:?}")).with(details)).unwrap();
    let asked: Vec<_> = step.decision.attention.iter().map(|item| item.kind).collect();
    // Nobody here asked for a cancel.
    let withdrawn = if step.after == Canceled { vec![AttentionKind::WithdrawnApproval] } else { Vec::new() };
    assert_eq!(asked, withdrawn);
    let moves = step.decision.lines.iter();
    (moves.map(|moved| (moved.kind, moved.units.quantity, moved.amount.to_string())).collect(), step.after)
}

fn sums(world: &World) -> [u64; 3] {
    let sums = world.ledger.amounts(lendport_core::Currency::USD).unwrap();
    [sums.authorized.minor(), sums.captured.minor(), sums.refunded.minor()]
}

#[test]
fn each_shipment_is_captured_and_the_last_one_brings_what_belongs_to_no_unit() {
    let mut world = authorized();
    let told = tell(&mut world, Grade::Fetched, [[1, 0, 0], [0, 0, 0]]);
    assert_eq!(told, (vec![(LedgerKind::Captured, 1, "500.00".to_owned())], Authorized));
    assert_eq!(tell(&mut world, Grade::Operator, [[1, 0, 0], [0, 0, 0]]), (vec![], Authorized), "told twice");
    assert_eq!(sums(&world), [ASKED_CENTS, 50_000, 0]);
    let (moves, state) = tell(&mut world, Grade::Fetched, [[2, 0, 0], [1, 0, 0]]);
    assert_eq!((moves.len(), state, sums(&world)), (2, Captured, [ASKED_CENTS, ASKED_CENTS, 0]));
    let units = world.ledger.units(world.attempts[0].id, LedgerKind::Captured, line(1));
    assert_eq!(units, 2, "by line");
}

#[test]
fn what_is_canceled_is_not_paid_and_a_rest_that_was_shipped_is_captured() {
    let mut world = authorized();
    tell(&mut world, Grade::Fetched, [[2, 0, 0], [0, 0, 0]]);
    let (moves, state) = tell(&mut world, Grade::Fetched, [[2, 0, 0], [0, 1, 0]]);
    assert_eq!((moves, state), (vec![(LedgerKind::AuthorizationLowered, 1, "370.00".to_owned())], Captured));
    assert_eq!(sums(&world), [105_000, 105_000, 0], "shipping goes with what was sent");
}

#[test]
fn all_canceled_is_canceled_and_all_returned_is_refunded() {
    let mut world = authorized();
    assert_eq!(tell(&mut world, Grade::Fetched, [[0, 1, 0], [0, 1, 0]]).1, Authorized);
    assert_eq!(sums(&world), [55_000, 0, 0]);
    assert_eq!((tell(&mut world, Grade::Fetched, [[0, 2, 0], [0, 1, 0]]).1, sums(&world)), (Canceled, [0, 0, 0]));

    let mut world = authorized();
    tell(&mut world, Grade::Fetched, [[2, 0, 0], [1, 0, 0]]);
    assert_eq!((tell(&mut world, Grade::Fetched, [[2, 0, 1], [1, 0, 0]]).1, sums(&world)[2]), (Captured, 50_000));
    assert_eq!((tell(&mut world, Grade::Fetched, [[2, 0, 2], [1, 0, 1]]).1, sums(&world)[2]), (Refunded, ASKED_CENTS));
}

#[test]
fn what_was_never_paid_is_not_given_back_with_the_last_unit() {
    let mut world = authorized();
    tell(&mut world, Grade::Fetched, [[1, 0, 0], [0, 0, 0]]);
    tell(&mut world, Grade::Fetched, [[1, 0, 1], [0, 0, 0]]);
    assert_eq!(sums(&world), [ASKED_CENTS, 50_000, 50_000]);
    // The rest is not sent any more: shipping was neither paid nor given back.
    assert_eq!(tell(&mut world, Grade::Fetched, [[1, 1, 1], [0, 1, 0]]).1, Refunded);
    assert_eq!(sums(&world), [50_000, 50_000, 50_000]);
}

#[test]
fn what_was_captured_as_a_whole_can_be_returned_by_line() {
    let mut world = World::with(&[Initiating]);
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Captured), "captured"));
    assert_eq!(tell(&mut world, Grade::Fetched, [[2, 0, 1], [1, 0, 0]]).1, Captured);
    assert_eq!(sums(&world), [ASKED_CENTS, ASKED_CENTS, 50_000]);
}

#[test]
fn counts_beyond_the_cart_are_not_followed_and_a_person_is_told() {
    let mut world = authorized();
    tell(&mut world, Grade::Fetched, [[0, 0, 0], [0, 1, 0]]);
    let details = Details { lines: lines([[3, 0, 0], [1, 0, 0]]), ..Details::default() };
    let told = Told::new(0, Grade::Fetched, Claim::Nothing, "more").with(details);
    let decision = world.tell(&told).unwrap().decision;
    assert_eq!(decision.attention.len(), 1, "a shipped unit that was canceled, and a third of two");
    assert_eq!(sums(&world), [105_000, 105_000, 0]);
}

#[test]
fn a_push_or_a_browser_moves_no_line_and_no_commitment_has_none() {
    for grade in [Grade::Browser, Grade::Token, Grade::Signed] {
        assert_eq!(tell(&mut authorized(), grade, [[1, 0, 0], [0, 0, 0]]), (vec![], Authorized), "{grade:?}");
    }
    let mut world = World::with(&[Initiating]);
    assert_eq!(tell(&mut world, Grade::Fetched, [[1, 0, 0], [0, 0, 0]]), (vec![], Initiating));
}

#[test]
fn what_is_canceled_as_a_whole_goes_by_line_and_comes_back_as_a_whole() {
    let mut world = authorized();
    tell(&mut world, Grade::Fetched, [[0, 1, 0], [0, 0, 0]]);
    let stop = Details { lines: lines([[0, 2, 0], [0, 1, 0]]), ..Details::default() };
    let step = world.tell(&Told::new(0, Grade::Fetched, Claim::state(Canceled), "whole").with(stop)).unwrap();
    let by_line: Vec<_> = step.decision.lines.iter().map(|moved| (moved.kind, moved.amount.to_string())).collect();
    let released = LedgerKind::AuthorizationReleased;
    assert_eq!(by_line, [(released, "500.00".to_owned()), (released, "370.00".to_owned())]);
    assert_eq!(step.decision.ledger, [(released, cents(5_000))], "shipping belongs to no unit");
    let canceled = |world: &World| [1, 2].map(|number| world.ledger.canceled_units(world.attempts[0].id, line(number)));
    assert_eq!((step.after, sums(&world), canceled(&world)), (Canceled, [0, 0, 0], [2, 1]));
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Authorized), "back"));
    assert_eq!(
        (sums(&world), canceled(&world)),
        ([ASKED_CENTS - 50_000, 0, 0], [1, 0]),
        "what was canceled alone stays so"
    );
    let stop = Details { lines: lines([[0, 2, 0], [0, 1, 0]]), ..Details::default() };
    world.tell(&Told::new(0, Grade::Operator, Claim::state(Canceled), "again").with(stop));
    assert_eq!((sums(&world), canceled(&world)), ([0, 0, 0], [2, 1]));
}
