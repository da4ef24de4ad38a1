//! What WePay tells by itself: to slow down, and to look.

use std::time::Duration;

use lendport_core::{
    Attempt, CallLog, Claim, CommitClass, FinancingProvider as _, NoticeContext, Push, Secret, Verification,
};
use lendport_testkit::clock::START;
use lendport_testkit::samples;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn slow_down_is_heard_by_all() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.create().await;
    world.fault(json!({ "on": "lookup", "kind": "error", "error_code": 1007, "retry_after": 17, "times": 1 })).await;
    let calls = CallLog::new();
    let error = world.provider.retrieve(world.context(&calls), &world.attempt).await.unwrap_err();
    assert_eq!((error.provider_code.as_deref(), error.retry_after_s), (Some("1007"), Some(17)));
    // The time begins with the answer, and the other operation with the first one: what the call took comes on top.
    let took_ms: u64 = calls.records().iter().map(|call| call.duration_ms).sum();
    let left = u32::try_from((17_000 + took_ms).div_ceil(1_000)).unwrap();
    let error = world.capture().await.unwrap_err();
    assert_eq!((error.commit, error.retry_after_s), (CommitClass::NotSent, Some(left)));
    let mut later = world.context(&calls);
    later.now = START + Duration::from_secs(17);
    assert!(world.provider.retrieve(later, &world.attempt).await.is_ok());
}

#[tokio::test]
async fn an_account_is_verified_without_starting_anything() {
    let mut world = World::start("2015-11-18", 60_000).await;
    let calls = CallLog::new();
    assert_eq!(world.provider.verify_account(world.context(&calls)).await, Ok(Verification::Works));
    for (field, value) in [("access_token", "STAGE_other"), ("account_id", "77")] {
        let known =
            [("account_id", "1548718026"), ("access_token", "STAGE_t"), ("api_version", "2015-11-18"), (field, value)];
        world.account = samples::account(&known);
        assert!(world.provider.verify_account(world.context(&calls)).await.is_err(), "{field}");
    }
    assert!(calls.records().iter().all(|call| call.target.ends_with("/checkout/find")));
}

#[tokio::test]
async fn notices_say_look_and_go_where_they_were_sent_to_last() {
    let mut world = World::start("2015-11-18", 60_000).await;
    let unnamed = world.attempt.clone();
    world.create().await;
    world.decide("pay").await;
    let wait = Duration::from_secs(60);
    let (headers, body) = tokio::time::timeout(wait, world.notices.recv()).await.unwrap().unwrap();
    let push = Push { method: "POST", headers: &headers, query: "", body: &body, received_at: START };
    let notice = |attempt: &Attempt| {
        world.provider.read_notification(NoticeContext { account: &world.account, attempt }, &push).unwrap()
    };
    assert_eq!((notice(&world.attempt).claim, notice(&world.attempt).fetch), (Claim::Nothing, true));
    // Before the answer to create is stored, our own reference vouches for the number.
    assert_eq!(notice(&unnamed).reference, world.attempt.reference);

    let there = Secret::new(world.callback_url.expose().replace("/here", "/here?again=1"));
    let calls = CallLog::new();
    world.provider.amend_callback(world.context(&calls), &world.attempt, &there).await.unwrap();
    let id = world.attempt.reference.as_ref().unwrap().0.clone();
    let shown = world.control(&format!("requests/{id}"), None).await;
    assert_eq!(shown["callback_uri"].as_str(), Some(there.expose().as_str()));
}
