//! Everything the simulator remembers: in memory, behind one lock that is never held across an await. Checkouts are
//! bounded; a `unique_id` is remembered for good, as it may never be used twice.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use lendport_core::Clock;
use lendport_outbound::Outbound;
use lendport_simulation::{Faults, VirtualClock};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SimulatorSettings;
use super::checkout::Checkout;
use super::endpoint::Endpoint;
use super::faults::Fault;
use super::notice::{self, Telling, Waiting};
use super::rules::Rules;
use super::unique::Spent;

/// Checkouts kept; the oldest is dropped for the next one.
const CHECKOUTS_MAX: usize = 10_000;
/// Deliveries under way at one time.
const DELIVERIES_MAX: usize = 16;
/// Ids are beyond 32 bits on purpose.
const FIRST_ID: u64 = 235_000_000_000;

/// One running simulator.
pub(super) struct Sim {
    pub(super) settings: SimulatorSettings,
    pub(super) outbound: Outbound,
    pub(super) clock: VirtualClock,
    /// Where the hosted page is, when the simulator listens itself.
    pub(super) bound: OnceLock<String>,
    pub(super) slots: Semaphore,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    store: Mutex<Store>,
    seed: [u8; 16],
    counter: AtomicU64,
}

impl Sim {
    pub(super) fn new(settings: SimulatorSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        let store = Mutex::new(Store::new(Rules::new(&settings.api_version)));
        Self {
            settings,
            outbound,
            clock: VirtualClock::new(move || clock.now()),
            bound: OnceLock::new(),
            slots: Semaphore::new(DELIVERIES_MAX),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            store,
            seed: seed(),
            counter: AtomicU64::new(1),
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 16 bytes, different at each call.
    fn mixed(&self) -> impl Iterator<Item = u8> {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.clock.now().as_nanosecond().to_be_bytes());
        hash.update(count.to_be_bytes());
        hash.finalize().into_iter().take(16)
    }

    /// Lower-case hex digits, different at each call; at most 32.
    pub(super) fn hex(&self, digits: usize) -> String {
        self.mixed().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(digits).collect()
    }

    /// An id that no checkout has.
    pub(super) fn fresh_id(&self, store: &Store) -> u64 {
        loop {
            let id = FIRST_ID + self.mixed().take(4).fold(0, |sum, byte| sum * 256 + u64::from(byte));
            if store.get(id).is_none() {
                return id;
            }
        }
    }

    /// Base of the pages as payers reach them.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        let stated = self.settings.public_url.as_ref().or_else(|| self.bound.get()).cloned();
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
        stated.unwrap_or_else(|| format!("http://{}", host())).trim_end_matches('/').to_owned()
    }

    /// Lets every timer run that is due, and tells what came of it.
    pub(super) fn settle_all(&self) {
        let now = self.clock.now();
        let mut store = self.store();
        let due: Vec<u64> = store
            .checkouts
            .values()
            .filter(|checkout| checkout.due().is_some_and(|due| due <= now))
            .map(|checkout| checkout.id)
            .collect();
        for id in due {
            store.change(id, now, Telling::Merged, |_, _| ());
        }
    }
}

/// Makes ids differ between two simulators; without randomness they still differ by time and count.
fn seed() -> [u8; 16] {
    let mut seed = [0; 16];
    #[expect(clippy::disallowed_methods, reason = "ids of a simulator need to differ, not to be unguessable")]
    let _filled = getrandom::fill(&mut seed);
    seed
}

/// What may change.
pub(super) struct Store {
    checkouts: HashMap<u64, Checkout>,
    /// Oldest first.
    order: VecDeque<u64>,
    pub(super) rules: Rules,
    pub(super) faults: Faults<Fault>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) unique: HashMap<String, Spent>,
    /// Digest of the first create body that came with a `unique_id`.
    pub(super) heard: HashMap<String, [u8; 32]>,
    /// Times of the calls in the throttle's window.
    pub(super) recent: VecDeque<Timestamp>,
    calls: BTreeMap<&'static str, u64>,
}

impl Store {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            checkouts: HashMap::new(),
            order: VecDeque::new(),
            rules,
            faults: Faults::default(),
            waiting: Vec::new(),
            unique: HashMap::new(),
            heard: HashMap::new(),
            recent: VecDeque::new(),
            calls: BTreeMap::new(),
        }
    }

    pub(super) fn insert(&mut self, checkout: Checkout) {
        self.order.push_back(checkout.id);
        self.checkouts.insert(checkout.id, checkout);
        while self.checkouts.len() > CHECKOUTS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.checkouts.remove(&oldest);
        }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Checkout> {
        self.checkouts.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Checkout> {
        self.checkouts.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.order.retain(|known| *known != id);
        self.waiting.retain(|waiting| waiting.checkout_id != id);
        self.checkouts.remove(&id).is_some()
    }

    pub(super) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Checkout> {
        self.order.iter().rev().filter_map(|id| self.checkouts.get(id))
    }

    /// Brings a checkout up to date, changes it, and tells of the change. `None`: no such checkout.
    ///
    /// The second part of the answer is the places of the new notices.
    pub(super) fn change<T>(
        &mut self,
        id: u64,
        now: Timestamp,
        telling: Telling,
        act: impl FnOnce(&mut Checkout, &Rules) -> T,
    ) -> Option<(T, Vec<usize>)> {
        let rules = self.rules.clone();
        let checkout = self.checkouts.get_mut(&id)?;
        let before = (checkout.state, checkout.said.clone());
        let amounts = (checkout.refunded, checkout.charged_back);
        checkout.settle(now, &rules);
        let done = act(checkout, &rules);
        checkout.settle(now, &rules);
        let moved = before != (checkout.state, checkout.said.clone());
        let partly = amounts != (checkout.refunded, checkout.charged_back);
        let worth_it = moved || (partly && rules.ipn_on_partial);
        let places = if worth_it { notice::tell(self, id, telling, now) } else { Vec::new() };
        Some((done, places))
    }

    pub(super) fn count(&mut self, endpoint: Endpoint) {
        *self.calls.entry(endpoint.word()).or_default() += 1;
    }

    pub(super) fn calls(&self) -> BTreeMap<&'static str, u64> {
        Endpoint::ALL
            .iter()
            .map(|endpoint| (endpoint.word(), self.calls.get(endpoint.word()).copied().unwrap_or_default()))
            .collect()
    }
}
