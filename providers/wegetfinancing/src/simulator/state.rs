//! Everything the simulator remembers: in memory, behind one lock that is never held across an await, bounded.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use lendport_core::Clock;
use lendport_outbound::Outbound;
use lendport_simulation::Faults;
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SimulatorSettings;
use super::checks::Order;
use super::faults::{Endpoint, Fault};
use super::money;
use super::postback::Sent;

/// Requests kept; the oldest is dropped for the next one.
pub(super) const REQUESTS_MAX: usize = 10_000;
/// Postbacks and shipping updates kept for one request.
pub(super) const PER_REQUEST_MAX: usize = 1_000;
/// Bytes of a create body that are kept to be shown.
const BODY_KEPT_BYTES: usize = 64 * 1024;
/// Access tokens of the v3 API that are valid at one time.
const TOKENS_MAX: usize = 1_000;
/// Deliveries under way at one time.
const DELIVERIES_MAX: usize = 16;

/// One running simulator.
pub(super) struct Sim {
    pub(super) settings: SimulatorSettings,
    pub(super) outbound: Outbound,
    pub(super) clock: Arc<dyn Clock>,
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
        Self {
            settings,
            outbound,
            clock,
            bound: OnceLock::new(),
            slots: Semaphore::new(DELIVERIES_MAX),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            store: Mutex::new(Store::default()),
            seed: seed(),
            counter: AtomicU64::new(1),
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 32 lower-case hex digits, different at each call.
    pub(super) fn hex32(&self) -> String {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.clock.now().as_nanosecond().to_be_bytes());
        hash.update(count.to_be_bytes());
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The correlation mark of an error body.
    pub(super) fn stamp(&self) -> u32 {
        u32::from_str_radix(&self.hex32().chars().take(6).collect::<String>(), 16).unwrap_or_default()
    }

    /// The customer's page of a request.
    pub(super) fn href(&self, inv_id: &str, headers: &HeaderMap) -> String {
        let stated = self.settings.public_url.as_ref().or_else(|| self.bound.get()).cloned();
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
        let base = stated.unwrap_or_else(|| format!("http://{}", host()));
        format!("{}/partner.sandbox/lc/info/{inv_id}", base.trim_end_matches('/'))
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
#[derive(Default)]
pub(super) struct Store {
    records: HashMap<String, Record>,
    /// Oldest first.
    order: VecDeque<String>,
    pub(super) faults: Faults<Fault>,
    calls: BTreeMap<&'static str, u64>,
    tokens: VecDeque<String>,
}

impl Store {
    pub(super) fn insert(&mut self, record: Record) {
        self.order.push_back(record.inv_id.clone());
        self.records.insert(record.inv_id.clone(), record);
        while self.records.len() > REQUESTS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.records.remove(&oldest);
        }
    }

    pub(super) fn get(&self, inv_id: &str) -> Option<&Record> {
        self.records.get(inv_id)
    }

    pub(super) fn get_mut(&mut self, inv_id: &str) -> Option<&mut Record> {
        self.records.get_mut(inv_id)
    }

    pub(super) fn remove(&mut self, inv_id: &str) -> bool {
        self.order.retain(|known| known != inv_id);
        self.records.remove(inv_id).is_some()
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Record> {
        self.order.iter().rev().filter_map(|inv_id| self.records.get(inv_id))
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

    pub(super) fn issue_token(&mut self, token: String) {
        self.tokens.push_back(token);
        if self.tokens.len() > TOKENS_MAX {
            self.tokens.pop_front();
        }
    }

    pub(super) fn knows_token(&self, token: &str) -> bool {
        self.tokens.iter().any(|known| known == token)
    }
}

/// Where an application stands at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Created,
    Preapproved,
    Approved,
    Rejected,
    PartiallyRefunded,
    Refunded,
    Abandoned,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Preapproved => "preapproved",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Abandoned => "abandoned",
        }
    }

    /// Shipping is only heard once the loan is final.
    pub(super) fn may_ship(self) -> bool {
        matches!(self, Self::Approved | Self::PartiallyRefunded | Self::Refunded)
    }
}

/// One financing application.
pub(super) struct Record {
    pub(super) inv_id: String,
    /// The internal document id, which only the shipping answer shows.
    pub(super) document: String,
    pub(super) created: Timestamp,
    pub(super) order: Order,
    /// The create body as received, cut at 64 KiB.
    pub(super) body: String,
    pub(super) state: State,
    pub(super) refunded: Decimal,
    pub(super) postbacks: Vec<Sent>,
    pub(super) shipping: Vec<Value>,
}

impl Record {
    pub(super) fn new(inv_id: String, document: String, created: Timestamp, order: Order, body: &[u8]) -> Self {
        let kept = body.get(..BODY_KEPT_BYTES).unwrap_or(body);
        Self {
            inv_id,
            document,
            created,
            order,
            body: String::from_utf8_lossy(kept).into_owned(),
            state: State::Created,
            refunded: Decimal::ZERO,
            postbacks: Vec::new(),
            shipping: Vec::new(),
        }
    }

    /// Moves the application as the lender's word says. A late pre-approval takes no approval back.
    pub(super) fn apply(&mut self, status: &str, amount: Option<&str>) {
        self.state = match status {
            "preapproved" if self.state.may_ship() => self.state,
            "preapproved" => State::Preapproved,
            "approved" => State::Approved,
            "rejected" | "void" => State::Rejected,
            "refund" => {
                let rest = self.order.amount - self.refunded;
                self.refunded += amount.and_then(|text| money::parse(text).ok()).unwrap_or(rest);
                if self.refunded >= self.order.amount { State::Refunded } else { State::PartiallyRefunded }
            }
            _ => self.state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::dialect::Dialect;

    fn record(inv_id: String) -> Record {
        let order = Order {
            last_name: "Doe".into(),
            email: "john@example.com".into(),
            country: "US",
            state: "NJ",
            currency: "USD",
            lines: Vec::new(),
            amount: Decimal::from(1420),
            tax: Decimal::ZERO,
            dialect: Dialect::V19,
            merchant_transaction_id: None,
            postback_url: None,
            success_url: None,
            failure_url: None,
            sent_to_consumer: false,
        };
        Record::new(inv_id, String::new(), Timestamp::UNIX_EPOCH, order, b"{}")
    }

    #[test]
    fn the_oldest_request_makes_room() {
        let mut store = Store::default();
        for count in 0..=REQUESTS_MAX {
            store.insert(record(count.to_string()));
        }
        assert_eq!(store.newest_first().count(), REQUESTS_MAX);
        assert!(store.get("0").is_none() && store.get("1").is_some());
        assert!(store.remove("1") && !store.remove("1"));
    }

    #[test]
    fn refunds_add_up() {
        let mut record = record("a".into());
        for (status, amount, state) in [
            ("preapproved", None, State::Preapproved),
            ("something_new", None, State::Preapproved),
            ("approved", None, State::Approved),
            ("preapproved", None, State::Approved),
            ("refund", Some("1400.00"), State::PartiallyRefunded),
            ("refund", None, State::Refunded),
            ("void", None, State::Rejected),
        ] {
            record.apply(status, amount);
            assert_eq!(record.state, state, "{status}");
        }
        assert_eq!(record.refunded, Decimal::from(1420));
    }
}
