//! What the financer cannot do is refused with the reason, without a call and without using up the key.

use lendport_core::{Ability, CheckoutId};
use lendport_engine::{CommandAsk, EngineError, RefundAsk};

use crate::world::{World, ticket};

async fn ask(world: &World, id: CheckoutId, what: &str) -> EngineError {
    let (engine, tenant) = (&world.engine, world.tenant);
    let line = world.record(id).await.checkout.cart.lines[0].id;
    let lines = vec![(line, 1)];
    let part = CommandAsk { lines: lines.clone(), ..CommandAsk::default() };
    let key = ticket("POST /command", "key", what);
    let refused = match what {
        "capture" => engine.capture(tenant, id, None, CommandAsk::default(), key).await.unwrap_err(),
        "capture lines" => engine.capture(tenant, id, None, part, key).await.unwrap_err(),
        "cancel" => engine.cancel(tenant, id, None, CommandAsk::default(), key).await.unwrap_err(),
        "cancel lines" => engine.cancel(tenant, id, None, part, key).await.unwrap_err(),
        "refund" => engine.refund(tenant, id, None, RefundAsk::default(), key).await.unwrap_err(),
        "refund lines" => {
            engine.refund(tenant, id, None, RefundAsk { lines, ..RefundAsk::default() }, key).await.unwrap_err()
        }
        _ => engine.refresh(tenant, id).await.unwrap_err(),
    };
    assert!(world.key("POST /command", "key").await.is_none(), "{what} used the key up");
    refused
}

#[tokio::test]
async fn each_is_a_typed_refusal() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let before = (world.record(id).await, world.timeline(id).await.operations.len());
    let absent = "the provider has no such operation";
    for (what, ability, note) in [
        ("capture", Ability::CaptureFull, absent),
        ("capture lines", Ability::CapturePartial, absent),
        ("cancel", Ability::CancelFull, absent),
        ("cancel lines", Ability::CancelPartial, absent),
        ("refund", Ability::RefundFull, "give it back in the back office"),
        ("refund lines", Ability::RefundPartial, absent),
        ("refresh", Ability::Retrieve, absent),
    ] {
        let EngineError::NotSupported { provider, ability: found, note: why } = ask(&world, id, what).await else {
            panic!("{what} is another error")
        };
        assert_eq!((provider.as_str(), found, why), ("easy", ability, note), "{what}");
    }
    assert_eq!((world.record(id).await, world.timeline(id).await.operations.len()), before);
}
