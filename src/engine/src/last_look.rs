//! Where only a look tells how a checkout stands, there is a last one before it expires: a customer who signed in time is not
//! sent away.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{Attempt, CheckoutId};
use lendport_storage::Tenant;

use crate::budget::AccountKey;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::polling::after;

/// So long after its deadline a checkout waits for a last look that cannot be had.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

impl Engine {
    /// Looks once more. Says whether the checkout may expire now: it was looked at, needs no look, or has waited for one long
    /// enough. An account of `silent` did not answer in this turn and is not asked again.
    pub(crate) async fn had_last_look(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        silent: &mut HashSet<AccountKey>,
    ) -> Result<bool, EngineError> {
        let Some(record) = self.store.checkout(tenant, id).await? else { return Ok(true) };
        let asked = |attempt: &&Attempt| self.tools.polling.is_asked_last(attempt);
        let Some(attempt) = record.attempts.iter().find(asked) else { return Ok(true) };
        let waited = after(record.checkout.expires_at, PATIENCE) <= self.clock.now();
        let account = (tenant, attempt.provider.clone());
        let calls = self.calls_of_look(tenant, attempt).await?;
        if silent.contains(&account) || !self.budget.has_room(&account, calls, self.clock.steady()) {
            return Ok(waited);
        }
        match self.look_and_follow(tenant, id, attempt.id).await {
            Ok(()) => Ok(true),
            Err(EngineError::Provider { provider, error, .. }) => {
                tracing::warn!(checkout.id = %id, %provider, %error, "the last look before it expires failed");
                silent.insert(account);
                Ok(waited)
            }
            Err(error) => Err(error),
        }
    }
}
