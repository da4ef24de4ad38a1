//! What was canceled here only, and deadlines that are a provider's.

use AttemptState::*;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, AttemptState, Claim, EventType, Grade, Reason, RefusalWhy};

use crate::reducer_table::words;
use crate::world::{Told, World};

/// A world whose first attempt was canceled while the provider's page could still be used.
fn canceled_here(attempts: &[AttemptState]) -> World {
    let mut world = World::with(attempts);
    let claim = Claim::State { state: Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
    world.tell(&Told::new(0, Grade::Fetched, claim, "canceled here"));
    assert!(world.attempts[0].is_canceled_locally());
    world
}

#[test]
fn what_is_paid_after_it_was_canceled_here_moves_nothing_and_a_person_is_told() {
    for (grade, state) in [(Grade::Token, Authorized), (Grade::Signed, Captured), (Grade::Fetched, Authorized)] {
        let mut world = canceled_here(&[AwaitingCustomer]);
        let step = world.tell(&Told::new(0, grade, Claim::state(state), "paid")).unwrap();
        assert_eq!(step.decision.refused.as_ref().map(|refused| refused.why), Some(RefusalWhy::CanceledLocally));
        assert!(words(&step.decision).contains("paid_after_cancel"), "{}", words(&step.decision));
        assert!(!step.decision.has_effect() && world.attempts[0].is_canceled_locally());
    }
    let mut world = canceled_here(&[AwaitingCustomer]);
    let step = world.tell(&Told::new(0, Grade::Browser, Claim::state(Captured), "a browser")).unwrap();
    assert_eq!(step.decision.refused.map(|refused| refused.why), Some(RefusalWhy::WeakEvidence));
    assert_eq!(step.decision.attention, []);
}

#[test]
fn it_holds_no_fence_and_a_person_takes_it_back_through_the_fence_alone() {
    let mut world = canceled_here(&[AwaitingCustomer, AwaitingCustomer]);
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Captured), "paid"));
    let other = world.tell(&Told::new(1, Grade::Fetched, Claim::state(Authorized), "approved")).unwrap();
    assert_eq!((other.after, other.decision.refused), (Authorized, None));
    let kept = world.tell(&Told::new(0, Grade::Operator, Claim::state(Captured), "kept")).unwrap();
    assert_eq!(kept.decision.refused.map(|refused| refused.why), Some(RefusalWhy::Fenced));

    let mut world = canceled_here(&[AwaitingCustomer]);
    let kept = world.tell(&Told::new(0, Grade::Operator, Claim::state(Authorized), "kept")).unwrap();
    assert_eq!((kept.after, world.attempts[0].is_canceled_locally()), (Authorized, false));
}

#[test]
fn an_ordinary_cancel_stays_one_that_a_late_approval_takes_back() {
    let mut world = World::with(&[AwaitingCustomer]);
    world.tell(&Told::new(0, Grade::Fetched, Claim::state(Canceled), "canceled"));
    let back = world.tell(&Told::new(0, Grade::Fetched, Claim::state(Authorized), "approved")).unwrap();
    assert!(words(&back.decision).contains("late approval"));
}

/// An attempt that was made at the beginning of time, with deadlines so many hours later.
fn with_deadlines(state: AttemptState, expires_h: Option<i64>, capture_h: Option<i64>) -> Attempt {
    let at = |hours: Option<i64>| hours.map(|hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours));
    let attempt = World::with(&[state]).attempts[0].clone();
    Attempt { expires_at: at(expires_h), capture_by: at(capture_h), ..attempt }
}

fn told_from_h(attempt: &Attempt) -> Option<(EventType, i64)> {
    let deadline = attempt.untold_deadline()?;
    Some((deadline.event, deadline.told_from.duration_since(Timestamp::UNIX_EPOCH).as_hours()))
}

#[test]
fn a_deadline_is_told_in_its_last_third_and_four_days_before_it_at_most() {
    for (lasts, told) in [(3, 2), (9, 6), (6 * 24, 4 * 24), (14 * 24, 10 * 24), (90 * 24, 86 * 24)] {
        let waits = with_deadlines(AwaitingCustomer, Some(lasts), Some(1));
        assert_eq!(told_from_h(&waits), Some((EventType::CheckoutExpiring, told)));
        let held = with_deadlines(Authorized, Some(1), Some(lasts));
        assert_eq!(told_from_h(&held), Some((EventType::CheckoutCaptureDue, told)));
    }
}

#[test]
fn only_what_is_waited_for_has_a_deadline() {
    for state in AttemptState::ALL {
        let runs = match state {
            AwaitingCustomer | UnderReview | Preapproved | AwaitingMerchant => Some(EventType::CheckoutExpiring),
            Authorized => Some(EventType::CheckoutCaptureDue),
            _ => None,
        };
        assert_eq!(with_deadlines(state, Some(3), Some(3)).deadline().map(|one| one.event), runs, "{state:?}");
        assert_eq!(with_deadlines(state, None, None).deadline(), None, "{state:?}");
    }
}

#[test]
fn a_deadline_that_was_told_is_told_again_only_when_it_is_put_off_beyond_its_telling() {
    let mut attempt = with_deadlines(AwaitingCustomer, Some(9), None);
    attempt.deadline_told = attempt.expires_at;
    assert_eq!(told_from_h(&attempt), None);
    for (hours, told) in [(8, None), (12, None), (15, Some((EventType::CheckoutExpiring, 10)))] {
        let put_off = with_deadlines(AwaitingCustomer, Some(hours), None).expires_at;
        let attempt = Attempt { expires_at: put_off, ..attempt.clone() };
        assert_eq!(told_from_h(&attempt), told, "{hours}");
    }
    // The time to capture is another deadline.
    let held = Attempt { state: Authorized, ..with_deadlines(Authorized, Some(9), Some(14 * 24)) };
    let held = Attempt { deadline_told: attempt.expires_at, ..held };
    assert_eq!(told_from_h(&held), Some((EventType::CheckoutCaptureDue, 10 * 24)));
}
