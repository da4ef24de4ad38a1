//! A person settles an item: what each choice does, what is refused, and what is kept of it.

use lendport_core::{
    Actor, AttemptState, AttentionDraft, AttentionId, AttentionKind, CheckoutId, Claim, Finalized, KeyId, Money,
    ProviderError, parse_decimal,
};
use lendport_engine::view::CheckoutView;
use lendport_engine::{Doer, EngineError, Expand, Reply, ResolveAsk};
use lendport_storage::AttentionItem;
use serde_json::json;

use crate::accepted_amounts::stopped;
use crate::fake::{created, stands};
use crate::world::{World, body, id_of, push_at, ticket, word};

pub(crate) const REASON: &str = "compared in the back office";

impl World {
    /// The open item of this kind.
    pub(crate) async fn item(&self, id: CheckoutId, kind: &str) -> AttentionItem {
        let open = |item: &AttentionItem| item.kind.as_str() == kind && item.resolution.is_none();
        let found: Vec<_> = self.timeline(id).await.attention.into_iter().filter(open).collect();
        let [only] = found.as_slice() else { panic!("{} open items of {kind}", found.len()) };
        only.clone()
    }

    /// The kinds of the items that are still open.
    pub(crate) async fn open_items(&self, id: CheckoutId) -> Vec<&'static str> {
        let items = self.timeline(id).await.attention;
        items.iter().filter(|item| item.resolution.is_none()).map(|item| item.kind.as_str()).collect()
    }

    pub(crate) fn key_of_a_person(&self) -> KeyId {
        "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap()
    }

    pub(crate) async fn resolve_with(
        &self,
        item: AttentionId,
        choice: &str,
        amount: Option<&str>,
        key: &str,
    ) -> Result<Reply, EngineError> {
        let asked = ResolveAsk {
            choice: choice.to_owned(),
            reason: REASON.to_owned(),
            amount: amount.map(|text| parse_decimal(text).unwrap()),
            lines: Vec::new(),
            by: Doer { actor: Actor::Key(self.key_of_a_person()), request: None },
        };
        let content = format!("{choice} {amount:?}");
        let ticket = ticket(&format!("POST /v1/attention/{item}/resolve"), key, &content);
        self.engine.resolve_attention(self.tenant, item, asked, ticket).await
    }

    /// Settles the open item of this kind.
    pub(crate) async fn resolve(
        &self,
        id: CheckoutId,
        kind: &str,
        choice: &str,
        amount: Option<&str>,
    ) -> Result<Reply, EngineError> {
        let item = self.item(id, kind).await.id;
        self.resolve_with(item, choice, amount, &format!("{kind} {choice}")).await
    }

    pub(crate) async fn shown(&self, id: CheckoutId) -> CheckoutView {
        self.engine.read_checkout(self.tenant, id, Expand::default()).await.unwrap()
    }
}

fn silence() -> ProviderError {
    ProviderError::new(lendport_core::ErrorKind::NoAnswer, "silence")
}

/// A checkout whose create was not answered.
async fn unknown(world: &World) -> CheckoutId {
    world.strict.fail_create(silence());
    let reply = world.open_at("strict", "key").await.unwrap();
    assert_eq!(reply.status, 502);
    world.only().await
}

/// A checkout that is approved, for a sum that was never named or for another one than was asked for.
pub(crate) async fn approved_for(world: &World, amount: Option<&'static str>) -> CheckoutId {
    world.easy.answer_create(move |asked| async move {
        let amount_echoed = amount.map(|text| Money::parse(text, lendport_core::Currency::USD).unwrap());
        Ok(lendport_core::Created { amount_echoed, mismatch_stops: false, ..created(&asked) })
    });
    world.authorized("key").await
}

async fn withdrawn(world: &World) -> CheckoutId {
    let id = world.authorized("key").await;
    world.push(json!({ "state": "declined" })).await;
    id
}

/// Declined at `easy`, committed at `able`, and then approved by `easy` after all.
async fn approved_twice(world: &World) -> CheckoutId {
    let id = world.opened("key").await;
    let first = world.easy.last().token;
    world.push(json!({ "state": "declined" })).await;
    let next = ticket(&format!("POST /v1/checkouts/{id}/attempts"), "next", "able");
    world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await.unwrap();
    let second = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &second, json!({ "state": "authorized" })).await.status, 200);
    assert_eq!(world.push_to(&first, json!({ "state": "authorized" })).await.status, 200);
    id
}

/// Where the attempts stand and what keeps the order back, in one line.
pub(crate) async fn standing(world: &World, id: CheckoutId) -> String {
    let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state.as_str()).collect();
    let view = world.shown(id).await;
    let ready = world.events(id).await.iter().filter(|kind| **kind == "checkout.ready_to_fulfill").count();
    format!("{}; {}; ready {ready}", states.join(" "), view.blockers.join(" "))
}

/// `what happened | kind | choice | amount | where it stands then`.
const CHOICES: &str = "
    unknown              | unknown_outcome           | committed       | 1420.00 | authorized; ; ready 1
    unknown              | unknown_outcome           | committed       | 1400.00 | authorized; amount_mismatch; ready 0
    unknown              | unknown_outcome           | not_committed   | -       | failed; failed; ready 0
    approved for nothing | amount_unverified         | accept_amount   | -       | authorized; ; ready 1
    approved for nothing | amount_unverified         | accept_other_amount | 1400.00 | authorized; ; ready 1
    approved for nothing | amount_unverified         | reject_amount   | -       | canceled; canceled; ready 0
    approved for less    | amount_mismatch           | accept_amount   | -       | authorized; ; ready 1
    approved for less    | amount_mismatch           | reject_amount   | -       | canceled; canceled; ready 0
    stopped              | amount_mismatch           | acknowledge     | -       | failed; failed; ready 0
    approved twice       | late_approval             | unwound         | -       | declined authorized; ; ready 1
    withdrawn            | withdrawn_approval        | acknowledge     | -       | canceled; canceled; ready 1
    withdrawn            | withdrawn_approval        | approval_holds  | -       | authorized; ; ready 1
    withdrawn, approved  | approval_after_withdrawal | approval_holds  | -       | authorized; ; ready 1
    withdrawn, approved  | approval_after_withdrawal | withdrawal_holds | -      | canceled; canceled; ready 1
    unknown word         | unknown_status            | acknowledge     | -       | awaiting_customer; awaiting_customer; ready 0
    contradiction        | contradicting_evidence    | acknowledge     | -       | captured; ; ready 1";

async fn told(world: &World, story: &str) -> CheckoutId {
    match story {
        "unknown" => unknown(world).await,
        "approved for nothing" => approved_for(world, None).await,
        "approved for less" => approved_for(world, Some("1400.00")).await,
        "stopped" => stopped(world).await,
        "approved twice" => approved_twice(world).await,
        "withdrawn" => withdrawn(world).await,
        "withdrawn, approved" => {
            let id = withdrawn(world).await;
            world.push(json!({ "state": "authorized", "again": true })).await;
            id
        }
        "unknown word" => {
            let id = world.opened("key").await;
            world.push(json!({ "state": "frozen" })).await;
            id
        }
        "contradiction" => {
            let id = world.authorized("key").await;
            world.push(json!({ "state": "captured" })).await;
            world.push(json!({ "state": "declined" })).await;
            id
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_each_choice_does() {
    for row in CHOICES.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [story, kind, choice, amount, expected] = cells.as_slice() else { panic!("{row}") };
        let world = World::new().await;
        let id = told(&world, story).await;
        let amount = Some(*amount).filter(|amount| *amount != "-");
        let reply = world.resolve(id, kind, choice, amount).await.unwrap();
        assert_eq!(reply.status, 200, "{row}: {}", reply.body);
        assert_eq!(standing(&world, id).await, *expected, "{row}");
        assert!(world.timeline(id).await.attention.iter().any(|item| item.kind.as_str() == *kind), "{row}");
        let resolved = world.events(id).await.into_iter().filter(|event| *event == "attention.resolved").count();
        let settled = world.timeline(id).await.attention.iter().filter(|item| item.resolution.is_some()).count();
        assert_eq!(resolved, settled, "{row}: one event for each");
    }
}

#[tokio::test]
async fn the_resolution_is_told_before_what_follows_in_one_change() {
    let world = World::new().await;
    let id = approved_for(&world, None).await;
    world.resolve(id, "amount_unverified", "accept_amount", None).await.unwrap();
    assert!(world.events(id).await.ends_with(&["attention.resolved", "checkout.ready_to_fulfill"]));
    let timeline = world.timeline(id).await;
    let [.., resolved, ready] = timeline.events.as_slice() else { panic!() };
    assert_eq!((resolved.sequence + 1, resolved.created_at), (ready.sequence, ready.created_at));
    let fact = &timeline.observations.last().unwrap().0.observation;
    assert_eq!((fact.grade.as_str(), fact.source.as_str()), ("operator", "operator"));
    // Whatever is pushed afterwards, it is told once.
    world.push(json!({ "state": "captured" })).await;
    assert_eq!(standing(&world, id).await, "captured; ; ready 1");
}

#[tokio::test]
async fn who_decided_what_and_why_is_kept() {
    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    let item = world.item(id, "amount_mismatch").await;
    assert_eq!(item.deadline.unwrap().duration_since(item.opened_at), jiff::SignedDuration::from_hours(24));
    let shown = world.engine.attention_item(world.tenant, item.id).await.unwrap();
    assert_eq!((shown.state, shown.choices.len()), ("open", 3));
    let reply = world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    let shown = body(&reply);
    assert_eq!(shown["resolution"]["by"], json!(world.key_of_a_person().to_string()));
    assert_eq!((&shown["state"], &shown["choices"]), (&json!("resolved"), &json!([])));
    let kept = world.store.attention_item(world.tenant, item.id).await.unwrap().unwrap().resolution.unwrap();
    assert_eq!((kept.choice.as_str(), kept.reason.as_str()), ("accept_amount", REASON));
    assert_eq!(kept.by, Some(world.key_of_a_person()));
}

#[tokio::test]
async fn one_key_settles_once_and_replays_and_another_hears_that_it_is_settled() {
    let world = World::new().await;
    let id = approved_for(&world, None).await;
    let item = world.item(id, "amount_unverified").await.id;
    let settle = || world.resolve_with(item, "accept_amount", None, "one");
    let (one, two, three) = tokio::join!(settle(), settle(), settle());
    let replies = [one, two, three].map(Result::unwrap);
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1);
    let other = world.resolve_with(item, "accept_amount", None, "another").await.unwrap_err();
    assert_eq!(word(&other), "already_settled");
    let reused = world.resolve_with(item, "reject_amount", None, "one").await.unwrap_err();
    assert_eq!(word(&reused), "key_reused");
    assert_eq!(standing(&world, id).await, "authorized; ; ready 1");
}

#[tokio::test]
async fn what_is_wrong_with_a_resolution_is_said_and_nothing_is_stored() {
    let world = World::new().await;
    let id = unknown(&world).await;
    let item = world.item(id, "unknown_outcome").await.id;
    let before = world.timeline(id).await.events.len();
    let long = "x".repeat(1_001);
    for (choice, reason, amount, wrong) in [
        ("acknowledge", REASON, None, vec!["/choice not_offered"]),
        ("Committed", " ", None, vec!["/choice not_offered", "/reason missing"]),
        ("not_committed", long.as_str(), None, vec!["/reason too_long"]),
        ("committed", REASON, None, vec!["/amount missing"]),
        ("not_committed", REASON, Some("1"), vec!["/amount unexpected"]),
        ("committed", REASON, Some("0"), vec!["/amount out_of_range"]),
        ("committed", REASON, Some("1.005"), vec!["/amount too_many_digits"]),
    ] {
        let amount = amount.map(|text| parse_decimal(text).unwrap());
        let (choice, reason, by) = (choice.to_owned(), reason.to_owned(), Doer::COMMAND_LINE);
        let asked = ResolveAsk { choice: choice.clone(), reason, amount, lines: Vec::new(), by };
        let ticket = ticket("POST /resolve", &format!("{choice} {amount:?}"), "");
        let refused = world.engine.resolve_attention(world.tenant, item, asked, ticket).await.unwrap_err();
        let EngineError::Invalid(invalid) = refused else { panic!("{choice}: {refused:?}") };
        let said: Vec<_> = invalid.0.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect();
        assert_eq!(said, wrong);
    }
    assert_eq!(world.timeline(id).await.events.len(), before);
    assert_eq!(world.open_items(id).await, ["unknown_outcome"]);
    let nobody = "atn_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
    assert_eq!(word(&world.resolve_with(nobody, "acknowledge", None, "k").await.unwrap_err()), "not_found");
}

#[tokio::test]
async fn a_person_cannot_take_an_approval_through_a_held_fence() {
    let world = World::new().await;
    let id = approved_twice(&world).await;
    let refused = world.resolve(id, "late_approval", "approval_holds", None).await.unwrap_err();
    assert_eq!(word(&refused), "commit_fence");
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    assert_eq!(standing(&world, id).await, "declined authorized; ; ready 1");
    // Once the other commitment is gone, it can be the one that holds.
    let second = world.able.last().token;
    push_at(&world.engine, "able", &second, json!({ "state": "declined" })).await;
    world.resolve_with(world.item(id, "late_approval").await.id, "approval_holds", None, "now").await.unwrap();
    assert_eq!(standing(&world, id).await, "authorized canceled; ; ready 1");
}

#[tokio::test]
async fn what_was_captured_is_not_canceled_by_a_choice() {
    let world = World::new().await;
    let id = approved_for(&world, None).await;
    world.push(json!({ "state": "captured" })).await;
    let refused = world.resolve(id, "amount_unverified", "reject_amount", None).await.unwrap_err();
    assert_eq!(word(&refused), "wrong_state");
    assert_eq!(
        (world.state(id).await, world.open_items(id).await),
        (AttemptState::Captured, vec!["amount_unverified"])
    );
}

#[tokio::test]
async fn what_a_person_confirmed_ends_with_the_next_withdrawal() {
    let world = World::new().await;
    let id = told(&world, "withdrawn, approved").await;
    world.resolve(id, "approval_after_withdrawal", "approval_holds", None).await.unwrap();
    world.push(json!({ "state": "declined", "second": true })).await;
    world.push(json!({ "state": "authorized", "third": true })).await;
    assert_eq!(world.shown(id).await.blockers, ["approval_after_withdrawal"]);
    assert_eq!(world.open_items(id).await, ["approval_after_withdrawal"]);
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let world = World::new().await;
    let id = told(&world, "withdrawn, approved").await;
    let list = async |open: Option<bool>, limit| {
        let filter = lendport_storage::AttentionFilter { open, checkout: Some(id), kind: None };
        let ask = lendport_storage::PageAsk { limit, after: None };
        let page = world.engine.attention(world.tenant, &filter, ask).await.unwrap();
        (page.rows.iter().map(|item| item.kind).collect::<Vec<_>>(), page.has_more)
    };
    assert_eq!(list(Some(true), 10).await, (vec!["approval_after_withdrawal"], false));
    assert_eq!(list(Some(false), 10).await, (vec!["withdrawn_approval"], false));
    assert_eq!(list(None, 1).await, (vec!["approval_after_withdrawal"], true));
}

#[tokio::test]
async fn a_signature_that_cannot_be_compared_ends_by_a_persons_word() {
    let world = World::new().await;
    let retrieved = stands(Claim::Nothing);
    let asks = AttentionDraft::new(AttentionKind::AgreementMismatch, "the sum is not said");
    world.able.answer_finalize(Ok(Finalized { retrieved, attention: Some(asks) }));
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    let signed = json!({ "state": "awaiting_merchant" });
    assert_eq!(push_at(&world.engine, "able", &world.able.last().token, signed).await.status, 200);
    world.later(10).await;
    assert_eq!(world.open_items(id).await, ["agreement_mismatch"]);
    // It was canceled in the financer's back office, where it goes on being called signed.
    world.resolve(id, "agreement_mismatch", "withdrawal_holds", None).await.unwrap();
    for _ in 0..3 {
        world.later(3_600).await;
    }
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Canceled, vec![]));
    assert_eq!(world.able.commanded(), ["finalize 1420.00"], "not confirmed after that");
}
