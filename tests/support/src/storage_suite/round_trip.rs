//! What is stored comes back equal.

use std::collections::BTreeMap;

use lendport_core::checkout::Skipped;
use lendport_core::observation::{Claim as Says, Grade, Source};
use lendport_core::operation::{Phase, Shipment, ShipmentStatus, ShippedLine};
use lendport_core::routing::{Follow, Policies};
use lendport_core::{
    Attempt, AttemptState, AttentionId, AttentionKind, CallRecord, CaptureMode, Checkout, Currency, Details, Dispute,
    Event, EventType, Evidence, Exclusion, Fulfilment, KeyId, LedgerEntry, LedgerId, LedgerKind, LineId, LineReport,
    LineStanding, LineUnits, LineWay, LineWork, Mode, Money, ObservationId, Operation, OperationKind, Product,
    ProviderAccount, ProviderAccountId, ProviderId, ProviderRef, Reason, ReturnUrls, Route, RouteProfile,
    RoutingProfileId, ShopPage,
};
use lendport_storage::{ApiKey, AttentionItem, Change, Merchant, ObservationRow, PushRecord};

use super::world::{World, at, next, sha};
use crate::clock::START;
use crate::samples::{Sample, account, address, created, item};

/// A checkout and an attempt with every field filled, and one of everything else.
pub(super) async fn a_whole_record(world: World) {
    let checkout = full_checkout(&world);
    let attempt = full_attempt(&world, &checkout);
    let other = world.attempt(&checkout, 2, AttemptState::AwaitingCustomer);
    let observations = every_claim(&world, &attempt);
    let operation = full_operation(&world, &checkout, &attempt);
    let plain = world.operation(&attempt, OperationKind::Create, Phase::Settled);
    let ledger: Vec<_> = every_movement(&world, &attempt, observations[0].observation.id);
    let events: Vec<_> = [EventType::CheckoutCreated, EventType::CheckoutReadyToFulfill, EventType::AttentionOpened]
        .into_iter()
        .zip(1..)
        .map(|(kind, sequence)| Event {
            snapshot: r#"{"a":"é🦊"}"#.into(), ..world.event(checkout.id, kind, sequence)
        })
        .collect();
    let attention = vec![AttentionItem {
        id: AttentionId::mint(&world.ids),
        checkout: checkout.id,
        attempt: attempt.id,
        kind: AttentionKind::RefundAboveApproved,
        detail: "a refund of 2.00 is more than the 1.00 that is left".to_owned(),
        opened_at: at(3),
        deadline: None,
        resolution: None,
    }];
    let record = world
        .insert(Change {
            checkout: Some(Box::new(checkout.clone())),
            attempts: vec![attempt.clone(), other.clone()],
            operations: vec![operation.clone(), plain.clone()],
            ledger: ledger.clone(),
            observations: observations.clone(),
            push: Some(PushRecord {
                observation: Some(observations[0].observation.id),
                ..world.push(&attempt, "stored")
            }),
            events: events.clone(),
            attention: attention.clone(),
            ..Change::default()
        })
        .await;
    assert_eq!(record.checkout, checkout);
    assert_eq!(record.attempts, [attempt.clone(), other]);
    assert_eq!(record.ledger.0, ledger);

    let timeline = world.store.timeline(world.tenant, checkout.id).await.unwrap().unwrap();
    assert_eq!(timeline.observations, observations.iter().cloned().map(|row| (row, 0)).collect::<Vec<_>>());
    assert_eq!(timeline.operations, [operation.clone(), plain]);
    assert_eq!((timeline.events, timeline.attention, timeline.refused_pushes), (events, attention, vec![]));
    let shipments = world.store.operations(world.tenant, checkout.id, OperationKind::Shipment).await.unwrap();
    assert_eq!(shipments, std::slice::from_ref(&operation));

    // The same ids again, with other values: replaced, and repeats are counted.
    let mut changed = next(&checkout);
    changed.customer.phone = None;
    changed.shipping = None;
    changed.cart = Sample::seed_000().checkout(&world.ids).cart;
    changed.metadata = BTreeMap::new();
    changed.updated_at = at(9);
    let attempt = Attempt { state: AttemptState::Declined, evidence: None, capture_by: None, ..attempt };
    let operation = Operation { phase: Phase::Unknown, error: None, updated_at: at(9), ..operation };
    let change = Change {
        checkout: Some(changed.clone()),
        attempts: vec![attempt.clone()],
        operations: vec![operation.clone()],
        repeated: Some(observations[1].observation.id),
        ..Change::default()
    };
    world.change(checkout.id, move |_| change.clone()).await.unwrap();
    let record = world.read(checkout.id).await;
    assert_eq!((&record.checkout, &record.attempts[0]), (&*changed, &attempt));
    let timeline = world.store.timeline(world.tenant, checkout.id).await.unwrap().unwrap();
    assert_eq!(timeline.operations[0], operation);
    assert_eq!(timeline.observations.iter().map(|(_, repeats)| *repeats).sum::<u64>(), 1);
    assert_eq!(timeline.observations[1].1, 1);
}

/// The samples of every test, and every state of an attempt.
pub(super) async fn samples(world: World) {
    for sample in [Sample::usa(), Sample::canada(), Sample::seed_000()] {
        for state in AttemptState::ALL {
            let checkout = Checkout { merchant: world.tenant.merchant, ..sample.checkout(&world.ids) };
            let attempt = world.attempt(&checkout, 1, state);
            let attempt = Attempt { state, ..created(attempt, "e4ae1ea3") };
            let change = Change {
                checkout: Some(Box::new(checkout.clone())),
                attempts: vec![attempt.clone()],
                ..Change::default()
            };
            let record = world.insert(change).await;
            assert_eq!((record.checkout, record.attempts), (checkout, vec![attempt]));
        }
    }
    // No financer has it yet: the customer is to choose one.
    let checkout = Checkout { merchant: world.tenant.merchant, ..Sample::usa().checkout(&world.ids) };
    let change = Change { checkout: Some(Box::new(checkout.clone())), ..Change::default() };
    let record = world.insert(change).await;
    assert_eq!((record.checkout, record.attempts), (checkout.clone(), vec![]));
    let attempt = created(world.attempt(&checkout, 1, AttemptState::Initiating), "e4ae1ea4");
    let change = Change { checkout: Some(next(&checkout)), attempts: vec![attempt.clone()], ..Change::default() };
    world.change(checkout.id, move |_| change.clone()).await.unwrap();
    assert_eq!(world.read(checkout.id).await.attempts, [attempt]);
}

/// Merchants, keys and accounts.
pub(super) async fn set_up_rows(world: World) {
    let merchant = world.store.merchant_by_name("first").await.unwrap().unwrap();
    assert_eq!((merchant.id, merchant.created_at), (world.tenant.merchant, START));
    assert_eq!(world.store.merchant_by_name("nobody").await, Ok(None));
    let taken = Merchant { id: lendport_core::MerchantId::mint(&world.ids), ..merchant.clone() };
    assert!(world.store.put_merchant(&taken).await.is_err());
    let page = ShopPage {
        display_name: Some("Renamed".to_owned()),
        allowed_origins: vec!["https://shop.example".to_owned(), "http://127.0.0.1:8081".to_owned()],
        ..ShopPage::default()
    };
    let renamed = Merchant { name: "renamed".to_owned(), page, ..merchant };
    world.store.put_merchant(&renamed).await.unwrap();
    assert_eq!(world.store.merchant_by_name("renamed").await, Ok(Some(renamed.clone())));
    assert_eq!(world.store.merchant(renamed.id).await, Ok(Some(renamed)));
    assert_eq!(world.store.merchant(taken.id).await, Ok(None));

    let live = lendport_storage::Tenant { mode: Mode::Live, ..world.tenant };
    let key = ApiKey::new(KeyId::mint(&world.ids), live, sha(5), "shop", at(1));
    world.store.put_key(&key).await.unwrap();
    assert_eq!(world.store.key_by_digest(&sha(5)).await, Ok(Some(key.clone())));
    assert_eq!(world.store.key_by_digest(&sha(6)).await, Ok(None));
    assert_eq!(world.store.key_by_digest("not a digest").await, Ok(None));
    world.store.put_key(&ApiKey { revoked_at: Some(at(2)), ..key }).await.unwrap();
    assert_eq!(world.store.key_by_digest(&sha(5)).await, Ok(None));

    let sandbox = ProviderId::parse("sandbox").unwrap();
    let put = |values: &'static [(&str, &str)], provider: &ProviderId| ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: world.tenant.merchant,
        provider: provider.clone(),
        mode: Mode::Test,
        settings: account(values),
    };
    let first = put(&[("username", "u"), ("password", "moa24phoPh")], &sandbox);
    world.store.put_account(&first).await.unwrap();
    let read = world.store.account(world.tenant, &sandbox).await.unwrap().unwrap();
    assert_eq!((read.id, read.settings.get("password").unwrap().expose().as_str()), (first.id, "moa24phoPh"));
    let second = put(&[("password", "other")], &sandbox);
    world.store.put_account(&second).await.unwrap();
    world.store.put_account(&put(&[], &ProviderId::parse("a_lender").unwrap())).await.unwrap();
    let all = world.store.accounts(world.tenant).await.unwrap();
    assert_eq!(all.iter().map(|one| one.provider.as_str()).collect::<Vec<_>>(), ["a_lender", "sandbox"]);
    assert_eq!((all[1].id, all[1].settings.iter().count()), (second.id, 1));
}

fn full_checkout(world: &World) -> Checkout {
    let mut sample = Sample::canada();
    let mut shipping = address("1 Élysée 🦊", "Montréal", "QC", "H2Y 1C6", "CA");
    shipping.line2 = sample.customer.first_name.clone();
    sample.shipping = Some(shipping);
    sample.cart.items.push(item(Some("SKU \"1\""), "Kabel \\ blau", 3, "0.99", "0.07"));
    sample.cart.discount = sample.cart.shipping;
    sample.return_urls = ReturnUrls { success: Some("https://shop.example/ok?a=1".into()), failure: None };
    sample.provider_options = BTreeMap::from([("sandbox".to_owned(), r#"{"a":[1.50,"x"]}"#.to_owned())]);
    let provider = |name: &str| ProviderId::parse(name).unwrap();
    Checkout {
        merchant: world.tenant.merchant,
        reference: Some("Bestellung № 7".to_owned()),
        capture: CaptureMode::Manual,
        metadata: BTreeMap::from([("".to_owned(), "".to_owned()), ("ключ".to_owned(), "\u{0}\n".to_owned())]),
        route: Route {
            rule: "explicit".to_owned(),
            providers: vec![provider("sandbox"), provider("second")],
            skipped: vec![Skipped {
                provider: provider("third"),
                reason: "country_not_served".to_owned(),
                exclusions: vec![Exclusion::of_provider("country_not_served", "not there")],
            }],
            closed: true,
            customer_chooses: true,
            product_type: Some(Product::LeaseToOwn),
            profile: Some(RouteProfile { id: RoutingProfileId::of_bytes([9; 16]), version: 3, arm: Some(1) }),
            candidates: vec![provider("third"), provider("sandbox"), provider("second")],
            policies: Some(Policies { after_decline: Follow::Automatic, ..Policies::default() }),
        },
        fulfilment: Fulfilment::PartiallyReturned,
        dispute: Dispute::Won,
        ready_announced: true,
        sequence: 3,
        updated_at: at(5),
        ..sample.checkout(&world.ids)
    }
}

fn full_attempt(world: &World, checkout: &Checkout) -> Attempt {
    let attempt = created(world.attempt(checkout, 1, AttemptState::Captured), "ref é");
    Attempt {
        state: AttemptState::Captured,
        reason: Some(Reason::new("withdrawn_by_provider")),
        evidence: Some(Evidence { observation: ObservationId::mint(&world.ids), grade: Grade::Signed }),
        raw_status: Some("approved".to_owned()),
        amount_echoed: Some(Money::from_minor(1, Currency::CAD).unwrap()),
        capture: CaptureMode::ProviderManaged,
        capture_by: Some(at(86_400)),
        expires_at: Some(at(3_600)),
        deadline_told: Some(at(3_600)),
        awaited: Some(OperationKind::Capture),
        review_open: true,
        ..attempt
    }
}

fn full_operation(world: &World, checkout: &Checkout, attempt: &Attempt) -> Operation {
    let call = CallRecord {
        method: "POST".to_owned(),
        target: "api.provider.example/v1".to_owned(),
        status: Some(502),
        duration_ms: 1_234,
        failure: Some("timeout".to_owned()),
        fields: vec![("stamp".to_owned(), "abc".to_owned())],
    };
    let shipment = Shipment {
        status: ShipmentStatus::PartiallyShipped,
        carrier: Some("UPS".to_owned()),
        service: None,
        tracking_number: Some("1Z".to_owned()),
        tracking_url: None,
        shipped_on: Some(jiff::civil::date(2026, 11, 21)),
        expected_on: None,
        message: Some("leave it with John".to_owned()),
        lines: vec![ShippedLine { line: checkout.cart.lines[0].id, quantity: 1 }],
    };
    Operation {
        lines: Some(LineWork {
            way: LineWay::Ship,
            lines: vec![standing(attempt)],
            asked: shipment.lines.clone(),
            report: Some(LineReport { done: shipment.lines.clone(), ..LineReport::default() }),
        }),
        shipment: Some(shipment),
        calls: vec![call],
        error: Some("no_answer".to_owned()),
        ..world.operation(attempt, OperationKind::Shipment, Phase::Acknowledged)
    }
}

/// A line of which two units were sent and one came back.
fn standing(attempt: &Attempt) -> LineStanding {
    let line = LineId::of_bytes([7; 16]);
    LineStanding { shipped: Some(2), returned: Some(1), ..LineStanding::of(line, 4, attempt.amount) }
}

fn every_claim(world: &World, attempt: &Attempt) -> Vec<ObservationRow> {
    let amount = Money::from_minor(1_200, Currency::USD).ok();
    let claims = [
        Says::State { state: AttemptState::Declined, reason: Some(Reason::new("lender")) },
        Says::state(AttemptState::Authorized),
        Says::Refund { amount, distinguishable: true },
        Says::Refund { amount: None, distinguishable: false },
        Says::UnknownStatus,
        Says::Nothing,
    ];
    let sources = [Source::Push, Source::Answer, Source::Fetch, Source::Poll, Source::BrowserReturn, Source::Operator];
    let rows = claims.into_iter().zip(sources).enumerate().map(|(number, (claim, source))| {
        let mut row = world.observation(attempt, &format!("key {number}"), AttemptState::Declined);
        row.observation.claim = claim;
        row.observation.source = source;
        row.observation.reference = (number == 0).then(|| ProviderRef("r".to_owned()));
        if number == 2 {
            let (refunded, charged_back) = (amount, Money::from_minor(5, Currency::CAD).ok());
            row.observation.details = Details {
                review_open: Some(false),
                refunded,
                charged_back,
                dispute: Some(Dispute::Lost),
                lines: vec![standing(attempt)],
            };
        }
        row.outcome_detail = (number == 1).then(|| "initiating -> authorized".to_owned());
        row
    });
    rows.collect()
}

fn every_movement(world: &World, attempt: &Attempt, observation: ObservationId) -> Vec<LedgerEntry> {
    let kinds = [
        LedgerKind::Authorized,
        LedgerKind::AuthorizationReleased,
        LedgerKind::Captured,
        LedgerKind::Refunded,
        LedgerKind::ChargedBack,
    ];
    let entries = kinds.into_iter().map(|kind| LedgerEntry {
        id: LedgerId::mint(&world.ids),
        attempt: attempt.id,
        kind,
        amount: attempt.amount,
        units: (kind == LedgerKind::Captured).then_some(LineUnits { line: standing(attempt).line, quantity: 3 }),
        pending: kind == LedgerKind::Refunded,
        observation,
        recorded_at: at(1),
    });
    entries.collect()
}
