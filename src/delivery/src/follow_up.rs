//! What comes after a try: pure decisions over what the receiver did.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{EndpointState, WebhookEndpoint};
use lendport_storage::{AfterTry, LeasedDelivery};

use crate::schedule::{Unit, delay};

/// An endpoint with nothing but failure for so long is switched off.
pub(crate) const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);

/// What the receiver did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The HTTP status, if one came.
    pub(crate) status: Option<u16>,
    /// How long it asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

/// What becomes of the delivery, and of its endpoint where that is to be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) after: AfterTry,
    pub(crate) switch_off: Option<EndpointState>,
}

/// Decides at the end of a try.
pub(crate) fn follow_up(leased: &LeasedDelivery, heard: Heard, now: Timestamp, unit: Unit) -> FollowUp {
    match heard.status {
        Some(200..=299) => FollowUp { after: AfterTry::Delivered, switch_off: None },
        Some(410) => FollowUp { after: AfterTry::Failed, switch_off: Some(EndpointState::Gone) },
        _ => {
            let after = match wait(leased, heard, unit) {
                Some(wait) => AfterTry::Retry {
                    at: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
                    overtakable: refuses_this_one(leased, heard),
                },
                None => AfterTry::Failed,
            };
            let failing = is_failing(&leased.endpoint, now);
            FollowUp { after, switch_off: failing.then_some(EndpointState::Failing) }
        }
    }
}

/// True when every try has failed for [`FAILING_MAX`].
pub(crate) fn is_failing(endpoint: &WebhookEndpoint, now: Timestamp) -> bool {
    endpoint.failing_since.is_some_and(|since| now.duration_since(since) >= FAILING_MAX)
}

/// The wait of the schedule or that which the receiver asks for, whichever is longer; none after the last try.
fn wait(leased: &LeasedDelivery, heard: Heard, unit: Unit) -> Option<SignedDuration> {
    let made = usize::try_from(leased.delivery.tries).unwrap_or(usize::MAX).saturating_add(1);
    let scheduled = delay(made, unit)?;
    let asked = heard.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
    Some(asked.map_or(scheduled, |asked| asked.max(scheduled)))
}

/// The receiver answered, not for the first time, and between the last try and this one it accepted something else: so
/// it is up and refuses this event. One that is down still gets everything in order when it is back.
fn refuses_this_one(leased: &LeasedDelivery, heard: Heard) -> bool {
    let accepted_since = match (leased.endpoint_accepted_at, leased.tried_at) {
        (Some(accepted), Some(tried)) => accepted > tried,
        _ => false,
    };
    heard.status.is_some() && leased.delivery.tries >= 1 && accepted_since
}
