//! A customer whose financer gave no answer: where a second create does no harm it can be made, elsewhere nothing can.

use jiff::SignedDuration;
use lendport_core::{AttemptId, AttemptState, CheckoutId, ErrorKind, ProviderError};
use lendport_engine::{EngineError, OpenCheckout, Standing};

use crate::choosing::{choose, of_two, offered, open, seen};
use crate::world::{World, id_of, word};

fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

/// A checkout at this financer or `able`, of which the chosen one said nothing to the create.
async fn unanswered(world: &World, provider: &str, asked: OpenCheckout) -> (CheckoutId, AttemptId) {
    let asked = OpenCheckout { providers: Some(vec![provider.to_owned(), "able".to_owned()]), ..asked };
    let id = id_of(&open(world, asked, provider).await.unwrap());
    for fake in [&world.easy, &world.strict] {
        fake.fail_create(silence());
    }
    // What comes of it is seen in the status.
    let _unknown = choose(world, id, provider, None).await;
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    for fake in [&world.easy, &world.strict] {
        fake.accept_create();
    }
    (id, world.attempt(id).await.id)
}

#[tokio::test]
async fn a_create_without_an_answer_may_be_made_anew_where_nobody_saw_the_link_and_nowhere_else() {
    let world = World::new().await;
    let (id, unknown) = unanswered(&world, "easy", of_two()).await;
    let view = seen(&world, id).await;
    assert_eq!((view.standing, offered(&view)), (Standing::Choose, vec!["easy"]));
    assert_eq!((view.ended.unwrap().as_str(), view.attempt), ("failed", Some(unknown)));
    let other = choose(&world, id, "able", Some(unknown)).await.unwrap_err();
    assert_eq!((word(&other), world.able.asked().len()), ("commit_fence", 0));
    // Whoever did not see that it is unknown did not choose anew.
    assert_eq!(choose(&world, id, "easy", None).await, Ok(()));
    assert_eq!(world.easy.asked().len(), 1);

    let first = world.easy.last().token;
    for _ in 0..3 {
        choose(&world, id, "easy", Some(unknown)).await.unwrap();
    }
    assert_eq!((world.easy.asked().len(), seen(&world, id).await.standing), (2, Standing::Continue));
    let record = world.record(id).await;
    let states: Vec<_> = record.attempts.iter().map(|one| one.state).collect();
    assert_eq!(states, [AttemptState::Canceled, AttemptState::AwaitingCustomer]);
    assert_ne!(record.attempts[0].merchant_reference, record.attempts[1].merchant_reference);
    // The first one was there after all: there is one commitment, and a person hears of the other.
    world.push(serde_json::json!({ "state": "authorized" })).await;
    assert_eq!(world.push_to(&first, serde_json::json!({ "state": "authorized" })).await.status, 200);
    let committed = world.record(id).await.attempts.iter().filter(|one| one.state.is_committed()).count();
    assert_eq!((committed, world.attention(id).await.contains(&"late_approval")), (1, true));
}

#[tokio::test]
async fn it_is_not_made_anew_where_that_may_commit_twice() {
    let world = World::new().await;
    let mut mailed = of_two();
    mailed.metadata.insert("customer was mailed".to_owned(), "yes".to_owned());
    for (provider, asked) in [("strict", of_two()), ("easy", mailed)] {
        let (id, unknown) = unanswered(&world, provider, asked).await;
        let view = seen(&world, id).await;
        assert_eq!((view.standing, offered(&view)), (Standing::Checking, vec![]), "{provider}");
        let before = world.record(id).await.attempts.len();
        assert_eq!(choose(&world, id, provider, Some(unknown)).await, Ok(()), "it stands");
        let other = choose(&world, id, "able", Some(unknown)).await.unwrap_err();
        assert!(matches!(other, EngineError::CommitFence { .. }), "{other}");
        assert_eq!(world.record(id).await.attempts.len(), before);
        world.clock.advance(SignedDuration::from_hours(24 * 8));
        assert_eq!(seen(&world, id).await.standing, Standing::Checking, "age proves nothing");
    }
}

#[tokio::test]
async fn after_the_deadline_the_customer_does_not_wait_for_what_nobody_saw() {
    let world = World::new().await;
    let (id, unknown) = unanswered(&world, "easy", of_two()).await;
    world.clock.advance(SignedDuration::from_hours(72));
    let view = seen(&world, id).await;
    assert_eq!((view.standing, offered(&view)), (Standing::Expired, vec![]));
    assert_eq!(word(&choose(&world, id, "easy", Some(unknown)).await.unwrap_err()), "wrong_state");
    assert_eq!(world.engine.expire_due().await, Ok(0));
    assert_eq!(world.state(id).await, AttemptState::Indeterminate, "what the books say waits for evidence");
}

#[tokio::test]
async fn it_is_made_anew_as_often_as_a_checkout_has_tries() {
    let world = World::new().await;
    let (id, _) = unanswered(&world, "easy", of_two()).await;
    world.easy.fail_create(silence());
    let mut tries = 1;
    while !offered(&seen(&world, id).await).is_empty() {
        let _unknown = choose(&world, id, "easy", Some(world.attempt(id).await.id)).await;
        tries += 1;
        assert!(tries <= lendport_core::limits::ATTEMPTS_MAX, "without end");
    }
    assert_eq!(u32::try_from(world.record(id).await.attempts.len()).unwrap(), lendport_core::limits::ATTEMPTS_MAX);
    assert_eq!(seen(&world, id).await.standing, Standing::Checking);
}
