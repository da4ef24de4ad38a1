//! The customer of a lease: applies and signs in FlexShopper's window, and lets the page know, or not. FlexShopper tells
//! nobody; the gateway has to ask, and to confirm what was signed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Fault;
use crate::clerk;
use crate::merchant::text_at;
use crate::plot::Step;
use crate::story::Story;
use crate::world::World;

const PAUSE: Duration = Duration::from_millis(250);
/// What the gateway has for itself before somebody rules: it asks three times more within that.
const GATEWAY_S_OWN: Duration = Duration::from_secs(200);

/// Does what the step says, and waits until the checkout shows what has to come of it.
pub(crate) async fn act(world: &World, story: &Story, request: &str, step: &Step) -> Result<(), Fault> {
    let checkout = world.book.of_story(story.number).and_then(|promise| promise.checkout).unwrap_or_default();
    for word in step.words {
        let told = world.merchant.get(&format!("/v1/checkouts/{checkout}/plugin")).await?;
        let mut order = told.get("order").cloned().unwrap_or_default();
        if let Some(cost) = order.pointer_mut("/items/0/cost").filter(|_| *word == "sign_other") {
            *cost = json!(900);
        }
        let (until, due) = if *word == "apply" { ("applied", "contract") } else { ("signed", "signed") };
        let shown = world.financer.customer(&order, &story.email(), until).await?;
        if text_at(&shown, "/stage") != due {
            return Err(format!("the customer wanted to {word} and saw {shown}").into());
        }
        world.book.note(story.number, format!("the customer does {word:?}"), |_| ());
        if *word != "sign_unheard" {
            hint(world, &checkout).await?;
        }
    }
    let (began, mut ruled) = (Instant::now(), false);
    while let Some(status) = step.shows {
        let seen = world.merchant.get(&format!("/v1/checkouts/{checkout}")).await?;
        if text_at(&seen, "/status") == status {
            break;
        }
        if began.elapsed() > GATEWAY_S_OWN {
            let confirmed = world.financer.request(request).await?.get("finalized") == Some(&Value::Bool(true));
            clerk::rule(world, story.number, &checkout, confirmed).await?;
            ruled = true;
        }
        sleep(PAUSE).await;
    }
    if ruled {
        // Whoever says that it took effect is asked for how much.
        clerk::accept(world, story.number, &checkout).await?;
    }
    Ok(())
}

/// The page says that the customer is back, until it is heard.
async fn hint(world: &World, checkout: &str) -> Result<(), Fault> {
    let seen = world.merchant.get(&format!("/v1/checkouts/{checkout}")).await?;
    let path = format!("/c/{}/came_back", text_at(&seen, "/client_token"));
    loop {
        let heard = world.merchant.post(&path, "", &json!({ "outcome": "complete" })).await;
        if heard.is_ok_and(|answer| answer.status() == 202) {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}
