//! Nobody sees or touches another merchant's rows, or those of the other mode.

use lendport_core::operation::Phase;
use lendport_core::{
    AttemptState, Checkout, CheckoutId, EventType, MerchantId, Mode, OperationKind, ProviderAccount, ProviderAccountId,
    ProviderId,
};
use lendport_storage::{
    Change, ChangeAsk, ChangeOutcome, CheckoutFilter, ClaimState, ClaimWrite, InsertOutcome, PageAsk, Tenant,
    change_with,
};

use super::world::{World, at, next, sha, work};
use crate::samples::account;

const ROUTE: &str = "POST /v1/checkouts";

async fn strangers(world: &World) -> [Tenant; 2] {
    let other = MerchantId::mint(&world.ids);
    world.merchant(other, "second").await;
    [Tenant { merchant: other, mode: Mode::Test }, Tenant { mode: Mode::Live, ..world.tenant }]
}

/// Reading.
pub(super) async fn another_tenant_sees_nothing(world: World) {
    let store = &*world.store;
    let mut change = world.opening(AttemptState::AwaitingCustomer);
    let attempt = change.attempts[0].clone();
    change.operations = vec![world.operation(&attempt, OperationKind::Create, Phase::Sent)];
    let checkout = change.checkout.clone().unwrap();
    let claim = world.claim("key", "one", at(0));
    assert_eq!(store.insert_checkout(world.tenant, Some(claim), change).await, Ok(InsertOutcome::Inserted));
    let provider = ProviderId::parse("sandbox").unwrap();
    let own = ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: world.tenant.merchant,
        provider: provider.clone(),
        mode: world.tenant.mode,
        settings: account(&[("password", "x")]),
    };
    store.put_account(&own).await.unwrap();

    for stranger in strangers(&world).await {
        let page = PageAsk { limit: 100, after: None };
        let own_reference = CheckoutFilter { reference: checkout.reference.clone(), ..CheckoutFilter::default() };
        assert_eq!(store.checkout(stranger, checkout.id).await, Ok(None));
        assert!(store.timeline(stranger, checkout.id).await.unwrap().is_none());
        assert_eq!(store.operations(stranger, checkout.id, OperationKind::Create).await, Ok(vec![]));
        assert!(store.checkouts(stranger, &CheckoutFilter::default(), page).await.unwrap().rows.is_empty());
        assert!(store.checkouts(stranger, &own_reference, page).await.unwrap().rows.is_empty());
        assert_eq!(store.idempotency(stranger, ROUTE, "key").await, Ok(None));
        assert!(store.account(stranger, &provider).await.unwrap().is_none());
        assert!(store.accounts(stranger).await.unwrap().is_empty());
    }
    // What is found without a tenant says whose it is.
    let found = store.locate_callback(&provider, &attempt.callback_digest).await.unwrap().unwrap();
    assert_eq!((found.tenant, found.attempt), (world.tenant, attempt.clone()));
    let other_provider = ProviderId::parse("other").unwrap();
    assert_eq!(store.locate_callback(&other_provider, &attempt.callback_digest).await, Ok(None));
    assert_eq!(store.locate_callback(&provider, &sha(1)).await, Ok(None));
    assert_eq!(store.locate_callback(&provider, "").await, Ok(None));
    assert_eq!(store.due_for_expiry(work(checkout.expires_at, 9).into()).await.unwrap()[0].tenant, world.tenant);
    assert_eq!(store.interrupted_calls(work(at(31), 9)).await.unwrap()[0].tenant, world.tenant);
}

/// Writing.
pub(super) async fn another_tenant_changes_nothing(world: World) {
    let store = &*world.store;
    let claim = world.claim("key", "one", at(0));
    let change = world.opening(AttemptState::AwaitingCustomer);
    let (id, attempt) = (change.checkout.as_ref().unwrap().id, change.attempts[0].clone());
    store.insert_checkout(world.tenant, Some(claim.clone()), change).await.unwrap();
    let before = (world.read(id).await, store.idempotency(world.tenant, ROUTE, "key").await.unwrap());

    for stranger in strangers(&world).await {
        let ran = change_with(store, stranger, id, ChangeAsk::default(), |_| (Change::abort(), ())).await;
        assert_eq!(ran, Ok((ChangeOutcome::NotFound, None)));
        let foreign = Change { checkout: Some(Box::new(before.0.checkout.clone())), ..Change::default() };
        assert!(store.insert_checkout(stranger, None, foreign).await.is_err());
        assert!(store.record_refused_push(stranger, world.push(&attempt, "unauthentic")).await.is_err());
        let late = world.claim("key", "two", at(600));
        assert_eq!(store.take_over_claim(stranger, &late).await, Ok(false));
        // The same key is another key there.
        let mut own = world.opening(AttemptState::AwaitingCustomer);
        let row = own.checkout.as_mut().unwrap();
        (row.merchant, row.mode) = (stranger.merchant, stranger.mode);
        own.claim = Some(ClaimWrite {
            route: ROUTE.to_owned(),
            key: "key".to_owned(),
            owner: "one".to_owned(),
            state: ClaimState::Completed { status: 201, body: "{}".to_owned() },
        });
        let inserted = store.insert_checkout(stranger, Some(claim.clone()), own).await;
        assert_eq!(inserted, Ok(InsertOutcome::Inserted));
    }
    assert_eq!(before, (world.read(id).await, store.idempotency(world.tenant, ROUTE, "key").await.unwrap()));
    let timeline = store.timeline(world.tenant, id).await.unwrap().unwrap();
    assert!(timeline.refused_pushes.is_empty());
}

/// A change writes for its own checkout only, even within one tenant.
pub(super) async fn rows_of_another_checkout_are_refused(world: World) {
    let ours = world.open(AttemptState::AwaitingCustomer).await;
    let theirs = world.open(AttemptState::AwaitingCustomer).await;
    let (our_id, their_attempt) = (ours.checkout.id, theirs.attempts[0].clone());
    let changes = [
        Change { attempts: vec![their_attempt.clone()], ..Change::default() },
        Change {
            operations: vec![world.operation(&their_attempt, OperationKind::Create, Phase::Sent)],
            ..Change::default()
        },
        Change { events: vec![world.event(theirs.checkout.id, EventType::CheckoutUpdated, 1)], ..Change::default() },
        Change {
            observations: vec![world.observation(&their_attempt, "k", AttemptState::Declined)],
            ..Change::default()
        },
        Change { push: Some(world.push(&their_attempt, "stored")), ..Change::default() },
        Change { checkout: Some(next(&theirs.checkout)), ..Change::default() },
        // An attempt of ours under a number that another attempt of ours has.
        Change { attempts: vec![world.attempt(&ours.checkout, 1, AttemptState::Declined)], ..Change::default() },
        Change {
            checkout: Some(Box::new(Checkout { id: CheckoutId::mint(&world.ids), ..(*next(&ours.checkout)).clone() })),
            ..Change::default()
        },
    ];
    for change in changes {
        let shown = format!("{change:?}");
        assert!(world.change(our_id, move |_| change.clone()).await.is_err(), "{shown}");
    }
    assert_eq!(world.read(our_id).await, ours);
    assert_eq!(world.read(theirs.checkout.id).await, theirs);
}
