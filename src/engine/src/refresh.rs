//! Reading the truth back from a provider, where it can be asked.

use std::sync::Arc;

use lendport_core::{
    Ability, AttemptId, CallContext, CallLog, CheckoutId, Grade, ObservationId, OperationKind, Phase, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant, change_with};

use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::take_in::{Draft, Fact};
use crate::view::CheckoutView;

impl Engine {
    /// Asks the leading attempt's provider now. A provider without read-back is a typed refusal.
    pub async fn refresh(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<CheckoutView, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?;
        self.require(&attempt.provider, Ability::Retrieve)?;
        self.fetch_attempt(tenant, id, attempt.id).await?;
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        self.view(&record)
    }

    /// Fetches one attempt's state and takes it in as evidence of grade `fetched`.
    pub(crate) async fn fetch_attempt(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        let account = self.account(tenant, &attempt.provider).await?;
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let answered = self.provider(&attempt.provider)?.retrieve(context, &attempt).await;
        let mut operation = self.new_operation(id, attempt.id, OperationKind::Retrieve);
        operation.calls = calls.records();
        operation.phase = if answered.is_ok() { Phase::Settled } else { Phase::Failed };
        operation.error = answered.as_ref().err().map(|error| error.message.clone());
        let tools = self.tools.clone();
        let asked = attempt.clone();
        let (_, result) = change_with(self.store.as_ref(), tenant, id, ChangeAsk::default(), move |loaded| {
            let mut draft = Draft::of(&tools, loaded.record);
            draft.change.operations.push(operation.clone());
            let result = match &answered {
                Err(error) => {
                    let checkout = Some(reference_to(loaded.record));
                    let error = Box::new(error.clone());
                    Err(EngineError::Provider { provider: asked.provider.clone(), error, checkout })
                }
                Ok(found) => {
                    let fact = Fact {
                        attempt: asked.id,
                        grade: Grade::Fetched,
                        source: Source::Fetch,
                        claim: found.claim.clone(),
                        raw_status: found.raw_status.clone(),
                        reference: None,
                        dedupe_key: format!("fetch:{}", ObservationId::mint(tools.ids.as_ref())),
                    };
                    match draft.observe(fact) {
                        Ok(_) => Ok(()),
                        Err(error) => return (Change::abort(), Err(error)),
                    }
                }
            };
            (draft.finish().0, result)
        })
        .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    /// Refuses what the provider's descriptor says cannot be asked for.
    pub(crate) fn require(&self, provider: &lendport_core::ProviderId, ability: Ability) -> Result<(), EngineError> {
        let capability = self.provider(provider)?.descriptor().capability(ability);
        if capability.support.can_be_asked() {
            Ok(())
        } else {
            Err(EngineError::NotSupported { provider: provider.clone(), ability, note: capability.note })
        }
    }
}
