//! Everything the simulator remembers: in memory, behind one lock that is never held across an await, bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lendport_core::Clock;
use lendport_simulation::{Faults, VirtualClock};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::SimulatorSettings;
use super::account::Account;
use super::endpoint::Endpoint;
use super::errors::Refusal;
use super::faults::Fault;
use super::people::People;
use super::rules::Rules;
use super::session::Session;
use super::transaction::Transaction;

/// Transactions kept; the oldest is dropped for the next one.
const TRANSACTIONS_MAX: usize = 100_000;
/// Open plugin windows kept.
const SESSIONS_MAX: usize = 10_000;
/// Refusals and strange members that are remembered.
const NOTES_MAX: usize = 200;
/// The first `leaseNumber`: the one the reference prints.
const FIRST_NUMBER: u64 = 1_234_567;

/// One running simulator.
pub(super) struct Sim {
    pub(super) settings: SimulatorSettings,
    pub(super) clock: VirtualClock,
    /// Where it can be reached, when it listens itself.
    pub(super) bound: OnceLock<String>,
    pub(super) stop: CancellationToken,
    store: Mutex<Store>,
    seed: [u8; 16],
    counter: AtomicU64,
}

impl Sim {
    pub(super) fn new(settings: SimulatorSettings, clock: Arc<dyn Clock>) -> Self {
        let store = Mutex::new(Store::new(&settings));
        Self {
            settings,
            clock: VirtualClock::new(move || clock.now()),
            bound: OnceLock::new(),
            stop: CancellationToken::new(),
            store,
            seed: seed(),
            counter: AtomicU64::new(1),
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 32 bytes, different at each call.
    fn mixed(&self) -> [u8; 32] {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.clock.now().as_nanosecond().to_be_bytes());
        hash.update(count.to_be_bytes());
        hash.finalize().into()
    }

    /// Lower-case hex digits, different at each call; at most 64.
    pub(super) fn hex(&self, digits: usize) -> String {
        self.mixed().iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(digits).collect()
    }

    /// The form of a UUID.
    pub(super) fn uuid(&self) -> String {
        let hex = self.hex(32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// A user's id, which begins like those inside the printed tokens.
    pub(super) fn user_id(&self) -> String {
        format!("5a90{}", self.hex(20))
    }

    /// What looks like a JSON Web Token, as tokens and ids of leases and transactions do.
    pub(super) fn opaque(&self, user: &str, what: &str) -> String {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let body = URL_SAFE_NO_PAD.encode(format!(r#"{{"userId":"{user}","{what}":"{}"}}"#, self.hex(24)));
        format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(self.mixed()))
    }

    /// Base of the pages as customers reach them.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        let stated = self.settings.public_url.as_ref().or_else(|| self.bound.get()).cloned();
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
        stated.unwrap_or_else(|| format!("http://{}", host())).trim_end_matches('/').to_owned()
    }
}

/// Makes ids differ between two simulators; without randomness they still differ by time and count.
fn seed() -> [u8; 16] {
    let mut seed = [0; 16];
    #[expect(clippy::disallowed_methods, reason = "ids of a simulator need to differ, not to be unguessable")]
    let _filled = getrandom::fill(&mut seed);
    seed
}

/// A refusal, for those who wonder what a 400 meant.
pub(super) struct Noted {
    pub(super) at: Timestamp,
    pub(super) endpoint: Endpoint,
    pub(super) status: u16,
    pub(super) why: String,
}

/// What may change.
pub(super) struct Store {
    pub(super) accounts: Vec<Account>,
    pub(super) people: People,
    pub(super) rules: Rules,
    pub(super) faults: Faults<Fault>,
    pub(super) refusals: VecDeque<Noted>,
    /// Members that no document knows, with the call's name before them.
    pub(super) strange: BTreeSet<String>,
    /// Oldest first.
    sessions: VecDeque<Session>,
    transactions: BTreeMap<u64, Transaction>,
    /// The newest of each account and id.
    by_id: HashMap<(usize, String), u64>,
    by_lease: HashMap<String, u64>,
    by_user: HashMap<String, BTreeSet<u64>>,
    next: u64,
    calls: BTreeMap<Endpoint, u64>,
}

impl Store {
    pub(super) fn new(settings: &SimulatorSettings) -> Self {
        Self {
            accounts: vec![Account::new(settings.api_key.clone(), settings.auth_key.clone())],
            people: People::default(),
            rules: Rules::new(),
            faults: Faults::default(),
            refusals: VecDeque::new(),
            strange: BTreeSet::new(),
            sessions: VecDeque::new(),
            transactions: BTreeMap::new(),
            by_id: HashMap::new(),
            by_lease: HashMap::new(),
            by_user: HashMap::new(),
            next: 0,
            calls: BTreeMap::new(),
        }
    }

    /// A number that nothing has yet, and the `leaseNumber` that goes with it.
    pub(super) fn next_serial(&mut self) -> (u64, String) {
        let serial = self.next;
        self.next += 1;
        (serial, (FIRST_NUMBER + serial).to_string())
    }

    pub(super) fn insert(&mut self, transaction: Transaction) {
        self.by_id.insert((transaction.account, transaction.id().to_owned()), transaction.serial);
        self.by_lease.insert(transaction.lease_id.clone(), transaction.serial);
        self.by_user.entry(transaction.user.clone()).or_default().insert(transaction.serial);
        self.transactions.insert(transaction.serial, transaction);
        while self.transactions.len() > TRANSACTIONS_MAX {
            let Some(oldest) = self.transactions.keys().next().copied() else { break };
            self.remove(oldest);
        }
    }

    pub(super) fn remove(&mut self, serial: u64) {
        let Some(gone) = self.transactions.remove(&serial) else { return };
        self.by_lease.remove(&gone.lease_id);
        if let Some(serials) = self.by_user.get_mut(&gone.user) {
            serials.remove(&serial);
        }
        let key = (gone.account, gone.id().to_owned());
        if self.by_id.get(&key) == Some(&serial) {
            self.by_id.remove(&key);
        }
    }

    /// The newest transaction of an account by the merchant's id.
    pub(super) fn serial(&self, account: usize, id: &str) -> Option<u64> {
        self.by_id.get(&(account, id.to_owned())).copied()
    }

    /// The transaction of a lease. Some answers put a quote before its id, others do not.
    pub(super) fn serial_of_lease(&self, lease_id: &str) -> Option<u64> {
        self.by_lease.get(lease_id.trim_start_matches('"')).copied()
    }

    pub(super) fn get(&self, serial: u64) -> Option<&Transaction> {
        self.transactions.get(&serial)
    }

    /// A transaction that is up to date.
    pub(super) fn get_mut(&mut self, serial: u64, now: Timestamp) -> Option<&mut Transaction> {
        let found = self.transactions.get_mut(&serial)?;
        found.settle(now);
        Some(found)
    }

    /// Brings every transaction up to date.
    pub(super) fn settle_all(&mut self, now: Timestamp) {
        self.transactions.values_mut().for_each(|transaction| transaction.settle(now));
    }

    pub(super) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Transaction> {
        self.transactions.values().rev()
    }

    /// A customer's transactions, newest first.
    pub(super) fn of_user(&self, user: &str) -> impl Iterator<Item = &Transaction> {
        let serials = self.by_user.get(user).into_iter().flat_map(|serials| serials.iter().rev());
        serials.filter_map(|serial| self.transactions.get(serial))
    }

    pub(super) fn open_session(&mut self, session: Session) {
        self.sessions.push_back(session);
        while self.sessions.len() > SESSIONS_MAX {
            self.sessions.pop_front();
        }
    }

    pub(super) fn session(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().rev().find(|session| session.id == id)
    }

    pub(super) fn count(&mut self, endpoint: Endpoint) {
        *self.calls.entry(endpoint).or_default() += 1;
    }

    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        Endpoint::ALL
            .iter()
            .map(|endpoint| (endpoint.word(), self.calls.get(endpoint).copied().unwrap_or_default()))
            .collect()
    }

    pub(super) fn note_refusal(&mut self, at: Timestamp, endpoint: Endpoint, refusal: &Refusal) {
        self.refusals.push_back(Noted { at, endpoint, status: refusal.status(), why: refusal.why().to_owned() });
        while self.refusals.len() > NOTES_MAX {
            self.refusals.pop_front();
        }
    }

    pub(super) fn note_strange(&mut self, endpoint: Endpoint, names: Vec<String>) {
        for name in names {
            if self.strange.len() < NOTES_MAX {
                self.strange.insert(format!("{}: {name}", endpoint.word()));
            }
        }
    }
}
