//! The lender of one checkout: says its words in order, and says the next only when the gateway answered OK.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::merchant::text_at;
use crate::plot::Step;
use crate::shop::Patience;
use crate::story::{Financer, Story};
use crate::world::World;
use crate::{Fault, customer, goods};

const PAUSE: Duration = Duration::from_millis(60);

/// Plays the plot of a checkout that was accepted.
pub(crate) async fn play(world: &World, story: &Story, patience: &Patience) -> Result<(), Fault> {
    if story.financer == Financer::Sandbox {
        // It has decided by itself already.
        return Ok(());
    }
    let promise = world.book.of_story(story.number);
    let request = promise.and_then(|promise| promise.provider_reference).unwrap_or_default();
    for step in story.plot.steps() {
        if story.financer == Financer::Flexshopper {
            patience.lasts("what a customer's signature leads to", customer::act(world, story, &request, step)).await?;
            continue;
        }
        patience.lasts("OK to what the lender told", tell(world, story, &request, step)).await?;
        world.book.note(story.number, format!("the lender heard OK for {:?}", step.words), |promise| {
            promise.steps_heard += 1;
        });
    }
    if !story.goods.acts.is_empty() {
        patience.lasts("what becomes of the goods", goods::play(world, story, &request)).await?;
    }
    Ok(())
}

async fn tell(world: &World, story: &Story, request: &str, step: &Step) -> Result<(), Fault> {
    let mut decision = json!({ "sequence": step.words, "times": story.copies, "parallel": story.parallel });
    if let (Some(amount), Some(members)) = (step.amount, decision.as_object_mut()) {
        members.insert("amount".to_owned(), amount.into());
    }
    world.book.note(story.number, format!("the lender tells {:?}", step.words), |_| ());
    world.financer.decide(request, &decision).await?;
    while !world.financer.all_heard(request).await? {
        sleep(PAUSE).await;
    }
    let checkout = world.book.of_story(story.number).and_then(|promise| promise.checkout).unwrap_or_default();
    while let Some(status) = step.shows {
        let seen = world.merchant.get(&format!("/v1/checkouts/{checkout}")).await?;
        if text_at(&seen, "/status") == status {
            break;
        }
        sleep(PAUSE).await;
    }
    Ok(())
}
