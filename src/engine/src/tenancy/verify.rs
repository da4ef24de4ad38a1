//! Whether an account's credentials work, asked of the provider with a call that changes nothing.

use lendport_core::{CallContext, CallLog, ErrorKind, ProviderId, Verification};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::VerificationView;

impl Engine {
    /// Asks the provider.
    pub async fn verify_account(&self, tenant: Tenant, provider: &ProviderId) -> Result<VerificationView, EngineError> {
        let account = self.store.account(tenant, provider).await?.ok_or(EngineError::NotFound)?;
        let adapter = self.providers.get(provider).ok_or(EngineError::NotFound)?;
        let (calls, now) = (CallLog::new(), self.clock.now());
        let context = CallContext { account: &account.settings, mode: tenant.mode, now, calls: &calls };
        let (status, detail) = match self.counted(tenant, provider, adapter.verify_account(context)).await {
            Ok(Verification::Works) => ("works", "the provider accepts these credentials".to_owned()),
            Ok(Verification::CannotBeVerified(why)) => ("cannot_be_verified", why.to_owned()),
            Err(error) => match error.kind {
                ErrorKind::Credentials => ("refused", error.message),
                ErrorKind::Configuration => ("incomplete", error.message),
                _ => ("unknown", error.message),
            },
        };
        Ok(VerificationView::of(provider, tenant.mode, status, detail, now))
    }
}
