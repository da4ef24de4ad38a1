//! How an order stands whose application the merchant's own pages carry, and which step comes next (`model.md` section 4).

use lendport_core::provider::Retrieved;
use lendport_core::{
    Attempt, AttemptState, Checkout, Claim, NextAction, NextActionKind, Offer, ProviderError, Reason, Stepped,
};

use super::customers::Customers;
use crate::mapping::{self, Own, decided};
use crate::medusa::Medusa;
use crate::order::transaction_id;
use crate::wire::{Transaction, User};

/// Reads the order, and where there is none yet the customer's decision.
pub(super) async fn look(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
) -> Result<Stepped, ProviderError> {
    let known = to.transaction(&transaction_id(attempt)).await?;
    if is_leased(known.as_ref()) || Own::of(attempt.state) != Own::Open || attempt.state.is_over() {
        return Ok(Stepped::of(of_order(known.as_ref(), attempt)));
    }
    before_the_lease(to, customers, checkout, attempt).await
}

/// Reads the decision of a customer whose order is not there yet.
pub(super) async fn before_the_lease(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
) -> Result<Stepped, ProviderError> {
    match customers.known(to, checkout, attempt).await? {
        None => Ok(Stepped::of(nobody_applied())),
        Some(mut customer) => {
            let user = customers.user(to, attempt, &mut customer).await?;
            Ok(of_decision(&user, attempt))
        }
    }
}

/// True where a lease was made, whatever became of it.
pub(super) fn is_leased(known: Option<&Transaction>) -> bool {
    known.is_some_and(|known| !known.lease.is_absent())
}

/// From the order: an unsigned lease is to be signed, or to be paid for first where FlexShopper asked for that.
pub(super) fn of_order(known: Option<&Transaction>, attempt: &Attempt) -> Retrieved {
    let standing = mapping::standing(known, Own::of(attempt.state));
    let unsigned = is_leased(known) && standing.claim == Claim::state(AttemptState::AwaitingCustomer);
    let pays = attempt.next_action.as_ref().is_some_and(|action| action.kind == NextActionKind::Pay);
    let kind = if pays { NextActionKind::Pay } else { NextActionKind::SignAgreement };
    Retrieved {
        raw_status: standing.raw_status,
        next_action: unsigned.then(|| NextAction::step(kind)),
        ..Retrieved::of(standing.claim)
    }
}

/// From the decision.
pub(super) fn of_decision(user: &User, attempt: &Attempt) -> Stepped {
    let read = decided(user, attempt.amount);
    let offer = Offer { limit: read.offer.limit, available: read.offer.available, shortfall: read.offer.shortfall };
    // A fault there: it may be tried again (section 7).
    let faulty = read.claim == Claim::Nothing && read.raw_status.as_deref() == Some("error");
    let claim = if faulty { waits_for("apply") } else { read.claim };
    let next = match &claim {
        Claim::State { state: AttemptState::AwaitingCustomer, reason: Some(reason) } if reason.0 == "verify" => {
            Some(NextActionKind::Verify)
        }
        Claim::State { state: AttemptState::AwaitingCustomer, .. } => Some(NextActionKind::Apply),
        Claim::State { state: AttemptState::Preapproved, .. } if offer.shortfall.is_none() => {
            Some(NextActionKind::SignAgreement)
        }
        _ => None,
    };
    let retrieved =
        Retrieved { raw_status: read.raw_status, next_action: next.map(NextAction::step), ..Retrieved::of(claim) };
    Stepped { offer: Some(offer), ..Stepped::of(retrieved) }
}

fn nobody_applied() -> Retrieved {
    Retrieved { next_action: Some(NextAction::step(NextActionKind::Apply)), ..Retrieved::of(waits_for("apply")) }
}

fn waits_for(step: &str) -> Claim {
    Claim::State { state: AttemptState::AwaitingCustomer, reason: Some(Reason::new(step)) }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};

    use super::*;

    fn attempt() -> Attempt {
        let ids = SeededIds::default();
        samples::attempt(&Sample::usa().checkout(&ids), crate::ID, &ids)
    }

    fn order(json: &str) -> Transaction {
        serde_json::from_str(json).unwrap()
    }

    fn next(retrieved: &Retrieved) -> Option<NextActionKind> {
        retrieved.next_action.as_ref().map(|action| action.kind)
    }

    #[test]
    fn an_unsigned_lease_is_to_be_signed_and_one_that_was_not_paid_for_to_be_paid_for() {
        let unsigned = order(r#"{ "lease": { "id": "eyJ", "status": "pending" } }"#);
        let mut attempt = attempt();
        attempt.state = AttemptState::AwaitingCustomer;
        attempt.next_action = Some(NextAction::step(NextActionKind::SignAgreement));
        assert_eq!(next(&of_order(Some(&unsigned), &attempt)), Some(NextActionKind::SignAgreement));
        attempt.next_action = Some(NextAction::step(NextActionKind::Pay));
        assert_eq!(next(&of_order(Some(&unsigned), &attempt)), Some(NextActionKind::Pay));
        let signed = order(r#"{ "lease": { "id": "eyJ", "status": "signed" } }"#);
        let found = of_order(Some(&signed), &attempt);
        assert_eq!((found.claim.clone(), next(&found)), (Claim::state(AttemptState::AwaitingMerchant), None));
    }

    #[test]
    fn each_decision_leads_to_its_step() {
        let attempt = attempt();
        for (user, state, step) in [
            (r"{}", AttemptState::AwaitingCustomer, Some(NextActionKind::Apply)),
            (r#"{"decision":{"status":"pending"}}"#, AttemptState::UnderReview, None),
            (r#"{"decision":{"status":"error"}}"#, AttemptState::AwaitingCustomer, Some(NextActionKind::Apply)),
            (
                r#"{"decision":{"status":"approved"},"verificationStatus":"pending"}"#,
                AttemptState::AwaitingCustomer,
                Some(NextActionKind::Verify),
            ),
            (
                r#"{"decision":{"status":"approved","availableBalance":100000}}"#,
                AttemptState::Preapproved,
                Some(NextActionKind::SignAgreement),
            ),
            (r#"{"decision":{"status":"approved","availableBalance":1}}"#, AttemptState::Preapproved, None),
            (r#"{"decision":{"status":"failed"}}"#, AttemptState::Declined, None),
        ] {
            let user: User = serde_json::from_str(user).unwrap();
            let found = of_decision(&user, &attempt);
            let Claim::State { state: told, .. } = found.retrieved.claim else { panic!("{found:?}") };
            assert_eq!((told, next(&found.retrieved)), (state, step));
        }
    }
}
