//! A late approval beside another financer's commitment is undone by the gateway where a person says so and the financer has
//! a call for it; else the item says where a person undoes it.

use std::sync::Arc;

use lendport_core::{
    Actor, AttemptState, AuditAction, CheckoutId, Claim, ErrorKind, KeyId, OperationKind, Phase, ProviderError,
    ProviderId, Scopes,
};
use lendport_engine::By;
use lendport_storage::{AuditFilter, Audited, PageAsk};
use lendport_testkit::SeededIds;
use serde_json::json;

use crate::choosing::open;
use crate::routing::{put, unnamed};
use crate::world::{World, id_of, push_at, ticket};

impl World {
    /// `first` said no, `next` is committed, and `first` says yes all the same.
    async fn late_beside(&self, first: &str, next: &str) -> CheckoutId {
        let id = id_of(&self.open_at(first, "key").await.unwrap());
        let tokens = || [("able", self.able.asked()), ("easy", self.easy.asked())];
        let token = |name: &str| tokens().into_iter().find(|(known, _)| *known == name).unwrap().1.pop().unwrap().token;
        let tell = async |name: &str, state: &str, nonce: u32| {
            let told = push_at(&self.engine, name, &token(name), json!({ "state": state, "nonce": nonce })).await;
            assert_eq!(told.status, 200);
        };
        tell(first, "declined", 1).await;
        let start = self.engine.start_attempt(
            self.tenant,
            id,
            Some(next.to_owned()),
            None,
            ticket("POST /attempts", "next", ""),
        );
        assert_eq!(start.await.unwrap().status, 201);
        tell(next, "authorized", 2).await;
        tell(first, "authorized", 3).await;
        assert_eq!(self.open_items(id).await, ["late_approval"]);
        id
    }

    async fn offered(&self, id: CheckoutId, kind: &str) -> Vec<&'static str> {
        let item = self.item(id, kind).await.id;
        let shown = self.engine.attention_item(self.tenant, item).await.unwrap();
        shown.choices.iter().map(|choice| choice.choice).collect()
    }

    async fn unwound(&self) -> CheckoutId {
        let id = self.late_beside("able", "easy").await;
        assert_eq!(self.offered(id, "late_approval").await, ["unwind", "unwound", "approval_holds"]);
        let reply = self.resolve(id, "late_approval", "unwind", None).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(self.open_items(id).await, ["paid_after_cancel"], "open until the financer says that it is done");
        id
    }
}

#[tokio::test]
async fn the_gateway_undoes_it_once_and_the_item_stays_until_that_shows() {
    let reason = "The order is financed by another financer.";
    for (stands, ended, command, kind) in [
        (AttemptState::Authorized, AttemptState::Canceled, "cancel 1420.00", OperationKind::Cancel),
        (AttemptState::Captured, AttemptState::Refunded, "refund 1420.00", OperationKind::Refund),
    ] {
        let world = World::new().await;
        let id = world.unwound().await;
        world.able.answer_retrieve(Claim::state(stands));
        world.able.answer_command(Ok(Claim::Nothing));
        assert_eq!(world.later(0).await, 1, "a worker looks at once");
        assert_eq!(world.able.commanded(), [format!("{command} {reason}")]);
        assert_eq!(world.operation(id, kind).await.phase, Phase::Acknowledged);
        world.later(3_600).await;
        assert_eq!((world.able.commanded().len(), world.open_items(id).await.len()), (1, 1), "nothing is sent twice");
        world.able.answer_retrieve(Claim::state(ended));
        world.later(30_000).await;
        assert_eq!((world.open_items(id).await, world.operation(id, kind).await.phase), (vec![], Phase::Settled));
        let record = world.record(id).await;
        let states: Vec<_> = record.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(states, [AttemptState::Declined, AttemptState::Authorized], "the other commitment stands");
        let shown = world.shown(id).await;
        assert_eq!((shown.can_fulfill, shown.amounts.authorized.as_str()), (true, "1420.00"));
        let ready = world.events(id).await.iter().filter(|kind| **kind == "checkout.ready_to_fulfill").count();
        assert_eq!((ready, world.events(id).await.contains(&"attempt.late_approval")), (1, false));
    }
}

#[tokio::test]
async fn the_account_it_is_undone_with_is_not_deleted_before_though_another_financer_leads() {
    let world = World::new().await;
    let id = world.unwound().await;
    let (key, scopes) = (KeyId::mint(&SeededIds::new(9)), Arc::new(Scopes::default()));
    let by = By { tenant: world.tenant, home: world.tenant.merchant, key, scopes, request: None };
    let delete =
        || world.engine.delete_account(by.clone(), world.tenant, ProviderId::parse("able").unwrap(), None, false);
    assert_eq!(crate::world::word(&delete().await.unwrap_err()), "account_in_use");
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(0).await;
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    delete().await.unwrap();
}

#[tokio::test]
async fn an_unknown_outcome_stays_unknown_until_the_financer_says() {
    let world = World::new().await;
    let id = world.unwound().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.answer_command(Err(ProviderError::new(ErrorKind::NoAnswer, "silence")));
    world.later(0).await;
    world.later(3_600).await;
    world.later(3_600).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Unknown);
    assert_eq!(world.able.commanded().len(), 1, "it may have been heard");
    assert_eq!(world.open_items(id).await, ["paid_after_cancel", "unknown_command"]);
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(30_000).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn what_is_being_undone_does_not_take_the_checkout_back_when_the_other_one_is_withdrawn() {
    let world = World::new().await;
    let id = world.unwound().await;
    let (first, second) = (world.able.last().token, world.easy.last().token);
    let withdrawn = json!({ "state": "declined", "nonce": 9 });
    assert_eq!(push_at(&world.engine, "easy", &second, withdrawn).await.status, 200);
    let again = json!({ "state": "authorized", "nonce": 10 });
    assert_eq!(push_at(&world.engine, "able", &first, again).await.status, 200);
    let record = world.record(id).await;
    assert!(record.attempts.iter().all(|attempt| !attempt.state.is_committed()), "{record:?}");
    assert!(!world.shown(id).await.can_fulfill);
    // A person may still keep it.
    world.resolve(id, "paid_after_cancel", "approval_holds", None).await.unwrap();
    assert_eq!(world.record(id).await.attempts[0].state, AttemptState::Authorized);
}

#[tokio::test]
async fn where_the_financer_has_no_call_the_item_says_so_and_a_person_does_it() {
    let world = World::new().await;
    let id = world.late_beside("easy", "able").await;
    assert_eq!(world.offered(id, "late_approval").await, ["unwound", "approval_holds"]);
    let item = world.item(id, "late_approval").await.id;
    let shown = world.engine.attention_item(world.tenant, item).await.unwrap();
    assert_eq!(shown.unwind.unwrap().support, "none");
    let refused = world.resolve(id, "late_approval", "unwind", None).await.unwrap_err();
    assert_eq!(crate::world::word(&refused), "invalid");
    world.resolve(id, "late_approval", "unwound", None).await.unwrap();
    assert_eq!((world.open_items(id).await, world.able.commanded().len()), (vec![], 0));
}

#[tokio::test]
async fn nobody_else_is_started_while_a_late_approval_waits_for_a_person() {
    let world = World::new().await;
    let id = world.late_beside("easy", "able").await;
    let token = world.able.last().token;
    let withdrawn = json!({ "state": "declined", "nonce": 9 });
    assert_eq!(push_at(&world.engine, "able", &token, withdrawn).await.status, 200);
    let start = |key: &'static str| {
        let ticket = ticket("POST /attempts", key, "");
        world.engine.start_attempt(world.tenant, id, Some("strict".to_owned()), None, ticket)
    };
    assert_eq!(crate::world::word(&start("third").await.unwrap_err()), "wrong_state");
    assert_eq!(world.record(id).await.attempts.len(), 2);
    world.resolve(id, "late_approval", "unwound", None).await.unwrap();
    assert_eq!(start("fourth").await.unwrap().status, 201);
}

#[tokio::test]
async fn an_order_is_not_shipped_while_another_financers_call_has_no_known_outcome() {
    let world = World::new().await;
    let id = world.opened("key").await;
    let first = world.easy.last().token;
    world.push(json!({ "state": "declined" })).await;
    world.able.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
    let next = ticket("POST /attempts", "next", "");
    let _ = world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await;
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    assert_eq!(world.push_to(&first, json!({ "state": "authorized" })).await.status, 200);
    let shown = world.shown(id).await;
    assert_eq!((shown.status, shown.blockers), ("authorized", vec!["another_attempt_unsettled".to_owned()]));
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
    world.resolve(id, "unknown_outcome", "not_committed", None).await.unwrap();
    assert!(world.shown(id).await.can_fulfill);
    let ready = world.events(id).await.iter().filter(|kind| **kind == "checkout.ready_to_fulfill").count();
    assert_eq!(ready, 1, "told when it is so");
}

impl World {
    /// The same as [`World::late_beside`], with a profile that has late approvals undone.
    async fn late_by_policy(&self, first: &str, next: &str) -> CheckoutId {
        let policies = json!({ "after_decline": "automatic", "late_approval": "unwind" });
        put(self, json!({ "cascade": [first, next], "policies": policies })).await;
        let id = id_of(&open(self, unnamed(), "cart").await.unwrap());
        let token = |name: &str| match name {
            "able" => self.able.last().token,
            _ => self.easy.last().token,
        };
        let tell = async |name: &str, state: &str, nonce: u32| {
            let told = push_at(&self.engine, name, &token(name), json!({ "state": state, "nonce": nonce })).await;
            assert_eq!(told.status, 200);
        };
        tell(first, "declined", 1).await;
        self.engine.follow_due().await.unwrap();
        tell(next, "authorized", 2).await;
        tell(first, "authorized", 3).await;
        id
    }
}

#[tokio::test]
async fn a_profile_may_have_it_undone_without_a_person() {
    let world = World::new().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.answer_command(Ok(Claim::Nothing));
    let id = world.late_by_policy("able", "easy").await;
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    world.later(0).await;
    world.later(3_600).await;
    let items = world.timeline(id).await.attention;
    let late = items.into_iter().find(|item| item.kind.as_str() == "late_approval").unwrap();
    let settled = late.resolution.unwrap();
    assert_eq!((settled.choice.as_str(), settled.by), ("unwind", None));
    let page = PageAsk { limit: 10, after: None };
    let told = world.store.audit(Audited::Of(world.tenant), AuditFilter::default(), page).await.unwrap().rows;
    let told = told.iter().find(|entry| entry.action == AuditAction::AttentionResolved).unwrap();
    assert_eq!((told.actor, told.subject.as_str()), (Actor::Gateway, late.id.to_string().as_str()));
    assert!(world.events(id).await.contains(&"attention.resolved"));
    assert_eq!(world.open_items(id).await, ["paid_after_cancel"], "open until the financer says that it is done");
    assert_eq!(world.able.commanded(), ["cancel 1420.00 The order is financed by another financer."], "once");
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(30_000).await;
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    let shown = world.shown(id).await;
    assert_eq!(
        (shown.can_fulfill, shown.amounts.authorized.as_str(), shown.provider.as_deref()),
        (true, "1420.00", Some("easy"))
    );
}

#[tokio::test]
async fn where_the_financer_has_no_call_the_profile_leaves_it_to_a_person() {
    let world = World::new().await;
    let id = world.late_by_policy("easy", "able").await;
    world.later(0).await;
    world.later(3_600).await;
    assert_eq!((world.open_items(id).await, world.able.commanded().len()), (vec!["late_approval"], 0));
}
