//! Checkouts that a routing profile sends to the made-up provider first. It says no, and WeGetFinancing follows by itself, whoever
//! is killed between the end of the one and the start of the other. The merchant asks only for what no policy may do: once more
//! after an outcome that nobody knows, or a failure of the last financer.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::Fault;
use crate::clerk;
use crate::merchant::{rows_at, text_at};
use crate::story::Story;
use crate::world::World;

const TRIES: u32 = 2_000;
const PAUSE: Duration = Duration::from_millis(60);
/// What the gateway has for itself before a person looks: many times what an interrupted call is on its way.
const GATEWAY_S_OWN: Duration = Duration::from_secs(20);
const NEXT: &str = "wegetfinancing";

/// Has the made-up provider asked first, and WeGetFinancing after any end of that.
pub(crate) async fn route(world: &World) -> Result<(), Fault> {
    let policies = json!({ "after_decline": "automatic", "after_expiry": "automatic", "after_failure": "automatic" });
    let profile = json!({ "cascade": ["sandbox", NEXT], "policies": policies });
    let mut last = String::new();
    for _ in 0..TRIES {
        match world.merchant.put("/v1/routing", "\"0\"", &profile).await {
            // Put by an earlier try whose answer was lost.
            Ok(answer) if answer.status() < 300 || answer.status() == 412 => return Ok(()),
            Ok(answer) => last = format!("{} {}", answer.status(), answer.json()),
            Err(fault) => last = fault.to_string(),
        }
        sleep(PAUSE).await;
    }
    Err(format!("no profile could be put: {last}").into())
}

/// Waits until the customer is to go on at WeGetFinancing, and writes down how the request is called there.
pub(crate) async fn wait(world: &World, story: &Story) -> Result<(), Fault> {
    let promise = world.book.of_story(story.number).and_then(|promise| promise.checkout);
    let id = promise.unwrap_or_default();
    let began = Instant::now();
    let mut asked = false;
    loop {
        let seen = world.merchant.get(&format!("/v1/checkouts/{id}?expand=attempts")).await?;
        let attempts: Vec<&Value> = rows_at(&seen, "/attempts").collect();
        let Some(latest) = attempts.last() else { return Err(format!("{id} has no attempt").into()) };
        let (at, status) = (text_at(latest, "/provider"), text_at(latest, "/status"));
        if at == NEXT && status == "awaiting_customer" {
            let reference = text_at(latest, "/provider_reference").to_owned();
            world.book.count(if asked { "followed, asked for again" } else { "followed by itself" });
            world.book.note(story.number, format!("{NEXT} follows, {reference}"), |promise| {
                promise.provider_reference = Some(reference);
            });
            return Ok(());
        }
        let is_skipped = rows_at(&seen, "/route/skipped").any(|one| text_at(one, "/provider") == NEXT);
        let over = at == NEXT && ["indeterminate", "failed"].contains(&status);
        if over || is_skipped && text_at(&seen, "/status") == "declined" {
            let key = format!("{}-again-{}", story.reference(), attempts.len());
            // Whatever this answers is seen above.
            let path = format!("/v1/checkouts/{id}/attempts");
            let _ = world.merchant.post(&path, &key, &json!({ "provider": NEXT })).await;
            asked = true;
        }
        let unknown =
            attempts.iter().any(|one| text_at(one, "/status") == "indeterminate" && text_at(one, "/provider") != NEXT);
        if unknown && began.elapsed() > GATEWAY_S_OWN {
            // The made-up provider refuses these carts, whatever it was asked.
            clerk::nothing_came_of_it(world, story.number, &id).await?;
        }
        sleep(PAUSE).await;
    }
}
