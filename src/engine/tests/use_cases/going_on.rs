//! "May the cascade go on?" of `model.md` section 2, row by row: whether another financer is started by the policy, by a customer
//! who chooses one, and by a merchant who asks for one.

use std::sync::Arc;

use lendport_core::AttemptState::{self, *};
use lendport_core::{CheckoutId, ErrorKind, Invalid, ProviderError};
use lendport_engine::{OpenCheckout, Standing};
use serde_json::json;

use crate::cascade::automatic;
use crate::choosing::{choose, of_two, offered, seen};
use crate::routing::{put, unnamed};
use crate::world::{OPEN, World, push_at, ticket, word};

/// A state, then: by itself, by the customer, by the merchant.
#[rustfmt::skip]
const ROWS: [(AttemptState, bool, bool, bool); 14] = [
    (Initiating,       false, false, false),
    (Indeterminate,    false, false, false),
    (AwaitingCustomer, false, true,  false),
    (UnderReview,      false, false, false),
    (Preapproved,      false, false, false),
    (AwaitingMerchant, false, false, false),
    (Authorized,       false, false, false),
    (Captured,         false, false, false),
    (Refunded,         false, false, false),
    (ChargedBack,      false, false, false),
    (Declined,         true,  true,  true),
    // Stopped at the financer: whether the customer is still there the merchant knows. A page that the customer left for
    // another financer's is left already.
    (Canceled,         false, false, true),
    (Expired,          true,  true,  true),
    (Failed,           true,  true,  true),
];

/// A checkout whose first try, at `easy`, stands so; `able` could be the next one.
async fn standing(world: &World, cart: OpenCheckout, state: AttemptState) -> CheckoutId {
    match state {
        Initiating => world.easy.answer_create(|_| std::future::pending()),
        Indeterminate => world.easy.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence")),
        _ => {}
    }
    let (engine, tenant, chooses) = (Arc::clone(&world.engine), world.tenant, cart.customer_chooses);
    let opening = tokio::spawn(async move {
        let reply = engine.open_checkout(tenant, cart, Invalid::none(), ticket(OPEN, "cart", "cart")).await.unwrap();
        if chooses {
            let (id, ticket) = (crate::world::id_of(&reply), ticket("choose", "first", "first"));
            // What is not known of a create shows in the attempt.
            let _ = engine.choose_financer(tenant, id, "easy", None, ticket).await;
        }
    });
    while world.easy.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    match state {
        Initiating => opening.abort(),
        _ => opening.await.unwrap(),
    }
    let id = world.only().await;
    if !matches!(state, Initiating | Indeterminate | AwaitingCustomer) {
        world.push(json!({ "state": state.as_str() })).await;
    }
    assert_eq!(world.state(id).await, state);
    id
}

#[tokio::test]
async fn the_policy_starts_the_next_one_after_a_no_an_expiry_and_a_failure_alone() {
    for (state, goes_on, ..) in ROWS {
        let world = World::new().await;
        put(&world, automatic(&["easy", "able"])).await;
        standing(&world, unnamed(), state).await;
        world.engine.follow_due().await.unwrap();
        world.engine.settle_due().await.unwrap();
        assert_eq!(world.able.asked().len(), usize::from(goes_on), "{state:?}");
    }
}

#[tokio::test]
async fn a_customer_chooses_another_after_what_ended_or_leaves_a_page_for_it() {
    for (state, _, goes_on, _) in ROWS {
        let world = World::new().await;
        let id = standing(&world, of_two(), state).await;
        let view = seen(&world, id).await;
        assert_eq!(offered(&view).contains(&"able"), goes_on, "{state:?}");
        let chosen = choose(&world, id, "able", view.attempt).await;
        let refused = chosen.as_ref().err().map(word);
        assert!(
            chosen.is_ok() == goes_on && matches!(refused, None | Some("commit_fence" | "wrong_state" | "invalid"))
        );
        assert_eq!(world.able.asked().len(), usize::from(goes_on), "{state:?}");
    }
}

#[tokio::test]
async fn a_merchant_starts_another_after_what_ended_and_was_never_settled() {
    for (state, .., goes_on) in ROWS {
        let world = World::new().await;
        let id = standing(&world, OpenCheckout { customer_chooses: false, ..of_two() }, state).await;
        let next = ticket("POST /attempts", "next", "next");
        let started = world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await;
        let refused = started.as_ref().err().map(word);
        let given_back = matches!(state, Refunded | ChargedBack);
        let expected = if given_back { "wrong_state" } else { "commit_fence" };
        assert_eq!(refused, (!goes_on).then_some(expected), "{state:?}");
        assert_eq!(world.able.asked().len(), usize::from(goes_on), "{state:?}");
    }
}

#[tokio::test]
async fn what_was_given_back_at_an_earlier_try_ends_it_too() {
    let world = World::new().await;
    let cart = OpenCheckout { customer_chooses: false, ..of_two() };
    let id = standing(&world, cart, Declined).await;
    let start = |provider: &str, key: &'static str| {
        let ticket = ticket("POST /attempts", key, "");
        world.engine.start_attempt(world.tenant, id, Some(provider.to_owned()), None, ticket)
    };
    assert_eq!(start("able", "second").await.unwrap().status, 201);
    // The first one comes back, and is given back; then the second one says no.
    world.push(json!({ "state": "authorized" })).await;
    world.push(json!({ "refund": "1420.00" })).await;
    let token = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &token, json!({ "state": "declined" })).await.status, 200);
    let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [Refunded, Declined]);
    assert_eq!(word(&start("strict", "third").await.unwrap_err()), "wrong_state");
    assert_eq!((offered(&seen(&world, id).await).len(), world.strict.asked().len()), (0, 0));
}

#[tokio::test]
async fn once_the_order_was_told_as_ready_a_customer_chooses_nobody_else() {
    let world = World::new().await;
    let id = standing(&world, of_two(), Authorized).await;
    world.push(json!({ "state": "failed" })).await;
    assert_eq!(world.state(id).await, Failed);
    let view = seen(&world, id).await;
    assert_eq!((offered(&view), view.standing.as_str()), (vec![], "failed"));
    assert_eq!(word(&choose(&world, id, "able", view.attempt).await.unwrap_err()), "wrong_state");
    assert!(world.able.asked().is_empty());
}

#[tokio::test]
async fn nobody_follows_while_a_late_approval_waits_for_a_person_and_somebody_does_afterwards() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "strict", "able"])).await;
    // The second one's answer is not there yet when it commits, so that nothing was told as ready.
    let id = standing(&world, unnamed(), AwaitingCustomer).await;
    let first = world.easy.last().token;
    world.strict.answer_create(|_| std::future::pending());
    world.push(json!({ "state": "declined" })).await;
    let engine = Arc::clone(&world.engine);
    let following = tokio::spawn(async move { engine.follow_due().await });
    while world.strict.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    following.abort();
    let second = world.strict.last().token;
    let tell = async |provider: &str, token: &str, state: &str, nonce: u32| {
        let told = push_at(&world.engine, provider, token, json!({ "state": state, "nonce": nonce })).await;
        assert_eq!(told.status, 200);
    };
    tell("strict", &second, "authorized", 1).await;
    assert!(!world.record(id).await.checkout.ready_announced);
    tell("easy", &first, "authorized", 2).await;
    assert!(world.open_items(id).await.contains(&"late_approval"));
    tell("strict", &second, "failed", 3).await;
    for _ in 0..2 {
        world.engine.follow_due().await.unwrap();
        world.engine.settle_due().await.unwrap();
    }
    assert!(world.able.asked().is_empty());
    assert_eq!(world.attempt(id).await.poll_at, None, "it is not found due again and again");
    let held = seen(&world, id).await;
    assert_eq!((held.standing, held.choices.len()), (Standing::Checking, 0), "nobody is being asked");
    world.resolve(id, "late_approval", "unwound", None).await.unwrap();
    world.engine.follow_due().await.unwrap();
    assert_eq!(world.able.asked().len(), 1);
}
