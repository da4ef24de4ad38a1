//! A customer chooses a financer: the first one, or another after one that ended or that the customer leaves.

use std::sync::Arc;

use lendport_core::{AttemptId, AttemptState, CheckoutId, CheckoutRecord, Invalid, Pointer, ProviderId, Source};
use lendport_storage::Tenant;

use super::choices::another_may_start;
use crate::attempt_start::{Key, On};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::ticket::Ticket;

const NOT_OPEN: &str = "no financer can be chosen any more";

impl Engine {
    /// Starts the financer that the customer chose, having seen `seen` as the latest attempt. The same choice made twice,
    /// in two tabs for one, starts one attempt. A page that the customer leaves is given up: where its financer can be
    /// asked, that is done first, so that nobody pays twice. Whatever comes of the attempt is seen in the status.
    pub async fn choose_financer(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        provider: &str,
        seen: Option<AttemptId>,
        ticket: Ticket,
    ) -> Result<(), EngineError> {
        // A key is stored with its attempt, and only then: whoever has it made this choice before.
        if self.store.idempotency(tenant, &ticket.route, &ticket.key).await?.is_some() {
            return Ok(());
        }
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let Some((chosen, leaving)) = self.judge(tenant, &record, provider, seen).await? else { return Ok(()) };
        let (record, chosen, leaving) = match leaving.filter(|_| self.can_be_asked(&record)) {
            None => (record, chosen, leaving),
            Some(left) => {
                self.fetch_attempt(tenant, id, left, Source::Fetch).await?;
                let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
                match self.judge(tenant, &record, provider, seen).await? {
                    Some((chosen, leaving)) => (record, chosen, leaving),
                    None => return Ok(()),
                }
            }
        };
        let on = On { if_match: Some(record.checkout.version), leaving };
        match Box::pin(self.start_on(tenant, record, &chosen, on, Key::New, ticket)).await {
            // The other tab was quicker with the same choice.
            Ok(_) | Err(EngineError::KeyInFlight) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn can_be_asked(&self, record: &CheckoutRecord) -> bool {
        record.attempts.last().is_some_and(|latest| self.tools.polling.can_ask(latest))
    }

    /// Whom to start, and whom to leave for it; nothing when that financer is the one under way.
    async fn judge(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        provider: &str,
        seen: Option<AttemptId>,
    ) -> Result<Option<(ProviderId, Option<AttemptId>)>, EngineError> {
        let latest = record.attempts.last();
        // Who saw that nobody knows what became of it may have it made anew there, and nowhere else.
        let again = self.repeatable(record).filter(|one| one.provider.as_str() == provider && Some(one.id) == seen);
        if again.is_none() && latest.is_some_and(|one| one.provider.as_str() == provider && !one.state.is_over()) {
            return Ok(None);
        }
        let others = record.attempts.iter().filter(|one| again.is_none_or(|again| again.id != one.id));
        if let Some(holder) = others.map(|one| one.state).find(|state| state.holds_the_fence()) {
            return Err(EngineError::CommitFence { checkout: reference_to(record), holder });
        }
        if latest.map(|known| known.id) != seen {
            return Err(EngineError::PreconditionFailed);
        }
        let may = again.is_some() || another_may_start(record);
        if !may || record.checkout.expires_at <= self.clock.now() {
            return Err(EngineError::WrongState { checkout: reference_to(record), wanted: NOT_OPEN });
        }
        let accounts = self.accounts(tenant).await?;
        let choices = self.choices(record, &accounts);
        let Some(chosen) = choices.into_iter().find(|id| id.as_str() == provider) else {
            let at = Pointer::root().child("provider");
            return Err(Invalid::one(&at, "unknown_provider", "cannot be chosen for this checkout").into());
        };
        let leaving = latest.filter(|known| known.state == AttemptState::AwaitingCustomer).map(|known| known.id);
        Ok(Some((chosen.clone(), leaving)))
    }
}
