//! Every call to a financer passes here, so that what became of it is counted; and what is new asks here first.

use std::future::Future;

use lendport_core::{Ability, CallLog, CommitClass, ErrorKind, ProviderError, ProviderId, RetryClass, Support};
use lendport_storage::Tenant;

use super::heard::{failed, is_failure};
use super::{Admission, BreakerView, Verdict};
use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// Makes a call, and counts what became of it. Nothing is held back here.
    pub(crate) async fn counted<T: Send>(
        &self,
        tenant: Tenant,
        provider: &ProviderId,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let answered = call.await;
        if let Some(failed) = answered.as_ref().err().map_or(Some(false), is_failure) {
            self.breakers.count(&(tenant, provider.clone()), failed, false);
        }
        answered
    }

    /// The same for a call that asks, with the calls that were made for it: what was remembered says nothing of how the financer
    /// works. Where a create asks the financer for nothing, a look is what tells whether something new can be begun there.
    pub(crate) async fn looked<T: Send>(
        &self,
        tenant: Tenant,
        provider: &ProviderId,
        calls: &CallLog,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let answered = call.await;
        if let Some(failed) = failed(answered.as_ref().err(), &calls.records()) {
            let create =
                self.providers.get(provider).map(|known| known.descriptor().capability(Ability::Create).support);
            let tells = create == Some(Support::Emulated);
            self.breakers.count(&(tenant, provider.clone()), failed, tells);
        }
        answered
    }

    /// Makes a call that begins something new, unless the financer does not work at the moment: then it was not sent. Whoever
    /// comes without leave asks for it now. Where nothing was heard of the financer for it, another one may try.
    pub(crate) async fn admitted<T: Send>(
        &self,
        tenant: Tenant,
        provider: &ProviderId,
        admission: Option<Admission>,
        calls: &CallLog,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let ask = || self.breakers.admit((tenant, provider.clone()));
        let admission = admission.map_or_else(ask, Ok).map_err(not_sent)?;
        let answered = call.await;
        if let Some(failed) = failed(answered.as_ref().err(), &calls.records()) {
            admission.heard(failed);
        }
        answered
    }

    /// Leave to begin something at a financer, or a refusal before anything is stored where it does not work at the moment. An
    /// explicit choice is no reason to have a customer wait for a call that is not made.
    pub(crate) fn require_working(&self, tenant: Tenant, provider: &ProviderId) -> Result<Admission, EngineError> {
        self.breakers.admit((tenant, provider.clone())).map_err(|seconds| EngineError::Provider {
            provider: provider.clone(),
            error: Box::new(not_sent(seconds)),
            checkout: None,
        })
    }

    /// True where something may be begun at a financer, as far as this process knows.
    pub(crate) fn works(&self, tenant: Tenant, provider: &ProviderId) -> bool {
        self.breakers.foresee(&(tenant, provider.clone())) == Verdict::Go
    }

    /// How a financer stands at the tenant's account, as far as this process knows.
    pub fn breaker(&self, tenant: Tenant, provider: &str) -> BreakerView {
        self.breakers.view(tenant, ProviderId::parse(provider).as_ref())
    }
}

fn not_sent(seconds: u32) -> ProviderError {
    let message =
        "it has not answered for a while and is not asked for anything new until it may work again; nothing was sent";
    let mut error = ProviderError::new(ErrorKind::Unavailable, message)
        .committed_as(CommitClass::NotSent)
        .retried_as(RetryClass::SameRequest);
    error.retry_after_s = Some(seconds);
    error
}
