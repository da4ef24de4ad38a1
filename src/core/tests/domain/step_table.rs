//! Every step of an application against the states in which it may be asked for.

use lendport_core::step::refuses;
use lendport_core::{Attempt, AttemptState, NextAction, NextActionKind, OperationKind};

use crate::world::attempt_in;

fn attempt(state: AttemptState, next: Option<NextActionKind>) -> Attempt {
    let mut attempt = attempt_in(state);
    attempt.next_action = next.map(NextAction::step);
    attempt
}

#[test]
fn each_step_has_its_place() {
    use AttemptState as S;
    use NextActionKind as N;
    use OperationKind::{AddPayment, Agree, Apply, Sign};
    for (state, next, allowed) in [
        (S::AwaitingCustomer, Some(N::Apply), &[Apply][..]),
        (S::AwaitingCustomer, Some(N::Verify), &[Apply, AddPayment]),
        (S::UnderReview, None, &[AddPayment]),
        (S::Preapproved, Some(N::SignAgreement), &[AddPayment, Agree]),
        (S::Preapproved, None, &[AddPayment, Agree]),
        (S::AwaitingCustomer, Some(N::SignAgreement), &[AddPayment, Agree, Sign]),
        (S::AwaitingCustomer, Some(N::Pay), &[AddPayment, Agree, Sign]),
        (S::AwaitingCustomer, Some(N::Redirect), &[]),
        (S::Preapproved, Some(N::Plugin), &[]),
        (S::AwaitingCustomer, None, &[]),
        (S::AwaitingMerchant, None, &[]),
        (S::Authorized, None, &[]),
        (S::Expired, Some(N::SignAgreement), &[]),
        (S::Indeterminate, Some(N::Apply), &[]),
    ] {
        let attempt = attempt(state, next);
        let may: Vec<_> =
            OperationKind::STEPS.iter().copied().filter(|kind| refuses(*kind, &attempt).is_none()).collect();
        assert_eq!(may, allowed, "{state:?} {next:?}");
    }
}
