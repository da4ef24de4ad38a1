//! Creating: sent again with its own `unique_id` only where WePay says that this is safe, and never beyond a bound.
//!
//! The number is the attempt's own reference, so another attempt has another number: it is renewed after every other error
//! by the attempt being over (`wepay.md` section 7).

use std::time::Duration;

use lendport_core::{CommitClass, CreateRequest, Created, ProviderError, RetryClass};

use crate::connection::Connection;
use crate::dialect::Stage;
use crate::mapping::{created_from, request_for};
use crate::options::Options;
use crate::search;
use crate::wire::{self, CreateBody};

/// How long the second send and the third one wait (section 7), so that an outage of a moment leaves no outcome unknown.
/// There is no fourth (question 15).
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_200)];

/// Creates, or adopts what an earlier send of this very create made.
pub(crate) async fn create(
    to: &Connection<'_>,
    request: CreateRequest<'_>,
    options: &Options,
    resend_within_ms: u64,
) -> Result<Created, ProviderError> {
    let body = request_for(request, to, options)?;
    let waits = if body.unique_id.is_some() { WAITS.as_slice() } else { &[] };
    let mut failed = match send(to, request, options, &body).await {
        Err(failed) if asks_for_the_same(&failed) => failed,
        done => return done,
    };
    for wait in waits {
        if !asks_for_the_same(&failed) || to.spent_ms() > resend_within_ms {
            break;
        }
        to.pause(*wait).await;
        failed = match send(to, request, options, &body).await {
            Ok(created) => return Ok(created),
            Err(failed) => failed,
        };
    }
    // Once a send may have been carried out, no later answer makes it undone.
    let open = failed.committed_as(CommitClass::Unknown).retried_as(RetryClass::AfterLookup);
    if to.spent_ms() > resend_within_ms {
        // Whoever asked waits; the engine looks on.
        return Err(open);
    }
    match search::by_reference(to, request.attempt).await {
        // Of several the engine takes the one to go on with, and tells a person.
        Ok(Some((found, 0))) if !is_unpaid_token(to, &found, options) => adopt(to, request, &found),
        _ => Err(open),
    }
}

/// Sends a create once more whose sender died (section 7: the same `unique_id` is processed once).
pub(crate) async fn create_again(
    to: &Connection<'_>,
    request: CreateRequest<'_>,
    options: &Options,
) -> Result<Created, ProviderError> {
    let body = request_for(request, to, options)?;
    send(to, request, options, &body).await
}

/// WePay says that this very call may be made again with its own number.
fn asks_for_the_same(failed: &ProviderError) -> bool {
    failed.commit == CommitClass::Unknown && failed.retry == RetryClass::SameRequest
}

async fn send(
    to: &Connection<'_>,
    request: CreateRequest<'_>,
    options: &Options,
    body: &CreateBody,
) -> Result<Created, ProviderError> {
    let told = Connection::order(request.checkout, options.payment_method.is_some());
    let made: wire::Checkout = to.call(body, told, Some(options)).await?;
    to.check_owner(&made, request.attempt)?;
    if is_unpaid_token(to, &made, options) {
        // A stored method that was not charged: the same call may be made again (4.3).
        let message = "WePay made the checkout and did not charge the payment method.";
        return Err(
            ProviderError::new(lendport_core::ErrorKind::BadResponse, message).retried_as(RetryClass::SameRequest)
        );
    }
    adopt(to, request, &made)
}

fn adopt(to: &Connection<'_>, request: CreateRequest<'_>, made: &wire::Checkout) -> Result<Created, ProviderError> {
    created_from(made, to.standing_of(made, request.attempt)?, request.attempt.amount)
}

fn is_unpaid_token(to: &Connection<'_>, made: &wire::Checkout, options: &Options) -> bool {
    options.payment_method.is_some() && Stage::read(to.version.dialect(), &made.state) == Some(Stage::New)
}
