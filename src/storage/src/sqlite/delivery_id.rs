//! The id of a delivery.

use lendport_core::{DeliveryId, EventId, WebhookEndpointId};
use sha2::{Digest as _, Sha256};

use super::cell::StoredId as _;
use super::fault::{Done, Fault};

/// The one delivery of this event to this endpoint. It begins as the event's id does, so that it sorts by time, and goes
/// on with a digest of both: whoever knows the pair knows the delivery, and there cannot be a second one.
pub(crate) fn delivery_id(event: EventId, endpoint: WebhookEndpointId) -> Done<DeliveryId> {
    let digest = Sha256::new().chain_update(event.bytes()).chain_update(endpoint.bytes()).finalize();
    let mut bytes = event.bytes();
    for (place, (byte, from)) in bytes.iter_mut().zip(digest.iter()).enumerate().skip(8) {
        // The two upper bits of the ninth byte say which kind of UUID this is.
        *byte = if place == 8 { (*byte & 0xc0) | (from & 0x3f) } else { *from };
    }
    DeliveryId::from_bytes(&bytes).ok_or_else(|| Fault::broken("an id has another length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_per_pair_and_in_the_order_of_events() {
        let ids = lendport_testkit::SeededIds::default();
        let events: Vec<_> = (0..100).map(|_| EventId::mint(&ids)).collect();
        let endpoints: Vec<_> = (0..10).map(|_| WebhookEndpointId::mint(&ids)).collect();
        let made: Vec<_> = events
            .iter()
            .flat_map(|event| endpoints.iter().map(|endpoint| delivery_id(*event, *endpoint).unwrap()))
            .collect();
        assert_eq!(made.iter().collect::<std::collections::BTreeSet<_>>().len(), 1_000);
        let of_one: Vec<_> = made.iter().step_by(10).collect();
        assert!(of_one.is_sorted() && made.iter().all(|id| id.uuid().get_version_num() == 7));
        assert_eq!(made[0], delivery_id(events[0], endpoints[0]).unwrap());
    }
}
