//! Reads the lists of providers, so that not every open checkout has to be asked for: a row that may be about one of ours has
//! that one looked at now. The look is the evidence, never the row.
//!
//! An account's list is read by one worker at a time, a page a turn, and whoever comes next goes on where the last one stopped.
//! What a page brings about is stored before the turn is ended: a worker that dies in between leaves a page that is read once
//! more, which is harmless.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::provider::CallContext;
use lendport_core::{Attempt, AttemptState, CallLog, CheckoutRecord, SweepAsk, SweepPlan, Swept, SweptRow};
use lendport_storage::{Change, ChangeAsk, Located, SweepEntry, SweepMark, SweepNext, SweepTurn, Tenant};
use tokio::task::JoinSet;

use crate::budget::{Haste, Looker};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::polling::{after, vary};
use crate::take_in::Draft;

/// Lists that are read at the same time in this process.
const AT_ONCE: usize = 4;
/// Pages that are read before other work has its turn.
const PAGES_MAX: u64 = 1_000;
/// Marks that are looked up at a time.
const MARKS_AT_ONCE: usize = 500;
/// A list is read so much longer than its last attempt is open.
const LONGER: SignedDuration = SignedDuration::from_hours(24);
/// So much earlier than ours a request may seem to have been made, by the provider's clock.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);
/// Before a list is tried again that cannot be read, because its provider is not switched on.
const NOT_NOW: SignedDuration = SignedDuration::from_hours(1);

impl Engine {
    /// Reads every list that is due. Says how many pages. One that cannot be read does not keep the others.
    pub async fn sweep_due(self: &Arc<Self>) -> Result<u64, EngineError> {
        let (mut pages, mut failed) = (0, None);
        while pages < PAGES_MAX {
            let mut turns = JoinSet::new();
            while turns.len() < AT_ONCE {
                match self.store.take_sweep(self.work(self.clock.steady())).await {
                    Ok(Some(turn)) => {
                        let engine = Arc::clone(self);
                        turns.spawn(async move { engine.sweep_page(turn).await });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        failed = Some(error.into());
                        break;
                    }
                }
            }
            if turns.is_empty() {
                break;
            }
            while let Some(ended) = turns.join_next().await {
                pages += 1;
                match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => failed = Some(error),
                    Err(error) => tracing::error!(%error, "a list ended in a panic; it is read again later"),
                }
            }
        }
        failed.map_or(Ok(pages), Err)
    }

    /// Has an attempt found by its provider's list from now on, where that has one.
    pub(crate) async fn enter_in_list(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: &Attempt,
    ) -> Result<(), EngineError> {
        let waits = !attempt.state.is_over() && !attempt.state.is_committed();
        if !waits || self.tools.polling.sweep_plan(&attempt.provider).is_none() {
            return Ok(());
        }
        let marks = self.provider(&attempt.provider)?.sweep_marks(&record.checkout, attempt);
        if marks.is_empty() {
            return Ok(());
        }
        let ends = attempt.expires_at.unwrap_or(record.checkout.expires_at).max(record.checkout.expires_at);
        let entry = SweepEntry {
            tenant,
            provider: attempt.provider.clone(),
            checkout: record.checkout.id,
            attempt: attempt.id,
            marks: marks.iter().map(|mark| self.mark(tenant, attempt, mark)).collect(),
            now: self.clock.steady(),
            until: after(ends, LONGER),
        };
        Ok(self.store.put_sweep_entry(&entry).await?)
    }

    /// A keyed digest of what a list shows a request by.
    fn mark(&self, tenant: Tenant, attempt: &Attempt, text: &str) -> SweepMark {
        self.settings.callback_key.sweep_mark(tenant, &attempt.provider, text)
    }

    /// Reads one page, and ends the turn.
    async fn sweep_page(self: &Arc<Self>, turn: SweepTurn) -> Result<(), EngineError> {
        let now = self.clock.steady();
        let Some(plan) = self.tools.polling.sweep_plan(&turn.provider) else {
            return self.end_turn(&turn, SweepNext { at: after(now, NOT_NOW), going_on: None }).await;
        };
        let account = (turn.tenant, turn.provider.clone());
        if let Err(at) = self.budget.admit(&account, Looker::List, (Haste::Urgent, 1), now) {
            let going_on = turn.since.map(|since| (since, turn.cursor.clone()));
            return self.end_turn(&turn, SweepNext { at, going_on }).await;
        }
        let back = SignedDuration::from_secs(i64::from(plan.back_s));
        let since = turn.since.unwrap_or(now.saturating_sub(back).unwrap_or(Timestamp::MIN));
        match self.ask_for_page(&turn, since).await {
            Ok(page) => {
                let woken = self.take_in_rows(&turn, &page.rows).await?;
                let next = match page.next {
                    Some(cursor) => SweepNext { at: now, going_on: Some((since, Some(cursor))) },
                    None => self.end_of_list(&turn, plan, now),
                };
                self.end_turn(&turn, next).await?;
                self.wake_settling(woken);
                Ok(())
            }
            Err(error) => {
                let wait = match &error {
                    EngineError::Provider { error, .. } => error.retry_after_s.unwrap_or(0),
                    _ => 0,
                };
                let wait = vary(plan.every_s.max(wait.min(86_400)), self.tools.ids.as_ref());
                // From the beginning: what was wrong may be the place.
                self.end_turn(&turn, SweepNext { at: after(now, wait), going_on: None }).await?;
                match error {
                    EngineError::Provider { provider, error, .. } => {
                        tracing::warn!(%provider, %error, "a list cannot be read");
                        Ok(())
                    }
                    error => Err(error),
                }
            }
        }
    }

    async fn ask_for_page(&self, turn: &SweepTurn, since: Timestamp) -> Result<Swept, EngineError> {
        let account = self.account(turn.tenant, &turn.provider).await?;
        let calls = CallLog::new();
        let (mode, now) = (turn.tenant.mode, self.clock.now());
        let context = CallContext { account: &account.settings, mode, now, calls: &calls };
        let ask = SweepAsk { since, cursor: turn.cursor.as_deref() };
        let page = self.provider(&turn.provider)?.sweep(context, ask);
        let answered = self.looked(turn.tenant, &turn.provider, &calls, page).await;
        answered.map_err(|error| EngineError::Provider {
            provider: turn.provider.clone(),
            error: Box::new(error),
            checkout: None,
        })
    }

    fn end_of_list(&self, turn: &SweepTurn, plan: SweepPlan, now: Timestamp) -> SweepNext {
        self.seen.end(turn);
        SweepNext { at: after(now, vary(plan.every_s, self.tools.ids.as_ref())), going_on: None }
    }

    async fn end_turn(&self, turn: &SweepTurn, next: SweepNext) -> Result<(), EngineError> {
        if !self.store.end_sweep(turn, &next).await? {
            tracing::warn!(provider = %turn.provider, "a list took longer than its lease; another worker has it");
        }
        Ok(())
    }

    /// Has every attempt looked at that a new row may be about. Says whether there is one.
    async fn take_in_rows(self: &Arc<Self>, turn: &SweepTurn, rows: &[SweptRow]) -> Result<bool, EngineError> {
        let key = &self.settings.callback_key;
        let versions: Vec<SweepMark> =
            rows.iter().map(|row| key.sweep_mark(turn.tenant, &turn.provider, &row.version)).collect();
        let new = self.seen.new_ones(turn, &versions);
        // The latest request with a mark; one that does not say when it was made is as good as new.
        let mut made: BTreeMap<SweepMark, Timestamp> = BTreeMap::new();
        for (row, _) in rows.iter().zip(&new).filter(|(_, new)| **new) {
            for text in &row.marks {
                let at = row.made_at.unwrap_or(Timestamp::MAX);
                let mark = key.sweep_mark(turn.tenant, &turn.provider, text);
                made.entry(mark).and_modify(|known| *known = at.max(*known)).or_insert(at);
            }
        }
        let marks: Vec<SweepMark> = made.keys().copied().collect();
        let mut woken = BTreeSet::new();
        for some in marks.chunks(MARKS_AT_ONCE) {
            for marked in self.store.marked(turn.tenant, some).await? {
                let at = made.get(&marked.mark).copied().unwrap_or(Timestamp::MAX);
                if after(at, CLOCKS_DIFFER) >= marked.created_at && woken.insert(marked.found.attempt) {
                    self.wake(&marked.found).await?;
                }
            }
        }
        self.seen.keep(turn, &versions);
        if !woken.is_empty() {
            tracing::info!(provider = %turn.provider, rows = rows.len(), attempts = woken.len(), "a list has news");
        }
        Ok(!woken.is_empty())
    }

    async fn wake(self: &Arc<Self>, found: &Located) -> Result<(), EngineError> {
        let Some(attempt) = found.attempt else { return Ok(()) };
        let tools = self.tools.clone();
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        self.change(found.tenant, found.checkout, ask, move |loaded| {
            let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
            let waits = |known: &Attempt| !known.state.is_committed() && known.state != AttemptState::AwaitingMerchant;
            if !loaded.record.attempt(attempt).is_some_and(waits) {
                return (Change::abort(), ());
            }
            draft.look_now(attempt);
            (draft.finish(), ())
        })
        .await?;
        Ok(())
    }
}

/// Rows that this process has taken in. A row counts once: what it may be about was looked at, or waits for that. What is lost
/// with the process costs a look.
#[derive(Debug, Default)]
pub(crate) struct SeenRows(std::sync::Mutex<HashMap<(Tenant, lendport_core::ProviderId), SeenList>>);

#[derive(Debug, Default)]
struct SeenList {
    /// How often the list was read to its end.
    readings: u64,
    /// In which reading each row was there last.
    rows: HashMap<SweepMark, u64>,
}

impl SeenRows {
    fn with<T>(&self, turn: &SweepTurn, work: impl FnOnce(&mut SeenList) -> T) -> T {
        let mut lists = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(lists.entry((turn.tenant, turn.provider.clone())).or_default())
    }

    /// Which of these were not there before.
    fn new_ones(&self, turn: &SweepTurn, rows: &[SweepMark]) -> Vec<bool> {
        self.with(turn, |list| rows.iter().map(|row| !list.rows.contains_key(row)).collect())
    }

    fn keep(&self, turn: &SweepTurn, rows: &[SweepMark]) {
        self.with(turn, |list| list.rows.extend(rows.iter().map(|row| (*row, list.readings))));
    }

    /// The list was read to its end: what was not in it, nor in the one before, is forgotten.
    fn end(&self, turn: &SweepTurn) {
        self.with(turn, |list| {
            let last = list.readings.saturating_sub(1);
            list.rows.retain(|_, reading| *reading >= last);
            list.readings += 1;
        });
    }
}
