//! Cancel, capture, refund and modify. Each looks first: none of these calls has an idempotency token, so what is done
//! already is never asked for again, and each looks afterwards, for an answer's state is news and not proof (question 12).

use lendport_core::provider::Retrieved;
use lendport_core::{
    Attempt, AttemptState, Claim, CommitClass, ErrorKind, FieldError, Invalid, Money, Pointer, ProviderError, Reason,
    RetryClass, Secret,
};
use serde::Serialize;

use crate::amount::Amount;
use crate::callback::callback_uri;
use crate::connection::{Connection, id_of};
use crate::dialect::{Dialect, Stage};
use crate::error::{self, Told};
use crate::standing::Standing;
use crate::text::Text;
use crate::verb::Verb;
use crate::wire::{self, CancelBody, CheckoutIdBody, CommandAnswer, MethodAnswer, ModifyBody, RefundBody};

const CANCEL_REASON: &str = "Canceled by the merchant.";
const REFUND_REASON: &str = "Refunded by the merchant.";

/// Cancels what is paid and not yet the payee's. WePay cannot cancel an unpaid page: that one is ended here only.
pub(crate) async fn cancel(
    to: &Connection<'_>,
    attempt: &Attempt,
    reason: Option<&str>,
) -> Result<Retrieved, ProviderError> {
    let cancel_reason = reason_of(reason, CANCEL_REASON)?;
    let found = to.look_up(attempt).await?;
    let before = to.standing_of(&found, attempt)?;
    // Section 2: dialect B never cancels what came from a bank.
    let is_a_bank = to.version.dialect() == Dialect::B && found.method().is_some_and(MethodAnswer::is_a_bank);
    match before.stage {
        Some(Stage::InReview | Stage::Held) if is_a_bank => {
            Err(error::not_now("WePay cannot cancel a payment from a bank; refund it once it is the merchant's."))
        }
        Some(Stage::New) => {
            let claim =
                Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
            Ok(Retrieved { claim, ..before.retrieved(attempt.amount) })
        }
        Some(Stage::InReview | Stage::Held) => {
            let body = CancelBody { checkout_id: id_of(attempt)?, cancel_reason };
            command(to, attempt, Verb::Cancel, &body).await
        }
        // Over already: that is the answer.
        Some(Stage::Canceled | Stage::Failed | Stage::Expired) => Ok(before.retrieved(attempt.amount)),
        Some(Stage::Paid | Stage::Refunded | Stage::ChargedBack) => {
            Err(error::not_now("The payment is the merchant's already; give it back with a refund."))
        }
        None => Err(unknown_state()),
    }
}

/// Lets held money go to the payee, all of it.
pub(crate) async fn capture(to: &Connection<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
    let found = to.look_up(attempt).await?;
    let before = to.standing_of(&found, attempt)?;
    match before.stage {
        Some(Stage::Paid | Stage::Refunded | Stage::ChargedBack) => Ok(before.retrieved(attempt.amount)),
        Some(stage) => match letting_go(to.version.dialect(), stage, &found) {
            Some(verb) => command(to, attempt, verb, &CheckoutIdBody { checkout_id: id_of(attempt)? }).await,
            None => Err(error::not_now(match stage {
                Stage::New => "The customer has not paid yet, so there is nothing to capture.",
                Stage::InReview => "WePay has not finished its review; capture when it holds the money.",
                _ => "The payment is over, so there is nothing to capture.",
            })),
        },
        None => Err(unknown_state()),
    }
}

/// The call that lets the money of this stage go (`wepay.md` section 2).
fn letting_go(dialect: Dialect, stage: Stage, checkout: &wire::Checkout) -> Option<Verb> {
    let authorised_only = checkout.method().is_some_and(MethodAnswer::is_only_authorised);
    match (dialect, stage) {
        (Dialect::A, Stage::Held) => Some(Verb::Capture),
        (Dialect::B, Stage::Held) => Some(Verb::Release),
        // Dialect B's other hold: the card is charged only now.
        (Dialect::B, Stage::InReview) if authorised_only => Some(Verb::Capture),
        _ => None,
    }
}

/// Gives an amount back.
pub(crate) async fn refund(
    to: &Connection<'_>,
    attempt: &Attempt,
    amount: Money,
    reason: Option<&str>,
) -> Result<Retrieved, ProviderError> {
    let refund_reason = reason_of(reason, REFUND_REASON)?;
    let before = to.standing(attempt).await?;
    match before.stage {
        Some(Stage::Paid) => {}
        Some(Stage::InReview | Stage::Held) => {
            return Err(error::not_now("The payment is not the merchant's yet; cancel it instead."));
        }
        Some(_) => return Err(error::not_now("There is nothing that WePay could give back of this payment.")),
        None => return Err(unknown_state()),
    }
    let body = RefundBody {
        checkout_id: id_of(attempt)?,
        refund_reason,
        amount: asked_for(&before, attempt, amount)?,
        app_fee: None,
        payer_email_message: None,
        payee_email_message: None,
    };
    let mut told = command(to, attempt, Verb::Refund, &body).await?;
    // The look may fail, or stay behind; what was given back before is known.
    let before = before.refunded.unwrap_or(Money::zero(amount.currency()));
    let total = before.plus(amount).and_then(|total| total.least(attempt.amount)).ok();
    told.details.refunded = told.details.refunded.filter(|told| total.is_none_or(|total| told.covers(total))).or(total);
    // WePay sends no notice of a part (question 30), so this answer is the one that counts.
    Ok(Retrieved { claim: Claim::Refund { amount: Some(amount), distinguishable: true }, ..told })
}

/// The amount as it is sent: none for the whole payment, which WePay refuses to take as a number; the rest after a partial
/// refund is sent as a number (questions 7 to 9).
fn asked_for(before: &Standing, attempt: &Attempt, amount: Money) -> Result<Option<Amount>, ProviderError> {
    let refuse = |code: &str, detail: &str| {
        let at = Pointer::root().child("amount");
        let error = ProviderError::new(ErrorKind::Invalid, "WePay cannot give this amount back.");
        error.committed_as(CommitClass::NotSent).with_fields(vec![FieldError::new(&at, code, detail)])
    };
    if amount.is_zero() {
        return Err(refuse("out_of_range", "must be more than nothing"));
    }
    let untouched = before.refunded.is_none_or(Money::is_zero);
    if untouched && (amount == attempt.amount || Some(amount) == before.gross) {
        return Ok(None);
    }
    let paid = before.gross.filter(|gross| !gross.is_zero()).unwrap_or(attempt.amount);
    let sum = before.refunded.map_or(Ok(amount), |refunded| refunded.plus(amount));
    if !sum.is_ok_and(|sum| paid.covers(sum)) {
        return Err(refuse("too_large", "is more than is left of what the payer paid"));
    }
    Ok(Some(Amount::from(amount)))
}

/// Over-long reasons are refused, not cut (question 27).
fn reason_of(reason: Option<&str>, usual: &str) -> Result<Text<255>, ProviderError> {
    Text::new(reason.unwrap_or(usual)).ok_or_else(|| {
        let at = Pointer::root().child("reason");
        ProviderError::new(ErrorKind::Invalid, "WePay takes reasons of at most 255 characters.")
            .committed_as(CommitClass::NotSent)
            .with_fields(Invalid::one(&at, "too_long", "must have at most 255 characters").0)
    })
}

/// Tells WePay where to send notices of this checkout from now on.
pub(crate) async fn modify(
    to: &Connection<'_>,
    attempt: &Attempt,
    callback_url: &Secret<String>,
) -> Result<Retrieved, ProviderError> {
    let body = ModifyBody { checkout_id: id_of(attempt)?, callback_uri: callback_uri(callback_url, &to.base)? };
    let changed: wire::Checkout = to.call(&body, Told { verb: Verb::Modify, order: None }, None).await?;
    to.check_owner(&changed, attempt)?;
    Ok(to.standing_of(&changed, attempt)?.retrieved(attempt.amount))
}

/// Sends, then looks. When WePay took the command in and the look fails, nothing is claimed and the engine looks again.
async fn command(
    to: &Connection<'_>,
    attempt: &Attempt,
    verb: Verb,
    body: &(impl Serialize + Sync),
) -> Result<Retrieved, ProviderError> {
    let answer: CommandAnswer = to.call(body, Told { verb, order: None }, None).await?;
    if answer.checkout_id != id_of(attempt)? {
        return Err(error::foreign("another checkout"));
    }
    match to.standing(attempt).await {
        Ok(standing) => Ok(standing.retrieved(attempt.amount)),
        Err(_) => Ok(Retrieved::of(Claim::Nothing)),
    }
}

/// A state of the other dialect, or of a later version: nothing is done about it (question 1).
fn unknown_state() -> ProviderError {
    let message = "WePay's checkout is in a state that the account's api_version does not have; check the account.";
    ProviderError::new(ErrorKind::Configuration, message)
        .committed_as(CommitClass::NotSent)
        .retried_as(RetryClass::AfterLookup)
}
