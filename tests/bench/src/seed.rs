//! Fills a database with checkouts before anything is measured, through the store and not over HTTP.

use std::path::Path;
use std::sync::Arc;

use lendport::gateway::Ambient;
use lendport_core::{
    About, Attempt, AttemptState, Checkout, CheckoutId, Event, EventId, EventType, MerchantId, Mode, ObservationId,
    Secret,
    observation::{Claim, Grade, Observation, Source},
};
use lendport_storage::sqlite::SqliteSettings;
use lendport_storage::{Change, InsertOutcome, Merchant, ObservationRow, SqliteStore, Store, Tenant, Vault};
use lendport_testkit::samples::{Sample, attempt, created};
use tokio::task::JoinSet;

use crate::Fault;
use crate::gateway::FILE;
use crate::sample::{ENCRYPTION_KEY, PROVIDER, SHOP};

/// Changes under way at a time; they share commits.
const AT_ONCE: usize = 256;
/// Ids remembered for reads.
const IDS_KEPT: u64 = 1_000;

/// A database to start rounds from.
pub(crate) struct Seeded {
    /// Checkouts in it.
    pub(crate) stored: u64,
    /// Some of them, spread over all.
    pub(crate) ids: Vec<String>,
    /// Bytes of the file.
    pub(crate) bytes: u64,
}

/// Makes a database with so many checkouts below `folder`: each with an attempt, the answer to its create and an event;
/// three of four authorized, the rest waiting for the customer.
pub(crate) async fn fill(folder: &Path, count: u64) -> Result<Seeded, Fault> {
    let settings = SqliteSettings::new(folder.join(FILE));
    let opened =
        tokio::task::spawn_blocking(move || SqliteStore::open(&settings, Vault::new(Secret::new(ENCRYPTION_KEY))));
    let store: Arc<dyn Store> = Arc::new(opened.await??);
    let ambient = Ambient::system();
    let merchant =
        Merchant { id: MerchantId::mint(ambient.ids.as_ref()), name: SHOP.to_owned(), created_at: ambient.clock.now() };
    store.put_merchant(&merchant).await?;
    let tenant = Tenant { merchant: merchant.id, mode: Mode::Test };
    let every = (count / IDS_KEPT).max(1);
    let mut ids = Vec::new();
    let mut writing = JoinSet::new();
    for number in 0..count {
        let (id, change) = stored_checkout(&ambient, merchant.id, number);
        if number % every == 0 {
            ids.push(id.to_string());
        }
        if writing.len() >= AT_ONCE {
            written(writing.join_next().await)?;
        }
        let store = Arc::clone(&store);
        writing.spawn(async move { store.insert_checkout(tenant, None, change).await });
    }
    while let Some(done) = writing.join_next().await {
        written(Some(done))?;
    }
    store.close().await;
    let bytes = std::fs::metadata(folder.join(FILE))?.len();
    Ok(Seeded { stored: count, ids, bytes })
}

type Joined = Result<Result<InsertOutcome, lendport_storage::StoreError>, tokio::task::JoinError>;

fn written(done: Option<Joined>) -> Result<(), Fault> {
    match done {
        Some(Ok(Ok(InsertOutcome::Inserted))) | None => Ok(()),
        Some(Ok(Ok(InsertOutcome::Claimed(_)))) => Err("a seeded checkout was there before".into()),
        Some(Ok(Err(error))) => Err(error.into()),
        Some(Err(error)) => Err(error.into()),
    }
}

fn stored_checkout(ambient: &Ambient, merchant: MerchantId, number: u64) -> (CheckoutId, Change) {
    let (ids, now) = (ambient.ids.as_ref(), ambient.clock.now());
    let checkout = Sample::usa().checkout(ids);
    let id = checkout.id;
    let checkout = Checkout { merchant, created_at: now, updated_at: now, ..checkout };
    let decided = !number.is_multiple_of(4);
    let state = if decided { AttemptState::Authorized } else { AttemptState::AwaitingCustomer };
    let reference = format!("5eed{number:028x}");
    let attempt = Attempt {
        state,
        callback_digest: lendport_digest(ids.token().expose()),
        created_at: now,
        updated_at: now,
        ..created(attempt(&checkout, PROVIDER, ids), &reference)
    };
    let observation = Observation {
        id: ObservationId::mint(ids),
        attempt: attempt.id,
        grade: Grade::Fetched,
        source: Source::Answer,
        claim: Claim::state(state),
        raw_status: None,
        reference: attempt.reference.clone(),
        dedupe_key: format!("answer:{reference}"),
        received_at: now,
    };
    let event = Event {
        id: EventId::mint(ids),
        about: About::Checkout(id),
        test: false,
        kind: EventType::CheckoutCreated,
        sequence: 1,
        // About as long as a real snapshot of this cart.
        snapshot: format!(r#"{{"id":"{id}","padding":"{:1200}"}}"#, ""),
        created_at: now,
    };
    let change = Change {
        checkout: Some(Box::new(checkout)),
        attempts: vec![attempt],
        observations: vec![ObservationRow { observation, outcome: "moved".to_owned(), outcome_detail: None }],
        events: vec![event],
        ..Change::default()
    };
    (id, change)
}

fn lendport_digest(token: &str) -> String {
    use sha2::Digest as _;
    crate::sample::hex(&sha2::Sha256::digest(token))
}
