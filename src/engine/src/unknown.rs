//! The calls of which nobody knows what became of them, and what a person's word about one is about.

use lendport_core::{Ability, AttemptId, AttentionKind, CheckoutId, LineStanding, Operation, OperationKind, Phase};
use lendport_storage::{AttentionItem, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// The call that an item of unknown outcome is about.
    pub(crate) async fn unknown_operation(
        &self,
        tenant: Tenant,
        item: &AttentionItem,
    ) -> Result<Option<Operation>, EngineError> {
        let kinds: &[OperationKind] = match item.kind {
            AttentionKind::UnknownOutcome => {
                let creates = self.store.operations(tenant, item.checkout, OperationKind::Create).await?;
                return Ok(creates.into_iter().find(|create| create.attempt == item.attempt));
            }
            AttentionKind::UnknownCommand => OperationKind::COMMANDS,
            _ => return Ok(None),
        };
        let unknown = self.unknown_operations(tenant, item.checkout, item.attempt, kinds).await?;
        // They are written in one change; the oldest stands in where two calls left items at the same time.
        let unknown: Vec<_> = unknown.into_iter().filter(|known| known.phase == Phase::Unknown).collect();
        let same = unknown.iter().find(|known| known.updated_at == item.opened_at);
        Ok(same.or(unknown.first()).cloned())
    }

    /// Calls of an attempt whose outcome is not known, or whose effect was not seen yet, oldest first.
    pub(crate) async fn unknown_operations(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        kinds: &[OperationKind],
    ) -> Result<Vec<Operation>, EngineError> {
        let mut unknown = Vec::new();
        for kind in kinds {
            let known = self.store.operations(tenant, id, *kind).await?;
            unknown.extend(
                known
                    .into_iter()
                    .filter(|one| one.attempt == attempt && matches!(one.phase, Phase::Unknown | Phase::Acknowledged)),
            );
        }
        unknown.sort_by_key(|operation| operation.created_at);
        Ok(unknown)
    }

    /// The attempt's lines as they are once the whole of it is canceled, where the financer's money follows lines.
    pub(crate) async fn lines_to_stop(
        &self,
        tenant: Tenant,
        item: &AttentionItem,
    ) -> Result<Vec<LineStanding>, EngineError> {
        let record = self.store.checkout(tenant, item.checkout).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(item.attempt).ok_or(EngineError::NotFound)?;
        let lines = self.lines_of(tenant, &record, attempt, Ability::CancelPartial).await?.unwrap_or_default();
        Ok(lines.into_iter().map(LineStanding::stopped).collect())
    }
}
