//! Endpoints: stored whole, changed by version, seen by their merchant alone.

use std::sync::Arc;

use lendport_core::{EndpointSecret, EndpointState, EventType, MerchantId, Mode, Secret, WebhookEndpoint, limits};
use lendport_storage::{
    AfterTry, Audience, ChangeOutcome, ClaimState, ClaimWrite, OutboxAsk, OutboxChange, PageAsk, Tenant,
    change_outbox_with,
};
use tokio::task::JoinSet;

use super::post::first;
use super::world::{World, at};

/// Compares what can be compared: secrets have no equality of their own.
fn shown(endpoint: &WebhookEndpoint) -> String {
    let secrets: Vec<_> = endpoint.secrets.iter().map(|one| (one.text.expose().clone(), one.expires_at)).collect();
    let plain = WebhookEndpoint { secrets: Vec::new(), ..endpoint.clone() };
    format!("{plain:?} {secrets:?}")
}

/// What is stored comes back equal, changed or not.
pub(super) async fn round_trip(world: World) {
    let mut endpoint = world.new_endpoint(&[EventType::CheckoutReadyToFulfill, EventType::AttentionOpened]);
    endpoint.description = Some("Lager № 7 🦊".to_owned());
    endpoint.secrets.push(EndpointSecret { text: Secret::from("whsec_b2xk"), expires_at: Some(at(60)) });
    world.put_endpoint(endpoint.clone()).await;
    let read = || async { world.outbox.endpoint(world.tenant, endpoint.id).await.unwrap().unwrap() };
    assert_eq!(shown(&read().await), shown(&endpoint));

    world
        .edit_endpoint(endpoint.id, |endpoint| {
            endpoint.url = "https://elsewhere.example/?token=x".to_owned();
            endpoint.secrets.pop();
            endpoint.events.clear();
            endpoint.state = EndpointState::Gone;
            endpoint.failing_since = Some(at(5));
            endpoint.updated_at = at(9);
        })
        .await;
    let changed = read().await;
    let expected = WebhookEndpoint {
        url: "https://elsewhere.example/?token=x".to_owned(),
        secrets: endpoint.secrets[..1].to_vec(),
        events: Vec::new(),
        state: EndpointState::Gone,
        failing_since: Some(at(5)),
        version: 2,
        updated_at: at(9),
        ..endpoint.clone()
    };
    assert_eq!(shown(&changed), shown(&expected));

    // A change made from an older row is refused, and so is one of an endpoint that was not loaded.
    for version in [1, 2, 4] {
        let stale =
            OutboxChange { endpoint: Some(WebhookEndpoint { version, ..changed.clone() }), ..OutboxChange::default() };
        let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
        let outcome = change_outbox_with(&*world.outbox, world.tenant, ask, move |_| (stale.clone(), ())).await;
        assert!(outcome.is_err(), "{version}");
    }
    assert_eq!(shown(&read().await), shown(&expected));
}

/// Pages, newest first; a removed one is in none.
pub(super) async fn pages(world: World) {
    let mut stored = Vec::new();
    for _ in 0..5 {
        stored.push(world.add_endpoint(&[]).await.id);
    }
    stored.reverse();
    let page = |limit, after| world.outbox.endpoints(world.tenant, PageAsk { limit, after });
    let ids = |rows: &[WebhookEndpoint]| rows.iter().map(|endpoint| endpoint.id).collect::<Vec<_>>();
    let top = page(2, None).await.unwrap();
    assert_eq!((ids(&top.rows), top.has_more), (stored[..2].to_vec(), true));
    let rest = page(3, Some(stored[1])).await.unwrap();
    assert_eq!((ids(&rest.rows), rest.has_more), (stored[2..].to_vec(), false));

    let ask = OutboxAsk { endpoint: Some(stored[2]), ..OutboxAsk::default() };
    let remove = OutboxChange { remove: true, ..OutboxChange::default() };
    assert_eq!(world.post(ask.clone(), remove.clone()).await, ChangeOutcome::Done);
    assert_eq!(world.post(ask, remove).await, ChangeOutcome::NotFound);
    assert!(world.outbox.endpoint(world.tenant, stored[2]).await.unwrap().is_none());
    assert_eq!(ids(&page(9, None).await.unwrap().rows), [stored[0], stored[1], stored[3], stored[4]]);
}

/// What a decision sees, and what an aborted one leaves behind.
pub(super) async fn decisions(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated]).await;
    let leased = world.lease("one", 0).await;
    let wanted = leased.iter().find(|one| one.endpoint.id == endpoint.id).unwrap().delivery.id;
    let ask = OutboxAsk { delivery: Some(wanted), ..OutboxAsk::default() };
    let decide = |loaded: lendport_storage::OutboxLoaded<'_>| {
        let delivery = loaded.delivery.unwrap();
        let seen = (loaded.endpoint.unwrap().id, delivery.event, delivery.endpoint, loaded.endpoints);
        (OutboxChange { remove: true, ..OutboxChange::abort() }, seen)
    };
    let seen = change_outbox_with(&*world.outbox, world.tenant, ask, decide).await;
    assert_eq!(seen, Ok((ChangeOutcome::Done, Some((endpoint.id, told[0].id, endpoint.id, 2)))));
    assert!(world.outbox.endpoint(world.tenant, endpoint.id).await.unwrap().is_some());

    let refused = OutboxChange {
        endpoint: Some(world.new_endpoint(&[])),
        events: vec![(
            world.event(told[0].about.checkout().unwrap(), EventType::CheckoutUpdated, 2),
            Audience::Subscribed,
        )],
        ..OutboxChange::default()
    };
    let outcome =
        change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), move |_| (refused.clone(), ()));
    assert!(outcome.await.is_err(), "an event of a checkout is written with that checkout");
    assert_eq!(world.outbox.endpoints(world.tenant, first()).await.unwrap().rows.len(), 2);
}

/// A limit that is judged inside the transaction holds, however many are set up at once and by however many processes.
pub(super) async fn at_once(world: World) {
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let other = world.other.as_ref().filter(|_| number % 2 == 1);
        let outbox = Arc::clone(other.map_or(&world.outbox, |other| &other.outbox));
        let (tenant, endpoint) = (world.tenant, world.new_endpoint(&[]));
        tasks.spawn(async move {
            let decide =
                move |loaded: lendport_storage::OutboxLoaded<'_>| match loaded.endpoints < limits::ENDPOINTS_MAX {
                    true => (OutboxChange { endpoint: Some(endpoint.clone()), ..OutboxChange::default() }, true),
                    false => (OutboxChange::abort(), false),
                };
            let (outcome, stored) = change_outbox_with(&*outbox, tenant, OutboxAsk::default(), decide).await.unwrap();
            assert_eq!(outcome, ChangeOutcome::Done);
            stored.unwrap()
        });
    }
    let stored = tasks.join_all().await.into_iter().filter(|stored| *stored).count();
    let page = PageAsk { limit: 100, after: None };
    let kept = world.outbox.endpoints(world.tenant, page).await.unwrap().rows.len();
    assert_eq!((stored, kept), (16, 16));
    assert_eq!(limits::ENDPOINTS_MAX, 16);
}

/// Keys of requests about endpoints.
pub(super) async fn claims(world: World) {
    let claim = world.claim("key", "one", at(0));
    let ask = OutboxAsk { claim: Some(claim.clone()), ..OutboxAsk::default() };
    let state = ClaimState::Completed { status: 201, body: r#"{"secret":"whsec_x"}"#.to_owned() };
    let answer = ClaimWrite {
        route: claim.route.clone(),
        key: claim.key.clone(),
        owner: claim.owner.clone(),
        state: state.clone(),
    };
    let change =
        OutboxChange { endpoint: Some(world.new_endpoint(&[])), claim: Some(answer), ..OutboxChange::default() };
    assert_eq!(world.post(ask.clone(), OutboxChange::abort()).await, ChangeOutcome::Done);
    assert_eq!(world.store.idempotency(world.tenant, &claim.route, "key").await, Ok(None));
    assert_eq!(world.post(ask.clone(), change.clone()).await, ChangeOutcome::Done);
    let row = world.store.idempotency(world.tenant, &claim.route, "key").await.unwrap().unwrap();
    assert_eq!((&row.state, row.checkout), (&state, None));
    assert_eq!(world.post(ask, change).await, ChangeOutcome::Claimed(row));
    assert_eq!(world.outbox.endpoints(world.tenant, first()).await.unwrap().rows.len(), 1);
}

/// Nobody sees or touches another tenant's endpoints, events and deliveries, and no event leaves its tenant.
pub(super) async fn tenants(world: World) {
    let other = MerchantId::mint(&world.ids);
    world.merchant(other, "second").await;
    let endpoint = world.add_endpoint(&[]).await;
    let (id, told) = world.told(&[EventType::CheckoutCreated]).await;
    let leased = world.lease("one", 0).await;
    assert_eq!((leased.len(), leased[0].tenant), (1, world.tenant));
    world.settle("one", &leased[0], AfterTry::Delivered, 1).await;
    let outbox = &*world.outbox;
    for stranger in [Tenant { merchant: other, mode: Mode::Test }, Tenant { mode: Mode::Live, ..world.tenant }] {
        assert!(outbox.endpoint(stranger, endpoint.id).await.unwrap().is_none());
        assert!(outbox.endpoints(stranger, first()).await.unwrap().rows.is_empty());
        assert_eq!(outbox.event(stranger, told[0].id).await, Ok(None));
        let by_checkout =
            lendport_storage::EventFilter { checkout: Some(id), ..lendport_storage::EventFilter::default() };
        assert!(outbox.events(stranger, &by_checkout, first()).await.unwrap().rows.is_empty());
        assert!(outbox.events(stranger, &Default::default(), first()).await.unwrap().rows.is_empty());
        assert_eq!(outbox.delivery(stranger, leased[0].delivery.id).await, Ok(None));
        assert!(outbox.deliveries(stranger, &Default::default(), first()).await.unwrap().rows.is_empty());
        for ask in [
            OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() },
            OutboxAsk { delivery: Some(leased[0].delivery.id), ..OutboxAsk::default() },
        ] {
            let remove = |_: lendport_storage::OutboxLoaded<'_>| (OutboxChange::default(), ());
            let ran = change_outbox_with(outbox, stranger, ask, remove).await;
            assert_eq!(ran, Ok((ChangeOutcome::NotFound, None)));
        }
        let stolen = OutboxChange { endpoint: Some(endpoint.clone()), ..OutboxChange::default() };
        assert!(
            change_outbox_with(outbox, stranger, OutboxAsk::default(), move |_| (stolen.clone(), ())).await.is_err()
        );
    }
    assert_eq!(outbox.event(world.tenant, told[0].id).await, Ok(Some(told[0].clone())));
}
