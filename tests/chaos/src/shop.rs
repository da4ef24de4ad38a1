//! Shoppers: each opens one checkout after the other and repeats with the same key until it hears something definite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::merchant::text_at;
use crate::story::{Financer, Story};
use crate::wire::Message;
use crate::world::World;
use crate::{clerk, following, lender};

/// How long a shopper goes on asking after the killing ended.
const PATIENCE: Duration = Duration::from_secs(420);
const PAUSE: Duration = Duration::from_millis(40);
const PAUSE_MAX: Duration = Duration::from_millis(640);
/// What the gateway has for itself before somebody rules: several times what it takes to send a create again.
const GATEWAY_S_OWN: Duration = Duration::from_secs(120);

/// Opens checkouts until `closing`, and sees the one under way to its end.
pub(crate) async fn shopper(world: Arc<World>, next: Arc<AtomicU64>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        let story = Story::draw(world.plan.seed, next.fetch_add(1, Ordering::Relaxed), world.plan.provider);
        world.book.begin(&story);
        let patience = Patience::new(closing.clone());
        let lived = async {
            open(&world, &story, &patience).await?;
            if story.follows {
                patience.lasts("the financer that follows", following::wait(&world, &story)).await?;
            }
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
    let (began, mut pause) = (Instant::now(), PAUSE);
    loop {
        let answers = if story.twice {
            let (one, other) = tokio::join!(ask(), ask());
            vec![one, other]
        } else {
            vec![ask().await]
        };
        let mut fenced = None;
        let mut definite = false;
        for answer in answers {
            match hear(world, story, answer)? {
                Heard::Definite => definite = true,
                Heard::Fenced(id) => fenced = Some(id),
                Heard::Passing => {}
            }
        }
        if definite {
            return Ok(());
        }
        // The gateway finds an interrupted create or sends it again by itself; a clerk is for what it gave up.
        match fenced.filter(|_| story.financer == Financer::Wepay && began.elapsed() > GATEWAY_S_OWN) {
            Some(id) => clerk::look_after(world, story.number, &id).await?,
            None => sleep(pause).await,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// What an answer to a create means.
enum Heard {
    Definite,
    /// It may be another one the next time.
    Passing,
    /// An earlier try of this checkout may have come through.
    Fenced(String),
}

/// Writes an answer down.
fn hear(world: &World, story: &Story, answer: Result<Message, Fault>) -> Result<Heard, Fault> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(_) => {
            world.book.count("create: no answer");
            world.book.missed(story.number);
            return Ok(Heard::Passing);
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
            None => Ok(Heard::Definite),
        };
    }
    world.book.note(story.number, format!("{status} {code}"), |_| ());
    // Whatever may pass is asked again: also the fence, for the attempt that holds it is this key's own. Everything else
    // is a refusal, and nothing in the cart deserves one.
    let asked_again = ["idempotency_key_in_flight", "request_timeout", "commit_fence"].contains(&code);
    let passing = status >= 500 || status == 429 || asked_again;
    if !passing {
        return Err(format!("a sound cart was refused: {status} {body}").into());
    }
    let fenced = Some(text_at(&body, "/checkout/id")).filter(|id| code == "commit_fence" && !id.is_empty());
    Ok(fenced.map_or(Heard::Passing, |id| Heard::Fenced(id.to_owned())))
}
