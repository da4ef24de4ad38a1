//! Where only a look tells how a checkout stands, there is a last one before it expires: a customer who signed in time is not
//! sent away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, CheckoutId};
use lendport_storage::Tenant;

use crate::budget::AccountKey;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::polling::after;

/// So long after its deadline a checkout waits for a last look that cannot be had.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// An account that did not answer is not asked for a last look again before this has passed.
const SILENT_FOR: SignedDuration = SignedDuration::from_mins(1);

/// Last looks at an account, one after the other. Holds when it did not answer, by the steady clock.
type Turn = Arc<tokio::sync::Mutex<Option<Timestamp>>>;

/// The accounts that last looks were made at.
#[derive(Debug, Default)]
pub(crate) struct LastLooks(Mutex<HashMap<AccountKey, Turn>>);

impl LastLooks {
    fn at(&self, account: AccountKey) -> Turn {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(account).or_default())
    }
}

impl Engine {
    /// Looks once more. Says whether the checkout may expire now: it was looked at, needs no look, or has waited for one long
    /// enough. An account that did not answer lately is not asked again.
    pub(crate) async fn had_last_look(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        looks: &LastLooks,
    ) -> Result<bool, EngineError> {
        let Some(record) = self.store.checkout(tenant, id).await? else { return Ok(true) };
        let asked = |attempt: &&Attempt| self.tools.polling.is_asked_last(attempt);
        let Some(attempt) = record.attempts.iter().find(asked) else { return Ok(true) };
        let waited = after(record.checkout.expires_at, PATIENCE) <= self.clock.now();
        match self.look_last(tenant, id, attempt, looks).await {
            Ok(had) => Ok(had || waited),
            // Such as where the account was deleted: there may never be one.
            Err(error) if !error.may_pass() => {
                tracing::warn!(checkout.id = %id, provider = %attempt.provider, %error, "no last look before it expires");
                Ok(waited)
            }
            Err(error) => Err(error),
        }
    }

    /// Looks once more, unless the account did not answer lately or was asked enough. Says whether it answered.
    async fn look_last(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: &Attempt,
        looks: &LastLooks,
    ) -> Result<bool, EngineError> {
        let account = (tenant, attempt.provider.clone());
        let calls = self.calls_of_look(tenant, attempt).await?;
        let turn = looks.at(account.clone());
        let mut silent_at = turn.lock().await;
        let now = self.clock.steady();
        if silent_at.is_some_and(|at| now.duration_since(at) < SILENT_FOR)
            || !self.budget.has_room(&account, calls, now)
        {
            return Ok(false);
        }
        match self.look_and_follow(tenant, id, attempt.id).await {
            Ok(_) => Ok(true),
            Err(EngineError::Provider { provider, error, .. }) => {
                tracing::warn!(checkout.id = %id, %provider, %error, "the last look before it expires failed");
                *silent_at = Some(now);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
