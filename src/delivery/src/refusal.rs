//! Tells a receiver that refuses one event from one that is down, by its answers alone: where it has nothing else to
//! accept, nothing else can tell.

use lendport_core::DeliveryAttempt;

/// How many refusals in a row it takes, the last one answered like this, until later events need not wait. A 4xx says that
/// the event is at fault. None where the receiver, or what stands in front of it, says that it is down: no status, 502,
/// 503, 504. It gets everything in order when it is back.
pub(crate) fn refusals_enough(status: Option<u16>) -> Option<u32> {
    match status? {
        200..=299 | 410 | 502..=504 => None,
        400..=407 | 409 | 411..=428 | 430..=499 => Some(3),
        _ => Some(5),
    }
}

/// How many of the tries at the end of the log were refusals, without one between them that was none. Not more than
/// those made since the delivery was queued.
pub(crate) fn refused_last(tries: &[DeliveryAttempt], since_queued: u32) -> u32 {
    let made = usize::try_from(since_queued).unwrap_or(usize::MAX);
    let refused = tries.iter().rev().take(made).take_while(|tried| refusals_enough(tried.status).is_some()).count();
    u32::try_from(refused).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use lendport_core::DeliveryAttemptId;
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;

    use super::*;

    #[test]
    fn the_answer_says_how_many_are_enough() {
        for status in [400, 401, 404, 407, 409, 411, 422, 428, 430, 499] {
            assert_eq!(refusals_enough(Some(status)), Some(3), "{status}");
        }
        for status in [301, 307, 408, 429, 500, 501, 505, 599, 999] {
            assert_eq!(refusals_enough(Some(status)), Some(5), "{status}");
        }
        for status in [None, Some(200), Some(299), Some(410), Some(502), Some(503), Some(504)] {
            assert_eq!(refusals_enough(status), None, "{status:?}");
        }
    }

    #[test]
    fn only_refusals_at_the_end_count_and_only_those_since_it_was_queued() {
        let ids = SeededIds::new(4);
        let refused = |statuses: &[Option<u16>], since_queued| {
            let tried = |status: &Option<u16>| DeliveryAttempt {
                id: DeliveryAttemptId::mint(&ids),
                url: "https://shop.example/".to_owned(),
                started_at: START,
                latency_ms: 1,
                status: *status,
                error: None,
                response: Vec::new(),
            };
            refused_last(&statuses.iter().map(tried).collect::<Vec<_>>(), since_queued)
        };
        assert_eq!(refused(&[Some(500), Some(422)], 2), 2);
        assert_eq!(refused(&[Some(500), None, Some(422)], 3), 1);
        assert_eq!(refused(&[Some(500), Some(503), Some(422), Some(422)], 4), 2);
        assert_eq!(refused(&[Some(422), Some(503)], 2), 0);
        assert_eq!(refused(&[Some(422), Some(422), Some(422)], 1), 1);
        assert_eq!(refused(&[], 2), 0);
    }
}
