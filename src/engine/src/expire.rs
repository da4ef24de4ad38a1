//! Our own deadline: it ends what a financer has not decided, and what no customer has chosen a financer for. A late
//! postback can override it (`wegetfinancing.md` Q25).

use std::sync::Arc;

use lendport_core::{
    Attempt, AttemptState, CheckoutId, CheckoutStatus, Claim, Details, EventType, Grade, Reason, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant, WorkAsk};

use crate::due_work::Kind;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::last_look::LastLooks;
use crate::take_in::{Draft, Fact};

/// Rows that a sweep takes at a time.
pub(crate) const BATCH: u32 = 200;

impl Engine {
    /// A question for due work, with the time this process may take over it.
    pub(crate) fn work(&self, now: jiff::Timestamp) -> WorkAsk {
        WorkAsk { now, until: self.lease_end(), limit: BATCH }
    }
}

/// True when a batch was as large as it may be, so that more may wait.
pub(crate) fn is_full(found: usize) -> bool {
    u32::try_from(found).is_ok_and(|found| found >= BATCH)
}

impl Engine {
    /// Expires every checkout whose deadline has passed and that is open, or waits for a customer or a financer. Says how
    /// many. One that cannot be changed does not keep the others; its error is answered at the end.
    pub async fn expire_due(self: &Arc<Self>) -> Result<u64, EngineError> {
        self.work_off(Kind::Deadlines(Arc::default())).await
    }

    /// Ends one whose deadline has passed, after its last look. Says whether it ended.
    pub(crate) async fn end_overdue(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        looks: &LastLooks,
    ) -> Result<bool, EngineError> {
        let ended = match self.had_last_look(tenant, id, looks).await {
            Ok(true) => self.expire(tenant, id).await,
            other => other,
        };
        ended.inspect_err(|error| tracing::error!(checkout.id = %id, %error, "cannot be expired"))
    }

    async fn expire(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<bool, EngineError> {
        let tools = self.tools.clone();
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let record = loaded.record;
                let may = |attempt: &&Attempt| attempt.state.may_expire();
                let ends = record.attempts.iter().any(|attempt| may(&attempt))
                    || record.status() == CheckoutStatus::Open && !record.is_under_way();
                if record.checkout.expires_at > tools.clock.now() || !ends {
                    return (Change::abort(), Ok(false));
                }
                draft.close_route();
                for attempt in record.attempts.iter().filter(may) {
                    let observed = draft.observe(Fact {
                        attempt: attempt.id,
                        grade: Grade::Operator,
                        source: Source::Gateway,
                        claim: Claim::State {
                            state: AttemptState::Expired,
                            reason: Some(Reason::new(Reason::DEADLINE_PASSED)),
                        },
                        details: Details::default(),
                        raw_status: None,
                        reference: None,
                        dedupe_key: format!("expired:{}", record.checkout.expires_at),
                    });
                    if let Err(error) = observed {
                        return (Change::abort(), Err(error));
                    }
                }
                let untold = draft.change.events.is_empty();
                match untold.then(|| draft.announce(&[EventType::CheckoutExpired])) {
                    Some(Err(error)) => (Change::abort(), Err(error)),
                    _ => (draft.finish(), Ok(true)),
                }
            })
            .await?;
        result.unwrap_or(Ok(false))
    }
}
