//! What is told beside a state: open risk reviews, totals that differ from the books, disputes.

use lendport_core::{AttemptState, Claim, Details, Dispute, Grade, LedgerKind, Money};
use proptest::prelude::*;

use crate::lines_table::some_lines;
use crate::reducer_properties::stories;
use crate::reducer_table::words;
use crate::world::{ASKED_CENTS, Told, World, cases, cents};
use AttemptState::*;

/// A world whose attempt was captured.
fn captured() -> World {
    let mut world = World::with(&[Initiating]);
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Captured), "captured"));
    world
}

fn total(refunded: u64) -> Details {
    Details { refunded: Some(cents(refunded)), ..Details::default() }
}

fn taken(charged_back: u64) -> Details {
    Details { charged_back: Some(cents(charged_back)), ..Details::default() }
}

fn review(open: bool) -> Details {
    Details { review_open: Some(open), ..Details::default() }
}

/// Looks at a world's attempt; the key makes every look a message of its own.
fn look(world: &mut World, claim: Claim, details: Details, key: &str) -> String {
    words(&world.tell(&Told::new(0, Grade::Fetched, claim, key).with(details)).unwrap().decision)
}

#[test]
fn an_open_review_is_kept_with_the_commitment_and_ends_with_it() {
    let mut world = World::with(&[Initiating]);
    let early = look(&mut world, Claim::state(AwaitingCustomer), review(true), "nothing is committed yet");
    assert_eq!(early, "-> awaiting_customer");
    let approved = look(&mut world, Claim::state(Authorized), review(true), "approved");
    assert_eq!(approved, "-> authorized, authorized 1420.00, review open");
    assert!(world.attempts[0].review_open);
    assert_eq!(look(&mut world, Claim::state(Authorized), review(true), "again"), "-");
    assert_eq!(look(&mut world, Claim::state(Authorized), Details::default(), "silent about it"), "-");
    let told = Told::new(0, Grade::Browser, Claim::Nothing, "browser").with(review(false));
    assert_eq!(words(&world.tell(&told).unwrap().decision), "-", "a browser closes nothing");
    assert_eq!(look(&mut world, Claim::state(Authorized), review(false), "closed"), "review closed");
    assert_eq!(look(&mut world, Claim::Nothing, review(true), "opened again"), "review open");
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Canceled), "canceled"));
    assert!(!world.attempts[0].review_open, "it ends with the commitment");
    let back = look(&mut world, Claim::state(Authorized), review(true), "approved again");
    assert!(back.contains("late approval") && back.contains("review open"), "{back}");
}

#[test]
fn a_total_of_refunds_counts_what_is_not_counted_yet() {
    let mut world = captured();
    let stands = || Claim::state(Captured);
    assert_eq!(look(&mut world, stands(), total(0), "0"), "-");
    assert_eq!(look(&mut world, stands(), total(2_000), "1"), "refunded 20.00");
    assert_eq!(look(&mut world, stands(), total(2_000), "2"), "-");
    assert_eq!(look(&mut world, Claim::Nothing, total(5_000), "3"), "refunded 30.00");
    assert_eq!(look(&mut world, stands(), total(2_000), "an old one"), "-");
    let other = Details { refunded: Some(Money::from_minor(9_000, lendport_core::Currency::CAD).unwrap()), ..taken(0) };
    assert_eq!(look(&mut world, stands(), other, "another currency"), "-");
    assert_eq!(look(&mut world, Claim::UnknownStatus, total(9_000), "unknown"), "! unknown_status");
    assert_eq!(look(&mut world, stands(), total(ASKED_CENTS), "all"), "-> refunded, refunded 1370.00");
    assert_eq!(look(&mut world, stands(), total(ASKED_CENTS), "its word stays captured"), "-");
}

#[test]
fn a_message_with_a_total_and_a_look_count_a_refund_once_whichever_comes_first() {
    let part = Claim::Refund { amount: Some(cents(2_000)), distinguishable: true };
    for first in ["look", "push"] {
        let mut world = captured();
        let second = if first == "look" { "push" } else { "look" };
        for told in [first, second] {
            let (grade, claim) =
                if told == "look" { (Grade::Fetched, Claim::Nothing) } else { (Grade::Token, part.clone()) };
            world.tell(&Told::new(0, grade, claim, told).with(total(2_000)));
        }
        assert_eq!(world.sum(0, LedgerKind::Refunded), 2_000, "{first} first");
    }
    let mut world = captured();
    let all = Claim::Refund { amount: Some(cents(ASKED_CENTS)), distinguishable: true };
    assert_eq!(look(&mut world, Claim::state(Refunded), total(ASKED_CENTS), "look"), "-> refunded, refunded 1420.00");
    assert_eq!(look(&mut world, all, total(ASKED_CENTS), "its message comes late"), "-");
}

#[test]
fn a_total_settles_what_was_announced_without_an_amount() {
    let mut world = captured();
    let nothing = Claim::Refund { amount: None, distinguishable: true };
    world.tell(&Told::new(0, Grade::Token, nothing, "announced"));
    assert_eq!(
        look(&mut world, Claim::state(Captured), total(2_000), "look"),
        "refunded 20.00, refund_settled 1420.00"
    );
}

#[test]
fn a_total_below_the_books_goes_to_a_person_once_it_should_have_followed() {
    let mut world = captured();
    look(&mut world, Claim::Nothing, total(2_000), "refunded");
    for (day, told) in [(2, "-"), (3, "! contradicting_evidence")] {
        let look = Told { day, ..Told::new(0, Grade::Fetched, Claim::state(Captured), format!("day {day}")) };
        assert_eq!(words(&world.tell(&look.with(total(1_000))).unwrap().decision), told, "day {day}");
    }
}

#[test]
fn a_total_above_the_approved_sum_is_counted_up_to_it() {
    let mut world = captured();
    let told = look(&mut world, Claim::state(Captured), total(ASKED_CENTS + 396), "with fees");
    assert_eq!(told, "-> refunded, refunded 1420.00, ! refund_above_approved");
    assert_eq!(look(&mut world, Claim::state(Captured), total(ASKED_CENTS + 396), "again"), "-");
}

/// `claim | charged back | dispute's word | what happens`, one after the other.
const DISPUTES: &str = "
    captured     | 0.00    |      | -
    captured     | 100.00  |      | charged_back 100.00, dispute open, ! dispute_opened
    captured     | 100.00  |      | -
    captured     | 150.00  |      | charged_back 50.00
    captured     | 120.00  |      | chargeback_reversed 30.00
    captured     | 0.00    |      | chargeback_reversed 120.00, dispute won
    captured     | 200.00  |      | charged_back 200.00, dispute open, ! dispute_opened
    captured     | 200.00  | lost | dispute lost
    captured     | 1420.00 |      | -> charged_back, charged_back 1220.00, dispute open, ! dispute_opened
    charged_back | 1400.00 |      | -
    captured     | 1420.00 |      | -
    captured     | 20.00   |      | -> captured, chargeback_reversed 1400.00
    captured     | 20.00   | won  | dispute won
    captured     | 0.00    |      | chargeback_reversed 20.00";

#[test]
fn a_dispute_follows_the_sum_and_the_providers_word() {
    let mut world = captured();
    let mut table = String::new();
    for (at, row) in DISPUTES.trim().lines().enumerate() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let charged_back = Money::parse(cells[1], lendport_core::Currency::USD).unwrap();
        let details =
            Details { charged_back: Some(charged_back), dispute: Dispute::parse(cells[2]), ..Details::default() };
        let claim = Claim::state(AttemptState::parse(cells[0]).unwrap());
        let told = look(&mut world, claim, details, &at.to_string());
        table.push_str(&format!("\n    {:<13}| {:<8}| {:<5}| {told}", cells[0], cells[1], cells[2]));
    }
    assert_eq!(table, DISPUTES, "\n{table}");
}

#[test]
fn a_pushed_sum_that_may_fall_counts_nothing() {
    let mut world = captured();
    let told = Told::new(0, Grade::Signed, Claim::state(Captured), "push");
    let details = Details { dispute: Some(Dispute::Open), ..taken(10_000) };
    assert_eq!(words(&world.tell(&told.with(details)).unwrap().decision), "-");
}

#[test]
fn what_was_taken_back_cannot_be_given_back_as_well() {
    let mut world = captured();
    look(&mut world, Claim::state(Captured), taken(10_000), "taken");
    assert_eq!(world.ledger.left_to_refund(&world.attempts[0]).unwrap(), cents(ASKED_CENTS - 10_000));
    let rest = Claim::Refund { amount: Some(cents(ASKED_CENTS - 10_000)), distinguishable: true };
    assert_eq!(look(&mut world, rest, Details::default(), "the rest"), "refunded 1320.00", "and it stays captured");
    let more = Claim::Refund { amount: Some(cents(1)), distinguishable: true };
    assert_eq!(look(&mut world, more, Details::default(), "more"), "! refund_above_approved");
}

fn some_details() -> impl Strategy<Value = Details> {
    let sum = || proptest::option::of(prop_oneof![0..=ASKED_CENTS, Just(ASKED_CENTS), Just(ASKED_CENTS + 500)]);
    let word = proptest::sample::select(vec![None, Some(Dispute::Open), Some(Dispute::Won), Some(Dispute::Lost)]);
    (proptest::option::of(any::<bool>()), sum(), sum(), word, some_lines()).prop_map(
        |(review_open, refunded, charged_back, dispute, lines)| Details {
            review_open,
            refunded: refunded.map(cents),
            charged_back: charged_back.map(cents),
            dispute,
            lines,
        },
    )
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// Whatever is told beside the states, no sum is negative or above what was approved, and equal looks are one.
    #[test]
    fn no_details_break_the_books(
        (attempts, story) in stories(),
        details in proptest::collection::vec(some_details(), 30),
    ) {
        let mut world = World::with(&vec![Initiating; attempts]);
        for (told, details) in story.iter().zip(details) {
            let told = told.clone().with(details);
            let Some(step) = world.tell(&told) else { continue };
            prop_assert!(step.decision.ledger.iter().all(|(_, amount)| !amount.is_zero()), "an empty movement");
            prop_assert!(step.decision.refused.is_none() || !step.decision.has_effect());
            prop_assert!(told.grade > Grade::Browser || !step.decision.has_effect(), "the browser moved something");
            for attempt in &world.attempts {
                let sums = world.ledger.amounts_of(attempt.id, attempt.amount.currency()).unwrap();
                let all = cents(ASKED_CENTS);
                prop_assert!(all.covers(sums.refunded) && all.covers(sums.charged_back), "{sums:?}");
                prop_assert!(!attempt.review_open || attempt.state.is_committed());
                prop_assert!(all.covers(sums.authorized) && all.covers(sums.captured), "{sums:?}");
                world.ledger.pending_refunds(attempt.id, attempt.amount.currency()).unwrap();
            }
            let again = Told { key: format!("{} again", told.key), ..told.clone() };
            let heard = matches!(told.claim, Claim::State { .. } | Claim::Nothing) && step.decision.refused.is_none();
            if heard && told.grade >= Grade::Fetched && step.decision.moved.is_none() {
                let repeat = world.tell(&again).map(|step| (step.decision.ledger, step.decision.lines)).unwrap_or_default();
                prop_assert!(repeat.0.is_empty() && repeat.1.is_empty(), "told twice, counted twice: {repeat:?}");
            }
        }
        let live = world.attempts.iter().filter(|attempt| attempt.state.is_committed()).count();
        prop_assert!(live <= 1);
    }
}
