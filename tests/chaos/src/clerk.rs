//! The shop's back office: where nobody knows for long whether a create came through, it has the provider asked, and says
//! that there is nothing once the provider's own list shows nothing. The gateway sends an interrupted create again by
//! itself, so that this is left for what was interrupted more often than it goes out.

use serde_json::json;
use tokio::time::{Duration, sleep};

use crate::Fault;
use crate::merchant::{rows_at, text_at};
use crate::world::World;

/// Says what became of a confirmation that the gateway has not settled for long, as FlexShopper's own portal shows it, and that the sum
/// there is right.
pub(crate) async fn rule(world: &World, story: u64, id: &str, confirmed: bool) -> Result<(), Fault> {
    let effect = if confirmed { "took_effect" } else { "no_effect" };
    settle(world, story, id, "unknown_command", effect).await?;
    settle(world, story, id, "amount_unverified", "accept_amount").await.map(drop)
}

/// Settles every open item of a kind in this way; how many there were.
async fn settle(world: &World, story: u64, id: &str, kind: &str, choice: &str) -> Result<usize, Fault> {
    let items = world.merchant.get(&format!("/v1/attention?checkout={id}&kind={kind}&state=open")).await?;
    let said = json!({ "choice": choice, "reason": "the provider's own portal shows it" });
    let mut open = 0;
    for item in rows_at(&items, "/data") {
        let item = text_at(item, "/id");
        let answer =
            world.merchant.post(&format!("/v1/attention/{item}/resolve"), &format!("clerk-{item}"), &said).await;
        let status = answer.map_or_else(|fault| fault.to_string(), |answer| answer.status().to_string());
        world.book.note(story, format!("the clerk says {choice}: {status}"), |_| ());
        world.book.count(&format!("clerk: said {choice}"));
        open += 1;
    }
    Ok(open)
}

/// Says that the sum is right until nobody asks for it any more.
pub(crate) async fn accept(world: &World, story: u64, id: &str) -> Result<(), Fault> {
    while settle(world, story, id, "amount_unverified", "accept_amount").await? > 0 {
        sleep(ON_ITS_WAY).await;
    }
    Ok(())
}

/// Longer than a call of a gateway that was killed is on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Looks after a checkout whose create nobody answered. What cannot be said yet is left for the next time.
pub(crate) async fn look_after(world: &World, story: u64, id: &str) -> Result<(), Fault> {
    sleep(ON_ITS_WAY).await;
    // Whatever this answers is seen below.
    let _ = world.merchant.post(&format!("/v1/checkouts/{id}/refresh"), &format!("refresh-{id}"), &json!({})).await;
    let checkout = world.merchant.get(&format!("/v1/checkouts/{id}?expand=attempts")).await?;
    let items = world.merchant.get(&format!("/v1/attention?checkout={id}&kind=unknown_outcome&state=open")).await?;
    let taken_in = world.financer.requests().await?;
    for item in rows_at(&items, "/data") {
        let attempt = text_at(item, "/attempt");
        let place = rows_at(&checkout, "/attempts").position(|known| text_at(known, "/id") == attempt);
        let unknown = rows_at(&checkout, "/attempts")
            .any(|known| text_at(known, "/id") == attempt && text_at(known, "/status") == "indeterminate");
        let Some(reference) = place.filter(|_| unknown).map(|place| format!("{id}-{}", place + 1)) else { continue };
        if taken_in.iter().any(|(ours, _)| *ours == reference) {
            continue;
        }
        let said = json!({ "choice": "not_committed", "reason": "the provider's own list has nothing" });
        let item = text_at(item, "/id");
        let answer =
            world.merchant.post(&format!("/v1/attention/{item}/resolve"), &format!("clerk-{item}"), &said).await;
        let status = answer.map_or_else(|fault| fault.to_string(), |answer| answer.status().to_string());
        world.book.note(story, format!("the clerk finds nothing of {reference} and says so: {status}"), |_| ());
        world.book.count("clerk: said that there is nothing");
    }
    Ok(())
}
