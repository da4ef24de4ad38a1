//! Ending an order as a whole. Each looks first and names every product with its units, for an empty list means everything and
//! an unclear one could be meant for another time (question 8).

use std::collections::BTreeMap;

use lendport_core::provider::Retrieved;
use lendport_core::{
    Attempt, AttemptState, Claim, CommitClass, ErrorKind, FieldError, Money, Pointer, ProviderError, Reason, RetryClass,
};

use crate::error;
use crate::mapping::Own;
use crate::medusa::{Booked, Medusa, SkuQuantity};
use crate::order::transaction_id;
use crate::wire::{Transaction, by_code};

const NOT_SHOWN: &str =
    "FlexShopper does not show the lease that was confirmed, so it was not canceled; look at it in its back office.";

/// Cancels what is not delivered. What nobody has signed is ended here only: its page may still be open.
pub(crate) async fn cancel(to: &Medusa<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
    let id = transaction_id(attempt);
    let known = to.transaction(&id).await?;
    let word = known.as_ref().and_then(Transaction::lease_status).map(str::to_owned);
    let Some(known) = known.filter(|known| known.lease_status() == Some("signed")) else {
        // What was confirmed goes on there, whatever is shown of it: ending it here alone would end nothing (4.18).
        if Own::of(attempt.state) != Own::Open {
            return Err(error::not_now(NOT_SHOWN));
        }
        let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
        let claim = Claim::State { state: AttemptState::Canceled, reason };
        return Ok(Retrieved { raw_status: word, ..Retrieved::of(claim) });
    };
    if known.items().iter().any(|item| item.in_status("shipped").unwrap_or(0) > 0) {
        return Err(error::not_now("Units were shipped already; take them back with a return."));
    }
    let items = everything(&known)?;
    whole(to.cancel(&id, &items).await?, &items)?;
    Ok(Retrieved { raw_status: word, ..Retrieved::of(Claim::state(AttemptState::Canceled)) })
}

/// Takes the whole order back; `amount` is what that is worth. FlexShopper gives back products and no amounts (question 9).
pub(crate) async fn refund(to: &Medusa<'_>, attempt: &Attempt, amount: Money) -> Result<Retrieved, ProviderError> {
    let id = transaction_id(attempt);
    let Some(known) = to.transaction(&id).await? else {
        return Err(error::not_now("FlexShopper knows no such order, so nothing can be given back."));
    };
    let items = everything(&known)?;
    whole(to.take_back(&id, &items).await?, &items)?;
    let claim = Claim::Refund { amount: Some(amount), distinguishable: true };
    Ok(Retrieved { raw_status: known.lease_status().map(str::to_owned), ..Retrieved::of(claim) })
}

/// Every product with its units, each code once (question 8).
fn everything(known: &Transaction) -> Result<Vec<SkuQuantity>, ProviderError> {
    let mut items: Option<Vec<SkuQuantity>> = Some(Vec::new());
    for item in known.items() {
        let units = item.sku.value().zip(item.quantity.value()).filter(|(_, quantity)| quantity.0 > 0);
        items = items.zip(units).map(|(mut items, (sku, quantity))| {
            match items.iter_mut().find(|known| known.sku == sku.as_str()) {
                Some(known) => known.quantity = known.quantity.saturating_add(quantity.0),
                None => items.push(SkuQuantity { sku: sku.as_str().to_owned(), quantity: quantity.0 }),
            }
            items
        });
    }
    items.filter(|items| !items.is_empty()).ok_or_else(|| {
        let message = "FlexShopper does not say what the order holds, so it cannot be ended as a whole.";
        ProviderError::new(ErrorKind::BadResponse, message)
            .committed_as(CommitClass::NotSent)
            .retried_as(RetryClass::AfterLookup)
    })
}

/// All or an error: nothing done is a refusal, a part done is known to nobody until a person looks.
fn whole(booked: Booked, asked: &[SkuQuantity]) -> Result<(), ProviderError> {
    let wanted: BTreeMap<&str, u64> = asked.iter().map(|item| (item.sku.as_str(), u64::from(item.quantity))).collect();
    match booked {
        Booked::Lists { done, failed } if failed.is_empty() && by_code(&done) == wanted => Ok(()),
        Booked::Lists { done, failed } if done.is_empty() && by_code(&failed) == wanted => {
            let message = "FlexShopper refused every product of the order.";
            Err(ProviderError::new(ErrorKind::Invalid, message)
                .retried_as(RetryClass::AfterLookup)
                .with_fields(vec![FieldError::new(&Pointer::root(), "refused_by_provider", "no product was accepted")]))
        }
        Booked::Lists { .. } | Booked::NotSaid => {
            let message =
                "FlexShopper did a part of it, or did not say what it did; look at the order in its back office.";
            Err(ProviderError::new(ErrorKind::BadResponse, message).retried_as(RetryClass::AfterLookup))
        }
    }
}
