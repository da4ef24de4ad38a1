//! Our own deadline. A late postback can override it (`wegetfinancing.md` Q25).

use std::sync::Arc;

use lendport_core::{AttemptState, Claim, Details, Grade, Reason, Source};
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
    /// Expires every checkout whose deadline has passed and that nobody committed to. Says how many. One that cannot be
    /// changed does not keep the others; its error is answered at the end.
    pub async fn expire_due(self: &Arc<Self>) -> Result<u64, EngineError> {
        let (mut expired, mut failed) = (0, None);
        loop {
            let due = self.store.due_for_expiry(self.work(self.clock.now())).await?;
            let (found, before) = (due.len(), expired);
            for one in due {
                match self.expire(one.tenant, one.checkout).await {
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
                if loaded.record.checkout.expires_at > tools.clock.now() {
                    return (Change::abort(), Ok(false));
                }
                let waiting = loaded.record.attempts.iter().filter(|attempt| attempt.state.may_expire());
                let mut any = false;
                for attempt in waiting {
                    let observed = draft.observe(Fact {
                        attempt: attempt.id,
                        grade: Grade::Operator,
                        source: Source::Gateway,
                        claim: Claim::State {
                            state: AttemptState::Expired,
                            reason: Some(Reason::new("deadline_passed")),
                        },
                        details: Details::default(),
                        raw_status: None,
                        reference: None,
                        dedupe_key: format!("expired:{}", loaded.record.checkout.expires_at),
                    });
                    if let Err(error) = observed {
                        return (Change::abort(), Err(error));
                    }
                    any = true;
                }
                (draft.finish(), Ok(any))
            })
            .await?;
        result.unwrap_or(Ok(false))
    }
}
