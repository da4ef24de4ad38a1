//! The lease: made once for an order, read again, signed once (4.13 to 4.15, questions 4, 6 and 16).

use lendport_core::provider::Retrieved;
use lendport_core::{
    Attempt, AttemptState, Checkout, Claim, Consent, FieldError, NextAction, NextActionKind, Pointer, ProviderError,
    Reason, Stepped,
};

use super::customers::Customers;
use super::standing::{before_the_lease, is_leased, of_decision, of_order};
use super::terms::agreement_of;
use crate::endpoint::Endpoint;
use crate::error::{self, not_now};
use crate::field::Opaque;
use crate::medusa::{LeaseFlags, LeaseMade, LeaseNow, Medusa, Signed};
use crate::order::{Order, transaction_id};
use crate::person;
use crate::wire::{Lease, Transaction};

const NOBODY: &str = "FlexShopper does not know the customer; an application comes first.";

/// The order's lease, and where `make` is said and there is none a new one.
pub(super) async fn agree(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
    make: bool,
) -> Result<Stepped, ProviderError> {
    let id = transaction_id(attempt);
    let known = to.transaction(&id).await?;
    if is_leased(known.as_ref()) {
        return there_already(to, customers, checkout, attempt, known.as_ref()).await;
    }
    if !make {
        return before_the_lease(to, customers, checkout, attempt).await;
    }
    let mut customer = customers.known(to, checkout, attempt).await?.ok_or_else(|| not_now(NOBODY))?;
    let decision = of_decision(&customers.user(to, attempt, &mut customer).await?, attempt);
    let offered =
        matches!(&decision.retrieved.next_action, Some(NextAction { kind: NextActionKind::SignAgreement, .. }));
    if !offered {
        return Ok(decision);
    }
    let order = Order::of(checkout, to.account)?.lease(&id, &checkout.id.to_string())?;
    match to.create_lease(&customer.token, &order, LeaseFlags::default()).await {
        Ok(LeaseMade::Made(contract)) => {
            let agreement = agreement_of(&contract.document, &contract.lease)
                .ok_or_else(|| error::foreign(Endpoint::CreateLease, "a contract that cannot be read"))?;
            Ok(Stepped { agreement: Some(agreement), ..Stepped::of(unsigned(NextActionKind::SignAgreement)) })
        }
        Ok(LeaseMade::AboveLimit) => {
            let reason = Some(Reason::new("limit_below_cart"));
            let claim = Claim::State { state: AttemptState::Preapproved, reason };
            Ok(Stepped { offer: decision.offer, ..Stepped::of(Retrieved::of(claim)) })
        }
        Ok(LeaseMade::BelowMinimum) => {
            let detail = "FlexShopper takes larger orders only";
            Err(not_now("The order is smaller than FlexShopper takes.").with_fields(vec![FieldError::new(
                &Pointer::root(),
                "too_small",
                detail,
            )]))
        }
        Err(failed) => {
            customers.ran_out(to, attempt, &failed);
            Err(failed.into())
        }
    }
}

/// The lease that was made, whoever asked for it.
async fn there_already(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
    known: Option<&Transaction>,
) -> Result<Stepped, ProviderError> {
    let standing = of_order(known, attempt);
    let Some(lease_id) = lease_id(known) else { return Ok(Stepped::of(standing)) };
    let mut customer = customers.known(to, checkout, attempt).await?.ok_or_else(|| not_now(NOBODY))?;
    let Some(lease) = customers.lease(to, attempt, &mut customer, &lease_id).await? else {
        return Ok(Stepped::of(standing));
    };
    let retrieved = of_lease(&lease, standing);
    let agreement = lease.contract.value().and_then(|document| agreement_of(document, &lease));
    let shown = agreement.filter(|_| retrieved.claim != expired().claim);
    Ok(Stepped { agreement: shown, ..Stepped::of(retrieved) })
}

/// Tells of the customer's signature, unless the lease is signed already, or can be signed no more. It is sent once: what came
/// of one whose answer was lost is read.
pub(super) async fn sign(
    to: &Medusa<'_>,
    customers: &Customers,
    checkout: &Checkout,
    attempt: &Attempt,
    consent: &Consent,
) -> Result<Stepped, ProviderError> {
    let known = to.transaction(&transaction_id(attempt)).await?;
    let standing = of_order(known.as_ref(), attempt);
    let waits = standing.next_action.is_some();
    let Some(lease_id) = lease_id(known.as_ref()).filter(|_| waits) else { return Ok(Stepped::of(standing)) };
    let mut customer = customers.known(to, checkout, attempt).await?.ok_or_else(|| not_now(NOBODY))?;
    let lease = customers.lease(to, attempt, &mut customer, &lease_id).await?;
    let Some(lease) = lease else { return Err(not_now("FlexShopper knows no such lease.")) };
    if LeaseNow::of(&lease) != LeaseNow::Unsigned {
        return Ok(Stepped::of(of_lease(&lease, standing)));
    }
    let said = person::Consent { ip: consent.ip, at: consent.at };
    match to.sign(&customer.token, &lease_id, &said).await {
        Ok(Signed::Signed) => Ok(Stepped::of(signed())),
        Ok(Signed::PaymentRequired) => Ok(Stepped::of(unsigned(NextActionKind::Pay))),
        Ok(Signed::Expired) => Ok(Stepped::of(expired())),
        Ok(Signed::NotFound) => Err(not_now("FlexShopper knows no such lease.")),
        Err(failed) => {
            customers.ran_out(to, attempt, &failed);
            Err(failed.into())
        }
    }
}

fn lease_id(known: Option<&Transaction>) -> Option<Opaque> {
    known.and_then(|known| known.lease.value()).and_then(|lease| lease.id.value()).cloned()
}

/// What the lease says of itself, which knows more of its end than the order does.
fn of_lease(lease: &Lease, standing: Retrieved) -> Retrieved {
    match LeaseNow::of(lease) {
        LeaseNow::Expired => expired(),
        LeaseNow::Signed if standing.claim == Claim::state(AttemptState::AwaitingCustomer) => signed(),
        LeaseNow::Signed | LeaseNow::Unsigned => standing,
        LeaseNow::Unknown => Retrieved { next_action: None, ..Retrieved::of(Claim::UnknownStatus) },
    }
}

fn told(state: AttemptState, word: &str) -> Retrieved {
    Retrieved { raw_status: Some(word.to_owned()), ..Retrieved::of(Claim::state(state)) }
}

fn signed() -> Retrieved {
    told(AttemptState::AwaitingMerchant, "signed")
}

fn unsigned(next: NextActionKind) -> Retrieved {
    Retrieved { next_action: Some(NextAction::step(next)), ..told(AttemptState::AwaitingCustomer, "pending") }
}

/// A new lease is needed, which the next attempt asks for (410).
fn expired() -> Retrieved {
    told(AttemptState::Expired, "expired")
}
