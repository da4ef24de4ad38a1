//! Who a new checkout goes to: those it names, else those of the profile, else as without one. Who cannot serve it is passed
//! over with every reason.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::SignedDuration;
use lendport_core::routing::Profile;
use lendport_core::{Invalid, Personal, Product, ProviderAccount, RoutingProfileId};
use lendport_engine::view::RoutingView;
use lendport_engine::{Doer, Engine, EngineError, Health, OpenCheckout, ProviderHealth};
use lendport_storage::{PageAsk, Tenant};
use serde_json::{Value, json};

use crate::choosing::{offered, open, seen};
use crate::world::{World, asked, body, id_of, ticket};

pub(crate) fn unnamed() -> OpenCheckout {
    OpenCheckout { provider: None, ..asked("easy") }
}

pub(crate) fn profile(document: Value) -> Profile {
    serde_json::from_value(document).unwrap()
}

pub(crate) async fn put(world: &World, document: Value) -> RoutingView {
    put_if(&world.engine, world.tenant, document, None).await.unwrap()
}

pub(crate) async fn put_if(
    engine: &Arc<Engine>,
    tenant: Tenant,
    document: Value,
    if_match: Option<u64>,
) -> Result<RoutingView, EngineError> {
    engine.put_routing(tenant, Doer::COMMAND_LINE, profile(document), Invalid::none(), if_match).await
}

/// Two rules: New Jersey from a thousand dollars on, and the rest.
fn two_rules() -> Value {
    json!({
        "rules": [
            { "name": "large", "when": { "state": ["US-NJ"], "amount": { "currency": "USD", "min": "1000.00" } },
              "then": { "providers": ["able", "strict", "easy"] } },
        ],
        "cascade": ["easy", "watched"],
        "policies": { "after_decline": "automatic", "after_expiry": "off" },
    })
}

fn refused_by(names: &str, asked: OpenCheckout) -> OpenCheckout {
    let mut asked = asked;
    asked.metadata.insert("refused by".to_owned(), names.to_owned());
    asked
}

#[tokio::test]
async fn the_active_profile_decides_and_the_route_says_how() {
    let world = World::new().await;
    let active = put(&world, two_rules()).await;
    assert_eq!((active.version, active.active, active.created_by.as_str()), (1, true, "command_line"));
    // The seed's cart is 1420.00 in New Jersey.
    let reply = open(&world, unnamed(), "large").await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!(
        *route,
        json!({
            "rule": "large", "providers": ["able", "strict", "easy"], "skipped": [],
            "candidates": ["able", "strict", "easy"], "profile": { "id": active.id, "version": 1 },
        })
    );
    assert_eq!((world.able.asked().len(), world.easy.asked().len()), (1, 0));
    let stored = world.record(id_of(&reply)).await.checkout.route;
    assert_eq!(serde_json::to_value(stored.policies).unwrap()["after_decline"], "automatic");

    let mut small = unnamed();
    small.cart.as_mut().unwrap().items.truncate(1);
    small.cart.as_mut().unwrap().items[0].unit_price = lendport_core::parse_decimal("900").ok();
    let reply = open(&world, small, "small").await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!((&route["rule"], &route["providers"]), (&json!("cascade"), &json!(["easy", "watched"])));
    assert_eq!(world.easy.asked().len(), 1);
}

#[tokio::test]
async fn who_is_named_wins_over_the_profile() {
    let world = World::new().await;
    put(&world, two_rules()).await;
    let reply = open(&world, asked("watched"), "one").await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!(*route, json!({ "rule": "explicit", "providers": ["watched"], "skipped": [] }));
    let several = OpenCheckout { providers: Some(vec!["watched".to_owned(), "easy".to_owned()]), ..unnamed() };
    let reply = open(&world, several, "several").await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!((&route["rule"], &route["profile"]), (&json!("explicit"), &Value::Null));
    assert_eq!(world.able.asked().len(), 0);
}

#[tokio::test]
async fn who_cannot_serve_it_is_passed_over_with_every_reason_and_not_tried_later() {
    let world = World::new().await;
    put(&world, two_rules()).await;
    let reply = open(&world, refused_by("able strict", unnamed()), "skipped").await.unwrap();
    let shown = body(&reply);
    let route = &shown["route"];
    assert_eq!((&route["rule"], &route["providers"]), (&json!("large"), &json!(["easy"])));
    assert_eq!(route["candidates"], json!(["able", "strict", "easy"]));
    let reasons: Vec<_> = route["skipped"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["not_funded", "not_funded"]);
    assert_eq!(route["skipped"][1]["exclusions"][0]["pointer"], "/currency");

    // An order that the merchant names itself is gone through the same way.
    let named = OpenCheckout { providers: Some(vec!["able".to_owned(), "watched".to_owned()]), ..unnamed() };
    let reply = open(&world, refused_by("able", named), "named").await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!((&route["rule"], &route["providers"]), (&json!("explicit"), &json!(["watched"])));
    assert_eq!(route["skipped"][0]["provider"], "able");

    let nobody = open(&world, refused_by("able strict easy", unnamed()), "nobody").await;
    let Err(EngineError::Invalid(invalid)) = nobody else { panic!("{nobody:?}") };
    let named: Vec<_> =
        invalid.0.iter().map(|error| format!("{} {} {}", error.pointer, error.code, error.detail)).collect();
    assert_eq!(
        named,
        ["/currency not_funded able: able", "/currency not_funded strict: strict", "/currency not_funded easy: easy"]
    );
    assert_eq!((world.able.asked().len(), world.strict.asked().len()), (0, 0));
}

#[tokio::test]
async fn countries_and_the_kind_of_financing_are_judged_before_anybody_is_called() {
    let world = World::new().await;
    put(&world, json!({ "cascade": ["easy", "able"] })).await;
    let mut abroad = unnamed();
    abroad.billing.country = Some("CA".to_owned());
    abroad.billing.state = Some("ON".to_owned());
    abroad.billing.postal_code = Some(Personal::new("M5V 2T6".to_owned()));
    let Err(EngineError::Invalid(invalid)) = open(&world, abroad, "abroad").await else { panic!("let through") };
    let codes: Vec<_> = invalid.0.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect();
    let country = "/billing_address/country";
    let expected = [format!("{country} unsupported_country"), format!("{country} not_served")];
    assert_eq!(codes, [expected.clone(), expected].concat());

    let lease = |asked: OpenCheckout| OpenCheckout { product_type: Some(Product::LeaseToOwn), ..asked };
    for (asked, key) in [(lease(unnamed()), "lease"), (lease(asked("easy")), "named lease")] {
        let Err(EngineError::Invalid(invalid)) = open(&world, asked, key).await else { panic!("{key} let through") };
        assert_eq!((invalid.0[0].pointer.as_str(), invalid.0[0].code.as_str()), ("/product_type", "other_product"));
    }
    let loan = OpenCheckout { product_type: Some(Product::Loan), ..unnamed() };
    let reply = open(&world, loan, "loan").await.unwrap();
    assert_eq!(body(&reply)["route"]["product_type"], "loan");
    let stored = world.record(id_of(&reply)).await.checkout.route;
    assert_eq!(stored.product_type, Some(Product::Loan));
}

#[tokio::test]
async fn a_profile_that_says_nothing_of_a_cart_is_as_none() {
    let world = World::new().await;
    let nowhere =
        json!({ "rules": [{ "name": "texas", "when": { "state": ["US-TX"] }, "then": { "providers": ["easy"] } }] });
    for document in [nowhere, json!({})] {
        put(&world, document).await;
        let Err(EngineError::Invalid(invalid)) = open(&world, unnamed(), "key").await else { panic!("let through") };
        assert_eq!((invalid.0[0].pointer.as_str(), invalid.0[0].code.as_str()), ("/provider", "missing"));
    }
    let choosing = OpenCheckout { customer_chooses: true, ..unnamed() };
    let reply = open(&world, choosing, "choosing").await.unwrap();
    assert_eq!(body(&reply)["route"]["rule"], "customer_choice");
}

#[tokio::test]
async fn where_the_customer_chooses_the_profile_says_among_whom() {
    let world = World::new().await;
    put(&world, two_rules()).await;
    let choosing = OpenCheckout { customer_chooses: true, ..unnamed() };
    let reply = open(&world, refused_by("strict", choosing), "choosing").await.unwrap();
    let shown = body(&reply);
    assert_eq!((&shown["status"], &shown["route"]["rule"]), (&json!("open"), &json!("large")));
    let view = seen(&world, id_of(&reply)).await;
    assert_eq!(offered(&view), ["able", "easy"]);
}

/// Some financers do not work.
struct Sick(&'static str);

impl Health for Sick {
    fn health(&self, _: Tenant, account: &ProviderAccount) -> ProviderHealth {
        if account.provider.as_str() == self.0 {
            let detail = "three calls in a row were not answered".to_owned();
            return ProviderHealth::Unhealthy { detail, retry_after_s: Some(30) };
        }
        ProviderHealth::Healthy
    }
}

#[tokio::test]
async fn one_that_does_not_work_is_passed_over() {
    let world = World::new().await;
    put(&world, two_rules()).await;
    let engine = Arc::try_unwrap(world.restarted("second")).ok().unwrap();
    let engine = Arc::new(engine.with_health(Arc::new(Sick("able"))));
    let ticket = ticket(crate::world::OPEN, "sick", "sick");
    let reply = engine.open_checkout(world.tenant, unnamed(), Invalid::none(), ticket).await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!(route["providers"], json!(["strict", "easy"]));
    assert_eq!(route["skipped"][0]["reason"], "provider_unhealthy");
    assert_eq!(route["skipped"][0]["exclusions"][0]["pointer"], Value::Null);

    // Who alone is named is asked all the same.
    let ticket = crate::world::ticket(crate::world::OPEN, "named", "named");
    let reply = engine.open_checkout(world.tenant, asked("able"), Invalid::none(), ticket).await.unwrap();
    assert_eq!(body(&reply)["provider"], "able");

    let judged = engine.eligibility(world.tenant, unnamed(), Invalid::none()).await.unwrap();
    let able = judged.providers.iter().find(|one| one.provider == "able").unwrap();
    assert_eq!((able.eligible, able.exclusions[0].code.as_str()), (false, "provider_unhealthy"));
    assert_eq!(judged.providers.iter().filter(|one| one.eligible).count(), 5);
}

#[tokio::test]
async fn versions_follow_one_another_and_a_stale_one_is_refused() {
    let world = World::new().await;
    assert_eq!(world.engine.routing(world.tenant).await.unwrap_err(), EngineError::NotFound);
    let put = |document: Value, if_match| put_if(&world.engine, world.tenant, document, if_match);
    assert_eq!(put(two_rules(), Some(1)).await.unwrap_err(), EngineError::PreconditionFailed);
    let first = put(two_rules(), Some(0)).await.unwrap();
    let again = put(two_rules(), None).await.unwrap();
    assert_eq!((&again.id, again.version), (&first.id, 1), "what is active already is not stored again");
    let second = put(json!({ "cascade": ["easy"] }), Some(1)).await.unwrap();
    assert_eq!(put(two_rules(), Some(1)).await.unwrap_err(), EngineError::PreconditionFailed);
    // Back to the first one by its document.
    let third = put(two_rules(), Some(2)).await.unwrap();
    assert_eq!((second.version, third.version), (2, 3));
    let page = world.engine.routing_versions(world.tenant, PageAsk { limit: 10, after: None }).await.unwrap();
    let listed: Vec<_> = page.rows.iter().map(|row| (row.version, row.active)).collect();
    assert_eq!(listed, [(3, true), (2, false), (1, false)]);
    assert!(page.rows.iter().all(|row| row.id.parse::<RoutingProfileId>().is_ok()));

    let wrong = put(json!({ "cascade": ["nobody"] }), None).await;
    let Err(EngineError::Invalid(invalid)) = wrong else { panic!("{wrong:?}") };
    assert_eq!(invalid.0[0].pointer, "/cascade/0");
    assert_eq!(world.engine.routing(world.tenant).await.unwrap().version, 3);
}

#[tokio::test]
async fn a_new_profile_holds_at_once_here_and_within_a_second_elsewhere() {
    let world = World::new().await;
    put(&world, json!({ "cascade": ["easy"] })).await;
    let other = world.restarted("second");
    let open_there = async |key: &str| {
        let ticket = ticket(crate::world::OPEN, key, key);
        let reply = other.open_checkout(world.tenant, unnamed(), Invalid::none(), ticket).await.unwrap();
        body(&reply)["provider"].clone()
    };
    assert_eq!(open_there("before").await, "easy");
    put(&world, json!({ "cascade": ["able"] })).await;
    let reply = open(&world, unnamed(), "here").await.unwrap();
    assert_eq!(body(&reply)["provider"], "able");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(open_there("after").await, "able");
}

#[tokio::test]
async fn a_customer_stays_in_one_share_whatever_is_bought() {
    let world = World::new().await;
    put(
        &world,
        json!({ "rules": [{ "name": "half", "then": { "split": [
            { "weight": 50, "providers": ["easy", "able"] }, { "weight": 50, "providers": ["able", "easy"] } ] } }] }),
    )
    .await;
    let mut seen = [0, 0];
    for customer in 0..12 {
        let mut arms = Vec::new();
        for (order, email) in
            [format!("C{customer}@shop.example"), format!(" c{customer}@Shop.Example")].into_iter().enumerate()
        {
            let mut asked = unnamed();
            asked.reference = Some(format!("order {customer}-{order}"));
            asked.customer.email = Some(Personal::new(email));
            let reply = open(&world, asked, &format!("{customer} {order}")).await.unwrap();
            let shown = body(&reply);
            let arm = shown["route"]["profile"]["arm"].as_u64().unwrap();
            assert_eq!(shown["provider"], ["easy", "able"][usize::try_from(arm).unwrap()]);
            arms.push(arm);
        }
        assert_eq!(arms[0], arms[1], "customer {customer}");
        seen[usize::try_from(arms[0]).unwrap()] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[tokio::test]
async fn limits_that_only_the_financer_knows_are_asked_for_and_nothing_is_created() {
    let world = World::new().await;
    let judged = async |price: &str| {
        let mut asked = unnamed();
        asked.cart.as_mut().unwrap().items.truncate(1);
        asked.cart.as_mut().unwrap().items[0].unit_price = lendport_core::parse_decimal(price).ok();
        asked.cart.as_mut().unwrap().items[0].unit_tax = None;
        asked.cart.as_mut().unwrap().shipping = None;
        let seen = world.engine.eligibility(world.tenant, asked, Invalid::none()).await.unwrap();
        let listed = seen.providers.into_iter().find(|one| one.provider == "listed").unwrap();
        listed.exclusions.into_iter().map(|one| (one.code, one.limit.unwrap().min)).collect::<Vec<_>>()
    };
    assert_eq!(judged("1.00").await, []);
    assert_eq!(judged("0.99").await, [("too_small".to_owned(), Some("1.00".to_owned()))]);
    // What it says holds for a few seconds, however many ask.
    join_all((0..20).map(|_| judged("1.00"))).await;
    assert_eq!((world.listed.list.asked_for_limits(), world.listed.asked().len()), (1, 0));
    world.clock.advance(SignedDuration::from_secs(5));
    judged("1.00").await;
    assert_eq!(world.listed.list.asked_for_limits(), 2);
}
