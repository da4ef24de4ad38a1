//! What comes after a try: pure decisions over what the receiver did.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{EndpointState, WebhookEndpoint};
use lendport_storage::{AfterTry, LeasedDelivery};

use crate::refusal::refusals_enough;
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

/// Decides at the end of a try. `refusals` are those in a row, this one included.
pub(crate) fn follow_up(leased: &LeasedDelivery, heard: Heard, refusals: u32, now: Timestamp, unit: Unit) -> FollowUp {
    match heard.status {
        Some(200..=299) => FollowUp { after: AfterTry::Delivered, switch_off: None },
        Some(410) => FollowUp { after: AfterTry::Failed, switch_off: Some(EndpointState::Gone) },
        _ => {
            let after = match wait(leased, heard, unit) {
                Some(wait) => AfterTry::Retry {
                    at: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
                    overtakable: refuses_this_one(leased, heard) || refuses_long(heard, refusals),
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

/// The receiver answered, and has refused this event often enough: a quiet shop may have nothing else to accept.
fn refuses_long(heard: Heard, refusals: u32) -> bool {
    refusals_enough(heard.status).is_some_and(|enough| refusals >= enough)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use lendport_core::{
        About, CheckoutId, Delivery, DeliveryId, DeliveryState, Event, EventId, EventType, MerchantId, Mode,
        WebhookEndpointId,
    };
    use lendport_storage::Tenant;
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;

    use super::*;

    fn after(minutes: i64) -> Timestamp {
        START + SignedDuration::from_mins(minutes)
    }

    fn leased(tries: u32) -> LeasedDelivery {
        let ids = SeededIds::new(3);
        let checkout = CheckoutId::mint(&ids);
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::mint(&ids),
            url: "https://shop.example/".to_owned(),
            description: None,
            events: Vec::new(),
            secrets: Vec::new(),
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: START,
            updated_at: START,
        };
        let event = Event {
            id: EventId::mint(&ids),
            about: About::Checkout(checkout),
            kind: EventType::CheckoutUpdated,
            sequence: 1,
            test: false,
            snapshot: "{}".to_owned(),
            created_at: START,
        };
        let delivery = Delivery {
            id: DeliveryId::mint(&ids),
            endpoint: endpoint.id,
            event: event.id,
            kind: event.kind,
            checkout: Some(checkout),
            state: DeliveryState::Pending,
            tries,
            next_at: Some(START),
            created_at: START,
            updated_at: START,
        };
        LeasedDelivery {
            tenant: Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Live },
            delivery,
            endpoint: Arc::new(endpoint),
            event,
            tried_at: (tries > 0).then_some(START),
            endpoint_accepted_at: None,
        }
    }

    fn decided(leased: &LeasedDelivery, status: Option<u16>) -> FollowUp {
        follow_up(leased, Heard { status, retry_after: None }, 0, after(10), Unit::MIDDLE)
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 201, 202, 204, 299] {
            let expected = FollowUp { after: AfterTry::Delivered, switch_off: None };
            assert_eq!(decided(&leased(9), Some(status)), expected, "{status}");
        }
        for status in [100, 101, 199, 300, 301, 302, 304, 308, 400, 401, 404, 409, 411, 429, 500, 503, 599, 999] {
            let retry = AfterTry::Retry { at: after(10) + SignedDuration::from_secs(5), overtakable: false };
            let expected = FollowUp { after: retry, switch_off: None };
            assert_eq!(decided(&leased(0), Some(status)), expected, "{status}");
            assert_eq!(decided(&leased(9), Some(status)).after, AfterTry::Failed, "{status}");
        }
        let gone = FollowUp { after: AfterTry::Failed, switch_off: Some(EndpointState::Gone) };
        assert_eq!(decided(&leased(0), Some(410)), gone);
        assert_eq!(decided(&leased(9), None).after, AfterTry::Failed);
        assert_eq!(decided(&leased(u32::MAX), Some(500)).after, AfterTry::Failed);
    }

    #[test]
    fn retry_after_only_makes_it_later() {
        let at = |tries, seconds| {
            let heard = Heard { status: Some(503), retry_after: Some(Duration::from_secs(seconds)) };
            match follow_up(&leased(tries), heard, 0, after(0), Unit::MIDDLE).after {
                AfterTry::Retry { at, .. } => at.duration_since(after(0)).as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!([at(0, 0), at(0, 4), at(0, 6), at(0, 86_400)], [5, 5, 6, 86_400]);
        assert_eq!([at(1, 6), at(1, 301)], [300, 301]);
        let last = Heard { status: Some(503), retry_after: Some(Duration::from_secs(60)) };
        assert_eq!(follow_up(&leased(9), last, 0, after(0), Unit::MIDDLE).after, AfterTry::Failed);
    }

    #[test]
    fn only_a_receiver_that_is_up_and_refuses_this_one_is_overtaken() {
        let overtakable = |tries, tried: Option<i64>, accepted: Option<i64>, status| {
            let mut leased = leased(tries);
            (leased.tried_at, leased.endpoint_accepted_at) = (tried.map(after), accepted.map(after));
            match decided(&leased, status).after {
                AfterTry::Retry { overtakable, .. } => overtakable,
                other => panic!("{other:?}"),
            }
        };
        assert!(overtakable(1, Some(0), Some(1), Some(500)));
        // The first try; nothing accepted since, or ever; no answer at all.
        assert!(!overtakable(0, None, Some(1), Some(500)));
        assert!(!overtakable(1, Some(1), Some(1), Some(500)));
        assert!(!overtakable(1, Some(2), Some(1), Some(500)));
        assert!(!overtakable(1, Some(0), None, Some(500)));
        assert!(!overtakable(1, Some(0), Some(1), None));
        // Sent again by hand: the schedule begins anew, and so does this.
        assert!(!overtakable(0, Some(0), Some(1), Some(500)));
    }

    #[test]
    fn an_event_that_was_refused_often_enough_is_overtaken() {
        let overtakable = |refusals, status| {
            let heard = Heard { status, retry_after: None };
            match follow_up(&leased(4), heard, refusals, after(10), Unit::MIDDLE).after {
                AfterTry::Retry { overtakable, .. } => overtakable,
                other => panic!("{other:?}"),
            }
        };
        assert!(!overtakable(2, Some(422)) && overtakable(3, Some(422)));
        for status in [307, 408, 429, 500] {
            assert!(!overtakable(4, Some(status)) && overtakable(5, Some(status)), "{status}");
        }
        for status in [None, Some(502), Some(503), Some(504)] {
            assert!(!overtakable(9, status), "{status:?}");
        }
    }

    #[test]
    fn five_days_of_nothing_but_failure_are_enough() {
        let failing = |since: Option<i64>, status| {
            let mut leased = leased(0);
            let mut endpoint = leased.endpoint.as_ref().clone();
            endpoint.failing_since = since.map(|minutes| after(10 - minutes));
            leased.endpoint = Arc::new(endpoint);
            decided(&leased, status).switch_off
        };
        let five_days = 5 * 24 * 60;
        assert_eq!(failing(Some(five_days), Some(500)), Some(EndpointState::Failing));
        assert_eq!(failing(Some(five_days), None), Some(EndpointState::Failing));
        assert_eq!(failing(Some(five_days), Some(410)), Some(EndpointState::Gone));
        assert_eq!(failing(Some(five_days - 1), Some(500)), None);
        assert_eq!(failing(Some(five_days), Some(200)), None);
        assert_eq!(failing(None, Some(500)), None);
    }
}
