//! A create that the financer answers with a decision against the customer.

use lendport_core::{AttemptState, CommitClass, ErrorKind, OperationKind, Phase, ProviderError};

use crate::world::{OPEN, World, body, ticket};

#[tokio::test]
async fn a_declined_create_ends_declined_and_is_an_answer() {
    let world = World::new().await;
    world.able.fail_create(ProviderError::new(ErrorKind::Declined, "The card was declined."));
    let reply = world.open_at("able", "key").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"declined".into()), "{}", reply.body);
    let id = world.only().await;
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.reason.unwrap().0.as_str()), (AttemptState::Declined, "declined_by_provider"));
    let create = world.operation(id, OperationKind::Create).await;
    assert_eq!((create.phase, create.error.as_deref()), (Phase::Settled, Some("The card was declined.")));
    assert_eq!(world.events(id).await, ["checkout.created", "checkout.declined"]);
    assert_eq!(world.key_state("key").await, "completed");
    let again = world.engine.open_checkout(
        world.tenant,
        crate::world::asked("able"),
        lendport_core::Invalid::none(),
        ticket(OPEN, "key", "able"),
    );
    assert_eq!(again.await.unwrap().body, reply.body);
    assert_eq!(world.able.asked().len(), 1);

    // A new attempt may follow: it was a no, and not a maybe.
    world.able.accept_create();
    let next = ticket("POST /attempts", "next", "able");
    let started = world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await.unwrap();
    assert_eq!((started.status, world.state(id).await), (201, AttemptState::AwaitingCustomer));
}

#[tokio::test]
async fn a_decline_that_may_have_committed_stays_unknown() {
    let world = World::new().await;
    let error = ProviderError::new(ErrorKind::Declined, "Declined, perhaps.").committed_as(CommitClass::Unknown);
    world.able.fail_create(error);
    assert_eq!(world.open_at("able", "key").await.unwrap().status, 502);
    assert_eq!(world.state(world.only().await).await, AttemptState::Indeterminate);
}
