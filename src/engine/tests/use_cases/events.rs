//! What merchants are told: numbered without gaps, as it was then, nobody's name in it, and ready to ship only once.

use std::sync::Arc;

use lendport_core::{AttemptState, CheckoutId};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::world::World;

/// Everything that says who the shopper of the sample is. The postal code is quoted: its bare digits stand in ids, too.
const PERSONAL: [&str; 8] =
    ["John", "Doe", "john@example.com", "2222222222", "West End", "Long Branch", "\"07740", "first_name"];

/// Judges the history of one checkout; says how often it was told to be ready.
async fn judge(world: &World, id: CheckoutId) -> usize {
    let record = world.record(id).await;
    let events = world.timeline(id).await.events;
    let numbers: Vec<_> = events.iter().map(|event| event.sequence).collect();
    let expected: Vec<_> = (1..=record.checkout.sequence).collect();
    assert_eq!(numbers, expected, "from one, without gaps, up to the checkout's own");
    for event in &events {
        let snapshot: Value = serde_json::from_str(&event.snapshot).unwrap();
        assert_eq!(snapshot["sequence"], event.sequence);
        assert_eq!(snapshot["id"], id.to_string());
        for word in PERSONAL {
            assert!(!event.snapshot.contains(word), "{word} is in {}", event.snapshot);
        }
        let token = world.easy.last().token;
        assert!(!event.snapshot.contains(&token), "the callback address is in a snapshot");
        if event.kind.as_str() == "checkout.ready_to_fulfill" {
            assert_eq!((&snapshot["can_fulfill"], &snapshot["blockers"]), (&true.into(), &json!([])));
        }
    }
    let last: Value = serde_json::from_str(&events.last().unwrap().snapshot).unwrap();
    assert_eq!(last["status"], record.status().as_str(), "the last event shows what is");
    events.iter().filter(|event| event.kind.as_str() == "checkout.ready_to_fulfill").count()
}

#[tokio::test]
async fn a_whole_story_is_numbered_and_holds_no_personal_data() {
    let world = World::new().await;
    let id = world.opened("key").await;
    for push in [
        json!({ "state": "preapproved" }),
        json!({ "state": "authorized" }),
        json!({ "refund": "20.00" }),
        json!({ "refund": "20.00" }),
        json!({ "state": "declined" }),
        json!({ "state": "authorized", "again": true }),
    ] {
        world.push(push).await;
    }
    assert_eq!(judge(&world, id).await, 1);
    assert_eq!(
        world.events(id).await,
        [
            "checkout.created",
            "attempt.created",
            "attempt.preapproved",
            "checkout.ready_to_fulfill",
            "checkout.refunded",
            "attention.opened",
            "checkout.canceled",
            "attention.opened",
            "attempt.late_approval",
            // The withdrawal is answered, and what holds is asked anew.
            "attention.resolved",
            "attention.opened",
        ]
    );
}

fn pushes() -> impl Strategy<Value = Vec<Value>> {
    let state = proptest::sample::select(AttemptState::ALL.to_vec());
    let push = prop_oneof![
        4 => (state, 0..2).prop_map(|(state, copy)| json!({ "state": state.as_str(), "copy": copy })),
        3 => (0..3).prop_map(|copy| json!({ "state": "authorized", "copy": copy })),
        2 => (1_u32..2_000, any::<bool>()).prop_map(|(dollars, marked)| {
            let mark = marked.then(|| dollars.to_string());
            json!({ "refund": format!("{dollars}.00"), "refund_id": mark })
        }),
        1 => Just(json!({ "state": "a word of next year" })),
        1 => Just(json!({})),
    ];
    proptest::collection::vec(push, 0..12)
}

#[test]
fn ready_to_fulfill_is_told_once_whatever_is_pushed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = Arc::new(runtime.block_on(World::new()));
    let given = ProptestConfig::default();
    let library_default = 256;
    let cases = if given.cases == library_default { 300 } else { given.cases };
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..given });
    let count = std::cell::Cell::new(0);
    let judged = runner.run(&pushes(), |story| {
        count.set(count.get() + 1);
        runtime.block_on(async {
            let id = world.opened(&format!("key {}", count.get())).await;
            let mut was_ready = false;
            for push in &story {
                world.push(push.clone()).await;
                let now = lendport_core::Clock::now(&world.clock);
                was_ready |= lendport_core::readiness::blockers(&world.record(id).await, now).is_empty();
            }
            assert_eq!(judge(&world, id).await, usize::from(was_ready), "{story:?}");
        });
        Ok(())
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
}
