//! A look has to fit into its account's budget; one that does not waits for its moment. What a provider's own notice asks for
//! does not wait.

use jiff::Timestamp;
use lendport_core::{Attempt, AttemptId, CheckoutId, FinancingProvider, Mode, ProviderAccount, Stepwise};
use lendport_storage::{ChangeAsk, Tenant};

use crate::budget::{Haste, Looker};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::Draft;

/// What became of an attempt that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookTurn {
    /// It was looked at, or a person was told.
    Looked,
    /// The budget has no room for it now.
    Later,
    /// It was not due any more.
    Passed,
}

/// Before it is committed, what the customer of such an application did may be known by the checkout alone: the steps that
/// a look goes by then.
pub(crate) fn looks_by_steps<'p>(
    provider: &'p dyn FinancingProvider,
    account: &ProviderAccount,
    attempt: &Attempt,
    mode: Mode,
) -> Option<&'p dyn Stepwise> {
    let open = !attempt.state.is_committed() && !attempt.state.is_over();
    provider.steps().filter(|steps| open && steps.carries(&account.settings, mode).is_ok())
}

impl Engine {
    /// Counts a look at an attempt that is due. Without room for it, it is due at its own moment, and this says false.
    pub(crate) async fn may_look(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        known: &Attempt,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let haste = Haste::of(known);
        // A notice asks for it: the provider itself says how many there are.
        if haste == Haste::Urgent && self.tools.polling.sends_notices(&known.provider) {
            return Ok(true);
        }
        let account = (tenant, known.provider.clone());
        let calls = self.calls_of_look(tenant, known).await?;
        let Err(at) = self.budget.admit(&account, Looker::Attempt(known.id), (haste, calls), now) else {
            return Ok(true);
        };
        let (tools, attempt, due) = (self.tools.clone(), known.id, known.poll_at);
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        self.change(tenant, id, ask, move |loaded| {
            let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
            draft.wait_until(attempt, due, at);
            (draft.finish(), ())
        })
        .await?;
        Ok(false)
    }

    /// Has the attempt looked at no later than at this moment.
    pub(crate) async fn look_at(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let tools = self.tools.clone();
        self.change(tenant, id, ChangeAsk::default(), move |loaded| {
            let mut draft = Draft::of(&tools, loaded.record);
            draft.look_at(attempt, at);
            (draft.finish(), ())
        })
        .await?;
        Ok(())
    }

    /// How many calls a look takes: one, but for an application that the merchant's own pages carry.
    pub(crate) async fn calls_of_look(&self, tenant: Tenant, known: &Attempt) -> Result<usize, EngineError> {
        let provider = self.provider(&known.provider)?;
        if provider.steps().is_none() {
            return Ok(1);
        }
        let account = self.account(tenant, &known.provider).await?;
        let steps = looks_by_steps(provider.as_ref(), &account, known, tenant.mode);
        Ok(steps.map_or(1, |steps| usize::try_from(steps.calls_of_look(known)).unwrap_or(usize::MAX)))
    }
}
