//! What workers do by the clock: settings, and the trimming of what is past its time.

use jiff::{SignedDuration, Timestamp};

use crate::breaker::BreakerSettings;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::expire::BATCH;

/// Days that a mark is kept after its checkout has expired: what was canceled here is watched so long.
const MARKS_KEEP_DAYS: u32 = 31;

/// Settings of what workers do by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpkeepSettings {
    /// Seconds between two questions to a provider while nothing new comes; the last one stays. A fifth more or less.
    pub poll_pauses_s: Vec<u32>,
    /// Looks at a provider that an account may take in a minute; 0 means no limit. Commands do not count.
    pub looks_per_minute: u32,
    /// Hours until the silence of a provider that cannot be asked, and owes an answer, is told to a person.
    pub silent_after_hours: u32,
    /// When a financer counts as one that does not work.
    pub breaker: BreakerSettings,
    /// Days an event is kept.
    pub events_keep_days: u32,
    /// Days an observation that no state rests on is kept, and the body of a push.
    pub observations_keep_days: u32,
}

impl Default for UpkeepSettings {
    fn default() -> Self {
        Self {
            poll_pauses_s: vec![5, 30, 120, 600, 1_800, 3_600, 21_600],
            looks_per_minute: 600,
            silent_after_hours: 24,
            breaker: BreakerSettings::default(),
            events_keep_days: 30,
            observations_keep_days: 400,
        }
    }
}

impl Engine {
    /// Deletes events past their time whose deliveries are over. Says how many. Every batch is a change of its own, so
    /// that requests that wait for the writer go between two of them; so it is with all that is trimmed here.
    pub async fn trim_events(&self) -> Result<u64, EngineError> {
        let before = self.days_ago(self.settings.upkeep.events_keep_days);
        let mut deleted = 0;
        loop {
            let batch = self.outbox.trim_events(before, BATCH).await?;
            deleted += batch;
            if batch < u64::from(BATCH) {
                return Ok(deleted);
            }
        }
    }

    /// Deletes observations past their time that no state rests on, and bodies of pushes, in small batches. Says how
    /// many.
    pub async fn trim_observations(&self) -> Result<u64, EngineError> {
        let before = self.days_ago(self.settings.upkeep.observations_keep_days);
        let mut deleted = 0;
        loop {
            let batch = self.store.trim_observations(before, BATCH).await?;
            deleted += batch;
            if batch < u64::from(BATCH) {
                return Ok(deleted);
            }
        }
    }

    /// Deletes what lists showed attempts by that are long over, in small batches. Says how many.
    pub async fn trim_sweep_marks(&self) -> Result<u64, EngineError> {
        let before = self.days_ago(MARKS_KEEP_DAYS.saturating_add(self.settings.checkout_expires_after_hours / 24));
        let mut deleted = 0;
        loop {
            let batch = self.store.trim_sweep_marks(before, BATCH).await?;
            deleted += batch;
            if batch < u64::from(BATCH) {
                return Ok(deleted);
            }
        }
    }

    /// Deletes every idempotency key past its time, in small batches. Says how many.
    pub async fn trim_idempotency(&self) -> Result<u64, EngineError> {
        let before = self.days_ago(self.settings.idempotency_keep_days);
        let mut deleted = 0;
        loop {
            let batch = self.store.trim_idempotency(before, BATCH).await?;
            deleted += batch;
            if batch < u64::from(BATCH) {
                return Ok(deleted);
            }
        }
    }

    fn days_ago(&self, days: u32) -> Timestamp {
        let kept = SignedDuration::from_hours(24 * i64::from(days));
        self.clock.now().saturating_sub(kept).unwrap_or(Timestamp::MIN)
    }
}
