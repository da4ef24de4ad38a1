//! What a page needs to show a financer's plugin. The order is made of the stored checkout each time, never of what a browser
//! says.

use lendport_core::{AttemptState, CheckoutId, NextActionKind};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ship::failed;

/// A financer's plugin for one checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The script. A page allows its origin and no other.
    pub script_url: String,
    /// What the script is handed, as the text of a JSON object.
    pub order: String,
}

impl Engine {
    /// The plugin of the attempt that the customer goes on with; none where there is nothing to do, or another way.
    pub async fn plugin(&self, tenant: Tenant, id: CheckoutId) -> Result<Option<Plugin>, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        // What is signed is not to be signed again while it is being confirmed.
        let waits =
            |state: AttemptState| !state.is_over() && !state.is_committed() && state != AttemptState::AwaitingMerchant;
        let Some(attempt) = record.leading_attempt().filter(|one| waits(one.state)) else { return Ok(None) };
        let Some(action) = attempt.next_action.as_ref().filter(|action| action.kind == NextActionKind::Plugin) else {
            return Ok(None);
        };
        let account = self.account(tenant, &attempt.provider).await?;
        let provider = self.provider(&attempt.provider)?;
        let order = provider.plugin_order(&record.checkout, attempt, &account.settings);
        let order = order.map_err(|error| failed(&attempt.provider, &error, &record))?;
        Ok(order.map(|order| Plugin { script_url: action.url.clone(), order }))
    }
}
