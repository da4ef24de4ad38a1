//! FlexShopper's facts -> our states, pure functions (`model.md` section 4, `flexshopper.md` section 7). Its state is a product
//! of several fields; each combination is named here and in the README, and a word that no document has moves nothing.

use lendport_core::provider::Retrieved;
use lendport_core::{
    AttemptState, AttentionDraft, AttentionKind, Claim, Details, Finalized, LineStanding, Money, Reason,
};

use crate::field::{Field, Word};
use crate::finalize::{Doubt, Finalization, Undoing};
use crate::money::Dollars;
use crate::wire::{Decision, Item, Transaction, User};

/// What our own record says of an order: nothing of FlexShopper's shows that it was confirmed (4.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// We have not confirmed it, or do not know that we did.
    Open,
    /// We confirmed it.
    Confirmed,
    /// It was confirmed, and is over.
    Over,
}

impl Own {
    pub(crate) fn of(state: AttemptState) -> Self {
        match state {
            AttemptState::Authorized | AttemptState::Captured => Self::Confirmed,
            AttemptState::Refunded | AttemptState::ChargedBack => Self::Over,
            _ => Self::Open,
        }
    }
}

/// How an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) claim: Claim,
    /// FlexShopper's word for the lease.
    pub(crate) raw_status: Option<String>,
}

/// Longest word that is kept.
const WORD_MAX_CHARS: usize = 60;

/// How an order stands, from what 4.16 or a row of 4.17 says; none where FlexShopper knows no such order.
pub(crate) fn standing(transaction: Option<&Transaction>, own: Own) -> Standing {
    let word = transaction.and_then(Transaction::lease_status);
    let raw_status = word.map(|word| word.chars().take(WORD_MAX_CHARS).collect());
    let state = Claim::state;
    let claim = match (transaction, word, own) {
        (_, _, Own::Over) => Claim::Nothing,
        // The customer has not begun.
        (None, _, Own::Open) => state(AttemptState::AwaitingCustomer),
        // What was confirmed cannot be gone.
        (None, _, Own::Confirmed) => Claim::UnknownStatus,
        (Some(_), Some("signed"), Own::Open) => state(AttemptState::AwaitingMerchant),
        (Some(told), Some("signed"), Own::Confirmed) if all_shipped(told.items()) => state(AttemptState::Captured),
        (Some(_), Some("signed"), Own::Confirmed) => state(AttemptState::Authorized),
        (Some(_), Some("pending" | "unsigned"), Own::Open) => state(AttemptState::AwaitingCustomer),
        // An order without a lease: the customer is applying.
        (Some(told), None, Own::Open) if told.lease.is_absent() => state(AttemptState::AwaitingCustomer),
        (Some(_), _, Own::Open | Own::Confirmed) => Claim::UnknownStatus,
    };
    Standing { claim, raw_status }
}

/// What is read back of a confirmed order with what is said of its lines. It stands as it did, and what its lines bring leads on
/// from there: what is canceled is never shipped, so that FlexShopper's own counts alone do not say when all is.
pub(crate) fn with_lines(told: Retrieved, state: AttemptState, lines: Option<Vec<LineStanding>>) -> Retrieved {
    match (&told.claim, lines) {
        (Claim::State { state: said, .. }, Some(lines)) if said.is_committed() => {
            Retrieved { claim: Claim::state(state), details: Details { lines, ..Details::default() }, ..told }
        }
        _ => told,
    }
}

/// True when FlexShopper says of every unit that it was sent: it pays for what is delivered (section 2, step 7).
fn all_shipped(items: &[Item]) -> bool {
    let shipped = |item: &Item| match (item.quantity.value(), item.in_status("shipped")) {
        (Some(quantity), Some(shipped)) => quantity.0 > 0 && shipped >= quantity.0,
        _ => false,
    };
    !items.is_empty() && items.iter().all(shipped)
}

/// What a confirmation came to, for the engine.
pub(crate) fn finalized(done: Finalization) -> Finalized {
    let told = |claim| Retrieved { raw_status: Some("signed".to_owned()), ..Retrieved::of(claim) };
    let ask = |detail: String| Some(AttentionDraft::new(AttentionKind::AgreementMismatch, detail));
    match done {
        Finalization::Confirmed { financed, .. } => {
            let retrieved = told(Claim::state(AttemptState::Authorized));
            Finalized { retrieved: Retrieved { amount_echoed: Some(financed), ..retrieved }, attention: None }
        }
        Finalization::NotSigned(raw_status) => {
            let claim = Claim::state(AttemptState::AwaitingCustomer);
            Finalized { retrieved: Retrieved { raw_status, ..Retrieved::of(claim) }, attention: None }
        }
        Finalization::Undone { why, complete } => {
            let (word, detail) = match &why {
                Undoing::Differs(differences) => {
                    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
                    ("agreement_mismatch", format!("the signed lease is not the checkout's: {}", list.join("; ")))
                }
                Undoing::Refused => ("refused_by_provider", "FlexShopper does not confirm the signed lease".to_owned()),
            };
            let end = if complete {
                "it was canceled there"
            } else {
                "FlexShopper did not say that all of it was canceled: look at it in its back office"
            };
            let claim = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(word)) };
            Finalized { retrieved: told(claim), attention: ask(format!("{detail}; {end}")) }
        }
        Finalization::Review(doubt) => {
            let detail = match doubt {
                Doubt::CannotTell(fields) => {
                    format!("the signed lease cannot be compared, for FlexShopper does not say {}", fields.join(", "))
                }
                Doubt::RefusedAfterUnclearTry => {
                    "FlexShopper refuses the confirmation after one that had no clear answer; look whether it is confirmed"
                        .to_owned()
                }
            };
            Finalized { retrieved: told(Claim::Nothing), attention: ask(detail) }
        }
    }
}

/// What a customer was offered, in dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// What may be leased in all.
    pub limit: Option<Money>,
    /// What is left of it.
    pub available: Option<Money>,
    /// What is missing for this cart.
    pub shortfall: Option<Money>,
}

/// What a user's decision says for an order of this price (4.5, 4.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// In our words.
    pub claim: Claim,
    /// In FlexShopper's.
    pub raw_status: Option<String>,
    /// What may be leased, where it was approved.
    pub offer: Offer,
}

/// Reads a decision. What stops a customer counts before what lets one go on.
pub fn decided(user: &User, asked: Money) -> Decided {
    fn word(field: &Field<Word>) -> Option<&str> {
        field.value().map(Word::as_str)
    }
    let decision = user.decision.value();
    let status = decision.and_then(|decision| word(&decision.status));
    let because = |state, reason: &str| Claim::State { state, reason: Some(Reason::new(reason)) };
    let offer = decision.map_or_else(Offer::default, |decision| {
        let money = |field: &Field<Dollars>| field.value().and_then(|dollars| dollars.money().ok());
        let limit = money(&decision.spending_limit);
        let available = money(&decision.available_balance).or(limit);
        let shortfall = available.filter(|available| !available.covers(asked));
        Offer { limit, available, shortfall: shortfall.and_then(|available| asked.minus(available).ok()) }
    });
    let identified = word(&user.verification_status);
    let claim = match (identified, status) {
        _ if user.spending_hold.value() == Some(&true) => because(AttemptState::Declined, "spending_hold"),
        (Some("failed"), _) => because(AttemptState::Declined, "verification_failed"),
        // Applying again leads nowhere there either: its own waterfall was ended with the no.
        (_, Some("failed" | "denied")) if decision.is_some_and(Decision::ends_the_waterfall) => {
            because(AttemptState::Declined, Reason::NOT_TO_BE_ASKED_AGAIN)
        }
        (_, Some("failed" | "denied")) => Claim::state(AttemptState::Declined),
        // Said, and not in a way that could be read: it may be a no (section 7).
        _ if user.spending_hold.is_unreadable() || user.verification_status.is_unreadable() => Claim::UnknownStatus,
        // Nobody has applied.
        (None | Some("pending" | "succeeded"), None) if user.decision.is_absent() => {
            because(AttemptState::AwaitingCustomer, "apply")
        }
        (_, Some("pending")) => Claim::state(AttemptState::UnderReview),
        // A fault there; asked again later (section 7).
        (_, Some("error")) => Claim::Nothing,
        (Some("pending"), Some("approved")) => because(AttemptState::AwaitingCustomer, "verify"),
        (None | Some("succeeded"), Some("approved")) if offer.shortfall.is_some() => {
            because(AttemptState::Preapproved, "limit_below_cart")
        }
        (None | Some("succeeded"), Some("approved")) => Claim::state(AttemptState::Preapproved),
        _ => Claim::UnknownStatus,
    };
    let offer =
        if matches!(claim, Claim::State { state: AttemptState::Preapproved, .. }) { offer } else { Offer::default() };
    Decided { claim, raw_status: status.map(|word| word.chars().take(WORD_MAX_CHARS).collect()), offer }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
