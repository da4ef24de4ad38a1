//! A provider from which an answer is due and that says nothing: told to a person once, settled when it speaks.

use jiff::SignedDuration;
use lendport_core::{Attempt, AttemptId, AttentionDraft, AttentionKind, Choice, OperationKind, Phase};
use lendport_storage::{AttentionFilter, PageAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::Draft;

/// Settled items about one checkout that are looked at.
const ITEMS_MAX: u32 = 100;

impl Engine {
    /// True when every look at the attempt failed for so long that a person should hear of it. Who has seen this silence
    /// and acknowledged it does not hear of it again; who had the provider asked again hears of it as late as the first
    /// time.
    pub(crate) async fn was_not_answered_for_long(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
    ) -> Result<bool, EngineError> {
        let looks = self.store.operations(tenant, attempt.checkout, OperationKind::Retrieve).await?;
        let of = |phase| looks.iter().filter(move |look| look.attempt == attempt.id && look.phase == phase);
        let answered = of(Phase::Settled).map(|look| look.created_at).max();
        let unanswered = of(Phase::Failed).map(|look| look.created_at);
        let Some(began) = unanswered.filter(|at| answered.is_none_or(|answered| *at > answered)).min() else {
            return Ok(false);
        };
        let filter = AttentionFilter {
            open: Some(false),
            checkout: Some(attempt.checkout),
            kind: Some(AttentionKind::SilentProvider),
        };
        let settled = self.store.attention(tenant, &filter, PageAsk { limit: ITEMS_MAX, after: None }).await?.rows;
        let began = began.max(attempt.updated_at);
        let mut since = began;
        for item in settled.iter().filter(|item| item.attempt == attempt.id && item.opened_at >= began) {
            match &item.resolution {
                Some(resolution) if resolution.choice == Choice::Acknowledge.as_str() => return Ok(false),
                Some(resolution) => since = since.max(resolution.at),
                None => {}
            }
        }
        let patience = SignedDuration::from_hours(i64::from(self.settings.upkeep.silent_after_hours));
        Ok(self.clock.now().duration_since(since) >= patience)
    }
}

impl Draft {
    /// Tells a person that the provider has said nothing for so many hours.
    pub(crate) fn flag_silence(&mut self, id: AttemptId, hours: u32) -> Result<(), EngineError> {
        let Some(known) = self.record.attempt(id) else { return Ok(()) };
        let state = known.state.as_str();
        let detail = format!("{} has said nothing for {hours} hours; it is still {state}", known.provider);
        self.flag(id, AttentionDraft::new(AttentionKind::SilentProvider, detail))
    }

    /// The provider answered, whatever it said.
    pub(crate) fn close_silence(&mut self, id: AttemptId) -> Result<(), EngineError> {
        let about =
            |item: &&lendport_storage::AttentionItem| item.attempt == id && item.kind == AttentionKind::SilentProvider;
        match self.open_items.iter().find(about).cloned() {
            Some(item) => self.close_by_evidence(&item, "the financer answers again"),
            None => Ok(()),
        }
    }
}
