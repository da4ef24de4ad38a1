//! Fills a database with checkouts before anything is measured, through the store and not over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use lendport::config::Config;
use lendport::gateway::Ambient;
use lendport::{database, tenants};
use lendport_core::{
    About, AccountSettings, Attempt, AttemptState, Checkout, CheckoutId, Details, Event, EventId, EventType,
    MerchantId, Mode, ObservationId, Secret,
    observation::{Claim, Grade, Observation, Source},
};
use lendport_storage::{Change, InsertOutcome, ObservationRow, Store, StoreError, Tenant};
use lendport_testkit::samples::{Sample, attempt, created};
use tokio::task::{JoinError, JoinSet};

use crate::Fault;
use crate::sample::{ENCRYPTION_KEY, MERCHANT_ID, MORE_SHOPS, PASSWORD, PROVIDER, SHOP, USERNAME, hex};

/// Changes under way at a time; they share commits.
const AT_ONCE: usize = 512;
/// How long the customer has.
const KEPT: SignedDuration = SignedDuration::from_hours(168);
/// Ids remembered for reads.
const IDS_KEPT: u64 = 1_000;

/// Makes so many checkouts in the database at this address: each with an attempt, the answer to its create and an event;
/// three of four authorized, the rest waiting for the customer. Answers the ids of some of them, spread over all.
pub(crate) async fn fill(storage_url: &str, count: u64) -> Result<Vec<String>, Fault> {
    let settings = [
        ("LENDPORT_STORAGE__URL".to_owned(), storage_url.to_owned()),
        ("LENDPORT_SECURITY__ENCRYPTION_KEY".to_owned(), STANDARD.encode(ENCRYPTION_KEY)),
    ];
    let store = database::open(&Config::load(None, settings)?).await?.store;
    let ambient = Ambient::system();
    let merchant = shop(store.as_ref(), &ambient, SHOP, None).await?;
    for (name, key) in MORE_SHOPS {
        shop(store.as_ref(), &ambient, name, Some(key)).await?;
    }
    let tenant = Tenant { merchant, mode: Mode::Test };
    let every = (count / IDS_KEPT).max(1);
    let mut ids = Vec::new();
    let mut writing = JoinSet::new();
    for number in 0..count {
        let (id, change) = stored_checkout(&ambient, merchant, number);
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
    Ok(ids)
}

/// A merchant; with a key, also that and an account at the provider. The declared shop gets both at the gateway's start.
async fn shop(store: &dyn Store, ambient: &Ambient, name: &str, key: Option<&str>) -> Result<MerchantId, Fault> {
    let (ids, clock) = (ambient.ids.as_ref(), ambient.clock.as_ref());
    let merchant = tenants::merchant_named(store, ids, clock, name).await?.id;
    if let Some(key) = key {
        tenants::store_key(store, ids, clock.now(), merchant, &Secret::from(key), "bench").await?;
        let fields = [
            ("merchant_id", MERCHANT_ID),
            ("username", USERNAME),
            ("password", PASSWORD),
            ("signature_mode", "required"),
        ];
        let fields: BTreeMap<_, _> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), Secret::from(value))).collect();
        let tenant = Tenant { merchant, mode: Mode::Test };
        tenants::store_account(store, ids, clock.now(), tenant, PROVIDER, AccountSettings::from_store(fields)).await?;
    }
    Ok(merchant)
}

type Joined = Result<Result<InsertOutcome, StoreError>, JoinError>;

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
    // No deadline passes while somebody measures.
    let expires_at = now.saturating_add(KEPT).unwrap_or(now);
    let checkout = Checkout { merchant, expires_at, created_at: now, updated_at: now, ..checkout };
    let decided = !number.is_multiple_of(4);
    let state = if decided { AttemptState::Authorized } else { AttemptState::AwaitingCustomer };
    let reference = format!("5eed{number:028x}");
    let attempt = Attempt {
        state,
        callback_digest: digest(ids.token().expose()),
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
        details: Details::default(),
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

fn digest(token: &str) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(token))
}
