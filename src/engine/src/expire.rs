//! Our own deadline: it ends what a financer has not decided, and what no customer has chosen a financer for. A late
//! postback can override it (`wegetfinancing.md` Q25).

use std::collections::HashSet;
use std::sync::Arc;

use lendport_core::{Attempt, AttemptState, CheckoutStatus, Claim, Details, EventType, Grade, Reason, Source};
use lendport_storage::{Change, ChangeAsk, Tenant, WorkAsk};

use crate::engine::Engine;
use crate::error::EngineError;
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
        let (mut expired, mut failed, mut silent) = (0, None, HashSet::new());
        loop {
            let due = self.store.due_for_expiry(self.work(self.clock.now())).await?;
            let (found, before) = (due.len(), expired);
            for one in due {
                let ended = match self.had_last_look(one.tenant, one.checkout, &mut silent).await {
                    Ok(true) => self.expire(one.tenant, one.checkout).await,
                    Ok(false) => Ok(false),
                    Err(error) => Err(error),
                };
                match ended {
                    Ok(ended) => expired += u64::from(ended),
                    Err(error) => {
                        tracing::error!(checkout.id = %one.checkout, %error, "cannot be expired");
                        failed = Some(error);
                    }
                }
            }
            if !is_full(found) || expired == before {
                return failed.map_or(Ok(expired), Err);
            }
        }
    }

    async fn expire(self: &Arc<Self>, tenant: Tenant, id: lendport_core::CheckoutId) -> Result<bool, EngineError> {
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
