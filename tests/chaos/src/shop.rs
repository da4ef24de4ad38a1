//! Shoppers: each opens one checkout after the other and repeats with the same key until it hears something definite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::lender;
use crate::merchant::text_at;
use crate::story::Story;
use crate::wire::Message;
use crate::world::World;

/// How long a shopper goes on asking after the killing ended.
const PATIENCE: Duration = Duration::from_secs(420);
const PAUSE: Duration = Duration::from_millis(40);

/// Opens checkouts until `closing`, and sees the one under way to its end.
pub(crate) async fn shopper(world: Arc<World>, next: Arc<AtomicU64>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        let story = Story::draw(world.plan.seed, next.fetch_add(1, Ordering::Relaxed));
        world.book.begin(&story);
        let patience = Patience::new(closing.clone());
        let lived = async {
            open(&world, &story, &patience).await?;
            sleep(Duration::from_millis(story.pause_ms)).await;
            lender::play(&world, &story, &patience).await
        };
        match lived.await {
            Ok(()) => world.book.note(story.number, "over", |promise| promise.over = true),
            Err(fault) => world.book.wrong(story.number, fault.to_string()),
        }
    }
}

/// Lasts as long as the killing goes on, and a while longer.
pub(crate) struct Patience {
    closing: CancellationToken,
}

impl Patience {
    fn new(closing: CancellationToken) -> Self {
        Self { closing }
    }

    /// Runs something to its end, or says what was waited for in vain.
    pub(crate) async fn lasts<T>(&self, what: &str, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let over = async {
            self.closing.cancelled().await;
            tokio::time::sleep_until(Instant::now() + PATIENCE).await;
        };
        tokio::select! {
            done = work => done,
            () = over => Err(format!("waited in vain: {what}").into()),
        }
    }
}

async fn open(world: &World, story: &Story, patience: &Patience) -> Result<(), Fault> {
    if let Some(kind) = story.disturbance {
        world.financer.disturb(kind).await?;
    }
    patience.lasts("a definite answer to a create", ask_until_definite(world, story)).await
}

async fn ask_until_definite(world: &World, story: &Story) -> Result<(), Fault> {
    let (key, cart) = (story.reference(), story.cart());
    let ask = || world.merchant.post("/v1/checkouts", &key, &cart);
    loop {
        let answers = if story.twice {
            let (one, other) = tokio::join!(ask(), ask());
            vec![one, other]
        } else {
            vec![ask().await]
        };
        let mut definite = false;
        for answer in answers {
            definite |= hear(world, story, answer)?;
        }
        if definite {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}

/// Writes an answer down. True when it is definite.
fn hear(world: &World, story: &Story, answer: Result<Message, Fault>) -> Result<bool, Fault> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(_) => {
            world.book.count("create: no answer");
            world.book.missed(story.number);
            return Ok(false);
        }
    };
    let (status, body) = (answer.status(), answer.json());
    let code = text_at(&body, "/code");
    world.book.count(&format!("create: {status} {code}"));
    if status == 201 {
        let (id, reference) = (text_at(&body, "/id"), text_at(&body, "/attempt/provider_reference"));
        let mut another = None;
        world.book.note(story.number, format!("201 {id} {reference}"), |promise| {
            another = promise.checkout.clone().filter(|known| known != id);
            promise.checkout = Some(id.to_owned());
            promise.provider_reference = Some(reference.to_owned());
        });
        return match another {
            Some(known) => Err(format!("one key answered with two checkouts, {known} and {id}").into()),
            None if id.is_empty() => Err(format!("a 201 without an id: {body}").into()),
            None => Ok(true),
        };
    }
    world.book.note(story.number, format!("{status} {code}"), |_| ());
    // Whatever may pass is asked again: also the fence, for the attempt that holds it is this key's own. Everything else
    // is a refusal, and nothing in the cart deserves one.
    let asked_again = ["idempotency_key_in_flight", "request_timeout", "commit_fence"].contains(&code);
    let passing = status >= 500 || status == 429 || asked_again;
    if passing { Ok(false) } else { Err(format!("a sound cart was refused: {status} {body}").into()) }
}
