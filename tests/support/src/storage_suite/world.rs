//! A store with one merchant in it, and the means to fill it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::observation::{Claim as Says, Grade, Observation, Source};
use lendport_core::operation::Phase;
use lendport_core::{
    About, Attempt, AttemptState, Checkout, CheckoutId, CheckoutRecord, Details, Event, EventId, EventType, IdSource,
    MerchantId, Mode, ObservationId, Operation, OperationId, OperationKind,
};
use lendport_storage::{
    Change, ChangeAsk, ChangeOutcome, Claim, Database, InsertOutcome, Loaded, Merchant, ObservationRow, Outbox,
    PushRecord, Store, StoreError, Tenant, WorkAsk, change_with,
};

use crate::clock::{START, SeededIds};
use crate::samples::{Sample, attempt};

/// A store with one merchant in it.
pub struct World {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its other side.
    pub outbox: Arc<dyn Outbox>,
    /// Another handle, as of another process, where there can be one and the case asked for it.
    pub other: Option<Database>,
    /// Where ids come from.
    pub ids: SeededIds,
    /// The merchant, in test mode.
    pub tenant: Tenant,
}

/// A moment so many seconds after the start.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START.as_second() + seconds).unwrap_or(START)
}

/// A worker's question at that moment; what it takes, it has for a minute.
pub(super) fn work(now: Timestamp, limit: u32) -> WorkAsk {
    WorkAsk { now, until: now.saturating_add(SignedDuration::from_mins(1)).unwrap_or(now), limit }
}

/// Something of the shape of a SHA-256, another one for every number.
pub(super) fn sha(number: u64) -> String {
    format!("{number:064x}")
}

impl World {
    /// Stores a merchant.
    pub async fn new(database: Database) -> Self {
        let Database { store, outbox } = database;
        let ids = SeededIds::new(1);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let world = Self { store, outbox, other: None, ids, tenant };
        world.merchant(tenant.merchant, "first").await;
        world
    }

    /// The store of one process or of the other, by turns.
    pub fn either_store(&self, number: usize) -> Arc<dyn Store> {
        match &self.other {
            Some(other) if number % 2 == 1 => Arc::clone(&other.store),
            _ => Arc::clone(&self.store),
        }
    }

    /// Stores another merchant.
    pub async fn merchant(&self, id: MerchantId, name: &str) {
        let merchant =
            Merchant { id, name: name.to_owned(), page: lendport_core::ShopPage::default(), created_at: START };
        self.store.put_merchant(&merchant).await.unwrap();
    }

    /// A checkout of the merchant that is not stored yet.
    pub fn checkout(&self) -> Checkout {
        Checkout { merchant: self.tenant.merchant, ..Sample::usa().checkout(&self.ids) }
    }

    /// Its attempt of this number, not stored yet.
    pub fn attempt(&self, checkout: &Checkout, number: u32, state: AttemptState) -> Attempt {
        let callback_digest = self.ids.token().expose().clone();
        Attempt { number, state, callback_digest, ..attempt(checkout, "sandbox", &self.ids) }
    }

    /// What stores a checkout with one attempt.
    pub fn opening(&self, state: AttemptState) -> Change {
        let checkout = self.checkout();
        let attempts = vec![self.attempt(&checkout, 1, state)];
        Change { checkout: Some(Box::new(checkout)), attempts, ..Change::default() }
    }

    /// Stores a checkout with one attempt.
    pub async fn open(&self, state: AttemptState) -> CheckoutRecord {
        self.insert(self.opening(state)).await
    }

    /// Stores this and reads it back.
    pub async fn insert(&self, change: Change) -> CheckoutRecord {
        let id = change.checkout.as_ref().unwrap().id;
        assert_eq!(self.store.insert_checkout(self.tenant, None, change).await, Ok(InsertOutcome::Inserted));
        self.read(id).await
    }

    /// Reads a checkout that must be there.
    pub async fn read(&self, id: CheckoutId) -> CheckoutRecord {
        self.store.checkout(self.tenant, id).await.unwrap().unwrap()
    }

    /// Changes a checkout without asking for a key.
    pub async fn change(
        &self,
        id: CheckoutId,
        mut decide: impl FnMut(Loaded<'_>) -> Change + Send + 'static,
    ) -> Result<ChangeOutcome, StoreError> {
        let decided = move |loaded: Loaded<'_>| (decide(loaded), ());
        change_with(&*self.store, self.tenant, id, ChangeAsk::default(), decided).await.map(|(outcome, _)| outcome)
    }

    /// A claim of this key at this moment, locked for a minute.
    pub fn claim(&self, key: &str, owner: &str, now: Timestamp) -> Claim {
        Claim {
            route: "POST /v1/checkouts".to_owned(),
            key: key.to_owned(),
            fingerprint: sha(7),
            owner: owner.to_owned(),
            locked_until: now + SignedDuration::from_secs(60),
            now,
        }
    }

    /// An event of a checkout.
    pub fn event(&self, checkout: CheckoutId, kind: EventType, sequence: u64) -> Event {
        let snapshot = r#"{"status":"open"}"#.to_owned();
        let (id, about) = (EventId::mint(&self.ids), About::Checkout(checkout));
        Event { id, about, kind, sequence, test: false, snapshot, created_at: START }
    }

    /// A fact about an attempt.
    pub fn observation(&self, attempt: &Attempt, key: &str, state: AttemptState) -> ObservationRow {
        let observation = Observation {
            id: ObservationId::mint(&self.ids),
            attempt: attempt.id,
            grade: Grade::Token,
            source: Source::Push,
            claim: Says::state(state),
            details: Details::default(),
            raw_status: Some("approved".to_owned()),
            reference: None,
            dedupe_key: key.to_owned(),
            received_at: START,
        };
        ObservationRow { observation, outcome: "moved".to_owned(), outcome_detail: None }
    }

    /// A command for an attempt.
    pub fn operation(&self, attempt: &Attempt, kind: OperationKind, phase: Phase) -> Operation {
        Operation {
            id: OperationId::mint(&self.ids),
            checkout: attempt.checkout,
            attempt: attempt.id,
            kind,
            phase,
            shipment: None,
            lines: None,
            calls: Vec::new(),
            error: None,
            lease_until: at(30),
            created_at: START,
            updated_at: START,
        }
    }

    /// A delivery for an attempt.
    pub fn push(&self, attempt: &Attempt, verdict: &str) -> PushRecord {
        PushRecord {
            checkout: attempt.checkout,
            attempt: attempt.id,
            observation: None,
            verdict: verdict.to_owned(),
            headers: "content-type: application/json".to_owned(),
            body: br#"{"merchant_transaction_id":"1"}"#.to_vec(),
            received_at: START,
        }
    }
}

/// The next version of a checkout.
pub(super) fn next(checkout: &Checkout) -> Box<Checkout> {
    Box::new(Checkout { version: checkout.version + 1, ..checkout.clone() })
}
