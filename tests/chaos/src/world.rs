//! What everybody in a run shares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lendport_core::Clock;

use crate::arguments::Played;
use crate::balancer::Balancer;
use crate::book::Book;
use crate::downtime::Downtime;
use crate::financer::Financers;
use crate::merchant::Merchant;
use crate::receiver::Receiver;

/// What was asked for, with everything decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) kills: u64,
    pub(crate) shoppers: usize,
    pub(crate) provider: Played,
}

/// What everybody in a run shares.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) book: Book,
    pub(crate) merchant: Merchant,
    pub(crate) financer: Financers,
    pub(crate) receivers: Vec<Arc<Receiver>>,
    pub(crate) balancer: Arc<Balancer>,
    pub(crate) downtime: Arc<Downtime>,
    pub(crate) kills: AtomicU64,
    /// Odd while the database is away.
    pub(crate) outages: AtomicU64,
    pub(crate) ends: Mutex<Vec<String>>,
}

impl World {
    /// A gateway was killed.
    pub(crate) fn killed(&self) {
        self.kills.fetch_add(1, Ordering::SeqCst);
        self.downtime.killed(self.clock.now());
    }

    /// The database goes away.
    pub(crate) fn outage_begins(&self) {
        self.outages.fetch_add(1, Ordering::SeqCst);
        self.downtime.killed(self.clock.now());
    }

    /// The database is back.
    pub(crate) fn outage_ends(&self) {
        self.outages.fetch_add(1, Ordering::SeqCst);
        self.downtime.killed(self.clock.now());
    }

    /// How often the database went away or came back: odd while it is away.
    pub(crate) fn outages(&self) -> u64 {
        self.outages.load(Ordering::SeqCst)
    }

    /// A gateway ended without being killed. While the database is away it may: whoever runs it starts it again.
    pub(crate) fn ended_by_itself(&self, what: String, outages_before: u64) {
        let excused = self.outages() != outages_before || outages_before % 2 == 1;
        if !excused {
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
    }

    /// One line about how far the run is.
    pub(crate) fn progress(&self, kills: u64) -> String {
        let (begun, accepted) = self.book.totals();
        let delivered: Vec<String> =
            self.receivers.iter().map(|receiver| format!("{} {}", receiver.name, receiver.accepted())).collect();
        format!(
            "{:>6} ms  {kills} kills, {} database stops, {accepted} of {begun} checkouts accepted, delivered: {}",
            self.book.now_ms(),
            self.outages() / 2,
            delivered.join(", ")
        )
    }
}
