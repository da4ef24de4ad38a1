//! The shop's back office: where nobody knows for long whether a create came through, it has the provider asked, and says
//! that there is nothing once the provider's own list shows nothing. The gateway sends an interrupted create again by
//! itself, so that this is left for what was interrupted more often than it goes out.

use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::Fault;
use crate::goods::Act;
use crate::merchant::{rows_at, text_at};
use crate::world::World;

/// Says what became of a confirmation that the gateway has not settled for long, as FlexShopper's own portal shows it, and that the sum
/// there is right.
pub(crate) async fn rule(world: &World, story: u64, id: &str, confirmed: bool) -> Result<(), Fault> {
    let effect = if confirmed { "took_effect" } else { "no_effect" };
    settle(world, story, id, "unknown_command", effect).await?;
    settle(world, story, id, "amount_unverified", "accept_amount").await.map(drop)
}

/// Says what became of a command about goods whose outcome nobody knows: compares FlexShopper's portal with the books, and
/// names the units where only some show.
pub(crate) async fn settle_goods(
    world: &World,
    story: u64,
    id: &str,
    request: &str,
    lines: &[String],
    act: Act,
) -> Result<(), Fault> {
    let (there, ours) = match act {
        Act::Ship(_) => ("left", "shipped"),
        Act::Cancel(_) | Act::CancelAll => ("canceled", "canceled"),
        Act::Return(_) => ("returned", "returned"),
    };
    let (portal, checkout) =
        (world.financer.request(request).await?, world.merchant.get(&format!("/v1/checkouts/{id}")).await?);
    let count = |rows: &Value, at: &str, name: &str| -> Vec<u64> {
        rows_at(rows, at).map(|row| row.get(name).and_then(Value::as_u64).unwrap_or(0)).collect()
    };
    let shown = count(&portal, "/lines", there);
    let booked = count(&checkout, "/items", ours);
    let done: Vec<u64> = shown.iter().zip(&booked).map(|(shown, booked)| shown.saturating_sub(*booked)).collect();
    let choice = if done.iter().all(|units| *units == 0) { "no_effect" } else { "took_effect" };
    let named: Vec<Value> = lines
        .iter()
        .zip(&done)
        .filter(|(_, units)| **units > 0)
        .map(|(line, units)| json!({ "line_id": line, "quantity": units }))
        .collect();
    let mut said = json!({ "choice": choice, "reason": WHY });
    // A parcel is taken in as a whole, and a lease is canceled so.
    let by_line = matches!(act, Act::Cancel(_) | Act::Return(_)) && choice == "took_effect";
    if let (true, Some(members)) = (by_line, said.as_object_mut()) {
        members.insert("lines".to_owned(), named.into());
    }
    say(world, story, id, "unknown_command", &said).await.map(drop)
}

const WHY: &str = "the provider's own portal shows it";

/// Settles every open item of a kind in this way; how many there were.
async fn settle(world: &World, story: u64, id: &str, kind: &str, choice: &str) -> Result<usize, Fault> {
    say(world, story, id, kind, &json!({ "choice": choice, "reason": WHY })).await
}

async fn say(world: &World, story: u64, id: &str, kind: &str, said: &Value) -> Result<usize, Fault> {
    let items = world.merchant.get(&format!("/v1/attention?checkout={id}&kind={kind}&state=open")).await?;
    let choice = text_at(said, "/choice");
    let mut open = 0;
    for item in rows_at(&items, "/data") {
        let item = text_at(item, "/id");
        let answer =
            world.merchant.post(&format!("/v1/attention/{item}/resolve"), &format!("clerk-{item}"), said).await;
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

/// Says of a create whose outcome nobody knows that nothing came of it.
pub(crate) async fn nothing_came_of_it(world: &World, story: u64, id: &str) -> Result<(), Fault> {
    settle(world, story, id, "unknown_outcome", "not_committed").await.map(drop)
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
