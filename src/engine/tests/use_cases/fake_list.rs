//! The list of a made-up financer: pages that the test writes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use lendport_core::{AmountLimits, Currency, Money, ProviderError, SweepAsk, Swept, SweptRow};
use tokio::sync::Notify;

/// Pages by their place, and how they were asked for.
#[derive(Default)]
pub(crate) struct FakeList {
    pages: Mutex<Vec<Vec<SweptRow>>>,
    error: Mutex<Option<ProviderError>>,
    asks: Mutex<Vec<(Timestamp, Option<String>)>>,
    gate: Mutex<Option<Arc<Notify>>>,
    limits: AtomicU32,
}

impl FakeList {
    /// The one with a list tells its smallest total only when it is asked.
    pub(crate) fn limits(&self) -> AmountLimits {
        self.limits.fetch_add(1, Ordering::SeqCst);
        AmountLimits { min: Money::parse("1.00", Currency::USD).ok(), max: None }
    }

    /// How often it was asked for its limits.
    pub(crate) fn asked_for_limits(&self) -> u32 {
        self.limits.load(Ordering::SeqCst)
    }

    /// From now on the list has these pages.
    pub(crate) fn show(&self, pages: Vec<Vec<SweptRow>>) {
        *self.error.lock().unwrap() = None;
        *self.pages.lock().unwrap() = pages;
    }

    /// From now on it is not answered.
    pub(crate) fn fail(&self, error: ProviderError) {
        *self.error.lock().unwrap() = Some(error);
    }

    /// From now on a page is answered only when this is notified.
    pub(crate) fn hold(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    /// From now on pages are answered at once.
    pub(crate) fn let_pass(&self) {
        *self.gate.lock().unwrap() = None;
    }

    /// How it was asked so far.
    pub(crate) fn asks(&self) -> Vec<(Timestamp, Option<String>)> {
        self.asks.lock().unwrap().clone()
    }

    pub(crate) async fn page(&self, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
        self.asks.lock().unwrap().push((ask.since, ask.cursor.map(str::to_owned)));
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        if let Some(error) = self.error.lock().unwrap().clone() {
            return Err(error);
        }
        let place: usize = ask.cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let pages = self.pages.lock().unwrap().clone();
        let next = (place + 1 < pages.len()).then(|| (place + 1).to_string());
        Ok(Swept { rows: pages.get(place).cloned().unwrap_or_default(), next })
    }
}

/// A row about a customer.
pub(crate) fn row(version: &str, email: &str, made_at: Option<Timestamp>) -> SweptRow {
    SweptRow { version: version.to_owned(), marks: vec![format!("email {email}")], made_at }
}
