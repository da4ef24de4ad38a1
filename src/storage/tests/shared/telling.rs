//! A story full of what a stolen copy of the database must not tell, for whichever database.

use lendport_core::operation::{Phase, Shipment, ShipmentStatus};
use lendport_core::{
    Actor, AttemptState, AuditAction, AuditEntry, CheckoutId, DeliveryAttempt, DeliveryAttemptId, EventType,
    OperationKind, Personal, ProviderAccount, ProviderAccountId, ProviderId, Secret, SigningKeyId,
};
use lendport_storage::{AfterTry, Change, ClaimState, ClaimWrite, LeaseAsk, SigningKey, TriedDelivery};
use lendport_testkit::clock::START;
use lendport_testkit::samples;
use lendport_testkit::storage_suite::World;

/// What must not stand anywhere. Long enough not to stand in random bytes by chance.
pub(crate) const TELLING: [&str; 12] = [
    "john@example",
    "Johanna",
    "2222222222",
    "West End",
    "Long Branch",
    "moa24phoPh",
    "mr_shop",
    "MfKQ9r8GKY",
    "shop.example/hooks",
    "said the receiver",
    "pushed by the provider",
    "pair that signs",
];

/// Something is bought, shipped and told of.
pub(crate) async fn happens(world: &World) -> CheckoutId {
    let id = buy_something(world).await;
    deliver_something(world, id).await;
    make_a_signing_key(world).await;
    id
}

/// Whether what was searched for is really there.
pub(crate) async fn is_there(world: &World, id: CheckoutId) -> bool {
    world.read(id).await.checkout.customer.first_name.expose() == "Johanna"
}

async fn buy_something(world: &World) -> CheckoutId {
    let mut opening = world.opening(AttemptState::AwaitingCustomer);
    let id = opening.checkout.as_ref().unwrap().id;
    let attempt = opening.attempts.first().unwrap().clone();
    let mut shipment = world.operation(&attempt, OperationKind::Shipment, Phase::Sent);
    shipment.shipment = Some(Shipment {
        status: ShipmentStatus::Shipped,
        carrier: None,
        service: None,
        tracking_number: None,
        tracking_url: None,
        shipped_on: None,
        expected_on: None,
        message: Some("left with Johanna".to_owned()),
        lines: Vec::new(),
    });
    opening.operations = vec![shipment];
    let mut push = world.push(&attempt, "stored");
    push.body = br#"{"email":"john@example.com","note":"pushed by the provider"}"#.to_vec();
    opening.push = Some(push);
    let claim = world.claim("key", "one", attempt.created_at);
    let answer = r#"{"customer":{"email":"john@example.com","last_name":"Doe"}}"#.to_owned();
    opening.claim = Some(ClaimWrite {
        route: claim.route.clone(),
        key: claim.key.clone(),
        owner: claim.owner.clone(),
        state: ClaimState::Completed { status: 201, body: answer },
    });
    world.store.insert_checkout(world.tenant, Some(claim), opening).await.unwrap();
    let mut changed = world.read(id).await.checkout;
    changed.version += 1;
    changed.customer.first_name = Personal::new("Johanna".to_owned());
    let change = Change { checkout: Some(Box::new(changed)), ..Change::default() };
    world.change(id, move |_| change.clone()).await.unwrap();
    let account = ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: world.tenant.merchant,
        provider: ProviderId::parse("sandbox").unwrap(),
        mode: world.tenant.mode,
        settings: samples::account(&[("username", "mr_shop"), ("password", "moa24phoPh")]),
    };
    world.store.put_account(&account).await.unwrap();
    id
}

async fn make_a_signing_key(world: &World) {
    let key = SigningKey {
        id: SigningKeyId::mint(&world.ids),
        number: 1,
        seed: Secret::new(*b"the seed of a pair that signs it"),
        created_at: START,
        active_from: START,
        retire_at: None,
    };
    let told = AuditEntry::of_gateway(&world.ids, START, Actor::Gateway, AuditAction::SigningKeyCreated).about(key.id);
    assert!(world.store.add_signing_key(&key, START, &told).await.unwrap());
}

/// An endpoint with a secret and a telling address, whose receiver told something about a customer.
async fn deliver_something(world: &World, checkout: CheckoutId) {
    let endpoint = world.add_endpoint(&[]).await;
    let [secret] = endpoint.secrets.as_slice() else { panic!("{endpoint:?}") };
    assert!(endpoint.url.contains("shop.example/hooks") && secret.text.expose().contains("MfKQ9r8GKY"));
    let event = world.event(checkout, EventType::CheckoutCreated, 1);
    let change = Change { events: vec![event], ..Change::default() };
    world.change(checkout, move |_| change.clone()).await.unwrap();
    let ask = LeaseAsk::of("one", START, START, 9);
    let leased = world.outbox.lease_deliveries(&ask).await.unwrap().remove(0);
    let attempt = DeliveryAttempt {
        id: DeliveryAttemptId::mint(&world.ids),
        url: leased.endpoint.url.clone(),
        started_at: START,
        latency_ms: 1,
        status: Some(200),
        error: None,
        response: b"john, said the receiver".to_vec(),
    };
    let (delivery, endpoint) = (leased.delivery.id, leased.endpoint.id);
    let tried = TriedDelivery {
        tenant: world.tenant,
        delivery,
        endpoint,
        leased: leased.delivery.updated_at,
        attempt,
        after: AfterTry::Delivered,
    };
    world.outbox.settle_deliveries("one", vec![tried]).await.unwrap();
    let (_, log) = world.outbox.delivery(world.tenant, delivery).await.unwrap().unwrap();
    assert_eq!(log.first().unwrap().response, b"john, said the receiver");
}
