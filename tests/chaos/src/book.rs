//! What was promised to whom: written down as the shop heard it and the lender was told "OK", apart from anything that
//! the gateway remembers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::goods::Tally;
use crate::story::Story;

/// One idempotency key and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    pub(crate) story: Story,
    /// The checkout, from the first 201 that was heard.
    pub(crate) checkout: Option<String>,
    /// The financer's id of the request, from the same answer.
    pub(crate) provider_reference: Option<String>,
    /// Steps of the plot for which the lender heard OK.
    pub(crate) steps_heard: usize,
    /// What was done with the goods, as the merchant heard it.
    pub(crate) tally: Tally,
    /// True once the story is over: everything asked for was answered for good.
    pub(crate) over: bool,
    /// What went against the contract, in words.
    pub(crate) wrongs: Vec<String>,
    /// What was seen when, in milliseconds since the run began.
    pub(crate) timeline: Vec<(u64, String)>,
    /// Answers missed since the last line of the timeline.
    pub(crate) silences: u32,
}

impl Promise {
    pub(crate) fn of(story: Story) -> Self {
        Self {
            story,
            checkout: None,
            provider_reference: None,
            steps_heard: 0,
            tally: Tally::default(),
            over: false,
            wrongs: Vec::new(),
            timeline: Vec::new(),
            silences: 0,
        }
    }

    /// Whether the merchant does something with single lines.
    pub(crate) fn plays_goods(&self) -> bool {
        !self.story.goods.acts.is_empty()
    }
}

/// All promises of a run.
pub(crate) struct Book {
    began: Instant,
    promises: Mutex<BTreeMap<u64, Promise>>,
    answers: Mutex<BTreeMap<String, u64>>,
}

impl Book {
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, promises: Mutex::default(), answers: Mutex::default() }
    }

    /// Milliseconds since the run began.
    pub(crate) fn now_ms(&self) -> u64 {
        millis(self.began, Instant::now())
    }

    fn promises(&self) -> MutexGuard<'_, BTreeMap<u64, Promise>> {
        self.promises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, story: &Story) {
        self.promises().insert(story.number, Promise::of(story.clone()));
    }

    /// Notes an answer that never came; many in a row make one line.
    pub(crate) fn missed(&self, number: u64) {
        if let Some(promise) = self.promises().get_mut(&number) {
            promise.silences += 1;
        }
    }

    /// Changes the promise of a story and notes what happened.
    pub(crate) fn note(&self, number: u64, what: impl Into<String>, change: impl FnOnce(&mut Promise)) {
        let now_ms = self.now_ms();
        if let Some(promise) = self.promises().get_mut(&number) {
            if promise.silences > 0 {
                promise.timeline.push((now_ms, format!("until now {} answers never came", promise.silences)));
                promise.silences = 0;
            }
            promise.timeline.push((now_ms, what.into()));
            change(promise);
        }
    }

    /// Notes something that must not happen.
    pub(crate) fn wrong(&self, number: u64, what: impl Into<String>) {
        let what = what.into();
        self.note(number, what.clone(), |promise| promise.wrongs.push(what));
    }

    /// Counts an answer, or a missing one, by its word.
    pub(crate) fn count(&self, word: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(word.to_owned()).or_default() += 1;
    }

    /// How often each answer was heard.
    pub(crate) fn answers(&self) -> BTreeMap<String, u64> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The promise of a story.
    pub(crate) fn of_story(&self, number: u64) -> Option<Promise> {
        self.promises().get(&number).cloned()
    }

    /// Every promise, in the order of the stories.
    pub(crate) fn all(&self) -> Vec<Promise> {
        self.promises().values().cloned().collect()
    }

    /// How many were begun, how many are accepted.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let promises = self.promises();
        (promises.len(), promises.values().filter(|promise| promise.checkout.is_some()).count())
    }
}

/// Whole milliseconds between two moments.
pub(crate) fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}
