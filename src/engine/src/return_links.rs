//! Where financers send the customer's browser back to: a page of ours, which waits for what the financer says itself and
//! then leads to the merchant's own addresses.

use jiff::Timestamp;
use lendport_core::{Attempt, AttemptId, Checkout, CheckoutId, ReturnUrls};
use lendport_storage::Tenant;

use crate::engine::Engine;

/// Makes the addresses. They open the checkout's page and nothing else.
pub trait ReturnLinks: Send + Sync {
    /// For one attempt that `started` then, good until the checkout's `deadline` at least. The same attempt gets the same
    /// addresses whenever it is asked for: a create that is sent again has to be the same call.
    fn return_urls(
        &self,
        tenant: Tenant,
        checkout: CheckoutId,
        attempt: AttemptId,
        started: Timestamp,
        deadline: Timestamp,
    ) -> ReturnUrls;
}

impl Engine {
    /// The checkout as a financer is told of it.
    pub(crate) fn returning_here(&self, tenant: Tenant, checkout: Checkout, attempt: &Attempt) -> Checkout {
        let Some(links) = &self.returns else { return checkout };
        let return_urls = links.return_urls(tenant, checkout.id, attempt.id, attempt.created_at, checkout.expires_at);
        Checkout { return_urls, ..checkout }
    }
}
