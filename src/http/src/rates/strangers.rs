//! Addresses that sent more without a valid key than they may. Nobody can tell a guess from a key before it is looked up, and
//! behind the same address there may be somebody with a key: from these addresses keys are looked up one at a time, so that
//! guessing takes little of the database and a key is found all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Peer;

/// For how long after its latest refusal an address is known as one of them.
const KNOWN_FOR: SignedDuration = SignedDuration::from_mins(1);
/// Addresses that are known at most. Where there is no room those that come later are not slowed.
const PEERS_MAX: usize = 10_000;
/// Look-ups for all of them at once: half of the readers that a SQLite file has by default.
const LOOK_UPS_MAX: usize = 2;

/// Who they are.
pub(super) struct Strangers {
    peers: Mutex<HashMap<Peer, Stranger>>,
    together: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

struct Stranger {
    refused_at: Timestamp,
    turn: Arc<Semaphore>,
}

/// A look-up's turn, for as long as this lives. It goes with the look-up and not with the request, whose caller may hang up.
#[derive(Debug)]
pub(crate) struct Turn {
    _own: OwnedSemaphorePermit,
    _together: OwnedSemaphorePermit,
}

impl Strangers {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { peers: Mutex::default(), together: Arc::new(Semaphore::new(LOOK_UPS_MAX)), clock }
    }

    /// This address has just sent more than it may.
    pub(super) fn refused(&self, peer: Peer) {
        let now = self.clock.steady();
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS_MAX {
            peers.retain(|_, stranger| stranger.is_known(now));
        }
        if let Some(stranger) = peers.get_mut(&peer) {
            stranger.refused_at = now;
        } else if peers.len() < PEERS_MAX {
            peers.insert(peer, Stranger { refused_at: now, turn: Arc::new(Semaphore::new(1)) });
        }
    }

    /// Waits for this address's turn, first among its own look-ups and then among all of these addresses, each of which has
    /// one that waits there. None at once for every other address.
    pub(super) async fn turn(&self, peer: Peer) -> Option<Turn> {
        let turn = {
            let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
            let stranger = peers.get(&peer).filter(|stranger| stranger.is_known(self.clock.steady()))?;
            Arc::clone(&stranger.turn)
        };
        let own = turn.acquire_owned().await.ok()?;
        let together = Arc::clone(&self.together).acquire_owned().await.ok()?;
        Some(Turn { _own: own, _together: together })
    }
}

impl Stranger {
    fn is_known(&self, now: Timestamp) -> bool {
        now.duration_since(self.refused_at) < KNOWN_FOR
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt as _;
    use http::HeaderMap;
    use lendport_testkit::ManualClock;

    use super::*;
    use crate::rates::SocketPeer;

    fn peer(number: u32) -> Peer {
        Peer::of(0, Some(SocketPeer(IpAddr::V4(Ipv4Addr::from_bits(number)))), &HeaderMap::new())
    }

    fn strangers() -> (Strangers, ManualClock) {
        let clock = ManualClock::new();
        (Strangers::new(Arc::new(clock.clone())), clock)
    }

    /// None where it waits.
    fn turn(strangers: &Strangers, number: u32) -> Option<Option<Turn>> {
        strangers.turn(peer(number)).now_or_never()
    }

    #[test]
    fn one_turn_for_each_and_a_few_altogether_and_nobody_else_waits() {
        let (strangers, clock) = strangers();
        for number in 1..=3 {
            strangers.refused(peer(number));
        }
        let first = turn(&strangers, 1).unwrap().unwrap();
        assert!(turn(&strangers, 1).is_none(), "its own turn is taken");
        let second = turn(&strangers, 2).unwrap().unwrap();
        assert!(turn(&strangers, 3).is_none(), "all are taken");
        assert!(turn(&strangers, 4).unwrap().is_none(), "who did nothing goes at once");
        drop(first);
        let third = turn(&strangers, 3).unwrap().unwrap();
        assert!(turn(&strangers, 1).is_none());
        drop((second, third));
        assert!(turn(&strangers, 1).unwrap().is_some());
        clock.advance(KNOWN_FOR);
        assert!(turn(&strangers, 1).unwrap().is_none(), "it is over");
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let (strangers, clock) = strangers();
        for number in 0..=u32::try_from(PEERS_MAX).unwrap() {
            strangers.refused(peer(number));
        }
        assert_eq!(strangers.peers.lock().unwrap().len(), PEERS_MAX);
        clock.advance(KNOWN_FOR);
        strangers.refused(peer(u32::MAX));
        assert_eq!(strangers.peers.lock().unwrap().len(), 1, "old ones make room");
    }
}
