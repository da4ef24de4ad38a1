//! Reading the offer and the agreement: the financer is asked each time, for neither is kept.

use std::sync::Arc;

use lendport_core::{
    AttemptState, CallContext, CallLog, CheckoutId, Claim, OperationKind, Phase, Source, Step, Stepped,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use super::DOCUMENT;
use super::run::{EXPIRED, take_stepped};
use super::view::{AgreementView, OfferView};
use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::ship::failed;
use crate::take_in::Draft;

const NONE_YET: &str = "there is no agreement; ask for one";

impl Engine {
    /// What the customer may spend now.
    pub async fn offer(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<OfferView, EngineError> {
        let stepped = self.read_step(tenant, id, Step::Offer).await?;
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(OfferView::of(&record, stepped.offer.unwrap_or_default()))
    }

    /// The agreement with its document, as it is now.
    pub async fn agreement(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<AgreementView, EngineError> {
        let stepped = self.read_step(tenant, id, Step::Read).await?;
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let expired = matches!(stepped.retrieved.claim, Claim::State { state: AttemptState::Expired, .. });
        let wanted = if expired { EXPIRED } else { NONE_YET };
        let missing = || EngineError::WrongState { checkout: reference_to(&record), wanted };
        let agreement = stepped.agreement.ok_or_else(missing)?;
        Ok(AgreementView::of(&record, &agreement))
    }

    async fn read_step(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        step: Step<'_>,
    ) -> Result<Stepped, EngineError> {
        let (record, attempt, account) = self.carried(tenant, id).await?;
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let call = self.stepwise(&attempt)?.step(context, &record.checkout, &attempt, step);
        let answered = self.counted(tenant, &attempt.provider, call).await;
        if let Ok(Stepped { agreement: Some(agreement), .. }) = &answered {
            calls.note(DOCUMENT, &agreement.document_sha256);
        }
        let mut operation = self.new_operation(id, attempt.id, OperationKind::Retrieve);
        operation.calls = calls.records();
        operation.phase = if answered.is_ok() { Phase::Settled } else { Phase::Failed };
        operation.error = answered.as_ref().err().map(|error| error.message.clone());
        let (tools, asked, told) = (self.tools.clone(), attempt.clone(), answered.clone().ok());
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let taken = told.as_ref().map_or(Ok(()), |told| take_stepped(&mut draft, &asked, told, Source::Fetch));
                if let Err(error) = taken {
                    return (Change::abort(), Err(error));
                }
                draft.change.operations.push(operation.clone());
                (draft.finish(), Ok(()))
            })
            .await?;
        result.unwrap_or(Err(EngineError::NotFound))?;
        self.settle_unknown_steps(tenant, id, attempt.id).await?;
        answered.map_err(|error| failed(&attempt.provider, &error, &record))
    }
}
