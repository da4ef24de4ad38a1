//! Confirming a signed lease: read it, compare it with the stored checkout, then confirm it or undo it (question 6).
//!
//! Each step is decided from what is read anew, so that the whole may be taken up again after a crash: a lease that differs is
//! found to differ again, and undoing what is undone changes nothing. Only the confirmation itself is never repeated blindly:
//! whoever asks says whether it may have been sent before.

use std::collections::BTreeMap;

use lendport_core::{Attempt, Checkout, CommitClass, Money, ProviderError, RetryClass};

use crate::compare::{Difference, Verdict, compare};
use crate::endpoint::Endpoint;
use crate::error::{self, Refusal};
use crate::field::Word;
use crate::mapping::{Own, standing};
use crate::medusa::{Booked, Medusa};
use crate::order::{Order, transaction_id};
use crate::wire::{SkuCount, Transaction, by_code};

/// What became of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finalization {
    /// FlexShopper took it: fulfilment and billing begin.
    Confirmed {
        /// FlexShopper's number of the lease.
        lease_number: Option<String>,
        /// The sum that was asked for, which FlexShopper's is.
        financed: Money,
    },
    /// There is no signed lease to confirm; FlexShopper's word for it.
    NotSigned(Option<String>),
    /// It was not confirmed, and the whole transaction was canceled.
    Undone {
        /// Why.
        why: Undoing,
        /// False when FlexShopper did not say that all of it was canceled: a person looks.
        complete: bool,
    },
    /// It was neither confirmed nor undone: a person looks.
    Review(Doubt),
}

/// Why a signed lease was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// It is not the checkout's.
    Differs(Vec<Difference>),
    /// FlexShopper does not confirm it.
    Refused,
}

/// Why a person has to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// These fields of FlexShopper's are missing or cannot be read, so nothing can be compared.
    CannotTell(Vec<&'static str>),
    /// An earlier confirmation had no clear answer, and now FlexShopper refuses it: it may be confirmed already.
    RefusedAfterUnclearTry,
}

/// Confirms the attempt's lease. `sent_before` when a confirmation may have reached FlexShopper already.
pub(crate) async fn finalize(
    to: &Medusa<'_>,
    checkout: &Checkout,
    attempt: &Attempt,
    sent_before: bool,
) -> Result<Finalization, ProviderError> {
    let id = transaction_id(attempt);
    let order = Order::of(checkout, to.account)?;
    let Some(signed) = to.transaction(&id).await? else { return Ok(Finalization::NotSigned(None)) };
    if signed.lease_status() != Some("signed") {
        return Ok(Finalization::NotSigned(standing(Some(&signed), Own::Open).raw_status));
    }
    let financed = match compare(&order, checkout, &signed, to.account.checks_customer()) {
        Verdict::Fits(financed) => financed,
        Verdict::CannotTell(fields) => return Ok(Finalization::Review(Doubt::CannotTell(fields))),
        Verdict::Differs(differences) => return undo(to, &id, &signed, Undoing::Differs(differences)).await,
    };
    match to.finalize(&id).await {
        Ok(done) if done.transaction_id.value().is_some_and(|told| told.as_str() != id) => {
            Err(error::foreign(Endpoint::Finalize, "the confirmation of another order"))
        }
        Ok(done) => {
            let lease_number = done.lease_number.value().or(done.loan_number.value()).map(Word::as_str);
            Ok(Finalization::Confirmed { lease_number: lease_number.map(str::to_owned), financed })
        }
        Err(failed) => match failed.refusal {
            // A key that is not accepted says nothing of the lease.
            None | Some(Refusal::Unauthorized) => Err(failed.error),
            Some(_) if sent_before => Ok(Finalization::Review(Doubt::RefusedAfterUnclearTry)),
            Some(_) => undo(to, &id, &signed, Undoing::Refused).await,
        },
    }
}

/// Cancels the whole transaction: the one cancel whose list is left empty on purpose (question 8).
async fn undo(to: &Medusa<'_>, id: &str, signed: &Transaction, why: Undoing) -> Result<Finalization, ProviderError> {
    match to.cancel(id, &[]).await {
        Ok(Booked::Lists { done, failed }) => {
            let complete = failed.is_empty() && is_all(&done, signed);
            Ok(Finalization::Undone { why, complete })
        }
        Ok(Booked::NotSaid) => Ok(Finalization::Undone { why, complete: false }),
        // Nothing to undo is left there.
        Err(failed) if failed.refusal == Some(Refusal::NotFound) => Ok(Finalization::Undone { why, complete: true }),
        // Taken up again, it would be confirmed anew while this cancel may still arrive.
        Err(_) if why == Undoing::Refused => Ok(Finalization::Undone { why, complete: false }),
        // It differs for ever, so that it is never confirmed, and whether it is undone is open: taken up again.
        Err(failed) => Err(failed.error.committed_as(CommitClass::Unknown).retried_as(RetryClass::AfterLookup)),
    }
}

/// True when every unit that was signed for is among what was canceled.
fn is_all(done: &[SkuCount], signed: &Transaction) -> bool {
    let done = by_code(done);
    let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
    for item in signed.items() {
        let (Some(sku), Some(quantity)) = (item.sku.value(), item.quantity.value()) else { return false };
        *wanted.entry(sku.as_str()).or_default() += u64::from(quantity.0);
    }
    !wanted.is_empty() && wanted.iter().all(|(sku, units)| done.get(sku).is_some_and(|canceled| canceled >= units))
}
