//! Every call to a financer passes here, so that what became of it is counted; and what is new asks here first.

use std::future::Future;

use lendport_core::{Ability, CallLog, CommitClass, ErrorKind, ProviderError, ProviderId, RetryClass, Support};
use lendport_storage::Tenant;

use super::heard::{failed, is_failure};
use super::{BreakerView, Breakers, Verdict};
use crate::budget::AccountKey;
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

    /// Makes a call that begins something new, unless the financer does not work at the moment: then it was not sent. Where
    /// nothing was heard of the financer for it, another one may try.
    pub(crate) async fn admitted<T: Send>(
        &self,
        tenant: Tenant,
        provider: &ProviderId,
        calls: &CallLog,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let key = (tenant, provider.clone());
        if let Verdict::Wait { seconds } = self.breakers.admit(&key) {
            return Err(not_sent(seconds));
        }
        let mut trying = Trying { breakers: &self.breakers, key: &key, heard: false };
        let answered = call.await;
        if let Some(failed) = failed(answered.as_ref().err(), &calls.records()) {
            trying.heard = true;
            self.breakers.count(&key, failed, true);
        }
        answered
    }

    /// Refuses, before anything is stored, to begin something at a financer that does not work at the moment. An explicit
    /// choice is no reason to have a customer wait for a call that is not made.
    pub(crate) fn require_working(&self, tenant: Tenant, provider: &ProviderId) -> Result<(), EngineError> {
        match self.breakers.foresee(&(tenant, provider.clone())) {
            Verdict::Go => Ok(()),
            Verdict::Wait { seconds } => Err(EngineError::Provider {
                provider: provider.clone(),
                error: Box::new(not_sent(seconds)),
                checkout: None,
            }),
        }
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

/// A call that may be the one that tries: when it is dropped before anything was heard, another one may try.
struct Trying<'e> {
    breakers: &'e Breakers,
    key: &'e AccountKey,
    heard: bool,
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        if !self.heard {
            self.breakers.give_back(self.key);
        }
    }
}
