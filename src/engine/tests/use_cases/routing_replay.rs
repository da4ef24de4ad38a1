//! What another profile would do with past checkouts and with carts in the request: counted, explained, and nothing done.

use lendport_core::{Invalid, Personal};
use lendport_engine::view::SimulationView;
use lendport_engine::{EngineError, OpenCheckout, Past, SampleCart, SimulateAsk};
use serde_json::{Value, json};

use crate::choosing::open;
use crate::routing::{profile, put, put_if, unnamed};
use crate::world::{World, asked};

async fn simulated(world: &World, ask: SimulateAsk) -> Result<SimulationView, EngineError> {
    world.engine.simulate_routing(world.tenant, ask, Invalid::none()).await
}

fn draft(document: Value) -> SimulateAsk {
    SimulateAsk { profile: Some(profile(document)), ..SimulateAsk::default() }
}

/// Four checkouts: two by the profile, one named, one the customer's choice.
async fn four(world: &World) {
    put(world, json!({ "cascade": ["easy", "able"] })).await;
    for key in ["first", "second"] {
        open(world, unnamed(), key).await.unwrap();
    }
    open(world, asked("watched"), "named").await.unwrap();
    let choosing = OpenCheckout {
        providers: Some(vec!["easy".to_owned(), "able".to_owned()]),
        customer_chooses: true,
        ..unnamed()
    };
    open(world, choosing, "chosen").await.unwrap();
    open(world, OpenCheckout { customer_chooses: true, ..unnamed() }, "chosen by profile").await.unwrap();
}

fn moves(view: &SimulationView) -> Vec<(Option<&str>, Option<&str>, u64, String)> {
    let amounts = |one: &lendport_engine::view::MoveView| {
        one.amounts.iter().map(|sum| format!("{} {}", sum.total, sum.currency)).collect::<Vec<_>>().join(", ")
    };
    view.moves.iter().map(|one| (one.from.as_deref(), one.to.as_deref(), one.count, amounts(one))).collect()
}

#[tokio::test]
async fn past_checkouts_say_who_would_move_and_nobody_is_called() {
    let world = World::new().await;
    four(&world).await;
    let calls = || [world.easy.asked().len(), world.able.asked().len(), world.watched.asked().len()];
    let before = calls();
    let moved = simulated(&world, draft(json!({ "cascade": ["able"] }))).await.unwrap();
    assert_eq!((moved.considered, moved.unchanged, moved.moved), (2, 0, 2));
    assert_eq!((moved.named, moved.customer_chose, moved.has_more, moved.version), (1, 2, false, None));
    assert_eq!(moves(&moved), [(Some("easy"), Some("able"), 2, "2840.00 USD".to_owned())]);
    assert_eq!(moved.moves[0].examples.len(), 2);
    assert_eq!((moved.rules[0].rule.as_str(), moved.rules[0].count), ("cascade", 2));
    let unknown: Vec<_> = moved.unknown.iter().map(|one| (one.code, one.count)).collect();
    assert_eq!(unknown, [("health", 2), ("accounts", 2), ("outcome", 2)]);

    let named = SimulateAsk {
        past: Some(Past { include_named: true, ..Past::default() }),
        ..draft(json!({ "cascade": ["able"] }))
    };
    let named = simulated(&world, named).await.unwrap();
    assert_eq!((named.considered, named.named), (3, 0));
    let nobody = simulated(&world, draft(json!({}))).await.unwrap();
    assert_eq!(moves(&nobody), [(Some("easy"), None, 2, "2840.00 USD".to_owned())]);
    assert_eq!(nobody.rules[0].rule, "none");
    // The active one again: nobody moves.
    let active = simulated(&world, SimulateAsk::default()).await.unwrap();
    assert_eq!((active.version, active.moved, active.unchanged), (Some(1), 0, 2));

    assert_eq!(calls(), before, "a financer was called");
    assert_eq!(world.engine.routing(world.tenant).await.unwrap().version, 1, "something was written");
}

#[tokio::test]
async fn a_walk_ends_at_its_limit_and_says_that_there_is_more() {
    let world = World::new().await;
    put(&world, json!({ "cascade": ["easy"] })).await;
    for number in 0..105 {
        open(&world, unnamed(), &number.to_string()).await.unwrap();
    }
    let limited = |limit| SimulateAsk {
        past: Some(Past { limit: Some(limit), ..Past::default() }),
        ..draft(json!({ "cascade": ["able"] }))
    };
    for (limit, considered, has_more) in
        [(1, 1, true), (100, 100, true), (104, 104, true), (105, 105, false), (9_999, 105, false)]
    {
        let seen = simulated(&world, limited(limit)).await.unwrap();
        assert_eq!((seen.considered, seen.has_more), (considered, has_more), "limit {limit}");
    }
    let past = Past { created_before: Some(lendport_testkit::clock::START), ..Past::default() };
    let none = simulated(&world, SimulateAsk { past: Some(past), ..SimulateAsk::default() }).await.unwrap();
    assert_eq!((none.considered, none.unknown.len()), (0, 0));
}

#[tokio::test]
async fn carts_in_the_request_are_compared_with_the_active_profile() {
    let world = World::new().await;
    put(&world, json!({ "cascade": ["easy", "able"] })).await;
    let office = json!({
        "rules": [{ "name": "office hours", "when": { "time": [{ "zone": "America/New_York", "from": "09:00", "to": "17:00" }] },
            "then": { "providers": ["able"] } }],
        "cascade": ["easy"],
    });
    let cart = |at: &str, reference: &str| SampleCart {
        asked: OpenCheckout { reference: Some(reference.to_owned()), ..unnamed() },
        at: at.parse().ok(),
    };
    let carts = vec![cart("2026-06-15T14:00:00Z", "day"), cart("2026-06-15T23:00:00Z", "night")];
    let seen = simulated(&world, SimulateAsk { carts: Some(carts), ..draft(office) }).await.unwrap();
    assert_eq!((seen.considered, seen.moved), (2, 1));
    assert_eq!(seen.moves[0].examples, ["day"]);
    assert_eq!(moves(&seen), [(Some("easy"), Some("able"), 1, "1420.00 USD".to_owned())]);
}

#[tokio::test]
async fn a_cart_of_nobody_has_no_share_of_its_own_and_that_is_said() {
    let world = World::new().await;
    let split = json!({ "rules": [{ "name": "s", "then": { "split": [
        { "weight": 40, "providers": ["able"] }, { "weight": 60, "providers": ["easy"] } ] } }] });
    let mut nobody = OpenCheckout { reference: None, ..unnamed() };
    nobody.customer.email = None;
    let mut somebody = nobody.clone();
    somebody.customer.email = Some(Personal::new("john@example.com".to_owned()));
    let carts = [nobody, somebody].map(|asked| SampleCart { asked, at: None }).to_vec();
    let seen = simulated(&world, SimulateAsk { carts: Some(carts), ..draft(split) }).await.unwrap();
    let unknown = seen.unknown.iter().find(|one| one.code == "customer").unwrap();
    assert_eq!(unknown.count, 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_draft_or_a_cart_is_named_where_it_stands() {
    let world = World::new().await;
    let named = async |ask: SimulateAsk| match simulated(&world, ask).await {
        Err(EngineError::Invalid(invalid)) => {
            invalid.0.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(named(SimulateAsk::default()).await, ["/profile missing"]);
    let wrong = json!({ "rules": [{ "name": "r", "then": { "providers": ["nobody"] } }] });
    assert_eq!(named(draft(wrong)).await, ["/profile/rules/0/then/providers/0 unknown_provider"]);
    let texts: Vec<String> = (0..1_000).map(|text| format!("{text:0>200}")).collect();
    let rules: Vec<Value> = (0..6)
        .map(|rule| json!({ "name": rule.to_string(), "when": { "sku": texts }, "then": { "providers": ["nobody"] } }))
        .collect();
    let long = json!({ "rules": rules });
    assert_eq!(named(draft(long.clone())).await, ["/profile too_long"], "and nothing else of it is looked at");
    match put_if(&world.engine, world.tenant, long, None).await {
        Err(EngineError::Invalid(invalid)) => {
            assert_eq!((invalid.0.len(), invalid.0[0].code.as_str()), (1, "too_long"));
        }
        other => panic!("{other:?}"),
    }
    let empty = SampleCart { asked: OpenCheckout::default(), at: None };
    let carts = SimulateAsk { carts: Some(vec![empty]), ..draft(json!({})) };
    assert_eq!(named(carts.clone()).await, ["/carts/0/billing_address/state missing", "/carts/0/items missing"]);
    let both = SimulateAsk { past: Some(Past::default()), ..carts };
    assert_eq!(named(both).await[0], "/carts conflict");
}
