//! A customer chooses a financer, leaves one for another, and comes back from one. Nothing of it moves money.

use std::sync::Arc;

use lendport_core::{AttemptId, AttemptState, CheckoutId, Claim, CommitClass, ErrorKind, Invalid, ProviderError};
use lendport_engine::{CameBack, CustomerView, EngineError, OpenCheckout, Reply, Standing};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{OPEN, World, asked, body, id_of, push_at, ticket, word};

const CHOICES: [&str; 2] = ["easy", "able"];

pub(crate) fn of_two() -> OpenCheckout {
    OpenCheckout {
        provider: None,
        providers: Some(CHOICES.map(str::to_owned).to_vec()),
        customer_chooses: true,
        ..asked("easy")
    }
}

pub(crate) async fn open(world: &World, asked: OpenCheckout, key: &str) -> Result<Reply, EngineError> {
    world.engine.open_checkout(world.tenant, asked, Invalid::none(), ticket(OPEN, key, key)).await
}

pub(crate) async fn opened(world: &World) -> CheckoutId {
    let reply = open(world, of_two(), "two").await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    id_of(&reply)
}

pub(crate) async fn seen(world: &World, id: CheckoutId) -> CustomerView {
    world.engine.customer_view(world.tenant, id).await.unwrap()
}

pub(crate) async fn choose(
    world: &World,
    id: CheckoutId,
    provider: &str,
    after: Option<AttemptId>,
) -> Result<(), EngineError> {
    let key = format!("{provider}:{after:?}");
    let ticket = ticket(&format!("choose {id}"), &key, &key);
    world.engine.choose_financer(world.tenant, id, provider, after, ticket).await
}

pub(crate) fn offered(view: &CustomerView) -> Vec<&str> {
    view.choices.iter().map(|face| face.id.as_str()).collect()
}

async fn states(world: &World, id: CheckoutId) -> Vec<(String, AttemptState)> {
    let record = world.record(id).await;
    record.attempts.iter().map(|attempt| (attempt.provider.to_string(), attempt.state)).collect()
}

#[tokio::test]
async fn with_a_choice_nobody_is_called_until_the_customer_has_chosen() {
    let world = World::new().await;
    let reply = open(&world, of_two(), "two").await.unwrap();
    let shown = body(&reply);
    assert_eq!(
        (&shown["status"], &shown["next_action"], &shown["provider"]),
        (&json!("open"), &Value::Null, &json!("easy"))
    );
    assert_eq!((&shown["blockers"], &shown["route"]["rule"]), (&json!(["awaiting_choice"]), &json!("customer_choice")));
    assert_eq!((world.easy.asked().len(), world.able.asked().len()), (0, 0));
    let again = open(&world, of_two(), "two").await.unwrap();
    assert_eq!((again.replayed, &again.body), (true, &reply.body));
    let id = id_of(&reply);
    assert_eq!(world.events(id).await, ["checkout.created"]);

    let view = seen(&world, id).await;
    assert_eq!((view.standing, offered(&view)), (Standing::Choose, CHOICES.to_vec()));
    assert_eq!((view.attempt, view.ended, view.financer), (None, None, None));
    choose(&world, id, "able", None).await.unwrap();
    let view = seen(&world, id).await;
    assert_eq!((view.standing, view.financer.unwrap().id.as_str()), (Standing::Continue, "able"));
    assert_eq!(world.events(id).await, ["checkout.created", "attempt.created"]);
}

#[tokio::test]
async fn one_that_is_left_alone_goes_straight_on_and_none_is_a_refusal() {
    let world = World::new().await;
    let refused_by = |names: &str| {
        let mut asked = of_two();
        asked.metadata.insert("refused by".to_owned(), names.to_owned());
        asked
    };
    let reply = open(&world, refused_by("able"), "one").await.unwrap();
    let shown = body(&reply);
    assert_eq!((&shown["status"], &shown["provider"]), (&json!("requires_customer_action"), &json!("easy")));
    let skipped = &shown["route"]["skipped"];
    assert_eq!((&skipped[0]["provider"], &skipped[0]["reason"]), (&json!("able"), &json!("not_funded")));
    assert_eq!(skipped[0]["exclusions"][0]["pointer"], "/currency");
    let refused = open(&world, refused_by("able easy"), "none").await;
    let Err(EngineError::Invalid(invalid)) = refused else { panic!("let through") };
    let named: Vec<_> = invalid.0.iter().map(|error| (error.pointer.as_str(), error.detail.as_str())).collect();
    assert_eq!(named, [("/currency", "easy: easy"), ("/currency", "able: able")]);
}

#[tokio::test]
async fn two_tabs_with_one_choice_start_one_attempt_and_two_choices_one_of_them() {
    let world = Arc::new(World::new().await);
    let id = opened(&world).await;
    let tabs = (0..20).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { choose(&world, id, "easy", None).await })
    });
    for tab in tabs.collect::<Vec<_>>() {
        assert_eq!(tab.await.unwrap(), Ok(()));
    }
    assert_eq!((world.easy.asked().len(), states(&world, id).await.len()), (1, 1));
    // The other tab still shows the choice as it was before.
    let late = choose(&world, id, "able", None).await;
    assert_eq!(late, Err(EngineError::PreconditionFailed));
    assert_eq!(world.able.asked().len(), 0);
}

#[tokio::test]
async fn after_a_no_another_can_be_chosen_and_the_same_cannot() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "easy", None).await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    let view = seen(&world, id).await;
    assert_eq!(
        (view.standing, view.ended.unwrap().as_str(), offered(&view)),
        (Standing::Choose, "declined", vec!["able"])
    );
    let same = choose(&world, id, "easy", view.attempt).await.unwrap_err();
    assert_eq!(word(&same), "invalid");
    choose(&world, id, "able", view.attempt).await.unwrap();
    assert_eq!(
        push_at(&world.engine, "able", &world.able.last().token, json!({ "state": "declined" })).await.status,
        200
    );
    let view = seen(&world, id).await;
    assert_eq!((view.standing, offered(&view)), (Standing::Declined, vec![]));
}

#[tokio::test]
async fn a_technical_failure_can_be_tried_again_unless_it_would_fail_again() {
    for (kind, again) in [(ErrorKind::Unavailable, true), (ErrorKind::Credentials, false)] {
        let world = World::new().await;
        let id = opened(&world).await;
        let error = ProviderError { commit: CommitClass::NotSent, ..ProviderError::new(kind, "made up") };
        world.easy.fail_create(error);
        choose(&world, id, "easy", None).await.unwrap();
        let view = seen(&world, id).await;
        assert_eq!(view.ended.unwrap().as_str(), "failed");
        assert_eq!(offered(&view), if again { vec!["easy", "able"] } else { vec!["able"] });
        world.easy.accept_create();
        assert_eq!(choose(&world, id, "easy", view.attempt).await.is_ok(), again);
    }
}

#[tokio::test]
async fn a_page_can_be_left_for_another_financer_and_its_late_yes_meets_the_fence() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "easy", None).await.unwrap();
    let left = world.easy.last().token;
    let view = seen(&world, id).await;
    assert_eq!((view.standing, offered(&view)), (Standing::Continue, vec!["able"]));
    choose(&world, id, "able", view.attempt).await.unwrap();
    let record = world.record(id).await;
    assert_eq!(record.attempts[0].reason.as_ref().unwrap().0, "left_by_customer");
    assert_eq!(states(&world, id).await[1], ("able".to_owned(), AttemptState::AwaitingCustomer));
    // Back again is possible too.
    assert_eq!(offered(&seen(&world, id).await), ["easy"]);
    let token = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &token, json!({ "state": "authorized" })).await.status, 200);
    assert_eq!(world.push_to(&left, json!({ "state": "authorized" })).await.status, 200);
    let states: Vec<_> = states(&world, id).await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [AttemptState::Canceled, AttemptState::Authorized]);
    assert_eq!(world.attention(id).await, ["late_approval"]);
}

#[tokio::test]
async fn who_paid_before_leaving_is_not_charged_twice() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "able", None).await.unwrap();
    let before = seen(&world, id).await.attempt;
    // Paid, and the notice is still on its way.
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    let refused = choose(&world, id, "easy", before).await.unwrap_err();
    assert_eq!(word(&refused), "commit_fence");
    assert_eq!((seen(&world, id).await.standing, world.easy.asked().len()), (Standing::Approved, 0));
}

#[tokio::test]
async fn a_financer_that_cannot_be_looked_at_now_is_not_left() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "able", None).await.unwrap();
    let before = seen(&world, id).await.attempt;
    world.able.fail_retrieve(ProviderError::new(ErrorKind::Unavailable, "away"));
    let refused = choose(&world, id, "easy", before).await.unwrap_err();
    assert_eq!((word(&refused), world.easy.asked().len()), ("provider", 0));
}

#[tokio::test]
async fn nothing_can_be_chosen_once_it_is_settled_stopped_or_too_late() {
    for state in ["authorized", "captured", "under_review", "preapproved", "canceled"] {
        let world = World::new().await;
        let id = opened(&world).await;
        choose(&world, id, "easy", None).await.unwrap();
        world.push(json!({ "state": state })).await;
        let view = seen(&world, id).await;
        assert_eq!(offered(&view), Vec::<&str>::new(), "{state}");
        let refused = choose(&world, id, "able", view.attempt).await.unwrap_err();
        assert!(matches!(word(&refused), "commit_fence" | "wrong_state"), "{state}: {refused}");
        assert_eq!(world.able.asked().len(), 0);
    }
    let world = World::new().await;
    let id = opened(&world).await;
    world.clock.advance(jiff::SignedDuration::from_hours(72));
    assert_eq!(seen(&world, id).await.standing, Standing::Expired);
    assert_eq!(word(&choose(&world, id, "easy", None).await.unwrap_err()), "wrong_state");
}

#[tokio::test]
async fn only_the_merchants_own_financers_can_be_chosen() {
    let world = World::new().await;
    let id = opened(&world).await;
    for name in ["strict", "nobody", "", "EASY", "../easy"] {
        assert_eq!(word(&choose(&world, id, name, None).await.unwrap_err()), "invalid", "{name}");
    }
    let other = lendport_storage::Tenant { merchant: lendport_core::MerchantId::mint(&world.ids), ..world.tenant };
    assert_eq!(world.engine.customer_view(other, id).await.unwrap_err(), EngineError::NotFound);
    let chosen = world.engine.choose_financer(other, id, "easy", None, ticket("r", "k", "c")).await;
    assert_eq!(chosen, Err(EngineError::NotFound));
    assert_eq!(world.engine.customer_came_back(other, id, CameBack::Complete).await, Err(EngineError::NotFound));
}

#[tokio::test]
async fn what_the_browser_says_moves_nothing_and_has_the_financer_looked_at_where_that_can_be_done() {
    for (provider, looked) in [("easy", false), ("able", true)] {
        let world = World::new().await;
        let id = opened(&world).await;
        choose(&world, id, provider, None).await.unwrap();
        let before = world.record(id).await;
        for how in [CameBack::Complete, CameBack::Abort, CameBack::Complete] {
            assert_eq!(world.engine.customer_came_back(world.tenant, id, how).await, Ok(looked));
        }
        let after = world.record(id).await;
        assert_eq!(
            (after.checkout.version, after.attempts[0].state),
            (before.checkout.version, AttemptState::AwaitingCustomer)
        );
        let facts = world.timeline(id).await.observations;
        let said: Vec<_> =
            facts.iter().filter(|(row, _)| row.observation.source.as_str() == "browser_return").collect();
        assert_eq!(said.len(), 2, "each word once, repeats are counted");
        world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
        world.engine.settle_due().await.unwrap();
        let standing = seen(&world, id).await.standing;
        assert_eq!(standing == Standing::Approved, looked, "{provider}: what the financer says counts");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever a financer says of its reasons, and whatever the merchant keeps for itself, a customer cannot see it.
    #[test]
    fn a_customer_sees_no_reason_and_nothing_of_the_merchants_own(
        state in proptest::sample::select(vec!["declined", "authorized", "preapproved", "under_review", "failed", "canceled"]),
        secret in "[a-z]{12}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let mut asked = of_two();
            asked.metadata.insert("note".to_owned(), format!("metadata-{secret}"));
            asked.provider_options.insert("elsewhere".to_owned(), format!("{{\"a\":\"options-{secret}\"}}"));
            let id = id_of(&open(&world, asked, "two").await.unwrap());
            choose(&world, id, "easy", None).await.unwrap();
            let token = world.easy.last().token;
            world.push(json!({ "state": state, "reason": format!("reason-{secret}"), "raw": format!("raw-{secret}") })).await;
            let text = format!("{:?}", seen(&world, id).await);
            let record = world.record(id).await;
            for hidden in [
                secret.as_str(), token.as_str(), "John", "john@example.com", "West End", "ref-",
                &record.attempts[0].merchant_reference, &record.attempts[0].callback_digest,
                &record.checkout.merchant.to_string(), &record.attempts[0].account.to_string(),
            ] {
                assert!(!text.contains(hidden), "{hidden} in {text}");
            }
        });
    }
}
